#include "test/unit/turn/engine_script.hpp"

#include "cortc/error.hpp"

#include <set>

// The server by script: what RFC 8656 and RFC 8489 have it answer, and what strangers cannot make it do.

using namespace cortc;
using namespace cortc::turn;
using namespace cortc::turn::engine_test;

namespace {

const auto bob = at("203.0.113.9", 7000), carol = at("203.0.113.10", 7000);

} // namespace

TEST_CASE("server: a binding request is answered, in the clear") {
    engine_script run;
    REQUIRE(run.code(run.request(method::binding, {}, false)) == 0);
    CHECK(run.answered().xor_mapped_address() == run.from.client);
    CHECK_FALSE(run.answered().has_integrity());
    CHECK_FALSE(run.answered().has_fingerprint());
    REQUIRE(run.code(run.request(
                method::binding, [](writer& out) { out.add_fingerprint(); }, false)) == 0);
    CHECK(run.answered().verify_fingerprint());
    // RFC 5780 is not here, and says so.
    CHECK(run.code(run.request(
              method::binding,
              [](writer& out) {
                  out.add_change_request({true, true});
              },
              false)) == 420);
    CHECK((*run.answered().unknown_attributes())[0] == stun::attribute_type::change_request);
    CHECK(run.engine.statistics().bindings == 2);
}

TEST_CASE("server: an allocation is challenged, signed and granted") {
    engine_script run;
    run.who.sha256 = GENERATE(false, true);
    CHECK(run.code(run.request(method::allocate, engine_script::udp, false)) == 401);
    CHECK(run.answered().realm() == "example.org");
    CHECK(stun::nonce_features(*run.answered().nonce())->password_algorithms);
    REQUIRE(run.answered().password_algorithms());
    CHECK((*run.answered().password_algorithms())[0].algorithm == stun::password_algorithm::sha256);
    CHECK_FALSE(run.answered().has_integrity());
    run.who.nonce = *run.answered().nonce();
    REQUIRE(run.code(run.request(method::allocate, engine_script::udp)) == 0);
    CHECK(run.is_authentic());
    CHECK(run.answered().has_integrity() == !run.who.sha256);
    CHECK(run.answered().lifetime() == 600s);
    CHECK(run.answered().xor_mapped_address() == run.from.client);
    const auto where = run.relayed();
    CHECK(where.address == at("192.0.2.1", 0).address); // IPv4, for no family was asked
    CHECK(where.port >= 49152);
    REQUIRE(run.open.size() == 1);
    CHECK(run.open.begin()->second == where);
    CHECK(run.engine.statistics().allocations == 1);
}

TEST_CASE("server: a repeated Allocate has the same answer, and counts once; another is a mismatch") {
    auto options = usual_options();
    options.limit.allocations_per_user = 1;
    engine_script run(options);
    run.challenge();
    const auto request = run.request(method::allocate, engine_script::udp);
    const auto first = run.answer(request), second = run.answer(request);
    REQUIRE(first);
    CHECK(first == second);
    CHECK(run.opened == 1);
    CHECK(run.code(run.request(method::allocate, engine_script::udp)) == 437);
    CHECK(run.is_authentic());
    CHECK(run.engine.statistics().allocations_made == 1);
}

TEST_CASE("server: wrong credentials") {
    engine_script run;
    run.challenge();
    SECTION("nobody has the name") {
        run.who.name = "nobody";
        CHECK(run.code(run.request(method::allocate, engine_script::udp)) == 401);
        CHECK(run.engine.statistics().authentication_failed == 1);
    }
    SECTION("the password is wrong") {
        run.who.password = "guess";
        CHECK(run.code(run.request(method::allocate, engine_script::udp)) == 401);
    }
    SECTION("another realm") {
        run.who.realm = "example.com";
        CHECK(run.code(run.request(method::allocate, engine_script::udp)) == 401);
    }
    SECTION("integrity without the rest is a bad request") {
        const auto part = run.request(
            method::allocate,
            [&](writer& out) {
                engine_script::udp(out);
                out.add_username("user");
                out.add_integrity(run.who.key());
            },
            false);
        CHECK(run.code(part) == 400);
        CHECK_FALSE(run.answered().has_integrity());
    }
    SECTION("a user hash, which the nonce does not announce") {
        const auto hashed = run.request(
            method::allocate,
            [&](writer& out) {
                engine_script::udp(out);
                out.add_userhash(stun::userhash("user", "example.org"));
                out.add_realm(run.who.realm);
                out.add_nonce(run.who.nonce);
                out.add_integrity(run.who.key());
            },
            false);
        CHECK(run.code(hashed) == 401);
    }
    CHECK(run.open.empty());
    CHECK(run.engine.statistics().allocations == 0);
}

