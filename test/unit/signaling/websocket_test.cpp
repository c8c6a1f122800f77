#include "cortc/signaling/websocket.hpp"

#include "cortc/error.hpp"
#include "cortc/timeout.hpp"
#include "test/unit/signaling/raw.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/use_future.hpp>

#include <thread>

using namespace cortc;
using namespace cortc::signaling;
using boost::system::error_code;
using namespace cortc::test;

namespace {

std::string ws_url(const server& where) { return "ws" + where.url().substr(4); }

/// A WebSocket as a hostile client holds it: the handshake done, raw from here on.
asio::awaitable<tcp::socket> raw_websocket(const server& where) {
    auto socket = co_await dial_tcp(where);
    const std::string request =
        "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
    std::string response;
    co_await asio::async_read_until(socket, asio::dynamic_buffer(response), "\r\n\r\n", asio::use_awaitable);
    REQUIRE(response.starts_with("HTTP/1.1 101 "));
    co_return socket;
}

/// One frame, masked with zeros (RFC 6455 5.2).
std::string frame(unsigned char opcode, std::string_view payload) {
    std::string out{static_cast<char>(0x80 | opcode), static_cast<char>(0x80 | payload.size())};
    REQUIRE(payload.size() < 126);
    return out + std::string(4, '\0') + std::string(payload);
}

} // namespace

TEST_CASE("messages go both ways, in order, and closing ends both ends") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        server host(io.get_executor(), loopback);
        auto client = co_await connect(io.get_executor(), ws_url(host) + "room?x=1");
        auto mine = co_await host.accept();
        CHECK(mine.target() == "/room?x=1");

        const SessionDescription offer(SdpType::offer, "v=0\r\n");
        co_await client.send(offer);
        for (std::uint16_t i = 0; i < 300; ++i) {
            IceCandidate numbered("c", "0", i);
            co_await client.send(numbered);
        }
        IceCandidate end("");
        co_await client.send(end);
        auto first = co_await mine.receive();
        CHECK(std::get<SessionDescription>(first) == offer);
        for (std::uint16_t i = 0; i < 300; ++i) {
            auto next = co_await mine.receive();
            REQUIRE(std::get<IceCandidate>(next).sdpMLineIndex == i);
        }
        auto last = co_await mine.receive();
        CHECK(std::get<IceCandidate>(last) == end);

        const SessionDescription answer(SdpType::answer, std::string(200000, 'a'));
        co_await mine.send(answer);
        auto back = co_await client.receive();
        CHECK(std::get<SessionDescription>(back) == answer);

        co_await client.send(end);
        co_await client.close(); // what was sent before still arrives
        auto [none, arrived] = co_await mine.receive(tuple);
        CHECK(!none);
        auto [error, nothing] = co_await mine.receive(tuple);
        CHECK(code_of(error) == cortc::errc::closed);
        auto [refused] = co_await mine.send(offer, tuple);
        CHECK(code_of(refused) == cortc::errc::invalid_state);
        co_await mine.close();
        co_await mine.close();
        auto [aborted, no] = co_await client.receive(tuple);
        CHECK(code_of(aborted) == cortc::errc::aborted);
        host.close();
        auto [gone, none_either] = co_await host.accept(tuple);
        CHECK(code_of(gone) == cortc::errc::aborted);
    });
}

TEST_CASE("messages of the application's own go both ways, in their order among the others") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        server host(io.get_executor(), loopback);
        auto client = co_await connect(io.get_executor(), ws_url(host));
        auto mine = co_await host.accept();
        const application_message join(R"({"type":"join","room":"a \"b\""})");
        const SessionDescription offer(SdpType::offer, "v=0\r\n");
        co_await client.send(join);
        co_await client.send(offer);
        co_await client.send(application_message(R"({"type":"leave"})"));
        auto first = co_await mine.receive();
        CHECK(std::get<application_message>(first) == join);
        auto second = co_await mine.receive();
        CHECK(std::get<SessionDescription>(second) == offer);
        auto third = co_await mine.receive();
        CHECK(std::get<application_message>(third).type() == "leave");
        const application_message large(R"({"type":"state","x":")" + std::string(200000, 'x') + "\"}");
        co_await mine.send(large);
        auto back = co_await client.receive();
        CHECK(std::get<application_message>(back) == large);
    });
}

