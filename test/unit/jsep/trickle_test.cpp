#include "test/support/allocation_count.hpp"
#include "test/unit/jsep/media_support.hpp"

/// Candidates that come one by one: what each costs, and how many are kept.
using namespace cortc;
using namespace cortc::jsep;

namespace {

candidate_init numbered(std::size_t section, std::size_t number) {
    candidate_init init;
    init.candidate = "candidate:1 1 udp 7 192.0.2.7 " + std::to_string(1000 + number) + " typ host";
    init.sdp_mline_index = static_cast<std::uint16_t>(section);
    return init;
}

/// Sections over one transport, whose ICE and DTLS lines stand in the first.
std::string offer_of(std::size_t sections) {
    text_offer text;
    text.group = "BUNDLE";
    for (std::size_t i = 0; i < sections; ++i) text.group += " " + std::to_string(i);
    auto all = text.head();
    for (std::size_t i = 0; i < sections; ++i) {
        auto section = text.audio(std::to_string(i));
        if (i != 0)
            for (const auto* line : {"a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"})
                section = without_line(section, line);
        all += section;
    }
    return all;
}

struct answering : peer {
    explicit answering(std::size_t sections, session_options options = {}) : peer(2, std::move(options)) {
        jsep.set_remote_description(sdp_type::offer, offer_of(sections)).value();
        set_local();
        events();
    }
};

/// Of the second candidate of a section: the first makes room in it.
std::size_t allocations_for_one(answering& self, std::size_t section) {
    self.jsep.add_remote_candidate(numbered(section, section)).value();
    const auto next = numbered(section, 500 + section);
    self.events();
    const auto before = support::allocation_count();
    self.jsep.add_remote_candidate(next).value();
    return support::allocation_count() - before;
}

} // namespace

TEST_CASE("addIceCandidate costs the same whatever the description holds") {
    answering small(1), large(64);
    const auto alone = allocations_for_one(small, 0);
    for (std::size_t i = 0; i < 63; ++i) large.jsep.add_remote_candidate(numbered(i, 100 + i)).value();
    CHECK(allocations_for_one(large, 63) <= alone + 2); // a list may grow just then
    CHECK(large.events_of<remote_candidate>().size() == 1);
}

TEST_CASE("addIceCandidate: what came later stands behind what the description has") {
    answering bob(2);
    bob.jsep.add_remote_candidate(numbered(1, 1)).value();
    bob.jsep.add_remote_candidate(numbered(1, 2)).value();
    candidate_init end;
    end.sdp_mid = "1";
    bob.jsep.add_remote_candidate(end).value();
    auto sections = sections_of(bob.jsep.remote_description()->sdp);
    CHECK(lines_with(sections[0], "a=candidate").empty());
    CHECK_FALSE(contains(sections[0], "a=end-of-candidates"));
    CHECK(lines_with(sections[1], "a=candidate") == strings{"a=candidate:1 1 udp 7 192.0.2.7 1001 typ host",
                                                            "a=candidate:1 1 udp 7 192.0.2.7 1002 typ host"});
    CHECK(contains(sections[1], "a=end-of-candidates"));
}

TEST_CASE("addIceCandidate: a description keeps no more than sixteen full sections") {
    session_options options;
    options.max_remote_candidates = 2;
    answering bob(20, options);
    std::size_t taken = 0;
    for (std::size_t i = 0; i < 20; ++i)
        for (std::size_t k = 0; k < 4; ++k)
            taken += bob.jsep.add_remote_candidate(numbered(i, 4 * i + k)).has_value();
    CHECK(lines_with(bob.jsep.remote_description()->sdp, "a=candidate").size() == 32);
    CHECK(taken == 80);
    CHECK(bob.events_of<remote_candidate>().size() == 2); // all sections share one generation
}
