// The echo server and the echo client as the programs that they are.
#include "cortc/cortc.hpp"
#include "cortc/signaling/http.hpp"
#include "cortc/signaling/json.hpp"
#include "test/support/catch.hpp"
#include "test/support/loopback.hpp"
#include "test/support/process.hpp"
#include "test/support/sim_call.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <regex>
#include <thread>

using namespace cortc;
using namespace cortc::test;
using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_is_measurable = false; // what is freed is kept for a while
#else
constexpr bool memory_is_measurable = true;
#endif

class echo_server {
  public:
    explicit echo_server(std::vector<std::string> options = {}) : program(command(std::move(options))) {
        REQUIRE(program.prints("Ctrl-C ends"));
        std::smatch found;
        REQUIRE(std::regex_search(program.output(), found, std::regex(R"(http://[^/]*:([0-9]+)/offer)")));
        url = found[0];
        port = static_cast<std::uint16_t>(std::stoi(found[1]));
        idle_sockets = program.sockets();
    }
    /// Until all that connections had open is closed.
    bool comes_to_rest(std::chrono::seconds patience) {
        const auto end = process::clock::now() + patience;
        while (program.sockets() != idle_sockets && process::clock::now() < end)
            program.prints_more(20ms); // it tells of connections that end, but not when sockets are closed
        return program.sockets() == idle_sockets;
    }
    /// Ends it in order; ASan would tell what leaked by another code.
    void ends() {
        program.signal(SIGTERM);
        INFO(program.output());
        CHECK(program.exits(20s) == 0);
    }

    process program;
    std::string url;
    std::uint16_t port = 0;
    std::size_t idle_sockets = 0;

  private:
    static std::vector<std::string> command(std::vector<std::string> options) {
        options.insert(options.begin(), {CORTC_ECHO_SERVER, "--port", "0"});
        return options;
    }
};

process client(const std::string& url, std::vector<std::string> options = {}) {
    options.insert(options.begin(), {CORTC_ECHO_CLIENT, url, "--timeout", "30000"});
    return process(std::move(options));
}
void check_fine(process& program) {
    const auto code = program.exits(120s);
    INFO(program.output());
    CHECK(code == 0);
}
/// It ends with 1 and says this.
void check_fails(process& program, const std::string& pattern) {
    const auto code = program.exits(60s);
    INFO(program.output());
    CHECK(code == 1);
    CHECK(std::regex_search(program.output(), std::regex(pattern)));
}

/// By its address instead of a URL.
void check_finds(const echo_server& server, const std::string& host) {
    process program({CORTC_ECHO_CLIENT, "--host", host, "--port", std::to_string(server.port)});
    check_fine(program);
}

/// A port of this address that is free; none when the machine does not have the address.
std::optional<std::uint16_t> free_port(const std::string& address) {
    asio::io_context io;
    tcp::acceptor acceptor(io);
    const tcp::endpoint any(asio::ip::make_address(address), 0);
    boost::system::error_code error;
    acceptor.open(any.protocol(), error);
    if (!error) acceptor.bind(any, error);
    return error ? std::nullopt : std::optional(acceptor.local_endpoint().port());
}

/// All that still comes.
std::string rest_of(tcp::socket& socket) {
    boost::system::error_code error;
    std::string response;
    asio::read(socket, asio::dynamic_buffer(response), error);
    return response;
}
/// Sends bytes to a port and returns all that comes back.
std::string talk_http(std::uint16_t port, const std::string& request) {
    asio::io_context io;
    tcp::socket socket(io);
    socket.connect({asio::ip::address_v4::loopback(), port});
    boost::system::error_code error;
    asio::write(socket, asio::buffer(request), error);
    return rest_of(socket);
}
std::string post(std::uint16_t port, const std::string& body, const std::string& path = "/offer") {
    return talk_http(port, fmt::format("POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{}", path,
                                       body.size(), body));
}
std::string body_of(const std::string& response) {
    const auto end = response.find("\r\n\r\n");
    return end == response.npos ? "" : response.substr(end + 4);
}

