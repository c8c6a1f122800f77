#include "cortc/signaling/http.hpp"

#include "cortc/error.hpp"
#include "cortc/signaling/websocket.hpp"
#include "test/unit/signaling/raw.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/steady_timer.hpp>

using namespace cortc;
using namespace cortc::signaling;
using namespace cortc::test;
using namespace std::chrono_literals;

namespace {

const SessionDescription offer(SdpType::offer, "v=0\r\n");
const std::string offer_json = R"({"type":"offer","sdp":"v=0\r\n"})";

/// A server that answers offers with what it was offered, as far as the handler wants.
http_options answering(std::function<asio::awaitable<SessionDescription>(SessionDescription)> handler) {
    http_options options;
    options.posts["/offer"] = answer_offers(std::move(handler));
    return options;
}
asio::awaitable<SessionDescription> mirror(SessionDescription what) {
    co_return SessionDescription(SdpType::answer, what.sdp + "answered");
}
std::string post(std::string path, std::string body, std::string headers = {}) {
    return "POST " + path + " HTTP/1.1\r\nHost: x\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
/// The body of a response.
std::string body_of(const std::string& response) {
    const auto end = response.find("\r\n\r\n");
    return end == response.npos ? "" : response.substr(end + 4);
}
/// Everything that is said to whoever connects, and then silence or the end.
class deaf_server {
  public:
    deaf_server(asio::io_context& io, std::string says, bool closes) : acceptor_(io, loopback) {
        auto work = run(acceptor_, std::move(says), closes);
        asio::co_spawn(io, std::move(work), asio::detached);
    }
    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/offer";
    }

  private:
    static asio::awaitable<void> run(tcp::acceptor& acceptor, std::string says, bool closes) {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        std::string request;
        co_await asio::async_read_until(socket, asio::dynamic_buffer(request), "v=0\\r\\n\"}", tuple);
        co_await asio::async_write(socket, asio::buffer(says), tuple);
        if (closes) co_return;
        co_await asio::async_read(socket, asio::dynamic_buffer(request), tuple);
    }
    tcp::acceptor acceptor_;
};

/// What post_offer makes of a server that says this.
asio::awaitable<std::pair<cortc::errc, std::string>> outcome(asio::io_context& io, std::string says,
                                                             bool closes = true) {
    deaf_server server(io, std::move(says), closes);
    post_options options;
    options.timeout = 300ms;
    options.max_response_size = 1000;
    auto [error, answer] = co_await post_offer(io.get_executor(), server.url(), offer, options, tuple);
    const auto text = text_of(error);
    INFO(text);
    if (error) CHECK(text.starts_with(server.url()));
    co_return std::pair(code_of(error), text.substr(std::min(text.size(), server.url().size() + 1)));
}

std::string response(std::string status, std::string body) {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

} // namespace

TEST_CASE("an offer is posted and answered") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        http_server host(io.get_executor(), loopback, answering(mirror));
        auto answer = co_await post_offer(io.get_executor(), host.url() + "offer", offer);
        CHECK(answer == SessionDescription(SdpType::answer, "v=0\r\nanswered"));
        const auto url = "http://localhost:" + std::to_string(host.local_endpoint().port()) + "/offer?room=1";
        auto by_name = co_await post_offer(io.get_executor(), url, offer, {.timeout = 5s});
        CHECK(by_name == answer);
        const SessionDescription large(SdpType::offer, std::string(200000, 'o'));
        auto long_answer = co_await post_offer(io.get_executor(), url, large);
        CHECK(long_answer.sdp.size() == 200008);
        const auto raw = co_await http(host, post("/offer", offer_json));
        CHECK(raw.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(raw.find("Content-Type: application/json\r\n") != raw.npos);
        CHECK(body_of(raw) == R"({"type":"answer","sdp":"v=0\r\nanswered"})");
    });
}

