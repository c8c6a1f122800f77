#include "cortc/base/base64.hpp"
#include "cortc/cortc.hpp"
#include "cortc/identity/text.hpp"
#include "test/unit/peer_connection/identity_provider.hpp"

#include <random>

using namespace cortc;
using namespace std::chrono_literals;
using test::identifying;
using test::identity_of;
using test::make_provider;
using test::outcome;
using test::registry_of;
using test::thrown_name;
using test::validating;
using test::with_identity;
using test::with_other_fingerprints;

namespace {

const SessionDescription rollback(SdpType::rollback, "");

/// Offers of a peer that has its identity asserted.
struct asserted_peer {
    PeerConnection pc;
    DataChannel channel;

    asserted_peer(const context& where, std::shared_ptr<IdentityProvider> provider) : pc(where) {
        pc.setIdentityProvider(std::move(provider));
        channel = pc.createDataChannel("x");
    }
    asio::awaitable<SessionDescription> offer() { return pc.createOffer(); }
};

/// setRemoteDescription with a callback.
struct applying {
    struct state {
        asio::cancellation_signal signal;
        bool done = false;
        std::string outcome;
    };
    std::shared_ptr<state> all = std::make_shared<state>();

    applying(PeerConnection& pc, const SessionDescription& description) {
        pc.setRemoteDescription(description, asio::bind_cancellation_slot(
                                                 all->signal.slot(), [state = all](std::exception_ptr error) {
                                                     state->done = true;
                                                     state->outcome = test::told(error);
                                                 }));
    }
    [[nodiscard]] bool done() const { return all->done; }
    [[nodiscard]] const std::string& outcome() const { return all->outcome; }
};

SessionDescription run_offer(test::two_hosts& net, asserted_peer& peer) {
    auto offer = test::offering(peer.pc);
    net.world.run_for(30s);
    REQUIRE(offer.done());
    REQUIRE(offer.outcome().empty());
    return offer.value();
}

asio::awaitable<void> both_ways(context here, context there) {
    auto alice = make_provider(here), bob = make_provider(there, "bob@example.org");
    auto providers = registry_of(alice); // either of the domain validates for both
    PeerConnection one(here, validating(providers, "bob@example.org"));
    PeerConnection other(there, validating(providers, "alice@Example.org"));
    one.setIdentityProvider(alice);
    other.setIdentityProvider(bob);
    auto channel = one.createDataChannel("x");
    const auto executor = co_await asio::this_coro::executor;
    co_await test::negotiate(one, other);
    test::spawned to(executor, test::trickle(one, other)), fro(executor, test::trickle(other, one));
    co_await channel.opened();
    CHECK(alice->options.peerIdentity == "bob@example.org");
    auto seen = co_await one.peerIdentity();
    CHECK(seen == IdentityAssertion("example.org", "bob@example.org"));
    seen = co_await other.peerIdentity();
    CHECK(seen == IdentityAssertion("example.org", "alice@example.org"));
    CHECK(alice->validated == 2);
    one.restartIce();
    co_await test::negotiate(one, other); // the same assertions, validated again
    CHECK(alice->validated == 4);
    CHECK(alice->generated == 1);
    CHECK(bob->generated == 1);
    one.close();
    other.close();
    seen = co_await other.peerIdentity(); // a fact stays one
    CHECK(seen.name == "alice@example.org");
    co_await one.closed();
    co_await other.closed();
}

} // namespace

TEST_CASE("Identity: two connections prove to each other who they are") {
    test::two_hosts net;
    net.run(both_ways(net.a, net.b), 10s);
    CHECK(net.world.run_dry());
}

// ---- with a target identity

