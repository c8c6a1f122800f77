#include "cortc/sctp/wire/chunks.hpp"
#include "cortc/sctp/wire/cookie.hpp"
#include "cortc/sctp/wire/crc32c.hpp"
#include "cortc/sctp/wire/parameters.hpp"

#include "test/support/catch.hpp"
#include "test/unit/sctp/pair.hpp"

using namespace cortc;
using namespace cortc::sctp;

TEST_CASE("serial numbers compare across the wrap") {
    CHECK(tsn(0xffffffff) < tsn(0));
    CHECK(tsn(0).previous() == tsn(0xffffffff));
    CHECK(ssn(65535).next() == ssn(0));
    CHECK(ssn(2) > ssn(65530));
    CHECK(distance(tsn(0xfffffff0), tsn(0x10)) == 0x20);
    CHECK(distance(tsn(0x10), tsn(0xfffffff0)) == -0x20);
}

TEST_CASE("CRC-32C: check value and RFC 3720 vectors, by table and by instruction") {
    CHECK(crc32c(as_bytes("123456789")) == 0xe3069283);
    CHECK(crc32c(bytes(32, std::byte{0})) == 0x8a9136aa);
    CHECK(crc32c(bytes(32, std::byte{0xff})) == 0x62a8ab43);
    bytes rising;
    for (int i = 0; i < 32; ++i) rising.push_back(static_cast<std::byte>(i));
    CHECK(crc32c(rising) == 0x46dd794e);
    for (std::size_t size = 0; size < 70; ++size) {
        const auto data = test::pattern(size);
        CHECK(~detail::crc32c_table(~0u, data) == crc32c(data));
        CHECK(~detail::best_crc32c()(~0u, data) == crc32c(data));
    }
}

