#include "test/support/sim_call.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <algorithm>
#include <map>
#include <set>

using namespace cortc;
using namespace std::chrono_literals;

// IceTransport, DtlsTransport and SctpTransport as the application sees them.

namespace {

/// The states that a level goes through, from where it stands to the end.
template <class State, class Changed>
asio::awaitable<void> watch(std::vector<State>& seen, State from, Changed changed) {
    seen.push_back(from);
    try {
        for (;;) {
            from = co_await changed(from);
            seen.push_back(from);
        }
    } catch (const Error& error) {
        CHECK(error.code() == errc::aborted);
    }
}

using ice = IceTransportState;
/// webrtc-pc 5.6.2.
bool allowed(ice from, ice to) {
    static const std::map<ice, std::set<ice>> next{
        {ice::new_, {ice::checking, ice::closed}},
        {ice::checking, {ice::connected, ice::completed, ice::disconnected, ice::failed, ice::closed}},
        {ice::connected, {ice::completed, ice::disconnected, ice::checking, ice::failed, ice::closed}},
        {ice::completed, {ice::connected, ice::disconnected, ice::failed, ice::closed}},
        {ice::disconnected, {ice::checking, ice::connected, ice::completed, ice::failed, ice::closed}},
        {ice::failed, {ice::checking, ice::closed}},
    };
    return next.contains(from) && next.at(from).contains(to);
}
void check_transitions(const std::vector<ice>& seen) {
    for (std::size_t i = 1; i < seen.size(); ++i) {
        CAPTURE(to_string(seen[i - 1]), to_string(seen[i]));
        CHECK(allowed(seen[i - 1], seen[i]));
    }
}

struct channel_call {
    test::sim_call call{1, test::link_of(5ms)};
    DataChannel a;

    channel_call() { a = call.offerer->createDataChannel("chat"); }
    void set_up() {
        auto body = [&]() -> asio::awaitable<void> {
            co_await call.set_up();
            co_await a.opened();
            co_await call.answerer->nextDataChannel();
            co_await call.pause(1s);
        };
        call.run(body(), 60s);
    }
    void restart() {
        auto body = [&]() -> asio::awaitable<void> {
            co_await call.negotiate(*call.offerer, *call.answerer, OfferOptions{true});
            co_await call.offerer->restarted();
            co_await call.answerer->restarted();
            co_await call.pause(2s);
        };
        call.run(body(), 10s);
    }
};

/// Cancels an operation that waits, and one that does not.
template <class Start>
void check_cancellation(test::sim_call& call, Start start) {
    asio::cancellation_signal signal;
    int completions = 0;
    start(asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error, auto) {
        ++completions;
        try {
            if (error) std::rethrow_exception(error);
            FAIL("it was not cancelled");
        } catch (const boost::system::system_error& why) {
            CHECK(why.code() == asio::error::operation_aborted);
        }
    }));
    call.world.run_for(1ms);
    CHECK(completions == 0);
    signal.emit(asio::cancellation_type::terminal);
    call.world.run_for(1ms);
    CHECK(completions == 1);
}

} // namespace

