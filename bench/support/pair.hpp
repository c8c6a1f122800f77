#pragma once

#include "bench/support/measure.hpp"
#include "cortc/cortc.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>
#include <thread>

/// Two connections in one process over loopback, with the signaling between them. The ends may live on
/// different threads: what belongs to a context's executor (making a connection and a channel, closing) runs
/// in a coroutine there, the rest goes through members that take a token, which hop.
namespace bench {

namespace asio = boost::asio;

inline cortc::context_options loopback() {
    cortc::context_options options;
    options.interface_filter = [](const cortc::net::interface_address& each) {
        return each.address.is_loopback() && each.address.is_v4();
    };
    return options;
}

inline cortc::duration to_duration(double seconds) {
    return std::chrono::duration_cast<cortc::duration>(std::chrono::duration<double>(seconds));
}

/// An io_context with a thread.
class loop {
  public:
    loop() : thread_([this] { io_.run(); }) {}
    /// Returns when nothing is left to do there. Call it before what lives there is destroyed.
    void join() {
        guard_.reset();
        thread_.join();
    }
    [[nodiscard]] asio::any_io_executor executor() { return io_.get_executor(); }

  private:
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard_ = asio::make_work_guard(io_);
    std::thread thread_;
};

struct end {
    explicit end(cortc::context context) : where(std::move(context)) {}

    cortc::context where;
    std::optional<cortc::PeerConnection> pc{};
    cortc::DataChannel channel{};
};

struct pair {
    pair(const cortc::context& first, const cortc::context& second) : a(first), b(second) {}

    end a, b;
    double offer_to_open_ms = 0;
};

inline asio::awaitable<void> make(end& who, bool offers) {
    who.pc.emplace(who.where);
    if (offers) who.channel = who.pc->createDataChannel("bench");
    co_return;
}

inline asio::awaitable<void> unmake(end& who) {
    who.pc->close();
    co_await who.pc->closed();
    who.channel = {};
    who.pc.reset();
}

inline asio::awaitable<void> pass_candidates(cortc::PeerConnection& from, cortc::PeerConnection& to) {
    while (auto candidate = co_await from.nextIceCandidate()) co_await to.addIceCandidate(*candidate);
}

/// Until the channel is open on both ends.
inline asio::awaitable<void> connect(pair& p) {
    co_await asio::co_spawn(p.a.where.get_executor(), make(p.a, true), asio::use_awaitable);
    co_await asio::co_spawn(p.b.where.get_executor(), make(p.b, false), asio::use_awaitable);
    auto &a = *p.a.pc, &b = *p.b.pc;
    const stopwatch watch;
    auto offer = co_await a.createOffer();
    co_await a.setLocalDescription(offer);
    co_await b.setRemoteDescription(offer);
    auto answer = co_await b.createAnswer();
    co_await b.setLocalDescription(answer);
    co_await a.setRemoteDescription(answer);
    co_await pass_candidates(a, b);
    co_await pass_candidates(b, a);
    p.b.channel = co_await b.nextDataChannel();
    co_await p.a.channel.opened();
    p.offer_to_open_ms = watch.wall() * 1e3;
}

inline asio::awaitable<void> disconnect(pair& p) {
    co_await asio::co_spawn(p.a.where.get_executor(), unmake(p.a), asio::use_awaitable);
    co_await asio::co_spawn(p.b.where.get_executor(), unmake(p.b), asio::use_awaitable);
}

/// For loops that end when their channel does.
inline void spawn(const cortc::context& where, asio::awaitable<void> body) {
    asio::co_spawn(where.get_executor(), std::move(body), [](std::exception_ptr) {});
}

} // namespace bench
