#include "test/support/restarting_call.hpp"

using namespace cortc;
using namespace std::chrono_literals;

// ICE restarts that the peer gets wrong: whatever it is, it is refused by name, and the old path lives on.

namespace {

SessionDescription rollback() { return {SdpType::rollback, ""}; }

std::string line_of(const std::string& sdp, const std::string& name) {
    const auto at = sdp.find("a=" + name + ":");
    REQUIRE(at != std::string::npos);
    return sdp.substr(at, sdp.find('\r', at) - at);
}
/// `text` with the line of `other` instead of its own.
SessionDescription with_line_of(SessionDescription text, const std::string& other, const std::string& name) {
    const auto line = line_of(text.sdp, name);
    text.sdp.replace(text.sdp.find(line), line.size(), line_of(other, name));
    return text;
}
SessionDescription with_other_fingerprint(SessionDescription text) {
    auto line = line_of(text.sdp, "fingerprint");
    auto& digit = text.sdp[text.sdp.find(line) + line.size() - 1];
    digit = digit == '0' ? '1' : '0';
    return text;
}

SessionDescription with_password_of_nobody(SessionDescription text, int number) {
    const auto line = line_of(text.sdp, "ice-pwd");
    text.sdp.replace(text.sdp.find(line), line.size(),
                     fmt::format("a=ice-pwd:nobodyKnowsThisPassword{}", number));
    return text;
}

struct refusal {
    std::string name, what;
};
asio::awaitable<refusal> refusal_of(asio::awaitable<void> operation) {
    try {
        co_await std::move(operation);
    } catch (const Error& error) {
        co_return refusal{error.name(), error.what()};
    }
    co_return refusal{};
}

/// A call that is up, and what must be the same after anything that was refused.
struct attacked_call : test::restarting_call {
    PeerConnection& a;
    PeerConnection& b;
    std::optional<SelectedPair> pair;
    DataChannel out, in;

    attacked_call()
        : restarting_call(test::channel_init(false, 0, 0), 1, test::link_of(5ms))
        , a(*call.offerer)
        , b(*call.answerer)
        , out(restarting_call::a)
        , in(restarting_call::b) {
        call.rolls_back = true;
        call.world.run_for(1s);
        pair = a.selectedPair();
        REQUIRE(pair);
    }
    asio::awaitable<void> check_path() {
        for (auto* each : {&a, &b}) CHECK(each->connectionState() == PeerConnectionState::connected);
        CHECK(a.selectedPair()->local == pair->local);
        CHECK(a.selectedPair()->remote == pair->remote);
        co_await out.send("ping");
        auto there = co_await in.receive();
        CHECK(there.text() == "ping");
        co_await in.send("pong");
        auto back = co_await out.receive();
        CHECK(back.text() == "pong");
    }
    /// It fails by that name, with these words (separated by ;) in its message, and changes nothing.
    asio::awaitable<void> check_refused(asio::awaitable<void> operation, const char* name, const char* words,
                                        PeerConnection& by, SignalingState state) {
        const auto found = co_await refusal_of(std::move(operation));
        CHECK(found.name == name);
        for (std::string_view rest = words; !rest.empty();) {
            const auto word = rest.substr(0, rest.find(';'));
            rest.remove_prefix(std::min(rest.size(), word.size() + 1));
            CAPTURE(word, found.what);
            CHECK(found.what.find(word) != std::string::npos);
        }
        CHECK(by.signalingState() == state);
        co_await check_path();
    }
    /// After all of it a restart works.
    void finish() {
        auto body = [&]() -> asio::awaitable<void> {
            co_await call.negotiate(b, a, OfferOptions{true});
            co_await a.restarted();
            co_await b.restarted();
            CHECK(a.selectedPair()->local.usernameFragment != pair->local.usernameFragment);
            pair = a.selectedPair();
            co_await check_path();
        };
        call.run(body(), 5s);
        call.world.run_for(2s);
        CHECK(call.world.open_sockets() == 4);
        call.finish();
    }
    asio::awaitable<SessionDescription> offer_from(PeerConnection& from) {
        auto offer = co_await from.createOffer(OfferOptions{true});
        co_await from.setLocalDescription(offer);
        co_return offer;
    }
    /// The peer's answer to it.
    asio::awaitable<SessionDescription> answer_from(PeerConnection& to, SessionDescription offer) {
        co_await to.setRemoteDescription(offer);
        co_await to.setLocalDescription();
        co_await to.gatheringComplete();
        co_return *to.localDescription();
    }
};

} // namespace

