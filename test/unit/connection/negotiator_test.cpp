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
    CHECK_FALSE(alice.self.certificate());
    const auto offer = alice.offer();
    CHECK(alice.self.certificate());
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
