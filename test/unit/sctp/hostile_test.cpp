#include "test/support/catch.hpp"
#include "test/unit/sctp/pair.hpp"

#include "cortc/sctp/wire/crc32c.hpp"

using namespace cortc;
using namespace cortc::sctp;
using namespace cortc::sctp::test;

namespace {

/// An established association whose peer is the test: it knows tags and TSNs, and writes packets of its own.
struct attacker {
    explicit attacker(association_config config = {}) : net({}, with_tsn({}), config) {
        net.a.tamper = [this](bytes& sent) {
            if (sent.size() > 12) tag = byte_reader(byte_view(sent).subspan(4)).u32();
        };
        REQUIRE(net.connect());
        net.run_for(1s);
        net.a.tamper = nullptr;
        net.b.reads = true;
    }
    static association_config with_tsn(association_config config) {
        config.initial_tsn = tsn(1000);
        return config;
    }
    void data(std::uint32_t number, std::uint16_t stream, std::uint16_t sequence, byte_view payload,
              bool begin, bool end, bool unordered = false) {
        data_chunk chunk;
        chunk.number = tsn(number);
        chunk.stream = stream_id(stream);
        chunk.sequence = ssn(sequence);
        chunk.begin = begin;
        chunk.end = end;
        chunk.unordered = unordered;
        chunk.payload = payload;
        if (!packet.fits(12 + payload.size())) flush();
        write_data(packet, chunk);
    }
    void chunk(chunk_type type, byte_view value, std::uint8_t flags = 0) {
        if (!packet.fits(value.size())) flush();
        packet.add(type, flags, value);
    }
    void flush() {
        if (!packet.empty()) {
            byte_writer(byte_span(storage).subspan(4)).u32(tag);
            target().handle_packet(byte_view(storage).first(packet.finish()), net.now);
        }
        packet = packet_builder(byte_span(storage).first(1400), {5000, 5000, tag});
    }
    association& target() { return net.b.end; }
    /// Takes what the target sends and says; its last SACK.
    std::optional<sack_chunk> drain() {
        std::optional<sack_chunk> found;
        std::array<std::byte, 2000> out;
        while (auto size = target().poll_transmit(out, net.now)) {
            last.assign(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*size));
            chunk_reader chunks(byte_view(last).subspan(12));
            while (auto c = chunks.next())
                if (c->type == chunk_type::sack) found = parse_sack(*c);
        }
        return found;
    }

    pair net;
    std::uint32_t tag = 0;
    bytes last;
    std::array<std::byte, 2000> storage{};
    packet_builder packet{byte_span(storage).first(1400), {5000, 5000, 0}};
};

} // namespace

TEST_CASE("fragments that never become a message are bounded") {
    association_config config;
    config.receive_window = 262144;
    config.max_message_size = 65536;
    SECTION("one endless message") {
        attacker peer(config);
        for (std::uint32_t i = 0; i < 70000; ++i) peer.data(1000 + i, 0, 0, as_bytes("x"), i == 0, false);
        peer.flush();
        CHECK(peer.target().state() == association_state::closed);
        const auto event = [&] {
            peer.net.pump();
            return peer.net.b.last<closed>();
        }();
        REQUIRE(event);
        CHECK(event->reason == close_reason::protocol_violation);
    }
    SECTION("beginnings only") {
        attacker peer(config);
        for (std::uint32_t i = 0; i < 40000; ++i) peer.data(1000 + i, 0, 0, as_bytes("x"), true, false);
        peer.flush();
        CHECK(peer.target().stats().dropped(drop_reason::window_overrun) > 30000);
        CHECK(peer.target().state() == association_state::established);
    }
    SECTION("middles, backwards") {
        attacker peer(config);
        for (std::uint32_t i = 60000; i > 1; --i) peer.data(1000 + i, 0, 0, as_bytes("x"), false, false);
        peer.flush();
        CHECK(peer.target().stats().dropped(drop_reason::window_overrun) > 50000);
    }
    SECTION("every second TSN") {
        attacker peer(config);
        for (std::uint32_t i = 1; i < 30000; ++i) peer.data(1000 + 2 * i, 0, 0, as_bytes("x"), true, true);
        peer.flush();
        CHECK(peer.target().stats().dropped(drop_reason::window_overrun) > 29000);
        const auto sack = peer.drain();
        REQUIRE(sack);
        CHECK(sack->gaps > 200);
        CHECK(peer.last.size() <= 1171);
    }
    SECTION("ordered messages that wait for the first") {
        attacker peer(config);
        for (std::uint32_t i = 0; i < 30000; ++i)
            peer.data(1000 + i, 0, static_cast<std::uint16_t>(i + 1), as_bytes("x"), true, true);
        peer.flush();
        CHECK(peer.target().stats().dropped(drop_reason::window_overrun) > 20000);
    }
}

