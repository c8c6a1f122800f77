#include "test/unit/ice/harness.hpp"

using namespace cortc;
using namespace cortc::ice;
using namespace cortc::ice::test;

namespace {

/// An agent with one socket, and a script for its peer.
struct scripted {
    explicit scripted(role as = role::controlled, bool with_peer = true, timings time = {}, limits limit = {})
        : a(1, as, time, limit) {
        a.open(at("192.0.2.1", 1000));
        id = a.begin(start);
        if (!with_peer) return;
        a.engine.set_remote(id, peer, {}, start);
    }
    std::vector<sent_message> request(const std::string& username, const std::string& key,
                                      request_options o = {}, endpoint from = at("192.0.2.2", 2000)) {
        a.engine.handle_packet(socket_id(1), from, make_request(username, key, o), now);
        return drain(a.engine, now);
    }
    std::vector<sent_message> good_request(request_options o = {}, endpoint from = at("192.0.2.2", 2000)) {
        return request(a.local.ufrag + ":peer", a.local.pwd, o, from);
    }
    std::uint64_t dropped(drop_reason reason) const { return a.engine.stats().dropped(reason); }
    void receive(const bytes& data, endpoint from = at("192.0.2.2", 2000)) {
        a.engine.handle_packet(socket_id(1), from, data, now);
    }

    node a;
    generation_id id;
    credentials peer{"peer", "peer-password-of-22-chars"};
    time_point now = start;
};

stun::error code_of(const sent_message& sent) { return sent.read().error_code()->code; }

} // namespace

TEST_CASE("requests without good credentials are refused and change nothing") {
    scripted t;
    auto ufrag = t.a.local.ufrag;
    SECTION("no username") {
        auto out = t.request("", t.a.local.pwd);
        REQUIRE(out.size() == 1);
        CHECK(code_of(out[0]) == stun::error::bad_request);
        CHECK_FALSE(out[0].read().has_integrity());
        CHECK(t.dropped(drop_reason::missing_credentials) == 1);
    }
    SECTION("no integrity") {
        auto out = t.request(ufrag + ":peer", "", {.integrity = false});
        REQUIRE(out.size() == 1);
        CHECK(code_of(out[0]) == stun::error::bad_request);
        CHECK(t.dropped(drop_reason::missing_credentials) == 1);
    }
    SECTION("wrong integrity") {
        auto out = t.request(ufrag + ":peer", "another-password-of-22-chars");
        REQUIRE(out.size() == 1);
        CHECK(code_of(out[0]) == stun::error::unauthenticated);
        CHECK(t.dropped(drop_reason::wrong_integrity) == 1);
    }
    SECTION("the remote password instead of the local one") {
        t.request(ufrag + ":peer", t.peer.pwd);
        CHECK(t.dropped(drop_reason::wrong_integrity) == 1);
    }
    SECTION("unknown ufrag") {
        for (const auto* name : {"nobody:peer", ":peer", "peer:peer", "nobody"})
            t.request(name, t.a.local.pwd);
        CHECK(t.dropped(drop_reason::unknown_ufrag) == 4);
    }
    SECTION("a damaged fingerprint, a truncated message") {
        auto data = make_request(ufrag + ":peer", t.a.local.pwd);
        data.back() ^= std::byte{1};
        t.receive(data);
        data.pop_back();
        t.receive(data);
        t.receive({});
        CHECK(t.dropped(drop_reason::malformed) == 3);
        CHECK(drain(t.a.engine, start).empty());
    }
    CHECK(t.a.engine.pairs().empty());
    CHECK(t.a.engine.stats().requests_received == 0);
    CHECK_FALSE(t.a.engine.is_valid_source(socket_id(1), at("192.0.2.2", 2000)));
}

TEST_CASE("authentic but faulty requests get an authentic error") {
    scripted t;
    SECTION("unknown comprehension-required attribute: 420 with its name") {
        auto out = t.good_request({.unknown_attribute = true});
        REQUIRE(out.size() == 1);
        CHECK(code_of(out[0]) == stun::error::unknown_attribute);
        REQUIRE(out[0].read().unknown_attributes());
        REQUIRE(out[0].read().unknown_attributes()->size() == 1);
        CHECK(static_cast<int>((*out[0].read().unknown_attributes())[0]) == 0x7f01);
        CHECK(out[0].read().verify_integrity(as_bytes(t.a.local.pwd)));
    }
    SECTION("no PRIORITY: 400") {
        auto out = t.good_request({.priority = false});
        REQUIRE(out.size() == 1);
        CHECK(code_of(out[0]) == stun::error::bad_request);
        CHECK(out[0].read().verify_integrity(as_bytes(t.a.local.pwd)));
    }
    SECTION("both roles: 400") {
        auto out = t.good_request({.both_roles = true});
        REQUIRE(out.size() == 1);
        CHECK(code_of(out[0]) == stun::error::bad_request);
    }
    CHECK(t.a.engine.pairs().empty());
}