TEST_CASE("a body in chunks, and one that waits for the word to go on") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        auto options = answering(mirror);
        options.max_body_size = 100;
        http_server host(io.get_executor(), loopback, options);
        const std::string head = "POST /offer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        const auto half = offer_json.substr(0, 16), rest = offer_json.substr(16);
        const auto raw = co_await http(host, head + "10\r\n" + half + "\r\n" + "11\r\n" + rest +
                                                 std::string(0x11 - rest.size(), ' ') + "\r\n0\r\n\r\n");
        CHECK(raw.starts_with("HTTP/1.1 200 "));
        const auto much = co_await http(host, head + "65\r\n" + std::string(0x65, ' ') + "\r\n0\r\n\r\n");
        CHECK(much.starts_with("HTTP/1.1 413 "));
        const auto bad = co_await http(host, head + "xyz\r\n");
        CHECK(bad.starts_with("HTTP/1.1 400 "));

        auto socket = co_await dial_tcp(host);
        const auto whole = post("/offer", offer_json, "Expect: 100-continue\r\n");
        const auto end = whole.size() - offer_json.size();
        co_await asio::async_write(socket, asio::buffer(whole.data(), end), asio::use_awaitable);
        std::string said;
        co_await asio::async_read_until(socket, asio::dynamic_buffer(said), "\r\n\r\n", asio::use_awaitable);
        CHECK(said == "HTTP/1.1 100 Continue\r\n\r\n");
        co_await asio::async_write(socket, asio::buffer(offer_json), asio::use_awaitable);
        co_await asio::async_read(socket, asio::dynamic_buffer(said), tuple);
        CHECK(said.find("HTTP/1.1 200 ") != said.npos);
    });
}

TEST_CASE("what cannot be answered gets the status that fits, and JSON") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        auto options = answering(mirror);
        options.pages["/"] = page("text/html", "<p>");
        http_server host(io.get_executor(), loopback, options);
        const auto starts = [](const std::string& text, std::string_view how) {
            INFO(text);
            CHECK(text.starts_with(how));
        };
        const auto nothing = co_await http(host, post("/nothing", offer_json));
        starts(nothing, "HTTP/1.1 404 ");
        CHECK(body_of(nothing) == R"({"name":"NotFoundError","message":"there is nothing at \"/nothing\""})");
        const auto get = co_await http(host, "GET /offer HTTP/1.1\r\nHost: x\r\n\r\n");
        starts(get, "HTTP/1.1 405 ");
        CHECK(get.find("Allow: POST\r\n") != get.npos);
        CHECK(body_of(get) == R"({"name":"NotSupportedError","message":"\"/offer\" takes POST"})");
        const auto to_page = co_await http(host, post("/", offer_json));
        starts(to_page, "HTTP/1.1 405 ");
        CHECK(to_page.find("Allow: GET, HEAD\r\n") != to_page.npos);
        const auto upgrade =
            "GET /offer HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        starts(co_await http(host, upgrade), "HTTP/1.1 405 ");

        for (const auto& [body, message] : std::vector<std::pair<std::string, std::string>>{
                 {"", "byte 0: "},
                 {"{}", "type or candidate: neither is there"},
                 {"offer", "byte 0: "},
                 {R"({"type":"offer"})", "sdp: is missing"},
                 {R"({"type":"offer","sdp":7})", "sdp: is not a string"},
                 {offer_json + "x", "byte "},
                 {std::string(200000, '['), "the text is not a JSON object"}}) {
            INFO(body.substr(0, 40));
            const auto refused = co_await http(host, post("/offer", body));
            starts(refused, "HTTP/1.1 400 ");
            CHECK(body_of(refused).starts_with(R"({"name":"SyntaxError","message":")" + message));
        }
        for (const char* body :
             {R"({"type":"answer","sdp":""})", R"({"type":"rollback"})", R"({"candidate":""})"}) {
            const auto refused = co_await http(host, post("/offer", body));
            starts(refused, "HTTP/1.1 400 ");
            CHECK(body_of(refused).starts_with(R"({"name":"TypeError","message":")"));
        }
        starts(co_await http(host, post("/offer", std::string(262144, ' '))), "HTTP/1.1 400 ");
        // All of what is too much is sent, and the response must not be lost over it.
        for (std::size_t size : {262145, 1000000}) {
            const auto much = co_await http(host, post("/offer", std::string(size, ' ')));
            starts(much, "HTTP/1.1 413 ");
            CHECK(body_of(much) ==
                  R"({"name":"QuotaExceededError","message":"the body has more than 262144 bytes"})");
        }
        const auto huge = "POST /offer HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n";
        starts(co_await http(host, huge), "HTTP/1.1 413 ");
        starts(co_await http(host, "POST /offer HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), "HTTP/1.1 400 ");
        starts(co_await http(host, "\x16\x03\x01\r\n\r\n"), "HTTP/1.1 400 ");
        starts(co_await http(host, "GET / HTTP/1.1\r\nX: " + std::string(20000, 'x') + "\r\n\r\n"),
               "HTTP/1.1 431 ");
        starts(co_await http(host, post("/offer", offer_json)), "HTTP/1.1 200 ");
    });
}

TEST_CASE("what a handler throws is told, as far as it concerns the client") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        const auto failing = [](SessionDescription what) -> asio::awaitable<SessionDescription> {
            if (what.sdp == "runtime") throw std::runtime_error("a secret");
            if (what.sdp == "number") throw 7;
            throw Error(static_cast<cortc::errc>(std::stoi(what.sdp)), "a \"reason\"");
            co_return what;
        };
        auto options = answering(failing);
        options.posts["/thrown"] = [](http_request) -> asio::awaitable<http_response> {
            throw std::runtime_error("before the coroutine");
        };
        options.posts["/none"];
        http_server host(io.get_executor(), loopback, options);
        const auto given = [&host](std::string sdp) {
            return http(host, post("/offer", R"({"type":"offer","sdp":")" + sdp + "\"}"));
        };
        const auto with = [&given](cortc::errc code) {
            return given(std::to_string(static_cast<int>(code)));
        };
        for (auto code : {cortc::errc::invalid_state, cortc::errc::invalid_access,
                          cortc::errc::invalid_modification, cortc::errc::operation, cortc::errc::type}) {
            const auto refused = co_await with(code);
            CHECK(refused.starts_with("HTTP/1.1 400 "));
            CHECK(body_of(refused) ==
                  R"({"name":")" + std::string(Error(code, "").name()) + R"(","message":"a \"reason\""})");
        }
        CHECK((co_await with(cortc::errc::limit)).starts_with("HTTP/1.1 503 "));
        CHECK((co_await with(cortc::errc::network)).starts_with("HTTP/1.1 500 "));
        for (const char* other : {"runtime", "number"}) {
            const auto failed = co_await given(other);
            CHECK(failed.starts_with("HTTP/1.1 500 "));
            CHECK(body_of(failed) == R"({"name":"UnknownError","message":"the server failed"})");
        }
        CHECK((co_await http(host, post("/thrown", ""))).starts_with("HTTP/1.1 500 "));
        CHECK((co_await http(host, post("/none", ""))).starts_with("HTTP/1.1 500 "));
    });
}

