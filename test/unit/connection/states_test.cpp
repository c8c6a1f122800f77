#include "cortc/connection/states.hpp"
#include "test/unit/connection/support.hpp"

#include <vector>

using namespace cortc;
using ice_state = ice::transport_state;
using dtls_state = dtls_transport_state;

namespace {

transport_summary of(ice_state ice, dtls_state dtls = dtls_state::fresh) {
    transport_summary made;
    made.ice = ice;
    made.dtls = dtls;
    return made;
}

constexpr ice_state every_ice[] = {ice_state::fresh,     ice_state::checking,     ice_state::connected,
                                   ice_state::completed, ice_state::disconnected, ice_state::failed,
                                   ice_state::closed};
constexpr dtls_state every_dtls[] = {dtls_state::fresh, dtls_state::connecting, dtls_state::connected,
                                     dtls_state::closed, dtls_state::failed};

/// webrtc-pc 4.3.3, written the other way round: what the worst transport says.
PeerConnectionState by_table(const std::vector<transport_summary>& all) {
    bool failed = false, disconnected = false, fresh = true, going = false;
    for (const auto& each : all) {
        failed |= each.ice == ice_state::failed || each.dtls == dtls_state::failed ||
                  each.dtls == dtls_state::closed;
        disconnected |= each.ice == ice_state::disconnected;
        fresh &= each.ice == ice_state::fresh && each.dtls == dtls_state::fresh;
        going |= each.ice == ice_state::fresh || each.ice == ice_state::checking ||
                 each.dtls == dtls_state::fresh || each.dtls == dtls_state::connecting;
    }
    if (failed) return PeerConnectionState::failed;
    if (disconnected) return PeerConnectionState::disconnected;
    if (fresh) return PeerConnectionState::new_;
    return going ? PeerConnectionState::connecting : PeerConnectionState::connected;
}

} // namespace

TEST_CASE("states: the connection's is the worst of its transports, for every pair of them") {
    CHECK(detail::derive_state({}) == PeerConnectionState::new_);
    for (auto ice : every_ice)
        for (auto dtls : every_dtls)
            for (auto other : every_ice) {
                const std::vector<transport_summary> all{of(ice, dtls), of(other, dtls_state::connected)};
                CHECK(detail::derive_state(all) == by_table(all));
                const std::vector<transport_summary> turned{all[1], all[0]};
                CHECK(detail::derive_state(turned) == by_table(all));
            }
}

TEST_CASE("states: the ICE state by webrtc-pc 4.3.4") {
    const auto state = [](std::vector<transport_summary> all) { return detail::derive_ice_state(all); };
    CHECK(state({}) == IceConnectionState::new_);
    CHECK(state({of(ice_state::fresh), of(ice_state::closed)}) == IceConnectionState::new_);
    CHECK(state({of(ice_state::fresh), of(ice_state::completed)}) == IceConnectionState::checking);
    CHECK(state({of(ice_state::checking), of(ice_state::connected)}) == IceConnectionState::checking);
    CHECK(state({of(ice_state::completed), of(ice_state::connected)}) == IceConnectionState::connected);
    CHECK(state({of(ice_state::completed), of(ice_state::closed)}) == IceConnectionState::completed);
    CHECK(state({of(ice_state::completed), of(ice_state::disconnected)}) == IceConnectionState::disconnected);
    CHECK(state({of(ice_state::disconnected), of(ice_state::failed)}) == IceConnectionState::failed);
}

TEST_CASE("states: gathering is complete when no generation gathers, and new before there is one") {
    transport_summary idle, waits, gathers, gathered;
    waits.described = gathers.described = gathered.described = true;
    gathers.gathering = IceGatheringState::gathering;
    gathered.gathering = IceGatheringState::complete;
    const auto state = [](std::vector<transport_summary> all) { return detail::derive_gathering(all); };
    CHECK(state({}) == IceGatheringState::new_);
    CHECK(state({idle}) == IceGatheringState::new_);
    CHECK(state({gathered, gathers}) == IceGatheringState::gathering);
    CHECK(state({gathered, waits}) == IceGatheringState::new_);
    CHECK(state({gathered, idle}) == IceGatheringState::complete);
}

TEST_CASE(
    "states: gatheringComplete() waits for what is to be told yet, and is told when that is taken back") {
    test::part_bench bench;
    connection_states states(*bench.owner);
    std::vector<transport_summary> now(1);
    now[0].described = true;
    now[0].gathering = IceGatheringState::complete;
    CHECK(states.update_gathering(now));
    auto first = test::begin(bench, [&](auto op) { states.gathering_complete(std::move(op)); });
    bench.run();
    now[0].untold = true; // a restart
    states.expect_gathering(now);
    auto restart = test::begin(bench, [&](auto op) { states.gathering_complete(std::move(op)); });
    bench.run();
    CHECK(first->done);
    CHECK_FALSE(restart->done);
    CHECK(states.gathering() == IceGatheringState::complete);
    now[0].untold = false; // a rollback
    CHECK_FALSE(states.update_gathering(now));
    bench.run();
    CHECK(restart->done);
}