TEST_CASE("transports: there is none before a description, and the same one all the time after it") {
    channel_call run;
    auto& call = run.call;
    call.rolls_back = true;
    CHECK_FALSE(call.offerer->sctp());
    auto offered = [&]() -> asio::awaitable<void> {
        auto offer = co_await call.offerer->createOffer();
        CHECK_FALSE(call.offerer->sctp());
        co_await call.offerer->setLocalDescription(offer);
        co_await call.answerer->setRemoteDescription(offer);
    };
    call.run(offered(), 1s);
    REQUIRE(call.offerer->sctp());
    REQUIRE(call.answerer->sctp());
    const auto sctp = *call.offerer->sctp();
    const auto dtls = sctp.transport();
    const auto ice_transport = dtls.iceTransport();
    CHECK(sctp.state() == SctpTransportState::connecting);
    CHECK_FALSE(sctp.maxMessageSize());
    CHECK_FALSE(sctp.maxChannels());
    CHECK(dtls.state() == DtlsTransportState::new_);
    CHECK(dtls.getRemoteCertificates().empty());
    CHECK_FALSE(dtls.error());
    CHECK(ice_transport.state() == ice::new_);
    CHECK(ice_transport.component() == IceComponent::rtp);
    CHECK(ice_transport.role() == IceRole::controlling);
    CHECK(call.answerer->sctp()->transport().iceTransport().role() == IceRole::controlled);
    CHECK_FALSE(ice_transport.getSelectedCandidatePair());
    CHECK_FALSE(ice_transport.getRemoteParameters());
    CHECK(ice_transport.getRemoteCandidates().empty());
    REQUIRE(ice_transport.getLocalParameters());
    const auto theirs = call.answerer->sctp()->transport().iceTransport();
    CHECK(theirs.getRemoteParameters() == ice_transport.getLocalParameters()); // before the answer already
    CHECK_FALSE(theirs.getLocalParameters());

    auto rolled_back = [&]() -> asio::awaitable<void> {
        auto rollback = SessionDescription(SdpType::rollback, "");
        co_await call.offerer->setLocalDescription(rollback);
        co_await call.answerer->setRemoteDescription(rollback);
    };
    call.run(rolled_back(), 1s);
    CHECK_FALSE(call.offerer->sctp());
    CHECK_FALSE(call.answerer->sctp());
    CHECK(sctp.state() == SctpTransportState::closed);
    CHECK(dtls.state() == DtlsTransportState::closed);
    CHECK(ice_transport.state() == ice::closed);

    run.set_up();
    const auto again = *call.offerer->sctp();
    CHECK(again != sctp);
    CHECK(again.transport() != dtls);
    run.restart();
    CHECK(again == *call.offerer->sctp());
    CHECK(again.transport() == call.offerer->sctp()->transport());
    CHECK(again.transport().iceTransport() == call.offerer->sctp()->transport().iceTransport());
    call.finish();
}

TEST_CASE("transports: what they know of a call that is up") {
    channel_call run;
    auto& call = run.call;
    run.set_up();
    const auto sctp = *call.offerer->sctp();
    const auto dtls = sctp.transport();
    const auto ours = dtls.iceTransport(), theirs = call.answerer->sctp()->transport().iceTransport();
    CHECK(sctp.state() == SctpTransportState::connected);
    CHECK(sctp.maxChannels() == call.offerer->maxChannels());
    CHECK(sctp.maxMessageSize() == call.offerer->maxMessageSize());
    CHECK(sctp.maxChannels().has_value());
    CHECK(sctp.maxMessageSize() == 262144U);
    CHECK(dtls.state() == DtlsTransportState::connected);
    REQUIRE(dtls.getRemoteCertificates().size() == 1);
    const auto certificate = crypto::hash(crypto::hash_algorithm::sha256, dtls.getRemoteCertificates()[0]);
    std::string print;
    for (auto each : certificate)
        print += fmt::format("{}{:02X}", print.empty() ? "" : ":", std::to_integer<unsigned>(each));
    CHECK(call.answerer->localDescription()->sdp.find(print) != std::string::npos);

    CHECK((ours.state() == ice::connected || ours.state() == ice::completed));
    CHECK(ours.gatheringState() == IceGathererState::complete);
    CHECK(ours.getLocalParameters() == theirs.getRemoteParameters());
    CHECK(ours.getRemoteParameters() == theirs.getLocalParameters());
    REQUIRE(ours.getLocalParameters());
    CHECK(call.offerer->localDescription()->sdp.find("a=ice-pwd:" + ours.getLocalParameters()->password) !=
          std::string::npos);
    const auto local = ours.getLocalCandidates();
    REQUIRE(local.size() == 2);
    for (const auto& each : local) {
        CHECK(each.sdpMid == "0");
        CHECK(each.sdpMLineIndex == 0);
        CHECK(each.usernameFragment == ours.getLocalParameters()->usernameFragment);
    }
    CHECK(theirs.getRemoteCandidates() == local);
    CHECK(ours.getRemoteCandidates() == theirs.getLocalCandidates());
    const auto pair = ours.getSelectedCandidatePair();
    REQUIRE(pair);
    CHECK(pair->local == call.offerer->selectedPair()->local);
    CHECK(std::ranges::find(local, pair->local.candidate, &IceCandidate::candidate) != local.end());

    run.restart();
    CHECK(ours.getSelectedCandidatePair() != pair);
    CHECK(ours.getLocalParameters()->usernameFragment != local[0].usernameFragment);
    CHECK(ours.getLocalCandidates().size() == 2);
    CHECK(ours.getLocalCandidates() == theirs.getRemoteCandidates());
    call.finish();
}