TEST_CASE("a handler sees what was posted, and says what it likes") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        http_options options;
        options.posts["/any"] = [](http_request request) -> asio::awaitable<http_response> {
            http_response made("text/plain",
                               request.target + " " + request.content_type + " " + request.body);
            made.status = 201;
            co_return made;
        };
        http_server host(io.get_executor(), loopback, options);
        const auto said = co_await http(host, post("/any?a=1", "body", "Content-Type: application/sdp\r\n"));
        CHECK(said.starts_with("HTTP/1.1 201 Created\r\n"));
        CHECK(body_of(said) == "/any?a=1 application/sdp body");
    });
}

TEST_CASE("handlers for GET stand beside those for POST, and take what is below them") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        const auto saying = [](std::string who) -> http_handler {
            return [who](http_request request) -> asio::awaitable<http_response> {
                auto text = who + " " + request.method + " " + request.path;
                for (const auto& [name, value] : request.query) text += " [" + name + "=" + value + "]";
                co_return http_response("text/plain", text + " " + request.body);
            };
        };
        http_options options;
        options.hosts = {"x"};
        options.pages["/rooms/help"] = page("text/plain", "page");
        options.gets["/rooms/"] = saying("rooms");
        options.gets["/rooms/a/"] = saying("a");
        options.gets["/state"] = saying("state");
        options.posts["/state"] = saying("set");
        options.posts["/"] = saying("all");
        http_server host(io.get_executor(), loopback, options);
        const auto get = [&host](std::string target) -> asio::awaitable<std::string> {
            co_return body_of(co_await http(host, "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n"));
        };
        CHECK(co_await get("/rooms/") == "rooms GET /rooms/ ");
        CHECK(co_await get("/rooms/b/c?x=1&y") == "rooms GET /rooms/b/c [x=1] [y=] ");
        CHECK(co_await get("/rooms/a") == "rooms GET /rooms/a ");
        CHECK(co_await get("/rooms/a/") == "a GET /rooms/a/ ");
        CHECK(co_await get("/rooms/a/b/c") == "a GET /rooms/a/b/c ");
        CHECK(co_await get("/rooms/help") == "page");
        CHECK(co_await get("/%73tate") == "state GET /state ");
        CHECK(body_of(co_await http(host, post("/state", "7"))) == "set POST /state 7");
        CHECK(body_of(co_await http(host, post("/else/where", "7"))) == "all POST /else/where 7");
        const auto head = co_await http(host, "HEAD /rooms/q HTTP/1.1\r\nHost: x\r\n\r\n");
        CHECK(head.starts_with("HTTP/1.1 200 "));
        CHECK(head.find("Content-Length: 20\r\n") != head.npos); // "rooms HEAD /rooms/q "
        CHECK(body_of(head).empty());
        // A body that a GET has is read like any other, and bounded.
        CHECK(body_of(co_await http(host, "GET /state HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")) ==
              "state GET /state hi");
        CHECK((co_await http(host, "GET /state HTTP/1.1\r\nHost: x\r\nContent-Length: 262145\r\n\r\n"))
                  .starts_with("HTTP/1.1 413 "));
        const auto deleted = co_await http(host, "DELETE /state HTTP/1.1\r\nHost: x\r\n\r\n");
        CHECK(deleted.starts_with("HTTP/1.1 405 "));
        CHECK(deleted.find("Allow: GET, HEAD, POST\r\n") != deleted.npos);
        const auto nowhere = co_await http(host, "GET /room HTTP/1.1\r\nHost: x\r\n\r\n");
        CHECK(nowhere.starts_with("HTTP/1.1 405 ")); // posts["/"] takes it
        CHECK(nowhere.find("Allow: POST\r\n") != nowhere.npos);
    });
}

