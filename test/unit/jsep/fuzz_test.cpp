#include "test/unit/jsep/media_support.hpp"

using namespace cortc;
using namespace cortc::jsep;

namespace {

std::string mutated(std::string text, seeded_random& random) {
    static const std::vector<std::string> scraps{"a=mid:0\r\n",
                                                 "a=group:BUNDLE 0 1 2 3\r\n",
                                                 "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
                                                 "a=bundle-only\r\n",
                                                 "m=audio 0 RTP/AVP 0\r\n",
                                                 "a=setup:passive\r\n",
                                                 "a=ice-ufrag:abcd\r\n",
                                                 "a=end-of-candidates\r\n",
                                                 "a=sctp-port:0\r\n",
                                                 "a=fmtp:97 apt=97\r\n",
                                                 "a=rtpmap:96 H264/90000\r\n",
                                                 "a=extmap:4 urn:ietf:params:rtp-hdrext:toffset\r\n",
                                                 "a=rid:q send pt=96\r\na=simulcast:send q,h;h\r\n",
                                                 "a=inactive\r\n",
                                                 "a=mid:1\r\na=rtcp-mux\r\n",
                                                 "\r\n"};
    for (auto rounds = 1 + random.below(4); rounds > 0; --rounds) {
        if (text.size() < 2) return text;
        auto at = random.below(text.size());
        switch (random.below(6)) {
        case 0:
            text[at] = static_cast<char>(random.below(256));
            break;
        case 1:
            text.erase(at, 1 + random.below(40));
            break;
        case 2:
            text.insert(at, text.substr(random.below(text.size()), random.below(80)));
            break;
        case 3: { // a whole line goes
            auto begin = text.rfind('\n', at);
            begin = begin == std::string::npos ? 0 : begin + 1;
            auto end = text.find('\n', at);
            text.erase(begin, end == std::string::npos ? end : end + 1 - begin);
            break;
        }
        case 4: { // a line from elsewhere comes
            auto line = text.find('\n', at);
            text.insert(line == std::string::npos ? text.size() : line + 1,
                        scraps[random.below(scraps.size())]);
            break;
        }
        default:
            text.resize(at);
        }
    }
    return text;
}

/// Sets hostile text; a failure changes nothing, a success leaves a session that works on.
bool survives(peer& self, sdp_type type, const std::string& text) {
    self.events();
    observed before(self.jsep);
    auto done = self.jsep.set_remote_description(type, text);
    if (!done) {
        auto unchanged = observed(self.jsep) == before && self.events().empty();
        return unchanged && !done.error().message.empty();
    }
    if (type != sdp_type::offer) return self.jsep.state() == signaling_state::stable;
    auto answered = self.jsep.set_local_description();
    return answered && sdp::parse(self.jsep.local_description()->sdp) && self.jsep.create_offer();
}

} // namespace

TEST_CASE("mutated offers change nothing or are answered") {
    seeded_random random(7);
    std::size_t accepted = 0, rounds = 0;
    for (const auto& path : captures()) {
        auto text = capture(path);
        for (int i = 0; i < 150; ++i, ++rounds) {
            auto hostile = mutated(text, random);
            peer fresh(2);
            CAPTURE(hostile);
            REQUIRE(survives(fresh, sdp_type::offer, hostile));
            accepted += fresh.jsep.current_local_description().has_value();
            REQUIRE(survives(fresh, sdp_type::offer, mutated(text, random))); // then as a later offer
        }
    }
    CHECK(accepted > rounds / 20); // both ways were taken
    CHECK(accepted < rounds);
}

TEST_CASE("mutated answers change nothing or are taken") {
    seeded_random random(8);
    auto text = capture(CORTC_TEST_DATA "/sdp/chromium_default_answer_to_dc.sdp");
    std::size_t accepted = 0;
    for (int i = 0; i < 2000; ++i) {
        peer alice(1);
        alice.jsep.add_data_section();
        alice.set_local();
        auto hostile = mutated(text, random);
        CAPTURE(hostile);
        REQUIRE(survives(alice, sdp_type::answer, hostile));
        accepted += alice.jsep.state() == signaling_state::stable;
    }
    CHECK(accepted > 100);
    CHECK(accepted < 1900);
}

namespace {

/// Senders of every sort, with or without sections.
void add_senders(peer& self) {
    transceiver_init init;
    for (std::string rid : {"q", "h"}) init.send_encodings.emplace_back().rid = rid;
    init.streams = {"s"};
    (void)self.jsep.add_transceiver(media_kind::video, init).value();
    (void)self.jsep.add_track(media_kind::audio, "mic", {"s"}).value();
    (void)self.jsep.add_track(media_kind::video, "cam").value();
    self.jsep.add_data_section();
}

} // namespace

