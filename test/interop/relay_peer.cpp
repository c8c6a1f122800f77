// relay_peer SERVER SERVER [CODE]: two connections that know each other's relays alone, over two TURN servers
// ("turn:127.0.0.1:3478", with user and secret). CODE is what a wrong password is refused with. They are
// moved from one server to the other while they talk. relay_peer transports PORT TLS_PORT FILE: the same over
// one server on 127.0.0.1 and ::1, reached in every way that there is; FILE has its certificate.
#include "cortc/cortc.hpp"
#include "judge.hpp"
#include "test/support/call.hpp"

#include <boost/asio/detached.hpp>

#include <fmt/format.h>

#include <string>

namespace asio = boost::asio;
using namespace cortc;
using namespace std::chrono_literals;

namespace {

constexpr int moves = 200;

void use(PeerConnection& pc, const std::string& url, const std::string& password) {
    auto next = pc.getConfiguration();
    next.iceServers = {IceServer(url, "user", password)};
    next.iceTransportPolicy = IceTransportPolicy::relay;
    pc.setConfiguration(next);
}

/// A wrong password has the server's code: 401, as RFC 8489 has it, or another.
asio::awaitable<void> refuse(context where, std::string url, std::uint16_t code = 401) {
    PeerConnection pc(where);
    use(pc, url, "wrong");
    auto channel = pc.createDataChannel("x");
    auto offer = co_await pc.createOffer();
    co_await pc.setLocalDescription(offer);
    auto error = co_await timeout(15s, pc.nextIceCandidateError());
    check(error.errorCode == code && error.url == url,
          "a wrong password is told: " + std::to_string(error.errorCode));
    co_await timeout(15s, pc.gatheringComplete());
    pc.close();
    co_await pc.closed();
}

asio::awaitable<void> say(DataChannel to, int begin, int end) {
    for (int i = begin; i < end; ++i) co_await to.send(std::to_string(i));
}
asio::awaitable<void> hear(DataChannel from, int begin, int end) {
    for (int i = begin; i < end; ++i) {
        auto message = co_await timeout(30s, from.receive());
        if (message.text() != std::to_string(i))
            check(false, "message " + std::to_string(i) + " comes in its order");
    }
}

asio::awaitable<void> serve(context where, std::string first, std::string second, std::uint16_t code) {
    co_await refuse(where, first, code);

    PeerConnection alice(where), bob(where);
    for (auto* each : {&alice, &bob}) use(*each, first, "secret");
    auto out = alice.createDataChannel("x");
    co_await test::negotiate(alice, bob);
    asio::co_spawn(where.get_executor(), test::trickle(alice, bob), asio::detached);
    asio::co_spawn(where.get_executor(), test::trickle(bob, alice), asio::detached);
    co_await timeout(30s, out.opened());
    auto in = co_await timeout(30s, bob.nextDataChannel());
    check(true, "connected over the first server");
    const std::string large(200'000, 'x');
    co_await out.send(large);
    auto message = co_await timeout(30s, in.receive());
    check(message.size() == large.size(), "a message of 200,000 bytes arrives");

    int said = 0;
    for (int move = 0; move < moves; ++move) {
        const auto& to = move % 2 == 0 ? second : first;
        co_await say(out, said, said + 10);
        for (auto* each : {&alice, &bob}) use(*each, to, "secret");
        OfferOptions restart;
        restart.iceRestart = true;
        co_await test::negotiate(alice, bob, restart);
        co_await say(out, said + 10, said + 20);
        co_await timeout(30s, alice.restarted());
        co_await timeout(30s, bob.restarted());
        co_await hear(in, said, said + 20);
        said += 20;
        const auto pair = alice.selectedPair();
        if (!pair || pair->local.candidate.find("typ relay") == std::string::npos)
            check(false, "a relay is selected");
    }
    check(true, fmt::format("moved {} times from server to server, {} messages, none lost", moves, said));
    alice.close();
    bob.close();
    co_await alice.closed();
    co_await bob.closed();
}

/// Two connections over two relays of one server.
asio::awaitable<void> meet(context where, std::string url, std::string protocol) {
    PeerConnection alice(where), bob(where);
    for (auto* each : {&alice, &bob}) use(*each, url, "secret");
    auto out = alice.createDataChannel("x");
    co_await test::negotiate(alice, bob);
    auto candidate = co_await timeout(15s, alice.nextIceCandidate());
    check(candidate && candidate->url == url && candidate->relayProtocol == protocol,
          "a relay of " + url + " is a candidate");
    co_await bob.addIceCandidate(*candidate);
    asio::co_spawn(where.get_executor(), test::trickle(alice, bob), asio::detached);
    asio::co_spawn(where.get_executor(), test::trickle(bob, alice), asio::detached);
    co_await timeout(15s, out.opened());
    auto in = co_await timeout(15s, bob.nextDataChannel());
    const std::string large(200'000, 'x');
    for (int i = 0; i < 10; ++i) {
        co_await out.send(large);
        auto there = co_await timeout(15s, in.receive());
        co_await in.send(std::string_view(there.text()));
        auto back = co_await timeout(15s, out.receive());
        if (back.size() != large.size()) check(false, "a message of 200,000 bytes comes back");
    }
    const auto pair = alice.selectedPair();
    check(pair && pair->local.candidate.find("typ relay") != std::string::npos,
          "and carries 20 messages of 200,000 bytes");
    alice.close();
    bob.close();
    co_await alice.closed();
    co_await bob.closed();
}

/// A server that is not to be trusted is told with 701, and why.
asio::awaitable<void> distrust(context where, std::string url, std::string why) {
    PeerConnection pc(where);
    use(pc, url, "secret");
    auto channel = pc.createDataChannel("x");
    auto offer = co_await pc.createOffer();
    co_await pc.setLocalDescription(offer);
    auto error = co_await timeout(15s, pc.nextIceCandidateError());
    check(error.errorCode == 701 && error.errorText.find(why) != std::string::npos,
          url + " is not trusted: " + error.errorText);
    pc.close();
    co_await pc.closed();
}

asio::awaitable<void> over_all(context where, context wary, std::string port, std::string tls_port) {
    for (const std::string host : {"127.0.0.1", "[::1]"}) {
        const auto plain = "turn:" + host + ":" + port, secure = "turns:" + host + ":" + tls_port;
        co_await meet(where, plain, "udp");
        co_await meet(where, plain + "?transport=tcp", "tcp");
        co_await meet(where, secure, "tls");
        co_await meet(where, secure + "?transport=udp", "udp");
        co_await refuse(where, plain + "?transport=tcp");
        co_await refuse(where, secure);
        co_await refuse(where, secure + "?transport=udp");
        co_await distrust(wary, secure, "is signed by itself");
        co_await distrust(wary, secure + "?transport=udp", "is signed by itself");
    }
    co_await distrust(where, "turns:localhost:" + tls_port, "and not localhost");
    co_await distrust(where, "turns:localhost:" + tls_port + "?transport=udp", "and not localhost");
}

} // namespace

int main(int argc, char** argv) {
    const bool transports = argc == 5 && std::string(argv[1]) == "transports";
    if (argc != 3 && argc != 4 && !transports) return 2;
    asio::io_context io;
    standard_error log;
    context_options options;
    options.interface_filter = [transports](const auto& local) {
        return local.address.is_loopback() && (transports || local.address.is_v4());
    };
    options.log = &log;
    options.least_level = standard_error::least();
    context wary(io.get_executor(), options); // trusts the system's authorities
    if (transports) options.server_trust = crypto::server_trust::pem(text_of_file(argv[4]));
    context where(io.get_executor(), options);
    if (transports) return judged(io, over_all(where, wary, argv[2], argv[3]), 170s);
    return judged(
        io, serve(where, argv[1], argv[2], argc == 4 ? static_cast<std::uint16_t>(std::stoi(argv[3])) : 401),
        170s);
}