TEST_CASE("server: who shortens the list of algorithms on the way is found out") {
    engine_script run;
    run.challenge();
    using stun::password_algorithm;
    const auto with = [&](std::vector<password_algorithm> list, std::optional<password_algorithm> chosen) {
        return run.code(run.request(
            method::allocate,
            [&](writer& out) {
                engine_script::udp(out);
                out.add_username("user");
                out.add_realm(run.who.realm);
                out.add_nonce(run.who.nonce);
                if (!list.empty()) out.add_password_algorithms(list);
                if (chosen) out.add_password_algorithm(*chosen);
                out.add_integrity(run.who.key());
            },
            false));
    };
    CHECK(with({password_algorithm::md5}, password_algorithm::md5) == 400);
    CHECK(with({password_algorithm::md5, password_algorithm::sha256}, password_algorithm::md5) == 400);
    CHECK(with({password_algorithm::sha256, password_algorithm::md5}, {}) == 400);
    CHECK(with({}, password_algorithm::md5) == 400);
    CHECK(with({password_algorithm::sha256, password_algorithm::md5}, password_algorithm(7)) == 400);
    CHECK(with({password_algorithm::sha256, password_algorithm::md5}, password_algorithm::md5) == 0);
}

TEST_CASE("server: one that knows SHA-256 alone, and one that is as RFC 5389 has it") {
    auto options = usual_options();
    SECTION("SHA-256") {
        options.password_algorithms = {stun::password_algorithm::sha256};
        engine_script run(options);
        CHECK(run.allocate() == 400); // MD5
    }
    SECTION("MD5") {
        options.password_algorithms = {stun::password_algorithm::md5};
        engine_script run(options);
        CHECK(run.code(run.request(method::allocate, engine_script::udp, false)) == 401);
        CHECK_FALSE(run.answered().password_algorithms());
        CHECK_FALSE(stun::nonce_features(*run.answered().nonce())->password_algorithms);
        CHECK(run.allocate() == 0);
    }
}

TEST_CASE("server: nonces are of one server, one address and one time") {
    engine_script run;
    REQUIRE(run.allocate() == 0);
    SECTION("the time is over, for every method") {
        run.refresh(3600s);
        run.pass(59min);
        CHECK(run.permit("203.0.113.9") == 0);
        run.refresh(3600s);
        run.pass(2min);
        CHECK(run.permit("203.0.113.9") == 438);
        CHECK_FALSE(run.answered().has_integrity());
        CHECK(run.answered().realm() == "example.org");
        run.who.nonce = *run.answered().nonce();
        CHECK(run.permit("203.0.113.9") == 0);
    }
    SECTION("another port of the client's NAT") {
        run.from.client.port = 4001;
        CHECK(run.code(run.request(method::allocate, engine_script::udp)) == 0);
    }
    SECTION("another address") {
        run.from.client = at("198.51.100.8", 4000);
        CHECK(run.code(run.request(method::allocate, engine_script::udp)) == 438);
    }
    SECTION("another server") {
        auto foreign = nonces(run.random, {.password_algorithms = true}, 1h);
        run.who.nonce = foreign.make(run.from.client.address, run.now);
        CHECK(run.refresh({}) == 438);
        run.challenge();
        run.who.nonce.back() = run.who.nonce.back() == 'A' ? 'B' : 'A';
        CHECK(run.refresh({}) == 438);
        run.who.nonce = "mine";
        CHECK(run.refresh({}) == 438);
    }
}

TEST_CASE("server: permissions are of an address, both ways, and for five minutes") {
    engine_script run;
    REQUIRE(run.allocate() == 0);
    const auto relay = run.open.begin()->first;
    CHECK_FALSE(run.give(run.indication(bob, "early")));
    CHECK_FALSE(run.from_peer(relay, bob, "early"));
    REQUIRE(run.permit("203.0.113.9") == 0);
    CHECK(run.is_authentic());
    const auto out = run.give(run.indication(bob, "hello"));
    REQUIRE(out);
    CHECK(out->relay == relay);
    CHECK(out->peer == bob);
    CHECK(as_text(out->payload) == "hello");
    CHECK(run.give(run.indication(at("203.0.113.9", 1), "any port")));
    CHECK_FALSE(run.give(run.indication(carol, "x")));
    CHECK(run.give(run.indication(bob, "")).value().payload.empty());

    const auto in = run.from_peer(relay, bob, "abcde");
    REQUIRE(in);
    const auto message = stun::message::parse(*in).value();
    CHECK(message.is(stun::message_class::indication, method::data));
    CHECK(message.xor_peer_address() == bob);
    CHECK(as_text(*message.data()) == "abcde");
    CHECK(stun::message::parse(*run.from_peer(relay, bob, ""))->data()->empty());
    CHECK_FALSE(run.from_peer(relay, carol, "x"));
    CHECK(run.engine.statistics().dropped_no_permission == 4);

    run.pass(299s);
    CHECK(run.give(run.indication(bob, "still"))); // which does not renew it
    run.pass(1s);
    CHECK_FALSE(run.give(run.indication(bob, "late")));
    CHECK_FALSE(run.from_peer(relay, bob, "late"));
}