TEST_CASE("a good request is answered, and triggers a check") {
    scripted t;
    auto out = t.good_request();
    REQUIRE(out.size() == 2);
    auto response = out[0].read();
    CHECK(response.cls() == stun::message_class::success_response);
    CHECK(response.xor_mapped_address() == at("192.0.2.2", 2000));
    CHECK(response.verify_integrity(as_bytes(t.a.local.pwd)));
    CHECK(response.verify_fingerprint());
    auto check = out[1].read();
    CHECK(check.is_request());
    CHECK(check.username() == "peer:" + t.a.local.ufrag);
    CHECK(check.verify_integrity(as_bytes(t.peer.pwd)));
}

TEST_CASE("responses must come back the way their request went, and be authentic") {
    scripted t;
    auto check = t.good_request().at(1);
    auto id = check.read().id();
    auto mapped = at("192.0.2.1", 1000);
    SECTION("good") {
        t.receive(make_success(id, mapped, t.peer.pwd));
        CHECK(t.a.engine.state() == transport_state::connected);
        t.receive(make_success(id, mapped, t.peer.pwd));
        CHECK(t.dropped(drop_reason::response_unknown) == 1);
    }
    SECTION("from another address: the pair fails (RFC 8445 7.2.5.2.1)") {
        t.receive(make_success(id, mapped, t.peer.pwd), at("192.0.2.2", 2001));
        CHECK(t.dropped(drop_reason::response_wrong_address) == 1);
        CHECK(t.a.engine.pairs().at(0).state == pair_state::failed);
        CHECK_FALSE(t.a.engine.send_path());
    }
    SECTION("wrong integrity: as if it had not come") {
        t.receive(make_success(id, mapped, t.a.local.pwd));
        CHECK(t.dropped(drop_reason::response_integrity) == 1);
        CHECK(t.a.engine.pairs().at(0).state == pair_state::in_progress);
        t.receive(make_success(id, mapped, t.peer.pwd));
        CHECK(t.a.engine.state() == transport_state::connected);
    }
    SECTION("unauthenticated errors do nothing, authentic ones end the check") {
        t.receive(make_error(id, stun::error::unauthenticated, ""));
        t.receive(make_error(id, stun::error::role_conflict, ""));
        CHECK(t.dropped(drop_reason::response_integrity) == 2);
        CHECK(t.a.engine.role() == role::controlled);
        t.receive(make_error(id, stun::error::server_error, t.peer.pwd));
        CHECK(t.dropped(drop_reason::response_error) == 1);
        CHECK(t.a.engine.pairs().at(0).state == pair_state::failed);
    }
    SECTION("no mapped address") {
        bytes data(200);
        stun::message_writer writer(data, stun::message_class::success_response, stun::method::binding, id);
        writer.add_integrity(as_bytes(t.peer.pwd));
        data.resize(writer.size());
        t.receive(data);
        CHECK(t.dropped(drop_reason::response_malformed) == 1);
        CHECK(t.a.engine.pairs().at(0).state == pair_state::failed);
    }
    SECTION("a made-up transaction id") {
        auto forged = id;
        forged[0] ^= std::byte{1};
        t.receive(make_success(forged, mapped, t.peer.pwd));
        CHECK(t.dropped(drop_reason::response_unknown) == 1);
    }
}

TEST_CASE("487 without end is not followed without end") {
    scripted t(role::controlling);
    auto out = t.good_request({.controlling = false});
    auto sent = 0;
    for (int i = 0; i < 1000 && !out.empty(); ++i) {
        auto last = out.back().read();
        REQUIRE(last.is_request());
        ++sent;
        t.receive(make_error(last.id(), stun::error::role_conflict, t.peer.pwd));
        t.now += 5ms;
        t.a.engine.handle_timeout(t.now);
        out = drain(t.a.engine, t.now);
    }
    CHECK(sent == 17);
    CHECK(t.dropped(drop_reason::role_switch_limit) == 1);
    CHECK(t.a.engine.pairs().at(0).state == pair_state::failed);
}