TEST_CASE("a session knows what was asked for, decoded, and by whom") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        server_options options;
        options.behind_proxy = true;
        server host(io.get_executor(), loopback, options);
        auto client =
            co_await connect(io.get_executor(), ws_url(host) + "rooms/the%20first?name=Ann+B&name=C");
        auto mine = co_await host.accept();
        CHECK(mine.target() == "/rooms/the%20first?name=Ann+B&name=C");
        CHECK(mine.request().path == "/rooms/the first");
        CHECK(mine.request().parameter("name") == "Ann B");
        CHECK(mine.request().query.size() == 2);
        CHECK(mine.request().client == asio::ip::address_v4::loopback());
        CHECK(mine.request().method == "GET");
        CHECK(client.request().path == "/rooms/the first");
        auto socket = co_await dial_tcp(host);
        const std::string head =
            "GET /x%20y HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.9\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        co_await asio::async_write(socket, asio::buffer(head), asio::use_awaitable);
        auto forwarded = co_await host.accept();
        CHECK(forwarded.request().client.to_string() == "192.0.2.9");
        CHECK(forwarded.request().path == "/x y");
        auto bad = head;
        bad.replace(bad.find("%20"), 3, "%2g");
        CHECK((co_await http(host, bad)).starts_with("HTTP/1.1 400 "));
    });
}

TEST_CASE("each end can say why it closes, and read why the other one did") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        server host(io.get_executor(), loopback);
        const auto pair = [&]() -> asio::awaitable<std::pair<session, session>> {
            auto client = co_await connect(io.get_executor(), ws_url(host));
            auto mine = co_await host.accept();
            co_return std::pair(std::move(client), std::move(mine));
        };
        {
            auto [client, mine] = co_await pair();
            CHECK_FALSE(mine.peer_close_reason());
            co_await client.close(
                close_reason(4001, "the room is \x1b full")); // control characters may be sent
            auto [error, nothing] = co_await mine.receive(tuple);
            CHECK(code_of(error) == cortc::errc::closed);
            CHECK(text_of(error).ends_with(R"(: 4001 "the room is \x1b full")"));
            CHECK(mine.peer_close_reason() == close_reason(4001, "the room is \x1b full"));
            CHECK(client.peer_close_reason()->code == 4001); // the goodbye comes back (RFC 6455 5.5.1)
        }
        {
            auto [client, mine] = co_await pair();
            co_await mine.close();
            auto [error, nothing] = co_await client.receive(tuple);
            CHECK(text_of(error).ends_with(": 1000"));
            CHECK(client.peer_close_reason() == close_reason(1000));
        }
        { // no code at all
            auto peer = co_await raw_websocket(host);
            auto mine = co_await host.accept();
            co_await asio::async_write(peer, asio::buffer(frame(8, "")), asio::use_awaitable);
            auto [error, nothing] = co_await mine.receive(tuple);
            CHECK(code_of(error) == cortc::errc::closed);
            CHECK(mine.peer_close_reason() == close_reason(1005));
        }
        { // our goodbye first, with nobody reading
            auto peer = co_await raw_websocket(host);
            auto mine = co_await host.accept();
            std::optional<std::exception_ptr> closed;
            mine.close(close_reason(1001), [&closed](std::exception_ptr error) { closed = error; });
            std::string goodbye;
            co_await asio::async_read(peer, asio::dynamic_buffer(goodbye), asio::transfer_exactly(4),
                                      asio::use_awaitable);
            CHECK(goodbye == std::string("\x88\x02\x03\xe9", 4));
            co_await asio::async_write(peer, asio::buffer(frame(8, "\x0f\xa1why")), asio::use_awaitable);
            while (!closed) co_await asio::post(io, asio::use_awaitable);
            CHECK_FALSE(*closed);
            CHECK(mine.peer_close_reason() == close_reason(4001, "why"));
        }
        { // a connection that breaks says nothing
            auto peer = co_await raw_websocket(host);
            auto mine = co_await host.accept();
            peer.close();
            auto [error, nothing] = co_await mine.receive(tuple);
            CHECK(code_of(error) == cortc::errc::network);
            CHECK_FALSE(mine.peer_close_reason());
        }
    });
}

