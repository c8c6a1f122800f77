#include "cortc/connection/transport_set.hpp"
#include "test/unit/connection/parts_support.hpp"

#include <optional>
#include <string>
#include <vector>

using namespace cortc;

namespace {

struct set_bench : test::session_bench, transport_set::listener, channel_events {
    int gathering = 0, states = 0, pairs = 0, ended = 0;
    std::vector<std::string> failures;
    transport_set set{*owner, session, *this, *this};

    void on_transport_state(std::string_view why) override {
        ++states;
        if (!why.empty()) failures.emplace_back(why);
    }
    void on_gathering() override { ++gathering; }
    void on_selected_pair(const std::optional<SelectedPair>&) override { ++pairs; }
    void on_transports_ended() override { ++ended; }
    void on_channel_event(datachannel::channel_event&&) override {}
    void on_channel_message(datachannel::incoming_message&&) override {}
    void on_dtls_over(const std::shared_ptr<transport_impl>&) override {}

    /// The transport and the generation of a first local offer.
    std::vector<jsep::local_ice> describe() {
        session.add_data_section();
        REQUIRE(session.create_offer());
        REQUIRE(session.set_local_description());
        std::vector<jsep::local_ice> generations;
        while (auto event = session.poll_event()) {
            if (auto* added = std::get_if<jsep::transport_added>(&*event)) set.add(*added);
            if (auto* local = std::get_if<jsep::local_ice>(&*event)) {
                generations.push_back(*local);
                set.start_generation(*local, std::make_shared<ice::gather_settings>());
            }
        }
        return generations;
    }
    ~set_bench() {
        owner->close();
        set.close();
        run();
    }
};

} // namespace

TEST_CASE("transport set: candidates come after the task that began a generation, then its end") {
    set_bench bench;
    const auto generations = bench.describe();
    REQUIRE(generations.size() == 1);
    CHECK_FALSE(bench.set.candidates().try_read());
    auto now = bench.set.summary();
    REQUIRE(now.size() == 1);
    CHECK((now[0].untold && now[0].described && !now[0].up_to_date));
    CHECK(now[0].gathering == IceGatheringState::new_);
    bench.run();
    CHECK(bench.gathering == 2);
    const auto host = bench.set.candidates().try_read();
    REQUIRE((host && *host));
    CHECK((*host)->usernameFragment == generations[0].ufrag);
    CHECK((*host)->candidate.find("10.0.0.1") != std::string::npos);
    const auto end = bench.set.candidates().try_read();
    REQUIRE((end && *end));
    CHECK((*end)->candidate.empty());
    CHECK_FALSE(bench.set.candidates().try_read()); // complete is for the connection to say
    bench.set.tell_gathered();
    const auto complete = bench.set.candidates().try_read();
    CHECK((complete && !*complete));
    CHECK(bench.set.summary()[0].gathering == IceGatheringState::complete);
    CHECK_FALSE(bench.set.summary()[0].untold);
    const auto shown = bench.set.candidates(generations[0].transport, transport_owner::side::local);
    REQUIRE(shown.size() == 1);
    CHECK(shown[0].candidate == (*host)->candidate);
}

TEST_CASE("transport set: a rollback takes the generation back before it has gathered") {
    set_bench bench;
    bench.describe();
    REQUIRE(bench.session.set_local_description(jsep::sdp_type::rollback));
    while (auto event = bench.session.poll_event()) {
        if (auto* back = std::get_if<jsep::ice_rolled_back>(&*event)) bench.set.roll_back(*back);
        if (auto* gone = std::get_if<jsep::transport_removed>(&*event))
            CHECK(bench.set.remove(gone->transport));
    }
    CHECK(bench.gathering == 0);
    bench.run();
    CHECK(bench.gathering == 1); // it is none that gathers any more
    CHECK_FALSE(bench.set.candidates().try_read());
    CHECK(bench.set.summary().empty());
    CHECK(bench.ended == 1);
    CHECK(bench.set.ended());
}

TEST_CASE("transport set: a removed transport's handles show that it is over") {
    set_bench bench;
    const auto id = bench.describe().front().transport;
    const auto view = bench.set.view(id);
    REQUIRE(view);
    CHECK(bench.set.ice_role(id) == IceRole::controlling);
    CHECK(bench.set.remove(id));
    CHECK_FALSE(bench.set.remove(id));
    CHECK_FALSE(bench.set.view(id));
    CHECK(view->ice.get() == IceTransportState::closed);
    CHECK(view->dtls.get() == DtlsTransportState::closed);
    CHECK(view->role() == IceRole::controlling); // kept
    CHECK_FALSE(bench.set.ended());
    bench.run();
    CHECK(bench.set.ended());
}