TEST_CASE("server: several peers in one CreatePermission, all or none") {
    engine_script run;
    REQUIRE(run.allocate() == 0);
    const auto ask = [&](std::vector<endpoint> peers) {
        return run.code(run.request(method::create_permission, [&](writer& out) {
            for (const auto& each : peers) out.add_xor_peer_address(each);
        }));
    };
    CHECK(ask({}) == 400);
    CHECK(ask({bob, at("127.0.0.1", 0)}) == 403);
    CHECK_FALSE(run.give(run.indication(bob, "x")));
    CHECK(ask({bob, at("2001:db8::1", 1)}) == 443);
    CHECK(ask({bob, carol}) == 0);
    CHECK(run.give(run.indication(bob, "x")));
    CHECK(run.give(run.indication(carol, "x")));
    CHECK(run.engine.statistics().refused_peers == 1);
}

TEST_CASE("server: channels are of an address and a port, both ways, for ten minutes") {
    engine_script run;
    REQUIRE(run.allocate() == 0);
    const auto relay = run.open.begin()->first;
    CHECK_FALSE(run.give(engine_script::channel_data(0x4000, "early")));
    CHECK(run.engine.statistics().dropped_no_channel == 1);
    REQUIRE(run.bind(0x4000, bob) == 0);
    const auto sent = run.give(engine_script::channel_data(0x4000, "hello"));
    REQUIRE(sent);
    CHECK(sent->peer == bob);
    CHECK(as_text(sent->payload) == "hello");
    CHECK(run.give(engine_script::channel_data(0x4000, "")).value().payload.empty());
    CHECK(*run.from_peer(relay, bob, "abcde") == engine_script::channel_data(0x4000, "abcde"));
    // The same address with another port has the permission, not the channel.
    const auto in = run.from_peer(relay, at("203.0.113.9", 7001), "x");
    REQUIRE(in);
    CHECK(stun::message::parse(*in)->xor_peer_address() == at("203.0.113.9", 7001));

    SECTION("a number and a peer are bound to each other alone") {
        CHECK(run.bind(0x4000, bob) == 0);
        CHECK(run.bind(0x4001, bob) == 400);
        CHECK(run.bind(0x4000, carol) == 400);
        CHECK(run.bind(0x4001, carol) == 0);
        CHECK(run.bind(0x4002, at("203.0.113.9", 7001)) == 0);
    }
    SECTION("the permission ends before the channel") {
        run.pass(301s);
        CHECK_FALSE(run.give(engine_script::channel_data(0x4000, "x")));
        CHECK_FALSE(run.from_peer(relay, bob, "x"));
        REQUIRE(run.permit("203.0.113.9") == 0);
        CHECK(run.give(engine_script::channel_data(0x4000, "x")));
        REQUIRE(run.refresh(600s) == 0);
        run.pass(298s);
        CHECK(run.bind(0x4001, carol) == 0);
        CHECK(run.permit("203.0.113.9") == 0);
        CHECK(run.give(engine_script::channel_data(0x4000, "x")));
        run.pass(1s);
        CHECK_FALSE(run.give(engine_script::channel_data(0x4000, "x")));
        CHECK(stun::message::parse(*run.from_peer(relay, bob, "x"))->data()); // by indication again
        CHECK(run.bind(0x4000, carol) == 400);
        CHECK(run.bind(0x4000, at("203.0.113.11", 1)) == 0); // it is free
    }
    SECTION("what is no channel, and no peer") {
        const auto ask = [&](const engine_script::add& with) {
            return run.code(run.request(method::channel_bind, with));
        };
        CHECK(ask([](writer& out) { out.add_channel_number(0x4001); }) == 400);
        CHECK(ask([](writer& out) { out.add_xor_peer_address(carol); }) == 400);
        const std::array<std::byte, 4> low{std::byte{0x3f}, std::byte{0xff}};
        const std::array<std::byte, 4> high{std::byte{0x80}, std::byte{0}};
        for (const auto& number : {low, high})
            CHECK(ask([&](writer& out) {
                      out.add(stun::attribute_type::channel_number, number);
                      out.add_xor_peer_address(carol);
                  }) == 400);
        CHECK(run.bind(0x4001, at("203.0.113.10", 0)) == 400);
        CHECK(run.bind(0x4001, at("10.0.0.1", 5)) == 403);
        CHECK(run.bind(0x4001, at("2001:db8::1", 5)) == 443);
    }
    SECTION("malformed data") {
        auto longer = engine_script::channel_data(0x4000, "hello");
        longer[3] = std::byte{6};
        CHECK_FALSE(run.give(longer));
        CHECK_FALSE(run.give(packet(longer.begin(), longer.begin() + 3)));
        CHECK(run.engine.statistics().dropped_malformed == 2);
        longer[3] = std::byte{3}; // what follows is padding
        CHECK(as_text(run.give(longer)->payload) == "hel");
    }
}