TEST_CASE("a goodbye that may not be said is refused, and nothing is closed") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        server host(io.get_executor(), loopback);
        auto client = co_await connect(io.get_executor(), ws_url(host));
        auto mine = co_await host.accept();
        for (std::uint16_t code : {0, 999, 1004, 1005, 1006, 1010, 1014, 1015, 1016, 2999, 5000, 65535}) {
            INFO(code);
            auto [error] = co_await client.close(close_reason(code), tuple);
            CHECK(code_of(error) == cortc::errc::invalid_access);
        }
        for (const auto& text : {std::string(124, 'x'), std::string("\xff"), std::string("\xc3")}) {
            auto [error] = co_await client.close(close_reason(1000, text), tuple);
            CHECK(code_of(error) == cortc::errc::syntax);
        }
        const IceCandidate candidate("c");
        co_await client.send(candidate);
        auto next = co_await mine.receive();
        CHECK(std::get<IceCandidate>(next) == candidate);
        for (std::uint16_t code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 3000, 4999}) {
            INFO(code);
            auto from = co_await connect(io.get_executor(), ws_url(host));
            auto to = co_await host.accept();
            const std::string text(123, 'x');
            co_await from.close(close_reason(code, text));
            auto [error, nothing] = co_await to.receive(tuple);
            CHECK(code_of(error) == cortc::errc::closed);
            CHECK(to.peer_close_reason() == close_reason(code, text));
        }
    });
}

TEST_CASE("a peer that reads nothing and never stops talking holds our goodbye up for a while only") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        server_options options;
        options.handshake_timeout = std::chrono::milliseconds(300);
        options.idle_timeout = std::chrono::hours(1);
        server host(io.get_executor(), loopback, options);
        auto peer = co_await raw_websocket(host);
        auto mine = co_await host.accept();
        // More than the kernel takes for a peer that does not read: what is queued cannot be sent.
        const SessionDescription large(SdpType::offer, std::string(250000, 'x'));
        for (int i = 0; i < 64; ++i) co_await mine.send(large);
        bool closed = false;
        mine.close([&closed](std::exception_ptr) { closed = true; });
        const auto ping = frame(10, "");
        while (!closed) {
            auto [error, count] = co_await peer.async_write_some(asio::buffer(ping), tuple);
            if (error) break;
            co_await asio::post(io, asio::use_awaitable);
        }
        while (!closed) co_await asio::post(io, asio::use_awaitable);
        CHECK_FALSE(mine.peer_close_reason());
        auto [error, nothing] = co_await mine.receive(tuple);
        CHECK(code_of(error) == cortc::errc::aborted);
    });
}

TEST_CASE("destroying a session drops the connection, destroying a server ends its handshakes") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        session kept;
        {
            server host(io.get_executor(), loopback);
            auto silent = co_await dial_tcp(host); // says nothing
            {
                auto client = co_await connect(io.get_executor(), ws_url(host));
                kept = co_await host.accept();
            }
            auto [error, nothing] = co_await kept.receive(tuple);
            const auto code = code_of(error);
            CHECK((code == cortc::errc::network || code == cortc::errc::closed));
            auto unaccepted = co_await connect(io.get_executor(), ws_url(host));
            host.close();
            char byte;
            auto [end, count] = co_await silent.async_read_some(asio::buffer(&byte, 1), tuple);
            CHECK(end);
            auto [dropped, none] = co_await unaccepted.receive(tuple);
            CHECK(dropped);
        }
        CHECK_THROWS_AS(session{}.receive(), Error);
    });
}