TEST_CASE("setRemoteDescription: identity with peerIdentity is waited for, and nothing is applied before") {
    test::two_hosts net;
    auto alice = make_provider(net.a);
    asserted_peer peer(net.a, alice);
    const auto offer = run_offer(net, peer);
    alice->delay = 1s;
    auto configuration = validating(registry_of(alice), "alice@example.org");
    configuration.identity_origin = "https://there.example";
    PeerConnection pc(net.b, configuration);
    applying set(pc, offer);
    auto who = identifying(pc);
    auto answer =
        test::cancellable<SessionDescription>([&](auto token) { pc.createAnswer(std::move(token)); });
    net.world.run_for(500ms);
    CHECK(alice->validated == 1);
    CHECK(alice->origin == "https://there.example");
    CHECK_FALSE(set.done());
    CHECK_FALSE(who.done());
    CHECK_FALSE(answer.done()); // behind it on the chain
    CHECK(pc.signalingState() == SignalingState::stable);
    CHECK_FALSE(pc.remoteDescription());
    net.world.run_for(1s);
    CHECK(set.outcome().empty());
    CHECK(who.value() == IdentityAssertion("example.org", "alice@example.org"));
    CHECK(answer.outcome().empty());
    CHECK(pc.signalingState() == SignalingState::have_remote_offer);
    pc.close();
    peer.pc.close();
    CHECK(net.world.run_dry());
}

namespace {

asio::awaitable<void> refusals(context here, context there) {
    auto alice = make_provider(here), mallory = make_provider(here, "mallory@example.org"),
         foreign = make_provider(here, "alice@example.org", "evil.example");
    auto unknown = make_provider(here, "alice@example.org", "unknown.example");
    auto providers = registry_of(alice);
    providers->add(foreign->details, foreign);
    asserted_peer good(here, alice), bad(here, mallory), third(here, foreign), stranger(here, unknown);
    asserted_peer elsewhere(there, alice); // she, with another certificate
    auto offer = co_await good.offer();
    const auto contents = alice->contents;
    auto of_elsewhere = co_await elsewhere.offer();
    auto of_mallory = co_await bad.offer();
    auto of_foreign = co_await third.offer();
    auto of_stranger = co_await stranger.offer();
    struct {
        const char* what;
        SessionDescription offer;
        const char* detail;
    } const cases[] = {
        {"no a=identity", with_identity(offer, ""), "idp-token-invalid"},
        {"no base64", with_identity(offer, "!"), "idp-token-invalid"},
        {"no JSON", with_identity(offer, base64_encode("hello")), "idp-token-invalid"},
        {"a protocol that leads elsewhere",
         with_identity(
             offer, base64_encode(R"({"idp":{"domain":"example.org","protocol":"../x"},"assertion":"x"})")),
         "idp-token-invalid"},
        {"the provider throws",
         with_identity(offer, base64_encode(R"({"idp":{"domain":"example.org"},"assertion":"x"})")),
         "idp-execution-failure"},
        {"malformed contents",
         with_identity(
             offer, base64_encode(R"({"idp":{"domain":"example.org"},"assertion":"alice@example.org|x"})")),
         "idp-token-invalid"},
        {"not user@domain",
         with_identity(offer,
                       detail::print_assertion(IdentityAssertionResult(alice->details, "alice|" + contents))),
         "idp-token-invalid"},
        {"the assertion of other fingerprints", with_identity(offer, identity_of(of_elsewhere)),
         "idp-token-invalid"},
        {"other fingerprints", with_other_fingerprints(offer), "idp-token-invalid"},
        {"somebody else", of_mallory, "idp-token-invalid"},
        {"a provider of another domain", of_foreign, "idp-token-invalid"},
        {"nobody to validate", of_stranger, "idp-load-failure"},
    };
    PeerConnection pc(there, validating(providers, "alice@example.org"));
    auto waiting = identifying(pc);
    for (const auto& each : cases) {
        INFO(each.what);
        auto told = co_await outcome(pc.setRemoteDescription(each.offer));
        CHECK(told == std::string("OperationError ") + each.detail);
        CHECK(pc.signalingState() == SignalingState::stable);
        CHECK_FALSE(pc.remoteDescription());
        told = co_await outcome(pc.peerIdentity());
        CHECK(told == std::string("OperationError ") + each.detail);
    }
    CHECK(waiting.outcome() == "OperationError idp-token-invalid"); // by the first of them
    // The assertion is good for more than one connection of the same certificate.
    co_await pc.setRemoteDescription(offer);
    auto who = co_await pc.peerIdentity();
    CHECK(who.name == "alice@example.org");

    PeerConnection lonely(there, validating(nullptr, "alice@example.org"));
    auto told = co_await outcome(lonely.setRemoteDescription(offer));
    CHECK(told == "OperationError idp-load-failure");
    providers->trust("Evil.example", "example.org"); // RFC 8827 8.1: local policy
    PeerConnection trusting(there, validating(providers, "alice@example.org"));
    co_await trusting.setRemoteDescription(of_foreign);
    who = co_await trusting.peerIdentity();
    CHECK(who == IdentityAssertion("evil.example", "alice@example.org"));
}

asio::awaitable<void> order_of_errors(context here, context there) {
    auto alice = make_provider(here);
    asserted_peer peer(here, alice);
    auto offer = co_await peer.offer();
    PeerConnection pc(there, validating(registry_of(alice), "alice@example.org"));
    auto told = co_await outcome(pc.setRemoteDescription(SessionDescription(SdpType::answer, offer.sdp)));
    CHECK(told == "InvalidStateError");
    told = co_await outcome(pc.setRemoteDescription(rollback));
    CHECK(told == "InvalidStateError");
    told = co_await outcome(pc.setRemoteDescription(SessionDescription(SdpType::offer, offer.sdp + "x")));
    CHECK(told == "OperationError sdp-syntax-error");
    CHECK(alice->validated == 0);
    // Glare: our own offer is rolled back only by one that is validated.
    auto channel = pc.createDataChannel("y");
    co_await pc.setLocalDescription();
    told = co_await outcome(pc.setRemoteDescription(with_identity(offer, "")));
    CHECK(told == "OperationError idp-token-invalid");
    CHECK(pc.signalingState() == SignalingState::have_local_offer);
    co_await pc.setRemoteDescription(offer);
    CHECK(pc.signalingState() == SignalingState::have_remote_offer);
    co_await pc.setRemoteDescription(rollback);
    CHECK(pc.signalingState() == SignalingState::stable);
}

asio::awaitable<void> later_descriptions(context here, context there) {
    auto alice = make_provider(here);
    asserted_peer peer(here, alice);
    auto offer = co_await peer.offer();
    PeerConnection pc(there, validating(registry_of(alice), "alice@example.org"));
    co_await pc.setRemoteDescription(offer);
    // RFC 8827 5.1.4: an established identity holds for fingerprints it covers, and only for these.
    co_await pc.setRemoteDescription(with_identity(offer, ""));
    auto swapped = with_other_fingerprints(with_identity(offer, ""));
    auto told = co_await outcome(pc.setRemoteDescription(swapped));
    CHECK(told == "OperationError idp-token-invalid");
    auto who = co_await pc.peerIdentity();
    CHECK(who.name == "alice@example.org");
}

} // namespace