TEST_CASE("server: channels as RFC 5766 had them, unless they are not wanted") {
    auto options = usual_options();
    const bool old = GENERATE(true, false);
    options.old_channels = old;
    engine_script run(options);
    REQUIRE(run.allocate() == 0);
    const std::array<std::byte, 4> number{std::byte{0x7f}, std::byte{0xff}};
    CHECK(run.code(run.request(method::channel_bind, [&](writer& out) {
        out.add(stun::attribute_type::channel_number, number);
        out.add_xor_peer_address(bob);
    })) == (old ? 0 : 400));
    CHECK(run.give(engine_script::channel_data(0x7fff, "x")).has_value() == old);
}

TEST_CASE("server: another user has no say on a 5-tuple") {
    engine_script run;
    REQUIRE(run.allocate() == 0);
    run.who.name = "other";
    run.who.password = "secret of other";
    CHECK(run.refresh(0s) == 441);
    CHECK(run.is_authentic());
    CHECK(run.permit("203.0.113.9") == 441);
    CHECK(run.bind(0x4000, bob) == 441);
    CHECK(run.code(run.request(method::allocate, engine_script::udp)) == 437);
    CHECK(run.engine.statistics().allocations == 1);
}

TEST_CASE("server: without an allocation there is a mismatch, and data are nothing") {
    engine_script run;
    run.challenge();
    CHECK(run.refresh(0s) == 437);
    CHECK(run.permit("203.0.113.9") == 437);
    CHECK(run.bind(0x4000, bob) == 437);
    CHECK_FALSE(run.give(run.indication(bob, "x")));
    CHECK_FALSE(run.give(engine_script::channel_data(0x4000, "x")));
    CHECK(run.engine.statistics().dropped_no_allocation == 2);
    CHECK_FALSE(run.from_peer(relay_id(7), bob, "x"));
}

TEST_CASE("server: a lifetime is as the server wants it, and its end frees everything") {
    engine_script run;
    REQUIRE(run.allocate([](writer& out) { out.add_lifetime(1s); }) == 0);
    CHECK(run.answered().lifetime() == 600s);
    REQUIRE(run.refresh(999999999s) == 0);
    CHECK(run.answered().lifetime() == 3600s);
    REQUIRE(run.refresh({}) == 0);
    CHECK(run.answered().lifetime() == 600s);
    CHECK(run.is_authentic());
    SECTION("the client ends it") {
        const auto request = run.request(method::refresh, [](writer& out) { out.add_lifetime(0s); });
        REQUIRE(run.code(request) == 0);
        CHECK(run.answered().lifetime() == 0s);
        CHECK(run.code(request) == 437); // as RFC 8656 8.2 has it, when that is repeated
        CHECK(run.code(run.request(method::allocate, engine_script::udp)) == 0);
        run.refresh(0s);
    }
    SECTION("nobody renews it") {
        run.pass(599s);
        CHECK(run.open.size() == 1);
        run.pass(1s);
    }
    SECTION("its connection ends") { run.engine.path_ended(run.from, run.now); }
    SECTION("the server is closed") { run.engine.close_all(run.now); }
    run.drain();
    CHECK(run.open.empty());
    CHECK(run.engine.statistics().allocations == 0);
    CHECK(run.engine.next_timeout() == never);
}

TEST_CASE("server: families, each with its own addresses") {
    auto options = usual_options();
    const auto outside = boost::asio::ip::make_address("198.51.100.1");
    options.relays = {relay_address(boost::asio::ip::make_address("10.0.0.5"), outside),
                      relay_address(boost::asio::ip::make_address("2001:db8::5"))};
    engine_script run(options, {});
    const auto family = [](stun::address_family which) {
        return [which](writer& out) { out.add_requested_address_family(which); };
    };
    SECTION("IPv4, behind a NAT") {
        REQUIRE(run.allocate(family(stun::address_family::ipv4)) == 0);
        CHECK(run.relayed().address == outside);
        CHECK(run.open.begin()->second.address == options.relays[0].local);
        CHECK(run.relayed().port == run.open.begin()->second.port);
    }
    SECTION("IPv6, whose address is its own") {
        REQUIRE(run.allocate(family(stun::address_family::ipv6)) == 0);
        CHECK(run.relayed().address == options.relays[1].local);
        CHECK(run.permit("203.0.113.9") == 443);
        CHECK(run.permit("2001:db8:1::1") == 0);
        CHECK(run.code(run.request(method::refresh, family(stun::address_family::ipv4))) == 443);
    }
    SECTION("both") {
        REQUIRE(run.allocate([](writer& out) { out.add_additional_address_family(); }) == 0);
        REQUIRE(run.open.size() == 2);
        std::size_t count = 0;
        for (const auto type : run.answered().attributes())
            count += type == stun::attribute_type::xor_relayed_address;
        CHECK(count == 2);
        CHECK_FALSE(run.answered().address_error_code());
        CHECK(run.permit("203.0.113.9") == 0);
        CHECK(run.permit("2001:db8:1::1") == 0);
        CHECK(run.give(run.indication(bob, "x"))->relay !=
              run.give(run.indication(at("2001:db8:1::1", 5), "x"))->relay);
        // RFC 8656 8.2: one of them can be given back alone.
        CHECK(run.code(run.request(method::refresh, [](writer& out) {
            out.add_lifetime(0s);
            out.add_requested_address_family(stun::address_family::ipv4);
        })) == 0);
        CHECK(run.open.size() == 1);
        CHECK(run.permit("203.0.113.9") == 443);
        CHECK(run.permit("2001:db8:1::1") == 0);
        CHECK(run.refresh(0s) == 0);
    }
    SECTION("a family that does not exist, and both ways of asking") {
        const std::array<std::byte, 4> seven{std::byte{7}};
        CHECK(run.allocate([&](writer& out) {
            out.add(stun::attribute_type::requested_address_family, seven);
        }) == 440);
        CHECK(run.allocate([](writer& out) {
            out.add_requested_address_family(stun::address_family::ipv4);
            out.add_additional_address_family();
        }) == 400);
        const std::array<std::byte, 4> four{std::byte{1}};
        CHECK(run.allocate([&](writer& out) {
            out.add(stun::attribute_type::additional_address_family, four);
        }) == 400);
    }
}

