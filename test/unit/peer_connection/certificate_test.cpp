#include "test/support/two_hosts.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/thread_pool.hpp>

#include <fstream>
#include <future>
#include <iterator>

using namespace cortc;
using namespace std::chrono_literals;
using test::failure_of;
using test::thrown_name;

namespace {

std::string file(const std::string& name) {
    std::ifstream in(CORTC_TEST_DATA "/certificates/" + name, std::ios::binary);
    REQUIRE(in);
    return {std::istreambuf_iterator<char>(in), {}};
}

Configuration with(std::vector<Certificate> certificates) {
    Configuration made;
    made.certificates = std::move(certificates);
    return made;
}

KeygenAlgorithm lasting(std::chrono::milliseconds life) {
    KeygenAlgorithm made;
    made.expires = life;
    return made;
}

std::string upper(std::string text) {
    for (auto& c : text)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return text;
}

/// The a=fingerprint lines of a description.
std::vector<std::string> fingerprint_lines(const std::string& sdp) {
    std::vector<std::string> lines;
    for (auto at = sdp.find("a=fingerprint:"); at != std::string::npos;
         at = sdp.find("a=fingerprint:", at + 1))
        lines.push_back(sdp.substr(at + 14, sdp.find("\r\n", at) - at - 14));
    return lines;
}
std::vector<std::string> lines_for(const Certificate& certificate) {
    std::vector<std::string> lines;
    for (const auto& each : certificate.getFingerprints())
        lines.push_back(each.algorithm + " " + upper(each.value));
    return lines;
}

Certificate::time calendar(const context& where) { return where.network().calendar(); }

// ---- generateCertificate

asio::awaitable<void> generated(context where) {
    const auto now = calendar(where);
    auto ecdsa = co_await generateCertificate(where);
    CHECK(ecdsa);
    CHECK(ecdsa.expires() == now + std::chrono::days(30));
    auto named = co_await PeerConnection::generateCertificate(where, KeygenAlgorithm::ecdsa());
    CHECK(named != ecdsa);
    CHECK(named.to_pem().find("EC PRIVATE KEY") != std::string::npos);
    auto rsa = co_await PeerConnection::generateCertificate(where, KeygenAlgorithm::rsa());
    CHECK(rsa.to_pem().find("RSA PRIVATE KEY") != std::string::npos);
    CHECK(rsa.expires() == now + std::chrono::days(30));
    for (const auto& each : {ecdsa, rsa}) {
        const auto prints = each.getFingerprints();
        REQUIRE(prints.size() == 1); // SHA-256 is also what signs
        CHECK(prints[0].algorithm == "sha-256");
        REQUIRE(prints[0].value.size() == 32 * 3 - 1);
        for (std::size_t i = 0; i < prints[0].value.size(); ++i)
            CHECK((i % 3 == 2 ? prints[0].value[i] == ':'
                              : std::string_view("0123456789abcdef").find(prints[0].value[i]) !=
                                    std::string_view::npos));
    }
    auto copy = ecdsa;
    CHECK(copy == ecdsa);
    auto other_case = KeygenAlgorithm("ecdsa"); // names of algorithms have no case
    CHECK(co_await generateCertificate(where, other_case));
}

asio::awaitable<void> algorithms(context where) {
    std::vector<KeygenAlgorithm> bad;
    for (const auto* name : {"", "RSA", "RSA-PSS", "RSASSA-PKCS1-v1_5 ", "ECDH", "Ed25519", "AES-GCM"})
        bad.emplace_back(name);
    auto add = [&](KeygenAlgorithm made, auto change) {
        change(made);
        bad.push_back(std::move(made));
    };
    add(KeygenAlgorithm::ecdsa(), [](auto& it) { it.namedCurve = "P-384"; });
    add(KeygenAlgorithm::ecdsa(), [](auto& it) { it.namedCurve = "p-256"; });
    add(KeygenAlgorithm::rsa(), [](auto& it) { it.modulusLength = 1024; });
    add(KeygenAlgorithm::rsa(), [](auto& it) { it.modulusLength = 4096; });
    add(KeygenAlgorithm::rsa(), [](auto& it) { it.publicExponent = 3; });
    add(KeygenAlgorithm::rsa(), [](auto& it) { it.hash = "SHA-1"; });
    for (const auto& each : bad) {
        INFO(each.name);
        CHECK(co_await failure_of(generateCertificate(where, each)) == "NotSupportedError");
    }
    auto both = KeygenAlgorithm("X"); // the expiration is read first
    both.expires = -1ms;
    CHECK(co_await failure_of(generateCertificate(where, both)) == "TypeError");
    CHECK(co_await failure_of(generateCertificate(where, lasting(-1ms))) == "TypeError");
}

asio::awaitable<void> lives(context where) {
    const auto now = calendar(where);
    auto lasts = [&](std::chrono::milliseconds life) -> asio::awaitable<std::chrono::milliseconds> {
        auto algorithm = lasting(life);
        auto made = co_await generateCertificate(where, algorithm);
        co_return made.expires() - now;
    };
    CHECK(co_await lasts(1ms) == 1ms);
    CHECK(co_await lasts(90min) == 90min);
    CHECK(co_await lasts(24h * 365) == 24h * 365);
    CHECK(co_await lasts(24h * 365 + 1ms) == 24h * 365);
    CHECK(co_await lasts(std::chrono::milliseconds::max()) == 24h * 365);
    CHECK(co_await lasts(0ms) == 0ms);
    auto algorithm = lasting(1ms); // the certificate itself ends a second after it begins at the earliest
    auto made = co_await generateCertificate(where, algorithm);
    CHECK(Certificate::from_pem(made.to_pem()).expires() == now + 1s);
    // Not on a whole second: X.509 has none but those, and it is not over before it expires.
    timer clock(where);
    co_await clock.wait(250ms);
    const auto later = calendar(where);
    CHECK(later - now == 250ms);
    algorithm = lasting(1h);
    made = co_await generateCertificate(where, algorithm);
    CHECK(made.expires() == later + 1h);
    CHECK(Certificate::from_pem(made.to_pem()).expires() ==
          std::chrono::ceil<std::chrono::seconds>(later + 1h));
}

asio::awaitable<void> expired(context where) {
    auto algorithm = lasting(1500ms);
    auto brief = co_await generateCertificate(where, algorithm);
    auto lasting_one = co_await generateCertificate(where);
    { PeerConnection pc(where, with({brief})); }
    timer clock(where);
    co_await clock.wait(1s);
    { PeerConnection pc(where, with({brief})); }
    PeerConnection before(where, with({brief}));
    co_await clock.wait(1s);
    CHECK(thrown_name([&] { PeerConnection pc(where, with({brief})); }) == "InvalidAccessError");
    CHECK(thrown_name([&] { PeerConnection pc(where, with({lasting_one, brief})); }) == "InvalidAccessError");
    auto wrong_too = with({brief});
    wrong_too.iceServers.emplace_back("nonsense");
    CHECK(thrown_name([&] { PeerConnection pc(where, wrong_too); }) == "InvalidAccessError");
    wrong_too.iceCandidatePoolSize = -1;
    CHECK(thrown_name([&] { PeerConnection pc(where, wrong_too); }) == "TypeError");
    before.setConfiguration(with({brief})); // only the constructor looks at it
    auto offer = co_await before.createOffer();
    CHECK_FALSE(offer.sdp.empty());
}

// ---- connections with certificates

asio::awaitable<void> in_the_offer(context where) {
    for (const auto* name : {"p256_pkcs8.pem", "rsa_pkcs1.pem", "p256_sec1_sha384.pem"}) {
        const auto certificate = Certificate::from_pem(file(name));
        PeerConnection pc(where, with({certificate}));
        auto channel = pc.createDataChannel("x");
        auto offer = co_await pc.createOffer();
        CHECK(fingerprint_lines(offer.sdp) == lines_for(certificate));
        CHECK(pc.getConfiguration().certificates == std::vector<Certificate>{certificate});
    }
    const auto first = Certificate::from_pem(file("p256_pkcs8.pem")),
               second = Certificate::from_pem(file("rsa_pkcs8.pem"));
    PeerConnection pc(where, with({first, second}));
    auto channel = pc.createDataChannel("x");
    auto offer = co_await pc.createOffer();
    auto both = lines_for(first);
    for (const auto& line : lines_for(second)) both.push_back(line);
    CHECK(fingerprint_lines(offer.sdp) == both);
}

asio::awaitable<void> talk(PeerConnection& one, PeerConnection& other) {
    auto executor = co_await asio::this_coro::executor;
    auto channel = one.createDataChannel("x");
    co_await test::negotiate(one, other);
    test::spawned there(executor, test::trickle(one, other)), back(executor, test::trickle(other, one));
    co_await channel.opened();
    auto incoming = co_await other.nextDataChannel();
    co_await channel.send("hello");
    auto received = co_await incoming.receive();
    CHECK(received.text() == "hello");
    one.close();
    other.close();
    co_await one.closed();
    co_await other.closed();
}

asio::awaitable<void> certificates_of_all_kinds(context a, context b) {
    const auto rsa = Certificate::from_pem(file("rsa_pkcs8.pem")),
               ecdsa = Certificate::from_pem(file("p256_sec1_sha384.pem")),
               large = Certificate::from_pem(file("rsa_4096_sha512.pem"));
    struct {
        Configuration one, other;
    } const table[] = {{with({rsa}), with({})},
                       {with({}), with({rsa})},
                       {with({rsa}), with({ecdsa})},
                       {with({rsa}), with({rsa})},
                       {with({ecdsa}), with({large})}};
    for (const auto& each : table) {
        PeerConnection one(a, each.one), other(b, each.other);
        co_await talk(one, other);
    }
}

/// Several of one end: both stand in its descriptions, and the first is shown, whoever begins.
asio::awaitable<void> several(context a, context b) {
    auto ecdsa = co_await generateCertificate(a);
    auto rsa = co_await generateCertificate(a, KeygenAlgorithm::rsa());
    for (const auto& own : {std::vector{ecdsa, rsa}, std::vector{rsa, ecdsa}})
        for (const bool offers : {true, false}) {
            PeerConnection one(a, with(own)), other(b);
            auto channel = (offers ? one : other).createDataChannel("x");
            co_await test::negotiate(offers ? one : other, offers ? other : one);
            auto lines = lines_for(own[0]);
            const auto more = lines_for(own[1]);
            lines.insert(lines.end(), more.begin(), more.end());
            CHECK(fingerprint_lines(one.localDescription()->sdp) == lines);
            auto executor = co_await asio::this_coro::executor;
            test::spawned there(executor, test::trickle(one, other)),
                back(executor, test::trickle(other, one));
            co_await one.connected();
            co_await other.connected();
            const auto report = co_await one.getStats();
            const auto* transport = report.all<TransportStats>().at(0);
            REQUIRE(transport->localCertificateId);
            const auto shown = report.get<CertificateStats>(*transport->localCertificateId)->fingerprint;
            CHECK(shown == upper(own[0].getFingerprints().at(0).value));
            one.close();
            other.close();
            co_await one.closed();
            co_await other.closed();
            timer clock(a);
            while (!there.done() || !back.done()) co_await clock.wait(1ms);
        }
}

asio::awaitable<void> shared(context a, context b) {
    auto certificate = co_await generateCertificate(a);
    // Two at a time, the peer on another context and with the same one, too.
    PeerConnection first(a, with({certificate})), second(a, with({certificate}));
    PeerConnection third(b, with({certificate})), fourth(b);
    auto executor = co_await asio::this_coro::executor;
    test::spawned beside(executor, talk(first, third));
    co_await talk(second, fourth);
    timer clock(a);
    while (!beside.done()) co_await clock.wait(10ms);
    beside.rethrow();
}

asio::awaitable<void> default_is_shared(context where) {
    PeerConnection one(where), other(where);
    auto channel = one.createDataChannel("x"), same = other.createDataChannel("x");
    auto first = co_await one.createOffer(), second = co_await other.createOffer();
    CHECK(fingerprint_lines(first.sdp).size() == 1);
    CHECK(fingerprint_lines(first.sdp) == fingerprint_lines(second.sdp));
    auto own = co_await generateCertificate(where); // another
    CHECK(fingerprint_lines(first.sdp) != lines_for(own));
}

} // namespace

