#include "test/sim/channels_peer.hpp"
#include "test/support/sim_call.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <filesystem>
#include <fstream>
#include <malloc.h>
#include <set>

using namespace cortc;
using namespace std::chrono_literals;

// What hostile or broken peers and networks send to whole connections: nothing crashes, nothing is thrown out
// of the io_context, memory stays bounded, and the connection lives or ends with an error that has a name.

namespace {

/// Counts what each component said it dropped.
class drop_counter final : public log_sink {
  public:
    void write(log_level, std::string_view component, std::string_view message) noexcept override {
        if (message.find("drop") != std::string_view::npos)
            ++count[component == "sctp" ? 2 : component == "dtls" ? 1 : 0];
    }
    std::array<std::uint64_t, 3> count{};
};

/// Heap in use, as far as malloc tells (a sanitizer's does not).
std::size_t heap() {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

const std::set<std::string> names{"InvalidStateError", "InvalidAccessError", "InvalidModificationError",
                                  "OperationError",    "TypeError",          "NetworkError",
                                  "AbortError"};

/// Keeps using a connection until it ends; what it throws must have a name.
asio::awaitable<void> use(test::sim_call& call, PeerConnection& pc, bool& done) {
    auto echo = [](DataChannel channel) -> asio::awaitable<void> {
        try {
            for (;;) {
                auto message = co_await channel.receive();
                co_await channel.send(message);
            }
        } catch (const Error& error) {
            CHECK(names.contains(error.name()));
        }
    };
    std::vector<test::spawned> echoing;
    try {
        for (;;) echoing.push_back(call.spawn(echo(co_await pc.nextDataChannel())));
    } catch (const Error& error) {
        CHECK(names.contains(error.name()));
    }
    while (!std::ranges::all_of(echoing, [](const auto& each) { return each.done(); }))
        co_await call.pause(1s);
    for (const auto& each : echoing) each.rethrow();
    done = true;
}

asio::awaitable<void> watch(PeerConnection& pc, std::string& failure) {
    try {
        co_await pc.connected();
        auto state = PeerConnectionState::connected;
        while (state != PeerConnectionState::failed && state != PeerConnectionState::closed)
            state = co_await pc.stateChanged(state);
        co_await pc.connected();
    } catch (const Error& error) {
        failure = error.name();
    }
}

enum class target { stun, dtls, all };

/// Tampers with datagrams on their way: changes them, cuts them, replaces them by old ones or by junk.
class attack {
  public:
    attack(sim::world& world, std::uint64_t seed, target what, double rate)
        : world_(world), random_(seed), what_(what), rate_(rate) {
        world.on_datagram([this](sim::transit& datagram) { on_datagram(datagram); });
    }
    ~attack() { world_.on_datagram({}); }
    attack(const attack&) = delete;
    attack& operator=(const attack&) = delete;
    bool on = true;
    int changed = 0;

  private:
    void on_datagram(sim::transit& datagram) {
        const bool dtls = test::is_dtls(datagram.data);
        if (seen_.size() < 200)
            seen_.push_back(datagram.data);
        else
            seen_[random_.next() % seen_.size()] = datagram.data;
        if (!on || !random_.chance(rate_)) return;
        if (what_ != target::all && dtls != (what_ == target::dtls)) return;
        ++changed;
        switch (random_.next() % 4) {
        case 0: // an old one, of either direction
            datagram.data = seen_[random_.next() % seen_.size()];
            break;
        case 1: { // junk that looks like something
            static constexpr std::array<std::uint8_t, 8> first{0, 1, 20, 22, 23, 63, 128, 255};
            datagram.data.resize(1 + random_.next() % 200);
            for (auto& each : datagram.data) each = static_cast<std::byte>(random_.next());
            datagram.data[0] = static_cast<std::byte>(first[random_.next() % first.size()]);
            break;
        }
        default:
            test::mutate(datagram.data, random_);
            break;
        }
        if (random_.chance(0.3)) datagram.copies = 2;
    }

    sim::world& world_;
    sim::seeded_random random_;
    target what_;
    double rate_;
    std::vector<bytes> seen_;
};

} // namespace

TEST_CASE("hostile: tampering during set-up is survived, or ends with a named error") {
    int survived = 0, total = 0;
    for (std::uint64_t seed = 1; seed <= 90; ++seed) {
        CAPTURE(seed);
        const auto what = static_cast<target>(seed % 3);
        test::sim_call call(seed, test::link_of(5ms));
        attack tampering(call.world, seed, what, 0.3);
        auto channel = call.offerer->createDataChannel("x");
        std::string failures[2];
        auto a = call.spawn(watch(*call.offerer, failures[0])),
             b = call.spawn(watch(*call.answerer, failures[1]));
        call.run(call.set_up(), 1s);
        call.world.run_for(std::chrono::milliseconds(50 * (seed % 8)));
        tampering.on = false;
        // A handshake that was tampered with fails at once or within its 30 s.
        const bool settled = call.world.run_until(
            [&] { return channel.readyState() == DataChannelState::open || a.done() || b.done(); }, 45s);
        CHECK(settled);
        ++total;
        survived += channel.readyState() == DataChannelState::open;
        if (what == target::stun)
            CHECK(channel.readyState() == DataChannelState::open); // integrity, retransmission
        call.finish();
        for (const auto& failure : failures) CHECK(names.contains(failure));
    }
    test::figure("{} of {} tampered set-ups survived", survived, total);
    CHECK(survived > total / 2);
}

TEST_CASE("hostile: an established connection does not mind what an attacker on the path sends") {
    int changed[3] = {}; // by target: of STUN there is little
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        CAPTURE(seed);
        test::sim_call call(seed, test::link_of(5ms));
        auto a = call.offerer->createDataChannel("x", test::channel_init(true, {}, 0));
        auto b = call.answerer->createDataChannel("x", test::channel_init(true, {}, 0));
        auto set_up = [&]() -> asio::awaitable<void> {
            co_await call.set_up();
            co_await a.opened();
            co_await b.opened();
            co_await call.offerer->restarted();
            co_await call.answerer->restarted();
        };
        call.run(set_up(), 5s);
        call.world.run_for(1s); // the handshake's last flight is over
        attack tampering(call.world, seed, static_cast<target>(seed % 3), seed % 2 == 0 ? 0.1 : 0.4);
        auto talk = [&]() -> asio::awaitable<void> {
            for (std::uint64_t i = 0; i < 30; ++i) {
                const auto data = test::pattern(i * 100, i);
                co_await a.send(byte_view(data));
                auto there = co_await b.receive();
                CHECK(std::ranges::equal(there.data(), data));
                co_await b.send(there);
                auto back = co_await a.receive();
                CHECK(std::ranges::equal(back.data(), data));
                if (i % 10 == 0) co_await call.pause(6s); // consent checks, too
            }
        };
        call.run(talk(), 500s);
        changed[seed % 3] += tampering.changed;
        CHECK(call.offerer->connectionState() != PeerConnectionState::failed);
        CHECK(call.answerer->connectionState() != PeerConnectionState::failed);
        call.world.on_datagram({});
        call.finish();
    }
    for (const auto each : changed) CHECK(each > 0);
}

