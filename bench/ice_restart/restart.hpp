#pragma once

#include "bench/support/pair.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

/// ICE restarts of connections that talk. Times are those of the context: virtual where its network is.
namespace bench {

inline double to_ms(cortc::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

/// Milliseconds from before createOffer().
struct restart_times {
    double done = 0;     ///< both ends have selected a pair of the new generation
    double answered = 0; ///< a message sent at that moment has come back
};

/// Runs something until its connection or channel closes.
inline void beside(const cortc::context& where, asio::awaitable<void> body) {
    asio::co_spawn(where.get_executor(), std::move(body), [](std::exception_ptr error) {
        try {
            if (error) std::rethrow_exception(error);
        } catch (const boost::system::system_error& end) {
            if (end.code() != cortc::errc::aborted && end.code() != cortc::errc::closed) throw;
        }
    });
}

/// Numbered messages from one channel to another, a thousand a second, and how many of them arrived.
class numbers {
  public:
    numbers(const cortc::context& where, cortc::DataChannel from, cortc::DataChannel to)
        : from_(std::move(from)), to_(std::move(to)), clock_(where) {}

    asio::awaitable<void> send() {
        for (auto next = clock_.now(); sending_; next += std::chrono::milliseconds(1)) {
            co_await clock_.wait(next - clock_.now());
            if (!sending_) break;
            const auto number = static_cast<std::uint32_t>(arrived_.size());
            arrived_.push_back(false);
            co_await from_.send(cortc::byte_view(reinterpret_cast<const std::byte*>(&number), sizeof number));
        }
    }
    asio::awaitable<void> receive() {
        for (;;) {
            const auto message = co_await to_.receive();
            std::uint32_t number = 0;
            std::memcpy(&number, message.data().data(), std::min(sizeof number, message.size()));
            if (number < arrived_.size()) arrived_[number] = true;
        }
    }
    void stop() { sending_ = false; }

    [[nodiscard]] std::size_t sent() const { return arrived_.size(); }
    [[nodiscard]] std::size_t lost() const {
        return static_cast<std::size_t>(std::count(arrived_.begin(), arrived_.end(), false));
    }

  private:
    cortc::DataChannel from_, to_;
    cortc::timer clock_;
    std::vector<bool> arrived_{};
    bool sending_ = true;
};

/// How candidates reach the other end. Those of hosts are told in the turns behind setLocalDescription(), so
/// localDescription() has them all in no time.
enum class candidates_go { in_description, trickle };

/// Two connections, the signaling between them, a channel whose messages the answerer sends back, and one
/// each way that is unordered and sends nothing twice. Must outlive the io_context's work.
class restarting_pair {
  public:
    /// `delay`: how long a description or candidate is on its way.
    restarting_pair(const cortc::context& first, const cortc::context& second, candidates_go way,
                    cortc::duration delay = {})
        : ends_(first, second), way_(way), delay_(delay), clock_(first) {}

    asio::awaitable<void> open() {
        co_await connect(ends_);
        if (way_ == candidates_go::trickle) {
            beside(ends_.a.where, trickle(*ends_.a.pc, *ends_.b.pc));
            beside(ends_.b.where, trickle(*ends_.b.pc, *ends_.a.pc));
        }
        beside(ends_.b.where, reflect(ends_.b.channel));
    }
    asio::awaitable<restart_times> restart() {
        const auto before = selected();
        const auto begin = clock_.now();
        co_await negotiate();
        co_await ends_.a.pc->restarted();
        co_await ends_.b.pc->restarted();
        restart_times times;
        times.done = to_ms(clock_.now() - begin);
        co_await ends_.a.channel.send("ping");
        (void)co_await ends_.a.channel.receive();
        times.answered = to_ms(clock_.now() - begin);
        const auto after = selected();
        if (after.usernameFragment == before.usernameFragment)
            throw std::runtime_error("the selected pair is not of a new generation");
        new_socket_ = address(after) != address(before);
        co_return times;
    }
    /// Whether the last restart went over to another local address or port.
    [[nodiscard]] bool new_socket() const { return new_socket_; }

    /// Numbered messages both ways, until they are told to stop.
    asio::awaitable<void> start_numbers() {
        cortc::DataChannelInit init;
        init.ordered = false;
        init.maxRetransmits = 0;
        init.negotiated = true;
        init.id = 100;
        auto a = ends_.a.pc->createDataChannel("numbers", init);
        auto b = ends_.b.pc->createDataChannel("numbers", init);
        co_await a.opened();
        co_await b.opened();
        there_ = std::make_shared<numbers>(ends_.a.where, a, b);
        back_ = std::make_shared<numbers>(ends_.b.where, b, a);
        for (const auto& each : {there_, back_}) {
            beside(ends_.a.where, receive(each));
            beside(ends_.a.where, send(each));
        }
    }
    /// What was sent last gets `patience` to arrive.
    asio::awaitable<void> stop_numbers(cortc::duration patience) {
        there_->stop();
        back_->stop();
        const auto end = clock_.now() + patience;
        while (lost() > 0 && clock_.now() < end) co_await clock_.wait(std::chrono::milliseconds(1));
    }
    [[nodiscard]] std::size_t sent() const { return there_->sent() + back_->sent(); }
    [[nodiscard]] std::size_t lost() const { return there_->lost() + back_->lost(); }

    void close() {
        ends_.a.pc->close();
        ends_.b.pc->close();
    }

  private:
    static asio::awaitable<void> send(std::shared_ptr<numbers> which) { co_await which->send(); }
    static asio::awaitable<void> receive(std::shared_ptr<numbers> which) { co_await which->receive(); }
    static asio::awaitable<void> reflect(cortc::DataChannel channel) {
        for (;;) {
            auto message = co_await channel.receive();
            co_await channel.send(message);
        }
    }

    asio::awaitable<void> signal() {
        if (delay_ == cortc::duration::zero()) co_return;
        cortc::timer clock(ends_.a.where);
        co_await clock.wait(delay_);
    }
    asio::awaitable<void> trickle(cortc::PeerConnection& from, cortc::PeerConnection& to) {
        for (;;) {
            auto candidate = co_await from.nextIceCandidate();
            co_await signal();
            if (candidate) co_await to.addIceCandidate(*candidate);
        }
    }
    asio::awaitable<void> negotiate() {
        auto &a = *ends_.a.pc, &b = *ends_.b.pc;
        cortc::OfferOptions options{.iceRestart = true};
        auto offer = co_await a.createOffer(options);
        co_await a.setLocalDescription(offer);
        co_await complete(a, offer);
        co_await signal();
        co_await b.setRemoteDescription(offer);
        auto answer = co_await b.createAnswer();
        co_await b.setLocalDescription(answer);
        co_await complete(b, answer);
        co_await signal();
        co_await a.setRemoteDescription(answer);
    }
    asio::awaitable<void> complete(cortc::PeerConnection& from, cortc::SessionDescription& description) {
        if (way_ == candidates_go::trickle) co_return;
        co_await from.gatheringComplete(); // of the new generation; the state may be the old one's yet
        description = *from.localDescription();
    }
    [[nodiscard]] cortc::IceCandidate selected() const {
        const auto pair = ends_.a.pc->selectedPair();
        return pair ? pair->local : cortc::IceCandidate();
    }
    /// "127.0.0.1 50000", out of "candidate:F 1 udp PRIORITY ADDRESS PORT typ TYPE".
    static std::string address(const cortc::IceCandidate& candidate) {
        const auto& text = candidate.candidate;
        std::size_t from = 0;
        for (int word = 0; word < 4; ++word) from = text.find(' ', from) + 1;
        return text.substr(from, text.find(" typ ") - from);
    }

    pair ends_;
    candidates_go way_;
    cortc::duration delay_;
    cortc::timer clock_;
    bool new_socket_ = false;
    std::shared_ptr<numbers> there_{}, back_{};
};

/// "median_ms=... mean_ms=... p90_ms=... p99_ms=..."; the samples go to the file that BENCH_SAMPLES names, a
/// line each, behind what is there.
inline std::string distribution(const std::vector<double>& samples) {
    if (const char* path = std::getenv("BENCH_SAMPLES"))
        if (auto* file = std::fopen(path, "a")) {
            for (auto each : samples) std::fprintf(file, "%.6f\n", each);
            std::fclose(file);
        }
    double sum = 0;
    for (auto each : samples) sum += each;
    char text[160];
    std::snprintf(text, sizeof text, "median_ms=%.4f mean_ms=%.4f p90_ms=%.4f p99_ms=%.4f", median(samples),
                  sum / static_cast<double>(samples.size()), quantile(samples, .9), quantile(samples, .99));
    return text;
}

// The commands; each prints its figures as one line of key=value.

/// `count` restarts of `pairs` pairs on one thread over loopback, in turn; then all at once, wave by wave,
/// while the first pair carries numbered messages. With new_sockets each is to another address.
void restart_on_loopback(int pairs, int count, candidates_go way, bool new_sockets, bool early);
/// `count` restarts of one pair between two simulated hosts.
void restart_simulated(cortc::duration round_trip, double loss, int count, bool early);
/// `count` restarts of one connection with the server at `url`. Each step may take `patience`.
void restart_with_peer(const std::string& url, int count, cortc::duration patience);

} // namespace bench
