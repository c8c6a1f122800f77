#include "test/memory/association_peer.hpp"
#include "test/memory/heap.hpp"
#include "test/support/two_hosts.hpp"

#include <cstdio>

using namespace cortc;
using namespace std::chrono_literals;
using test::association_peer;
namespace heap = test::heap;

namespace {

/// A connection with one channel of its own, and a peer that says anything to it.
struct attack {
    explicit attack(context_options options = {})
        : net(1, fast(), options), peer(net.io, net.world.host("b")) {
        victim.emplace(net.a);
        net.run(connect(), 10s);
        settle();
        begin();
    }
    static sim::link_options fast() {
        sim::link_options link;
        link.delay = 1ms;
        link.queue_limit = 64 << 20;
        return link;
    }
    asio::awaitable<void> connect() {
        own = victim->createDataChannel("own");
        auto offer = co_await victim->createOffer();
        co_await victim->setLocalDescription(offer);
        co_await victim->gatheringComplete();
        auto answer = SessionDescription(SdpType::answer, peer.answer(victim->localDescription()->sdp));
        co_await victim->setRemoteDescription(answer);
        co_await victim->connected();
        co_await own.opened();
    }
    void settle(duration time = 2s) { net.world.run_for(time); }
    /// Lets what was sent arrive before more is: what is under way costs the simulation memory.
    void pace() {
        if (peer.packets_sent < paced + 10) return;
        paced = peer.packets_sent;
        settle(1ms);
    }
    /// From here on the heap is watched, and packets are counted.
    void begin() {
        live_before = heap::live();
        heap::reset_peak();
        received_before = peer.packets_received;
        sent_before = peer.packets_sent;
    }
    [[nodiscard]] static std::size_t above(std::size_t bytes, std::size_t before) {
        return bytes > before ? bytes - before : 0;
    }
    [[nodiscard]] std::size_t grown() const { return above(heap::live(), live_before); }
    [[nodiscard]] std::uint64_t answers() const { return peer.packets_received - received_before; }
    /// What the peer did cost the connection no more memory than `most` (the attacker's own included), its
    /// context meanwhile a stock of buffers beside it, and no more packets than the peer itself has sent.
    void check_bounds(std::size_t most) {
        const auto sent = peer.packets_sent - sent_before, answered = answers();
        const auto peak = above(heap::peak(), live_before);
        settle(30s); // the stock goes when it is not used
        std::printf("%s: %llu packets, %llu answers; heap grown by %zu KiB, %zu at the peak\n",
                    Catch::getResultCapture().getCurrentTestName().c_str(),
                    static_cast<unsigned long long>(sent), static_cast<unsigned long long>(answered),
                    grown() / 1024, peak / 1024);
        CHECK(grown() < most);
        CHECK(peak < most + (12 << 20)); // what a buffer_pool keeps, with its lists
        CHECK(answered <= sent + 100);
    }
    /// The connection still does its work.
    void still_alive() {
        CHECK(victim->connectionState() == PeerConnectionState::connected);
        CHECK(own.readyState() == DataChannelState::open);
        peer.messages.clear();
        REQUIRE(own.trySend("alive"));
        settle();
        REQUIRE_FALSE(peer.messages.empty());
        CHECK(as_text(peer.messages.back().data.view()) == "alive");
    }
    std::vector<DataChannel> incoming() {
        std::vector<DataChannel> found;
        while (auto next = victim->tryNextDataChannel()) found.push_back(std::move(*next));
        return found;
    }

    test::two_hosts net;
    association_peer peer;
    std::optional<PeerConnection> victim;
    DataChannel own;
    std::uint64_t received_before = 0, sent_before = 0, paced = 0;
    std::size_t live_before = 0;
};

constexpr std::size_t kilobyte = 1024, megabyte = kilobyte * kilobyte;

} // namespace

