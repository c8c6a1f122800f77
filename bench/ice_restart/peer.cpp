#include "bench/ice_restart/restart.hpp"

#include "cortc/signaling/websocket.hpp"

#include <boost/asio/detached.hpp>
#include <fmt/format.h>

using namespace cortc;
using namespace std::chrono_literals;

namespace bench {

namespace {

/// A connection, and the WebSocket that it is negotiated over.
struct negotiating {
    negotiating(const context& where, signaling::session a_session)
        : pc(where), session(std::move(a_session)) {}

    PeerConnection pc;
    signaling::session session;
};

/// One connection, as the samples' page makes it: it offers, trickles, and restarts by restartIce().
class visit {
  public:
    visit(const context& where, duration patience) : where_(where), patience_(patience), clock_(where) {}

    asio::awaitable<void> run(std::string url, int count) {
        co_await connect(std::move(url));
        const bool echoes = co_await echo() >= 0;
        co_await start_numbers();
        const auto numbers_before = returned_;
        std::vector<double> done, answered;
        const stopwatch watch;
        for (int i = 0; i < count; ++i) {
            const auto begin = clock_.now();
            co_await restart(i);
            done.push_back(to_ms(clock_.now() - begin));
            if (!echoes) continue;
            if (co_await echo() < 0)
                throw std::runtime_error(
                    fmt::format("restart {}: no echo within {} ms", i, to_ms(patience_)));
            answered.push_back(to_ms(clock_.now() - begin));
        }
        const auto wall = watch.wall(), cpu = watch.cpu();
        co_await stop_numbers();
        std::printf("peer restarts=%d %s restarts_per_s=%.1f cpu_ms=%.4f", count, distribution(done).c_str(),
                    count / wall, cpu / count * 1e3);
        if (echoes)
            std::printf(" answered_median_ms=%.4f answered_p99_ms=%.4f", median(answered),
                        quantile(answered, .99));
        else
            std::printf(" answered_median_ms=n/a (the server does not echo)");
        if (numbers_before > 0)
            std::printf(" sent=%zu lost=%zu\n", sent_, sent_ - returned_);
        else
            std::printf(" sent=%zu lost=n/a (the server does not echo the second channel)\n", sent_);
        peer_->pc.close();
        peer_.reset(); // and with it the WebSocket, when what runs has ended
    }

  private:
    asio::awaitable<void> connect(std::string url) {
        // Exactly one end is polite; sample 4 is when it is asked to be.
        const bool polite = url.find("?polite") == url.npos;
        auto session = co_await within(signaling::connect(where_.get_executor(), std::move(url)),
                                       "the WebSocket's handshake");
        peer_ = std::make_shared<negotiating>(where_, std::move(session));
        asio::co_spawn(where_.get_executor(), negotiate(peer_, polite), asio::detached);
        channel_ = peer_->pc.createDataChannel("bench");
        co_await within(channel_.opened(), "the connection");
    }
    asio::awaitable<void> negotiate(std::shared_ptr<negotiating> peer, bool polite) {
        std::function<void(const std::exception&)> note = [this](const auto& error) {
            trouble_ = error.what();
        };
        (void)co_await perfect_negotiation(peer->pc, peer->session, polite, std::move(note));
        peer->pc.close();
    }
    /// The operation, or what it was that did not come, and what else went wrong before.
    template <class T>
    asio::awaitable<T> within(asio::awaitable<T> operation, std::string what) {
        try {
            co_return co_await timeout(where_, patience_, std::move(operation));
        } catch (const Error& error) {
            if (error.code() != errc::timed_out && error.code() != errc::aborted &&
                error.code() != errc::closed)
                throw;
            auto text = fmt::format("{}: {}", what,
                                    error.code() == errc::timed_out
                                        ? fmt::format("not within {} ms", to_ms(patience_))
                                        : "the server ended it");
            if (!trouble_.empty()) text += "; " + trouble_;
            throw std::runtime_error(text);
        }
    }

    [[nodiscard]] std::optional<std::string> generation() const {
        const auto pair = peer_->pc.selectedPair();
        return pair ? pair->local.usernameFragment : std::nullopt;
    }
    asio::awaitable<void> restart(int number) {
        const auto before = generation();
        peer_->pc.restartIce();
        co_await within(new_generation(before), fmt::format("restart {}", number));
    }
    asio::awaitable<void> new_generation(std::optional<std::string> before) {
        while (generation() == before) (void)co_await peer_->pc.selectedPairChanged();
        co_await peer_->pc.signalingStateChanged(SignalingState::have_local_offer); // at once when stable
    }

    /// Milliseconds until a message came back; -1 when it does not.
    asio::awaitable<double> echo() {
        const auto begin = clock_.now();
        co_await channel_.send("ping");
        try {
            (void)co_await timeout(where_, patience_, channel_.receive());
        } catch (const Error& error) {
            if (error.code() != errc::timed_out) throw;
            co_return -1;
        }
        co_return to_ms(clock_.now() - begin);
    }

    // A thousand messages a second, unordered and sent once, which come back if the server echoes them.
    asio::awaitable<void> start_numbers() {
        DataChannelInit init;
        init.ordered = false;
        init.maxRetransmits = 0;
        numbers_ = peer_->pc.createDataChannel("numbers", init);
        co_await within(numbers_.opened(), "the second channel");
        beside(where_, send_numbers());
        beside(where_, count_numbers());
        co_await clock_.wait(500ms);
    }
    asio::awaitable<void> send_numbers() {
        timer clock(where_);
        for (auto next = clock.now(); sending_; next += 1ms) {
            co_await clock.wait(next - clock.now());
            if (!sending_) break;
            co_await numbers_.send("number");
            ++sent_;
        }
    }
    asio::awaitable<void> count_numbers() {
        for (;;) {
            (void)co_await numbers_.receive();
            ++returned_;
        }
    }
    asio::awaitable<void> stop_numbers() {
        sending_ = false;
        for (int i = 0; i < 100 && returned_ < sent_; ++i) co_await clock_.wait(10ms);
    }

    context where_;
    duration patience_;
    timer clock_;
    std::shared_ptr<negotiating> peer_{};
    DataChannel channel_{}, numbers_{};
    std::string trouble_{};
    bool sending_ = true;
    std::size_t sent_ = 0, returned_ = 0;
};

} // namespace

void restart_with_peer(const std::string& url, int count, duration patience) {
    asio::io_context io(1);
    context_options options;
    options.interface_filter = [](const auto&) { return true; }; // loopback too: the server may be here
    const context where(io.get_executor(), options);
    visit all(where, patience);
    asio::co_spawn(io, all.run(url, count), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
    });
    io.run();
}

} // namespace bench
