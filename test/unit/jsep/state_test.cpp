#include "test/unit/jsep/support.hpp"

using namespace cortc;
using namespace cortc::jsep;

namespace {

/// A peer that was brought into a state, and a text of every kind that would fit it there.
struct scene {
    peer self{1}, other{2};
    std::string remote_offer, remote_answer;

    explicit scene(signaling_state state) {
        self.jsep.add_data_section();
        other.jsep.add_data_section();
        remote_offer = peer_offer();
        using enum signaling_state;
        switch (state) {
        case stable:
            break;
        case have_local_offer:
        case have_remote_pranswer:
            self.jsep.set_local_description(sdp_type::offer).value();
            remote_answer = answer_to(self.jsep.local_description()->sdp);
            if (state == have_remote_pranswer)
                self.jsep.set_remote_description(sdp_type::pranswer, remote_answer).value();
            break;
        case have_remote_offer:
        case have_local_pranswer:
            self.jsep.set_remote_description(sdp_type::offer, remote_offer).value();
            if (state == have_local_pranswer) self.jsep.set_local_description(sdp_type::pranswer).value();
            break;
        case closed:
            self.jsep.close();
            break;
        }
        self.events();
        REQUIRE(self.jsep.state() == state);
    }
    std::string peer_offer() { return other.offer(); }
    static std::string answer_to(const std::string& offer) {
        peer answerer(3);
        answerer.jsep.set_remote_description(sdp_type::offer, offer).value();
        return answerer.answer();
    }
    outcome<void> set(sdp_type type, bool local) {
        if (local) return self.jsep.set_local_description(type);
        return self.jsep.set_remote_description(type, type == sdp_type::offer ? remote_offer : remote_answer);
    }
};

struct row {
    signaling_state from;
    sdp_type type;
    bool local;
    std::optional<signaling_state> to; // none: invalid_state
};

} // namespace

TEST_CASE("set a description: every type in every state, local and remote") {
    using enum signaling_state;
    using enum sdp_type;
    const std::vector<row> table{
        {stable, offer, true, have_local_offer},
        {stable, offer, false, have_remote_offer},
        {stable, answer, true, {}},
        {stable, answer, false, {}},
        {stable, pranswer, true, {}},
        {stable, pranswer, false, {}},
        {stable, rollback, true, {}},
        {stable, rollback, false, {}},
        {have_local_offer, offer, true, have_local_offer},
        {have_local_offer, offer, false, have_remote_offer}, // rolled back first
        {have_local_offer, answer, true, {}},
        {have_local_offer, answer, false, stable},
        {have_local_offer, pranswer, true, {}},
        {have_local_offer, pranswer, false, have_remote_pranswer},
        {have_local_offer, rollback, true, stable},
        {have_local_offer, rollback, false, stable},
        {have_remote_offer, offer, true, {}},
        {have_remote_offer, offer, false, have_remote_offer},
        {have_remote_offer, answer, true, stable},
        {have_remote_offer, answer, false, {}},
        {have_remote_offer, pranswer, true, have_local_pranswer},
        {have_remote_offer, pranswer, false, {}},
        {have_remote_offer, rollback, true, stable},
        {have_remote_offer, rollback, false, stable},
        {have_local_pranswer, offer, true, {}},
        {have_local_pranswer, offer, false, {}},
        {have_local_pranswer, answer, true, stable},
        {have_local_pranswer, answer, false, {}},
        {have_local_pranswer, pranswer, true, have_local_pranswer},
        {have_local_pranswer, pranswer, false, {}},
        {have_local_pranswer, rollback, true, {}},
        {have_local_pranswer, rollback, false, {}},
        {have_remote_pranswer, offer, true, {}},
        {have_remote_pranswer, offer, false, {}},
        {have_remote_pranswer, answer, true, {}},
        {have_remote_pranswer, answer, false, stable},
        {have_remote_pranswer, pranswer, true, {}},
        {have_remote_pranswer, pranswer, false, have_remote_pranswer},
        {have_remote_pranswer, rollback, true, {}},
        {have_remote_pranswer, rollback, false, {}},
        {closed, offer, true, {}},
        {closed, offer, false, {}},
        {closed, answer, true, {}},
        {closed, answer, false, {}},
        {closed, pranswer, true, {}},
        {closed, pranswer, false, {}},
        {closed, rollback, true, {}},
        {closed, rollback, false, {}},
    };
    for (const auto& [from, type, local, to] : table) {
        scene here(from);
        CAPTURE(to_string(from), to_string(type), local);
        observed before(here.self.jsep);
        auto done = here.set(type, local);
        REQUIRE(done.has_value() == to.has_value());
        if (to) {
            CHECK(here.self.jsep.state() == *to);
            continue;
        }
        CHECK(done.error().kind == error_kind::invalid_state);
        CHECK(contains(done.error().message, from == closed ? "closed" : to_string(from)));
        CHECK(observed(here.self.jsep) == before);
        CHECK(here.self.events().empty());
    }
}