TEST_CASE("transports: states in the order of the W3C") {
    channel_call run;
    auto& call = run.call;
    auto offered = [&]() -> asio::awaitable<void> {
        auto offer = co_await call.offerer->createOffer();
        co_await call.offerer->setLocalDescription(offer);
        co_await call.answerer->setRemoteDescription(offer);
    };
    call.run(offered(), 1s);
    auto sctp = *call.offerer->sctp();
    auto dtls = sctp.transport();
    auto one = dtls.iceTransport(), other = call.answerer->sctp()->transport().iceTransport();
    std::vector<ice> ours, theirs;
    std::vector<IceGathererState> gathering;
    std::vector<DtlsTransportState> encrypted;
    std::vector<SctpTransportState> associated;
    std::vector<std::optional<IceCandidatePair>> pairs;
    std::vector<test::spawned> watching;
    watching.push_back(
        call.spawn(watch(ours, one.state(), [&](ice from) { return one.stateChanged(from); })));
    watching.push_back(
        call.spawn(watch(theirs, other.state(), [&](ice from) { return other.stateChanged(from); })));
    watching.push_back(call.spawn(watch(gathering, one.gatheringState(), [&](IceGathererState from) {
        return one.gatheringStateChanged(from);
    })));
    watching.push_back(call.spawn(
        watch(encrypted, dtls.state(), [&](DtlsTransportState from) { return dtls.stateChanged(from); })));
    watching.push_back(call.spawn(
        watch(associated, sctp.state(), [&](SctpTransportState from) { return sctp.stateChanged(from); })));
    watching.push_back(
        call.spawn(watch(pairs, one.getSelectedCandidatePair(), [&](std::optional<IceCandidatePair> from) {
            return one.selectedCandidatePairChanged(std::move(from));
        })));
    auto answered = [&]() -> asio::awaitable<void> {
        auto answer = co_await call.answerer->createAnswer();
        co_await call.answerer->setLocalDescription(answer);
        co_await call.offerer->setRemoteDescription(answer);
        call.trickling.push_back(call.spawn(call.trickle(*call.offerer, *call.answerer)));
        call.trickling.push_back(call.spawn(call.trickle(*call.answerer, *call.offerer)));
        co_await run.a.opened();
        co_await call.answerer->nextDataChannel();
        co_await call.pause(2s);
    };
    call.run(answered(), 60s);
    CHECK(one.state() == ice::completed);
    run.restart();
    CHECK(one.state() == ice::completed);
    call.partition();
    CHECK(call.world.run_until([&] { return one.state() == ice::disconnected; }, 20s));
    call.partition(false);
    CHECK(call.world.run_until([&] { return one.state() == ice::completed; }, 20s));
    call.offerer->close();
    call.world.run_for(1s);
    for (const auto& each : watching)
        if (&each != &watching[1]) CHECK(each.done());
    check_transitions(ours);
    check_transitions(theirs);
    REQUIRE(ours.size() >= 7);
    CHECK(ours.front() == ice::new_);
    CHECK(ours[1] == ice::checking);
    CHECK(ours.back() == ice::closed);
    CHECK(std::ranges::count(ours, ice::completed) >= 3);
    using gathers = IceGathererState;
    CHECK(gathering.back() == gathers::complete);
    CHECK(std::ranges::count(gathering, gathers::gathering) >= 1);
    for (std::size_t i = 1; i < gathering.size(); ++i) CHECK(gathering[i - 1] != gathering[i]);
    using secure = DtlsTransportState;
    CHECK(encrypted == std::vector{secure::new_, secure::connecting, secure::connected, secure::closed});
    using sctp_state = SctpTransportState;
    CHECK(associated == std::vector{sctp_state::connecting, sctp_state::connected, sctp_state::closed});
    REQUIRE(pairs.size() >= 3);
    CHECK_FALSE(pairs.front());
    CHECK(std::all_of(pairs.begin() + 1, pairs.end(), [](const auto& each) { return each.has_value(); }));
    call.finish();
    for (const auto& each : watching) {
        REQUIRE(each.done());
        each.rethrow();
    }
}

TEST_CASE("transports: the peer ends, and what the handles say") {
    channel_call run;
    auto& call = run.call;
    run.set_up();
    const auto sctp = *call.offerer->sctp();
    const auto certificates = sctp.transport().getRemoteCertificates();
    call.answerer->close();
    call.world.run_for(1s);
    CHECK(sctp.state() == SctpTransportState::closed);
    CHECK(sctp == *call.offerer->sctp()); // it is not replaced
    CHECK(sctp.transport().state() == DtlsTransportState::closed);
    CHECK_FALSE(sctp.transport().error());
    CHECK(sctp.transport().getRemoteCertificates() == certificates);
    CHECK(call.offerer->connectionState() == PeerConnectionState::failed);
    call.finish();
}