TEST_CASE("mutated answers to our own audio and video change nothing or are taken") {
    seeded_random random(9);
    std::size_t accepted = 0, rounds = 0;
    for (auto policy : {bundle_policy::balanced, bundle_policy::max_compat, bundle_policy::max_bundle}) {
        session_options options;
        options.bundle = policy;
        for (int i = 0; i < 200; ++i, ++rounds) {
            peer alice(1, options), bob(2);
            add_senders(alice);
            (void)bob.jsep.add_track(media_kind::audio, "b", {"bs"}).value();
            bob.jsep.set_remote_description(sdp_type::offer, alice.set_local()).value();
            auto hostile = mutated(bob.answer(), random);
            CAPTURE(hostile);
            REQUIRE(survives(alice, sdp_type::answer, hostile));
            accepted += alice.jsep.state() == signaling_state::stable;
            if (alice.jsep.state() == signaling_state::stable) REQUIRE(alice.jsep.set_local_description());
        }
    }
    CHECK(accepted > rounds / 20);
    CHECK(accepted < rounds);
}

TEST_CASE("mutated offers meet senders that wait for a section") {
    seeded_random random(10);
    std::size_t accepted = 0;
    for (int i = 0; i < 400; ++i) {
        peer alice(1), bob(2);
        add_senders(alice);
        add_senders(bob);
        if (random.below(2)) bob.set_local(); // glare
        if (bob.jsep.state() == signaling_state::have_local_offer)
            bob.jsep.set_local_description(sdp_type::rollback).value();
        auto hostile = mutated(alice.offer(), random);
        CAPTURE(hostile);
        REQUIRE(survives(bob, sdp_type::offer, hostile));
        accepted += bob.jsep.current_local_description().has_value();
        if (random.below(2)) REQUIRE(survives(bob, sdp_type::offer, mutated(hostile, random)));
    }
    CHECK(accepted > 20);
}

namespace {

/// One random call; what fails changes nothing and tells nothing.
void step(peer& self, peer& other, seeded_random& random) {
    auto text = other.jsep.local_description() ? other.jsep.local_description()->sdp : std::string();
    candidate_init candidate;
    candidate.sdp_mline_index = static_cast<std::uint16_t>(random.below(3));
    if (random.below(2)) candidate.candidate = "candidate:1 1 udp 7 192.0.2.7 5000 typ host";
    auto some = transceiver_id(static_cast<std::uint32_t>(1 + random.below(3)));
    observed before(self.jsep);
    outcome<void> done;
    switch (random.below(13)) {
    case 0:
        self.jsep.add_data_section();
        return;
    case 1:
        self.jsep.restart_ice();
        return;
    case 2:
        (void)self.jsep.create_offer({.ice_restart = random.below(2) == 1});
        return;
    case 3:
        (void)self.jsep.create_answer();
        return;
    case 4:
        done = self.jsep.set_local_description();
        break;
    case 5:
        done = self.jsep.set_local_description(static_cast<sdp_type>(random.below(4)));
        break;
    case 6:
        if (self.jsep.state() == signaling_state::have_local_offer) return; // glare is no single step
        done = self.jsep.set_remote_description(sdp_type::offer, text);
        break;
    case 7:
        done =
            self.jsep.set_remote_description(random.below(4) ? sdp_type::answer : sdp_type::pranswer, text);
        break;
    case 8:
        done = self.jsep.set_remote_description(sdp_type::rollback, "");
        break;
    case 9:
        if (random.below(8) == 0) self.jsep.stop(some);
        return;
    case 10:
    case 11:
        (void)self.jsep.set_direction(some, static_cast<sdp::direction>(random.below(4)));
        return;
    default:
        done = self.jsep.add_remote_candidate(candidate);
    }
    auto told = self.events();
    if (done) return;
    REQUIRE(observed(self.jsep) == before);
    REQUIRE(told.empty());
}

void walk(peer& alice, peer& bob, seeded_random& random) {
    for (int i = 0; i < 80; ++i) random.below(2) ? step(alice, bob, random) : step(bob, alice, random);
    // Whatever happened, both can be brought back together.
    for (auto* each : {&alice, &bob}) {
        if (each->jsep.state() == signaling_state::have_local_offer ||
            each->jsep.state() == signaling_state::have_remote_offer)
            each->jsep.set_remote_description(sdp_type::rollback, "").value();
        for (const auto& known : each->jsep.transceivers()) {
            CHECK_FALSE(known.mid.empty());
            CHECK_FALSE(known.sender_id.empty());
        }
        if (each->jsep.state() == signaling_state::stable) CHECK(sdp::parse(each->offer()).has_value());
    }
}

} // namespace

TEST_CASE("a random walk of every call keeps two sessions consistent") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        seeded_random random(seed);
        peer alice(1), bob(2);
        walk(alice, bob, random);
    }
}

TEST_CASE("a random walk over audio, video and data") {
    std::size_t negotiated = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        seeded_random random(seed);
        media_pair pair;
        walk(pair.alice, pair.bob, random);
        for (const auto& each : pair.alice.jsep.transceivers())
            negotiated += each.current_direction != sdp::direction::inactive;
    }
    CHECK(negotiated > 20); // wishes met
}