TEST_CASE("server: with IPv4 alone, IPv6 is refused, and both are half granted") {
    engine_script run;
    CHECK(run.allocate([](writer& out) { out.add_requested_address_family(stun::address_family::ipv6); }) ==
          440);
    REQUIRE(run.allocate([](writer& out) { out.add_additional_address_family(); }) == 0);
    CHECK(run.relayed().address.is_v4());
    REQUIRE(run.answered().address_error_code());
    CHECK(run.answered().address_error_code()->family == stun::address_family::ipv6);
    CHECK(run.answered().address_error_code()->code == error::address_family_not_supported);
}

TEST_CASE("server: what an Allocate cannot be") {
    engine_script run;
    run.challenge();
    const auto ask = [&](const engine_script::add& with) {
        return run.code(run.request(method::allocate, with));
    };
    CHECK(ask({}) == 400);
    CHECK(ask([](writer& out) { out.add_requested_transport(stun::transport_protocol::tcp); }) == 442);
    CHECK(ask([](writer& out) {
              engine_script::udp(out);
              out.add(stun::attribute_type::lifetime, {});
          }) == 400);
    CHECK(ask([](writer& out) {
              engine_script::udp(out);
              out.add(stun::attribute_type(0x7123), {});
              out.add_use_candidate();
          }) == 420);
    CHECK(run.is_authentic());
    REQUIRE(run.answered().unknown_attributes()->size() == 2);
    CHECK((*run.answered().unknown_attributes())[0] == stun::attribute_type(0x7123));
    CHECK(ask([](writer& out) {
              engine_script::udp(out);
              out.add_dont_fragment(); // all its sockets are so
              out.add(stun::attribute_type(0x8123), {});
          }) == 0);
    CHECK(run.code(run.request(method::connect)) == -1); // RFC 6062 is not here
}

TEST_CASE("server: even ports, and the next one for whom it was kept") {
    auto options = usual_options();
    options.first_port = 50001;
    options.last_port = 50004; // of which 50002 and 50003 are the only pair
    engine_script run(options);
    const auto even = [](bool next) { return [next](writer& out) { out.add_even_port(next); }; };
    REQUIRE(run.allocate(even(true)) == 0);
    CHECK(run.relayed().port == 50002);
    REQUIRE(run.answered().reservation_token());
    const packet token(run.answered().reservation_token()->begin(),
                       run.answered().reservation_token()->end());
    const auto redeem = [&](writer& out) { out.add_reservation_token(token); };

    SECTION("it is redeemed once") {
        run.from.client.port = 4001;
        REQUIRE(run.allocate(redeem) == 0);
        CHECK(run.relayed().port == 50003);
        run.from.client.port = 4002;
        CHECK(run.allocate(redeem) == 508);
        run.pass(31s);
        REQUIRE(run.allocate() == 0); // 50003 is not given twice
        CHECK(run.relayed().port != 50003);
    }
    SECTION("after half a minute it is anybody's") {
        run.pass(30s);
        run.from.client.port = 4001;
        CHECK(run.allocate(redeem) == 508);
        std::set<std::uint16_t> ports;
        for (std::uint16_t i = 0; i < 3; ++i) {
            run.from.client.port = static_cast<std::uint16_t>(5000 + i);
            REQUIRE(run.allocate() == 0);
            ports.insert(run.relayed().port);
        }
        CHECK(ports == std::set<std::uint16_t>{50001, 50003, 50004});
        run.from.client.port = 6000;
        CHECK(run.allocate() == 508);
    }
    SECTION("it stands alone") {
        run.from.client.port = 4001;
        for (const auto& with :
             {engine_script::add(even(false)), engine_script::add([](writer& out) {
                  out.add_requested_address_family(stun::address_family::ipv4);
              }),
              engine_script::add([](writer& out) { out.add_additional_address_family(); })})
            CHECK(run.allocate([&](writer& out) {
                redeem(out);
                with(out);
            }) == 400);
        CHECK(run.allocate([](writer& out) {
            out.add_even_port(true);
            out.add_additional_address_family();
        }) == 400);
        CHECK(run.allocate([](writer& out) { out.add(stun::attribute_type::even_port, {}); }) == 400);
        CHECK(run.allocate([](writer& out) { out.add(stun::attribute_type::reservation_token, {}); }) == 400);
        CHECK(run.allocate(even(true)) == 508); // no pair is left
        REQUIRE(run.allocate(even(false)) == 0);
        CHECK(run.relayed().port == 50004);
    }
    SECTION("the port that was promised is somebody else's") {
        run.busy = {50003};
        run.from.client.port = 4001;
        CHECK(run.allocate(redeem) == 508);
    }
}

