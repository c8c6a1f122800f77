#include "cortc/base/buffer.hpp"
#include "cortc/base/bytes.hpp"
#include "cortc/base/endpoint.hpp"

#include "test/support/catch.hpp"

using namespace cortc;

TEST_CASE("byte_reader reads big-endian fields and stops for good at the end") {
    const std::array<std::byte, 7> data{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4},
                                        std::byte{5}, std::byte{6}, std::byte{7}};
    byte_reader in(data);
    CHECK(in.u8() == 0x01);
    CHECK(in.u16() == 0x0203);
    CHECK(in.u24() == 0x040506);
    CHECK(in.ok());
    CHECK(in.u16() == 0);
    CHECK_FALSE(in.ok());
    CHECK(in.u8() == 0); // one byte is left, but the structure is already broken
}

TEST_CASE("byte_writer never writes past its buffer") {
    std::array<std::byte, 5> data{};
    byte_writer out(data);
    out.u32(0xdeadbeef);
    CHECK(out.ok());
    out.u16(1);
    CHECK_FALSE(out.ok());
    CHECK(out.position() == 4);
    CHECK(data[4] == std::byte{0});
    CHECK(byte_reader(out.written()).u32() == 0xdeadbeef);
}

TEST_CASE("a buffer pool hands back what it got, within its limit") {
    buffer_pool pool(1000);
    auto first = pool.acquire(100);
    CHECK(first.capacity() == 128);
    first.append(as_bytes("hello"));
    auto* place = first.data();
    pool.release(std::move(first));
    CHECK(pool.held() == 128);
    auto again = pool.acquire(65);
    CHECK(again.data() == place);
    CHECK(again.empty());
    CHECK(pool.held() == 0);
    pool.release(buffer(2000));
    CHECK(pool.held() == 0);
}

TEST_CASE("endpoints print as RFC 3986 authorities") {
    CHECK(to_string({boost::asio::ip::make_address("192.0.2.1"), 5000}) == "192.0.2.1:5000");
    CHECK(to_string({boost::asio::ip::make_address("2001:db8::1"), 5000}) == "[2001:db8::1]:5000");
}
