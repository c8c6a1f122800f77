// Two connections in one process, over real sockets on the loopback: they connect, play ping-pong, change
// their addresses (an ICE restart) without losing a message, and close. Then two others, which move from one
// TURN server to another (turn.cpp).
#include "parties.hpp"
#include "turn.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <optional>
#include <string>
#include <vector>

namespace {

constexpr int ping_pongs = 200;

struct results {
    double connected_ms = 0;
    std::size_t messages = 0;
    std::size_t lost = 0;
    double rtt_median_us = 0;
    double restart_ms = 0;
    bool clean_close = false;
    turn_results turn;
};

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
    const bool well = play(log, outcome, why) && play_turn(log, outcome.turn, why);
    if (json)
        fmt::print(
            "{{\"connected_ms\": {:.2f}, \"messages\": {}, \"messages_lost\": {}, \"rtt_median_us\": {:.1f}, "
            "\"restart_ms\": {:.2f}, \"clean_close\": {}, \"turn\": {}}}\n",
            outcome.connected_ms, outcome.messages, outcome.lost, outcome.rtt_median_us, outcome.restart_ms,
            outcome.clean_close, to_json(outcome.turn));
    if (!well) fmt::print(stderr, "demo: {}\n", why);
    return well ? 0 : 1;
}