TEST_CASE("hostile restart: the answer never comes") {
    attacked_call run;
    auto body = [&]() -> asio::awaitable<void> {
        const auto undo = rollback();
        for (int i = 0; i < 3; ++i) {
            auto offer = co_await run.offer_from(run.a);
            co_await run.call.pause(60s);
            CHECK(run.a.signalingState() == SignalingState::have_local_offer);
            co_await run.check_path();
            auto again = co_await run.offer_from(run.a); // repeated with another generation, in place of it
            CHECK(line_of(again.sdp, "ice-ufrag") != line_of(offer.sdp, "ice-ufrag"));
            co_await run.call.pause(60s);
            co_await run.check_path();
            CHECK(run.call.world.open_sockets() == 4);
            if (i == 1) continue; // the next one replaces this, too
            co_await run.a.setLocalDescription(undo);
            CHECK(run.a.signalingState() == SignalingState::stable);
            co_await run.a.restarted();
            co_await run.check_path();
        }
    };
    run.call.run(body(), 600s);
    run.finish();
}

TEST_CASE("hostile restart: the answer comes twice, and a third time for the next offer") {
    attacked_call run;
    auto body = [&]() -> asio::awaitable<void> {
        auto offer = co_await run.offer_from(run.a);
        const auto answer = co_await run.answer_from(run.b, offer);
        co_await run.a.setRemoteDescription(answer);
        co_await run.a.restarted();
        co_await run.b.restarted();
        run.pair = run.a.selectedPair();
        co_await run.check_refused(run.a.setRemoteDescription(answer), "InvalidStateError", "answer;stable",
                                   run.a, SignalingState::stable);
        offer = co_await run.offer_from(run.a);
        co_await run.check_refused(run.a.setRemoteDescription(answer), "InvalidAccessError",
                                   "restarted ICE;a=ice-ufrag and a=ice-pwd;generation before", run.a,
                                   SignalingState::have_local_offer);
        const auto right = co_await run.answer_from(run.b, offer);
        co_await run.a.setRemoteDescription(right);
        co_await run.a.restarted();
        co_await run.b.restarted();
        run.pair = run.a.selectedPair();
        co_await run.check_path();
    };
    run.call.run(body(), 10s);
    run.finish();
}

TEST_CASE("hostile restart: an answer with old credentials, or with half of them") {
    attacked_call run;
    auto body = [&]() -> asio::awaitable<void> {
        const auto old = run.a.remoteDescription()->sdp;
        auto offer = co_await run.offer_from(run.a);
        const auto right = co_await run.answer_from(run.b, offer);
        auto old_ufrag = with_line_of(right, old, "ice-ufrag"), old_pwd = with_line_of(right, old, "ice-pwd");
        auto replayed = with_line_of(old_ufrag, old, "ice-pwd");
        const auto waits = SignalingState::have_local_offer;
        for (auto type : {SdpType::pranswer, SdpType::answer}) {
            replayed.type = old_ufrag.type = old_pwd.type = type;
            co_await run.check_refused(run.a.setRemoteDescription(replayed), "InvalidAccessError",
                                       "restarted ICE;a=ice-ufrag and a=ice-pwd", run.a, waits);
            co_await run.check_refused(run.a.setRemoteDescription(old_ufrag), "InvalidAccessError",
                                       "restarted ICE;a=ice-ufrag of", run.a, waits);
            co_await run.check_refused(run.a.setRemoteDescription(old_pwd), "InvalidAccessError",
                                       "restarted ICE;a=ice-pwd of", run.a, waits);
        }
        co_await run.a.setRemoteDescription(right);
        co_await run.a.restarted();
        co_await run.b.restarted();
        run.pair = run.a.selectedPair();
    };
    run.call.run(body(), 10s);
    run.finish();
}

TEST_CASE("hostile restart: an offer with the credentials in use restarts nothing") {
    attacked_call run;
    auto body = [&]() -> asio::awaitable<void> {
        const auto before = line_of(run.b.localDescription()->sdp, "ice-ufrag");
        const auto old = run.b.remoteDescription()->sdp;
        auto offer = co_await run.offer_from(run.a);
        auto replayed = with_line_of(with_line_of(offer, old, "ice-ufrag"), old, "ice-pwd");
        const auto answer = co_await run.answer_from(run.b, replayed);
        CHECK(line_of(answer.sdp, "ice-ufrag") == before);
        co_await run.b.restarted();
        co_await run.call.pause(5s);
        co_await run.check_path();
        // Such an answer contradicts the offer that was made.
        co_await run.check_refused(run.a.setRemoteDescription(answer), "InvalidAccessError", "restarted ICE",
                                   run.a, SignalingState::have_local_offer);
        const auto undo = rollback();
        co_await run.a.setLocalDescription(undo);
        auto report = co_await run.b.getStats();
        CHECK(report.all<IceRestartStats>().empty());
    };
    run.call.run(body(), 20s);
    run.finish();
}

