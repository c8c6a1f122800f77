// Rooms over several threads: what a member says everybody in his room hears, whatever thread he came by.
#include "arguments.hpp"
#include "cortc/base/quoted.hpp"
#include "cortc/cortc.hpp"
#include "cortc/signaling/websocket.hpp"
#include "index_html.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

namespace asio = boost::asio;
using asio::awaitable;
using cortc::signaling::application_message;
using cortc::signaling::close_reason;
using cortc::signaling::session;

struct member {
    cortc::PeerConnection pc;
    session browser;
};

// What other threads have to say to one thread. It is posted there, so that nothing needs a lock.
class mailbox {
  public:
    mailbox(asio::any_io_executor owner, std::function<void(const std::string&)> read)
        : owner_(std::move(owner)), read_(std::move(read)) {}

    // From any thread. False: so much is waiting that this is not taken; the owner is slower than the rest.
    bool put(std::string text) {
        if (waiting_.fetch_add(1) >= most) {
            --waiting_;
            return false;
        }
        asio::post(owner_, [this, text = std::move(text)] {
            --waiting_;
            read_(text);
        });
        return true;
    }

  private:
    static constexpr int most = 1000;
    asio::any_io_executor owner_;
    std::function<void(const std::string&)> read_;
    std::atomic<int> waiting_ = 0;
};

// A thread with an io_context and a context, and the rooms that live there. But for the three members that
// say so, everything here belongs to that thread.
class shard {
  public:
    using everywhere = std::function<bool(const std::string&)>;

    // `sessions` is where the sessions are at home; it goes on until this thread has ended.
    shard(asio::io_context& sessions, std::size_t number, std::size_t at_most, cortc::context_options options,
          everywhere tell_all)
        : sessions_(asio::make_work_guard(sessions))
        , number_(number)
        , at_most_(at_most)
        , tell_all_(std::move(tell_all))
        , work_(asio::make_work_guard(io_))
        , context_(io_.get_executor(), std::move(options))
        , mail_(io_.get_executor(), [this](const std::string& text) {
            for (const auto& each : rooms_) say(each.second, text);
        }) {}
    ~shard() {
        close();
        join();
    }
    void start() {
        thread_ = std::thread([this] { run(); });
    }

    // From any thread: a session may be handed over, as it is, and be used there.
    void take(std::string room, session browser) {
        asio::post(io_, [this, room = std::move(room), browser = std::move(browser)]() mutable {
            asio::co_spawn(io_, talk(std::move(room), std::move(browser)), asio::detached);
        });
    }
    // From any thread: what every room of this one is to hear.
    bool tell(const std::string& text) { return mail_.put(text); }
    // From any thread: everybody gets a goodbye, and the thread ends.
    void close() { io_.stop(); }
    // From the thread that started it: it has ended.
    void join() {
        if (thread_.joinable()) thread_.join();
    }

  private:
    using listeners = std::set<cortc::DataChannel>;

    void run() {
        io_.run(); // until close()
        ending_ = true;
        for (const auto& each : members_) asio::co_spawn(io_, say_goodbye(each), asio::detached);
        work_.reset();
        io_.restart();
        io_.run(); // until everybody has left: a connection closes at once, a session in limited time
        sessions_.reset();
    }

    awaitable<void> say_goodbye(std::shared_ptr<member> to) {
        to->pc.close();
        const close_reason why(1001, "the server ends");
        co_await to->browser.close(why);
    }

    awaitable<void> talk(std::string name, session browser) {
        if (ending_ || members_.size() >= at_most_) {
            const close_reason why(1013, "no place is free");
            co_await browser.close(why);
            co_return;
        }
        auto self = std::make_shared<member>(cortc::PeerConnection(context_), std::move(browser));
        members_.insert(self);
        try {
            const application_message welcome(fmt::format(R"({{"type":"room","thread":{}}})", number_));
            co_await self->browser.send(welcome);
            asio::co_spawn(io_, listen(self, name), asio::detached);
            co_await cortc::perfect_negotiation(self->pc, self->browser, true); // until he leaves
        } catch (const std::exception& error) {
            fmt::print("a member is lost: {}\n", error.what());
        }
        self->pc.close();
        members_.erase(self);
    }

    awaitable<void> listen(std::shared_ptr<member> to, std::string name) {
        auto channel = co_await to->pc.nextDataChannel();
        rooms_[name].insert(channel);
        fmt::print("thread {}: {} has {} members\n", number_, cortc::in_quotes(name), rooms_[name].size());
        try {
            for (;;) {
                auto message = co_await channel.receive();
                if (!message.is_text()) continue;
                const std::string text(message.text());
                if (!text.starts_with("/all "))
                    say(rooms_[name], text);
                else if (!tell_all_(text.substr(5)))
                    (void)channel.trySend("some rooms are too busy to hear that");
            }
        } catch (const boost::system::system_error&) { // he has left
        }
        rooms_[name].erase(channel);
        if (rooms_[name].empty()) rooms_.erase(name);
    }

