#include "cortc/connection/negotiator.hpp"
#include "test/unit/connection/support.hpp"

#include <variant>
#include <vector>

using namespace cortc;

namespace {

struct end_of_call : test::part_bench, negotiator::listener {
    connection_settings settings{Configuration(), [](const Configuration&) {}};
    connection_identity identity{*owner, settings.get()};
    negotiator self{*owner, *this, settings, identity};
    std::vector<jsep::event> events;
    int applied = 0;

    void apply_session() override {
        ++applied;
        while (auto event = self.session().poll_event()) events.push_back(std::move(*event));
    }
    template <class Event>
    [[nodiscard]] std::size_t count() const {
        std::size_t found = 0;
        for (const auto& each : events) found += std::holds_alternative<Event>(each);
        return found;
    }
    SessionDescription offer() {
        auto made =
            test::begin<SessionDescription>(*this, [&](auto op) { self.create_offer({}, std::move(op)); });
        run();
        REQUIRE(made->value);
        return *made->value;
    }
    std::shared_ptr<test::observed_operation<>> set_local() {
        auto done = test::begin(*this, [&](auto op) { self.set_local(std::nullopt, std::move(op)); });
        run();
        return done;
    }
    std::shared_ptr<test::observed_operation<>> set_remote(const SessionDescription& description) {
        auto done = test::begin(*this, [&](auto op) { self.set_remote(description, std::move(op)); });
        run();
        return done;
    }
};

} // namespace

TEST_CASE("negotiator: an offer and its answer, and who applies them hears each change once") {
    end_of_call alice, bob;
    alice.self.session().add_data_section();
    CHECK(alice.self.certificates().empty());
    const auto offer = alice.offer();
    CHECK(alice.self.certificates().size() == 1);
    CHECK(alice.applied == 0);
    CHECK_FALSE(alice.set_local()->error);
    CHECK(alice.applied == 1);
    CHECK(alice.count<jsep::local_ice>() == 1);
    CHECK_FALSE(bob.set_remote(offer)->error);
    CHECK_FALSE(bob.set_local()->error);
    const auto answer = bob.self.session().current_local_description();
    REQUIRE(answer);
    CHECK_FALSE(alice.set_remote(SessionDescription(SdpType::answer, answer->sdp))->error);
    CHECK(alice.count<jsep::remote_ice>() == 1);
    CHECK(alice.count<jsep::dtls_parameters>() == 1);
    CHECK(alice.self.session().state() == jsep::signaling_state::stable);
}

TEST_CASE("negotiator: a description in the wrong state changes nothing and says which member failed") {
    end_of_call alice;
    auto wrong = alice.set_remote(SessionDescription(SdpType::answer, "v=0\r\n"));
    CHECK(wrong->failure() == "InvalidStateError");
    CHECK(alice.events.empty());
    auto made =
        test::begin<SessionDescription>(alice, [&](auto op) { alice.self.create_answer(std::move(op)); });
    alice.run();
    CHECK(made->failure() == "InvalidStateError");
}

TEST_CASE(
    "negotiator: negotiation-needed is fired once, in a task of its own, and not while the chain is busy") {
    end_of_call alice;
    alice.self.session().add_data_section();
    alice.self.update_negotiation_needed();
    alice.self.update_negotiation_needed();
    CHECK(alice.self.negotiation_events().size() == 0);
    alice.run();
    CHECK(alice.self.negotiation_events().size() == 1);
    CHECK(alice.self.negotiation_events().try_read());

    end_of_call bob;
    bob.self.session().add_data_section();
    auto offering =
        test::begin<SessionDescription>(bob, [&](auto op) { bob.self.create_offer({}, std::move(op)); });
    bob.self.update_negotiation_needed();
    CHECK(bob.self.negotiation_events().size() == 0);
    bob.run();
    CHECK(offering->done);
    CHECK(bob.self.negotiation_events().size() == 1);
}

TEST_CASE("negotiator: a trickled candidate changes no revision, everything else does") {
    end_of_call alice, bob;
    alice.self.session().add_data_section();
    const auto offer = alice.offer();
    alice.set_local();
    bob.set_remote(offer);
    bob.set_local();
    const auto before = bob.self.session().revision();
    auto added = test::begin(bob, [&](auto op) {
        bob.self.add_candidate(IceCandidate("candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host", "0", 0),
                               std::move(op));
    });
    bob.run();
    CHECK_FALSE(added->error);
    CHECK(added->done);
    CHECK(bob.count<jsep::remote_candidate>() == 1);
    CHECK(bob.self.session().revision() == before);
    bob.self.restart_ice();
    CHECK(bob.self.session().revision() != before);
}

