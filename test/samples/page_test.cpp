// The samples that a page talks to, as programs: here the page is a program too, with the same steps.
#include "cortc/cortc.hpp"
#include "cortc/signaling/websocket.hpp"
#include "test/support/catch.hpp"
#include "test/support/loopback.hpp"
#include "test/support/process.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <regex>

using namespace cortc;
using namespace cortc::test;
using namespace std::chrono_literals;
using signaling::application_message;
using signaling::close_reason;
using signaling::session;

namespace {

/// A sample, and the URL where it takes WebSockets.
class sample {
  public:
    explicit sample(std::vector<std::string> command) : program(std::move(command)) {
        REQUIRE(program.prints("Ctrl-C ends"));
        std::smatch found;
        REQUIRE(std::regex_search(program.output(), found, std::regex("http(://[^/]*:[0-9]+/)")));
        url = "ws" + found[1].str();
    }

    process program;
    std::string url;
};

class page {
  public:
    page(const context& where, session to, bool polite)
        : peer(std::make_shared<end>(PeerConnection(where), std::move(to)))
        , channel(peer->pc.createDataChannel("page")) {
        asio::co_spawn(
            where.get_executor(), perfect_negotiation(peer->pc, peer->signaling, polite),
            [over = over, peer = peer](const std::exception_ptr& error, const negotiation_end& how) {
                CHECK_FALSE(error);
                CHECK(how.outcome == negotiation_outcome::left);
                *over = true;
            });
    }

    /// What it says comes back to it.
    asio::awaitable<void> says(std::string text) {
        co_await timeout(30s, channel.opened());
        co_await channel.send(text);
        co_await hears(text);
    }
    asio::awaitable<void> hears(std::string text) {
        auto message = co_await timeout(30s, channel.receive());
        CHECK(message.text() == text);
    }
    /// The program has said goodbye, by signaling and to the connection.
    asio::awaitable<void> is_dismissed() {
        co_await timeout(30s, channel.closed());
        while (!*over) co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        CHECK(peer->signaling.peer_close_reason() == close_reason(1001, "the server ends"));
        auto& pc = peer->pc;
        using enum PeerConnectionState;
        for (auto state = pc.connectionState(); state != failed;)
            state = co_await timeout(30s, pc.stateChanged(state));
        CHECK(pc.failure()->detail() == error_detail::peer_closed); // not lost
        pc.close();
    }

    struct end {
        PeerConnection pc;
        session signaling;
    };
    std::shared_ptr<end> peer;
    std::shared_ptr<bool> over = std::make_shared<bool>(false); // signaling is
    DataChannel channel;
};

asio::awaitable<void> echo_and_end(asio::io_context& io, sample& program) {
    context where(io.get_executor(), loopback_options());
    auto to = co_await signaling::connect(io.get_executor(), program.url);
    page visitor(where, std::move(to), true);
    auto silent = co_await signaling::connect(io.get_executor(), program.url); // never offers anything
    co_await visitor.says("hello");
    program.program.signal(SIGTERM);
    co_await visitor.is_dismissed();
    auto [error, none] = co_await silent.receive(asio::as_tuple(asio::use_awaitable));
    CHECK(error);
    CHECK(silent.peer_close_reason() == close_reason(1001, "the server ends"));
}

void check_ends_in_order(std::vector<std::string> command) {
    sample program(std::move(command));
    asio::io_context io;
    run_dry(io, echo_and_end(io, program));
    const auto code = program.program.exits(20s);
    INFO(program.program.output());
    CHECK(code == 0);
}

/// A member, and the number of the thread that his room is on.
asio::awaitable<std::pair<page, std::string>> enter(context where, std::string url) {
    auto to = co_await signaling::connect(where.get_executor(), url);
    auto first = co_await timeout(30s, to.receive());
    const auto welcome = std::get<application_message>(first);
    std::smatch found;
    const bool fits =
        std::regex_match(welcome.json(), found, std::regex(R"(\{"type":"room","thread":([0-9]+)\})"));
    REQUIRE(fits);
    co_return std::pair(page(where, std::move(to), false), found[1].str());
}

asio::awaitable<void> check_refused(asio::io_context& io, std::string url, close_reason why) {
    auto to = co_await signaling::connect(io.get_executor(), url);
    auto [error, none] = co_await to.receive(asio::as_tuple(asio::use_awaitable));
    CHECK(error);
    CHECK(to.peer_close_reason() == why);
}

asio::awaitable<void> talk_in_rooms(asio::io_context& io, sample& program) {
    context where(io.get_executor(), loopback_options());
    auto [ann, thread] = co_await enter(where, program.url + "rooms/the%20hall");
    co_await ann.says("I am Ann");
    auto [bob, same] = co_await enter(where, program.url + "rooms/the%20hall");
    CHECK(same == thread);
    co_await bob.says("I am Bob");
    co_await ann.hears("I am Bob");

    // A room on the other thread; its name decides.
    std::optional<page> cid;
    for (int i = 0; !cid && i < 64; ++i) {
        const auto url = program.url + "rooms/" + std::to_string(i);
        auto [guest, another] = co_await enter(where, url);
        if (another != thread) {
            cid = std::move(guest);
        } else {
            guest.peer->pc.close();
            co_await guest.peer->signaling.close();
        }
    }
    REQUIRE(cid);
    co_await cid->says("I am Cid");
    co_await ann.says("only the hall hears this");
    co_await bob.hears("only the hall hears this");
    co_await timeout(30s, ann.channel.send("/all everybody hears this"));
    for (auto* each : {&ann, &bob, &*cid}) co_await each->hears("everybody hears this");

    const close_reason no_room(4004, "no such room; the path is /rooms/NAME");
    co_await check_refused(io, program.url, no_room);
    co_await check_refused(io, program.url + "rooms/", no_room);
    co_await check_refused(io, program.url + "rooms/" + std::string(65, 'x'), no_room);
    auto late = co_await signaling::connect(io.get_executor(), program.url + "rooms/9");
    auto welcome = co_await timeout(30s, late.receive());
    CHECK(std::holds_alternative<application_message>(welcome));

    program.program.signal(SIGTERM);
    for (auto* each : {&ann, &bob, &*cid}) co_await each->is_dismissed();
    auto [error, none] = co_await late.receive(asio::as_tuple(asio::use_awaitable));
    CHECK(error);
    CHECK(late.peer_close_reason() == close_reason(1001, "the server ends"));
}

} // namespace

