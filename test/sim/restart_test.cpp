#include "cortc/stun/message.hpp"
#include "test/support/restarting_call.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>

#include <set>

using namespace cortc;
using namespace std::chrono_literals;

// ICE restarts (RFC 8445 9, RFC 8839 4.4): what is restarted, what stays, and when it happens.

namespace {

template <class T>
T only(const StatsReport& report) {
    const auto all = report.all<T>();
    REQUIRE(all.size() == 1);
    return *all.front();
}
StatsReport report_of(test::sim_call& call, PeerConnection& which) {
    StatsReport report;
    auto body = [&]() -> asio::awaitable<void> { report = co_await which.getStats(); };
    call.run(body(), 1s);
    return report;
}

/// What a restart must not touch: the DTLS association, the SCTP association and its channels.
class associations {
  public:
    explicit associations(test::sim_call& call) : call_(call) {
        for (auto* each : ends()) {
            const auto dtls = each->sctp()->transport();
            const auto sctp = *each->sctp();
            certificates_.push_back(dtls.getRemoteCertificates());
            reports_.push_back(report_of(call_, *each));
            changes_.push_back(call_.spawn(left(dtls)));
            changes_.push_back(call_.spawn(left(sctp)));
        }
    }
    void check_untouched() {
        for (const auto& each : changes_) CHECK_FALSE(each.done());
        for (std::size_t i = 0; i < 2; ++i) {
            auto& pc = *ends()[i];
            CHECK(pc.sctp()->transport().getRemoteCertificates() == certificates_[i]);
            const auto now = report_of(call_, pc);
            const auto& was = reports_[i];
            CHECK(only<TransportStats>(now).id == only<TransportStats>(was).id);
            CHECK(only<TransportStats>(now).bytesSent >= only<TransportStats>(was).bytesSent);
            CHECK(only<SctpStats>(now).id == only<SctpStats>(was).id);
            CHECK(only<SctpStats>(now).packetsReceived >= only<SctpStats>(was).packetsReceived);
            CHECK(only<SctpStats>(now).messagesSent >= only<SctpStats>(was).messagesSent);
            CHECK(only<SctpStats>(now).retransmissionTimeouts == only<SctpStats>(was).retransmissionTimeouts);
            CHECK(only<DataChannelStats>(now).id == only<DataChannelStats>(was).id);
            CHECK(only<DataChannelStats>(now).dataChannelIdentifier ==
                  only<DataChannelStats>(was).dataChannelIdentifier);
            CHECK(only<DataChannelStats>(now).state == DataChannelState::open);
        }
    }

  private:
    std::array<PeerConnection*, 2> ends() { return {&*call_.offerer, &*call_.answerer}; }
    static asio::awaitable<void> left(DtlsTransport dtls) {
        co_await dtls.stateChanged(DtlsTransportState::connected);
    }
    static asio::awaitable<void> left(SctpTransport sctp) {
        co_await sctp.stateChanged(SctpTransportState::connected);
    }

    test::sim_call& call_;
    std::vector<std::vector<bytes>> certificates_;
    std::vector<StatsReport> reports_;
    std::vector<test::spawned> changes_;
};

/// Hosts with a dozen addresses each, of which one may be used at a time: moving on makes every socket of the
/// next generation a new one, while those of the generations before stay open.
struct moving {
    std::shared_ptr<std::size_t> at = std::make_shared<std::size_t>(0);
    test::addresses mine, theirs;

    moving() {
        for (int i = 0; i < 12; ++i) {
            mine.push_back(fmt::format("10.1.0.{}", i + 1));
            theirs.push_back(fmt::format("10.2.0.{}", i + 1));
        }
    }
    context_options options() const {
        context_options made;
        made.interface_filter = [at = at](const net::interface_address& each) {
            return each.address.to_v4().to_bytes()[3] == *at % 12 + 1;
        };
        return made;
    }
};

/// Numbers in both directions, each a message a millisecond that is sent once.
struct flows {
    test::numbers there, back;
    std::vector<test::spawned> running;

