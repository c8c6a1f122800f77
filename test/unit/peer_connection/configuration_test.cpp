#include "cortc/connection/configuration.hpp"
#include "cortc/cortc.hpp"
#include "test/support/two_hosts.hpp"

#include <fstream>
#include <functional>
#include <iterator>
#include <limits>

using namespace cortc;
using namespace std::chrono_literals;
using test::failure_of;
using test::thrown_name;

namespace {

Configuration with_servers(std::vector<IceServer> servers) {
    Configuration made;
    made.iceServers = std::move(servers);
    return made;
}
Configuration with_url(const std::string& url) { return with_servers({IceServer(url, "user", "secret")}); }
Configuration with_pool(int size) {
    Configuration made;
    made.iceCandidatePoolSize = size;
    return made;
}
Configuration with_identity(std::string identity) {
    Configuration made;
    made.peerIdentity = std::move(identity);
    return made;
}
Configuration with_certificates(std::vector<Certificate> certificates) {
    Configuration made;
    made.certificates = std::move(certificates);
    return made;
}
Configuration relay() {
    Configuration made;
    made.iceTransportPolicy = IceTransportPolicy::relay;
    return made;
}

/// "SyntaxError: what it says", or empty.
std::string thrown(const std::function<void()>& body) {
    try {
        body();
    } catch (const Error& error) {
        return error.name() + std::string(": ") + error.what();
    }
    return {};
}

/// What the constructor and setConfiguration throw for it, which must be the same; after it
/// getConfiguration() returns what it returned before.
std::string refusal(const context& where, const Configuration& wanted) {
    const auto by_constructor = thrown([&] { PeerConnection pc(where, wanted); });
    auto before = with_url("turn:before.example");
    before.iceTransportPolicy = IceTransportPolicy::relay;
    PeerConnection pc(where, before);
    const auto by_member = thrown([&] { pc.setConfiguration(wanted); });
    CHECK(by_constructor == by_member);
    if (!by_member.empty()) CHECK(pc.getConfiguration() == before);
    return by_member;
}
/// Its name only.
std::string refused(const context& where, const Configuration& wanted) {
    const auto all = refusal(where, wanted);
    return all.substr(0, all.find(':'));
}

std::size_t lines_of(const PeerConnection& pc, std::string_view line) {
    const auto text = pc.localDescription()->sdp;
    std::size_t count = 0;
    for (auto at = text.find(line); at != std::string::npos; at = text.find(line, at + 1)) ++count;
    return count;
}

} // namespace

// ---- Constructor

TEST_CASE("Constructor: defaults") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    const auto configuration = pc.getConfiguration();
    CHECK(configuration.iceServers.empty());
    CHECK(configuration.iceTransportPolicy == IceTransportPolicy::all);
    CHECK(configuration.bundlePolicy == BundlePolicy::balanced);
    CHECK(configuration.rtcpMuxPolicy == RtcpMuxPolicy::require);
    CHECK(configuration.certificates.empty());
    CHECK(configuration.iceCandidatePoolSize == 0);
    CHECK_FALSE(configuration.peerIdentity);
    CHECK(to_string(IceTransportPolicy::relay) == "relay");
    CHECK(to_string(BundlePolicy::max_compat) == "max-compat");
    CHECK(to_string(BundlePolicy::max_bundle) == "max-bundle");
    CHECK(to_string(RtcpMuxPolicy::require) == "require");
}

TEST_CASE("Constructor: a pool size out of 0..255 is a TypeError") {
    test::two_hosts net;
    for (int good : {0, 1, 255}) {
        PeerConnection pc(net.a, with_pool(good));
        CHECK(pc.getConfiguration().iceCandidatePoolSize == good);
    }
    for (int bad : {-1, 256, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()})
        CHECK(refused(net.a, with_pool(bad)) == "TypeError");
    CHECK(refusal(net.a, with_pool(256)) == "TypeError: iceCandidatePoolSize is 256; it can be 0 to 255");
    auto both = with_url("http://example.org");
    both.iceCandidatePoolSize = 256;
    CHECK(refused(net.a, both) == "TypeError"); // the conversion of arguments comes first
}

TEST_CASE(
    "Constructor step 2: rtcpMuxPolicy negotiate is NotSupportedError, before the servers are looked at") {
    test::two_hosts net;
    auto wanted = with_url("http://example.org");
    wanted.rtcpMuxPolicy = RtcpMuxPolicy::negotiate;
    CHECK(thrown_name([&] { PeerConnection pc(net.a, wanted); }) == "NotSupportedError");
}