TEST_CASE("generateCertificate: ECDSA P-256 by default, and RSA-2048; both for 30 days") {
    test::two_hosts net;
    net.run(generated(net.a), 1s);
    CHECK(net.world.run_dry());
}

TEST_CASE("generateCertificate: an unknown algorithm is NotSupportedError") {
    test::two_hosts net;
    net.run(algorithms(net.a), 1s);
}

TEST_CASE("generateCertificate: expires is at most 365 days") {
    test::two_hosts net;
    net.run(lives(net.a), 1s);
}

TEST_CASE("generateCertificate: any completion token") {
    test::two_hosts net;
    Certificate made;
    generateCertificate(net.a, [&](std::exception_ptr error, Certificate certificate) {
        CHECK_FALSE(error);
        made = std::move(certificate);
    });
    CHECK_FALSE(made); // never inside the call
    CHECK(net.world.run_until([&] { return static_cast<bool>(made); }, 1s));
}

TEST_CASE("generateCertificate: on the worker, while the context goes on; cancelled, it returns nothing") {
    asio::io_context io;
    asio::thread_pool worker(1);
    std::promise<void> gate;
    auto open = gate.get_future().share();
    asio::post(worker, [open] { open.wait(); }); // nothing is made before the gate opens
    context_options options;
    options.worker = worker.get_executor();
    context where(io.get_executor(), options);
    std::exception_ptr failed;
    Certificate made;
    bool cancelled = false;
    asio::cancellation_signal cancel;
    generateCertificate(where, KeygenAlgorithm::ecdsa(),
                        [&](std::exception_ptr error, Certificate certificate) {
                            failed = error;
                            made = std::move(certificate);
                        });
    generateCertificate(
        where, KeygenAlgorithm::rsa(),
        asio::bind_cancellation_slot(
            cancel.slot(), [&](std::exception_ptr error, Certificate none) { cancelled = error && !none; }));
    asio::post(io, [&] { cancel.emit(asio::cancellation_type::terminal); });
    for (int turn = 0; turn < 20; ++turn) io.poll();
    CHECK(cancelled);
    CHECK_FALSE(made);
    gate.set_value();
    io.run_for(60s);
    CHECK(io.stopped());
    CHECK_FALSE(failed);
    CHECK(made);
    worker.join();
}