TEST_CASE("states: how a connection failed is a value, until it is not failed any more") {
    test::part_bench bench;
    connection_states states(*bench.owner);
    auto reason = [&](transport_summary now) {
        states.update(std::vector{now});
        const auto why = states.failed();
        if (why) CHECK(why->code() == errc::network);
        return std::string(why ? why->errorDetail() : "none");
    };
    CHECK(reason(of(ice_state::checking)) == "none");
    CHECK(reason(of(ice_state::failed)) == "ice-failure");
    CHECK(reason(of(ice_state::checking)) == "none"); // a restart
    CHECK(reason(of(ice_state::connected, dtls_state::failed)) == "dtls-failure");
    auto stranger = of(ice_state::connected, dtls_state::failed);
    stranger.mismatch = true;
    CHECK(reason(stranger) == "fingerprint-failure");
    CHECK(reason(of(ice_state::failed, dtls_state::closed)) == "peer-closed"); // it ended before ICE did
    auto late = test::begin(bench, [&](auto op) { states.connected(std::move(op)); });
    bench.run();
    CHECK(late->failure() == "NetworkError");
    bench.owner->close();
    CHECK(reason(of(ice_state::closed)) == "peer-closed"); // it stays
}

TEST_CASE("states: who waits is told once, and levels that hold complete at once") {
    test::part_bench bench;
    connection_states states(*bench.owner);
    auto connected = test::begin(bench, [&](auto op) { states.connected(std::move(op)); });
    auto changed = test::begin<PeerConnectionState>(
        bench, [&](auto op) { states.changed(PeerConnectionState::new_, std::move(op)); });
    auto ice = test::begin<IceConnectionState>(
        bench, [&](auto op) { states.ice_changed(IceConnectionState::new_, std::move(op)); });
    bench.run();
    CHECK_FALSE(connected->done);
    std::vector<transport_summary> now{of(ice_state::checking)};
    states.update(now);
    bench.run();
    CHECK_FALSE(connected->done);
    CHECK(changed->value == PeerConnectionState::connecting);
    CHECK(ice->value == IceConnectionState::checking);
    now = {of(ice_state::connected, dtls_state::connected)};
    states.update(now);
    auto late = test::begin(bench, [&](auto op) { states.connected(std::move(op)); });
    bench.run();
    CHECK(connected->done);
    CHECK_FALSE(connected->error);
    CHECK((late->done && !late->error));
}

TEST_CASE(
    "states: restarted() is about the newest credentials, and a failed restart may be saved by another") {
    test::part_bench bench;
    connection_states states(*bench.owner);
    auto now = std::vector{of(ice_state::connected, dtls_state::connected)};
    now[0].described = true;
    states.update(now);
    auto restarted = test::begin(bench, [&](auto op) { states.restarted(std::move(op)); });
    bench.run();
    CHECK_FALSE(restarted->done);
    states.set_signaling(SignalingState::have_local_offer);
    now[0].ice = ice_state::failed;
    states.update(now); // while the restart is being negotiated
    bench.run();
    CHECK_FALSE(restarted->done);
    now[0].ice = ice_state::connected;
    now[0].up_to_date = true;
    states.update_selection(now);
    bench.run();
    CHECK((restarted->done && !restarted->error));

    states.set_signaling(SignalingState::stable);
    now[0].up_to_date = false;
    states.update(now);
    auto hopeless = test::begin(bench, [&](auto op) { states.restarted(std::move(op)); });
    bench.run();
    CHECK_FALSE(hopeless->done);
    states.note_failure("the peer is gone");
    now[0].dtls = dtls_state::closed;
    states.update(now);
    bench.run();
    CHECK(hopeless->failure() == "NetworkError");
}

TEST_CASE("states: close() ends every wait") {
    test::part_bench bench;
    connection_states states(*bench.owner);
    std::vector<std::shared_ptr<test::observed_operation<>>> waits;
    waits.push_back(test::begin(bench, [&](auto op) { states.connected(std::move(op)); }));
    waits.push_back(test::begin(bench, [&](auto op) { states.gathering_complete(std::move(op)); }));
    waits.push_back(test::begin(bench, [&](auto op) { states.restarted(std::move(op)); }));
    auto pair = test::begin<SelectedPair>(bench, [&](auto op) { states.pair_changed(std::move(op)); });
    auto signaling = test::begin<SignalingState>(
        bench, [&](auto op) { states.signaling_changed(SignalingState::stable, std::move(op)); });
    bench.run();
    bench.owner->close();
    states.update({});
    states.close(make_error(errc::aborted, "closed"));
    bench.run();
    for (const auto& each : waits) CHECK(each->failure() == "AbortError");
    CHECK(pair->failure() == "AbortError");
    CHECK(signaling->value == SignalingState::closed);
    CHECK(states.connection() == PeerConnectionState::closed);
}
