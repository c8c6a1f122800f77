#include "test/support/allocation_count.hpp"
#include "test/unit/turn/engine_script.hpp"

#include <set>

// What strangers and users send that they should not.

using namespace cortc;
using namespace cortc::turn;
using namespace cortc::turn::engine_test;

namespace {

ip_address address(const char* text) { return boost::asio::ip::make_address(text); }

} // namespace

TEST_CASE("server: peers inside the network are denied unless they are allowed") {
    const auto denied = {
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
        "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.168.1.1",
        "192.88.99.1", "198.18.0.1", "224.0.0.251", "239.255.255.250", "240.0.0.1", "255.255.255.255",
        // the same inside IPv6
        "::", "::1", "::127.0.0.1", "::10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
        "::ffff:8.8.8.8", "::ffff:0:10.0.0.1", "2002:7f00:1::1", "2002:a00:1::", "2002:a9fe:a9fe::1",
        "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8",
        "2001:0:1234::1", "2001:db8::5efe:10.0.0.1", "2001:db8::200:5efe:127.0.0.1",
        // and its own
        "fc00::1", "fd00:ec2::254", "fe80::1", "febf::1", "fec0::1", "ff02::1", "100::1"};
    for (const auto* each : denied) {
        CAPTURE(each);
        CHECK(is_special(address(each)));
        CHECK_FALSE(peer_policy().permits(address(each)));
    }
    for (const auto* each :
         {"8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "192.0.1.1", "198.20.0.1",
          "223.255.255.255", "2606:4700::1", "2002:808:808::1", "64:ff9b::8.8.8.8", "2a00::5efe:8.8.8.8"}) {
        CAPTURE(each);
        CHECK(peer_policy().permits(address(each)));
    }
}

TEST_CASE("server: ranges that are allowed, and that are denied") {
    const auto range = [](const char* text) { return address_range::parse(text).value(); };
    peer_policy policy({range("10.1.0.0/16"), range("fd00::/8"), range("127.0.0.1")},
                       {range("10.1.2.0/24"), range("8.8.0.0/16"), range("2606:4700::/32")});
    policy.add_own(address("203.0.113.1"));
    policy.add_own(address("10.1.9.9"));
    for (const auto* each : {"10.1.0.1", "fd12::1", "127.0.0.1", "9.9.9.9", "10.1.9.9"}) {
        CAPTURE(each);
        CHECK(policy.permits(address(each)));
    }
    for (const auto* each :
         {"10.1.2.3", "10.2.0.1", "8.8.8.8", "2002:808:808::1", "64:ff9b::8.8.8.8", "127.0.0.2",
          "2606:4700::1", "203.0.113.1", "64:ff9b::203.0.113.1", "2002:cb00:7101::1", "64:ff9b::10.1.0.1"}) {
        CAPTURE(each);
        CHECK_FALSE(policy.permits(address(each)));
    }
    for (const auto* each : {"", "/", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1", "10.0.0.0/33", "10.0.0.1/8",
                             "::/129", "fd00::1/8", "example.org/8", "10.0.0.0/8/8", "10.0.0.0/ 8"}) {
        CAPTURE(each);
        CHECK_FALSE(address_range::parse(each));
    }
    CHECK(range("0.0.0.0/0").contains(address("203.0.113.1")));
    CHECK_FALSE(range("0.0.0.0/0").contains(address("::1")));
    CHECK(range("::/0").contains(address("::1")));
}

TEST_CASE("server: strangers get a number of answers a second, and leave nothing behind") {
    auto options = usual_options();
    options.limit.challenges_per_second = 20;
    engine_script run(options);
    const auto request = run.request(method::allocate, engine_script::udp, false);
    for (int i = 0; i < 10000; ++i) run.give(request);
    CHECK(run.sent.size() == 20);
    CHECK(run.engine.statistics().challenges_suppressed == 9980);
    run.from.client.address = address("198.51.100.200"); // others are not concerned
    CHECK(run.answer(request));
    run.now += 1s;
    run.from.client.address = address("198.51.100.7");
    std::size_t answered = 0;
    for (int i = 0; i < 1000; ++i) answered += run.answer(request).has_value();
    CHECK(answered == 20);

    SECTION("wrong passwords count, too") {
        run.now += 1s;
        run.challenge();
        run.who.password = "guess";
        const auto guess = run.request(method::allocate, engine_script::udp);
        std::size_t answers = 0;
        for (int i = 0; i < 1000; ++i) answers += run.answer(guess).has_value();
        CHECK(answers == 19);
    }
    SECTION("and bad requests, and stale nonces") {
        run.now += 1s;
        const auto bad = run.request(
            method::refresh, [](writer& out) { out.add_integrity(bytes_of("key")); }, false);
        run.who.nonce = "old";
        const auto stale = run.request(method::allocate, engine_script::udp);
        std::size_t answers = 0;
        for (int i = 0; i < 500; ++i) answers += run.answer(bad).has_value() + run.answer(stale).has_value();
        CHECK(answers == 20);
    }
    CHECK(run.engine.statistics().allocations == 0);
    CHECK(run.open.empty());
    CHECK(run.engine.next_timeout() == never);
}