TEST_CASE("createOffer and createAnswer check the state, then the certificate") {
    using enum signaling_state;
    for (auto state :
         {stable, have_local_offer, have_remote_offer, have_local_pranswer, have_remote_pranswer, closed}) {
        CAPTURE(to_string(state));
        scene here(state);
        auto offers = state == stable || state == have_local_offer;
        auto answers = state == have_remote_offer || state == have_local_pranswer;
        auto offer = here.self.jsep.create_offer();
        CHECK(offer.has_value() == offers);
        if (!offers) CHECK(offer.error().kind == error_kind::invalid_state);
        auto answer = here.self.jsep.create_answer();
        CHECK(answer.has_value() == answers);
        if (!answers) CHECK(answer.error().kind == error_kind::invalid_state);
        here.self.jsep.set_fingerprints({});
        auto bare = answers ? here.self.jsep.create_answer() : here.self.jsep.create_offer();
        REQUIRE_FALSE(bare);
        CHECK(bare.error().kind == (offers || answers ? error_kind::operation : error_kind::invalid_state));
    }
}

TEST_CASE("setLocalDescription step 1: a missing type is what the state asks for") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    auto offer = alice.set_local();
    CHECK(alice.jsep.local_description()->type == sdp_type::offer);
    alice.set_local();
    CHECK(alice.jsep.state() == signaling_state::have_local_offer);
    bob.jsep.set_remote_description(sdp_type::offer, alice.jsep.local_description()->sdp).value();
    bob.set_local();
    CHECK(bob.jsep.local_description()->type == sdp_type::answer);
    CHECK(bob.jsep.state() == signaling_state::stable);

    scene pranswered(signaling_state::have_remote_pranswer); // asks for an offer, which does not fit
    CHECK(pranswered.self.jsep.set_local_description().error().kind == error_kind::invalid_state);
}

TEST_CASE("setLocalDescription step 2: only the text created last, before the state is looked at") {
    peer alice(1);
    alice.jsep.add_data_section();
    auto first = alice.offer();
    auto second = alice.offer();
    observed before(alice.jsep);
    CHECK(alice.jsep.set_local_description(sdp_type::offer, first).error().kind ==
          error_kind::invalid_modification);
    CHECK(alice.jsep.set_local_description(sdp_type::offer, second + "a=x\r\n").error().kind ==
          error_kind::invalid_modification);
    CHECK(alice.jsep.set_local_description(sdp_type::answer, second).error().kind ==
          error_kind::invalid_modification);
    CHECK(alice.jsep.set_local_description(sdp_type::pranswer, "v=0").error().kind ==
          error_kind::invalid_modification);
    CHECK(alice.jsep.set_local_description(sdp_type::answer).error().kind == error_kind::invalid_state);
    CHECK(observed(alice.jsep) == before);
    CHECK(alice.jsep.set_local_description(sdp_type::offer, second));

    peer bob(2);
    bob.jsep.add_data_section();
    auto own = bob.offer();
    bob.jsep.set_remote_description(sdp_type::offer, alice.jsep.local_description()->sdp).value();
    CHECK(bob.jsep.set_local_description(sdp_type::offer, own).error().kind == error_kind::invalid_state);
    CHECK(bob.jsep.set_local_description(sdp_type::offer, "x").error().kind ==
          error_kind::invalid_modification);
}

TEST_CASE("setLocalDescription step 3: an empty text takes the last created one while it is current") {
    peer alice(1);
    alice.jsep.add_data_section();
    auto offer = alice.offer();
    CHECK(alice.set_local() == offer);

    peer bob(2);
    auto without_data = bob.offer();
    bob.jsep.add_data_section(); // no longer what would be offered
    auto with_data = bob.set_local();
    CHECK_FALSE(contains(without_data, "m=application"));
    CHECK(contains(with_data, "m=application"));
}

TEST_CASE("createAnswer: an answer created for another offer is refused, one for the same offer is not") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    auto offer = alice.offer();
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    auto answer = bob.answer();
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    bob.jsep.set_remote_description(sdp_type::offer, alice.offer()).value();
    observed before(bob.jsep);
    bob.events();
    auto stale = bob.jsep.set_local_description(sdp_type::answer, answer);
    CHECK(stale.error().kind == error_kind::invalid_access);
    CHECK(observed(bob.jsep) == before);

    peer carol(3);
    carol.jsep.set_remote_description(sdp_type::offer, offer).value();
    answer = carol.answer();
    carol.jsep.set_remote_description(sdp_type::offer, offer).value();
    CHECK(carol.jsep.set_local_description(sdp_type::answer, answer));
}

TEST_CASE("set a description step 3: an answer empties the last created offer and answer") {
    peer alice(1), bob(2);
    alice.jsep.add_data_section();
    auto offer = alice.offer();
    alice.jsep.set_local_description(sdp_type::offer, offer).value();
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    auto answer = bob.set_local();
    alice.jsep.set_remote_description(sdp_type::answer, answer).value();
    CHECK(alice.jsep.set_local_description(sdp_type::offer, offer).error().kind ==
          error_kind::invalid_modification);
    bob.jsep.set_remote_description(sdp_type::offer, alice.offer()).value();
    CHECK(bob.jsep.set_local_description(sdp_type::answer, answer).error().kind ==
          error_kind::invalid_modification);
}