TEST_CASE("server: ports of the range that others have are passed over, up to a limit") {
    auto options = usual_options();
    options.first_port = 50000;
    options.last_port = 50099;
    engine_script run(options);
    SECTION("some") {
        for (std::uint16_t port = 50000; port < 50050; ++port) run.busy.push_back(port);
        REQUIRE(run.allocate() == 0);
        CHECK(run.relayed().port >= 50050);
    }
    SECTION("all") {
        run.sockets = false;
        CHECK(run.allocate() == 508);
        CHECK(run.is_authentic());
        CHECK(run.engine.statistics().allocations == 0);
        CHECK(run.engine.statistics().allocations_made == 0);
        run.sockets = true;
        CHECK(run.code(run.request(method::allocate, engine_script::udp)) == 0); // nothing was lost
    }
}

TEST_CASE("server: ports that the system chooses") {
    auto options = usual_options();
    options.first_port = options.last_port = 0;
    engine_script run(options);
    CHECK(run.allocate([](writer& out) { out.add_even_port(false); }) == 508);
    REQUIRE(run.allocate() == 0);
    CHECK(run.relayed().port == 30000);
}

TEST_CASE("server: another server") {
    auto options = usual_options();
    options.alternate_server = at("192.0.2.2", 3478);
    engine_script run(options);
    CHECK(run.code(run.request(method::allocate, engine_script::udp, false)) == 401);
    CHECK(run.allocate() == 300);
    CHECK(run.is_authentic());
    CHECK(run.answered().alternate_server() == at("192.0.2.2", 3478));
    run.from.client = at("2001:db8::7", 4000); // whom it would not help
    CHECK(run.allocate() == 0);
}

TEST_CASE("server: one that stops keeps what it has") {
    engine_script run;
    REQUIRE(run.allocate() == 0);
    run.engine.stop_accepting({});
    CHECK(run.refresh({}) == 0);
    CHECK(run.permit("203.0.113.9") == 0);
    run.from.client.port = 4001;
    CHECK(run.allocate() == 508);
    run.engine.stop_accepting(at("192.0.2.2", 3478));
    CHECK(run.allocate() == 300);
}

TEST_CASE("server: from one of its relayed addresses to another nothing leaves the machine") {
    auto options = usual_options();
    const auto outside = boost::asio::ip::make_address("198.51.100.1");
    options.relays = {relay_address(boost::asio::ip::make_address("10.0.0.5"), outside)};
    engine_script run(options, {boost::asio::ip::make_address("10.0.0.5")});
    REQUIRE(run.allocate() == 0);
    const auto one = run.relayed();
    REQUIRE(run.permit("198.51.100.1") == 0);
    run.from.client.port = 4001;
    REQUIRE(run.allocate() == 0);
    const auto two = run.relayed();
    const auto out = run.give(run.indication(one, "refused"));
    CHECK_FALSE(out);
    REQUIRE(run.bind(0x4000, one) == 0);
    const auto data = run.give(engine_script::channel_data(0x4000, "hello"));
    REQUIRE(data);
    CHECK(data->straight);
    CHECK(data->peer == two);
    const auto in = run.from_peer(data->relay, data->peer, as_text(data->payload));
    REQUIRE(in);
    CHECK(stun::message::parse(*in)->xor_peer_address() == two);
    // What else listens at that address is not reached, nor the address behind the NAT.
    CHECK_FALSE(run.give(run.indication({outside, 22}, "ssh")));
    CHECK(run.permit("10.0.0.5") == 403);
}

TEST_CASE("server: quotas of a user and of the server") {
    auto options = usual_options();
    options.limit.allocations_per_user = 2;
    options.limit.allocations = 3;
    engine_script run(options);
    const auto next = [&] {
        ++run.from.client.port;
        return run.allocate();
    };
    CHECK(next() == 0);
    CHECK(next() == 0);
    CHECK(next() == 486);
    CHECK(run.engine.statistics().refused_quota == 1);
    run.who.name = "other";
    run.who.password = "secret of other";
    CHECK(next() == 0);
    CHECK(next() == 508);
    CHECK(run.engine.statistics().refused_capacity == 1);
    run.pass(600s); // all are over
    CHECK(next() == 0);
    CHECK(next() == 0);
    CHECK(next() == 486);
}

