// Two connections in one process, over real sockets on the loopback: they connect, play ping-pong, change
// their addresses (an ICE restart) without losing a message, and close.
#include "cortc/cortc.hpp"
#include "report.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;
using clock_type = report::clock;

namespace {

constexpr int ping_pongs = 200;

struct results {
    double connected_ms = 0;
    std::size_t messages = 0;
    std::size_t lost = 0;
    double rtt_median_us = 0;
    double restart_ms = 0;
    bool clean_close = false;
};

/// One end, and what is watched of it.
class party {
  public:
    party(std::string_view a_name, const cortc::context& where, const report& a_log)
        : name(a_name), pc(where), log(a_log) {}

    std::string_view name;
    cortc::PeerConnection pc;
    const report& log;
};

/// "127.0.0.1 port 50000 (host)", out of "candidate:F 1 udp PRIORITY ADDRESS PORT typ TYPE".
std::string address_of(const cortc::IceCandidate& candidate) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < candidate.candidate.size();) {
        const auto end = std::min(candidate.candidate.find(' ', at), candidate.candidate.size());
        words.push_back(candidate.candidate.substr(at, end - at));
        at = end + 1;
    }
    return words.size() < 8 ? candidate.candidate
                            : fmt::format("{} port {} ({})", words[4], words[5], words[7]);
}

/// Offer and answer, and signaling as short as it can be. Each description is given to the other side before
/// it is set here, because setting it begins to make candidates, and a candidate must not come before its
/// description.
awaitable<void> negotiate(party& offerer, party& answerer, cortc::OfferOptions options) {
    auto offer = co_await offerer.pc.createOffer(options);
    co_await answerer.pc.setRemoteDescription(offer);
    co_await offerer.pc.setLocalDescription(offer);
    auto answer = co_await answerer.pc.createAnswer();
    co_await offerer.pc.setRemoteDescription(answer);
    co_await answerer.pc.setLocalDescription(answer);
}

awaitable<void> trickle(party& from, party& to) {
    for (;;) {
        auto candidate = co_await from.pc.nextIceCandidate();
        if (!candidate) continue;
        if (!candidate->candidate.empty())
            from.log.line(from.name, "candidate", "{}", address_of(*candidate));
        co_await to.pc.addIceCandidate(*candidate);
    }
}

awaitable<void> watch_pair(party& who) {
    for (;;) {
        auto pair = co_await who.pc.selectedPairChanged();
        who.log.line(who.name, "pair", "{} to {}", address_of(pair.local), address_of(pair.remote));
    }
}

awaitable<void> watch_state(party& who) {
    auto state = who.pc.connectionState();
    for (;;) {
        state = co_await who.pc.stateChanged(state);
        const bool secured = state == cortc::PeerConnectionState::connected;
        who.log.line(who.name, to_string(state), "{}", secured ? "the DTLS handshake is done" : "");
    }
}

awaitable<void> echo(cortc::DataChannel channel) {
    for (;;) {
        auto message = co_await channel.receive();
        co_await channel.send(message);
    }
}

/// Numbered messages in one direction, a thousand a second, and which of them arrived.
class flow {
  public:
    flow(const cortc::context& where, cortc::DataChannel from, cortc::DataChannel to)
        : from_(std::move(from)), to_(std::move(to)), clock_(where) {}