TEST_CASE("generateCertificate: a context that goes first ends it") {
    asio::io_context io;
    asio::thread_pool worker(1);
    std::promise<void> gate;
    auto open = gate.get_future().share();
    asio::post(worker, [open] { open.wait(); });
    std::exception_ptr failed;
    {
        context_options options;
        options.worker = worker.get_executor();
        context where(io.get_executor(), options);
        generateCertificate(where, [&](std::exception_ptr error, Certificate) { failed = error; });
    }
    gate.set_value();
    io.run_for(60s);
    CHECK(io.stopped());
    REQUIRE(failed);
    CHECK(thrown_name([&] { std::rethrow_exception(failed); }) == "AbortError");
    worker.join();
}

TEST_CASE("Constructor step 1: an expired certificate is InvalidAccessError") {
    test::two_hosts net;
    net.run(expired(net.a), 5s);
}

TEST_CASE("Constructor step 1: an empty certificate is TypeError") {
    test::two_hosts net;
    CHECK(thrown_name([&] { PeerConnection pc(net.a, with({Certificate()})); }) == "TypeError");
    PeerConnection pc(net.a);
    CHECK(thrown_name([&] { pc.setConfiguration(with({Certificate()})); }) == "TypeError");
}

TEST_CASE("Constructor step 1: the fingerprints of the certificate given stand in the offer") {
    test::two_hosts net;
    net.run(in_the_offer(net.a), 1s);
}