TEST_CASE("a session that broke does not keep its io_context busy") {
    asio::io_context io;
    session kept;
    const auto body = [&]() -> asio::awaitable<void> {
        server host(io.get_executor(), loopback);
        {
            auto client = co_await connect(io.get_executor(), ws_url(host));
            kept = co_await host.accept();
        }
        auto [error, nothing] = co_await kept.receive(tuple);
        CHECK(error);
    };
    asio::co_spawn(io, body(), asio::detached);
    io.run_for(std::chrono::seconds(10));
    CHECK(io.stopped());
    CHECK(kept);
}

TEST_CASE("an io_context destroyed with everything pending leaks nothing") {
    auto io = std::make_unique<asio::io_context>();
    const auto pending = [](asio::io_context& where, server& host) -> asio::awaitable<void> {
        auto client = co_await connect(where.get_executor(), ws_url(host));
        co_await client.receive();
    };
    const auto all = [&pending](asio::io_context& where) -> asio::awaitable<void> {
        server host(where.get_executor(), loopback);
        auto silent = co_await dial_tcp(host);
        auto work = pending(where, host);
        asio::co_spawn(where, std::move(work), asio::detached);
        auto mine = co_await host.accept();
        co_await host.accept();
    };
    asio::co_spawn(*io, all(*io), asio::detached);
    io->run_for(std::chrono::milliseconds(200));
    io.reset();
}

TEST_CASE("pages are served beside the WebSocket") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        server_options options;
        options.pages["/"] = page("text/html; charset=utf-8", "<p>hello</p>");
        options.pages["/app.js"] = page("text/javascript", std::string(300000, 'j'));
        server host(io.get_executor(), loopback, options);
        const auto root = co_await http(host, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        CHECK(root.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(root.find("Content-Type: text/html; charset=utf-8\r\n") != root.npos);
        CHECK(root.ends_with("\r\n\r\n<p>hello</p>"));
        const auto script = co_await http(host, "GET /app.js?v=2 HTTP/1.1\r\nHost: x\r\n\r\n");
        CHECK(script.ends_with(std::string(300000, 'j')));
        const auto head = co_await http(host, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
        CHECK(head.find("Content-Length: 12\r\n") != head.npos);
        CHECK(head.ends_with("\r\n\r\n"));
        CHECK((co_await http(host, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")).starts_with("HTTP/1.1 404 "));
        CHECK((co_await http(host, "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n")).starts_with("HTTP/1.1 405 "));
    });
}

TEST_CASE("visitors that speak no HTTP, or too much of it, are shown the door") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        server_options options;
        options.handshake_timeout = std::chrono::milliseconds(300);
        options.max_pending = 2;
        server host(io.get_executor(), loopback, options);
        const auto garbage = co_await http(host, std::string(100, '\x16') + "\r\n\r\n");
        CHECK((garbage.empty() || garbage.starts_with("HTTP/1.1 400 ")));
        const auto huge =
            co_await http(host, "GET / HTTP/1.1\r\nX: " + std::string(100000, 'x') + "\r\n\r\n");
        CHECK(huge.starts_with("HTTP/1.1 431 "));
        const auto body = co_await http(host, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n12345");
        CHECK((body.empty() || body.starts_with("HTTP/1.1 4")));
        // Half a request, four times as often as there is room: each goes when its time is over.
        CHECK((co_await http(host, "")) == "");
        std::vector<tcp::socket> silent;
        for (int i = 0; i < 8; ++i) silent.push_back(co_await dial_tcp(host));
        auto client = co_await connect(io.get_executor(), ws_url(host));
        CHECK(client);
    });
}

TEST_CASE("a page of another origin may not connect") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        const auto upgrade = [](std::string host, std::string origin) {
            return "GET / HTTP/1.1\r\nHost: " + host + "\r\nOrigin: " + origin +
                   "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        };
        {
            server host(io.get_executor(), loopback);
            CHECK((co_await http(host, upgrade("localhost:8080", "http://evil.example")))
                      .starts_with("HTTP/1.1 403"));
            CHECK((co_await http(host, upgrade("localhost:8080", "null"))).starts_with("HTTP/1.1 403"));
            // Names that are not ours, though both agree: somebody's DNS has led his page here.
            for (const auto* name : {"evil.example", "evil.example:8080", "localhost.evil.example",
                                     "evillocalhost", "127.0.0.1.evil.example", "[evil]", "["}) {
                const auto rebound = co_await http(host, upgrade(name, std::string("http://") + name));
                INFO(name);
                CHECK(rebound.starts_with("HTTP/1.1 403"));
            }
            for (const auto* name : {"localhost:8080", "LOCALHOST", "app.localhost", "localhost.",
                                     "127.0.0.1:8080", "192.0.2.7", "[::1]:8080"}) {
                auto socket = co_await dial_tcp(host);
                const auto same = upgrade(name, std::string("http://") + name);
                co_await asio::async_write(socket, asio::buffer(same), asio::use_awaitable);
                auto mine = co_await host.accept();
                CHECK(mine);
            }
        }
        server_options options;
        options.allow_origin = [](std::string_view origin) { return origin == "https://app.example"; };
        server host(io.get_executor(), loopback, options);
        CHECK((co_await http(host, upgrade("x", "http://x"))).starts_with("HTTP/1.1 403"));
        auto socket = co_await dial_tcp(host);
        const auto allowed = upgrade("x", "https://app.example");
        co_await asio::async_write(socket, asio::buffer(allowed), asio::use_awaitable);
        auto mine = co_await host.accept();
        CHECK(mine);
    });
}