/// A response that says no, and why, as JSON.
void refused(const std::string& response, const std::string& status, const std::string& name) {
    INFO(response);
    CHECK(response.starts_with("HTTP/1.1 " + status + "\r\n"));
    CHECK(response.find("Content-Type: application/json\r\n") != response.npos);
    CHECK(std::regex_match(body_of(response),
                           std::regex(R"(\{"name":")" + name + R"(","message":"([^"\\]|\\.)+"\})")));
}

/// An offer of a data channel with its candidates.
std::string good_offer() {
    asio::io_context io;
    std::string sdp;
    const auto make = [&]() -> asio::awaitable<void> {
        context where(io.get_executor(), loopback_options());
        PeerConnection pc(where);
        auto channel = pc.createDataChannel("x");
        co_await pc.setLocalDescription();
        co_await pc.gatheringComplete();
        sdp = pc.localDescription()->sdp;
    };
    run_dry(io, make());
    return sdp;
}
std::string without(std::string sdp, const std::string& line) {
    return std::regex_replace(sdp, std::regex("a=" + line + "[^\r]*\r\n"), "");
}

/// A server of the test's own, on a thread: what it answers with is up to the handler.
class own_server {
  public:
    using handler = std::function<asio::awaitable<SessionDescription>(own_server&, SessionDescription)>;

    explicit own_server(handler answer)
        : where(io.get_executor(), loopback_options())
        , http_(io.get_executor(), {asio::ip::address_v4::loopback(), 0}, options(std::move(answer)))
        , thread_([this] { io.run(); }) {}
    ~own_server() {
        http_.close();
        asio::post(io, [this] { guests.clear(); });
        thread_.join();
    }
    [[nodiscard]] std::string url() const { return http_.url() + "offer"; }

    asio::io_context io;
    context where;
    std::list<PeerConnection> guests;

  private:
    signaling::http_options options(handler answer) {
        signaling::http_options made;
        made.posts["/offer"] = signaling::answer_offers(
            [this, answer](SessionDescription offer) { return answer(*this, std::move(offer)); });
        return made;
    }
    signaling::http_server http_;
    std::thread thread_;
};

/// Answers, and for each message sends what `reply` makes of it, nothing when that is empty.
asio::awaitable<void> answer_messages(PeerConnection& pc, std::string (*reply)(std::string)) {
    auto channel = co_await pc.nextDataChannel();
    for (;;) {
        auto message = co_await channel.receive();
        const auto text = reply(std::string(message.text()));
        if (!text.empty()) co_await channel.send(text);
    }
}
asio::awaitable<SessionDescription> connect_and_reply(own_server& host, SessionDescription offer,
                                                      std::string (*reply)(std::string)) {
    auto& pc = host.guests.emplace_back(host.where);
    auto answer = co_await cortc::answer(pc, std::move(offer));
    asio::co_spawn(host.io, answer_messages(pc, reply), asio::detached);
    co_return answer;
}

/// What is sent over each of the channels comes back over it, byte for byte, binary as binary and text as
/// text.
asio::awaitable<void> check_echoes(std::vector<DataChannel> channels, bool binary) {
    for (std::size_t size = 0; size <= 16384; size = size * 127 + 1) { // 0, 1, 128, 16257
        std::vector<bytes> sent;
        for (auto& each : channels) {
            co_await each.opened();
            auto& message = sent.emplace_back(pattern(size, sent.size()));
            if (!binary) // letters
                for (auto& byte : message) byte = std::byte('a') | (byte & std::byte(15));
            const std::string_view text(reinterpret_cast<const char*>(message.data()), message.size());
            if (binary)
                co_await each.send(byte_view(message));
            else
                co_await each.send(text);
        }
        for (std::size_t i = 0; i < channels.size(); ++i) {
            auto back = co_await timeout(30s, channels[i].receive());
            CAPTURE(size, i, binary);
            CHECK(back.is_text() == !binary);
            CHECK(std::ranges::equal(back.data(), sent[i]));
        }
    }
}
asio::awaitable<void> talk_over_three_channels(context where, std::string url) {
    PeerConnection pc(where);
    const auto unreliable = channel_init(false, 0);
    std::vector<DataChannel> channels;
    channels.push_back(pc.createDataChannel("reliable"));
    channels.push_back(pc.createDataChannel("lossy", unreliable));
    co_await pc.setLocalDescription();
    co_await pc.gatheringComplete();
    auto offer = pc.localDescription().value();
    auto answer = co_await signaling::post_offer(where.get_executor(), url, offer);
    co_await pc.setRemoteDescription(answer);
    co_await check_echoes(channels, true);
    channels.push_back(pc.createDataChannel("later"));
    co_await check_echoes(channels, true);
    co_await check_echoes(channels, false);
}

/// A client, and a server that says this and no more.
process client_told(const std::string& response, bool closes) {
    asio::io_context io;
    tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    auto url = fmt::format("http://127.0.0.1:{}/offer", acceptor.local_endpoint().port());
    process program({CORTC_ECHO_CLIENT, url, "--timeout", closes ? "30000" : "1000"});
    auto socket = acceptor.accept();
    std::string request;
    asio::read_until(socket, asio::dynamic_buffer(request), "\"}"); // closing over unread bytes would reset
    boost::system::error_code error;
    asio::write(socket, asio::buffer(response), error);
    if (!closes) program.exits();
    return program;
}

} // namespace

TEST_CASE("messages of many sizes come back, as many as were sent") {
    echo_server server;
    for (const auto& [count, size] : std::vector<std::pair<std::string, std::string>>{
             {"1", "16"}, {"100", "0"}, {"2000", "1"}, {"200", "65536"}, {"20", "262144"}}) {
        auto program = client(server.url, {"--count", count, "--size", size});
        check_fine(program);
        CHECK(program.output().find(count + " messages of " + size + " bytes came back") !=
              std::string::npos);
    }
    check_finds(server, "localhost");
    auto too_large = client(server.url, {"--size", "262145"});
    check_fails(too_large, "sending and receiving: .*the peer takes no message over 262144");
    server.ends();
}

TEST_CASE("every channel of a connection is echoed, binary as binary and text as text") {
    echo_server server;
    asio::io_context io;
    run_dry(io, talk_over_three_channels(context(io.get_executor(), loopback_options()), server.url));
    CHECK(server.comes_to_rest(10s));
    server.ends();
}

TEST_CASE("the server takes the port that it is given, or says why not") {
    const auto port = std::to_string(free_port("127.0.0.1").value());
    echo_server server({"--port", port});
    CHECK(std::to_string(server.port) == port);
    check_finds(server, "127.0.0.1");
    process second({CORTC_ECHO_SERVER, "--port", port});
    check_fails(second, "cannot listen on 127.0.0.1 port " + port + ": Address already in use");
    server.ends();
}

TEST_CASE("server and client find each other by an IPv6 address") {
    if (!free_port("::1")) {
        WARN("SKIPPED: this machine has no ::1");
        return;
    }
    echo_server server({"--host", "::1"});
    CHECK(server.url == fmt::format("http://[::1]:{}/offer", server.port));
    check_finds(server, "::1");
    check_finds(server, "[::1]");
    auto by_url = client(server.url);
    check_fine(by_url);
    server.ends();
}

TEST_CASE("the server keeps to its limits") {
    echo_server server({"--count", "2", "--size", "1000"});
    auto fits = client(server.url, {"--size", "1000"});
    check_fine(fits);
    auto too_large = client(server.url, {"--size", "1001"});
    check_fails(too_large, "sending and receiving: .*the peer takes no message over 1000");
    CHECK(server.comes_to_rest(10s));
    auto first = client(server.url, {"--count", "1000000"}),
         second = client(server.url, {"--count", "1000000"});
    REQUIRE(first.prints("connected"));
    REQUIRE(second.prints("connected"));
    auto third = client(server.url);
    check_fails(third, R"(answered 503 Service Unavailable: QuotaExceededError: "no connection is free")");
    server.ends();
}

TEST_CASE("fifty clients at once, and one that is cancelled in the middle") {
    echo_server server({"--count", "50"});
    std::vector<process> clients;
    for (int i = 0; i < 50; ++i)
        clients.push_back(client(server.url, {"--count", "1000000000", "--size", "1000"}));
    for (auto& each : clients) REQUIRE(each.prints("connected"));
    auto one_more = client(server.url); // none has ended
    check_fails(one_more, "answered 503 Service Unavailable");
    const auto check_cancelled = [](process& program) {
        program.signal(SIGINT);
        check_fails(program, "^connected\nsending and receiving: .*Operation canceled"); // and nothing before
    };
    check_cancelled(clients[25]);
    // It said goodbye: its place is free long before its consent would expire.
    CHECK(server.program.prints("there are 49", 1, 20s));
    auto instead = client(server.url, {"--count", "200", "--size", "1000"});
    check_fine(instead);
    for (std::size_t i = 0; i < clients.size(); ++i)
        if (i != 25) check_cancelled(clients[i]);
    CHECK(server.comes_to_rest(20s));
    CHECK(server.program.prints("there are 0"));
    server.ends();
}

TEST_CASE("fifty connections open at the same time, and one client that is killed in the middle") {
    echo_server server({"--count", "50"});
    const std::vector<std::string> endless{"--count", "1000000000", "--size", "100"};
    auto many = client(server.url, {"--count", "1000000000", "--size", "100", "--connections", "49"});
    REQUIRE(many.prints("connected", 49));
    auto killed = client(server.url, endless);
    REQUIRE(killed.prints("connected"));
    auto one_more = client(server.url);
    check_fails(one_more, "answered 503 Service Unavailable");
    killed.signal(SIGKILL);
    CHECK(killed.exits() == 256 + SIGKILL);
    // It said nothing: consent expires (RFC 7675), 30 seconds. The others talk on.
    CHECK(server.program.prints("there are 49"));
    auto another = client(server.url);
    check_fine(another);
    many.signal(SIGINT);
    CHECK(many.exits() == 1);
    CHECK(many.prints("Operation canceled", 49)); // and not one message that came back as another
    CHECK(server.comes_to_rest(20s));
    server.ends();
}

TEST_CASE("a client that falls silent is dropped, one that talks is not") {
    echo_server server({"--idle", "1"});
    auto talks = client(server.url, {"--count", "1000000000"});
    REQUIRE(talks.prints("connected"));
    auto silent = client(server.url, {"--count", "1000000000"});
    REQUIRE(silent.prints("connected"));
    silent.signal(SIGSTOP);
    CHECK(server.program.prints("there are 1", 1, 20s)); // its consent would last longer
    talks.signal(SIGINT);
    check_fails(talks, "^connected\nsending and receiving: .*Operation canceled");
    CHECK(server.comes_to_rest(20s));
    server.ends();
}

TEST_CASE("fifty connections of one process, round after round: nothing grows") {
    echo_server server;
    const auto round = [&server] {
        auto program = client(server.url, {"--connections", "50", "--count", "20", "--size", "5000"});
        check_fine(program);
        CHECK(server.comes_to_rest(20s));
    };
    round();
    round();
    const auto before = server.program.memory();
    for (int i = 0; i < 6; ++i) round();
    const auto after = server.program.memory();
    UNSCOPED_INFO("before " << before / 1024 << " KiB, after " << after / 1024 << " KiB");
    // Three hundred connections of 64 KiB each would be 19 MiB.
    if (memory_is_measurable) CHECK(after < before + (2 << 20));
    server.ends();
}

TEST_CASE("the server counts its connections for Prometheus, those that are gone too") {
    echo_server server;
    const auto metrics = [&] {
        return talk_http(server.port,
                         "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    };
    const auto has = [](const std::string& text, const std::string& line) {
        return text.find("\n" + line + "\n") != std::string::npos;
    };
    const auto before = metrics();
    INFO(before);
    CHECK(before.starts_with("HTTP/1.1 200 "));
    CHECK(before.find("Content-Type: text/plain; version=0.0.4\r\n") != std::string::npos);
    CHECK(has(before, "cortc_connections_made_total 0"));
    CHECK(has(before, "# TYPE cortc_drops_total counter"));
    for (int i = 0; i < 2; ++i) {
        auto one = client(server.url, {"--count", "5", "--size", "100"});
        check_fine(one);
    }
    REQUIRE(server.comes_to_rest(20s));
    const auto after = metrics();
    INFO(after);
    CHECK(has(after, "cortc_connections_made_total 2"));
    CHECK(has(after, "cortc_connections_connected_total 2"));
    CHECK(has(after, "cortc_connections_open 0"));
    CHECK(has(after, "cortc_connections_ended_total{how=\"peer-closed\"} 2"));
    CHECK(has(after, "cortc_dtls_handshakes_total{result=\"made\"} 2"));
    CHECK(has(after, "cortc_messages_total{direction=\"received\"} 10"));
    CHECK(has(after, "cortc_message_bytes_total{direction=\"sent\"} 1000"));
    server.ends();
}

TEST_CASE("what cannot be answered gets its status and JSON, and the server lives on") {
    echo_server server;
    const auto sdp = good_offer();
    asio::io_context io;
    std::vector<tcp::socket> slow;
    const std::string_view begun = "POST /offer HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{";
    for (const auto& said : {begun.substr(0, 10), begun.substr(0, 30), begun}) {
        slow.emplace_back(io).connect({asio::ip::address_v4::loopback(), server.port});
        asio::write(slow.back(), asio::buffer(said));
    }
    const auto json = [](const std::string& text) {
        return signaling::to_json(SessionDescription(SdpType::offer, text));
    };
    // What is no offer at all; SDP that does not parse; SDP that lacks something (webrtc-pc 4.4.1.5).
    const std::vector<std::pair<const char*, std::vector<std::string>>> bodies{
        {"SyntaxError",
         {"", "offer", "{}", "[]", R"({"type":"offer"})", R"({"type":"offer","sdp":null})",
          R"({"sdp":"v=0\r\n"})", json(sdp) + "{}", std::string(100000, '[')}},
        {"TypeError",
         {R"({"type":"answer","sdp":"v=0\r\n"})", R"({"candidate":""})",
          signaling::to_json(SessionDescription(SdpType::answer, sdp))}},
        {"OperationError",
         {json(""), json("hello"), json("v=1\r\n"), json(sdp.substr(0, sdp.find("s=") + 1)),
          json(std::regex_replace(sdp, std::regex("a=setup:[^\r]*"), "a=setup:nonsense")),
          json(std::regex_replace(sdp, std::regex("a=sctp-port:[^\r]*"), "a=sctp-port:70000"))}},
        {"InvalidAccessError",
         {json(without(sdp, "fingerprint")), json(without(sdp, "ice-ufrag")), json(without(sdp, "ice-pwd"))}},
    };
    for (const auto& [name, of_that] : bodies)
        for (const auto& body : of_that) {
            INFO(body.substr(0, 2000));
            refused(post(server.port, body), "400 Bad Request", name);
        }
    refused(post(server.port, std::string(300000, ' ')), "413 Payload Too Large", "QuotaExceededError");
    refused(post(server.port, json(sdp), "/other"), "404 Not Found", "NotFoundError");
    refused(talk_http(server.port, "GET /offer HTTP/1.1\r\nHost: x\r\n\r\n"), "405 Method Not Allowed",
            "NotSupportedError");
    refused(talk_http(server.port, "\x16\x03\x01\x02\r\n\r\n"), "400 Bad Request", "SyntaxError");
    // The clients that stopped in the middle of their requests when all this began.
    for (auto& each : slow) refused(rest_of(each), "408 Request Timeout", "TimeoutError");
    CHECK(server.comes_to_rest(10s));
    auto good = client(server.url);
    check_fine(good);
    server.ends();
}

TEST_CASE("a client ends with 1 and says why: servers that do not answer as they should") {
    const auto http = [](const std::string& status, const std::string& body) {
        return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
    };
    const auto fails = [](const std::string& response, const std::string& pattern, bool closes = true) {
        auto program = client_told(response, closes);
        check_fails(program, pattern);
    };
    fails(std::string(100, '\x16'), "offering: http://.* did not answer: bad version");
    fails("", "offering: http://.* did not answer: end of stream");
    fails("", "offering: http://.* did not answer within 1000 ms", false);
    fails(http("200 OK", "hello"), "answered with no description: byte 0");
    fails(http("200 OK", R"({"type":"offer","sdp":"v=0\r\n"})"), "answered with type offer");
    fails(http("200 OK", R"({"type":"answer","sdp":"hello"})"), "taking the answer: .*");
    fails(http("200 OK", R"({"type":"answer","sdp":"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"})"),
          "taking the answer: .*");
    fails(http("400 Bad Request", R"({"name":"TypeError","message":"no"})"),
          R"x(offering: http://.* answered 400 Bad Request: TypeError: "no")x");
    process nobody({CORTC_ECHO_CLIENT, "http://127.0.0.1:1/offer"});
    check_fails(nobody, "offering: http://127.0.0.1:1/offer does not answer: Connection refused");
    process no_url({CORTC_ECHO_CLIENT, "ftp://x"});
    check_fails(no_url, "does not begin with http://");
    process no_option({CORTC_ECHO_CLIENT, "--frob", "1"});
    check_fails(no_option, "--frob: there is no such option\nusage: ");
}

TEST_CASE("a client ends with 1 and says why: peers that do not connect, or do not echo") {
    const auto told = [](own_server::handler answer, const std::string& pattern) {
        own_server server(std::move(answer));
        process program({CORTC_ECHO_CLIENT, server.url(), "--timeout", "2000"});
        check_fails(program, pattern);
    };
    told(
        [](own_server& host, SessionDescription offer) {
            return connect_and_reply(host, std::move(offer), [](std::string) { return std::string(); });
        },
        "connected\nsending and receiving: .*2000 ms");
    told(
        [](own_server& host, SessionDescription offer) {
            return connect_and_reply(host, std::move(offer), [](std::string text) { return text + "!"; });
        },
        "sending and receiving: message 0 came back as another");
    told(
        [](own_server& host, SessionDescription offer) -> asio::awaitable<SessionDescription> {
            auto answer = co_await connect_and_reply(host, std::move(offer), nullptr);
            // Another certificate's fingerprint: the DTLS handshake must fail.
            const auto at = answer.sdp.find("a=fingerprint:sha-256 ") + 22;
            answer.sdp[at] = answer.sdp[at] == '0' ? '1' : '0';
            co_return answer;
        },
        "connecting: ");
    told(
        [](own_server& host, SessionDescription) -> asio::awaitable<SessionDescription> {
            SessionDescription another(SdpType::offer, good_offer());
            co_return co_await connect_and_reply(host, std::move(another), nullptr); // to somebody else
        },
        "connecting: .*2000 ms");
}

TEST_CASE("the server ends in order while connections are open and a request is half sent") {
    echo_server server;
    asio::io_context io;
    tcp::socket half(io);
    half.connect({asio::ip::address_v4::loopback(), server.port});
    asio::write(half, asio::buffer(std::string_view("POST /offer HTTP/1.1\r\nHost: x\r\nConte")));
    // An offer whose peer does not exist: it is being connected when the server ends.
    CHECK(post(server.port, signaling::to_json(SessionDescription(SdpType::offer, good_offer())))
              .starts_with("HTTP/1.1 200 "));
    std::vector<process> clients;
    for (int i = 0; i < 5; ++i) clients.push_back(client(server.url, {"--count", "1000000000"}));
    for (auto& each : clients) REQUIRE(each.prints("connected"));
    server.ends();
    for (auto& each : clients) check_fails(each, "sending and receiving: ");
}