TEST_CASE("transports: a connection without a path loses its pair") {
    channel_call run;
    auto& call = run.call;
    run.set_up();
    const auto transport = call.offerer->sctp()->transport().iceTransport();
    const auto pair = transport.getSelectedCandidatePair();
    REQUIRE(pair);
    std::optional<std::optional<IceCandidatePair>> changed;
    auto waiting = [&]() -> asio::awaitable<void> {
        auto handle = transport;
        changed = co_await handle.selectedCandidatePairChanged(pair);
    };
    auto task = call.spawn(waiting());
    call.partition();
    CHECK(call.world.run_until([&] { return transport.state() == ice::failed; }, 100s));
    call.world.run_for(1ms);
    REQUIRE(changed);
    CHECK_FALSE(*changed);
    CHECK_FALSE(transport.getSelectedCandidatePair());
    CHECK(call.offerer->sctp()->state() ==
          SctpTransportState::connected); // webrtc-pc 5.6.2: a restart may help
    call.partition(false);
    run.restart();
    CHECK(transport.getSelectedCandidatePair());
    CHECK(transport.getSelectedCandidatePair() != pair);
    call.finish();
}

TEST_CASE("transports: handles outlive the connection") {
    SctpTransport sctp;
    DtlsTransport dtls;
    IceTransport ice_transport;
    CHECK_FALSE(sctp);
    CHECK(test::thrown_name([&] { (void)sctp.state(); }) == "InvalidStateError");
    CHECK(test::thrown_name([&] { (void)dtls.iceTransport(); }) == "InvalidStateError");
    CHECK(test::thrown_name([&] { (void)ice_transport.component(); }) == "InvalidStateError");
    channel_call run;
    auto& call = run.call;
    run.set_up();
    sctp = *call.offerer->sctp();
    dtls = sctp.transport();
    ice_transport = dtls.iceTransport();
    const auto certificates = dtls.getRemoteCertificates();
    const auto channels = sctp.maxChannels();
    auto candidates = ice_transport.getLocalCandidates();
    call.offerer->close();
    const auto closed = [&] {
        CHECK(sctp.state() == SctpTransportState::closed);
        CHECK(sctp.maxChannels() == channels);
        CHECK(sctp.maxMessageSize() == 262144U);
        CHECK(sctp.transport() == dtls);
        CHECK(dtls.state() == DtlsTransportState::closed);
        CHECK(dtls.getRemoteCertificates() == certificates);
        CHECK(ice_transport.state() == ice::closed);
        CHECK(ice_transport.role() == IceRole::controlling);
        CHECK(ice_transport.gatheringState() == IceGathererState::complete);
        CHECK_FALSE(ice_transport.getSelectedCandidatePair());
    };
    closed();
    CHECK(call.offerer->sctp() == sctp);
    CHECK(ice_transport.getLocalCandidates() == candidates);
    CHECK(ice_transport.getLocalParameters());
    call.world.run_for(1s);
    call.offerer.emplace(call.a);
    call.world.run_for(1s);
    closed();
    CHECK(ice_transport.getLocalCandidates().empty());
    CHECK(ice_transport.getRemoteCandidates().empty());
    CHECK_FALSE(ice_transport.getLocalParameters());
    CHECK_FALSE(ice_transport.getRemoteParameters());
    auto over = [&]() -> asio::awaitable<void> {
        CHECK(co_await test::failure_of(sctp.stateChanged(SctpTransportState::closed)) == "AbortError");
        CHECK(co_await test::failure_of(dtls.stateChanged(DtlsTransportState::closed)) == "AbortError");
        CHECK(co_await test::failure_of(ice_transport.stateChanged(ice::closed)) == "AbortError");
        CHECK(co_await test::failure_of(ice_transport.gatheringStateChanged(IceGathererState::complete)) ==
              "AbortError");
        CHECK(co_await test::failure_of(ice_transport.selectedCandidatePairChanged(std::nullopt)) ==
              "AbortError");
        CHECK(co_await ice_transport.stateChanged(ice::connected) == ice::closed);
        CHECK(co_await sctp.stateChanged(SctpTransportState::connecting) == SctpTransportState::closed);
    };
    call.run(over(), 1s);
    call.finish();
}

