#include "cortc/net/asio_network.hpp"
#include "test/support/stream_peer.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <future>

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace cortc;
using namespace cortc::test;
using namespace std::chrono_literals;

namespace {

struct loopback_ends {
    explicit loopback_ends(std::string_view on = "127.0.0.1")
        : address(on), over(io.get_executor()), server(over, on) {}

    /// Runs until `done` holds; the time is a guard, nothing waits for it.
    template <class Done>
    bool run(Done done) {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (!done() && std::chrono::steady_clock::now() < end) {
            if (io.stopped()) io.restart();
            io.run_one_for(100ms);
        }
        return done();
    }
    /// Does all that can be done now.
    void settle() {
        if (io.stopped()) io.restart();
        for (int i = 0; i < 20; ++i) io.run_one_for(1ms);
    }
    void open() {
        connect(client, over, address, server.where());
        REQUIRE(run([&] { return client.connected() && !server.peers.empty(); }));
    }
    bool runs_dry() {
        io.restart();
        io.run_for(10s);
        return io.stopped();
    }

    std::string address;
    boost::asio::io_context io;
    net::asio_network over;
    stream_server server;
    stream_peer client;
};

} // namespace

TEST_CASE("a stream connects, carries bytes both ways in order, and ends after its data") {
    for (const auto* address : {"127.0.0.1", "::1"}) {
        CAPTURE(address);
        loopback_ends net(address);
        connect(net.client, net.over, address, net.server.where());
        CHECK(net.client.heard.empty()); // never from inside the call
        REQUIRE(net.run([&] { return net.client.connected() && !net.server.peers.empty(); }));
        auto& accepted = net.server.first();
        CHECK(accepted.stream->local() == net.server.where());
        CHECK(accepted.stream->remote() == net.client.stream->local());
        CHECK(net.client.stream->remote() == net.server.where());
        CHECK(net.server.sources.front() == net.client.stream->local());
        const std::array<byte_view, 4> parts{as_bytes("hello"), as_bytes(""), as_bytes(" in"),
                                             as_bytes(" parts")};
        CHECK(net.client.stream->send(parts));
        REQUIRE(net.run([&] { return accepted.text.size() == 14; }));
        CHECK(accepted.text == "hello in parts");
        CHECK(accepted.send("last words"));
        accepted.stream.reset();
        REQUIRE(net.run([&] { return net.client.ended(); }));
        CHECK(net.client.text == "last words");
        CHECK(net.client.error == boost::asio::error::eof);
        CHECK(net.client.heard == "cde");
        CHECK_FALSE(net.client.send("nobody"));
        CHECK(net.client.stream->stats().bytes_sent == 14);
        CHECK(net.client.stream->stats().bytes_received == 10);
        CHECK(net.client.stream->stats().send_refused == 1);
        net.client.stream.reset();
        net.server.at.reset();
        CHECK(net.runs_dry());
    }
}

TEST_CASE("more parts than the system takes at once are sent in order") {
    loopback_ends net;
    net.open();
    std::vector<std::string> words;
    for (int i = 0; i < 100; ++i) words.push_back(std::to_string(i) + ",");
    std::vector<byte_view> parts;
    std::string all;
    for (const auto& word : words) parts.push_back(as_bytes(word)), all += word;
    CHECK(net.client.stream->send(parts));
    REQUIRE(net.run([&] { return net.server.first().text.size() == all.size(); }));
    CHECK(net.server.first().text == all);
}

TEST_CASE("a slow reader makes send refuse, all or nothing, and tells when there is room again") {
    loopback_ends net;
    net.open();
    auto& accepted = net.server.first();
    accepted.stream->hold(true);
    const auto text = numbered_text(64 << 20);
    std::size_t at = 0;
    constexpr std::size_t step = 50'000;
    const auto push = [&] {
        while (net.client.send(std::string_view(text).substr(at, step))) at += step;
    };
    for (std::size_t before = 1; before != at;) {
        before = at;
        push();
        net.settle();
    }
    REQUIRE(at < text.size() / 2);
    CHECK(net.client.stream->waiting() > net::stream::send_limit - step);
    CHECK(net.client.stream->waiting() <= net::stream::send_limit);
    CHECK(accepted.text.empty());
    CHECK(net.client.heard == "c");
    accepted.stream->hold(false);
    REQUIRE(net.run([&] { return accepted.text.size() == at; }));
    CHECK(accepted.text == text.substr(0, at));
    CHECK(net.client.heard == "cw");
    CHECK(net.client.stream->waiting() == 0);
    CHECK(net.client.stream->stats().bytes_sent == at);
}

TEST_CASE("nobody listens: the connection ends, or is not begun") {
    loopback_ends net;
    const auto gone = net.server.where();
    net.server.at.reset();
    net.client.stream = net.over.connect({gone.address, 0}, gone, net.client).value();
    CHECK(net.client.heard.empty());
    CHECK_FALSE(net.client.send("x"));
    REQUIRE(net.run([&] { return net.client.ended(); }));
    CHECK(net.client.error == boost::system::errc::connection_refused);
    CHECK(net.client.heard == "e");
    CHECK(net.runs_dry()); // though the stream is still there

    using boost::system::errc::errc_t;
    stream_peer peer;
    const auto v4 = boost::asio::ip::make_address("127.0.0.1");
    CHECK(net.over.connect({boost::asio::ip::make_address("192.0.2.1"), 0}, {v4, 9}, peer).error() ==
          errc_t::address_not_available);
    CHECK(net.over.connect({v4, 0}, {boost::asio::ip::make_address("::1"), 9}, peer).error() ==
          errc_t::address_family_not_supported);
    CHECK(net.over.listen({boost::asio::ip::make_address("192.0.2.1"), 0}, net.server).error() ==
          errc_t::address_not_available);
    stream_server other(net.over, "127.0.0.1");
    CHECK(net.over.listen(other.where(), net.server).error() == errc_t::address_in_use);
}