TEST_CASE(
    "setRemoteDescription: identity that is not the peerIdentity is OperationError, nothing is applied") {
    test::two_hosts net;
    net.run(refusals(net.a, net.b), 10s);
}

TEST_CASE("setRemoteDescription: identity is not validated for what fails anyway, nor before a rollback") {
    test::two_hosts net;
    net.run(order_of_errors(net.a, net.b), 10s);
}

TEST_CASE("Identity: one that is established holds for the fingerprints it covers") {
    test::two_hosts net;
    net.run(later_descriptions(net.a, net.b), 10s);
}

TEST_CASE("setRemoteDescription: identity: cancelled, it cancels the provider, applies nothing and the chain "
          "goes on") {
    test::two_hosts net;
    auto alice = make_provider(net.a);
    asserted_peer peer(net.a, alice);
    const auto offer = run_offer(net, peer);
    alice->delay = 1s;
    PeerConnection pc(net.b, validating(registry_of(alice), "alice@example.org"));
    applying first(pc, offer), second(pc, offer);
    auto who = identifying(pc), given_up = identifying(pc);
    net.world.run_for(500ms);
    CHECK(alice->validated == 1);
    first.all->signal.emit(asio::cancellation_type::terminal);
    given_up.cancel();
    net.world.run_for(1ms);
    CHECK(first.outcome() == "cancelled");
    CHECK(given_up.outcome() == "cancelled");
    CHECK(alice->cancelled == 1);
    CHECK_FALSE(pc.remoteDescription());
    CHECK_FALSE(second.done());
    CHECK_FALSE(who.done());
    net.world.run_for(2s);
    CHECK(alice->validated == 2);
    CHECK(second.outcome().empty());
    CHECK(who.value().name == "alice@example.org");
    pc.close();
    peer.pc.close();
    CHECK(net.world.run_dry());
}