TEST_CASE(
    "Constructor step 2: the configuration is the one given, and the context is left alone by one refused") {
    test::two_hosts net;
    auto wanted = with_servers({IceServer("stun:stun.example.org"),
                                IceServer({"turn:example.org", "turns:example.org"}, "user", "secret")});
    wanted.iceTransportPolicy = IceTransportPolicy::relay;
    wanted.bundlePolicy = BundlePolicy::max_bundle;
    wanted.iceCandidatePoolSize = 3;
    wanted.peerIdentity = "alice@example.org";
    PeerConnection pc(net.a, wanted);
    CHECK(pc.getConfiguration() == wanted);
    CHECK(thrown_name([&] { PeerConnection refused(net.a, with_url("x")); }) == "SyntaxError");
    CHECK(thrown_name([&] { PeerConnection refused(net.io.get_executor(), with_url("x")); }) ==
          "SyntaxError");
    CHECK(net.world.open_sockets() == 0);
}

namespace {

/// Answers an offer of three sections that knows no bundle; how many of them get a transport.
asio::awaitable<void> answer_unbundled(context where, BundlePolicy policy, std::size_t accepted) {
    Configuration configuration;
    configuration.bundlePolicy = policy;
    PeerConnection pc(where, configuration);
    std::ifstream file(CORTC_TEST_DATA "/sdp/chromium_default_avdc_pre.sdp", std::ios::binary);
    auto text = std::string(std::istreambuf_iterator<char>(file), {});
    const auto group = text.find("a=group:BUNDLE");
    text.erase(group, text.find('\n', group) + 1 - group);
    auto offer = SessionDescription(SdpType::offer, text);
    co_await pc.setRemoteDescription(offer);
    co_await pc.setLocalDescription();
    CHECK(lines_of(pc, "\r\nm=") == 3);
    CHECK(lines_of(pc, "a=ice-ufrag:") == accepted);
}

} // namespace

TEST_CASE("Constructor step 2: bundlePolicy decides what is answered when the peer knows no bundle") {
    test::two_hosts net;
    net.run(answer_unbundled(net.a, BundlePolicy::max_compat, 3), 1s);
    net.run(answer_unbundled(net.a, BundlePolicy::balanced, 3), 1s);
    net.run(answer_unbundled(net.a, BundlePolicy::max_bundle, 1), 1s);
}

TEST_CASE("IceServer takes one URL or several") {
    CHECK(IceServer("stun:a").urls == std::vector<std::string>{"stun:a"});
    CHECK(IceServer(std::string("stun:a")).urls == std::vector<std::string>{"stun:a"});
    CHECK(IceServer(std::string_view("stun:a")).urls == std::vector<std::string>{"stun:a"});
    const auto several = IceServer({"turn:a", "turn:b"}, "user", "secret");
    CHECK(several.urls == std::vector<std::string>{"turn:a", "turn:b"});
    CHECK(several.username == "user");
    CHECK(several.credential == "secret");
    const IceServer braces{"turn:a", "user", "secret"};
    CHECK(braces.urls == std::vector<std::string>{"turn:a"});
    CHECK(braces.username == "user");
    CHECK_FALSE(IceServer("stun:a").username);
}

// ---- setConfiguration

TEST_CASE("setConfiguration step 1: closed is InvalidStateError, before everything else") {
    test::two_hosts net;
    PeerConnection pc(net.a, with_identity("alice"));
    pc.close();
    auto all_wrong = with_identity("bob");
    all_wrong.bundlePolicy = BundlePolicy::max_compat;
    all_wrong.iceServers = {IceServer("")};
    all_wrong.iceCandidatePoolSize = 1000;
    CHECK(thrown_name([&] { pc.setConfiguration(all_wrong); }) == "InvalidStateError");
    CHECK(thrown_name([&] { pc.setConfiguration({}); }) == "InvalidStateError");
    CHECK(pc.getConfiguration() == with_identity("alice"));
}