TEST_CASE("a packet is built and read back; the checksum guards every bit") {
    std::array<std::byte, 64> out;
    packet_builder packet(out, {5000, 5001, 0x01020304});
    CHECK(packet.empty());
    data_chunk data;
    data.number = tsn(7);
    data.stream = stream_id(3);
    data.sequence = ssn(9);
    data.protocol = ppid(51);
    data.begin = data.end = true;
    const auto payload = as_bytes("hello");
    data.payload = payload;
    write_data(packet, data);
    packet.add(chunk_type::cookie_ack, 0, byte_view{});
    const auto size = packet.finish();
    REQUIRE(size == 12 + 24 + 4);

    const byte_view view(out.data(), size);
    const auto header = parse_common_header(view);
    REQUIRE(header.has_value());
    CHECK(header->source_port == 5000);
    CHECK(header->destination_port == 5001);
    CHECK(header->tag == 0x01020304);
    chunk_reader chunks(view.subspan(common_header_size));
    const auto first = chunks.next();
    REQUIRE(first);
    const auto read = parse_data(*first);
    REQUIRE(read);
    CHECK(read->number == tsn(7));
    CHECK(read->stream == stream_id(3));
    CHECK(read->sequence == ssn(9));
    CHECK(read->protocol == ppid(51));
    CHECK(read->begin);
    CHECK(read->end);
    CHECK_FALSE(read->unordered);
    CHECK(as_text(read->payload) == "hello");
    const auto second = chunks.next();
    REQUIRE(second);
    CHECK(second->type == chunk_type::cookie_ack);
    CHECK_FALSE(chunks.next());
    CHECK(chunks.ok());

    for (std::size_t bit = 0; bit < size * 8; ++bit) {
        bytes broken(view.begin(), view.end());
        broken[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
        CHECK_FALSE(parse_common_header(broken).has_value());
    }
    for (std::size_t length = 0; length < size; ++length)
        CHECK_FALSE(parse_common_header(view.first(length)).has_value());
}

TEST_CASE("a packet takes no more than it has room for") {
    std::array<std::byte, 41> out; // 40 usable
    packet_builder packet(out, {});
    CHECK(packet.room() == 24);
    CHECK(packet.fits(24));
    CHECK_FALSE(packet.fits(25));
    auto value = packet.add(chunk_type::heartbeat, 0, 25);
    CHECK(value.remaining() == 0);
    CHECK(packet.empty());
    packet.add(chunk_type::heartbeat, 0, 22).zero(22);
    CHECK(packet.room() == 0);
    CHECK(packet.finish() == 40);
}

TEST_CASE("chunks cut at every byte are refused or shorter, never misread") {
    // SACK with two gap blocks and one duplicate.
    const std::array<std::byte, 28> sack_bytes{
        std::byte{3}, std::byte{0}, std::byte{0},    std::byte{28}, std::byte{0}, std::byte{0}, std::byte{0},
        std::byte{9}, std::byte{0}, std::byte{1},    std::byte{0},  std::byte{0}, std::byte{0}, std::byte{2},
        std::byte{0}, std::byte{1}, std::byte{0},    std::byte{2},  std::byte{0}, std::byte{3}, std::byte{0},
        std::byte{5}, std::byte{0}, std::byte{0x05}, std::byte{0},  std::byte{0}, std::byte{0}, std::byte{9}};
    const auto whole = chunk_reader(sack_bytes).next();
    REQUIRE(whole);
    const auto sack = parse_sack(*whole);
    REQUIRE(sack);
    CHECK(sack->cumulative == tsn(9));
    CHECK(sack->window == 65536);
    CHECK(sack->gap(0) == gap_block{2, 3});
    CHECK(sack->gap(1) == gap_block{5, 5});
    CHECK(sack->duplicate(0) == tsn(9));
    for (std::size_t size = 0; size < sack_bytes.size(); ++size) {
        CHECK_FALSE(chunk_reader(byte_view(sack_bytes).first(size)).next());
        if (size < 4) continue;
        bytes shorter(sack_bytes.begin(), sack_bytes.begin() + static_cast<std::ptrdiff_t>(size));
        shorter[3] = static_cast<std::byte>(size);
        const auto cut = chunk_reader(shorter).next();
        REQUIRE(cut);
        CHECK_FALSE(parse_sack(*cut));
        if (size < 17) CHECK_FALSE(parse_data(*cut));
        if (size < 20) CHECK_FALSE(parse_init(*cut));
        if (size < 8) CHECK_FALSE(parse_forward_tsn(*cut));
    }
}

TEST_CASE("SACKs that contradict themselves are refused") {
    auto parse = [](std::vector<gap_block> gaps) {
        std::array<std::byte, 200> out;
        packet_builder packet(out, {});
        auto value = packet.add(chunk_type::sack, 0, 12 + 4 * gaps.size());
        value.u32(1);
        value.u32(1);
        value.u16(static_cast<std::uint16_t>(gaps.size()));
        value.u16(0);
        for (auto gap : gaps) {
            value.u16(gap.start);
            value.u16(gap.end);
        }
        return parse_sack(*chunk_reader(byte_view(out).subspan(12, 16 + 4 * gaps.size())).next()).has_value();
    };
    CHECK(parse({}));
    CHECK(parse({{2, 2}, {4, 9}}));
    CHECK(parse({{2, 0xffff}}));
    CHECK_FALSE(parse({{1, 2}}));
    CHECK_FALSE(parse({{0, 2}}));
    CHECK_FALSE(parse({{5, 4}}));
    CHECK_FALSE(parse({{4, 6}, {6, 8}}));
    CHECK_FALSE(parse({{4, 6}, {2, 2}}));
}

TEST_CASE("set-up parameters follow the rule of their high bits") {
    std::array<std::byte, 256> storage;
    byte_writer out(storage);
    write_tlv(out, 0xc123, as_bytes("xyz")); // unknown: skip and report
    write_tlv(out, 0x8124, as_bytes("abc")); // unknown: skip
    write_setup_parameters(out, as_bytes("cookie!"));
    auto found = parse_setup_parameters(out.written());
    REQUIRE(found);
    CHECK(found->forward_tsn);
    CHECK(found->re_config);
    CHECK(as_text(found->cookie) == "cookie!");
    CHECK(found->unrecognized_size == 8);

    byte_writer stopping(storage);
    write_tlv(stopping, 0x4001, {}); // unknown: stop and report
    write_setup_parameters(stopping, as_bytes("cookie!"));
    found = parse_setup_parameters(stopping.written());
    REQUIRE(found);
    CHECK(found->cookie.empty());
    CHECK(found->unrecognized_size == 4);

    const std::array<std::byte, 4> lying{std::byte{0}, std::byte{7}, std::byte{0}, std::byte{200}};
    CHECK_FALSE(parse_setup_parameters(lying));
    const std::array<std::byte, 4> too_short{std::byte{0}, std::byte{7}, std::byte{0}, std::byte{3}};
    CHECK_FALSE(parse_setup_parameters(too_short));
}

TEST_CASE("what a peer says when it aborts is quoted, bounded and clean") {
    const auto described = [](std::uint16_t cause, const std::string& text) {
        bytes causes(text.size() + 8);
        byte_writer out(causes);
        write_tlv(out, cause, as_bytes(text));
        return describe_causes(byte_view(causes).first(causes.size() - out.remaining()));
    };
    CHECK(described(12, "bye") == R"(user-initiated abort (12): "bye")");
    CHECK(described(12, "") == "user-initiated abort (12)");
    CHECK(described(13, "\x1b[2J\"\n\xff") == R"(protocol violation (13): "\x1b[2J\"\x0a\xff")");
    CHECK(described(12, std::string(60000, 'x')) ==
          "user-initiated abort (12): \"" + std::string(128, 'x') + "...\"");
}

TEST_CASE("a cookie comes back whole, or not at all") {
    cookie_key key{};
    key[3] = std::byte{9};
    state_cookie cookie;
    cookie.created = time_point(std::chrono::seconds(5));
    cookie.local_tag = 1;
    cookie.peer.tag = 2;
    cookie.peer.initial_tsn = tsn(77);
    cookie.peer.outgoing_streams = 12;
    cookie.peer.re_config = true;
    const auto sealed = seal_cookie(cookie, key);
    const auto opened = open_cookie(sealed, key);
    REQUIRE(opened);
    CHECK(opened->created == cookie.created);
    CHECK(opened->local_tag == 1);
    CHECK(opened->peer.initial_tsn == tsn(77));
    CHECK(opened->peer.outgoing_streams == 12);
    CHECK(opened->peer.re_config);
    CHECK_FALSE(opened->peer.forward_tsn);
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto forged = sealed;
        forged[i] ^= std::byte{1};
        CHECK_FALSE(open_cookie(forged, key));
        CHECK_FALSE(open_cookie(byte_view(sealed).first(i), key));
    }
    key[0] ^= std::byte{1};
    CHECK_FALSE(open_cookie(sealed, key));
}

TEST_CASE("sctp wire: the parameter without a value does not end an INIT") {
    std::array<std::byte, 64> storage;
    byte_writer out(storage);
    write_setup_parameters(out, {});
    tlv_reader parameters(out.written());
    const auto first = parameters.next();
    const auto second = parameters.next();
    REQUIRE(second);
    CHECK(first->type == static_cast<std::uint16_t>(parameter_type::forward_tsn_supported));
    CHECK_FALSE(second->value.empty());
    CHECK_FALSE(parameters.next());
}