TEST_CASE("a target is decoded, or refused") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        http_options options;
        options.posts["/"] = [](http_request request) -> asio::awaitable<http_response> {
            auto text = request.path;
            for (const auto& [name, value] : request.query) text += "|" + name + "=" + value;
            if (auto first = request.parameter("a")) text += "!" + *first;
            co_return http_response("text/plain", text);
        };
        http_server host(io.get_executor(), loopback, options);
        for (const auto& [target, read] :
             std::vector<std::pair<std::string, std::string>>{{"/", "/"},
                                                              {"/the%20first+x", "/the first+x"},
                                                              {"/%C3%a4", "/\xc3\xa4"},
                                                              {"/a%2Fb", "/a/b"},
                                                              {"/...", "/..."},
                                                              {"/?", "/"},
                                                              {"/?a=1&a=2", "/|a=1|a=2!1"},
                                                              {"/?a=b+c%2b%26%3D=d", "/|a=b c+&==d!b c+&==d"},
                                                              {"/?&&b&=&a=", "/|b=|=|a=!"},
                                                              {"/?a=%00", std::string("/|a=\0!\0", 7)},
                                                              {"/?a=?/../", "/|a=?/../!?/../"}}) {
            INFO(target);
            const auto said = co_await http(host, post(target, ""));
            CHECK(said.starts_with("HTTP/1.1 200 "));
            CHECK(body_of(said) == read);
        }
        for (const std::string target :
             {"/%",         "/%4",     "/%zz", "/%4g",   "/%+1",    "/%ff",      "/%C3",
              "/%ed%a0%80", "/%00",    "/%0a", "/%7F",   "/..",     "/../x",     "/x/./y",
              "/%2e%2E/x",  "/x%2f..", "/?%",  "/?a=%1", "/?%ff=1", "/?a=%c3%28"}) {
            INFO(target);
            const auto said = co_await http(host, post(target, ""));
            CHECK(said.starts_with("HTTP/1.1 400 "));
            CHECK(body_of(said).starts_with(R"({"name":"SyntaxError","message":"the )"));
        }
        const auto much = co_await http(host, post("/" + std::string(10000, '%'), ""));
        CHECK(much.starts_with("HTTP/1.1 400 "));
        CHECK(body_of(much).size() < 200);
    });
}