TEST_CASE("a peer that turns the roles without end is stopped") {
    scripted t;
    for (int i = 0; i < 1000; ++i) {
        t.now += 10ms;
        bool we_control = t.a.engine.role() == role::controlling;
        t.good_request({.controlling = we_control, .tie_breaker = we_control ? ~0ULL : 0});
    }
    CHECK(t.a.engine.stats().role_switches == 16);
    CHECK(t.dropped(drop_reason::role_switch_limit) > 900);
}

TEST_CASE("the smaller tie-breaker is told to switch") {
    scripted t(role::controlling);
    auto out = t.good_request({.controlling = true, .tie_breaker = 0});
    REQUIRE(out.size() == 1);
    CHECK(code_of(out[0]) == stun::error::role_conflict);
    CHECK(out[0].read().verify_integrity(as_bytes(t.a.local.pwd)));
    CHECK(t.a.engine.role() == role::controlling);
    out = t.good_request({.controlling = true, .tie_breaker = ~0ULL});
    CHECK(t.a.engine.role() == role::controlled);
    CHECK(out.size() == 2);
}

TEST_CASE("a flood of requests with random ufrags is bounded and counted") {
    scripted t;
    std::size_t answered = 0;
    for (int i = 0; i < 10000; ++i) {
        t.now += 10us; // 0.1 s in all
        answered += t.request("x" + std::to_string(i) + ":peer", "whatever-password-of-22").size();
    }
    CHECK(t.dropped(drop_reason::unknown_ufrag) == 10000);
    CHECK(answered <= 32 + 4);
    CHECK(t.dropped(drop_reason::error_rate) == 10000 - answered);
    CHECK(t.a.engine.pairs().empty());
    CHECK(t.good_request().size() == 2); // the peer is served as before
}

TEST_CASE("an owner that does not drain meets a bound") {
    scripted t;
    for (int i = 0; i < 200; ++i)
        t.a.engine.handle_packet(socket_id(1), at("192.0.2.2", 2000),
                                 make_request(t.a.local.ufrag + ":peer", t.a.local.pwd), start);
    CHECK(t.dropped(drop_reason::response_queue_full) == 200 - 64);
    CHECK(drain(t.a.engine, start).size() == 64 + 1);
}

TEST_CASE("authentic requests from everywhere: candidates, pairs and checks are bounded") {
    SECTION("before the remote credentials") {
        scripted t(role::controlled, false);
        for (std::uint16_t i = 1; i <= 1000; ++i) t.good_request({}, at("192.0.2.2", i));
        CHECK(t.a.engine.pairs().size() == 16);
        CHECK(t.dropped(drop_reason::early_candidate_limit) == 1000 - 16);
    }
    SECTION("after") {
        scripted t;
        std::size_t sent = 0;
        for (std::uint16_t i = 1; i <= 1000; ++i) {
            t.now += 1ms;
            sent += t.good_request({}, at("192.0.2.2", i)).size();
        }
        CHECK(t.a.engine.pairs().size() == 64);
        CHECK(t.dropped(drop_reason::remote_candidate_limit) == 1000 - 64);
        CHECK(sent <= 1000 + 64 + 64); // a response each, and a check and its retransmission for each pair
    }
    SECTION("one that keeps triggering its check") {
        scripted t;
        std::size_t checks = 0;
        for (int i = 0; i < 1000; ++i) {
            t.now += 100us;
            checks += t.good_request().size() - 1;
        }
        CHECK(checks <= 5 + 20 + 1); // paced
        CHECK(t.a.engine.next_timeout() <= t.now + 500ms);
    }
}

TEST_CASE("another answerer of the same offer is answered, but not our peer") {
    scripted t;
    auto out = t.request(t.a.local.ufrag + ":stranger", t.a.local.pwd);
    REQUIRE(out.size() == 1);
    CHECK(out[0].read().cls() == stun::message_class::success_response);
    CHECK(t.dropped(drop_reason::foreign_credentials) == 1);
    CHECK(t.a.engine.pairs().empty());
    CHECK_FALSE(t.a.engine.is_valid_source(socket_id(1), at("192.0.2.2", 2000)));
}