TEST_CASE("hostile restart: an offer that changes only one of ufrag and password") {
    attacked_call run;
    auto body = [&]() -> asio::awaitable<void> {
        const auto old = run.b.remoteDescription()->sdp;
        auto offer = co_await run.offer_from(run.a);
        auto only_pwd = with_line_of(offer, old, "ice-ufrag"),
             only_ufrag = with_line_of(offer, old, "ice-pwd");
        co_await run.check_refused(run.b.setRemoteDescription(only_pwd), "InvalidAccessError",
                                   "a=ice-pwd changed;a=ice-ufrag did not;section 0", run.b,
                                   SignalingState::stable);
        co_await run.check_refused(run.b.setRemoteDescription(only_ufrag), "InvalidAccessError",
                                   "a=ice-ufrag changed;a=ice-pwd did not;section 0", run.b,
                                   SignalingState::stable);
        const auto undo = rollback();
        co_await run.a.setLocalDescription(undo);
    };
    run.call.run(body(), 10s);
    run.finish();
}

TEST_CASE("hostile restart: another DTLS fingerprint") {
    attacked_call run;
    auto body = [&]() -> asio::awaitable<void> {
        const auto certificates = run.a.sctp()->transport().getRemoteCertificates();
        auto offer = co_await run.offer_from(run.a);
        const auto renewed = with_other_fingerprint(offer);
        co_await run.check_refused(run.b.setRemoteDescription(renewed), "InvalidAccessError",
                                   "a=fingerprint changed;RFC 8842;another connection", run.b,
                                   SignalingState::stable);
        const auto answer = co_await run.answer_from(run.b, offer);
        const auto other = with_other_fingerprint(answer);
        co_await run.check_refused(run.a.setRemoteDescription(other), "InvalidAccessError",
                                   "a=fingerprint changed;RFC 8842;another connection", run.a,
                                   SignalingState::have_local_offer);
        co_await run.a.setRemoteDescription(answer);
        co_await run.a.restarted();
        co_await run.b.restarted();
        run.pair = run.a.selectedPair();
        CHECK(run.a.sctp()->transport().getRemoteCertificates() == certificates);
    };
    run.call.run(body(), 10s);
    run.finish();
}

TEST_CASE("hostile restart: a bad offer in a glare takes ours back, as in the W3C, and leaves the path") {
    attacked_call run;
    auto body = [&]() -> asio::awaitable<void> {
        const auto old = run.b.remoteDescription()->sdp;
        auto theirs = co_await run.a.createOffer(OfferOptions{true});
        const auto half = with_line_of(theirs, old, "ice-ufrag"), renewed = with_other_fingerprint(theirs);
        const auto broken = SessionDescription(SdpType::offer, "v=0\r\nnonsense\r\n");
        const std::vector<std::pair<SessionDescription, std::string>> bad{
            {half, "InvalidAccessError"}, {renewed, "InvalidAccessError"}, {broken, "OperationError"}};
        for (const auto& [offer, name] : bad) {
            run.b.restartIce(); // survives what follows
            co_await run.b.setLocalDescription();
            CHECK(run.b.signalingState() == SignalingState::have_local_offer);
            co_await run.call.pause(20ms);
            co_await run.check_refused(run.b.setRemoteDescription(offer), name.c_str(), "", run.b,
                                       SignalingState::stable);
            co_await run.b.restarted(); // the generation before
            CHECK_FALSE(run.b.pendingLocalDescription());
        }
        co_await run.b.negotiationNeeded(); // the restart is still wanted
        co_await run.call.negotiate(run.b, run.a);
        co_await run.a.restarted();
        co_await run.b.restarted();
        CHECK(run.a.selectedPair()->local.usernameFragment != run.pair->local.usernameFragment);
        run.pair = run.a.selectedPair();
    };
    run.call.run(body(), 10s);
    run.finish();
}

TEST_CASE("hostile restart: restarts without end, of which no check ever comes") {
    attacked_call run;
    auto body = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 100; ++i) {
            auto offer = co_await run.offer_from(run.a);
            // Each hears of a generation that nobody has: the passwords are another's.
            const auto answer = co_await run.answer_from(run.b, with_password_of_nobody(offer, i));
            const auto forged = with_password_of_nobody(answer, i);
            co_await run.a.setRemoteDescription(forged);
            CHECK(run.call.world.open_sockets() <= 4);
            auto report = co_await run.b.getStats();
            CHECK(report.all<IceCandidateStats>().size() <= 8); // of the newest, and of what carries the data
            CHECK(report.size() <= 24);
        }
        co_await run.check_path();
    };
    run.call.run(body(), 20s);
    run.finish();
}