TEST_CASE("data ignoring the window is dropped beyond a margin") {
    association_config config;
    config.receive_window = 65536;
    attacker peer(config);
    peer.net.b.reads = false;
    const auto block = pattern(1000);
    for (std::uint32_t i = 0; i < 5000; ++i) {
        peer.data(1000 + i, 0, static_cast<std::uint16_t>(i), block, true, true);
        peer.flush();
    }
    CHECK(peer.target().stats().bytes_received <= 65536 * 5 / 4);
    const auto sack = peer.drain();
    REQUIRE(sack);
    CHECK(sack->window == 0);
}

TEST_CASE("contradicting and overlapping DATA delivers nothing twice") {
    attacker peer;
    peer.data(1000, 0, 0, as_bytes("aa"), true, false);
    peer.data(1000, 0, 0, as_bytes("bb"), true, true);  // same TSN
    peer.data(1001, 1, 0, as_bytes("cc"), false, true); // another stream
    peer.data(1002, 0, 0, as_bytes("dd"), true, true);  // an ordered message whose number is taken next
    peer.data(1003, 0, 0, as_bytes("ee"), true, true);  // its turn has passed
    peer.data(1004, 0, 2, as_bytes("ff"), true, true);
    peer.data(1005, 0, 2, as_bytes("gg"), true, true); // twice
    peer.data(1006, 0, 1, as_bytes("hh"), true, true);
    peer.flush();
    peer.net.pump();
    std::string all;
    for (const auto& message : peer.net.b.messages) all += as_text(message.data.view());
    CHECK(all == "ddhhff");
    CHECK(peer.target().stats().dropped(drop_reason::duplicate_data) == 1);
    CHECK(peer.target().stats().dropped(drop_reason::bad_fragment) == 2);
}

TEST_CASE("SACKs that cannot be true are dropped") {
    attacker peer;
    REQUIRE(peer.net.send(peer.net.b, 0, numbered(1)) == send_result::ok);
    peer.drain();
    const auto first = [&] {
        chunk_reader chunks(byte_view(peer.last).subspan(12));
        while (auto c = chunks.next())
            if (c->type == chunk_type::data) return parse_data(*c)->number;
        return tsn(0);
    }();
    auto sack = [&](std::uint32_t cumulative, std::vector<gap_block> gaps) {
        std::array<std::byte, 100> value;
        byte_writer out(value);
        out.u32(cumulative);
        out.u32(100000);
        out.u16(static_cast<std::uint16_t>(gaps.size()));
        out.u16(0);
        for (auto gap : gaps) {
            out.u16(gap.start);
            out.u16(gap.end);
        }
        peer.chunk(chunk_type::sack, out.written());
        peer.flush();
    };
    sack(first.value() + 1, {}); // never sent
    sack(first.value() + 1000000, {});
    sack(first.value() - 1, {{2, 2}}); // beyond
    sack(first.value() - 1, {{2, 0xffff}});
    sack(first.value() - 1, {{1, 1}}); // malformed
    CHECK(peer.target().stats().dropped(drop_reason::bad_sack) == 5);
    CHECK(peer.target().stats().bytes_in_flight == 8);
    sack(first.value() - 100, {});
    CHECK(peer.target().stats().dropped(drop_reason::stale_sack) == 1);
    sack(first.value(), {});
    CHECK(peer.target().stats().bytes_in_flight == 0);
}