TEST_CASE("transports: every wait can be cancelled, and what it waited for still comes to the next") {
    channel_call run;
    auto& call = run.call;
    run.set_up();
    auto sctp = *call.offerer->sctp();
    auto dtls = sctp.transport();
    auto ice_transport = dtls.iceTransport();
    check_cancellation(call, [&](auto token) { sctp.stateChanged(sctp.state(), std::move(token)); });
    check_cancellation(call, [&](auto token) { dtls.stateChanged(dtls.state(), std::move(token)); });
    check_cancellation(
        call, [&](auto token) { ice_transport.stateChanged(ice_transport.state(), std::move(token)); });
    check_cancellation(call, [&](auto token) {
        ice_transport.gatheringStateChanged(ice_transport.gatheringState(), std::move(token));
    });
    check_cancellation(call, [&](auto token) {
        ice_transport.selectedCandidatePairChanged(ice_transport.getSelectedCandidatePair(),
                                                   std::move(token));
    });
    std::optional<SctpTransportState> next;
    sctp.stateChanged(SctpTransportState::connected,
                      [&](std::exception_ptr, SctpTransportState state) { next = state; });
    call.world.run_for(1ms);
    CHECK_FALSE(next);
    call.offerer->close();
    call.world.run_for(1ms);
    CHECK(next == SctpTransportState::closed);
    call.finish();
}

TEST_CASE("transports: why DTLS failed") {
    test::sim_call call(1, test::link_of(5ms));
    auto channel = call.offerer->createDataChannel("x");
    auto body = [&]() -> asio::awaitable<void> {
        auto offer = co_await call.offerer->createOffer();
        co_await call.offerer->setLocalDescription(offer);
        co_await call.answerer->setRemoteDescription(offer);
        auto answer = co_await call.answerer->createAnswer();
        co_await call.answerer->setLocalDescription(answer);
        auto spoilt = answer.sdp;
        auto& digit = spoilt[spoilt.find("a=fingerprint:sha-256 ") + 22];
        digit = digit == '0' ? '1' : '0';
        auto wrong = SessionDescription(SdpType::answer, spoilt);
        co_await call.offerer->setRemoteDescription(wrong);
        call.trickling.push_back(call.spawn(call.trickle(*call.offerer, *call.answerer)));
        call.trickling.push_back(call.spawn(call.trickle(*call.answerer, *call.offerer)));
        co_await test::failure_of(call.offerer->connected());
        co_await test::failure_of(call.answerer->connected());
    };
    call.run(body(), 1s);
    const auto ours = call.offerer->sctp()->transport(), theirs = call.answerer->sctp()->transport();
    CHECK(ours.state() == DtlsTransportState::failed);
    REQUIRE(ours.error());
    CHECK(ours.error()->code() == errc::operation);
    CHECK(std::string(ours.error()->errorDetail()) == "fingerprint-failure");
    CHECK(std::string(ours.error()->what()).size() > 10);
    CHECK(ours.getRemoteCertificates().empty());
    CHECK(theirs.state() == DtlsTransportState::failed);
    REQUIRE(theirs.error());
    CHECK(std::string(theirs.error()->errorDetail()) == "dtls-failure");
    CHECK(call.offerer->sctp()->state() == SctpTransportState::closed);
    call.offerer->close();
    CHECK(ours.state() == DtlsTransportState::closed);
    CHECK(ours.error());
    call.finish();
}

namespace {

/// Both ends believe that they control: the offer says, wrongly, that its agent is lite.
asio::awaitable<void> both_control(test::sim_call& call) {
    auto offer = co_await call.offerer->createOffer();
    co_await call.offerer->setLocalDescription(offer);
    auto sdp = offer.sdp;
    const auto group = sdp.find("a=group:BUNDLE");
    sdp.erase(group, sdp.find("\r\n", group) + 2 - group);
    sdp.insert(sdp.find("m="), "a=ice-lite\r\n");
    auto twisted = SessionDescription(SdpType::offer, sdp);
    co_await call.answerer->setRemoteDescription(twisted);
    co_await call.answerer->setLocalDescription();
    auto answer = *call.answerer->localDescription();
    co_await call.offerer->setRemoteDescription(answer);
    call.trickling.emplace_back(call.io.get_executor(), call.trickle(*call.offerer, *call.answerer));
    call.trickling.emplace_back(call.io.get_executor(), call.trickle(*call.answerer, *call.offerer));
    co_await call.offerer->connected();
    co_await call.answerer->connected();
    co_await call.pause(1s);
}

std::vector<IceRole> roles_of(const PeerConnection& pc) {
    std::vector<IceRole> roles{pc.sctp()->transport().iceTransport().role()};
    for (const auto& each : pc.getSenders()) roles.push_back(each.transport()->iceTransport().role());
    return roles;
}

} // namespace