TEST_CASE("setConfiguration step 2: another peerIdentity is InvalidModificationError") {
    test::two_hosts net;
    PeerConnection pc(net.a, with_identity("alice"));
    CHECK(thrown([&] { pc.setConfiguration(with_identity("bob")); }) ==
          "InvalidModificationError: peerIdentity \"bob\" is not the identity of this connection's peer, "
          "\"alice\"; it cannot be changed");
    pc.setConfiguration(with_identity("alice"));
    CHECK(pc.getConfiguration().peerIdentity == "alice");
    pc.setConfiguration({}); // left out: not compared; the target identity stays
    CHECK_FALSE(pc.getConfiguration().peerIdentity);
    CHECK(thrown_name([&] { pc.setConfiguration(with_identity("bob")); }) == "InvalidModificationError");
    pc.setConfiguration(with_identity("alice"));
    PeerConnection none(net.a);
    CHECK(thrown_name([&] { none.setConfiguration(with_identity("alice")); }) == "InvalidModificationError");
}

namespace {

asio::awaitable<void> other_certificates(context where) {
    auto one = co_await generateCertificate(where), two = co_await generateCertificate(where);
    PeerConnection pc(where, with_certificates({one}));
    auto refused = [&](std::vector<Certificate> certificates) {
        return thrown([&] { pc.setConfiguration(with_certificates(std::move(certificates))); });
    };
    CHECK(refused({}) == "InvalidModificationError: 0 certificates, where the connection was made with 1; "
                         "they cannot be changed");
    CHECK(refused({one, one}).starts_with("InvalidModificationError: 2 certificates"));
    CHECK(refused({two}) ==
          "InvalidModificationError: certificates[0] is not the one that the connection was "
          "made with; certificates cannot be changed");
    const auto same_key = Certificate::from_pem(one.to_pem()); // equal, and another object
    CHECK(same_key.getFingerprints() == one.getFingerprints());
    CHECK(refused({same_key}).starts_with("InvalidModificationError"));
    CHECK(refused({one}).empty());
    CHECK(pc.getConfiguration().certificates == std::vector<Certificate>{one});
    PeerConnection both(where, with_certificates({one, two}));
    CHECK(thrown_name([&] {
              both.setConfiguration(with_certificates({two, one}));
          }) == "InvalidModificationError");
    both.setConfiguration(with_certificates({one, two}));
}

asio::awaitable<void> own_certificate(context where) {
    PeerConnection pc(where);
    auto channel = pc.createDataChannel("x");
    co_await pc.setLocalDescription();
    REQUIRE(lines_of(pc, "a=fingerprint:sha-256 ") == 1);
    CHECK(pc.getConfiguration().certificates.empty());
    pc.setConfiguration({}); // or this would throw for ever
    pc.setConfiguration(pc.getConfiguration());
    CHECK(pc.getConfiguration().certificates.empty());
}

asio::awaitable<void> pool_size(context where) {
    PeerConnection pc(where, with_pool(1));
    pc.setConfiguration(with_pool(2)); // not yet
    CHECK(pc.getConfiguration().iceCandidatePoolSize == 2);
    auto channel = pc.createDataChannel("x");
    (void)co_await pc.createOffer();
    pc.setConfiguration(with_pool(3));
    co_await pc.setLocalDescription();
    CHECK(thrown([&] { pc.setConfiguration(with_pool(4)); }) ==
          "InvalidModificationError: iceCandidatePoolSize 4, where 3 is set; it cannot be changed after "
          "setLocalDescription");
    CHECK(thrown_name([&] { pc.setConfiguration({}); }) == "InvalidModificationError"); // left out: 0
    pc.setConfiguration(with_pool(3));
    CHECK(pc.getConfiguration().iceCandidatePoolSize == 3);
    CHECK(thrown_name([&] { pc.setConfiguration(with_pool(256)); }) == "TypeError");

    PeerConnection failed(where); // it counts that it was called
    CHECK(co_await failure_of(failed.setLocalDescription(SessionDescription(SdpType::answer, ""))) ==
          "InvalidStateError");
    CHECK(thrown_name([&] { failed.setConfiguration(with_pool(1)); }) == "InvalidModificationError");

    PeerConnection remote(where); // setRemoteDescription does not count
    auto offer = SessionDescription(SdpType::offer, pc.localDescription()->sdp);
    co_await remote.setRemoteDescription(offer);
    remote.setConfiguration(with_pool(1));
    CHECK(remote.getConfiguration().iceCandidatePoolSize == 1);
}

} // namespace

TEST_CASE("setConfiguration step 3: another number of certificates, or others, is InvalidModificationError") {
    test::two_hosts net;
    net.run(other_certificates(net.a), 1s);
}