TEST_CASE("hostile: 65535 channels") {
    attack scene;
    std::size_t refused = 0;
    for (std::uint32_t stream = 0; stream < 65535; ++stream) {
        if (stream == 1) continue; // that is `own`
        if (scene.peer.say_open(static_cast<std::uint16_t>(stream), "x") != sctp::send_result::ok) ++refused;
        if (stream % 1000 == 0) {
            scene.peer.run();
            scene.settle(20ms);
        }
    }
    CHECK(refused == 0);
    scene.peer.run();
    scene.settle(10s);
    const auto channels = scene.incoming();
    // Half of the ids have the wrong parity; of the others as many as may be.
    CHECK(channels.size() == 16383);
    std::printf("16383 channels of the peer cost %zu KiB, %zu bytes each\n", scene.grown() / kilobyte,
                scene.grown() / channels.size());
    scene.check_bounds(32 * megabyte);
    scene.still_alive();
}

TEST_CASE("hostile: labels of 64 KiB") {
    attack scene;
    const std::string label(65535, 'x');
    for (std::uint16_t i = 0; i < 400; ++i) {
        REQUIRE(scene.peer.say_open(static_cast<std::uint16_t>(2 * i), label) == sctp::send_result::ok);
        scene.peer.run();
        scene.settle(10ms);
    }
    scene.settle(5s);
    CHECK(scene.incoming().size() == 16); // limits: a megabyte
    scene.check_bounds(8 * megabyte);
    scene.still_alive();
}

TEST_CASE("hostile: fragments of one byte that never become a message") {
    attack scene;
    scene.peer.engine_runs = false;
    std::uint32_t number = association_peer::first_tsn;
    SECTION("beginnings") {
        for (int i = 0; i < 40000; ++i, scene.pace())
            scene.peer.data(number++, 0, 0, as_bytes("x"), true, false);
    }
    SECTION("middles of one message, its beginning missing") {
        for (int i = 0; i < 40000; ++i, scene.pace())
            scene.peer.data(++number, 0, 0, as_bytes("x"), false, false);
    }
    SECTION("every second one") {
        for (int i = 0; i < 40000; ++i, scene.pace())
            scene.peer.data(number += 2, 0, 0, as_bytes("x"), true, false);
    }
    SECTION("ordered messages that wait for one that never comes") {
        for (int i = 0; i < 40000; ++i, scene.pace())
            scene.peer.data(++number, static_cast<std::uint16_t>(i), 1, as_bytes("x"), true, true);
    }
    scene.peer.send_packet();
    scene.settle();
    scene.check_bounds(3 * megabyte);
    CHECK(scene.victim->connectionState() == PeerConnectionState::connected);
    CHECK(scene.own.readyState() == DataChannelState::open);
}

TEST_CASE("hostile: a message without an end") {
    attack scene;
    scene.peer.engine_runs = false;
    const bytes block(1000);
    for (std::uint32_t i = 0; i < 1000; ++i, scene.pace())
        scene.peer.data(association_peer::first_tsn + i, 0, 0, block, i == 0, false);
    scene.peer.send_packet();
    scene.settle();
    CHECK(scene.own.readyState() == DataChannelState::closed); // beyond what we said we take
    scene.check_bounds(2 * megabyte);
}

TEST_CASE("hostile: data for channels that nobody reads") {
    attack scene;
    for (std::uint16_t i = 0; i < 1000; ++i)
        REQUIRE(scene.peer.say_open(static_cast<std::uint16_t>(2 * i), "x") == sctp::send_result::ok);
    scene.peer.run();
    scene.settle();
    const auto channels = scene.incoming();
    REQUIRE(channels.size() == 1000);
    scene.begin();
    SECTION("in messages of a kilobyte, whatever the window says") {
        scene.peer.engine_runs = false;
        const bytes block(1000);
        auto number = association_peer::first_tsn + 1000;
        for (std::uint32_t i = 0; i < 10000; ++i, scene.pace())
            scene.peer.data(number++, static_cast<std::uint16_t>(i % 1000 * 2),
                            static_cast<std::uint16_t>(1 + i / 1000), block, true, true);
        scene.peer.send_packet();
        scene.settle();
    }
    SECTION("in messages of one byte, one by one on all channels, whatever the window says") {
        scene.peer.engine_runs = false;
        auto number = association_peer::first_tsn + 1000;
        for (std::uint32_t i = 0; i < 100000; ++i, scene.pace())
            scene.peer.data(number++, static_cast<std::uint16_t>(i % 1000 * 2),
                            static_cast<std::uint16_t>(1 + i / 1000), as_bytes("x"), true, true);
        scene.peer.send_packet();
        scene.settle();
    }
    SECTION("in two fragments after a large message") {
        const bytes large(200000), small(1500);
        (void)scene.peer.say(0, sctp::dcep::binary, large);
        for (std::uint32_t i = 0; i < 1000; ++i) (void)scene.peer.say(2, sctp::dcep::binary, small);
        scene.peer.run();
        scene.settle(5s);
        scene.live_before += 2 * megabyte; // of the attacker's own queue
    }
    scene.check_bounds(6 * megabyte);
    CHECK(scene.own.readyState() == DataChannelState::open);
}