    explicit flows(test::restarting_call& run)
        : there{run.call.a, run.a, run.b, 1ms}, back{run.call.a, run.b, run.a, 1ms} {
        for (auto* each : {&there, &back}) running.push_back(run.call.spawn(each->receive()));
        go_on(run.call);
    }
    void go_on(test::sim_call& call) {
        for (auto* each : {&there, &back}) {
            each->stop = false;
            running.push_back(call.spawn(each->send()));
        }
    }
    void check_all(test::sim_call& call) {
        there.stop = back.stop = true;
        call.world.run_for(2s);
        there.check_all();
        back.check_all();
    }
};

DataChannelInit once() { return test::channel_init(false, 0, 0); }
SessionDescription rollback() { return {SdpType::rollback, ""}; }

std::string ufrag_of(const std::string& sdp) {
    const auto at = sdp.find("a=ice-ufrag:") + 12;
    return sdp.substr(at, sdp.find('\r', at) - at);
}

} // namespace

TEST_CASE("restart: in a thousand in sequence nothing is lost, with the same sockets or new ones") {
    const bool new_sockets = GENERATE(false, true);
    CAPTURE(new_sockets);
    moving hosts;
    const test::addresses one{"10.1.0.1"}, other{"10.2.0.1"};
    test::restarting_call run(once(), 1, test::link_of(2ms), hosts.options(), new_sockets ? hosts.mine : one,
                              new_sockets ? hosts.theirs : other);
    auto& call = run.call;
    call.signaling_delay = 1ms;
    associations kept(call);
    flows messages(run);
    std::set<std::string> used;
    auto restarts = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 1000; ++i) {
            if (new_sockets) ++*hosts.at;
            auto& from = i % 2 == 0 ? *call.offerer : *call.answerer;
            auto& to = i % 2 == 0 ? *call.answerer : *call.offerer;
            co_await run.restart(from, to, i % 4 < 2);
            CHECK(call.offerer->connectionState() == PeerConnectionState::connected);
            CHECK(call.answerer->connectionState() == PeerConnectionState::connected);
            const auto local = call.offerer->selectedPair()->local.candidate;
            used.insert(local.substr(0, local.find(" typ"))); // what follows names the generation
        }
    };
    const auto began = call.world.now();
    call.run(restarts(), 120s);
    test::figure("1000 restarts ({} sockets) in {:.1f} s, {} and {} messages", new_sockets ? "new" : "kept",
                 test::seconds(call.world.now() - began), messages.there.sent, messages.back.sent);
    CHECK(used.size() == (new_sockets ? 1000 : 1));
    CHECK(call.world.open_sockets() <= (new_sockets ? 16 : 2)); // at most eight generations live
    messages.check_all(call);
    kept.check_untouched();
    CHECK(call.world.open_sockets() == 2);
    CHECK(only<IceRestartStats>(report_of(call, *call.offerer)).restartsCompleted == 1000);
    call.finish();
}