TEST_CASE("a peer that breaks the rules ends its session, and the reader learns why") {
    struct attack {
        std::string bytes;
        cortc::errc expected;
    };
    const attack attacks[] = {
        {frame(1, "{\"candidate\":7}"), cortc::errc::syntax},
        {frame(1, "[[[[[[[["), cortc::errc::syntax},
        {frame(2, "{\"candidate\":\"\"}"), cortc::errc::syntax}, // binary
        {frame(1, "\xff\xfe"), cortc::errc::network},         // not UTF-8: a failed WebSocket (RFC 6455 8.1)
        {frame(3, "?"), cortc::errc::network},                // a reserved opcode
        {std::string("\x81\x05hello"), cortc::errc::network}, // not masked
        {std::string("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14), cortc::errc::limit},
        {std::string("\x81\xff\0\0\0\0\0\x04\0\x01\0\0\0\0", 14),
         cortc::errc::limit}, // one byte over 256 KiB
        {frame(8, std::string("\x03\xe9", 2)), cortc::errc::closed},
    };
    for (const auto& each : attacks) {
        play([&each](asio::io_context& io) -> asio::awaitable<void> {
            server host(io.get_executor(), loopback);
            auto peer = co_await raw_websocket(host);
            auto mine = co_await host.accept();
            co_await asio::async_write(peer, asio::buffer(each.bytes), asio::use_awaitable);
            auto [error, nothing] = co_await mine.receive(tuple);
            CHECK(code_of(error) == each.expected);
            auto [again, nothing_again] = co_await mine.receive(tuple);
            CHECK(code_of(again) == each.expected);
        });
    }
}

TEST_CASE("a connection that breaks in the middle") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        server host(io.get_executor(), loopback);
        {
            auto peer = co_await raw_websocket(host);
            auto mine = co_await host.accept();
            const auto half = frame(1, "{\"candidate\":\"\"}").substr(0, 9);
            co_await asio::async_write(peer, asio::buffer(half), asio::use_awaitable);
            peer.close();
            auto [error, nothing] = co_await mine.receive(tuple);
            CHECK(code_of(error) == cortc::errc::network);
        }
        {
            // A reader waits, and we close: the peer never answers our goodbye, and leaves.
            auto peer = co_await raw_websocket(host);
            auto mine = co_await host.accept();
            std::optional<std::exception_ptr> reader;
            mine.receive([&reader](std::exception_ptr error, message) { reader = error; });
            peer.shutdown(tcp::socket::shutdown_send);
            co_await mine.close();
            REQUIRE(reader);
            CHECK(code_of(*reader) != cortc::errc::syntax);
        }
    });
}

