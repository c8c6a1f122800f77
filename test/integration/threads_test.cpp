#include "cortc/context/context_core.hpp"
#include "cortc/net/asio_network.hpp"
#include "test/support/loopback.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <thread>

// Contexts on threads of their own, and their users on others: run it under ThreadSanitizer too
// (./dev test --thread).

using namespace cortc;
using namespace std::chrono_literals;
using namespace boost::asio::experimental::awaitable_operators;

namespace {

/// An io_context that one thread runs.
class shard {
  public:
    shard() : guard_(asio::make_work_guard(io_)), thread_([this] { io_.run(); }) {}
    ~shard() {
        guard_.reset();
        thread_.join();
    }
    asio::any_io_executor executor() { return io_.get_executor(); }

  private:
    asio::io_context io_;
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    std::thread thread_;
};

/// A connection whose plain members are called where they belong.
class remote {
  public:
    explicit remote(context where) : where_(std::move(where)) {}

    template <class Body>
    auto on(Body body) const {
        using result = std::invoke_result_t<Body&>;
        return initiate<result>(where_.core(), asio::use_awaitable, [body](auto operation) mutable {
            if constexpr (std::is_void_v<result>) {
                body();
                operation->succeed();
            } else {
                operation->succeed(body());
            }
        });
    }
    asio::awaitable<void> open() {
        return on([this] { pc = std::make_unique<PeerConnection>(where_); });
    }
    asio::awaitable<void> destroy() {
        return on([this] { pc.reset(); });
    }
    [[nodiscard]] const context& where() const { return where_; }

    std::unique_ptr<PeerConnection> pc;

  private:
    context where_;
};

asio::awaitable<void> trickle(PeerConnection& from, PeerConnection& to) {
    for (;;) {
        auto candidate = co_await from.nextIceCandidate();
        if (!candidate) co_return;
        co_await to.addIceCandidate(*candidate);
    }
}

/// A whole call from a third thread, with deadlines that pass and do not, and races.
asio::awaitable<void> call(context first, context second) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    remote a(first), b(second);
    co_await a.open();
    co_await b.open();
    auto out = co_await a.on([&] { return a.pc->createDataChannel("threads"); });
    auto offer = co_await a.pc->createOffer();
    co_await a.pc->setLocalDescription(offer);
    auto reply = co_await answer(*b.pc, offer, {.trickle = true});
    co_await a.pc->setRemoteDescription(reply);
    co_await (trickle(*a.pc, *b.pc) && trickle(*b.pc, *a.pc));
    co_await out.opened();
    auto in = co_await timeout(b.where(), 10s, b.pc->nextDataChannel());
    int received = 0, timeouts = 0;
    auto wait_a_little = [&]() -> asio::awaitable<void> {
        asio::steady_timer pause(executor);
        pause.expires_after(2ms);
        co_await pause.async_wait(asio::use_awaitable);
    };
    auto send = [&](int count) -> asio::awaitable<void> {
        for (int i = 0; i < count; ++i) {
            const auto text = std::to_string(i);
            co_await out.send(text);
            while (i % 100 == 0 && received <= i) co_await wait_a_little();
            if (i % 100 == 0) co_await wait_a_little(); // the receiver has nothing but its deadlines
        }
    };
    auto receive = [&](int count) -> asio::awaitable<void> {
        while (received < count) {
            std::optional<Message> message;
            try {
                const duration limit = std::chrono::microseconds(10 * (received % 10));
                message.emplace(co_await timeout(b.where(), limit, in.receive()));
            } catch (const Error& error) {
                if (error.code() != errc::timed_out) throw;
                ++timeouts;
            }
            if (message && message->text() != std::to_string(received++)) FAIL("messages out of order");
        }
    };
    co_await (send(2000) && receive(2000));
    CHECK(timeouts > 0);
    // Races against a timer of this thread: cancellation from here of what is pending there.
    for (int i = 0; i < 100; ++i) {
        asio::steady_timer clock(executor);
        clock.expires_after(std::chrono::microseconds(i));
        co_await (in.readable() || clock.async_wait(asio::use_awaitable));
        clock.expires_after(std::chrono::microseconds(i));
        co_await (b.pc->nextDataChannel() || clock.async_wait(asio::use_awaitable));
        clock.expires_after(std::chrono::microseconds(i));
        co_await (a.pc->createOffer() || clock.async_wait(asio::use_awaitable));
    }
    // What waits when its connection goes ends here, with an error.
    std::string ended;
    auto wait = [](DataChannel from, std::string& how) -> asio::awaitable<void> {
        try {
            co_await from.receive();
        } catch (const Error& error) {
            how = error.name();
        }
    };
    co_await (wait(in, ended) && a.destroy());
    CHECK_FALSE(ended.empty());
    co_await b.destroy();
}

void run_calls(context first, context second, int calls) {
    shard users, more_users;
    std::vector<std::future<void>> all;
    for (int i = 0; i < calls; ++i) {
        auto& users_of_it = i % 2 == 0 ? users : more_users;
        all.push_back(asio::co_spawn(users_of_it.executor(), call(first, second), asio::use_future));
    }
    for (auto& one : all) one.get();
}

} // namespace

TEST_CASE("two contexts on two threads, their users on others", "[threads]") {
    shard one, two;
    context first(one.executor(), test::loopback_options()), second(two.executor(), test::loopback_options());
    run_calls(first, second, 4);
}

TEST_CASE("contexts on strands of one thread pool, handshakes on another", "[threads]") {
    asio::thread_pool pool(3);
    {
        asio::thread_pool workers(1);
        auto options = test::loopback_options();
        options.worker = workers.get_executor();
        context first(asio::make_strand(pool), options), second(asio::make_strand(pool), options);
        run_calls(first, second, 4);
        workers.join();
    }
    pool.join();
}

TEST_CASE("a timer of a strand is armed while it expires", "[threads]") {
    asio::thread_pool pool(3);
    {
        auto strand = asio::make_strand(pool);
        net::asio_network network(strand);
        std::atomic<int> expired = 0;
        std::unique_ptr<net::timer> timer;
        auto in_strand = [&](auto body) { asio::post(strand, asio::use_future(body)).get(); };
        in_strand([&] { timer = network.make_timer([&] { ++expired; }); });
        for (int i = 0; i < 5000; ++i)
            in_strand([&] { timer->arm(network.now() + std::chrono::microseconds(i % 50)); });
        in_strand([&] { timer.reset(); });
        CHECK(expired > 0);
    }
    pool.join();
}