TEST_CASE("server: an IPv6 stranger is a network") {
    source_limit limit(2);
    const auto now = time_point() + 1h;
    CHECK(limit.take(address("2001:db8::1"), now));
    CHECK(limit.take(address("2001:db8::2"), now));
    CHECK_FALSE(limit.take(address("2001:db8::3"), now));
    CHECK(limit.take(address("2001:db8:0:1::1"), now));
    CHECK(limit.take(address("2001:db8::4"), now + 500ms));
    CHECK_FALSE(source_limit(0).take(address("192.0.2.1"), now));
}

TEST_CASE("server: what is no request is dropped and counted") {
    engine_script run;
    REQUIRE(run.allocate() == 0);
    const auto bob = at("203.0.113.9", 7000);
    REQUIRE(run.permit("203.0.113.9") == 0);
    const auto before = run.engine.statistics().dropped_malformed;
    const auto dropped = [&](const packet& what) {
        const auto count = run.engine.statistics().dropped_malformed;
        run.sent.clear();
        const auto out = run.give(what);
        return !out && run.sent.empty() && run.engine.statistics().dropped_malformed == count + 1;
    };
    CHECK(dropped({}));
    CHECK(dropped(bytes_of("hello")));
    CHECK(dropped(bytes_of(std::string(2000, '\x80'))));
    CHECK(dropped(run.request(method::allocate, {}, false, stun::message_class::success_response)));
    CHECK(dropped(run.request(method::data, {}, false, stun::message_class::indication)));
    CHECK(dropped(run.request(method(0x0ff), {}, false)));
    CHECK(dropped(run.request(
        method::send, [&](writer& out) { out.add_xor_peer_address(bob); }, false,
        stun::message_class::indication)));
    CHECK(dropped(run.request(
        method::send, [&](writer& out) { out.add_data({}); }, false, stun::message_class::indication)));
    CHECK(dropped(run.indication(at("203.0.113.9", 0), "x")));
    CHECK(dropped(run.request(
        method::send,
        [&](writer& out) {
            out.add_xor_peer_address(bob);
            out.add_data({});
            out.add(stun::attribute_type(0x7777), {});
        },
        false, stun::message_class::indication)));
    auto wrong = run.request(
        method::binding, [](writer& out) { out.add_fingerprint(); }, false);
    wrong.back() ^= std::byte{1};
    CHECK(dropped(wrong));
    CHECK(run.engine.statistics().dropped_malformed == before + 11);
    // RFC 8489 3: a Binding indication keeps a NAT's mapping alive.
    run.give(run.request(method::binding, {}, false, stun::message_class::indication));
    CHECK(run.engine.statistics().dropped_malformed == before + 11);
    // An indication is not signed, and DONT-FRAGMENT may be in it.
    CHECK(run.give(run.request(
        method::send,
        [&](writer& out) {
            out.add_xor_peer_address(bob);
            out.add_dont_fragment();
            out.add_data(as_bytes("x"));
        },
        false, stun::message_class::indication)));
}

TEST_CASE("server: attributes of every length") {
    engine_script run;
    REQUIRE(run.allocate() == 0);
    using stun::attribute_type;
    for (const auto type :
         {attribute_type::lifetime, attribute_type::requested_transport,
          attribute_type::requested_address_family, attribute_type::additional_address_family,
          attribute_type::even_port, attribute_type::reservation_token, attribute_type::channel_number,
          attribute_type::xor_peer_address, attribute_type::dont_fragment, attribute_type::password_algorithm,
          attribute_type::password_algorithms, attribute_type::data, attribute_type::icmp,
          attribute_type::username, attribute_type::nonce, attribute_type::realm})
        for (std::size_t size = 0; size < 40; ++size)
            for (const auto which : {method::allocate, method::refresh, method::create_permission,
                                     method::channel_bind, method::send}) {
                const packet value(size, std::byte{0x7f});
                const bool request = which != method::send;
                run.give(run.request(
                    which, [&](writer& out) { out.add(type, value); }, request,
                    request ? stun::message_class::request : stun::message_class::indication));
            }
    CHECK(run.engine.statistics().allocations == 1);
    CHECK(run.permit("203.0.113.9") == 0);
}