TEST_CASE("a GET handler is reached by a name of this server only, unless an allowed page says who it is") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        http_options options;
        options.hosts = {"own.example"};
        options.origins = {"https://app.example"};
        options.gets["/state"] = [](http_request) -> asio::awaitable<http_response> {
            co_return http_response("text/plain", "secret");
        };
        http_server host(io.get_executor(), loopback, options);
        const auto status = [&host](std::string headers) -> asio::awaitable<std::string> {
            co_return (co_await http(host, "GET /state HTTP/1.1\r\n" + headers + "\r\n")).substr(9, 3);
        };
        CHECK(co_await status("Host: own.example\r\n") == "200");
        CHECK(co_await status("Host: own.example:8080\r\n") == "200");
        CHECK(co_await status("Host: 127.0.0.1:8080\r\n") == "200");
        CHECK(co_await status("") == "200"); // no browser
        // DNS rebinding: a browser thinks that this is where the page came from, and sends no Origin.
        CHECK(co_await status("Host: evil.example\r\n") == "403");
        CHECK(co_await status("Host: own.example\r\nOrigin: https://evil.example\r\n") == "403");
        CHECK(co_await status("Host: other.example\r\nOrigin: https://app.example\r\n") == "200");
        const auto asked = co_await http(
            host, "OPTIONS /state HTTP/1.1\r\nHost: own.example\r\nOrigin: https://app.example\r\n\r\n");
        CHECK(asked.starts_with("HTTP/1.1 204 "));
        CHECK(asked.find("Access-Control-Allow-Methods: GET, HEAD\r\n") != asked.npos);
    });
}

TEST_CASE("what a proxy says counts behind a proxy, and nowhere else") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        http_options options;
        options.hosts = {"app.example"};
        options.posts["/who"] = [](http_request request) -> asio::awaitable<http_response> {
            co_return http_response("text/plain",
                                    request.scheme + " " + request.host + " " + request.client.to_string());
        };
        const std::string tls = "X-Forwarded-Proto: https\r\nX-Forwarded-Host: app.example\r\n"
                                "X-Forwarded-For: 198.51.100.7\r\n";
        const auto origin = [](std::string text) { return "Origin: " + text + "\r\n"; };
        const auto status = [](const http_server& where,
                               std::string headers) -> asio::awaitable<std::string> {
            co_return (co_await http(where, post("/who", "", headers))).substr(9, 3);
        };
        { // A proxy that passes on the Host header needs no option, and its scheme is not compared.
            http_server host(io.get_executor(), loopback, options);
            CHECK(body_of(co_await http(host, post("/who", "", tls))) == "http x 127.0.0.1");
            CHECK(co_await status(host, origin("https://app.example") + tls) == "403");
            const auto passed =
                co_await http(host, "POST /who HTTP/1.1\r\nHost: app.example\r\nContent-Length: 0\r\n" +
                                        origin("https://app.example") + "\r\n");
            CHECK(passed.starts_with("HTTP/1.1 200 "));
        }
        options.behind_proxy = true;
        http_server host(io.get_executor(), loopback, options);
        CHECK(body_of(co_await http(host, post("/who", "", tls))) == "https app.example 198.51.100.7");
        CHECK(co_await status(host, origin("https://app.example") + tls) == "200");
        CHECK(co_await status(host, origin("https://app.example:443") + tls) == "200");
        CHECK(co_await status(host, origin("http://app.example") + tls) == "403");
        CHECK(co_await status(host, origin("https://app.example:8443") + tls) == "403");
        CHECK(co_await status(host, origin("https://evil.example") + tls) == "403");
        // A name that is not ours: the client's DNS led the page here, and the proxy took it along.
        CHECK(co_await status(host, origin("https://evil.example") +
                                        "X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil.example\r\n") ==
              "403");
        // The nearest proxy's own entry is the last one, in one header or several; what is none is passed
        // over.
        for (const auto& [headers, said] : std::vector<std::pair<std::string, std::string>>{
                 {"", "http x 127.0.0.1"},
                 {"X-Forwarded-For: 1.2.3.4, 198.51.100.7 \r\n", "http x 198.51.100.7"},
                 {"X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-For: 198.51.100.8:5000\r\n",
                  "http x 198.51.100.8"},
                 {"X-Forwarded-For: 2001:db8::1\r\n", "http x 2001:db8::1"},
                 {"X-Forwarded-For: [2001:db8::1]:5\r\n", "http x 2001:db8::1"},
                 {"X-Forwarded-For: [2001:db8::1\r\n", "http x 2001:db8::1"},
                 {"X-Forwarded-For: 1.2.3.4, unknown\r\n", "http x 127.0.0.1"},
                 {"X-Forwarded-For: [\r\nX-Forwarded-Proto: gopher\r\nX-Forwarded-Host: \r\n",
                  "http x 127.0.0.1"},
                 {"X-Forwarded-Proto: http, WSS\r\nX-Forwarded-Host: a, b\r\n", "https b 127.0.0.1"}}) {
            INFO(headers);
            CHECK(body_of(co_await http(host, post("/who", "", headers))) == said);
        }
        // allow_origin is told the Origin header as the browser sent it, whatever the proxy says.
        options.allow_origin = [](std::string_view text) { return text == "https://page.example"; };
        http_server asking(io.get_executor(), loopback, options);
        CHECK(co_await status(asking, origin("https://page.example") + tls) == "200");
        CHECK(co_await status(asking, origin("https://app.example") + tls) == "403");
    });
}