    awaitable<void> send() {
        for (auto next = clock_.now(); sending_; next += 1ms) {
            auto number = std::to_string(arrived_.size());
            arrived_.push_back(false);
            co_await from_.send(number);
            co_await clock_.wait(next + 1ms - clock_.now());
        }
    }
    awaitable<void> receive() {
        for (;;) {
            auto message = co_await to_.receive();
            std::size_t number = 0;
            const auto text = message.text();
            std::from_chars(text.data(), text.data() + text.size(), number);
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
    std::vector<bool> arrived_;
    bool sending_ = true;
};

class demo {
  public:
    demo(asio::io_context& io, const cortc::context& context, const report& log)
        : io_(io)
        , context_(context)
        , log_(log)
        , offerer_("offerer", context, log)
        , answerer_("answerer", context, log)
        , pause_(context) {}

    results outcome;

    awaitable<void> run() {
        co_await connect();
        co_await play_ping_pong();
        co_await restart();
        co_await close();
    }
    /// Something that ran beside run() broke.
    [[nodiscard]] const std::optional<std::string>& broken() const { return broken_; }

  private:
    /// Runs something beside until its connection or channel closes.
    void beside(awaitable<void> body) {
        asio::co_spawn(io_, std::move(body), [this](std::exception_ptr error) {
            try {
                if (error) std::rethrow_exception(error);
            } catch (const boost::system::system_error& end) {
                if (end.code() != cortc::errc::aborted && end.code() != cortc::errc::closed)
                    broken_ = end.what();
            }
        });
    }

    awaitable<void> connect() {
        for (auto* each : {&offerer_, &answerer_}) {
            beside(watch_pair(*each));
            beside(watch_state(*each));
        }
        chat_ = offerer_.pc.createDataChannel("chat");
        cortc::DataChannelInit lossy;
        lossy.ordered = false;
        lossy.maxRetransmits = 0;
        numbers_ = offerer_.pc.createDataChannel("numbers", lossy);
        cortc::OfferOptions first;
        co_await negotiate(offerer_, answerer_, first);
        beside(trickle(offerer_, answerer_));
        beside(trickle(answerer_, offerer_));
        co_await chat_.opened();
        co_await numbers_.opened();
        log_.line(offerer_.name, "channels", "\"chat\" and \"numbers\" are open");
        for (int i = 0; i < 2; ++i) {
            auto channel = co_await answerer_.pc.nextDataChannel();
            log_.line(answerer_.name, "channel", "\"{}\" is open", channel.label());
            (channel.label() == "chat" ? their_chat_ : their_numbers_) = channel;
        }
        outcome.connected_ms = log_.ms();
        beside(echo(their_chat_));
    }

    awaitable<void> play_ping_pong() {
        std::vector<double> rtts;
        for (int i = 0; i < ping_pongs; ++i) {
            auto text = fmt::format("ping {}", i);
            const auto sent = clock_type::now();
            outcome.messages += 2;
            co_await chat_.send(text);
            auto back = co_await chat_.receive();
            rtts.push_back(report::ms(sent) * 1000);
            if (back.text() != text) throw std::runtime_error("the echo is not what was sent");
            if (i < 3)
                log_.line(offerer_.name, "message", "\"{}\" came back in {:.0f} us", text, rtts.back());
        }
        std::nth_element(rtts.begin(), rtts.begin() + ping_pongs / 2, rtts.end());
        outcome.rtt_median_us = rtts[ping_pongs / 2];
        log_.line(offerer_.name, "messages", "{} came back, half of them in {:.0f} us or less", ping_pongs,
                  outcome.rtt_median_us);
    }

    awaitable<void> restart() {
        auto& there = there_.emplace(context_, numbers_, their_numbers_);
        auto& back = back_.emplace(context_, their_numbers_, numbers_);
        for (auto* each : {&there, &back}) {
            beside(each->receive());
            beside(each->send());
        }
        log_.line("", "numbers", "a thousand a second each way: unordered, sent once, never again");
        co_await pause_.wait(100ms);

        const auto begin = clock_type::now();
        log_.line(offerer_.name, "restart", "new ICE credentials");
        cortc::OfferOptions options{.iceRestart = true};
        co_await negotiate(offerer_, answerer_, options);
        co_await offerer_.pc.restarted();
        co_await answerer_.pc.restarted();
        outcome.restart_ms = report::ms(begin);
        log_.line("", "restarted", "in {:.2f} ms", outcome.restart_ms);

        co_await pause_.wait(100ms);
        for (auto* each : {&there, &back}) each->stop();
        // What was sent last may still be on its way.
        for (int i = 0; i < 500 && (there.lost() || back.lost()); ++i) co_await pause_.wait(1ms);
        for (auto* each : {&there, &back}) {
            outcome.messages += each->sent();
            outcome.lost += each->lost();
        }
        log_.line("", "numbers", "{} there and {} back, {} lost", there.sent(), back.sent(), outcome.lost);
    }

    awaitable<void> close() {
        chat_.close();
        numbers_.close();
        co_await chat_.closed();
        co_await numbers_.closed();
        co_await their_chat_.closed();
        co_await their_numbers_.closed();
        log_.line("", "channels", "are closed");
        for (auto* each : {&offerer_, &answerer_}) each->pc.close();
        for (auto* each : {&offerer_, &answerer_}) co_await each->pc.closed();
        log_.line("", "connections", "are closed");
    }

    asio::io_context& io_;
    cortc::context context_;
    const report& log_;
    party offerer_, answerer_;
    cortc::timer pause_;
    cortc::DataChannel chat_, numbers_, their_chat_, their_numbers_;
    std::optional<flow> there_, back_;
    std::optional<std::string> broken_;
};

/// Whether all went well; `why` says what did not.
bool play(const report& log, results& outcome, std::string& why) {
    asio::io_context io;
    cortc::context_options options;
    options.interface_filter = [](const auto& local) { return local.address.is_loopback(); };
    cortc::context context(io.get_executor(), options);
    demo show(io, context, log);
    bool finished = false;
    asio::co_spawn(io, show.run(), [&](std::exception_ptr error) {
        finished = !error;
        try {
            if (error) std::rethrow_exception(error);
        } catch (const std::exception& caught) {
            why = caught.what();
        }
    });
    io.run_for(30s);
    outcome = show.outcome;
    if (show.broken()) why = *show.broken();
    // Dry: no task, socket or timer is left.
    outcome.clean_close = finished && io.stopped();
    if (finished && !io.stopped()) why = "something still runs after everything was closed";
    if (!finished && why.empty()) why = "it did not end within 30 seconds";
    if (finished && outcome.lost) why = fmt::format("{} messages were lost", outcome.lost);
    if (outcome.clean_close) log.line("", "done", "nothing is left to do");
    return why.empty();
}

} // namespace

int main(int argc, char** argv) {
    const bool json = argc == 2 && std::string_view(argv[1]) == "--json";
    if (argc > 1 && !json) {
        fmt::print(stderr, "usage: {} [--json]\n", argv[0]);
        return 2;
    }
    const report log(json);
    results outcome;
    std::string why;
    const bool well = play(log, outcome, why);
    if (json)
        fmt::print(
            "{{\"connected_ms\": {:.2f}, \"messages\": {}, \"messages_lost\": {}, \"rtt_median_us\": {:.1f}, "
            "\"restart_ms\": {:.2f}, \"clean_close\": {}}}\n",
            outcome.connected_ms, outcome.messages, outcome.lost, outcome.rtt_median_us, outcome.restart_ms,
            outcome.clean_close);
    if (!well) fmt::print(stderr, "demo: {}\n", why);
    return well ? 0 : 1;
}