TEST_CASE("restart: by both at once, rolled back, or followed by the next one, nothing is lost") {
    moving hosts;
    test::restarting_call run(once(), 2, test::link_of(5ms), hosts.options(), hosts.mine, hosts.theirs);
    auto& call = run.call;
    call.rolls_back = true;
    associations kept(call);
    flows messages(run);
    sim::seeded_random random(7);
    auto& a = *call.offerer;
    auto& b = *call.answerer;
    auto rounds = [&]() -> asio::awaitable<void> {
        const auto undo = rollback();
        for (int i = 0; i < 200; ++i) {
            if (random.chance(0.5)) ++*hosts.at;
            auto& from = random.chance(0.5) ? a : b;
            auto& to = &from == &a ? b : a;
            switch (random.next() % 4) {
            case 0: { // glare: `to` yields
                auto mine = co_await from.createOffer(OfferOptions{true});
                auto theirs = co_await to.createOffer(OfferOptions{true});
                co_await from.setLocalDescription(mine);
                co_await to.setLocalDescription(theirs);
                co_await call.pause(std::chrono::microseconds(random.next() % 20'000));
                co_await to.setRemoteDescription(mine);
                co_await to.setLocalDescription();
                auto answer = *to.localDescription();
                co_await from.setRemoteDescription(answer);
                break;
            }
            case 1: { // taken back by both, and offered again
                co_await from.setLocalDescription();
                from.restartIce();
                co_await from.setLocalDescription(undo);
                auto offer = co_await from.createOffer(OfferOptions{true});
                co_await from.setLocalDescription(offer);
                co_await to.setRemoteDescription(offer);
                co_await call.pause(std::chrono::microseconds(random.next() % 20'000));
                co_await to.setRemoteDescription(undo);
                co_await from.setLocalDescription(undo);
                co_await call.negotiate(to, from);
                break;
            }
            case 2: // two in a row
                co_await call.negotiate(from, to, OfferOptions{true});
                [[fallthrough]];
            default:
                co_await call.negotiate(from, to, OfferOptions{true});
            }
            // Before, while and after the checks of the last one.
            co_await call.pause(std::chrono::microseconds(random.next() % 40'000));
            CHECK(a.connectionState() == PeerConnectionState::connected);
            CHECK(b.connectionState() == PeerConnectionState::connected);
        }
        co_await a.restarted();
        co_await b.restarted();
    };
    call.run(rounds(), 60s);
    messages.check_all(call);
    kept.check_untouched();
    CHECK(call.world.open_sockets() <= 4);
    call.finish();
}

TEST_CASE("restart: interface addresses come and go between generations") {
    test::restarting_call run(once(), 3, test::link_of(5ms), context_options(), test::addresses{"10.0.0.1"},
                              test::addresses{"10.0.0.2"});
    auto& call = run.call;
    auto& host = call.world.host("a");
    associations kept(call);
    flows messages(run);
    const auto fresh = boost::asio::ip::make_address("fd00::1"),
               old = boost::asio::ip::make_address("10.0.0.1");
    call.world.host("b").add_address(
        {"eth1", boost::asio::ip::make_address("fd00::2"), net::interface_kind::ethernet_or_unknown});
    host.add_address({"eth1", fresh, net::interface_kind::ethernet_or_unknown});
    call.run(run.restart(*call.offerer, *call.answerer, true), 1s);
    call.run(call.pause(2s), 3s);
    CHECK(call.offerer->selectedPair()->local.candidate.find("fd00::1") != std::string::npos);
    CHECK(call.world.open_sockets() == 4);
    messages.check_all(call);
    // The address in use goes: not a word gets through until the restart, which takes the one that is left.
    host.set_address(fresh, false);
    const auto began = call.world.now();
    call.run(run.restart(*call.answerer, *call.offerer, true), 1s);
    CHECK(call.world.now() - began <= 100ms); // no checks of the dead path are waited for
    CHECK(call.offerer->selectedPair()->local.candidate.find(old.to_string()) != std::string::npos);
    messages.go_on(call);
    call.run(call.pause(500ms), 1s);
    messages.check_all(call);
    call.run(call.pause(2s), 3s);
    CHECK(call.world.open_sockets() == 3); // that of fd00::1 is closed
    kept.check_untouched();
    call.finish();
}

TEST_CASE("restart: with another configuration, which counts from it on") {
    test::restarting_call run(once(), 4, test::link_of(5ms), context_options(), test::addresses{"10.0.0.1"},
                              test::addresses{"10.0.0.2"});
    auto& call = run.call;
    auto& a = *call.offerer;
    auto& b = *call.answerer;
    associations kept(call);
    flows messages(run);
    auto body = [&]() -> asio::awaitable<void> {
        const auto before = a.selectedPair()->local;
        Configuration relayed;
        relayed.iceTransportPolicy = IceTransportPolicy::relay;
        a.setConfiguration(relayed);
        a.restartIce();
        co_await a.negotiationNeeded();
        co_await call.negotiate(a, b); // nothing can come of it: a has no candidate
        co_await a.gatheringComplete();
        co_await call.pause(1s);
        CHECK(a.selectedPair()->local == before);
        CHECK(a.connectionState() == PeerConnectionState::connected);
        const Configuration direct;
        a.setConfiguration(direct);
        co_await call.negotiate(b, a, OfferOptions{true});
        co_await a.restarted();
        co_await b.restarted();
        CHECK(a.selectedPair()->local.usernameFragment != before.usernameFragment);
    };
    call.run(body(), 10s);
    messages.check_all(call);
    kept.check_untouched();
    call.finish();
}

TEST_CASE("restart: before the first answer, and while DTLS shakes hands") {
    for (bool by_offerer : {false, true}) {
        test::sim_call call(5, test::link_of(10ms));
        call.rolls_back = true;
        auto channel = call.offerer->createDataChannel("x");
        auto& from = by_offerer ? *call.offerer : *call.answerer;
        auto& to = by_offerer ? *call.answerer : *call.offerer;
        auto body = [&]() -> asio::awaitable<void> {
            co_await call.offerer->setLocalDescription();
            const auto first = ufrag_of(call.offerer->localDescription()->sdp);
            auto again = co_await call.offerer->createOffer(OfferOptions{true});
            co_await call.offerer->setLocalDescription(again);
            CHECK(ufrag_of(again.sdp) != first);
            co_await call.answerer->setRemoteDescription(again);
            co_await call.answerer->setLocalDescription();
            auto answer = *call.answerer->localDescription();
            co_await call.offerer->setRemoteDescription(answer);
            call.trickling.push_back(call.spawn(call.trickle(*call.offerer, *call.answerer)));
            call.trickling.push_back(call.spawn(call.trickle(*call.answerer, *call.offerer)));
            auto dtls = from.sctp()->transport();
            auto state = dtls.state();
            while (state != DtlsTransportState::connecting) state = co_await dtls.stateChanged(state);
            co_await call.negotiate(from, to, OfferOptions{true});
            state = co_await dtls.stateChanged(DtlsTransportState::connecting);
            CHECK(state == DtlsTransportState::connected); // the same handshake goes on
            CHECK(from.sctp()->transport() == dtls);
            co_await channel.opened();
            co_await from.restarted();
            co_await to.restarted();
        };
        call.run(body(), 5s);
        call.world.run_for(2s);
        CHECK(call.world.open_sockets() == 4);
        call.finish();
    }
}

TEST_CASE("restart: candidates of old generations come late, and change nothing") {
    test::restarting_call run(once(), 6, test::link_of(5ms));
    auto& call = run.call;
    call.rolls_back = true; // some overtake their description
    auto& a = *call.offerer;
    auto& b = *call.answerer;
    flows messages(run);
    auto body = [&]() -> asio::awaitable<void> {
        std::vector<IceCandidate> old;
        for (int i = 0; i < 5; ++i) {
            auto known = b.sctp()->transport().iceTransport().getLocalCandidates();
            old.insert(old.end(), known.begin(), known.end());
            auto offer = co_await a.createOffer(OfferOptions{true});
            co_await a.setLocalDescription(offer);
            co_await b.setRemoteDescription(offer);
            co_await b.setLocalDescription();
            co_await b.gatheringComplete(); // or its candidates make pairs while we count them
            auto answer = *b.localDescription();
            // Those of the generation that still carries the data are known until the answer replaces it.
            for (const auto& each : known) {
                auto name = co_await test::failure_of(a.addIceCandidate(each));
                CHECK(name.empty());
            }
            co_await a.setRemoteDescription(answer);
            auto report = co_await a.getStats();
            const auto before = report.all<IceCandidatePairStats>().size();
            for (const auto& each : old) {
                auto name = co_await test::failure_of(a.addIceCandidate(each));
                CHECK(name == "OperationError"); // webrtc-pc addIceCandidate: no description has its ufrag
            }
            report = co_await a.getStats();
            CHECK(report.all<IceCandidatePairStats>().size() == before);
            co_await a.restarted();
            co_await b.restarted();
            for (const auto& each : old) {
                auto name = co_await test::failure_of(a.addIceCandidate(each));
                CHECK(name == "OperationError");
            }
        }
    };
    call.run(body(), 10s);
    messages.check_all(call);
    call.finish();
}

TEST_CASE("restart: a replaced generation sends no checks, and its sockets close") {
    moving hosts;
    test::restarting_call run(once(), 7, test::link_of(5ms), hosts.options(), hosts.mine, hosts.theirs);
    auto& call = run.call;
    call.world.run_for(10s);
    const auto old = call.offerer->selectedPair()->local.usernameFragment.value();
    const auto address = endpoint{boost::asio::ip::make_address("10.1.0.1"), 0}.address;
    std::size_t checks = 0, from_old = 0;
    call.world.on_datagram([&](sim::transit& each) {
        const auto message = stun::message::parse(each.data);
        if (each.source.address == address) ++from_old;
        if (!message || !message->is_request() || !message->username()) return;
        if (message->username()->find(old) != std::string_view::npos) ++checks;
    });
    call.world.run_for(20s);
    CHECK(checks >= 4); // consent, of either end
    ++*hosts.at;
    call.run(run.restart(*call.offerer, *call.answerer, true), 1s);
    checks = 0;
    call.world.run_for(1500ms);
    from_old = 0;
    call.world.run_for(60s);
    CHECK(checks == 0);
    CHECK(from_old == 0);
    CHECK(call.world.open_sockets() == 2);
    CHECK(call.offerer->connectionState() == PeerConnectionState::connected);
    call.finish();
}

TEST_CASE("restart: data that comes by the new pair before it is selected is taken") {
    moving hosts;
    test::restarting_call run(once(), 8, test::link_of(5ms), hosts.options(), hosts.mine, hosts.theirs);
    auto& call = run.call;
    flows messages(run);
    // What answers the nomination takes 200 ms: the answerer has selected, and the offerer does not know.
    std::set<std::string> nominations;
    const auto text = [](const stun::transaction_id& id) {
        return std::string(reinterpret_cast<const char*>(id.data()), id.size());
    };
    call.world.on_datagram([&](sim::transit& each) {
        const auto message = stun::message::parse(each.data);
        if (!message) return;
        if (message->is_request() && message->use_candidate()) nominations.insert(text(message->id()));
        if (message->is_response() && nominations.contains(text(message->id()))) each.extra_delay = 200ms;
    });
    ++*hosts.at;
    call.run(run.restart(*call.offerer, *call.answerer, true), 2s);
    const auto when = only<IceRestartStats>(report_of(call, *call.offerer));
    REQUIRE(when.firstPacketTimestamp);
    REQUIRE(when.selectedTimestamp);
    CHECK(*when.selectedTimestamp - *when.firstPacketTimestamp > 150);
    messages.check_all(call);
    CHECK(only<DropStats>(report_of(call, *call.offerer)).of("transport", "invalid source") == 0);
    call.finish();
}

TEST_CASE("restart: restarted() is a level of the local description's generation") {
    test::restarting_call run(once(), 9, test::link_of(5ms));
    auto& call = run.call;
    auto& a = *call.offerer;
    auto& b = *call.answerer;
    call.rolls_back = true;
    auto waits = [&](const test::spawned& task) {
        call.world.run_for(1s);
        return !task.done();
    };
    const auto undo = rollback();
    auto restarted = [&]() -> asio::awaitable<void> { co_await a.restarted(); };
    auto offer = [&]() -> asio::awaitable<void> {
        auto made = co_await a.createOffer(OfferOptions{true});
        co_await a.setLocalDescription(made);
    };
    auto take_back = [&]() -> asio::awaitable<void> { co_await a.setLocalDescription(undo); };

    call.run(restarted(), 1ms); // at once
    call.run(offer(), 1ms);
    auto waiting = call.spawn(restarted());
    CHECK(waits(waiting));
    call.run(take_back(), 1ms);
    call.world.run_for(1ms);
    REQUIRE(waiting.done()); // the generation before counts again
    waiting.rethrow();

    // A restart whose pair is not selected yet, and on top of it one that is rolled back.
    auto unfinished = [&]() -> asio::awaitable<void> { co_await call.negotiate(a, b, OfferOptions{true}); };
    call.partition();
    call.run(unfinished(), 1ms);
    call.run(offer(), 1ms);
    call.run(take_back(), 1ms);
    auto second = call.spawn(restarted());
    CHECK(waits(second));
    call.partition(false);
    REQUIRE(call.world.run_until([&] { return second.done(); }, 5s));
    second.rethrow();

    // Cancelled: nothing has happened, and it can be awaited again.
    call.run(offer(), 1ms);
    asio::cancellation_signal stop;
    boost::system::error_code cancelled;
    a.restarted(asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr error) {
        try {
            if (error) std::rethrow_exception(error);
        } catch (const boost::system::system_error& why) {
            cancelled = why.code();
        }
    }));
    call.world.run_for(1ms);
    CHECK(!cancelled);
    stop.emit(asio::cancellation_type::terminal);
    call.world.run_for(1ms);
    CHECK(cancelled == asio::error::operation_aborted);
    CHECK(a.signalingState() == SignalingState::have_local_offer);

    // Failed while an offer is pending: that may help. When it is taken back nothing is left to hope for.
    call.partition();
    auto third = call.spawn(restarted());
    REQUIRE(call.run_until_state(a, PeerConnectionState::failed, 60s));
    CHECK(waits(third));
    call.run(take_back(), 1ms);
    call.world.run_for(1ms);
    REQUIRE(third.done());
    auto name_of = [](const test::spawned& task) {
        try {
            task.rethrow();
        } catch (const Error& error) {
            return std::string(error.name());
        }
        return std::string();
    };
    CHECK(name_of(third) == "NetworkError");
    auto failed = call.spawn(restarted());
    call.world.run_for(1ms);
    REQUIRE(failed.done());
    CHECK(name_of(failed) == "NetworkError");
    call.partition(false);
    REQUIRE(call.run_until_state(b, PeerConnectionState::failed, 60s));
    call.run(unfinished(), 1ms);
    call.run(restarted(), 5s);

    call.run(offer(), 1ms);
    auto last = call.spawn(restarted());
    CHECK(waits(last));
    a.close();
    call.world.run_for(1ms);
    REQUIRE(last.done());
    CHECK(name_of(last) == "AbortError");
    call.finish();
}

TEST_CASE("restart: the statistics say what happened when") {
    moving hosts;
    const auto one_way = GENERATE(5ms, 40ms);
    test::restarting_call run(once(), 10, test::link_of(one_way), hosts.options(), hosts.mine, hosts.theirs);
    auto& call = run.call;
    auto& a = *call.offerer;
    auto& b = *call.answerer;
    call.rolls_back = true; // the candidates are in the descriptions; those that are trickled come too early
    CHECK(report_of(call, a).all<IceRestartStats>().empty());
    flows messages(run);
    const double d = test::milliseconds(one_way), s = 25;
    ++*hosts.at;
    double t = 0;
    std::string ufrag;
    auto body = [&]() -> asio::awaitable<void> {
        auto report = co_await a.getStats();
        t = only<PeerConnectionStats>(report).timestamp;
        a.restartIce();
        co_await a.setLocalDescription();
        co_await a.gatheringComplete();
        auto offer = *a.localDescription();
        ufrag = ufrag_of(offer.sdp);
        co_await call.pause(25ms);
        co_await b.setRemoteDescription(offer);
        co_await b.setLocalDescription();
        co_await b.gatheringComplete();
        auto answer = *b.localDescription();
        co_await call.pause(25ms);
        co_await a.setRemoteDescription(answer);
        co_await a.restarted();
        report = co_await a.getStats();
        CHECK(only<PeerConnectionStats>(report).timestamp == Approx(t + 2 * s + 4 * d).margin(0.001));
        CHECK_FALSE(only<IceRestartStats>(report).previousRetiredTimestamp);
    };
    call.run(body(), 5s);
    call.world.run_for(3s);
    const auto is = [](std::optional<double> found, double expected) {
        REQUIRE(found.has_value());
        CHECK(*found == Approx(expected).margin(0.001));
    };
    const auto of_a = only<IceRestartStats>(report_of(call, a));
    CHECK(of_a.usernameFragment == ufrag);
    CHECK(of_a.generation == 2);
    CHECK(of_a.restartsCompleted == 1);
    CHECK(of_a.transportId == only<TransportStats>(report_of(call, a)).id);
    is(of_a.localDescriptionTimestamp, t);
    is(of_a.answerTimestamp, t + 2 * s);
    is(of_a.firstCheckTimestamp, t + 2 * s);
    is(of_a.firstValidTimestamp, t + 2 * s + 2 * d);
    is(of_a.nominatedTimestamp, t + 2 * s + 2 * d);
    is(of_a.selectedTimestamp, t + 2 * s + 4 * d);
    const auto of_b = only<IceRestartStats>(report_of(call, b));
    is(of_b.localDescriptionTimestamp, t + s);
    is(of_b.answerTimestamp, t + s);
    is(of_b.firstCheckTimestamp, t + s);
    is(of_b.firstValidTimestamp, t + s + 2 * d);
    is(of_b.nominatedTimestamp, t + 2 * s + 3 * d);
    is(of_b.selectedTimestamp, t + 2 * s + 3 * d);
    // Messages leave each millisecond, and arrive one way later; those on the old path, and their
    // acknowledgements, until the other end has selected.
    REQUIRE(of_a.firstPacketTimestamp);
    REQUIRE(of_b.firstPacketTimestamp);
    const double rounded = 0.001; // of a double that counts milliseconds since 1970
    CHECK(*of_a.firstPacketTimestamp >= *of_b.selectedTimestamp + d - rounded);
    CHECK(*of_a.firstPacketTimestamp <= *of_b.selectedTimestamp + d + 1.001);
    CHECK(*of_b.firstPacketTimestamp >= *of_a.selectedTimestamp + d - rounded);
    CHECK(*of_b.firstPacketTimestamp <= *of_a.selectedTimestamp + d + 1.001);
    is(of_a.previousRetiredTimestamp, *of_a.selectedTimestamp + 1000);
    CHECK(*of_b.previousRetiredTimestamp >= *of_b.selectedTimestamp + 1000);
    CHECK(*of_b.previousRetiredTimestamp <= *of_a.selectedTimestamp + d + 1001);
    messages.check_all(call);
    // A restart that is taken back leaves the one before in the report.
    auto offer = [&]() -> asio::awaitable<void> {
        a.restartIce();
        co_await a.setLocalDescription();
        auto report = co_await a.getStats();
        const auto pending = only<IceRestartStats>(report);
        CHECK(pending.generation == 3);
        CHECK(pending.restartsCompleted == 1);
        CHECK_FALSE(pending.answerTimestamp);
        CHECK_FALSE(pending.firstCheckTimestamp);
        const auto undo = rollback();
        co_await a.setLocalDescription(undo);
        report = co_await a.getStats();
        CHECK(only<IceRestartStats>(report).generation == 2);
    };
    call.run(offer(), 1s);
    call.finish();
}

TEST_CASE("restart: over the path in use it takes three round trips, two where that is nominated early") {
    const bool early = GENERATE(false, true);
    const bool by_answerer = GENERATE(false, true); // who offered first controls, and answers then
    context_options options;
    options.early_nomination = early;
    test::restarting_call run(once(), 10, test::link_of(10ms), options, test::addresses{"10.1.0.1"},
                              test::addresses{"10.2.0.1"});
    auto& call = run.call;
    call.world.run_for(5s);
    call.signaling_delay = 10ms;
    CHECK((call.offerer->localDescription()->sdp.find(" ice2") == std::string::npos) == early); // RFC 8445 10
    flows messages(run);
    auto& from = by_answerer ? *call.answerer : *call.offerer;
    auto& to = by_answerer ? *call.offerer : *call.answerer;
    const auto began = call.world.now();
    call.run(run.restart(from, to, true), 1s);
    const auto took = call.world.now() - began;
    test::figure("a restart, {} nominated: {:.1f} ms", early ? "early" : "not early",
                 test::milliseconds(took));
    // Who answers begins to check half a round trip earlier, and that is who nominates.
    CHECK(took == (early ? 40ms : by_answerer ? 50ms : 60ms));
    messages.check_all(call);
    call.finish();
}