TEST_CASE("a handler is cancelled when its time is over, when the client leaves, when the server closes") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        int running = 0;
        const auto endless = [&](SessionDescription what) -> asio::awaitable<SessionDescription> {
            struct counted {
                int& count;
                explicit counted(int& c) : count(c) { ++count; }
                ~counted() { --count; }
            } one(running);
            asio::steady_timer never(io, asio::steady_timer::time_point::max());
            co_await never.async_wait(asio::use_awaitable);
            co_return what;
        };
        const auto until = [&](int count) -> asio::awaitable<void> {
            while (running != count) co_await asio::post(io, asio::use_awaitable);
        };
        auto options = answering(endless);
        options.handler_timeout = 200ms;
        {
            http_server host(io.get_executor(), loopback, options);
            const auto late = co_await http(host, post("/offer", offer_json));
            CHECK(late.starts_with("HTTP/1.1 503 "));
            CHECK(body_of(late) ==
                  R"({"name":"TimeoutError","message":"the answer was not ready within 200 ms"})");
            CHECK(running == 0);
        }
        options.handler_timeout = 1h;
        http_server host(io.get_executor(), loopback, options);
        {
            auto socket = co_await dial_tcp(host);
            const auto request = post("/offer", offer_json);
            co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
            co_await until(1);
        }
        co_await until(0);
        auto left = co_await dial_tcp(host);
        const auto request = post("/offer", offer_json);
        co_await asio::async_write(left, asio::buffer(request), asio::use_awaitable);
        co_await until(1);
        host.close();
        co_await until(0);
        std::string said;
        co_await asio::async_read(left, asio::dynamic_buffer(said), tuple);
        CHECK(said.empty());
    });
}

TEST_CASE("more clients than there is room for wait for their turn, slow ones only so long") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        auto options = answering(mirror);
        options.max_pending = 2;
        options.handshake_timeout = 300ms;
        http_server host(io.get_executor(), loopback, options);
        std::vector<tcp::socket> slow; // with nothing said, some of the header, some of the body
        for (int i = 0; i < 5; ++i) {
            slow.push_back(co_await dial_tcp(host));
            const auto head = post("/offer", offer_json).substr(0, 20 * static_cast<std::size_t>(i));
            co_await asio::async_write(slow.back(), asio::buffer(head), asio::use_awaitable);
        }
        auto answer = co_await post_offer(io.get_executor(), host.url() + "offer", offer);
        CHECK(answer.type == SdpType::answer);
        for (auto& each : slow) {
            std::string said;
            co_await asio::async_read(each, asio::dynamic_buffer(said), tuple);
            if (&each == &slow.front()) {
                CHECK(said.empty());
                continue;
            }
            CHECK(said.starts_with("HTTP/1.1 408 Request Timeout\r\n"));
            CHECK(body_of(said) ==
                  R"({"name":"TimeoutError","message":"the request did not come within 300 ms"})");
        }
    });
}