TEST_CASE(
    "setConfiguration step 3: a certificate that the connection generated is not in the configuration") {
    test::two_hosts net;
    net.run(own_certificate(net.a), 1s);
}

TEST_CASE("setConfiguration step 3: another bundlePolicy is InvalidModificationError") {
    test::two_hosts net;
    Configuration compat, bundle;
    compat.bundlePolicy = BundlePolicy::max_compat;
    bundle.bundlePolicy = BundlePolicy::max_bundle;
    PeerConnection pc(net.a, compat);
    CHECK(thrown([&] { pc.setConfiguration(bundle); }) ==
          "InvalidModificationError: bundlePolicy \"max-bundle\", where the connection was made with "
          "\"max-compat\"; it cannot be changed");
    CHECK(thrown_name([&] { pc.setConfiguration({}); }) == "InvalidModificationError"); // left out: balanced
    pc.setConfiguration(compat);
    PeerConnection plain(net.a);
    CHECK(thrown_name([&] { plain.setConfiguration(compat); }) == "InvalidModificationError");
}

TEST_CASE("setConfiguration step 3: another rtcpMuxPolicy is InvalidModificationError") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    Configuration negotiate;
    negotiate.rtcpMuxPolicy = RtcpMuxPolicy::negotiate;
    CHECK(thrown_name([&] { pc.setConfiguration(negotiate); }) == "InvalidModificationError");
}

TEST_CASE("setConfiguration step 3: another iceCandidatePoolSize is InvalidModificationError once "
          "setLocalDescription was called") {
    test::two_hosts net;
    net.run(pool_size(net.a), 1s);
}

namespace {

/// Offends in everything from `first` on; what is said names the first offence.
Configuration wrong_from(int first, const Configuration& good, const Certificate& other) {
    auto wrong = good;
    if (first <= 0) wrong.peerIdentity = "bob";
    if (first <= 1) wrong.certificates = {other, other};
    if (first == 2) wrong.certificates = {other};
    if (first <= 3) wrong.bundlePolicy = BundlePolicy::max_compat;
    if (first <= 4) wrong.rtcpMuxPolicy = RtcpMuxPolicy::negotiate;
    if (first <= 5) wrong.iceCandidatePoolSize = 9;
    wrong.iceServers = {IceServer("http://example.org")};
    return wrong;
}

asio::awaitable<void> order_of_checks(context where) {
    auto own = co_await generateCertificate(where), other = co_await generateCertificate(where);
    auto good = with_identity("alice");
    good.certificates = {own};
    PeerConnection pc(where, good);
    auto channel = pc.createDataChannel("x");
    co_await pc.setLocalDescription();
    const char* expected[] = {
        "InvalidModificationError: peerIdentity",     "InvalidModificationError: 2 certificates",
        "InvalidModificationError: certificates[0]",  "InvalidModificationError: bundlePolicy",
        "InvalidModificationError: rtcpMuxPolicy",    "InvalidModificationError: iceCandidatePoolSize",
        "SyntaxError: iceServers[0].urls[0] \"http:",
    };
    for (int first = 0; first < 7; ++first) {
        const auto said = thrown([&] { pc.setConfiguration(wrong_from(first, good, other)); });
        INFO(said);
        CHECK(said.starts_with(expected[first]));
        CHECK(pc.getConfiguration() == good);
    }
    auto pool = wrong_from(0, good, other);
    pool.iceCandidatePoolSize = -1;
    CHECK(thrown_name([&] { pc.setConfiguration(pool); }) == "TypeError");
}

} // namespace

TEST_CASE("setConfiguration steps 2 to 4: the checks come in the order of the specification") {
    test::two_hosts net;
    net.run(order_of_checks(net.a), 1s);
}

TEST_CASE("setConfiguration step 4: a server without urls is SyntaxError") {
    test::two_hosts net;
    CHECK(refusal(net.a, with_servers({IceServer("stun:a"), IceServer()})) ==
          "SyntaxError: iceServers[1].urls is empty; a server needs a URL");
    CHECK(refused(net.a, with_servers({IceServer(std::vector<std::string>{}, "user", "secret")})) ==
          "SyntaxError");
}

