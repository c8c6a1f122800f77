#include "cortc/base/base64.hpp"
#include "cortc/base/json.hpp"
#include "cortc/cortc.hpp"
#include "cortc/identity/text.hpp"
#include "test/unit/peer_connection/identity_provider.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <thread>

using namespace cortc;
using namespace std::chrono_literals;
using test::asserting;
using test::identity_of;
using test::make_provider;
using test::offering;
using test::outcome;
using test::thrown_name;

// ---- the texts

TEST_CASE("Identity: the example of RFC 8827 7.4.1 is read") {
    const auto read =
        detail::parse_assertion("eyJpZHAiOnsiZG9tYWluIjoiZXhhbXBsZS5vcmciLCJwcm90b2NvbCI6ImJvZ3Vz"
                                "In0sImFzc2VydGlvbiI6IntcImlkZW50aXR5XCI6XCJib2JAZXhhbXBsZS5vcmdc"
                                "IixcImNvbnRlbnRzXCI6XCJhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3l6XCIsXCJz"
                                "aWduYXR1cmVcIjpcIjAxMDIwMzA0MDUwNlwifSJ9 extension=1");
    REQUIRE(read);
    CHECK(read->idp == IdentityProviderDetails("example.org", "bogus"));
    CHECK(read->assertion == "{\"identity\":\"bob@example.org\",\"contents\":\"abcdefghijklmnopqrstuvwyz\","
                             "\"signature\":\"010203040506\"}");
}

TEST_CASE("Identity: an assertion is read as it was written, and malformed ones are refused") {
    const IdentityAssertionResult made(IdentityProviderDetails("a.example:81", "p"), "\"\\\n\u20ac");
    const auto read = detail::parse_assertion(detail::print_assertion(made));
    REQUIRE(read);
    CHECK(read->idp == made.idp);
    CHECK(read->assertion == made.assertion);
    CHECK(detail::parse_assertion(base64_encode(R"({"idp":{"domain":"a"},"assertion":"x","more":1})"))
              ->idp.protocol == "default");
    for (const char* bad :
         {"", "[]", "1", R"({"assertion":"x"})", R"({"idp":{"domain":"a"}})",
          R"({"idp":"a","assertion":"x"})", R"({"idp":{},"assertion":"x"})",
          R"({"idp":{"domain":""},"assertion":"x"})", R"({"idp":{"domain":1},"assertion":"x"})",
          R"({"idp":{"domain":"a"},"assertion":{}})",
          R"({"idp":{"domain":"a","protocol":1},"assertion":"x"})",
          R"({"idp":{"domain":"a","protocol":"x/y"},"assertion":"x"})",
          R"({"idp":{"domain":"a","protocol":"x\\y"},"assertion":"x"})",
          R"({"idp":{"domain":"a","domain":"b"},"assertion":"x"})"}) {
        INFO(bad);
        CHECK_FALSE(detail::parse_assertion(base64_encode(bad)));
    }
    for (const char* bad : {"", " ", "=", "!!!!", "e30"}) CHECK_FALSE(detail::parse_assertion(bad));
}