TEST_CASE("a page of another origin may not post, unless it is let") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        {
            http_server host(io.get_executor(), loopback, answering(mirror));
            const auto evil =
                co_await http(host, post("/offer", offer_json, "Origin: http://evil.example\r\n"));
            CHECK(evil.starts_with("HTTP/1.1 403 "));
            CHECK(evil.find("Access-Control") == evil.npos);
            const auto asked = "OPTIONS /offer HTTP/1.1\r\nHost: x\r\nOrigin: http://evil.example\r\n\r\n";
            CHECK((co_await http(host, asked)).starts_with("HTTP/1.1 403 "));
            // x is nobody's name here: somebody has pointed it at us (DNS rebinding).
            const auto rebound = co_await http(host, post("/offer", offer_json, "Origin: http://x\r\n"));
            CHECK(rebound.starts_with("HTTP/1.1 403 "));
        }
        {
            auto named = answering(mirror);
            named.hosts = {"X"};
            named.origins = {"https://app.example"};
            http_server host(io.get_executor(), loopback, named);
            for (const auto* origin : {"http://x", "https://app.example"}) {
                const auto let = co_await http(
                    host, post("/offer", offer_json, "Origin: " + std::string(origin) + "\r\n"));
                CHECK(let.starts_with("HTTP/1.1 200 "));
            }
            const auto evil =
                co_await http(host, post("/offer", offer_json, "Origin: http://app.example\r\n"));
            CHECK(evil.starts_with("HTTP/1.1 403 "));
        }
        auto options = answering(mirror);
        options.allow_origin = [](std::string_view origin) { return origin == "https://app.example"; };
        http_server host(io.get_executor(), loopback, options);
        const auto let = co_await http(host, post("/offer", offer_json, "Origin: https://app.example\r\n"));
        CHECK(let.starts_with("HTTP/1.1 200 "));
        CHECK(let.find("Access-Control-Allow-Origin: https://app.example\r\n") != let.npos);
        const auto asked =
            co_await http(host, "OPTIONS /offer HTTP/1.1\r\nHost: x\r\nOrigin: https://app.example\r\n\r\n");
        CHECK(asked.starts_with("HTTP/1.1 204 "));
        CHECK(asked.find("Access-Control-Allow-Methods: POST\r\n") != asked.npos);
        CHECK(asked.find("Access-Control-Allow-Headers: Content-Type\r\n") != asked.npos);
    });
}

TEST_CASE("offers are taken beside WebSockets") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        server host(io.get_executor(), loopback, server_options(answering(mirror)));
        auto client = co_await connect(io.get_executor(), "ws" + host.url().substr(4));
        auto mine = co_await host.accept();
        auto answer = co_await post_offer(io.get_executor(), host.url() + "offer", offer);
        CHECK(answer.type == SdpType::answer);
        CHECK(mine);
    });
}