// Seen of Chromium: new candidates of ours are checked from the sockets it has, before it has new ones.
TEST_CASE("a check of the peer's with its older credentials makes no pair, but data may come from there") {
    scripted t;
    const endpoint older = at("192.0.2.2", 3000);
    const auto first = t.a.local;
    const auto second = t.a.begin(start);
    SECTION("before we know the new ones, it is one of a pair") {
        CHECK(t.request(t.a.local.ufrag + ":peer", t.a.local.pwd, {.use_candidate = true}, older).size() ==
              1);
        CHECK(t.a.engine.is_valid_source(socket_id(1), older));
    }
    t.a.engine.set_remote(second, {"peer2", "peer-password-2-of-22-chars"}, {}, start);
    SECTION("after") {
        const auto out = t.request(t.a.local.ufrag + ":peer", t.a.local.pwd, {.use_candidate = true}, older);
        REQUIRE(out.size() == 1); // no check back
        CHECK(out[0].read().cls() == stun::message_class::success_response);
        CHECK(t.a.engine.is_valid_source(socket_id(1), older));
        CHECK(t.a.engine.accept(socket_id(1), older, 100, start));
        CHECK(t.a.engine.pairs().empty());
        CHECK_FALSE(t.a.engine.send_path());
    }
    SECTION("nor with the new ones to where the old were") {
        t.request(first.ufrag + ":peer2", first.pwd, {}, older);
        CHECK(t.a.engine.is_valid_source(socket_id(1), older));
    }
    SECTION("nor with credentials that come later") {
        t.request(t.a.local.ufrag + ":peer3", t.a.local.pwd, {}, older);
        CHECK_FALSE(t.a.engine.is_valid_source(socket_id(1), older));
        t.a.engine.set_remote(t.a.begin(start), {"peer3", "peer-password-3-of-22-chars"}, {}, start);
        CHECK(t.a.engine.is_valid_source(socket_id(1), older));
    }
    SECTION("a stranger may not") {
        t.request(t.a.local.ufrag + ":stranger", t.a.local.pwd, {}, older);
        CHECK_FALSE(t.a.engine.is_valid_source(socket_id(1), older));
    }
    SECTION("the latest sixteen") {
        for (std::uint16_t i = 0; i < 100; ++i)
            t.request(t.a.local.ufrag + ":peer", t.a.local.pwd, {},
                      at("192.0.2.2", static_cast<std::uint16_t>(4000 + i)));
        CHECK_FALSE(t.a.engine.is_valid_source(socket_id(1), at("192.0.2.2", 4083)));
        CHECK(t.a.engine.is_valid_source(socket_id(1), at("192.0.2.2", 4084)));
        CHECK(t.a.engine.is_valid_source(socket_id(1), at("192.0.2.2", 4099)));
    }
    SECTION("for as long as our answer is consent, even if the generation goes") {
        t.request(t.a.local.ufrag + ":peer", t.a.local.pwd, {}, older);
        t.a.engine.remove_generation(second, start);
        CHECK(t.a.engine.accept(socket_id(1), older, 100, start + 29s));
        CHECK_FALSE(t.a.engine.accept(socket_id(1), older, 100, start + 30s));
    }
}

TEST_CASE("remote candidates that cannot be used are counted by reason") {
    scripted t;
    auto good = t.a.signaled.at(0);
    good.address = "192.0.2.2";
    auto add = [&](auto change) {
        auto c = good;
        change(c);
        return t.a.engine.add_remote_candidate(t.id, c, start);
    };
    CHECK_FALSE(add([](auto& c) { c.transport = sdp::candidate_transport::tcp; }));
    CHECK_FALSE(add([](auto& c) { c.type = candidate_type::other; }));
    CHECK(t.dropped(drop_reason::candidate_transport) == 2);
    CHECK_FALSE(add([](auto& c) { c.component = 2; }));
    CHECK(t.dropped(drop_reason::candidate_component) == 1);
    for (const auto* address :
         {"x.local", "", "0.0.0.0", "::", "239.1.1.1", "255.255.255.255", "::ffff:1.2.3.4"})
        CHECK_FALSE(add([&](auto& c) { c.address = address; }));
    CHECK_FALSE(add([](auto& c) { c.port = 0; }));
    CHECK(t.dropped(drop_reason::candidate_address) == 8);
    CHECK(add([](auto&) {}));
    CHECK_FALSE(add([](auto& c) { c.foundation = "other"; }));
    CHECK(t.dropped(drop_reason::candidate_duplicate) == 1);
    for (std::uint16_t port = 3000; port < 4000; ++port) add([&](auto& c) { c.port = port; });
    CHECK(t.a.engine.pairs().size() == 64);
    CHECK(t.dropped(drop_reason::remote_candidate_limit) == 1000 - 63);
}