TEST_CASE("server: whatever is changed in a session's packets, it goes on") {
    engine_script run;
    run.who.sha256 = GENERATE(false, true);
    support::seeded_random dice(7);
    REQUIRE(run.allocate() == 0);
    const auto bob = at("203.0.113.9", 7000);
    std::vector<packet> session;
    const auto keep = [&](packet what) {
        run.give(what);
        session.push_back(std::move(what));
    };
    keep(run.request(method::allocate, engine_script::udp));
    keep(run.request(method::allocate, engine_script::udp, false));
    keep(run.request(method::create_permission, [&](writer& out) {
        out.add_xor_peer_address(bob);
        out.add_xor_peer_address(at("203.0.113.10", 1));
    }));
    keep(run.request(method::channel_bind, [&](writer& out) {
        out.add_channel_number(0x4000);
        out.add_xor_peer_address(bob);
    }));
    keep(run.request(method::refresh, [](writer& out) { out.add_lifetime(600s); }));
    keep(run.indication(bob, "hello"));
    keep(engine_script::channel_data(0x4000, "hello"));
    keep(run.request(
        method::binding, [](writer& out) { out.add_fingerprint(); }, false));
    for (int i = 0; i < 20000; ++i) {
        auto what = session[dice.below(session.size())];
        const auto changes = 1 + dice.below(4);
        for (std::uint64_t j = 0; j < changes && !what.empty(); ++j) {
            const auto where = dice.below(what.size());
            switch (dice.below(4)) {
            case 0:
                what[where] ^= static_cast<std::byte>(1U << dice.below(8));
                break;
            case 1:
                what[where] = static_cast<std::byte>(dice.below(256));
                break;
            case 2:
                what.resize(where);
                break;
            default:
                what.insert(what.begin() + std::ptrdiff_t(where), static_cast<std::byte>(dice.below(256)));
            }
        }
        if (const auto out = run.give(what)) {
            // Only to whom it was permitted, and nothing but what was in the packet.
            CHECK((out->peer.address == bob.address || out->peer.address == address("203.0.113.10")));
            CHECK(out->payload.size() <= what.size());
        }
        run.sent.clear();
        if (i % 100 == 0) run.now += 1s;
    }
    CHECK(run.engine.statistics().allocations == 1);
    CHECK(run.open.size() == 1);
}

TEST_CASE("server: relayed packets allocate nothing") {
    engine_script run;
    REQUIRE(run.allocate() == 0);
    const auto bob = at("203.0.113.9", 7000);
    REQUIRE(run.bind(0x4000, bob) == 0);
    const auto data = engine_script::channel_data(0x4000, std::string(1000, 'x'));
    const auto indication = run.indication(bob, std::string(1000, 'x'));
    const std::string payload(1000, 'x');
    std::array<std::byte, server_engine::max_header> before;
    std::array<std::byte, server_engine::max_padding> after;
    const auto relay = run.open.begin()->first;
    const auto count = support::allocation_count();
    std::size_t passed = 0;
    for (int i = 0; i < 100; ++i) {
        passed += run.engine.handle_packet(run.from, data, run.now).has_value();
        passed += run.engine.handle_packet(run.from, indication, run.now).has_value();
        passed +=
            run.engine.handle_relayed(relay, bob, as_bytes(payload), before, after, run.now).has_value();
    }
    CHECK(support::allocation_count() == count);
    CHECK(passed == 300);
    CHECK(run.engine.statistics().packets_to_peers == 200);
    CHECK(run.engine.statistics().bytes_to_clients == 100000);
}

TEST_CASE("server: ports are drawn at random, each once") {
    support::seeded_random random(3);
    port_pool ports(1000, 1099);
    std::vector<std::uint16_t> drawn;
    while (const auto port = ports.take(random)) drawn.push_back(*port);
    CHECK(std::set<std::uint16_t>(drawn.begin(), drawn.end()).size() == 100);
    CHECK_FALSE(std::ranges::is_sorted(drawn));
    CHECK(ports.available() == 0);
    for (const auto each : drawn) {
        ports.give_back(each);
        ports.give_back(each); // twice is once
    }
    ports.give_back(999);
    ports.give_back(1100);
    CHECK(ports.available() == 100);
    std::size_t pairs = 0;
    while (const auto port = ports.take_even(random, true)) {
        CHECK(*port % 2 == 0);
        ++pairs;
    }
    CHECK(pairs > 40); // as far as draws find them
    CHECK(ports.available() == 100 - 2 * pairs);
    port_pool whole(1, 65535);
    CHECK(whole.available() == 65535);
    CHECK(whole.take(random));
}

TEST_CASE("REST credentials are made as coturn and the draft have it") {
    const auto when = unix_time(std::chrono::seconds(1'700'000'000));
    const auto made = rest_credentials::make("alice", "north", when);
    CHECK(made.username == "1700000000:alice");
    CHECK(made.password == "Cd/49soE35ICqcJF/bCTn8Z4OyE=");
    CHECK(rest_credentials::verify(made.username, made.password, "north", when - 1s));
    CHECK_FALSE(rest_credentials::verify(made.username, made.password, "north", when));
    CHECK_FALSE(rest_credentials::verify(made.username, made.password, "south", when - 1s));
    CHECK_FALSE(rest_credentials::verify("1700000001:alice", made.password, "north", when - 1s));
    CHECK_FALSE(rest_credentials::verify(made.username, "", "north", when - 1s));
    CHECK(rest_credentials::make("", "north", when).username == "1700000000");
    CHECK(rest_credentials::user_of("1:a:b@c") == "a:b@c");
    for (const auto* name : {"", ":", "alice", "-1:a", "+1:a", " 1:a", "1x:a", "99999999999999999999:a",
                             "253402300800:a", "0x10:a"}) {
        CAPTURE(name);
        CHECK_FALSE(rest_credentials::expiry_of(name));
        CHECK_FALSE(rest_credentials::password_of(name, "north", when));
    }
}