TEST_CASE("hostile: a window that never opens") {
    attack scene;
    scene.peer.engine_runs = false;
    scene.peer.on_chunk = [&, base = scene.peer.highest_tsn](const sctp::chunk& each) {
        if (each.type != sctp::chunk_type::data) return;
        scene.peer.sack(base, 0);
        scene.peer.send_packet();
    };
    std::size_t sent = 0;
    const std::string block(1000, 'x');
    for (int minute = 0; minute < 30; ++minute) {
        while (scene.own.trySend(block)) ++sent;
        scene.settle(60s);
    }
    CHECK(sent * 1000 < 2 * megabyte);
    CHECK(scene.answers() < 2000); // probes, and consent goes beside
    scene.check_bounds(8 * megabyte);
    CHECK(scene.own.readyState() == DataChannelState::open);
}

TEST_CASE("hostile: a HEARTBEAT flood") {
    attack scene;
    std::uint64_t acks = 0;
    scene.peer.on_chunk = [&](const sctp::chunk& each) {
        if (each.type == sctp::chunk_type::heartbeat_ack) ++acks;
    };
    const bytes info(8);
    std::uint64_t asked = 0;
    for (int packet = 0; packet < 1000; ++packet) {
        for (int i = 0; i < 90; ++i, ++asked) scene.peer.chunk(sctp::chunk_type::heartbeat, info);
        scene.peer.send_packet();
        scene.pace();
    }
    scene.settle();
    CHECK(asked == 90000);
    CHECK(acks < 20000);
    CHECK(scene.answers() < 1100);
    scene.check_bounds(megabyte);
    scene.still_alive();
}

TEST_CASE("hostile: an INIT flood") {
    attack scene;
    std::uint64_t acks = 0;
    scene.peer.on_chunk = [&](const sctp::chunk& each) {
        if (each.type == sctp::chunk_type::init_ack) ++acks;
    };
    bytes value(sctp::init_fields_size);
    byte_writer out(value);
    out.u32(77);
    out.u32(100000);
    out.u16(65535);
    out.u16(65535);
    out.u32(5);
    for (int i = 0; i < 10000; ++i) {
        scene.peer.chunk(sctp::chunk_type::init, value);
        scene.peer.send_packet(0);
        scene.pace();
    }
    scene.settle();
    CHECK(acks >= 10);
    CHECK(acks <= 40); // ten a second
    scene.check_bounds(megabyte);
    scene.still_alive();
}

TEST_CASE("hostile: channels opened and reset in a loop") {
    attack scene;
    auto cycle = [&](std::uint16_t stream) {
        REQUIRE(scene.peer.say_open(stream, "again") == sctp::send_result::ok);
        scene.peer.run();
        scene.settle(10ms);
        REQUIRE(scene.peer.engine.reset_stream(sctp::stream_id(stream)));
        scene.peer.run();
        scene.settle(10ms);
    };
    std::size_t seen = 0;
    for (int i = 0; i < 50; ++i) cycle(0);
    seen += scene.incoming().size();
    scene.peer.messages.clear();
    scene.begin();
    for (std::uint16_t i = 0; i < 2000; ++i) {
        cycle(static_cast<std::uint16_t>(i % 7 * 2));
        seen += scene.incoming().size();
        scene.peer.messages.clear();
        scene.peer.resets.clear();
    }
    CHECK(seen == 2050);
    scene.check_bounds(256 * kilobyte);
    CHECK(scene.answers() < 12000);
    scene.still_alive();
}