TEST_CASE("a peer that does not answer our goodbye holds us up for a while only") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        server_options options;
        options.handshake_timeout = std::chrono::milliseconds(200);
        server host(io.get_executor(), loopback, options);
        auto peer = co_await raw_websocket(host);
        auto mine = co_await host.accept();
        co_await mine.close();
        auto [error, nothing] = co_await mine.receive(tuple);
        CHECK(code_of(error) == cortc::errc::aborted);
    });
}

TEST_CASE("a peer that falls silent is given up") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        server_options options;
        options.idle_timeout = std::chrono::milliseconds(200);
        server host(io.get_executor(), loopback, options);
        auto peer = co_await raw_websocket(host); // answers no ping
        auto mine = co_await host.accept();
        auto [error, nothing] = co_await mine.receive(tuple);
        CHECK(code_of(error) == cortc::errc::network);
    });
}

TEST_CASE("unread messages push back, and unsent ones do") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        server host(io.get_executor(), loopback);
        auto client = co_await connect(io.get_executor(), ws_url(host));
        auto mine = co_await host.accept();
        // Nobody reads: what 64 messages unread, the kernel's buffers and 64 messages unsent hold is bounded.
        const SessionDescription large(SdpType::offer, std::string(200000, 'x'));
        asio::cancellation_signal stop;
        int accepted = 0;
        bool waiting = true;
        while (waiting) {
            waiting = false;
            std::optional<std::exception_ptr> outcome;
            client.send(large, asio::bind_cancellation_slot(
                                   stop.slot(), [&](std::exception_ptr error) { outcome = error; }));
            asio::steady_timer grace(io, std::chrono::milliseconds(200));
            while (!outcome && grace.expiry() > std::chrono::steady_clock::now())
                co_await asio::post(io, asio::use_awaitable);
            if (outcome && !*outcome) {
                ++accepted;
                waiting = true;
                REQUIRE(accepted < 1000);
                continue;
            }
            REQUIRE(!outcome); // it waits for room; cancelled, it is not sent
            stop.emit(asio::cancellation_type::terminal);
            while (!outcome) co_await asio::post(io, asio::use_awaitable);
            CHECK(*outcome);
        }
        for (int i = 0; i < accepted; ++i) {
            auto next = co_await mine.receive();
            CHECK(std::get<SessionDescription>(next).sdp.size() == large.sdp.size());
        }
        co_await client.close();
        auto [error, nothing] = co_await mine.receive(tuple);
        CHECK(code_of(error) == cortc::errc::closed);
    });
}

TEST_CASE("accept, receive and connect can be cancelled, and lose nothing") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        server host(io.get_executor(), loopback);
        asio::cancellation_signal stop;
        std::exception_ptr accepting, receiving, connecting;
        host.accept(asio::bind_cancellation_slot(
            stop.slot(), [&](std::exception_ptr error, session) { accepting = error; }));
        stop.emit(asio::cancellation_type::total);
        auto client = co_await connect(io.get_executor(), ws_url(host));
        auto mine = co_await host.accept();
        CHECK(accepting);

        mine.receive(asio::bind_cancellation_slot(
            stop.slot(), [&](std::exception_ptr error, message) { receiving = error; }));
        stop.emit(asio::cancellation_type::terminal);
        const IceCandidate candidate("c");
        co_await client.send(candidate);
        auto next = co_await mine.receive();
        CHECK(std::get<IceCandidate>(next) == candidate);
        CHECK(receiving);

        connect(io.get_executor(), ws_url(host),
                asio::bind_cancellation_slot(stop.slot(),
                                             [&](std::exception_ptr error, session) { connecting = error; }));
        stop.emit(asio::cancellation_type::terminal);
        while (!connecting) co_await asio::post(io, asio::use_awaitable);
    });
}