TEST_CASE("Constructor step 1: without certificates the connections of a context share one") {
    test::two_hosts net;
    net.run(default_is_shared(net.a), 1s);
}

TEST_CASE("connections with RSA and ECDSA certificates talk to each other") {
    test::two_hosts net;
    net.run(certificates_of_all_kinds(net.a, net.b), 60s);
    CHECK(net.world.run_dry());
}

TEST_CASE(
    "Certificates: all of a configuration stand in its descriptions, and the first that fits is shown") {
    test::two_hosts net;
    net.run(several(net.a, net.b), 60s);
    CHECK(net.world.run_dry());
}

TEST_CASE("connections share a certificate") {
    test::two_hosts net;
    net.run(shared(net.a, net.b), 20s);
    CHECK(net.world.run_dry());
}

TEST_CASE("Certificate: PEM round trip keeps fingerprints and expiry") {
    for (const auto* name : {"p256_pkcs8.pem", "p256_sec1_sha384.pem", "rsa_pkcs8.pem", "rsa_pkcs1.pem"}) {
        INFO(name);
        const auto read = Certificate::from_pem(file(name));
        const auto again = Certificate::from_pem(read.to_pem());
        CHECK(again.getFingerprints() == read.getFingerprints());
        CHECK(again.expires() == read.expires());
        CHECK(again != read); // another object
    }
    const auto two = Certificate::from_pem(file("p256_sec1_sha384.pem")).getFingerprints();
    REQUIRE(two.size() == 2);
    CHECK(two[0].algorithm == "sha-256");
    CHECK(two[0].value ==
          "31:5d:2e:26:21:84:dd:ed:af:39:ee:f7:5a:8d:69:d8:aa:68:73:15:6a:a6:36:0d:85:a1:ec:f7:5c:"
          "da:08:49"); // as OpenSSL says
    CHECK(two[1].algorithm == "sha-384");
    CHECK(two[1].value.size() == 48 * 3 - 1);
}