namespace {

/// A connection whose peer is made of engines.
struct raw_call {
    test::sim_call call; // its answerer is not used
    drop_counter drops;
    std::optional<PeerConnection> victim;
    test::channels_peer raw;
    std::vector<DataChannel> mine;
    std::string failure;
    bool used = false;
    std::vector<test::spawned> tasks;

    raw_call(std::uint64_t seed, bool dtls_client)
        : call(seed, test::link_of(5ms))
        , raw(call.io, call.world.host("b"), dtls_client ? dtls_role::client : dtls_role::server, seed) {
        context_options options;
        options.log = &drops;
        options.least_level = log_level::debug;
        victim.emplace(context(call.io.get_executor(), call.world.host("a"), options));
        mine.push_back(victim->createDataChannel("mine"));
        auto negotiate = [&]() -> asio::awaitable<void> {
            auto offer = co_await victim->createOffer();
            co_await victim->setLocalDescription(offer);
            auto answer = SessionDescription(SdpType::answer, raw.answer(offer.sdp));
            co_await victim->setRemoteDescription(answer);
        };
        call.run(negotiate(), 1s);
        tasks.push_back(call.spawn(use(call, *victim, used)));
        tasks.push_back(call.spawn(watch(*victim, failure)));
    }
    bool connect() {
        return call.world.run_until([&] { return mine[0].readyState() == DataChannelState::open; }, 10s);
    }
    void finish() {
        raw.tamper = nullptr;
        victim->close();
        REQUIRE(call.world.run_until([&] { return used; }, 5s));
        CHECK(names.contains(failure));
        for (const auto& each : tasks) {
            CHECK(each.done());
            each.rethrow();
        }
        CHECK(call.world.open_sockets() == 1); // the raw peer's
    }
};

} // namespace