TEST_CASE("a reset peer is an error, what it said before is read, and a send that fails tells of it later") {
    loopback_ends net;
    net.open();
    auto& accepted = net.server.first();
    SECTION("unread data when it goes") {
        accepted.stream->hold(true);
        CHECK(net.client.send("unread"));
        net.settle();
        accepted.stream.reset();
        REQUIRE(net.run([&] { return net.client.ended(); }));
        CHECK(net.client.error == boost::system::errc::connection_reset);
    }
    SECTION("a send into a connection that is gone") {
        net.client.stream->hold(true); // it does not see the end
        CHECK(accepted.send("bye"));
        accepted.stream.reset();
        net.settle();
        net.client.send("x"); // answered with a reset
        net.settle();
        CHECK_FALSE(net.client.ended());
        CHECK_FALSE(net.client.send("y"));
        CHECK_FALSE(net.client.ended()); // not from inside the call
        REQUIRE(net.run([&] { return net.client.ended(); }));
    }
}

TEST_CASE("a stream may go in every call of its handler, and a listener in its own") {
    for (char when : {'c', 'd', 'w', 'e'}) {
        CAPTURE(when);
        loopback_ends net;
        net.client.on = [&](char what) {
            if (what == when) net.client.stream.reset();
        };
        net.server.on_accept = [&](stream_peer&) { net.server.at.reset(); };
        connect(net.client, net.over, "127.0.0.1", net.server.where());
        REQUIRE(net.run([&] { return net.client.connected() && !net.server.peers.empty(); }));
        auto& accepted = net.server.first();
        if (when == 'w') {
            const std::string big(net::stream::send_limit, 'x');
            for (int i = 0; i < 1000 && net.client.send(big); ++i) {
            }
            REQUIRE(net.run([&] { return !net.client.stream; }));
        }
        accepted.send("and back");
        if (when == 'd') REQUIRE(net.run([&] { return !net.client.stream; }));
        accepted.stream.reset();
        REQUIRE(net.run([&] { return !net.client.stream; }));
        CHECK(net.client.heard.back() == when);
        CHECK(net.runs_dry());
    }
}

TEST_CASE("an exception of a stream's handler leaves the io_context, and the stream goes on") {
    loopback_ends net;
    net.open();
    auto& accepted = net.server.first();
    accepted.on = [](char) { throw std::runtime_error("seen"); };
    CHECK(net.client.send("one"));
    CHECK_THROWS_AS(net.run([] { return false; }), std::runtime_error);
    accepted.on = nullptr;
    CHECK(net.client.send(" two"));
    REQUIRE(net.run([&] { return accepted.text == "one two"; }));
}

TEST_CASE("a connection that nobody begins is closed") {
    loopback_ends net;
    net.server.refuse = true;
    connect(net.client, net.over, "127.0.0.1", net.server.where());
    REQUIRE(net.run([&] { return net.client.ended(); }));
    CHECK(net.client.error == boost::asio::error::eof);
    CHECK(net.server.peers.empty());
}

TEST_CASE("when descriptors run out, those who come wait, and the listener does not spin") {
    loopback_ends net;
    connect(net.client, net.over, "127.0.0.1", net.server.where());
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const int next = ::dup(0); // the lowest free one
    ::close(next);
    rlimit none = before;
    none.rlim_cur = static_cast<rlim_t>(next);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    REQUIRE(net.run([&] { return net.client.connected(); })); // the kernel did that
    const auto until = std::chrono::steady_clock::now() + 150ms;
    std::size_t turns = 0;
    while (std::chrono::steady_clock::now() < until) turns += net.io.run_one_for(50ms);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(net.server.sources.empty());
    CHECK(turns < 20);
    CHECK(net.run([&] { return net.server.sources.size() == 1; }));
}

TEST_CASE("streams live on a strand of several threads") {
    boost::asio::thread_pool threads(4);
    const auto strand = boost::asio::make_strand(threads);
    struct ends {
        explicit ends(const boost::asio::any_io_executor& executor)
            : over(executor), server(over, "127.0.0.1") {}
        net::asio_network over;
        stream_server server;
        stream_peer client;
    };
    std::unique_ptr<ends> both;
    std::promise<std::string> ended;
    boost::asio::post(strand, [&] {
        both = std::make_unique<ends>(strand);
        both->server.on_accept = [](stream_peer& made) { // it says everything again
            made.on = [&made](char what) {
                if (what == 'd') made.send(std::exchange(made.text, {}));
            };
        };
        both->client.on = [&](char what) {
            if (what == 'c') both->client.send("0");
            if (what != 'd') return;
            if (both->client.text.size() < 1000) return void(both->client.send("x"));
            both->client.stream.reset();
            boost::asio::post(strand, [&] { // the handler goes, too
                const auto text = both->client.text;
                both.reset();
                ended.set_value(text);
            });
        };
        connect(both->client, both->over, "127.0.0.1", both->server.where());
    });
    auto text = ended.get_future();
    REQUIRE(text.wait_for(10s) == std::future_status::ready);
    CHECK(text.get() == "0" + std::string(999, 'x'));
    threads.join();
}