TEST_CASE("negotiator: after close() operations fail and nothing is needed") {
    end_of_call alice;
    alice.self.session().add_data_section();
    alice.owner->close();
    alice.self.close(make_error(errc::aborted, "closed"));
    alice.self.update_negotiation_needed();
    auto made =
        test::begin<SessionDescription>(alice, [&](auto op) { alice.self.create_offer({}, std::move(op)); });
    alice.run();
    CHECK(made->failure() == "InvalidStateError");
    CHECK(alice.self.negotiation_events().size() == 0);
}

namespace {

/// What its listener does with signaling states in a connection.
struct told_end : end_of_call {
    std::vector<jsep::signaling_state> told;
    void apply_session() override {
        while (auto event = self.session().poll_event())
            if (const auto* now = std::get_if<jsep::signaling_state_changed>(&*event)) {
                told.push_back(now->state);
                self.signaling_changed(now->state);
            }
    }
};

} // namespace

TEST_CASE("negotiator: who waits for negotiation-needed resumes in stable, whatever was posted behind it") {
    end_of_call peer;
    peer.self.session().add_data_section();
    const auto offer = peer.offer();
    told_end self;
    std::optional<jsep::signaling_state> seen;
    initiate<void>(
        std::static_pointer_cast<waiter_home>(self.where.core()),
        [&](std::exception_ptr error) {
            if (!error) seen = self.self.session().state();
        },
        [&](auto op) { self.self.negotiation_events().read(std::move(op)); });
    self.run();
    self.self.session().add_data_section();
    self.self.update_negotiation_needed();
    auto set = test::begin(self, [&](auto op) { self.self.set_remote(offer, std::move(op)); });
    self.run();
    CHECK(set->done);
    CHECK_FALSE(set->error);
    CHECK(self.self.session().state() == jsep::signaling_state::have_remote_offer);
    // Either it was told, and then while the state was stable; or the offer was quicker, and it was not told.
    CHECK(seen.value_or(jsep::signaling_state::stable) == jsep::signaling_state::stable);
}

TEST_CASE(
    "negotiator: an operation that is called in the turn of negotiation-needed begins after who waited") {
    end_of_call peer;
    peer.self.session().add_data_section();
    const auto offer = peer.offer();
    told_end self;
    std::optional<jsep::signaling_state> seen;
    self.self.session().add_data_section();
    initiate<void>(
        std::static_pointer_cast<waiter_home>(self.where.core()),
        [&](std::exception_ptr error) {
            if (!error) seen = self.self.session().state();
        },
        [&](auto op) { self.self.negotiation_events().read(std::move(op)); });
    std::shared_ptr<test::observed_operation<>> set;
    self.self.update_negotiation_needed(); // its check is a task; the next one is the peer's offer
    self.owner->post(
        [&] { set = test::begin(self, [&](auto op) { self.self.set_remote(offer, std::move(op)); }); });
    self.run();
    REQUIRE(seen);
    CHECK(*seen == jsep::signaling_state::stable);
    REQUIRE(set);
    CHECK(set->done);
    CHECK_FALSE(set->error);
}

TEST_CASE("negotiator: negotiation-needed that nobody has taken is withdrawn when the state is not stable") {
    end_of_call peer;
    peer.self.session().add_data_section();
    const auto offer = peer.offer();
    told_end self;
    self.self.session().add_data_section();
    self.self.update_negotiation_needed();
    self.run();
    CHECK(self.self.negotiation_events().size() == 1);
    CHECK_FALSE(self.set_remote(offer)->error);
    CHECK(self.self.negotiation_events().size() == 0);
    CHECK_FALSE(self.set_remote(SessionDescription(SdpType::rollback, ""))->error);
    self.run();
    CHECK(self.self.negotiation_events().size() == 1); // it still holds
}

TEST_CASE("negotiator: an offer that meets one of ours: stable is told in a task before have-remote-offer") {
    end_of_call peer;
    peer.self.session().add_data_section();
    const auto offer = peer.offer();
    told_end self;
    self.self.session().add_data_section();
    (void)self.offer();
    CHECK_FALSE(self.set_local()->error);
    self.told.clear();
    std::optional<jsep::signaling_state> between;
    auto set = test::begin(self, [&](auto op) { self.self.set_remote(offer, std::move(op)); });
    std::function<void()> look = [&] {
        if (self.told.size() == 1) between = self.self.session().state();
        if (!set->done) self.owner->post(look);
    };
    self.owner->post(look);
    self.run();
    CHECK_FALSE(set->error);
    CHECK(self.told == std::vector{jsep::signaling_state::stable, jsep::signaling_state::have_remote_offer});
    CHECK(between == jsep::signaling_state::stable);
}