TEST_CASE("hostile: the raw peer is a peer") {
    for (bool client : {false, true}) {
        raw_call run(1, client);
        REQUIRE(run.connect());
        datachannel::channel_parameters parameters;
        parameters.label = "raw";
        const auto id = run.raw.channels().open(parameters, run.call.world.now());
        REQUIRE(id.has_value());
        run.raw.run();
        run.call.world.run_for(100ms);
        const auto data = test::pattern(5000, 1);
        CHECK(run.raw.channels().send(*id, datachannel::message_kind::binary, data, run.call.world.now()) ==
              datachannel::channel_send::ok);
        run.raw.run();
        run.call.world.run_for(200ms);
        CHECK(run.raw.received == 1); // the echo
        run.finish();
    }
}

TEST_CASE("hostile: SCTP inside DTLS, damaged at every stage") {
    int failed = 0;
    std::uint64_t drops = 0;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        CAPTURE(seed);
        raw_call run(seed, seed % 2 == 0);
        sim::seeded_random random(seed);
        const double rate = seed % 5 == 0 ? 1 : 0.3;
        run.raw.tamper = [&](bytes& packet) {
            if (!random.chance(rate)) return;
            test::mutate(packet, random);
            if (random.chance(0.95)) test::repair_checksum(packet);
        };
        if (seed % 3 == 0) (void)run.connect();
        datachannel::channel_parameters parameters;
        std::vector<datachannel::channel_id> open;
        for (int step = 0; step < 40; ++step) {
            const auto now = run.call.world.now();
            if (step % 4 == 0) {
                parameters.label = std::string(static_cast<std::size_t>(random.next() % 100), 'l');
                parameters.ordered = random.chance(0.5);
                if (auto id = run.raw.channels().open(parameters, now)) open.push_back(*id);
            }
            if (!open.empty()) {
                const auto id = open[random.next() % open.size()];
                const auto data = test::pattern(random.next() % 4000, seed);
                if (random.chance(0.9))
                    (void)run.raw.channels().send(id, datachannel::message_kind::text, data, now);
                else
                    run.raw.channels().close(id);
            }
            try {
                (void)run.mine[0].trySend("from the victim");
            } catch (const Error& error) { // not open yet, no longer, or the association is shutting down
                CHECK(std::string_view(error.name()) == "InvalidStateError");
            }
            run.raw.run();
            run.call.world.run_for(std::chrono::milliseconds(random.next() % 30));
        }
        run.call.world.run_for(5s);
        drops += run.drops.count[2];
        failed += run.mine[0].readyState() == DataChannelState::closed;
        run.finish();
    }
    test::figure("150 damaged associations: {} ended, {} chunks dropped", failed, drops);
    CHECK(drops > 1000);
}