TEST_CASE("setRemoteDescription: identity: a provider that hangs is idp-timeout, or ended by close()") {
    test::two_hosts net;
    auto alice = make_provider(net.a);
    asserted_peer peer(net.a, alice);
    const auto offer = run_offer(net, peer);
    alice->delay = 1h;
    PeerConnection pc(net.b, validating(registry_of(alice), "alice@example.org"));
    applying set(pc, offer);
    net.world.run_for(14s);
    CHECK_FALSE(set.done());
    net.world.run_for(2s);
    CHECK(set.outcome() == "OperationError idp-timeout");
    CHECK(alice->cancelled == 1);
    CHECK_FALSE(pc.remoteDescription());
    applying again(pc, offer);
    net.world.run_for(1s);
    pc.close();
    net.world.run_for(1ms);
    CHECK(again.outcome() == "AbortError");
    CHECK(alice->cancelled == 2);
    peer.pc.close();
    CHECK(net.world.run_dry());
}

// ---- without one

TEST_CASE("setRemoteDescription: identity without peerIdentity is neither waited for nor does it fail") {
    test::two_hosts net;
    auto alice = make_provider(net.a), mallory = make_provider(net.a, "mallory@example.org");
    asserted_peer peer(net.a, alice), other(net.a, mallory);
    const auto offer = run_offer(net, peer), of_mallory = run_offer(net, other);
    alice->delay = 1s;
    PeerConnection pc(net.b, validating(registry_of(alice)));
    auto first = identifying(pc);
    applying malformed(pc, with_identity(offer, "nonsense"));
    net.world.run_for(1ms);
    CHECK(malformed.done());
    CHECK(malformed.outcome().empty());
    CHECK(first.outcome() == "OperationError idp-token-invalid");
    CHECK(pc.signalingState() == SignalingState::have_remote_offer);

    auto second = identifying(pc); // that failure is over
    applying set(pc, offer);
    net.world.run_for(1ms);
    CHECK(set.done());
    CHECK(set.outcome().empty());
    CHECK_FALSE(second.done());
    CHECK(alice->validated == 1);
    net.world.run_for(2s);
    CHECK(second.value() == IdentityAssertion("example.org", "alice@example.org"));

    // It is the target now: waited for, and nobody else's.
    applying no(pc, of_mallory);
    net.world.run_for(1ms);
    CHECK_FALSE(no.done());
    net.world.run_for(2s);
    CHECK(no.outcome() == "OperationError idp-token-invalid");
    auto still = identifying(pc);
    net.world.run_for(1ms);
    CHECK(still.value().name == "alice@example.org");
    pc.close();
    peer.pc.close();
    other.pc.close();
    CHECK(net.world.run_dry());
}

TEST_CASE("setConfiguration step 2: the first validated identity is the target, and cannot be changed") {
    test::two_hosts net;
    auto alice = make_provider(net.a);
    asserted_peer peer(net.a, alice);
    const auto offer = run_offer(net, peer);
    const auto providers = registry_of(alice);
    PeerConnection pc(net.b, validating(providers));
    CHECK(thrown_name([&] { pc.setConfiguration(validating(providers, "alice@example.org")); }) ==
          "InvalidModificationError"); // there is none yet
    applying set(pc, offer);
    net.world.run_for(1ms);
    CHECK(identifying(pc).outcome().empty());
    CHECK(thrown_name([&] { pc.setConfiguration(validating(providers, "bob@example.org")); }) ==
          "InvalidModificationError");
    pc.setConfiguration(validating(providers, "alice@example.org"));
    pc.setConfiguration(validating(providers));
    CHECK_FALSE(pc.getConfiguration().peerIdentity);
}