TEST_CASE("setConfiguration step 4: the message names server and URL, and says what is wrong") {
    test::two_hosts net;
    const auto wanted =
        with_servers({IceServer("stun:a"), IceServer({"turn:a", "turn:b:70000"}, "user", "secret")});
    CHECK(refusal(net.a, wanted) ==
          "SyntaxError: iceServers[1].urls[1] \"turn:b:70000\": port 70000 is out of "
          "range; ports are 0 to 65535");
    CHECK(refusal(net.a, with_url("stun://example.org")) ==
          "SyntaxError: iceServers[0].urls[0] \"stun://example.org\": the host follows the scheme at once: "
          "stun:example.org, not stun://example.org");
    CHECK(refused(net.a, with_url("")) == "SyntaxError");
    CHECK(refused(net.a, with_url("example.org")) == "SyntaxError");
    CHECK(refused(net.a, with_url("stun:example.org?transport=udp")) == "SyntaxError");
    CHECK(refused(net.a, with_url("turn:example.org?transport=sctp")) == "SyntaxError");
    CHECK(refused(net.a, with_url("turn:example.org#x")) == "SyntaxError");
    CHECK(refused(net.a, with_url("turn:user@example.org")) == "SyntaxError");
}

TEST_CASE("setConfiguration step 4: all four schemes are good") {
    test::two_hosts net;
    for (const auto* url : {"stun:a", "stuns:a", "turn:a", "turns:a", "turn:a?transport=tcp",
                            "turns:a?transport=udp", "turn:[2001:db8::1]:3478"})
        CHECK(refused(net.a, with_url(url)).empty());
    CHECK(
        refused(net.a, with_servers({IceServer("stun:a"), IceServer("stuns:a")})).empty()); // no credentials
}

TEST_CASE("setConfiguration step 4: turn without good username and credential is InvalidAccessError") {
    test::two_hosts net;
    auto with = [&](std::optional<std::string> username, std::optional<std::string> credential,
                    const char* url = "turn:a") {
        return refused(net.a, with_servers({IceServer(url, std::move(username), std::move(credential))}));
    };
    for (const auto* url : {"turn:a", "turns:a", "turn:a?transport=tcp", "turns:[::1]:1?transport=udp"}) {
        CHECK(with({}, {}, url) == "InvalidAccessError");
        CHECK(with("user", {}, url) == "InvalidAccessError");
        CHECK(with({}, "secret", url) == "InvalidAccessError");
        CHECK(with("user", "secret", url).empty());
    }
    CHECK(refusal(net.a, with_servers({IceServer("turns:a", "user")})) ==
          "InvalidAccessError: iceServers[0].urls[0] \"turns:a\": a TURN server needs a username and a "
          "credential; the credential is missing");
    // RFC 8489 14.3: fewer than 509 bytes, of UTF-8.
    CHECK(with(std::string(508, 'u'), "secret").empty());
    CHECK(with(std::string(509, 'u'), "secret") == "InvalidAccessError");
    std::string umlauts;
    for (int i = 0; i < 254; ++i) umlauts += "\xc3\xbc";
    CHECK(with(umlauts, "secret").empty());
    CHECK(with(umlauts + "u", "secret") == "InvalidAccessError");
    CHECK(with("user", std::string(5000, 's')).empty());
    // RFC 8265 4.1: not empty, no control characters.
    CHECK(with("", "secret") == "InvalidAccessError");
    CHECK(with("user", "") == "InvalidAccessError");
    CHECK(with("us\ner", "secret") == "InvalidAccessError");
    CHECK(with("user", "sec\x7fret") == "InvalidAccessError");
    CHECK(with("user", "\xff") == "InvalidAccessError");
}