TEST_CASE("a window that stays closed keeps the association, the send buffer pushes back") {
    association_config closed_window;
    closed_window.receive_window = 8000;
    closed_window.max_message_size = 4000;
    pair net({}, {}, closed_window);
    REQUIRE(net.connect());
    net.b.reads = false;
    std::uint32_t accepted = 0;
    (void)net.run(
        [&] {
            while (net.send(net.a, 0, numbered(accepted, 1000)) == send_result::ok) ++accepted;
            net.pump();
            return false;
        },
        1000s);
    CHECK(net.a.end.state() == association_state::established);
    CHECK(accepted * 1000 < 2 * (1 << 20));
    CHECK(net.a.sent_at.size() < 400); // probes, with pauses
}

TEST_CASE("FORWARD-TSN far ahead, backwards, and for streams that do not exist") {
    association_config config;
    config.max_incoming_streams = 10;
    attacker peer(config);
    auto forward = [&](std::uint32_t cumulative, std::uint16_t stream) {
        std::array<std::byte, 8> value;
        byte_writer out(value);
        out.u32(cumulative);
        out.u16(stream);
        out.u16(5);
        peer.chunk(chunk_type::forward_tsn, value);
        peer.flush();
    };
    forward(900, 0);
    forward(1000, 11);
    CHECK(peer.target().stats().dropped(drop_reason::bad_forward_tsn) == 1);
    forward(0x40000000, 3);
    peer.chunk(chunk_type::forward_tsn, as_bytes("abc"));
    peer.flush();
    CHECK(peer.target().stats().dropped(drop_reason::bad_forward_tsn) == 2);
    const auto sack = peer.drain();
    REQUIRE(sack);
    CHECK(sack->cumulative == tsn(0x40000000));
    peer.data(0x40000001, 3, 6, as_bytes("next"), true, true);
    peer.flush();
    peer.net.pump();
    CHECK(peer.net.b.messages.size() == 1);
}

TEST_CASE("DATA for a stream that does not exist is acknowledged and reported") {
    association_config config;
    config.max_incoming_streams = 10;
    attacker peer(config);
    peer.data(1000, 10, 0, as_bytes("x"), true, true);
    peer.flush();
    const auto sack = peer.drain();
    REQUIRE(sack);
    CHECK(sack->cumulative == tsn(1000));
    CHECK(peer.target().stats().dropped(drop_reason::bad_stream) == 1);
}

TEST_CASE("reset requests that do not fit are answered, and change nothing") {
    attacker peer;
    auto request = [&](std::uint32_t sequence, std::uint16_t type, std::size_t size) {
        std::array<std::byte, 1000> value{};
        byte_writer out(value);
        out.u16(type);
        out.u16(static_cast<std::uint16_t>(size));
        out.u32(sequence);
        out.u32(0);
        out.u32(999);
        peer.chunk(chunk_type::re_config, byte_view(value).first(padded(size)));
        peer.flush();
    };
    request(5000, 13, 18);
    CHECK(peer.target().stats().dropped(drop_reason::bad_reset) == 1);
    request(1000, 13, 12); // cut
    request(1000, 13, 17); // half a stream id
    request(1000, 99, 12); // unknown
    CHECK(peer.target().stats().dropped(drop_reason::bad_reset) == 4);
    request(1000, 14, 18);
    request(1001, 15, 8);
    request(1002, 17, 12);
    request(1003, 16, 12); // a response to nothing
    CHECK(peer.target().stats().dropped(drop_reason::bad_reset) == 5);
    peer.drain();
    request(1003, 13, 900); // many times stream 0
    peer.net.pump();
    REQUIRE(peer.net.b.count<incoming_streams_reset>() == 1);
    CHECK(peer.net.b.last<incoming_streams_reset>()->streams == std::vector{stream_id(0)});
}