TEST_CASE("transports: a role conflict on one ends it on all of the connection's") {
    bool repaired_by_offerer = false, repaired_by_answerer = false;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        CAPTURE(seed);
        test::sim_call call(seed, test::link_of(5ms));
        Configuration apart;
        apart.bundlePolicy = BundlePolicy::max_compat;
        call.offerer.emplace(call.a, apart);
        call.answerer.emplace(call.b, apart);
        call.offerer->addTransceiver("audio");
        call.offerer->addTransceiver("video");
        const auto channel = call.offerer->createDataChannel("chat");
        call.run(both_control(call), 20s);
        const auto offerer = roles_of(*call.offerer), answerer = roles_of(*call.answerer);
        REQUIRE(offerer.size() == 3);
        REQUIRE(answerer.size() == 3);
        CHECK(std::count(offerer.begin(), offerer.end(), offerer.front()) == 3);
        CHECK(std::count(answerer.begin(), answerer.end(), answerer.front()) == 3);
        CHECK(offerer.front() != answerer.front());
        repaired_by_offerer |= offerer.front() == IceRole::controlled;
        repaired_by_answerer |= answerer.front() == IceRole::controlled;
        call.finish();
    }
    CHECK(repaired_by_offerer);
    CHECK(repaired_by_answerer);
}

TEST_CASE("transports: who hears that ICE is connected finds the selected pair") {
    test::sim_call call(1, test::link_of(20ms));
    auto channel = call.offerer->createDataChannel("x");
    auto watch = [](PeerConnection& pc) -> asio::awaitable<void> {
        auto state = pc.iceConnectionState();
        while (state != IceConnectionState::connected && state != IceConnectionState::completed)
            state = co_await pc.iceConnectionStateChanged(state);
        CHECK(pc.sctp()->transport().iceTransport().getSelectedCandidatePair());
    };
    auto a = call.spawn(watch(*call.offerer)), b = call.spawn(watch(*call.answerer));
    call.run(call.set_up(), 10s);
    CHECK(call.world.run_until([&] { return a.done() && b.done(); }, 10s));
    a.rethrow();
    b.rethrow();
    call.finish();
}

TEST_CASE("transports: data that a bundled description has rejected can come back") {
    test::sim_call call(1, test::link_of(5ms));
    auto &a = *call.offerer, &b = *call.answerer;
    (void)a.addTransceiver("audio");
    auto first = a.createDataChannel("first");
    auto begin = [&]() -> asio::awaitable<void> {
        co_await call.set_up();
        co_await first.opened();
    };
    call.run(begin(), 10s);
    // b's description rejects the data section: for a it is gone, and so it is for b when a agrees.
    auto reject = [&]() -> asio::awaitable<void> {
        auto offer = co_await b.createOffer();
        co_await b.setLocalDescription(offer);
        auto text = offer.sdp;
        const auto from = text.find("m=application ") + 14;
        text.replace(from, text.find(' ', from) - from, "0");
        const auto group = text.find("a=group:BUNDLE");
        text.replace(group, text.find("\r\n", group) - group, "a=group:BUNDLE 0");
        auto changed = SessionDescription(SdpType::offer, text);
        co_await a.setRemoteDescription(changed);
        auto answer = co_await a.createAnswer();
        co_await a.setLocalDescription(answer);
        co_await b.setRemoteDescription(answer);
    };
    call.run(reject(), 10s);
    CHECK(call.world.run_until([&] { return first.readyState() == DataChannelState::closed; }, 1s));
    CHECK(first.bufferedAmount() == 0);
    auto second = a.createDataChannel("second");
    auto again = [&]() -> asio::awaitable<void> {
        co_await call.negotiate(a, b);
        co_await second.opened();
        auto there = co_await b.nextDataChannel();
        if (there.label() == "first") there = co_await b.nextDataChannel();
        co_await second.send("hello");
        auto got = co_await there.receive();
        CHECK(got.text() == "hello");
    };
    call.run(again(), 10s);
    call.finish();
}