TEST_CASE("Identity: what no line of SDP or JSON can carry is refused") {
    const auto refused = [](IdentityAssertionResult made) {
        return thrown_name([&] { (void)detail::print_assertion(made); });
    };
    CHECK(refused({IdentityProviderDetails(""), "x"}) == "OperationError");
    CHECK(refused({IdentityProviderDetails("a", "x/y"), "x"}) == "OperationError");
    CHECK(refused({IdentityProviderDetails("a"), "\xff"}) == "OperationError");
    CHECK(refused({IdentityProviderDetails("a"), std::string(12'000, 'x')}) == "OperationError");
    CHECK(refused({IdentityProviderDetails("a"), std::string(11'900, 'x')}).empty());
}

TEST_CASE("Identity: contents are the fingerprints as RFC 8827 7.4 writes them") {
    const std::vector<sdp::fingerprint> some{
        sdp::parse_fingerprint("sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB").value()};
    const auto text = detail::print_contents(some);
    CHECK(text == "{\"fingerprint\":[{\"algorithm\":\"sha-1\",\"digest\":"
                  "\"4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB\"}]}");
    CHECK(detail::parse_contents(text) == some);
    CHECK(detail::parse_contents("{\"more\":[],\"fingerprint\":[{\"digest\":"
                                 "\"4a:ad:b9:b1:3f:82:18:3b:54:02:12:df:3e:5d:49:6b:19:e5:7c:ab\",\"x\":0,"
                                 "\"algorithm\":\"SHA-1\"}]}") == some);
    CHECK(detail::parse_contents("{\"fingerprint\":[]}")->empty());
    for (const char* bad : {"", "{}", "[]", "{\"fingerprint\":{}}", "{\"fingerprint\":[1]}",
                            "{\"fingerprint\":[{\"algorithm\":\"sha-1\"}]}",
                            "{\"fingerprint\":[{\"algorithm\":\"sha-1\",\"digest\":\"00\"}]}",
                            "{\"fingerprint\":[{\"algorithm\":\"sha-256 00\",\"digest\":\"00\"}]}"})
        CHECK_FALSE(detail::parse_contents(bad));
}

TEST_CASE("Identity: user and domain (RFC 8827 8.1), and the host of a provider (7.5)") {
    CHECK(detail::domain_of("bob@example.org") == "example.org");
    CHECK(detail::domain_of("user%40133@identity.example.com") == "identity.example.com");
    CHECK(detail::domain_of("50%25@a") == "a");
    for (const char* bad : {"", "bob", "@example.org", "bob@", "a@b@c", "a%41@c", "a%@c", "a%4@c", "\xff@c"})
        CHECK_FALSE(detail::domain_of(bad));
    CHECK(detail::host_of("example.org") == "example.org");
    CHECK(detail::host_of("example.org:8443") == "example.org");
    CHECK(detail::host_of("me@evil.example@example.org:1") == "example.org");
    CHECK(detail::host_of("[2001:db8::1]:443") == "[2001:db8::1]");
    CHECK(detail::same_identity("bob@Example.ORG", "bob@example.org"));
    CHECK_FALSE(detail::same_identity("Bob@example.org", "bob@example.org"));
    CHECK_FALSE(detail::same_identity("bob@example.org", "bob@example.com"));
    CHECK_FALSE(detail::same_identity("bob", "bob"));
}

// ---- setIdentityProvider

TEST_CASE("Identity: setIdentityProvider after close is InvalidStateError, a bad protocol SyntaxError") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    IdentityProviderOptions options;
    for (const char* bad : {"a/b", "a\\b", "/"}) {
        options.protocol = bad;
        CHECK(thrown_name([&] { pc.setIdentityProvider("example.org", options); }) == "SyntaxError");
        CHECK(thrown_name([&] { pc.setIdentityProvider(make_provider(net.a), options); }) == "SyntaxError");
    }
    pc.close();
    CHECK(thrown_name([&] { pc.setIdentityProvider("example.org", options); }) == "InvalidStateError");
    CHECK(thrown_name([&] { pc.setIdentityProvider(make_provider(net.a)); }) == "InvalidStateError");
}

namespace {

asio::awaitable<void> passed_on(context where) {
    auto ours = make_provider(where);
    Configuration configuration;
    configuration.identity_origin = "https://app.example";
    PeerConnection pc(where, configuration);
    IdentityProviderOptions options;
    options.protocol = "special";
    options.usernameHint = "al";
    options.peerIdentity = "bob@example.org";
    pc.setIdentityProvider(ours, options);
    auto channel = pc.createDataChannel("x");
    CHECK(ours->generated == 0); // not before it is needed
    auto offer = co_await pc.createOffer();
    CHECK(ours->generated == 1);
    CHECK(ours->origin == "https://app.example");
    CHECK(ours->options.protocol == "special");
    CHECK(ours->options.usernameHint == "al");
    CHECK(ours->options.peerIdentity == "bob@example.org");
    const auto fingerprint = test::value_of(offer.sdp, "a=fingerprint:sha-256 ");
    REQUIRE_FALSE(fingerprint.empty());
    CHECK(ours->contents ==
          "{\"fingerprint\":[{\"algorithm\":\"sha-256\",\"digest\":\"" + fingerprint + "\"}]}");
    const auto decoded = base64_decode(identity_of(offer));
    REQUIRE(decoded);
    std::string expected = "{\"idp\":{\"domain\":\"example.org\",\"protocol\":\"default\"},\"assertion\":";
    json::append_quoted(expected, "alice@example.org|" + ours->contents);
    CHECK(*decoded == expected + "}");
    auto asserted = co_await pc.getIdentityAssertion();
    CHECK(asserted == identity_of(offer));
    CHECK(ours->generated == 1); // kept
    auto again = co_await pc.createOffer();
    CHECK(identity_of(again) == asserted);
    co_await pc.setLocalDescription();
    CHECK(identity_of(*pc.localDescription()) == asserted);
    CHECK(ours->generated == 1);
    pc.setIdentityProvider(ours); // forgets what it made
    auto fresh = co_await pc.getIdentityAssertion();
    CHECK(ours->generated == 2);
    CHECK_FALSE(ours->options.usernameHint);
    CHECK_FALSE(ours->options.peerIdentity);

    PeerConnection aimed(where, test::validating(nullptr, "bob@example.org"));
    aimed.setIdentityProvider(ours);
    (void)co_await aimed.getIdentityAssertion();
    CHECK(ours->options.peerIdentity == "bob@example.org"); // the configuration's, when there is no other
}

asio::awaitable<void> by_domain(context where) {
    auto ours = make_provider(where);
    PeerConnection pc(where, test::validating(test::registry_of(ours)));
    auto channel = pc.createDataChannel("x");
    pc.setIdentityProvider("Example.org");
    auto offer = co_await pc.createOffer();
    CHECK_FALSE(identity_of(offer).empty());
    CHECK(ours->generated == 1);
    pc.setIdentityProvider("example.com");
    auto told = co_await outcome(pc.createOffer());
    CHECK(told == "NotReadableError idp-load-failure");
    told = co_await outcome(pc.getIdentityAssertion());
    CHECK(told == "OperationError idp-load-failure");
    pc.setIdentityProvider(std::shared_ptr<IdentityProvider>());
    offer = co_await pc.createOffer();
    CHECK(identity_of(offer).empty());
    told = co_await outcome(pc.getIdentityAssertion());
    CHECK(told == "InvalidStateError");
    PeerConnection alone(where);
    alone.setIdentityProvider("example.org"); // and nobody to find it
    told = co_await outcome(alone.getIdentityAssertion());
    CHECK(told == "OperationError idp-load-failure");
    alone.close();
    told = co_await outcome(alone.getIdentityAssertion());
    CHECK(told == "InvalidStateError");
}

asio::awaitable<void> in_answers(context here, context there) {
    auto ours = make_provider(there);
    PeerConnection one(here), other(there);
    other.setIdentityProvider(ours);
    auto channel = one.createDataChannel("x");
    auto offer = co_await one.createOffer();
    CHECK(identity_of(offer).empty());
    auto told = co_await outcome(other.createAnswer());
    CHECK(told == "InvalidStateError");
    CHECK(ours->generated == 0); // nobody is asked for what cannot be created
    co_await other.setRemoteDescription(offer);
    told = co_await outcome(other.createOffer());
    CHECK(told == "InvalidStateError");
    CHECK(ours->generated == 0);
    auto answer = co_await other.createAnswer();
    CHECK_FALSE(identity_of(answer).empty());
    co_await other.setLocalDescription(); // that answer: it is still current
    CHECK(identity_of(*other.currentLocalDescription()) == identity_of(answer));
    CHECK(ours->generated == 1);
    co_await one.setLocalDescription(offer);
    co_await one.setRemoteDescription(answer);
    CHECK(one.signalingState() == SignalingState::stable);
}

} // namespace

TEST_CASE("Identity: the provider is told contents, origin and options, and what it returns is a=identity") {
    test::two_hosts net;
    net.run(passed_on(net.a), 1s);
    CHECK(net.world.run_dry());
}

TEST_CASE("Identity: setIdentityProvider by domain finds the provider when it is needed") {
    test::two_hosts net;
    net.run(by_domain(net.a), 1s);
}

TEST_CASE("createAnswer: identity assertions join answers, and nobody is asked in the wrong state") {
    test::two_hosts net;
    net.run(in_answers(net.a, net.b), 1s);
    CHECK(net.world.run_dry());
}

// ---- a provider that fails

namespace {

asio::awaitable<void> failures(context where) {
    auto ours = make_provider(where);
    PeerConnection pc(where);
    pc.setIdentityProvider(ours);
    auto channel = pc.createDataChannel("x");
    struct {
        std::exception_ptr thrown;
        std::string detail;
    } const cases[] = {
        {std::make_exception_ptr(std::runtime_error("no")), "idp-execution-failure"},
        {std::make_exception_ptr(42), "idp-execution-failure"},
        {std::make_exception_ptr(Error(errc::aborted, "no")), "idp-execution-failure"},
        {std::make_exception_ptr(IdentityProviderError(error_detail::idp_token_expired, "old")),
         "idp-token-expired"},
        {std::make_exception_ptr(IdentityProviderError(error_detail::dtls_failure, "?")),
         "idp-execution-failure"},
        {std::make_exception_ptr(
             boost::system::system_error(asio::error::make_error_code(asio::error::operation_aborted))),
         "idp-execution-failure"},
    };
    for (const auto& each : cases) {
        ours->failure = each.thrown;
        auto told = co_await outcome(pc.createOffer());
        CHECK(told == "NotReadableError " + each.detail);
        told = co_await outcome(pc.setLocalDescription());
        CHECK(told == "NotReadableError " + each.detail);
        told = co_await outcome(pc.getIdentityAssertion());
        CHECK(told == "OperationError " + each.detail);
        CHECK(pc.signalingState() == SignalingState::stable);
        CHECK_FALSE(pc.localDescription());
    }
    CHECK_FALSE(pc.idpLoginUrl());
    IdentityProviderError login(error_detail::idp_need_login, "log in");
    login.idpLoginUrl = "https://example.org/login";
    login.idpErrorInfo = "{}";
    login.http_request_status_code(401);
    ours->failure = std::make_exception_ptr(login);
    try {
        (void)co_await pc.createOffer();
        CHECK(false);
    } catch (const Error& error) {
        CHECK(std::string(error.errorDetail()) == "idp-need-login");
        CHECK(error.httpRequestStatusCode() == 401);
        CHECK(std::string(error.what()) == "the identity provider failed: log in");
    }
    CHECK(pc.idpLoginUrl() == "https://example.org/login");
    CHECK(pc.idpErrorInfo() == "{}");
    ours->failure = nullptr;
    ours->details.domain.clear(); // not a valid result
    auto told = co_await outcome(pc.createOffer());
    CHECK(told == "NotReadableError idp-execution-failure");
    ours->details.domain = "example.org";
    auto offer = co_await pc.createOffer(); // failures are not kept
    CHECK_FALSE(identity_of(offer).empty());
}

asio::awaitable<void> answer_fails(context here, context there) {
    auto ours = make_provider(there);
    ours->failure = std::make_exception_ptr(std::runtime_error("no"));
    PeerConnection one(here), other(there);
    other.setIdentityProvider(ours);
    auto channel = one.createDataChannel("x");
    auto offer = co_await one.createOffer();
    co_await other.setRemoteDescription(offer);
    auto told = co_await outcome(other.createAnswer());
    CHECK(told == "NotReadableError idp-execution-failure");
    told = co_await outcome(other.setLocalDescription());
    CHECK(told == "NotReadableError idp-execution-failure");
    CHECK(other.signalingState() == SignalingState::have_remote_offer);
    co_await other.setLocalDescription(SessionDescription(SdpType::rollback, "")); // needs nobody
    CHECK(other.signalingState() == SignalingState::stable);
}

asio::awaitable<void> times_out(context where) {
    auto ours = make_provider(where);
    ours->delay = 1h;
    PeerConnection pc(where);
    pc.setIdentityProvider(ours);
    timer clock(where);
    const auto begin = clock.now();
    auto told = co_await outcome(pc.createOffer());
    CHECK(told == "NotReadableError idp-timeout");
    CHECK(clock.now() - begin == 15s);
    co_await clock.wait(1ms);
    CHECK(ours->cancelled == 1);
    ours->delay = 14s;
    told = co_await outcome(pc.createOffer());
    CHECK(told.empty());
}

} // namespace

TEST_CASE("createOffer: identity provider that fails is NotReadableError, with its errorDetail") {
    test::two_hosts net;
    net.run(failures(net.a), 1s);
    CHECK(net.world.run_dry());
}

TEST_CASE("createAnswer: identity provider that fails is NotReadableError") {
    test::two_hosts net;
    net.run(answer_fails(net.a, net.b), 1s);
}

TEST_CASE("createOffer: identity provider that takes longer than 15 s is NotReadableError, idp-timeout") {
    test::two_hosts net;
    net.run(times_out(net.a), 60s);
    CHECK(net.world.run_dry());
}

// ---- while it works

TEST_CASE("createOffer: identity: what changes while the provider works is in the offer") {
    test::two_hosts net;
    auto ours = make_provider(net.a);
    ours->delay = 1s;
    PeerConnection pc(net.a);
    pc.setIdentityProvider(ours);
    auto offer = offering(pc);
    net.world.run_for(500ms);
    REQUIRE(ours->generated == 1);
    CHECK_FALSE(offer.done());
    auto channel = pc.createDataChannel("x");
    net.world.run_for(1s);
    REQUIRE(offer.done());
    CHECK(offer.outcome().empty());
    CHECK(offer.value().sdp.find("m=application") != std::string::npos);
    CHECK_FALSE(identity_of(offer.value()).empty());
}

TEST_CASE(
    "createOffer: identity: cancelled, it cancels the provider, changes nothing and the chain goes on") {
    test::two_hosts net;
    auto ours = make_provider(net.a);
    ours->delay = 1s;
    PeerConnection pc(net.a);
    pc.setIdentityProvider(ours);
    auto channel = pc.createDataChannel("x");
    auto first = offering(pc), second = offering(pc);
    net.world.run_for(500ms);
    REQUIRE(ours->generated == 1);
    first.cancel();
    net.world.run_for(1ms);
    CHECK(first.outcome() == "cancelled");
    CHECK(ours->cancelled == 1);
    CHECK_FALSE(second.done());
    CHECK(pc.signalingState() == SignalingState::stable);
    net.world.run_for(1s);
    CHECK(ours->generated == 2); // the second's own
    REQUIRE(second.done());
    CHECK(second.outcome().empty());
    CHECK_FALSE(identity_of(second.value()).empty());
    pc.close();
    CHECK(net.world.run_dry());
}

TEST_CASE("createOffer: identity: one cancelled before the provider began never starts it") {
    test::two_hosts net;
    auto ours = make_provider(net.a);
    PeerConnection pc(net.a);
    pc.setIdentityProvider(ours);
    net.world.run_for(1ms);
    auto warm = offering(pc); // the certificate exists after this
    net.world.run_for(1ms);
    REQUIRE(warm.done());
    pc.setIdentityProvider(ours);
    {
        auto offer = offering(pc);
        offer.cancel();
        net.world.run_for(1ms);
        CHECK(offer.outcome() == "cancelled");
    }
    CHECK(ours->generated == 1);
    CHECK(ours->cancelled == 0);
    pc.close();
    CHECK(net.world.run_dry());
}

TEST_CASE("Identity: getIdentityAssertion and createOffer share one request; it ends with the last of them") {
    test::two_hosts net;
    auto ours = make_provider(net.a);
    ours->delay = 1s;
    PeerConnection pc(net.a);
    pc.setIdentityProvider(ours);
    auto one = asserting(pc), two = asserting(pc);
    auto offer = offering(pc);
    net.world.run_for(500ms);
    CHECK(ours->generated == 1);
    one.cancel();
    net.world.run_for(1ms);
    CHECK(one.outcome() == "cancelled");
    CHECK(ours->cancelled == 0);
    net.world.run_for(1s);
    CHECK(two.value() == identity_of(offer.value()));
    CHECK_FALSE(two.value().empty());
    CHECK(ours->generated == 1);

    pc.setIdentityProvider(ours);
    auto three = asserting(pc);
    net.world.run_for(500ms);
    three.cancel();
    net.world.run_for(1ms);
    CHECK(three.outcome() == "cancelled");
    CHECK(ours->cancelled == 1);
    pc.close();
    CHECK(net.world.run_dry());
}

TEST_CASE("Identity: who waits for a provider that is replaced gets the new one's assertion") {
    test::two_hosts net;
    auto slow = make_provider(net.a), quick = make_provider(net.a, "bob@example.com", "example.com");
    slow->delay = 1s;
    PeerConnection pc(net.a);
    pc.setIdentityProvider(slow);
    auto offer = offering(pc);
    auto assertion = asserting(pc);
    net.world.run_for(500ms);
    pc.setIdentityProvider(quick);
    net.world.run_for(1ms);
    CHECK(slow->cancelled == 1);
    CHECK(quick->generated == 1);
    REQUIRE(offer.done());
    REQUIRE(assertion.done());
    CHECK(identity_of(offer.value()) == assertion.value());
    CHECK(base64_decode(assertion.value())->find("example.com") != std::string::npos);

    pc.setIdentityProvider(slow);
    auto without = offering(pc);
    auto refused = asserting(pc);
    net.world.run_for(500ms);
    pc.setIdentityProvider(std::shared_ptr<IdentityProvider>());
    net.world.run_for(1ms);
    CHECK(without.outcome().empty());
    CHECK(identity_of(without.value()).empty());
    CHECK(refused.outcome() == "InvalidStateError");
}

TEST_CASE("close: identity operations complete with errc::aborted, and the provider is cancelled") {
    test::two_hosts net;
    auto ours = make_provider(net.a);
    ours->delay = 10s;
    std::weak_ptr<IdentityProvider> seen = ours;
    PeerConnection pc(net.a);
    pc.setIdentityProvider(ours);
    auto offer = offering(pc);
    auto assertion = asserting(pc), late = asserting(pc);
    auto peer = test::identifying(pc);
    net.world.run_for(1s);
    pc.close();
    net.world.run_for(1ms);
    CHECK(offer.outcome() == "AbortError");
    CHECK(assertion.outcome() == "AbortError");
    CHECK(late.outcome() == "AbortError");
    CHECK(peer.outcome() == "AbortError");
    CHECK(ours->cancelled == 1);
    auto after = test::identifying(pc);
    net.world.run_for(1ms);
    CHECK(after.outcome() == "AbortError");
    ours.reset();
    CHECK(seen.expired());
    CHECK(net.world.run_dry());
}

TEST_CASE("Identity: a world that ends while a provider works leaves nothing behind") {
    std::weak_ptr<IdentityProvider> seen;
    {
        test::two_hosts net;
        auto ours = make_provider(net.a);
        ours->delay = 10s;
        seen = ours;
        auto pc = std::make_unique<PeerConnection>(net.a);
        pc->setIdentityProvider(std::move(ours));
        auto offer = offering(*pc);
        net.world.run_for(1s);
    }
    CHECK(seen.expired());
}

// ---- elsewhere

namespace {

/// Ends on a thread of its own.
class threaded final : public IdentityProvider {
  public:
    asio::awaitable<IdentityAssertionResult> generateAssertion(std::string contents, std::string,
                                                               IdentityProviderOptions) override {
        co_await asio::post(asio::bind_executor(pool.get_executor(), asio::use_awaitable));
        ended_on = std::this_thread::get_id();
        co_return IdentityAssertionResult(IdentityProviderDetails("example.org"), contents);
    }
    asio::awaitable<IdentityValidationResult> validateAssertion(std::string contents, std::string) override {
        co_await asio::post(asio::bind_executor(pool.get_executor(), asio::use_awaitable));
        ended_on = std::this_thread::get_id();
        co_return IdentityValidationResult("alice@example.org", contents);
    }
    std::thread::id ended_on;
    asio::thread_pool pool{1};
};

asio::awaitable<void> on_threads(asio::io_context& io, std::shared_ptr<threaded> provider) {
    auto providers = std::make_shared<identity_registry>();
    providers->add(IdentityProviderDetails("example.org"), provider);
    PeerConnection one(io.get_executor());
    PeerConnection other(io.get_executor(), test::validating(providers, "alice@example.org"));
    one.setIdentityProvider(provider);
    auto channel = one.createDataChannel("x");
    auto offer = co_await one.createOffer();
    CHECK_FALSE(identity_of(offer).empty());
    CHECK(provider->ended_on != std::this_thread::get_id());
    provider->ended_on = {};
    co_await other.setRemoteDescription(offer);
    CHECK(provider->ended_on != std::thread::id());
    CHECK(provider->ended_on != std::this_thread::get_id());
    auto peer = co_await other.peerIdentity();
    CHECK(peer == IdentityAssertion("example.org", "alice@example.org"));
}

} // namespace

TEST_CASE("Identity: a provider may end on another executor") {
    auto provider = std::make_shared<threaded>();
    asio::io_context io;
    test::spawned task(io.get_executor(), on_threads(io, provider));
    io.run();
    REQUIRE(task.done());
    task.rethrow();
    provider->pool.join();
}