TEST_CASE("server: permissions and channels have a limit, and old ones make room") {
    auto options = usual_options();
    options.limit.permissions = 2;
    options.limit.channels = 1;
    engine_script run(options);
    REQUIRE(run.allocate() == 0);
    REQUIRE(run.permit("203.0.113.1") == 0);
    REQUIRE(run.bind(0x4000, at("203.0.113.2", 1)) == 0);
    CHECK(run.permit("203.0.113.1") == 0);
    CHECK(run.permit("203.0.113.3") == 508);
    CHECK(run.bind(0x4001, at("203.0.113.1", 1)) == 508);
    REQUIRE(run.refresh({}) == 0);
    run.pass(301s);
    CHECK(run.permit("203.0.113.3") == 0);
}

TEST_CASE("server: REST credentials") {
    auto options = usual_options();
    options.rest_secrets = {"new", "old"};
    options.limit.allocations_per_user = 2;
    engine_script run(options);
    const auto credentials = [&](std::string_view name, std::string_view secret, std::chrono::seconds life) {
        const auto made = rest_credentials::make(name, secret, run.calendar + life);
        run.who.name = made.username;
        run.who.password = made.password;
        ++run.from.client.port;
    };
    SECTION("any secret, and names of any kind") {
        credentials("alice:b@example.org", "new", 60s);
        CHECK(run.allocate() == 0);
        credentials("alice:b@example.org", "old", 61s);
        CHECK(run.allocate() == 0);
        credentials("alice:b@example.org", "new", 62s); // the user's quota, whatever the expiry
        CHECK(run.allocate() == 486);
        credentials("", "new", 62s);
        CHECK(run.allocate() == 0);
    }
    SECTION("expired, or of another's secret") {
        credentials("alice", "new", 0s);
        CHECK(run.allocate() == 401);
        credentials("alice", "third", 60s);
        CHECK(run.allocate() == 401);
    }
    SECTION("an allocation outlives them") {
        credentials("alice", "new", 60s);
        REQUIRE(run.allocate() == 0);
        run.calendar += 10min;
        CHECK(run.refresh({}) == 0);
        CHECK(run.permit("203.0.113.9") == 0);
        ++run.from.client.port;
        CHECK(run.allocate() == 401);
    }
    SECTION("other names are asked for") { CHECK(run.allocate() == 0); }
}

TEST_CASE("server: keys instead of passwords, and a look-up that fails") {
    auto options = usual_options();
    options.users = [](std::string_view name) -> std::optional<user_secret> {
        if (name == "md5") return user_secret(stun::long_term_key_md5("md5", "example.org", "p"));
        if (name == "sha256") return user_secret(stun::long_term_key_sha256("sha256", "example.org", "p"));
        if (name == "empty") return user_secret(std::string());
        if (name == "odd") throw 5;
        throw std::runtime_error("the data base is away");
    };
    engine_script run(options);
    run.who.password = "p";
    run.who.name = "md5";
    CHECK(run.allocate() == 0);
    run.who.name = "sha256";
    ++run.from.client.port;
    CHECK(run.allocate() == 401); // that key is of no use with MD5
    run.who.sha256 = true;
    CHECK(run.allocate() == 0);
    ++run.from.client.port;
    run.who = {};
    CHECK(run.allocate() == 500);
    run.who.name = "odd";
    CHECK(run.allocate() == 500);
    run.who.name = "empty";
    run.who.password.clear();
    CHECK(run.allocate() == 401);
}

TEST_CASE("server: streams are padded, datagrams are not") {
    engine_script run;
    run.from.stream = GENERATE(true, false);
    REQUIRE(run.allocate() == 0);
    REQUIRE(run.bind(0x4000, bob) == 0);
    const auto relay = run.open.begin()->first;
    for (std::size_t size = 0; size < 9; ++size) {
        const auto in = run.from_peer(relay, bob, std::string(size, 'x'));
        REQUIRE(in);
        CHECK(in->size() == (run.from.stream ? 4 + (size + 3) / 4 * 4 : 4 + size));
        if (in->size() > 4 + size) CHECK(in->back() == std::byte{0});
    }
    CHECK(run.from_peer(relay, bob, std::string(1473, 'x')).has_value() == run.from.stream);
    CHECK_FALSE(run.from_peer(relay, bob, std::string(65535, 'x')));
    CHECK(run.engine.statistics().dropped_too_long == (run.from.stream ? 1 : 2));
}