TEST_CASE("URLs and places that cannot be connected to") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        for (const char* url :
             {"", "http://x/", "ws://", "ws://:80", "ws://x:0", "ws://x:65536", "ws://x:8o",
              "ws://x:", "ws://[::1", "ws://[::1]x:1", "ws://[]", "ws://u@x/", "ws://x/ y", "ws://x/#f"}) {
            INFO(url);
            auto [error, nothing] = co_await connect(io.get_executor(), url, tuple);
            CHECK(code_of(error) == cortc::errc::syntax);
        }
        auto [tls, nothing] = co_await connect(io.get_executor(), "wss://x/", tuple);
        CHECK(code_of(tls) == cortc::errc::not_supported);
        std::string url;
        {
            server host(io.get_executor(), loopback);
            url = ws_url(host);
            try {
                server second(io.get_executor(), host.local_endpoint());
                FAIL("two servers on one port");
            } catch (const Error& error) {
                CHECK(error.code() == cortc::errc::network);
            }
        }
        co_await asio::post(io, asio::use_awaitable);
        auto [refused, none] = co_await connect(io.get_executor(), url, tuple);
        CHECK(code_of(refused) == cortc::errc::network);
    });
}

TEST_CASE("a host may be given by its name") {
    play([](asio::io_context& io) -> asio::awaitable<void> {
        server host(io.get_executor(), loopback);
        const auto url = "ws://localhost:" + std::to_string(host.local_endpoint().port());
        auto client = co_await connect(io.get_executor(), url);
        auto mine = co_await host.accept();
        CHECK(mine.target() == "/");
        auto [error, nothing] = co_await connect(io.get_executor(), "ws://nowhere.invalid/", tuple);
        CHECK(code_of(error) == cortc::errc::network);
    });
}

TEST_CASE("a server on another thread, used through futures") {
    asio::io_context io;
    auto keep = asio::make_work_guard(io);
    std::thread thread([&io] { io.run(); });
    {
        server host(io.get_executor(), loopback);
        auto accepted = host.accept(asio::use_future);
        auto client = connect(io.get_executor(), ws_url(host), asio::use_future).get();
        auto mine = accepted.get();
        const SessionDescription offer(SdpType::offer, "v=0");
        client.send(offer, asio::use_future).get();
        CHECK(std::get<SessionDescription>(mine.receive(asio::use_future).get()) == offer);
        client.close(asio::use_future).get();
    }
    keep.reset();
    thread.join();
}

TEST_CASE("a session that is over is closed at once, though nobody runs its io_context any more") {
    asio::io_context front, back;
    std::optional<server> host(std::in_place, front.get_executor(), loopback);
    session held;
    auto take = [&]() -> asio::awaitable<void> {
        held = co_await host->accept();
        host->close();
    };
    auto dial = [&]() -> asio::awaitable<void> {
        auto made = co_await connect(back.get_executor(), ws_url(*host)); // and leaves
    };
    asio::co_spawn(front, take(), asio::detached);
    std::thread thread([&] { front.run(); });
    asio::co_spawn(back, dial(), asio::detached);
    back.run_for(std::chrono::seconds(30));
    thread.join();
    REQUIRE(front.stopped());
    REQUIRE(held);

    play([&](asio::io_context&) -> asio::awaitable<void> {
        co_await held.close();
        co_await cortc::timeout(std::chrono::hours(1), held.close());
        auto [unread, nothing] = co_await held.receive(tuple);
        CHECK(code_of(unread) == cortc::errc::aborted);
        const SessionDescription offer(SdpType::offer, "v=0\r\n");
        auto [unsent] = co_await held.send(offer, tuple);
        CHECK(code_of(unsent) == cortc::errc::aborted);
        auto [alone, none] = co_await host->accept(tuple);
        CHECK(code_of(alone) == cortc::errc::aborted);
    });
}