    // Who does not read misses it: his buffer is full, and nobody waits for him.
    static void say(const listeners& to, const std::string& text) {
        for (auto channel : to)
            if (channel.readyState() == cortc::DataChannelState::open) (void)channel.trySend(text);
    }

    using work_guard = asio::executor_work_guard<asio::io_context::executor_type>;

    work_guard sessions_;
    const std::size_t number_;
    const std::size_t at_most_;
    const everywhere tell_all_;
    asio::io_context io_{1};
    work_guard work_;
    cortc::context context_;
    mailbox mail_;
    std::map<std::string, listeners> rooms_;
    std::set<std::shared_ptr<member>> members_;
    bool ending_ = false;
    std::thread thread_;
};

// The room of a path "/rooms/NAME"; empty: it is none.
std::string room_of(const std::string& path) {
    constexpr std::string_view before = "/rooms/";
    const bool is_one = path.starts_with(before) && path.size() <= before.size() + 64;
    return is_one ? path.substr(before.size()) : std::string();
}

awaitable<void> refuse(session browser) {
    const close_reason why(4004, "no such room; the path is /rooms/NAME");
    co_await browser.close(why);
}

// A room is on one thread; whose name it has decides which.
awaitable<void> serve(cortc::signaling::server& server, std::list<shard>& shards) {
    for (;;) {
        auto browser = co_await server.accept();
        auto name = room_of(browser.request().path);
        if (name.empty()) {
            asio::co_spawn(co_await asio::this_coro::executor, refuse(std::move(browser)), asio::detached);
            continue;
        }
        const auto index = std::hash<std::string>()(name) % shards.size();
        std::next(shards.begin(), static_cast<std::ptrdiff_t>(index))
            ->take(std::move(name), std::move(browser));
    }
}

int main(int argc, char** argv) try {
    arguments given(argc, argv);
    const auto address = asio::ip::make_address(given.text("--host", "127.0.0.1"));
    const auto port = given.number<std::uint16_t>("--port", 8080, 0, 65535);
    const auto cores = std::max(1u, std::thread::hardware_concurrency());
    const auto threads = given.number<std::size_t>("--threads", cores, 1, 256);
    const auto count = given.number<std::size_t>("--count", 1000, 1, 65535);
    given.end();
    std::setvbuf(stdout, nullptr, _IOLBF, 0); // each line at once, into a pipe too

    asio::io_context io{1}; // signaling is on this thread; the sessions reach it from the others
    cortc::context_options options;
    options.limits.max_message_size = 16384; // of which a mailbox holds a thousand
    options.limits.data_channels = 4;
    if (address.is_loopback()) // for a browser on this machine: nothing is to be reached from the network
        options.interface_filter = [](const auto& local) { return local.address.is_loopback(); };

    cortc::signaling::server_options pages;
    pages.pages["/"] = cortc::signaling::page("text/html; charset=utf-8", std::string(index_html));
    pages.handshake_timeout = std::chrono::seconds(5); // and so long a goodbye may take
    cortc::signaling::server server(io.get_executor(), {address, port}, pages);

    std::list<shard> shards;
    const auto tell_all = [&shards](const std::string& text) {
        bool heard = true;
        for (auto& each : shards) heard = each.tell(text) && heard;
        return heard;
    };
    for (std::size_t i = 0; i < threads; ++i) shards.emplace_back(io, i, count, options, tell_all);
    for (auto& each : shards) each.start(); // now that all are there for each other
    fmt::print("open {} in a browser; {} threads; Ctrl-C ends\n", server.url(), threads);

    asio::co_spawn(io, serve(server, shards), asio::detached);
    asio::signal_set stop(io, SIGINT, SIGTERM);
    // Nobody is let in any more, and the threads say goodbye to their members. This io_context is not
    // stopped: it carries what they say. Two io_contexts of which each has what waits for the other must both
    // run dry before either goes.
    stop.async_wait([&](auto, int) {
        fmt::print("ending\n");
        server.close();
        for (auto& each : shards) each.close();
    });
    io.run();                              // until all threads have ended
    for (auto& each : shards) each.join(); // all of them, before any is destroyed that others may still tell
} catch (const std::exception& error) {
    fmt::print(stderr, "{}\nusage: {} [--host ADDRESS] [--port PORT] [--threads NUMBER] [--count MEMBERS]\n",
               error.what(), argv[0]);
    return 1;
}