TEST_CASE("server: a software name, and answers no longer than they need be") {
    auto options = usual_options();
    SECTION("a name") {
        options.software = "cortc";
        engine_script run(options);
        run.challenge();
        CHECK(run.answered().software() == "cortc");
    }
    SECTION("none") {
        engine_script run(options);
        run.challenge();
        CHECK_FALSE(run.answered().software());
        CHECK(run.last_size() <= 140);
    }
}

TEST_CASE("server: an allocation has a line at its begin and one at its end, and nothing else has") {
    class lines final : public log_sink {
      public:
        void write(log_level level, std::string_view, std::string_view text) noexcept override {
            if (level >= log_level::info) all.emplace_back(text);
        }
        std::vector<std::string> all;
    } sink;
    auto options = usual_options();
    options.users = [](std::string_view) { return std::optional(user_secret("secret")); };
    engine_script run(options, {}, logger(&sink, log_level::info, "turn"));
    run.who.name = "a \"name\"\n";
    run.who.password = "secret";
    REQUIRE(run.allocate() == 0);
    REQUIRE(sink.all.size() == 1);
    CHECK(sink.all[0].find("of \"a \\\"name\\\"\\x0a\" at 198.51.100.7:4000: relays 192.0.2.1:") !=
          std::string::npos);
    REQUIRE(run.permit("203.0.113.9") == 0);
    run.give(run.indication(bob, "hello"));
    run.give(bytes_of("nonsense"));
    run.from_peer(run.open.begin()->first, bob, "abc");
    run.pass(600s);
    REQUIRE(sink.all.size() == 2);
    CHECK(sink.all[1].find("its lifetime is over; 600 s, 1 packets (5 bytes) to peers, 1 (3) from them") !=
          std::string::npos);
}

TEST_CASE("server: options that are wrong are named") {
    using Change = std::function<void(server_options&)>;
    struct row {
        Change change;
        errc code;
        const char* word;
    };
    const auto address = [](const char* text) { return boost::asio::ip::make_address(text); };
    const std::vector<row> rows{
        {[](auto& o) { o.realm.clear(); }, errc::type, "realm"},
        {[](auto& o) { o.realm = "a\nb"; }, errc::type, "realm"},
        {[](auto& o) { o.users = nullptr; }, errc::type, "users"},
        {[](auto& o) {
             o.rest_secrets = {"a", ""};
         },
         errc::type, "rest_secrets[1]"},
        {[](auto& o) { o.relays.clear(); }, errc::type, "relays"},
        {[&](auto& o) { o.relays[0].local = address("0.0.0.0"); }, errc::type, "relays[0]"},
        {[&](auto& o) { o.relays[0].external = address("2001:db8::1"); }, errc::type, "family"},
        {[&](auto& o) { o.relays[0].external = address("224.0.0.1"); }, errc::type, "external"},
        {[&](auto& o) { o.relays.push_back(o.relays[0]); }, errc::type, "relays[0] and relays[1]"},
        {[](auto& o) { o.first_port = 0; }, errc::range, "first_port"},
        {[](auto& o) { o.last_port = 1; }, errc::range, "last_port"},
        {[](auto& o) {
             o.allowed_peers = {"10.0.0.0/8", "10.0.0.1/8"};
         },
         errc::syntax, "allowed_peers[1]"},
        {[](auto& o) { o.denied_peers = {"10.0.0.0/33"}; }, errc::syntax, "denied_peers[0]"},
        {[](auto& o) { o.password_algorithms.clear(); }, errc::type, "password_algorithms"},
        {[](auto& o) { o.default_lifetime = 0s; }, errc::range, "default_lifetime"},
        {[](auto& o) { o.max_lifetime = 1s; }, errc::range, "max_lifetime"},
        {[](auto& o) { o.nonce_lifetime = 0s; }, errc::range, "nonce_lifetime"},
        {[](auto& o) { o.software = std::string(764, 'x'); }, errc::range, "software"},
        {[](auto& o) { o.alternate_server = at("0.0.0.0", 3478); }, errc::type, "alternate_server"},
    };
    for (const auto& each : rows) {
        auto options = usual_options();
        each.change(options);
        CAPTURE(each.word);
        try {
            engine_script run(options);
            CHECK(false);
        } catch (const Error& error) {
            CHECK(error.code() == each.code);
            CHECK(std::string(error.what()).find(each.word) != std::string::npos);
        }
    }
}

TEST_CASE("server: who refreshes at one that stops hears of the other") {
    engine_script run;
    REQUIRE(run.allocate() == 0);
    REQUIRE(run.refresh(600s) == 0);
    CHECK_FALSE(run.answered().alternate_server());
    run.engine.stop_accepting(at("192.0.2.2", 3478));
    REQUIRE(run.refresh(600s) == 0);
    CHECK(run.answered().alternate_server() == at("192.0.2.2", 3478));
    CHECK(run.answered().lifetime() == 600s);
    run.engine.stop_accepting(at("2001:db8::2", 3478)); // which it cannot reach
    REQUIRE(run.refresh(600s) == 0);
    CHECK_FALSE(run.answered().alternate_server());
}