TEST_CASE("setConfiguration step 4: credentials are UTF-8 without control characters") {
    using detail::is_credential;
    for (const auto* good : {"a", "correct horse battery staple", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
                             "\xc2\xa0", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                             "\xef\xbf\xbd", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
        CHECK(is_credential(good));
    for (const auto* bad : {"",
                            "\x01",
                            "a\tb",
                            "\x1f",
                            "\x7f",
                            "\xc2\x80",
                            "\xc2\x9f",
                            "\x80",
                            "\xbf",
                            "\xc3",
                            "\xc3(",
                            "\xc0\xaf",
                            "\xc1\xbf",
                            "\xe0\x80\xaf",
                            "\xe0\x9f\xbf",
                            "\xe2\x82",
                            "\xed\xa0\x80",
                            "\xf0\x8f\xbf\xbf",
                            "\xf4\x90\x80\x80",
                            "\xf5\x80\x80\x80",
                            "\xf0\x90\x80",
                            "\xff"})
        CHECK_FALSE(is_credential(bad));
    CHECK_FALSE(is_credential(std::string_view("a\0b", 3)));
}

TEST_CASE("setConfiguration step 4: server by server, URL by URL, the first that is wrong counts") {
    test::two_hosts net;
    auto first = [&](std::vector<IceServer> servers) {
        return refused(net.a, with_servers(std::move(servers)));
    };
    using urls = std::vector<std::string>;
    const IceServer no_credentials("turn:a"), no_syntax("turn:/a"), no_urls;
    CHECK(first({no_credentials, no_syntax}) == "InvalidAccessError");
    CHECK(first({no_syntax, no_credentials}) == "SyntaxError");
    CHECK(first({no_urls, no_credentials}) == "SyntaxError");
    CHECK(first({IceServer(urls{"turn:a", "turn:/a"})}) == "InvalidAccessError");
    CHECK(first({IceServer(urls{"turn:/a", "turn:a"})}) == "SyntaxError");
    CHECK(first({IceServer(urls{"stun:a", "turn:a"})}) == "InvalidAccessError");
    CHECK(first({IceServer("turn:a:b")}) == "SyntaxError"); // the URL comes before the credentials
    CHECK(first({IceServer("turn:a?transport=x")}) == "SyntaxError");
}

TEST_CASE("setConfiguration step 4: servers beyond the 64th are kept and ignored") {
    test::two_hosts net;
    std::vector<IceServer> servers(64, IceServer("stun:a"));
    servers.emplace_back("nonsense");
    PeerConnection pc(net.a, with_servers(servers));
    CHECK(pc.getConfiguration().iceServers.size() == 65);
    CHECK(detail::read_gather_settings(pc.getConfiguration()).servers.size() == 64);
    servers[63] = IceServer("nonsense");
    CHECK(refused(net.a, with_servers(servers)) == "SyntaxError");
}

TEST_CASE("setConfiguration step 5: the new configuration replaces the old one whole") {
    test::two_hosts net;
    auto first = with_url("turn:first.example");
    first.iceTransportPolicy = IceTransportPolicy::relay;
    first.iceCandidatePoolSize = 2;
    PeerConnection pc(net.a, first);
    const auto second = with_url("stun:second.example");
    pc.setConfiguration(second);
    CHECK(pc.getConfiguration() == second); // policy and pool size are the defaults
    pc.setConfiguration({});
    CHECK(pc.getConfiguration() == Configuration());
}

TEST_CASE("setConfiguration step 5: a throw comes before every write") {
    test::two_hosts net;
    auto wanted = with_servers({IceServer("stun:good.example"), IceServer("stun:bad host")});
    wanted.iceTransportPolicy = IceTransportPolicy::relay;
    wanted.iceCandidatePoolSize = 5;
    CHECK(refused(net.a, wanted) == "SyntaxError"); // which checks it
}

TEST_CASE("setConfiguration step 5: servers and policy are read for the gatherer") {
    auto wanted = with_servers(
        {IceServer("stun:stun.example.org", "ignored", "ignored"),
         IceServer({"turn:turn.example.org:80?transport=tcp", "turns:[2001:DB8::1]"}, "user", "secret")});
    wanted.iceTransportPolicy = IceTransportPolicy::relay;
    const auto read = detail::read_gather_settings(wanted);
    CHECK(read.policy == ice::transport_policy::relay);
    REQUIRE(read.servers.size() == 3);
    using ice::server_scheme, ice::server_transport;
    const ice::server stun{{server_scheme::stun, "stun.example.org", 3478, server_transport::udp},
                           "stun:stun.example.org",
                           {},
                           {}};
    const ice::server turn{{server_scheme::turn, "turn.example.org", 80, server_transport::tcp},
                           "turn:turn.example.org:80?transport=tcp",
                           "user",
                           "secret"};
    const ice::server turns{{server_scheme::turns, "2001:db8::1", 5349, server_transport::tls},
                            "turns:[2001:DB8::1]",
                            "user",
                            "secret"};
    CHECK((read.servers[0] == stun));
    CHECK((read.servers[1] == turn));
    CHECK((read.servers[2] == turns));
}

namespace {

asio::awaitable<void> only_relayed(context where) {
    PeerConnection pc(where, relay());
    auto channel = pc.createDataChannel("x");
    co_await pc.setLocalDescription();
    co_await pc.gatheringComplete();
    CHECK(pc.iceGatheringState() == IceGatheringState::complete);
    CHECK(lines_of(pc, "a=candidate:") == 0);
    CHECK(lines_of(pc, "a=end-of-candidates") == 1);
    auto end = co_await pc.nextIceCandidate();
    REQUIRE(end);
    CHECK(end->candidate.empty());
    auto complete = co_await pc.nextIceCandidate();
    CHECK_FALSE(complete);
    pc.close();
    co_await pc.closed();
}

std::string ufrag_of(const PeerConnection& pc) {
    const auto sdp = pc.localDescription()->sdp;
    const auto at = sdp.find("a=ice-ufrag:");
    REQUIRE(at != std::string::npos);
    return sdp.substr(at, sdp.find("\r\n", at) - at);
}

asio::awaitable<void> from_the_next_phase(context where) {
    PeerConnection pc(where);
    auto channel = pc.createDataChannel("x");
    co_await pc.setLocalDescription();
    pc.setConfiguration(relay()); // the phase has begun
    co_await pc.gatheringComplete();
    CHECK(lines_of(pc, "a=candidate:") == 2);
    const auto first = ufrag_of(pc);
    co_await pc.setLocalDescription(); // RFC 9429 4.1.18: the policy is another, so it restarts ICE
    co_await pc.gatheringComplete();
    CHECK(lines_of(pc, "a=candidate:") == 0);
    const auto relayed = ufrag_of(pc);
    CHECK(relayed != first);
    pc.setConfiguration(relay()); // the same: nothing to restart for
    co_await pc.setLocalDescription();
    co_await pc.gatheringComplete();
    CHECK(ufrag_of(pc) == relayed);
    pc.setConfiguration({});
    CHECK(lines_of(pc, "a=candidate:") == 0);
    co_await pc.setLocalDescription();
    co_await pc.gatheringComplete();
    CHECK(lines_of(pc, "a=candidate:") == 2);
    pc.close();
    co_await pc.closed();
}

asio::awaitable<void> restarted_as_relay(context a, context b) {
    PeerConnection one(a), other(b);
    auto executor = co_await asio::this_coro::executor;
    auto channel = one.createDataChannel("x");
    co_await test::negotiate(one, other);
    test::spawned there(executor, test::trickle(one, other)), back(executor, test::trickle(other, one));
    co_await channel.opened();
    one.setConfiguration(relay());
    other.setConfiguration(relay());
    one.restartIce();
    co_await test::negotiate(one, other);
    co_await one.gatheringComplete();
    co_await other.gatheringComplete();
    CHECK(lines_of(one, "a=candidate:") == 0);
    CHECK(lines_of(other, "a=candidate:") == 0);
    auto incoming = co_await other.nextDataChannel();
    co_await channel.send("over the old pair");
    auto received = co_await incoming.receive();
    CHECK(received.text() == "over the old pair");
    one.close();
    other.close();
    co_await one.closed();
    co_await other.closed();
}

} // namespace

TEST_CASE("setConfiguration step 5: under policy relay no host candidates are gathered or signaled") {
    test::two_hosts net;
    net.run(only_relayed(net.a), 1s);
    CHECK(net.world.open_sockets() == 0);
    CHECK(net.world.run_dry());
}

TEST_CASE("setConfiguration step 5: policy and servers count from the next gathering phase on") {
    test::two_hosts net;
    net.run(from_the_next_phase(net.a), 1s);
    CHECK(net.world.run_dry());
}

TEST_CASE(
    "setConfiguration step 5: a restart under relay signals nothing, and data flows over the old pair") {
    test::two_hosts net;
    net.run(restarted_as_relay(net.a, net.b), 20s);
    CHECK(net.world.run_dry());
}

TEST_CASE("getConfiguration: changing what it returned changes nothing") {
    test::two_hosts net;
    PeerConnection pc(net.a, with_url("stun:a"));
    auto copy = pc.getConfiguration();
    copy.iceServers.clear();
    CHECK(pc.getConfiguration() == with_url("stun:a"));
    PeerConnection other(std::move(pc));
    CHECK(thrown_name([&] { (void)pc.getConfiguration(); }) == "InvalidStateError");
    CHECK(thrown_name([&] { pc.setConfiguration({}); }) == "InvalidStateError");
    CHECK(other.getConfiguration() == with_url("stun:a"));
}
