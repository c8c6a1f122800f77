#include "cortc/base/buffer.hpp"

#include "test/support/catch.hpp"

using namespace cortc;

TEST_CASE("a pool gives back what it was given, by size") {
    buffer_pool pool;
    auto one = pool.acquire(100);
    CHECK(one.capacity() == 128);
    const auto* block = one.data();
    one.append(bytes(100));
    pool.release(std::move(one));
    CHECK(pool.held() == 128);
    const auto other = pool.acquire(300);
    CHECK(other.data() != block);
    auto again = pool.acquire(128);
    CHECK(again.data() == block);
    CHECK(again.empty());
    CHECK(pool.held() == 0);
}

TEST_CASE("a pool keeps no more than its limit") {
    buffer_pool pool(10000);
    std::vector<buffer> used;
    for (int i = 0; i < 1000; ++i) used.push_back(pool.acquire(64));
    CHECK(pool.held() <= 10000);
    for (auto& each : used) pool.release(std::move(each));
    CHECK(pool.held() <= 10000);
    CHECK(pool.held() > 9000);
}

TEST_CASE("a pool makes room ahead for a flow, and frees it when the flow is over") {
    buffer_pool pool;
    std::vector<buffer> used;
    for (int i = 0; i < 10; ++i) used.push_back(pool.acquire(1024));
    CHECK(pool.held() > 0);
    CHECK(pool.held() <= 128 * 1024); // little for a few
    for (int i = 0; i < 300; ++i) used.push_back(pool.acquire(1024));
    CHECK(pool.held() >= (1 << 20));
    CHECK(pool.held() <= (2 << 20));
    for (auto& each : used) pool.release(std::move(each));
    pool.age();
    CHECK(pool.held() >= (2 << 20)); // it flowed a moment ago
    pool.age();
    CHECK(pool.held() == 0);
}

TEST_CASE("a pool whose buffers never come back stays small") {
    buffer_pool pool;
    for (int i = 0; i < 1000000; ++i) {
        (void)pool.acquire(64);
        REQUIRE(pool.held() <= (6 << 20));
    }
}