TEST_CASE("hostile: resets of all streams, one after the other") {
    attack scene;
    for (std::uint16_t i = 0; i < 2000; ++i)
        REQUIRE(scene.peer.say_open(static_cast<std::uint16_t>(2 * i), "x") == sctp::send_result::ok);
    scene.peer.run();
    scene.settle();
    auto channels = scene.incoming();
    REQUIRE(channels.size() == 2000);
    scene.peer.engine_runs = false;
    scene.begin();
    auto sequence = association_peer::first_tsn; // RFC 6525 4.1: begins with the initial TSN
    for (int i = 0; i < 5000; ++i) {
        std::array<std::byte, 16> value;
        byte_writer out(value);
        out.u16(13); // outgoing SSN reset request
        out.u16(16);
        out.u32(sequence++);
        out.u32(0);
        out.u32(association_peer::first_tsn + 1999);
        scene.peer.chunk(sctp::chunk_type::re_config, value);
        scene.peer.send_packet();
        scene.pace();
    }
    scene.settle();
    CHECK(scene.answers() <= 6000);
    scene.check_bounds(2 * megabyte);
    // All of them begin to close; ours too, for "all" is what was asked for.
    for (auto& each : channels) REQUIRE(each.readyState() != DataChannelState::open);
}

TEST_CASE("hostile: a storm of ABORTs, and of data after it") {
    attack scene;
    scene.peer.engine_runs = false;
    for (int i = 0; i < 1000; ++i) {
        scene.peer.chunk(sctp::chunk_type::abort, {});
        scene.peer.send_packet();
        scene.pace();
    }
    scene.settle();
    CHECK(scene.own.readyState() == DataChannelState::closed);
    CHECK(scene.answers() == 0);
    const bytes block(1000);
    for (std::uint32_t i = 0; i < 1000; ++i) {
        scene.peer.data(association_peer::first_tsn + i, 0, 0, block, true, true);
        scene.peer.send_packet();
        scene.pace();
    }
    scene.settle();
    CHECK(scene.answers() <= 1000);
    scene.check_bounds(256 * kilobyte);
    CHECK(scene.victim->connectionState() == PeerConnectionState::connected);
}

TEST_CASE("hostile: a SACK flood") {
    attack scene;
    const auto base = scene.peer.highest_tsn; // all of the victim's data so far
    scene.peer.engine_runs = false;
    const std::string block(100, 'x');
    for (int i = 0; i < 200; ++i) (void)scene.own.trySend(block);
    scene.settle(100ms);
    scene.begin();
    for (int packet = 0; packet < 2000; ++packet) {
        for (int i = 0; i < 40; ++i) {
            switch (i % 4) {
            case 0:
                scene.peer.sack(base, 100000, {{2, 2}, {4, 4}});
                break;
            case 1:
                scene.peer.sack(base + 100000, 100000); // never sent
                break;
            case 2:
                scene.peer.sack(base - 1, 100000); // old
                break;
            default:
                scene.peer.sack(base, 0);
            }
        }
        scene.peer.send_packet();
        scene.pace();
    }
    scene.settle(500ms);
    CHECK(scene.answers() < 500); // no more than data and its repetition
    scene.check_bounds(megabyte);
    CHECK(scene.own.readyState() == DataChannelState::open);
}

TEST_CASE("hostile: packets of random chunks") {
    attack scene;
    scene.peer.engine_runs = false;
    std::mt19937 random(1);
    static constexpr std::array types{0, 3, 4, 5, 9, 10, 11, 1, 2, 130, 192, 77, 200, 14, 8, 7};
    for (int i = 0; i < 20000; ++i) {
        bytes value(random() % 60);
        for (auto& each : value) each = static_cast<std::byte>(random() & (i % 2 == 0 ? 0xff : 3));
        scene.peer.chunk(static_cast<sctp::chunk_type>(types[random() % types.size()]), value,
                         static_cast<std::uint8_t>(random() & 7));
        if (random() % 4 == 0) scene.peer.send_packet();
        scene.pace();
    }
    scene.settle();
    scene.check_bounds(2 * megabyte);
    CHECK(scene.victim->connectionState() == PeerConnectionState::connected);
    scene.victim->close();
    scene.settle();
}