TEST_CASE("hostile: SCTP chunks made up, with the right tag") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        raw_call run(seed, seed % 2 == 0);
        sim::seeded_random random(seed);
        bytes header; // of what the peer would send: ports and the victim's tag
        run.raw.tamper = [&](bytes& packet) {
            if (packet.size() >= 12) header.assign(packet.begin(), packet.begin() + 12);
        };
        REQUIRE(run.connect());
        REQUIRE(header.size() == 12);
        static constexpr std::array<std::uint8_t, 20> types{0,  1,  2,  3,  4,  5,   6,   7,   8,    9,
                                                            10, 11, 14, 64, 65, 128, 130, 192, 0xc1, 0xff};
        for (int i = 0; i < 400; ++i) {
            auto packet = header;
            for (auto chunks = 1 + random.next() % 5; chunks > 0; --chunks) {
                const auto size = random.next() % 60;
                // ABORT and SHUTDOWN end the association by right: seldom, so that the rest is seen.
                auto type = types[random.next() % types.size()];
                if ((type >= 6 && type <= 8) || type == 14)
                    if (!random.chance(0.02)) type = 3;
                packet.push_back(static_cast<std::byte>(type));
                packet.push_back(static_cast<std::byte>(random.next() % 8));
                const auto length = random.chance(0.9) ? size + 4 : random.next() % 65536;
                packet.push_back(static_cast<std::byte>(length >> 8));
                packet.push_back(static_cast<std::byte>(length));
                for (std::uint64_t k = 0; k < ((size + 3) & ~std::uint64_t{3}); ++k)
                    packet.push_back(static_cast<std::byte>(random.chance(0.5) ? 0 : random.next()));
            }
            if (random.chance(0.05)) std::fill_n(packet.begin() + 4, 4, std::byte{0}); // an INIT's tag
            test::repair_checksum(packet);
            (void)run.raw.send_sctp(packet);
            if (i % 20 == 0) run.call.world.run_for(20ms);
        }
        run.call.world.run_for(2s);
        CHECK(run.drops.count[2] > 50);
        run.finish();
    }
}

TEST_CASE("hostile: an association that the peer aborts takes its channels along, and says why") {
    raw_call run(1, true);
    REQUIRE(run.connect());
    REQUIRE(run.mine[0].trySend("lost"));
    run.raw.channels().abort("enough");
    run.raw.run();
    std::string read, sent;
    auto body = [&]() -> asio::awaitable<void> {
        try {
            (void)co_await run.mine[0].receive();
        } catch (const Error& error) {
            read = std::string(error.name()) + " " + error.what();
        }
        sent = co_await test::failure_of(run.mine[0].send("more"));
    };
    run.call.run(body(), 1s);
    CHECK(read.starts_with("OperationError"));
    CHECK(read.find("enough") != std::string::npos);
    CHECK(sent == "InvalidStateError");
    CHECK(run.mine[0].readyState() == DataChannelState::closed);
    CHECK(run.victim->connectionState() == PeerConnectionState::connected); // ICE and DTLS are
    run.finish();
}

