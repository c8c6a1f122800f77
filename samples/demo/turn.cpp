// Two connections that reach each other over a TURN server alone move to another one while they talk:
// setConfiguration() names it, an ICE restart goes there, and the first one is given back what it lent.
#include "turn.hpp"

#include "cortc/net/asio_network.hpp"
#include "cortc/turn/server.hpp"
#include "parties.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <optional>

namespace {

constexpr std::string_view secret = "known to the servers and to who makes credentials";

/// A server of this process, on the loopback, where others would not relay to.
cortc::turn::server_options server_options() {
    cortc::turn::server_options options;
    options.realm = "demo.example.org";
    options.rest_secrets = {std::string(secret)};
    options.allowed_peers = {"127.0.0.0/8"};
    options.first_port = options.last_port = 0; // as the system chooses
    return options;
}

cortc::endpoint anywhere() { return {boost::asio::ip::make_address("127.0.0.1"), 0}; }

class turn_demo {
  public:
    turn_demo(asio::io_context& io, const cortc::context& context, const report& log)
        : io_(io)
        , log_(log)
        , network_(io.get_executor())
        , first_(std::in_place, network_, server_options(), anywhere())
        , second_(std::in_place, network_, server_options(), anywhere())
        , offerer_("offerer", context, log)
        , answerer_("answerer", context, log)
        , context_(context)
        , pause_(context) {}

    turn_results outcome;
    std::string why; // something is not as it should be

    awaitable<void> run() {
        co_await connect();
        there_.emplace(context_, numbers_, their_numbers_);
        back_.emplace(context_, their_numbers_, numbers_);
        for (auto* each : {&*there_, &*back_}) {
            beside(each->receive());
            beside(each->send());
        }
        co_await pause_.wait(100ms);
        co_await move();
        co_await count();
        co_await close();
    }

  private:
    void beside(awaitable<void> body) {
        asio::co_spawn(io_, std::move(body), [this](std::exception_ptr error) {
            try {
                if (error) std::rethrow_exception(error);
            } catch (const boost::system::system_error& end) {
                if (end.code() != cortc::errc::aborted && end.code() != cortc::errc::closed) why = end.what();
            }
        });
    }

    /// Both ends use that server, and nothing else. Its credentials are made anew for each gathering.
    void use(const cortc::turn::server& server) {
        cortc::IceServer one(fmt::format("turn:127.0.0.1:{}", server.listening().front().port));
        one.credentials = [this](cortc::IceCredentialsRequest) -> awaitable<cortc::IceCredentials> {
            const auto made =
                cortc::turn::rest_credentials::make("somebody", secret, network_.calendar() + 1min);
            co_return cortc::IceCredentials(made.username, made.password);
        };
        for (auto* each : {&offerer_, &answerer_}) {
            auto configuration = each->pc.getConfiguration();
            configuration.iceServers = {one};
            configuration.iceTransportPolicy = cortc::IceTransportPolicy::relay;
            each->pc.setConfiguration(configuration);
        }
    }
    std::string relay() const {
        const auto pair = offerer_.pc.selectedPair();
        if (!pair) return {};
        const auto words = words_of(pair->local);
        return words[7] == "relay" ? words[4] + ':' + words[5] : std::string();
    }

    awaitable<void> connect() {
        log_.line("", "TURN", "two servers of this process: ports {} and {}",
                  first_->listening().front().port, second_->listening().front().port);
        use(*first_);
        for (auto* each : {&offerer_, &answerer_}) beside(watch_pair(*each));
        cortc::DataChannelInit lossy;
        lossy.ordered = false;
        lossy.maxRetransmits = 0;
        numbers_ = offerer_.pc.createDataChannel("numbers", lossy);
        cortc::OfferOptions options;
        co_await negotiate(offerer_, answerer_, options);
        beside(trickle(offerer_, answerer_));
        beside(trickle(answerer_, offerer_));
        co_await numbers_.opened();
        their_numbers_ = co_await answerer_.pc.nextDataChannel();
        outcome.first_relay = relay();
        log_.line(offerer_.name, "connected", "over the first server, as {}", outcome.first_relay);
    }

    awaitable<void> move() {
        use(*second_);
        const auto begin = clock_type::now();
        log_.line("", "move", "setConfiguration() names the second server, and ICE restarts");
        cortc::OfferOptions options{.iceRestart = true};
        co_await negotiate(offerer_, answerer_, options);
        co_await offerer_.pc.restarted();
        co_await answerer_.pc.restarted();
        outcome.restart_ms = report::ms(begin);
        outcome.second_relay = relay();
        log_.line(offerer_.name, "moved", "to the second server, as {}, in {:.2f} ms", outcome.second_relay,
                  outcome.restart_ms);
        // The first is left when nothing can be on its way over it any more.
        for (int i = 0; i < 10000 && first_->allocations() != 0; ++i) co_await pause_.wait(1ms);
        outcome.first_released = first_->allocations() == 0 && second_->allocations() == 2;
        log_.line("", "released", "the first server has {} allocations, the second {}", first_->allocations(),
                  second_->allocations());
    }

    awaitable<void> count() {
        for (auto* each : {&*there_, &*back_}) each->stop();
        for (int i = 0; i < 500 && (there_->lost() || back_->lost()); ++i) co_await pause_.wait(1ms);
        outcome.messages_lost = there_->lost() + back_->lost();
        log_.line("", "numbers", "{} there and {} back, {} lost", there_->sent(), back_->sent(),
                  outcome.messages_lost);
    }

    awaitable<void> close() {
        for (auto* each : {&offerer_, &answerer_}) each->pc.close();
        for (auto* each : {&offerer_, &answerer_}) co_await each->pc.closed();
        for (int i = 0; i < 10000 && second_->allocations() != 0; ++i) co_await pause_.wait(1ms);
        if (second_->allocations() != 0) why = "an allocation outlives its connection";
        first_.reset();
        second_.reset();
        log_.line("", "done", "connections and servers are closed");
    }

    asio::io_context& io_;
    const report& log_;
    cortc::net::asio_network network_;
    std::optional<cortc::turn::server> first_, second_;
    party offerer_, answerer_;
    cortc::context context_;
    cortc::timer pause_;
    cortc::DataChannel numbers_, their_numbers_;
    std::optional<flow> there_, back_;
};

} // namespace

std::string to_json(const turn_results& of) {
    return fmt::format("{{\"first_relay\": \"{}\", \"second_relay\": \"{}\", \"restart_ms\": {:.2f}, "
                       "\"messages_lost\": {}, \"first_released\": {}}}",
                       of.first_relay, of.second_relay, of.restart_ms, of.messages_lost, of.first_released);
}

bool play_turn(const report& log, turn_results& outcome, std::string& why) {
    asio::io_context io;
    cortc::context_options options;
    options.interface_filter = [](const auto& local) {
        return local.address.is_loopback() && local.address.is_v4();
    };
    cortc::context context(io.get_executor(), options);
    turn_demo show(io, context, log);
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
    if (!show.why.empty()) why = show.why;
    if (!why.empty()) return false;
    if (!finished || !io.stopped())
        why = "the move to another TURN server did not end within 30 seconds";
    else if (outcome.messages_lost)
        why = fmt::format("{} messages were lost on the way to another TURN server", outcome.messages_lost);
    else if (outcome.first_relay.empty() || outcome.second_relay.empty() ||
             outcome.first_relay == outcome.second_relay || !outcome.first_released)
        why = "the connections did not move to the second TURN server";
    return why.empty();
}