TEST_CASE("Certificate: from_pem names what is wrong") {
    const auto refused = [](const std::string& certificate, const std::string& key) {
        std::string said;
        try {
            (void)Certificate::from_pem(certificate, key);
        } catch (const Error& error) {
            CHECK(std::string(error.what()).starts_with("Certificate::from_pem: "));
            said = error.name();
        }
        return said;
    };
    const auto ecdsa = file("p256_pkcs8.pem"), rsa = file("rsa_pkcs8.pem");
    CHECK(refused("nonsense", "nonsense") == "SyntaxError");
    CHECK(refused(ecdsa, ecdsa.substr(0, ecdsa.find("-----BEGIN PRIVATE"))) == "SyntaxError");
    CHECK(refused(ecdsa, rsa) == "InvalidAccessError");
    CHECK(refused(rsa, ecdsa) == "InvalidAccessError");
    for (const auto* name : {"p384.pem", "rsa_1024.pem", "ed25519.pem", "p256_encrypted.pem"})
        CHECK(refused(file(name), file(name)) == "NotSupportedError");
    CHECK(refused(rsa, rsa).empty());
}

TEST_CASE("Certificate: an empty one says so") {
    Certificate none;
    CHECK_FALSE(none);
    CHECK(none == Certificate());
    CHECK(thrown_name([&] { (void)none.expires(); }) == "InvalidStateError");
    CHECK(thrown_name([&] { (void)none.getFingerprints(); }) == "InvalidStateError");
    CHECK(thrown_name([&] { (void)none.to_pem(); }) == "InvalidStateError");
}