TEST_CASE("servers that do not answer as they should: the error says what they said") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        using pair = std::pair<cortc::errc, std::string>;
        const auto good = R"({"type":"answer","sdp":"v"})";
        CHECK(co_await outcome(io, response("201 Created", good)) == pair(cortc::errc{}, ""));
        CHECK(co_await outcome(io, response("400 Bad Request",
                                            signaling::detail::error_json("TypeError", "no \"data\""))) ==
              pair(cortc::errc::operation, R"(answered 400 Bad Request: TypeError: "no \"data\"")"));
        CHECK(co_await outcome(io, response("500 Oops", "<h1>sorry\x1b[2J</h1>\r\n")) ==
              pair(cortc::errc::operation, R"(answered 500 Internal Server Error: "<h1>sorry\x1b[2J</h1>")"));
        CHECK(co_await outcome(io, response("404 Not Found", "")) ==
              pair(cortc::errc::operation, "answered 404 Not Found"));
        CHECK(co_await outcome(io, response("301 Moved", "")) ==
              pair(cortc::errc::operation, "answered 301 Moved Permanently"));
        CHECK(co_await outcome(io, response("200 OK", "hello")) ==
              pair(cortc::errc::syntax, "answered with no description: byte 0: syntax error"));
        CHECK(co_await outcome(io, response("200 OK", R"({"type":"offer","sdp":""})")) ==
              pair(cortc::errc::syntax, "answered with type offer, where an answer should be"));
        CHECK(co_await outcome(io, response("200 OK", R"({"candidate":""})")) ==
              pair(cortc::errc::syntax, "answered with a candidate, where an answer should be"));
        CHECK((co_await outcome(io, response("200 OK", std::string(1001, 'x')))).first == cortc::errc::limit);
        CHECK((co_await outcome(io, "")).first == cortc::errc::network);
        CHECK((co_await outcome(io, std::string(100, '\x16'))).first == cortc::errc::network);
        CHECK((co_await outcome(io, "HTTP/1.1 200 OK\r\nContent-Le")).first == cortc::errc::network);
        CHECK((co_await outcome(io, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{")).first ==
              cortc::errc::network);
        CHECK(co_await outcome(io, "", false) ==
              pair(cortc::errc::timed_out, "did not answer within 300 ms"));
        CHECK((co_await outcome(io, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{", false)).first ==
              cortc::errc::timed_out);
    });
}

TEST_CASE("URLs and places that cannot be posted to") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        for (const char* url : {"", "ws://x/", "http://", "http://x:0", "http://u@x/", "http://x/ y"}) {
            auto [error, none] = co_await post_offer(io.get_executor(), url, offer, tuple);
            CHECK(code_of(error) == cortc::errc::syntax);
        }
        auto [tls, none] = co_await post_offer(io.get_executor(), "https://x/", offer, tuple);
        CHECK(code_of(tls) == cortc::errc::not_supported);
        std::string url;
        {
            http_server host(io.get_executor(), loopback, {});
            url = host.url();
        }
        co_await asio::post(io, asio::use_awaitable);
        auto [refused, neither] = co_await post_offer(io.get_executor(), url, offer, tuple);
        CHECK(code_of(refused) == cortc::errc::network);
        auto [unknown, nor] = co_await post_offer(io.get_executor(), "http://nowhere.invalid/", offer, tuple);
        CHECK(code_of(unknown) == cortc::errc::network);
    });
}

TEST_CASE("posting an offer can be cancelled") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        deaf_server silent(io, "", false);
        asio::cancellation_signal stop;
        std::exception_ptr outcome;
        post_offer(io.get_executor(), silent.url(), offer,
                   asio::bind_cancellation_slot(
                       stop.slot(), [&](std::exception_ptr error, SessionDescription) { outcome = error; }));
        asio::steady_timer soon(io, 50ms);
        co_await soon.async_wait(asio::use_awaitable);
        stop.emit(asio::cancellation_type::terminal);
        while (!outcome) co_await asio::post(io, asio::use_awaitable);
        CHECK(text_of(outcome) == text_of(std::make_exception_ptr(boost::system::system_error(
                                      asio::error::make_error_code(asio::error::operation_aborted)))));
    });
}

TEST_CASE("an io_context destroyed while offers are answered leaks nothing") {
    auto io = std::make_unique<asio::io_context>();
    bool destroyed = false;
    const auto all = [&](asio::io_context& where) -> asio::awaitable<void> {
        const auto endless = [&](SessionDescription what) -> asio::awaitable<SessionDescription> {
            struct flag {
                bool& set;
                ~flag() { set = true; }
            } on_exit{destroyed};
            asio::steady_timer never(where, asio::steady_timer::time_point::max());
            co_await never.async_wait(asio::use_awaitable);
            co_return what;
        };
        http_server host(where.get_executor(), loopback, answering(endless));
        co_await post_offer(where.get_executor(), host.url() + "offer", offer);
    };
    asio::co_spawn(*io, all(*io), asio::detached);
    io->run_for(200ms);
    CHECK_FALSE(destroyed);
    io.reset();
    CHECK(destroyed);
}