TEST_CASE("all streams are reset only so often") {
    association_config config;
    config.limits.max_resets_of_all_per_second = 10;
    attacker peer(config);
    std::uint32_t number = 1000;
    auto ask = [&] {
        peer.data(number, 7, 0, as_bytes("x"), true, true);
        std::array<std::byte, 16> value;
        byte_writer out(value);
        out.u16(13);
        out.u16(16);
        out.u32(number); // as the TSN, it began with 1000
        out.u32(0);
        out.u32(number++);
        peer.chunk(chunk_type::re_config, value);
        peer.flush();
        peer.net.pump();
    };
    for (int i = 0; i < 30; ++i) ask();
    CHECK(peer.net.b.count<incoming_streams_reset>() == 10);
    CHECK(peer.target().stats().dropped(drop_reason::bad_reset) == 20);
    peer.net.run_for(1s);
    ask();
    CHECK(peer.net.b.count<incoming_streams_reset>() == 11);
    CHECK(peer.target().stats().dropped(drop_reason::bad_reset) == 20);
}

TEST_CASE("random mutations of valid packets do no harm") {
    std::uint64_t seen = 0;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        pair net({0.05, 0.05, 0.1, 5ms}, {}, {}, seed);
        seeded_random random(seed);
        auto mutate = [&](bytes& packet) {
            ++seen;
            if (random.chance(0.7) || packet.size() < 16) return;
            bytes copy = packet;
            const auto changes = 1 + random.below(4);
            for (std::uint64_t i = 0; i < changes; ++i) {
                const auto at = random.chance(0.7)
                                    ? 12 + random.below(std::min<std::uint64_t>(copy.size() - 12, 40))
                                    : random.below(copy.size());
                if (random.chance(0.3))
                    copy.resize(copy.size() - random.below(copy.size() - 15));
                else if (at < copy.size())
                    copy[at] = static_cast<std::byte>(random.below(256));
            }
            const auto sum = packet_checksum(copy);
            for (std::size_t i = 0; i < 4; ++i) copy[8 + i] = static_cast<std::byte>(sum >> (8 * i) & 0xff);
            auto& to = random.chance(0.5) ? net.a : net.b;
            to.end.handle_packet(copy, net.now);
        };
        net.a.end.connect(net.now);
        net.b.end.connect(net.now);
        net.a.tamper = net.b.tamper = mutate;
        send_options brief;
        brief.max_retransmits = 1;
        for (std::uint32_t i = 0; i < 200; ++i) {
            (void)net.send(net.a, i % 4, numbered(i, 10 + i * 37 % 5000));
            (void)net.send(net.b, i % 4, numbered(i, 10 + i * 91 % 3000), brief);
            if (i % 50 == 20) (void)net.a.end.reset_stream(stream_id(2));
            net.run_for(10ms);
        }
        net.a.end.shutdown(net.now);
        net.run_for(5s);
    }
    CHECK(seen > 5000);
}

TEST_CASE("random bytes with a good checksum do no harm") {
    attacker peer;
    seeded_random random(5);
    for (int i = 0; i < 20000 && peer.target().state() == association_state::established; ++i) {
        bytes packet(16 + random.below(100));
        random.fill(packet);
        byte_writer out(packet);
        out.u16(5000);
        out.u16(5000);
        out.u32(peer.tag);
        static constexpr std::array types{0, 3, 4, 5, 9, 10, 11, 1, 2, 130, 192, 77, 200};
        packet[12] = static_cast<std::byte>(types[random.below(types.size())]);
        packet[14] = std::byte{0};
        packet[15] = static_cast<std::byte>(packet.size() - 12 - random.below(4));
        const auto sum = packet_checksum(packet);
        for (std::size_t k = 0; k < 4; ++k) packet[8 + k] = static_cast<std::byte>(sum >> (8 * k) & 0xff);
        peer.target().handle_packet(packet, peer.net.now);
        if (i % 10 == 0) peer.drain();
        peer.net.now += 1ms;
        if (peer.target().next_timeout() <= peer.net.now) peer.target().handle_timeout(peer.net.now);
    }
    SUCCEED();
}

TEST_CASE("of the SACKs in one packet the first counts") {
    attacker peer;
    REQUIRE(peer.net.send(peer.net.b, 0, numbered(1)) == send_result::ok);
    peer.drain();
    std::array<std::byte, 12> value{};
    for (int i = 0; i < 50; ++i) peer.chunk(chunk_type::sack, value); // of a TSN far away
    peer.flush();
    CHECK(peer.target().stats().dropped(drop_reason::bad_sack) >= 49);
    CHECK(peer.target().stats().bytes_in_flight == 8);
}