TEST_CASE("local candidates: redundant and too many") {
    scripted t;
    local_candidate init;
    init.socket = socket_id(1);
    init.base = at("192.0.2.1", 1000);
    CHECK_FALSE(t.a.engine.add_local_candidate(t.id, init, start)); // there already
    init.type = candidate_type::srflx;
    init.address = at("192.0.2.1", 1000);
    CHECK_FALSE(t.a.engine.add_local_candidate(t.id, init, start)); // no translator on the way
    init.address = at("203.0.113.1", 9);
    auto reflexive = t.a.engine.add_local_candidate(t.id, init, start);
    REQUIRE(reflexive);
    CHECK(reflexive->related_address == "192.0.2.1");
    auto host = t.a.signaled.at(0);
    host.address = "192.0.2.2";
    t.a.engine.add_remote_candidate(t.id, host, start);
    CHECK(t.a.engine.pairs().size() == 1); // pruned: it is sent from the same base
    CHECK(t.a.engine.pairs().at(0).local.type == candidate_type::host);
    for (std::uint32_t i = 2; i < 100; ++i) {
        init.socket = socket_id(i);
        t.a.engine.add_local_candidate(t.id, init, start);
    }
    CHECK(t.dropped(drop_reason::local_candidate_limit) == 98 - 30);
    CHECK_FALSE(t.a.engine.add_local_candidate(generation_id(99), init, start));
}

TEST_CASE("ufrags that no USERNAME can hold fail the generation") {
    scripted t(role::controlling, false);
    auto c = t.a.signaled.at(0);
    c.address = "192.0.2.2";
    t.a.engine.add_remote_candidate(t.id, c, start);
    SECTION("the longest that fits") {
        t.a.engine.set_remote(t.id, {std::string(507 - t.a.local.ufrag.size(), 'u'), t.peer.pwd}, {}, start);
        auto sent = drain(t.a.engine, start);
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].where.size <= max_message);
    }
    SECTION("one more") {
        t.a.engine.set_remote(t.id, {std::string(508 - t.a.local.ufrag.size(), 'u'), t.peer.pwd}, {}, start);
        CHECK(t.a.engine.state() == transport_state::failed);
        CHECK(drain(t.a.engine, start).empty());
    }
}

TEST_CASE("a full checklist drops the least pairs") {
    limits limit;
    limit.pairs = 10;
    scripted t(role::controlled, true, {}, limit);
    for (std::uint16_t i = 0; i < 40; ++i) {
        auto c = t.a.signaled.at(0);
        c.address = "192.0.2.2";
        c.port = static_cast<std::uint16_t>(5000 + i);
        c.priority = 1000U + i;
        t.a.engine.add_remote_candidate(t.id, c, start);
    }
    auto pairs = t.a.engine.pairs();
    REQUIRE(pairs.size() == 10);
    CHECK(pairs.front().remote.priority == 1039);
    CHECK(pairs.back().remote.priority == 1030);
    drain(t.a.engine, start);
}

TEST_CASE("random damage to real messages never harms") {
    scripted t(role::controlling);
    auto response = make_success(t.good_request({.controlling = false}).at(1).read().id(),
                                 at("192.0.2.1", 1000), t.peer.pwd);
    auto request = make_request(t.a.local.ufrag + ":peer", t.a.local.pwd, {.controlling = false});
    std::mt19937 dice(7);
    for (int i = 0; i < 20000; ++i) {
        auto data = i % 2 ? request : response;
        auto flips = dice() % 4 + 1; // not in FINGERPRINT, which MESSAGE-INTEGRITY does not cover
        for (unsigned f = 0; f < flips; ++f)
            data[dice() % (data.size() - 8)] ^= static_cast<std::byte>(1 << dice() % 8);
        if (dice() % 4 == 0) data.resize(dice() % data.size());
        if (data == request || data == response) continue;
        t.receive(data);
        drain(t.a.engine, t.now);
    }
    CHECK_FALSE(t.a.engine.send_path());
    t.receive(response);
    CHECK(t.a.engine.send_path());
}