TEST_CASE("hostile: a message beyond the announced maximum ends the association, not the process") {
    raw_call run(1, false);
    REQUIRE(run.connect());
    datachannel::channel_parameters parameters;
    const auto id = run.raw.channels().open(parameters, run.call.world.now());
    REQUIRE(id.has_value());
    run.raw.channels().set_remote(5000, 0); // it does not care for limits
    run.raw.run();
    run.call.world.run_for(100ms);
    const auto data = test::pattern(400'000, 1);
    REQUIRE(run.raw.channels().send(*id, datachannel::message_kind::binary, data, run.call.world.now()) ==
            datachannel::channel_send::ok);
    run.raw.run();
    REQUIRE(
        run.call.world.run_until([&] { return run.mine[0].readyState() == DataChannelState::closed; }, 10s));
    CHECK(run.raw.received == 0);
    run.finish();
}

TEST_CASE("hostile: floods of every kind are dropped, and memory stays bounded") {
    raw_call run(1, false);
    REQUIRE(run.connect());
    auto& world = run.call.world;
    sim::seeded_random random(1);
    bytes header;
    run.raw.tamper = [&](bytes& packet) {
        if (packet.size() >= 12) header.assign(packet.begin(), packet.begin() + 12);
    };
    datachannel::channel_parameters parameters;
    parameters.label = "flood";
    (void)run.raw.channels().open(parameters, world.now());
    run.raw.run();
    world.run_for(1s);
    REQUIRE(header.size() == 12);
    struct discard final : net::datagram_handler {
        void handle_batch(net::udp_socket&, std::span<const net::datagram>) override {}
    } nobody;
    auto stranger = world.host("b").open_udp({run.raw.socket().local().address, 0}, nobody).value();
    const auto victim = run.raw.victim();
    auto from_stranger = [&](byte_view datagram) {
        const net::outgoing one{datagram, victim};
        stranger->send(std::span(&one, 1));
    };
    // A round of everything; the first warms the memory up.
    auto round = [&](int times) {
        for (int i = 0; i < times; ++i) {
            // Checks without a valid name or integrity.
            stun::transaction_id id;
            for (auto& each : id) each = static_cast<std::byte>(random.next());
            std::array<std::byte, 200> out;
            stun::message_writer check(out, stun::message_class::request, stun::method::binding, id);
            check.add_username("someone", std::to_string(random.next()));
            check.add_priority(1);
            check.add_integrity(as_bytes(std::string_view("wrong")));
            check.add_fingerprint();
            from_stranger(check.written());
            run.raw.send(check.written());
            // DTLS: from the wrong place, forged, and a new handshake's beginning.
            bytes record(60, std::byte{0x16});
            record[1] = std::byte{0xfe};
            record[2] = std::byte{0xfd};
            from_stranger(record);
            run.raw.send(record);
            record[0] = std::byte{23};
            record[4] = std::byte{1};
            record[11] = std::byte{0};
            record[12] = std::byte{47};
            run.raw.send(record);
            // Nothing known.
            record[0] = std::byte{200};
            from_stranger(record);
            from_stranger(byte_view());
            // SCTP: fragments that never end, streams without a channel, INITs, HEARTBEATs, duplicates.
            auto chunk = [&](std::uint8_t type, std::uint8_t flags, bytes value, bool init = false) {
                auto packet = header;
                if (init) std::fill_n(packet.begin() + 4, 4, std::byte{0});
                for (auto each :
                     {std::size_t{type}, std::size_t{flags}, (value.size() + 4) >> 8, value.size() + 4})
                    packet.push_back(static_cast<std::byte>(each));
                packet.insert(packet.end(), value.begin(), value.end());
                test::repair_checksum(packet);
                (void)run.raw.send_sctp(packet);
            };
            bytes data(12 + 1000, std::byte{0x41});
            for (auto* at : {&data[0], &data[1], &data[2], &data[3], &data[4], &data[5], &data[6]})
                *at = static_cast<std::byte>(random.next());
            chunk(0, static_cast<std::uint8_t>(random.next() % 8), data);
            bytes init(16, std::byte{1});
            chunk(1, 0, init, true);
            chunk(4, 0, bytes(200, std::byte{0}));
            chunk(200, 0, bytes(40, std::byte{9}));
        }
        world.run_for(1s);
    };
    for (int i = 0; i < 5; ++i) round(1000); // a receive window, reassembly, queues: what may be kept is
    const auto before = heap();
    for (int i = 0; i < 12; ++i) round(1000);
    const auto after = heap();
    test::figure("flood of {} datagrams: heap {} -> {} KiB, dropped by ice/transport {}, dtls {}, sctp {}",
                 world.stats().sent, before / 1024, after / 1024, run.drops.count[0], run.drops.count[1],
                 run.drops.count[2]);
    CHECK(after < before + (std::size_t{512} << 10));
    CHECK(run.drops.count[2] > 1000);
    stranger.reset();
    run.finish();
}

TEST_CASE("hostile: malformed candidates have named errors, and change nothing") {
    test::sim_call call(1, test::link_of(5ms));
    auto channel = call.offerer->createDataChannel("x");
    auto body = [&]() -> asio::awaitable<void> {
        co_await call.set_up();
        co_await channel.opened();
        co_await call.offerer->gatheringComplete();
        auto& pc = *call.offerer;
        const auto before = *pc.remoteDescription();
        const std::string good = "candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host";
        const std::vector<std::string> bad{"candidate:",
                                           "candidate",
                                           "x",
                                           "candidate:1 1 udp 2130706431 192.0.2.1 5000",
                                           "candidate:1 1 udp 1 192.0.2.1 70000 typ host",
                                           "candidate:1 1 udp -1 192.0.2.1 5000 typ host",
                                           "candidate:1 1 udp 99999999999 192.0.2.1 5000 typ host",
                                           "candidate:1 0 udp 1 192.0.2.1 5000 typ host",
                                           "candidate:1 300 udp 1 192.0.2.1 5000 typ host",
                                           "candidate:1 1 udp 1 192.0.2.1 5000 typ",
                                           "candidate:1 1 udp 1 192.0.2.1 5000 host typ",
                                           "candidate:1 1 udp 1 192.0.2.1 5000 typ host raddr",
                                           "candidate:\xc3\xa4 1 udp 1 192.0.2.1 5000 typ host",
                                           good + "\r\na=ice-lite",
                                           good + "\n",
                                           std::string("candidate:1 1 udp 1 192.0.2.1 5000 typ host\0", 45),
                                           "candidate:" + std::string(100'000, '1') +
                                               " 1 udp 1 192.0.2.1 5000 typ host"};
        for (const auto& each : bad) {
            auto candidate = IceCandidate(each, "0");
            const auto name = co_await test::failure_of(pc.addIceCandidate(candidate));
            if (name != "OperationError") FAIL_CHECK("\"" << each.substr(0, 80) << "\": \"" << name << "\"");
        }
        auto unknown_mid = IceCandidate(good, "7");
        CHECK(co_await test::failure_of(pc.addIceCandidate(unknown_mid)) == "OperationError");
        auto bad_index = IceCandidate(good, std::nullopt, 7);
        CHECK(co_await test::failure_of(pc.addIceCandidate(bad_index)) == "OperationError");
        auto nowhere = IceCandidate(good);
        CHECK(co_await test::failure_of(pc.addIceCandidate(nowhere)) == "TypeError");
        auto stale = IceCandidate(good, "0", 0, "gone");
        CHECK(co_await test::failure_of(pc.addIceCandidate(stale)) == "OperationError");
        CHECK(*pc.remoteDescription() == before);
        // Good in form, of no use: accepted, and harmless.
        for (const auto* each :
             {"candidate:1 1 tcp 1 192.0.2.1 9 typ host tcptype active",
              "candidate:1 2 udp 1 192.0.2.1 5000 typ host",
              "candidate:1 1 udp 1 0b0f2d1c-7d3b-4d6e-9d33-000000000000.local 5000 typ host",
              "candidate:1 1 udp 1 224.0.0.1 5000 typ host",
              "candidate:1 1 udp 1 255.255.255.255 5000 typ host",
              "candidate:1 1 udp 1 0.0.0.0 5000 typ host", "candidate:1 1 udp 1 192.0.2.1 0 typ host",
              "candidate:1 1 udp 1 :: 5000 typ host", "candidate:1 1 udp 1 127.0.0.1 5000 typ host"}) {
            auto candidate = IceCandidate(each, "0");
            const auto name = co_await test::failure_of(pc.addIceCandidate(candidate));
            CHECK((name.empty() || name == "OperationError"));
        }
        sim::seeded_random random(1);
        for (int i = 0; i < 2000; ++i) {
            bytes text(as_bytes(std::string_view(good)).begin(), as_bytes(std::string_view(good)).end());
            test::mutate(text, random);
            auto candidate = IceCandidate(std::string(as_text(text)), "0");
            const auto name = co_await test::failure_of(pc.addIceCandidate(candidate));
            if (!name.empty() && name != "OperationError") FAIL_CHECK(as_text(text) << ": " << name);
        }
        co_await call.pause(30s);
        CHECK(pc.connectionState() == PeerConnectionState::connected);
        co_await channel.send("alive");
        auto accepted = co_await call.answerer->nextDataChannel();
        auto message = co_await accepted.receive();
        CHECK(message.text() == "alive");
    };
    call.run(body(), 100s);
    call.finish();
}

namespace {

std::vector<std::string> captured_offers() {
    std::vector<std::string> texts;
    for (const auto& each : std::filesystem::directory_iterator(CORTC_TEST_DATA "/sdp")) {
        std::ifstream in(each.path(), std::ios::binary);
        texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    std::ranges::sort(texts);
    return texts;
}

} // namespace

TEST_CASE("hostile: malformed descriptions have named errors, and change nothing") {
    test::sim_call call(1, test::link_of(5ms));
    auto channel = call.offerer->createDataChannel("x");
    auto offers = captured_offers();
    auto body = [&]() -> asio::awaitable<void> {
        co_await call.set_up();
        co_await channel.opened();
        auto& pc = *call.offerer;
        const auto local = *pc.localDescription();
        const auto remote = *pc.remoteDescription();
        const auto our_offer = co_await call.answerer->createOffer();
        offers.push_back(our_offer.sdp);
        sim::seeded_random random(1);
        int refused = 0, accepted = 0;
        for (int i = 0; i < 3000; ++i) {
            const auto& text = i % 2 == 0 ? our_offer.sdp : offers[random.next() % offers.size()];
            bytes damaged(as_bytes(text).begin(), as_bytes(text).end());
            const auto at = random.next() % damaged.size();
            bytes part(damaged.begin() + static_cast<std::ptrdiff_t>(at), damaged.end());
            test::mutate(part, random); // somewhere, not only in the first line
            damaged.resize(at);
            damaged.insert(damaged.end(), part.begin(), part.end());
            const auto type = i % 7 == 0 ? SdpType::answer : i % 11 == 0 ? SdpType::pranswer : SdpType::offer;
            auto description = SessionDescription(type, std::string(as_text(damaged)));
            const auto name = co_await test::failure_of(pc.setRemoteDescription(description));
            if (name.empty()) {
                ++accepted;
                CHECK(pc.signalingState() == SignalingState::have_remote_offer);
                auto undo = SessionDescription(SdpType::rollback, "");
                co_await pc.setRemoteDescription(undo);
            } else {
                ++refused;
                if (!names.contains(name)) FAIL_CHECK(name);
            }
            if (pc.signalingState() != SignalingState::stable || *pc.remoteDescription() != remote ||
                *pc.localDescription() != local)
                FAIL("a description that was refused or withdrawn left a trace: " << as_text(damaged));
        }
        test::figure("{} damaged descriptions refused, {} accepted and withdrawn", refused, accepted);
        CHECK(refused > 500);
        co_await call.pause(10s);
        CHECK(pc.connectionState() == PeerConnectionState::connected);
        co_await channel.send("alive");
        auto theirs = co_await call.answerer->nextDataChannel();
        auto message = co_await theirs.receive();
        CHECK(message.text() == "alive");
    };
    call.run(body(), 100s);
    call.finish();
}

TEST_CASE("hostile: a wrong fingerprint is a failure with a name, at both ends, at once") {
    test::sim_call call(1, test::link_of(5ms));
    auto channel = call.offerer->createDataChannel("x");
    auto spoil = [](std::string sdp) {
        const auto at = sdp.find("a=fingerprint:sha-256 ") + 22;
        sdp[at] = sdp[at] == '0' ? '1' : '0';
        return sdp;
    };
    std::string failures[2];
    auto body = [&]() -> asio::awaitable<void> {
        auto offer = co_await call.offerer->createOffer();
        co_await call.offerer->setLocalDescription(offer);
        co_await call.answerer->setRemoteDescription(offer);
        auto answer = co_await call.answerer->createAnswer();
        co_await call.answerer->setLocalDescription(answer);
        auto spoilt = SessionDescription(SdpType::answer, spoil(answer.sdp));
        co_await call.offerer->setRemoteDescription(spoilt);
        call.trickling.push_back(call.spawn(call.trickle(*call.offerer, *call.answerer)));
        call.trickling.push_back(call.spawn(call.trickle(*call.answerer, *call.offerer)));
        failures[0] = co_await test::failure_of(call.offerer->connected());
        failures[1] = co_await test::failure_of(call.answerer->connected());
    };
    const auto began = call.world.now();
    call.run(body(), 1s);
    CHECK(call.world.now() - began <= 100ms);
    CHECK(failures[0] == "NetworkError");
    CHECK(failures[1] == "NetworkError");
    CHECK(call.offerer->connectionState() == PeerConnectionState::failed);
    CHECK(channel.readyState() == DataChannelState::closed);
    call.finish();
}