TEST_CASE("1_answer_a_browser echoes, and at a signal says goodbye before it ends") {
    check_ends_in_order({CORTC_ANSWER_A_BROWSER, "--port", "0"});
}

TEST_CASE("4_perfect_negotiation echoes, and at a signal says goodbye before it ends") {
    check_ends_in_order({CORTC_PERFECT_NEGOTIATION, "--port", "0"});
}

TEST_CASE("5_rooms: a room hears what is said in it, every room what is said to all, and a signal ends it") {
    sample program({CORTC_ROOMS, "--port", "0", "--threads", "2", "--count", "10"});
    asio::io_context io;
    run_dry(io, talk_in_rooms(io, program));
    const auto code = program.program.exits(20s);
    INFO(program.program.output());
    CHECK(code == 0);
    CHECK(program.program.output().find("\"the hall\" has 2 members") != std::string::npos);
}

TEST_CASE("the samples end though a client says no goodbye") {
    std::vector<sample> programs;
    programs.emplace_back(std::vector<std::string>{CORTC_ANSWER_A_BROWSER, "--port", "0"});
    programs.emplace_back(std::vector<std::string>{CORTC_PERFECT_NEGOTIATION, "--port", "0"});
    programs.emplace_back(std::vector<std::string>{CORTC_ROOMS, "--port", "0", "--threads", "2"});
    asio::io_context io;
    std::vector<asio::ip::tcp::socket> mute;
    for (const auto& each : programs) {
        const auto colon = each.url.rfind(':');
        const auto port = static_cast<std::uint16_t>(std::stoi(each.url.substr(colon + 1)));
        auto& socket = mute.emplace_back(io);
        socket.connect({asio::ip::address_v4::loopback(), port});
        const std::string request =
            "GET /rooms/a HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        asio::write(socket, asio::buffer(request));
        std::string response;
        asio::read_until(socket, asio::dynamic_buffer(response), "\r\n\r\n");
        REQUIRE(response.starts_with("HTTP/1.1 101 "));
    }
    for (const auto& each : programs) each.program.signal(SIGTERM);
    for (auto& each : programs) {
        const auto code = each.program.exits(30s);
        INFO(each.program.output());
        CHECK(code == 0);
    }
}

TEST_CASE("5_rooms takes so many members on a thread, and no more") {
    sample program({CORTC_ROOMS, "--port", "0", "--threads", "1", "--count", "1"});
    asio::io_context io;
    const auto visit = [&]() -> asio::awaitable<void> {
        auto first = co_await signaling::connect(io.get_executor(), program.url + "rooms/a");
        auto welcome = co_await timeout(30s, first.receive());
        CHECK(std::holds_alternative<application_message>(welcome));
        const close_reason full(1013, "no place is free");
        co_await check_refused(io, program.url + "rooms/b", full);
    };
    run_dry(io, visit());
    program.program.signal(SIGTERM);
    const auto code = program.program.exits(20s);
    INFO(program.program.output());
    CHECK(code == 0);
}
