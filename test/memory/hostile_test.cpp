#include "test/memory/attack.hpp"

using namespace cortc;
using namespace std::chrono_literals;
using test::association_peer;
using test::attack;
using test::kilobyte;
using test::megabyte;

TEST_CASE("hostile: 65535 channels") {
    attack scene;
    std::size_t refused = 0;
    auto open = [&](std::uint32_t stream) {
        if (stream == 1) return; // that is `own`
        if (scene.peer.say_open(static_cast<std::uint16_t>(stream), "x") != sctp::send_result::ok) ++refused;
        if (stream % 1024 == 1023) {
            scene.peer.run();
            scene.settle(20ms);
        }
    };
    scene.flood(32768, open); // every second is taken, the others are not
    scene.flood(32767, [&](std::uint32_t i) { open(32768 + i); });
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
    scene.flood(400, [&](std::uint32_t i) {
        REQUIRE(scene.peer.say_open(static_cast<std::uint16_t>(2 * i), label) == sctp::send_result::ok);
        scene.peer.run();
        scene.settle(10ms);
    });
    scene.settle(5s);
    CHECK(scene.incoming().size() == 16); // limits: a megabyte
    scene.check_bounds(8 * megabyte);
    scene.still_alive();
}

TEST_CASE("hostile: fragments of one byte that never become a message") {
    attack scene;
    scene.peer.engine_runs = false;
    std::uint32_t number = association_peer::first_tsn;
    auto flood = [&](auto&& next) {
        scene.flood(40000, [&](std::uint32_t i) {
            next(i);
            scene.pace();
        });
    };
    SECTION("beginnings") {
        flood([&](std::uint32_t) { scene.peer.data(number++, 0, 0, as_bytes("x"), true, false); });
    }
    SECTION("middles of one message, its beginning missing") {
        flood([&](std::uint32_t) { scene.peer.data(++number, 0, 0, as_bytes("x"), false, false); });
    }
    SECTION("every second one") {
        flood([&](std::uint32_t) { scene.peer.data(number += 2, 0, 0, as_bytes("x"), true, false); });
    }
    SECTION("ordered messages that wait for one that never comes") {
        flood([&](std::uint32_t i) {
            scene.peer.data(++number, static_cast<std::uint16_t>(i), 1, as_bytes("x"), true, true);
        });
    }
    scene.settle();
    scene.check_bounds(3 * megabyte);
    CHECK(scene.victim->connectionState() == PeerConnectionState::connected);
    CHECK(scene.own.readyState() == DataChannelState::open);
}

TEST_CASE("hostile: messages in the wrong order, two by two, while many others wait") {
    attack scene;
    scene.peer.engine_runs = false;
    std::uint32_t number = association_peer::first_tsn;
    std::uint16_t next = 0;
    auto pairs = [&](std::uint32_t) {
        scene.peer.data(number++, 0, static_cast<std::uint16_t>(next + 1), as_bytes("x"), true, true);
        scene.peer.data(number++, 0, next, as_bytes("x"), true, true);
        next += 2;
        scene.pace();
    };
    const auto alone = scene.flood(20000, pairs);
    for (std::uint16_t i = 1; i <= 2040; ++i, scene.pace())
        scene.peer.data(number++, 2, i, as_bytes("x"), true, true);
    const auto beside_others = scene.flood(20000, pairs);
    CHECK(beside_others <= 3 * alone);
    scene.settle();
    scene.check_bounds(megabyte);
    CHECK(scene.own.readyState() == DataChannelState::open);
}

TEST_CASE("hostile: a message without an end") {
    attack scene;
    scene.peer.engine_runs = false;
    const bytes block(1000);
    scene.flood(1000, [&](std::uint32_t i) {
        scene.peer.data(association_peer::first_tsn + i, 0, 0, block, i == 0, false);
        scene.pace();
    });
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
        scene.flood(10000, [&](std::uint32_t i) {
            scene.peer.data(number++, static_cast<std::uint16_t>(i % 1000 * 2),
                            static_cast<std::uint16_t>(1 + i / 1000), block, true, true);
            scene.pace();
        });
        scene.settle();
    }
    SECTION("in messages of one byte, one by one on all channels, whatever the window says") {
        scene.peer.engine_runs = false;
        auto number = association_peer::first_tsn + 1000;
        scene.flood(100000, [&](std::uint32_t i) {
            scene.peer.data(number++, static_cast<std::uint16_t>(i % 1000 * 2),
                            static_cast<std::uint16_t>(1 + i / 1000), as_bytes("x"), true, true);
            scene.pace();
        });
        scene.settle();
    }
    SECTION("in two fragments after a large message") {
        const bytes large(200000), small(1500);
        (void)scene.peer.say(0, datachannel::dcep::binary, large);
        for (std::uint32_t i = 0; i < 1000; ++i) (void)scene.peer.say(2, datachannel::dcep::binary, small);
        scene.peer.run();
        scene.settle(5s);
        scene.live_before += 2 * megabyte; // of the attacker's own queue
    }
    scene.check_bounds(13 * megabyte); // 12 windows of what tiny messages cost
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
    scene.flood(30, [&](std::uint32_t) {
        while (scene.own.trySend(block)) ++sent;
        scene.settle(60s);
    });
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
    scene.flood(1000, [&](std::uint32_t) {
        for (int i = 0; i < 90; ++i, ++asked) scene.peer.chunk(sctp::chunk_type::heartbeat, info);
        scene.peer.send_packet();
        scene.pace();
    });
    scene.settle();
    CHECK(asked == 90000);
    CHECK(acks >= 1000); // as many as may wait, each time that ours go
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
    scene.flood(10000, [&](std::uint32_t) {
        scene.peer.chunk(sctp::chunk_type::init, value);
        scene.peer.send_packet(0);
        scene.pace();
    });
    scene.settle();
    CHECK(acks >= 10);
    CHECK(acks <= 40); // ten a second
    scene.check_bounds(megabyte);
    scene.still_alive();
}

TEST_CASE("hostile: a storm of ABORTs, and of data after it") {
    attack scene;
    scene.peer.engine_runs = false;
    scene.flood(1000, [&](std::uint32_t) {
        scene.peer.chunk(sctp::chunk_type::abort, {});
        scene.peer.send_packet();
        scene.pace();
    });
    scene.settle();
    CHECK(scene.own.readyState() == DataChannelState::closed);
    CHECK(scene.answers() == 0);
    const bytes block(1000);
    scene.flood(1000, [&](std::uint32_t i) {
        scene.peer.data(association_peer::first_tsn + i, 0, 0, block, true, true);
        scene.peer.send_packet();
        scene.pace();
    });
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
    scene.flood(2000, [&](std::uint32_t) {
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
    });
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
    scene.flood(20000, [&](std::uint32_t i) {
        bytes value(random() % 60);
        for (auto& each : value) each = static_cast<std::byte>(random() & (i % 2 == 0 ? 0xff : 3));
        scene.peer.chunk(static_cast<sctp::chunk_type>(types[random() % types.size()]), value,
                         static_cast<std::uint8_t>(random() & 7));
        if (random() % 4 == 0) scene.peer.send_packet();
        scene.pace();
    });
    scene.settle();
    scene.check_bounds(2 * megabyte);
    CHECK(scene.victim->connectionState() == PeerConnectionState::connected);
    scene.victim->close();
    scene.settle();
}