TEST_CASE("Identity: who was asserted for a description is not who sent the next one") {
    // A first description with Alice's assertion, and while that is being validated one with other
    // fingerprints: the connection is with whoever has these.
    test::two_hosts net;
    auto alice = make_provider(net.a), mallory = make_provider(net.a, "mallory@example.org");
    asserted_peer peer(net.a, alice), other(net.b, mallory);
    const auto offer = run_offer(net, peer), of_mallory = run_offer(net, other);
    alice->delay = 1s;
    PeerConnection pc(net.b, validating(registry_of(alice)));
    auto first = identifying(pc);
    applying one(pc, offer), two(pc, with_other_fingerprints(with_identity(offer, "")));
    net.world.run_for(2s);
    CHECK(two.outcome().empty());
    CHECK(first.outcome() == "OperationError idp-token-invalid");

    PeerConnection renewed(net.b, validating(registry_of(alice)));
    auto before = identifying(renewed);
    applying three(renewed, offer), four(renewed, with_other_fingerprints(offer)), five(renewed, of_mallory);
    net.world.run_for(1500ms);
    CHECK(alice->validated == 3); // one at a time
    CHECK(before.outcome() == "OperationError idp-token-invalid");
    auto after = identifying(renewed);
    net.world.run_for(2s);
    CHECK(alice->validated == 3); // the fourth was superseded by the fifth
    CHECK(after.value().name == "mallory@example.org");
}

TEST_CASE("Identity: the target that appears while a description waits binds the next") {
    test::two_hosts net;
    auto alice = make_provider(net.a);
    asserted_peer peer(net.a, alice);
    const auto offer = run_offer(net, peer);
    alice->delay = 1s;
    PeerConnection pc(net.b, validating(registry_of(alice)));
    applying one(pc, offer), two(pc, offer);
    net.world.run_for(1500ms); // the first is validated, the second under way
    CHECK(alice->validated == 2);
    applying three(pc, offer);
    net.world.run_for(1ms);
    CHECK_FALSE(three.done());
    CHECK(alice->validated == 2); // behind the second
    net.world.run_for(2s);
    CHECK(three.outcome().empty());
    CHECK(alice->validated == 3);
}

// ---- hostile

TEST_CASE("Identity: hostile a=identity fails by name, and changes nothing else") {
    test::two_hosts net;
    auto alice = make_provider(net.a);
    asserted_peer peer(net.a, alice);
    const auto offer = run_offer(net, peer);
    const auto good = *base64_decode(identity_of(offer));
    const auto providers = registry_of(alice);
    std::mt19937 random(1);
    PeerConnection strict(net.b, validating(providers, "alice@example.org"));
    int refused = 0;
    for (int round = 0; round < 400; ++round) {
        auto text = good;
        const auto at = random() % text.size();
        switch (random() % 4) {
        case 0:
            text[at] = static_cast<char>(random());
            break;
        case 1:
            text.resize(at);
            break;
        case 2:
            text.insert(at, std::string(random() % 64, static_cast<char>(random())));
            break;
        default:
            text = std::string(random() % 10'000, "[{\""[random() % 3]);
        }
        auto value = base64_encode(text);
        if (random() % 8 == 0) value.resize(random() % value.size() + 1, '=');
        if (value.empty()) continue;
        const auto hostile = with_identity(offer, value);
        applying checked(strict, hostile);
        net.world.run_for(1ms);
        REQUIRE(checked.done());
        if (checked.outcome().empty()) {
            applying back(strict, rollback);
            net.world.run_for(1ms);
            continue;
        }
        ++refused;
        CHECK(checked.outcome().starts_with("OperationError idp-"));
        CHECK(strict.signalingState() == SignalingState::stable);
        if (round % 20 != 0) continue;
        PeerConnection lax(net.b, validating(providers));
        applying set(lax, hostile);
        net.world.run_for(1ms);
        CHECK(set.outcome().empty());
        CHECK(lax.signalingState() == SignalingState::have_remote_offer);
    }
    CHECK(refused > 300);
}

TEST_CASE("Identity: a description with more fingerprints than can be covered is refused at little cost") {
    test::two_hosts net;
    auto alice = make_provider(net.a);
    asserted_peer peer(net.a, alice);
    auto offer = run_offer(net, peer);
    std::string many;
    for (int i = 0; i < 1000; ++i) many += fmt::format("a=fingerprint:x{} 00\r\n", i);
    offer.sdp.insert(offer.sdp.find("m="), many);
    PeerConnection pc(net.b, validating(registry_of(alice), "alice@example.org"));
    applying set(pc, offer);
    net.world.run_for(1ms);
    CHECK(set.outcome() == "OperationError idp-token-invalid");
}
