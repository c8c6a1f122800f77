// restart_peer MODE RESTARTS OURS THEIRS PAGE [HOST]: offers to a peer that runs restarts.mjs, or does the
// same, and judges. MODE turns: ICE restarts, of ours and of the peer's in turn. MODE yield: of both at once,
// faster than they can be, and we are polite; MODE insist: the peer is. After it, each behind a hyphen, what
// our context does: late (no context_options::early_nomination), lite, mux. Meanwhile numbered messages flow
// both ways over a reliable channel and one that sends nothing twice. OURS, THEIRS: how many of each end's
// may be lost on the latter. PAGE is served as /restarts.mjs, and "/" runs it. Exit 0: all well.
#include "cortc/cortc.hpp"
#include "cortc/signaling/websocket.hpp"
#include "judge.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;

namespace {

struct command_line {
    std::string mode;
    int restarts;
    std::size_t losses_of_ours, losses_of_theirs;
    std::string page, host;
    std::vector<std::string> features;
};

/// Numbers sent and received over one channel.
struct flow {
    std::size_t sent = 0;
    std::set<std::size_t> received;
    std::size_t out_of_order = 0;
};

class judge : public std::enable_shared_from_this<judge> {
  public:
    judge(asio::io_context& io, const cortc::context& context, cortc::signaling::session session,
          const command_line& given)
        : io_(io)
        , context_(context)
        , given_(given)
        , signaling_(std::move(session))
        , pc_(context)
        , clock_(context) {}

    awaitable<void> run() {
        beside(negotiate());
        co_await connect();
        beside(watch_dtls());
        beside(count_in(channel_ordered_, ordered_));
        beside(count_in(channel_lossy_, lossy_));
        const auto flows = [this] { return ordered_.received.size() > 20 && lossy_.received.size() > 20; };
        co_await until(flows, "messages of the peer"); // it listens, then
        beside(count_up(channel_ordered_, ordered_));
        beside(count_up(channel_lossy_, lossy_));
        if (given_.mode != "turns")
            co_await glare();
        else
            for (int i = 0; i < given_.restarts; ++i) co_await restart(i);
        co_await count();
        over_ = true;
        pc_.close();
        co_await pc_.closed();
        co_await signaling_.close();
        check(broken_.empty(), "closed " + broken_);
    }

  private:
    awaitable<void> negotiate() {
        auto tell = [](const std::exception& error) { fmt::print("negotiation: {}\n", error.what()); };
        const bool polite = given_.mode != "insist";
        auto end = co_await cortc::perfect_negotiation(pc_, signaling_, polite, tell);
        if (!over_) broken_ += fmt::format("negotiation ended, {}: {} ", to_string(end.outcome), end.text);
    }
    void beside(awaitable<void> body) {
        asio::co_spawn(io_, std::move(body), [this, self = shared_from_this()](std::exception_ptr error) {
            try {
                if (error) std::rethrow_exception(error);
            } catch (const std::exception& end) {
                if (!over_) broken_ += end.what();
            }
        });
    }

    template <class Condition>
    awaitable<void> until(Condition holds, std::string_view what) {
        for (int i = 0; i < 10000 && !holds(); ++i) co_await clock_.wait(1ms);
        if (!holds()) throw std::runtime_error(fmt::format("{}: not within 10 s", what));
    }

    awaitable<void> connect() {
        cortc::DataChannelInit unreliable;
        unreliable.ordered = false;
        unreliable.maxRetransmits = 0;
        control_ = pc_.createDataChannel("control");
        channel_ordered_ = pc_.createDataChannel("ordered");
        channel_lossy_ = pc_.createDataChannel("lossy", unreliable);
        co_await control_.opened();
        co_await channel_ordered_.opened();
        co_await channel_lossy_.opened();
        check(true, "connected, and the channels are open");
    }

    /// Neither DTLS nor the channels may notice anything.
    awaitable<void> watch_dtls() {
        auto dtls = pc_.sctp()->transport();
        co_await dtls.stateChanged(cortc::DtlsTransportState::connected);
        if (!over_) broken_ += "DTLS changed its state ";
    }
    awaitable<void> count_up(cortc::DataChannel channel, flow& numbers) {
        cortc::timer clock(context_);
        while (flowing_) {
            auto number = std::to_string(numbers.sent);
            ++numbers.sent;
            co_await channel.send(number);
            co_await clock.wait(2ms);
        }
    }
    awaitable<void> count_in(cortc::DataChannel channel, flow& numbers) {
        for (;;) {
            auto message = co_await channel.receive();
            const auto number = std::stoul(std::string(message.text()));
            if (number != numbers.received.size()) ++numbers.out_of_order;
            numbers.received.insert(number);
        }
    }

    /// The peer's answer, by words; it must come within 10 s.
    awaitable<std::vector<std::string>> ask(std::string question) {
        co_await control_.send(question);
        auto reply = co_await cortc::timeout(10s, control_.receive());
        std::istringstream in{std::string(reply.text())};
        co_return std::vector<std::string>(std::istream_iterator<std::string>(in), {});
    }

    [[nodiscard]] cortc::IceTransport ice() const { return pc_.sctp()->transport().iceTransport(); }
    [[nodiscard]] std::string local_ufrag() const { return ice().getLocalParameters()->usernameFragment; }
    [[nodiscard]] std::string remote_ufrag() const { return ice().getRemoteParameters()->usernameFragment; }
    [[nodiscard]] bool stable() const { return pc_.signalingState() == cortc::SignalingState::stable; }

    /// A restart by us (as either member of the interface asks for it) or by the peer, until both ends use
    /// it.
    awaitable<void> restart(int number) {
        const auto local = local_ufrag(), remote = remote_ufrag();
        const bool ours = number % 2 == 0;
        if (!ours) {
            co_await control_.send("restart");
        } else if (number % 4 == 0) {
            pc_.restartIce();
        } else {
            cortc::OfferOptions options{.iceRestart = true};
            auto offer = co_await pc_.createOffer(options);
            co_await signaling_.send(offer);
            co_await pc_.setLocalDescription(offer);
        }
        co_await until([&] { return stable() && local_ufrag() != local && remote_ufrag() != remote; },
                       "both credentials to be new");
        co_await both_selected(fmt::format("restart {} of {}", number, ours ? "ours" : "the peer's"));
        const auto enough = ordered_.received.size() + 10;
        co_await until([&] { return ordered_.received.size() > enough; }, "messages over the new pair");
    }

    awaitable<void> both_selected(std::string what) {
        co_await cortc::timeout(10s, pc_.restarted());
        const auto pair = ice().getSelectedCandidatePair();
        if (!pair || pair->local.usernameFragment != local_ufrag())
            throw std::runtime_error(what + ": no pair of our new credentials is selected");
        auto peers = co_await ask("selected " + remote_ufrag());
        if (peers.size() != 1 || peers[0] != "selected")
            throw std::runtime_error(fmt::format("{}: the peer selected no pair of its new credentials: {}",
                                                 what, fmt::join(peers, " ")));
        check(true, what + ": both ends selected a pair of the new credentials");
    }

    /// Both at once, again before the one before is done; and in the end both are where they should be.
    awaitable<void> glare() {
        for (int i = 0; i < given_.restarts; ++i) {
            co_await control_.send("restart");
            pc_.restartIce();
            co_await clock_.wait(std::chrono::milliseconds(5 + i * 7 % 40));
        }
        int quiet = 0;
        for (int tries = 0; tries < 200 && quiet < 3; ++tries) {
            auto state = co_await ask("state");
            const bool agree = state.size() == 4 && state[0] == "stable" && state[1] == "0" && stable() &&
                               state[2] == remote_ufrag() && state[3] == local_ufrag();
            quiet = agree ? quiet + 1 : 0;
            last_state_ = fmt::format("{}; ours is {} {} {}", fmt::join(state, " "),
                                      to_string(pc_.signalingState()), remote_ufrag(), local_ufrag());
            co_await clock_.wait(50ms);
        }
        if (quiet < 3) throw std::runtime_error("the ends do not agree: " + last_state_);
        co_await both_selected(fmt::format("{} restarts of both at once", given_.restarts));
    }

    /// Ends the flow, and compares what went in with what came out.
    awaitable<void> count() {
        flowing_ = false;
        const auto sent = co_await ask("stop");
        const auto ordered = std::stoul(sent.at(0)), lossy = std::stoul(sent.at(1));
        co_await until([&] { return ordered_.received.size() == ordered; },
                       "every reliable message of the peer");
        // What the unreliable channel has not brought a second later is lost.
        std::vector<std::string> peers;
        for (int i = 0; i < 200; ++i) {
            peers = co_await ask("received");
            if (peers.at(0) == std::to_string(ordered_.sent) && peers.at(1) == std::to_string(lossy_.sent) &&
                lossy_.received.size() == lossy)
                break;
            co_await clock_.wait(5ms);
        }
        check(peers.size() == 2, fmt::format("the peer has nothing to complain of: {}",
                                             fmt::join(peers.begin() + 2, peers.end(), " ")));
        check(peers[0] == std::to_string(ordered_.sent) && ordered_.out_of_order == 0,
              fmt::format("reliable: all {} messages of ours and {} of the peer's came in order",
                          ordered_.sent, ordered));
        const auto lost_ours = lossy_.sent - std::stoul(peers[1]),
                   lost_theirs = lossy - lossy_.received.size();
        if (lost_theirs != 0) co_await tell_drops();
        check(lost_ours <= given_.losses_of_ours && lost_theirs <= given_.losses_of_theirs,
              fmt::format("unreliable: {} of {} messages of ours lost, {} of {} of the peer's", lost_ours,
                          lossy_.sent, lost_theirs, lossy));
    }

    /// Whose loss it is: what came and was not taken.
    awaitable<void> tell_drops() {
        const auto report = co_await pc_.getStats();
        for (const auto* transport : report.all<cortc::TransportStats>())
            fmt::print("packets received: {}\n", transport->packetsReceived);
        for (const auto* drops : report.all<cortc::DropStats>())
            for (const auto& each : drops->drops)
                fmt::print("dropped: {}: {}: {}\n", each.layer, each.reason, each.count);
    }

    asio::io_context& io_;
    cortc::context context_;
    const command_line& given_;
    cortc::signaling::session signaling_;
    cortc::PeerConnection pc_;
    cortc::timer clock_;
    cortc::DataChannel control_, channel_ordered_, channel_lossy_;
    flow ordered_, lossy_;
    bool flowing_ = true, over_ = false;
    std::string broken_, last_state_;
};

awaitable<void> serve(asio::io_context& io, const command_line& given, cortc::log_sink& log) {
    const auto address = asio::ip::make_address(given.host);
    cortc::context_options options;
    options.interface_filter = [address](const auto& local) { return local.address == address; };
    options.log = &log;
    options.least_level = standard_error::least();
    for (const auto& each : given.features) {
        if (each == "late") options.early_nomination = false;
        if (each == "lite") options.ice_lite = true;
        if (each == "mux") options.udp_mux.emplace();
    }
    cortc::context context(io.get_executor(), options);
    cortc::signaling::server_options pages;
    pages.pages["/restarts.mjs"] =
        cortc::signaling::page("text/javascript; charset=utf-8", text_of_file(given.page));
    pages.pages["/"] = cortc::signaling::page(
        "text/html; charset=utf-8",
        "<!doctype html><meta charset=utf-8><link rel=icon href='data:,'><script type=module>"
        "import { play } from './restarts.mjs';"
        "play(new RTCPeerConnection(), new WebSocket(`ws://${location.host}/`), { implicit: true, polite: " +
            std::string(given.mode == "insist" ? "true" : "false") + " });</script>");
    const asio::ip::tcp::endpoint any(address, 0);
    cortc::signaling::server server(io.get_executor(), any, pages);
    fmt::print("{}\n", server.url());
    std::fflush(stdout);
    auto session = co_await server.accept();
    server.close();
    auto judging = std::make_shared<judge>(io, context, std::move(session), given);
    co_await judging->run();
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 6) return 2;
    command_line given{
        argv[1], std::stoi(argv[2]), std::stoul(argv[3]), std::stoul(argv[4]), argv[5], "127.0.0.1", {}};
    if (argc > 6) given.host = argv[6];
    std::istringstream words(std::exchange(given.mode, {}));
    std::getline(words, given.mode, '-');
    for (std::string each; std::getline(words, each, '-');) given.features.push_back(each);
    asio::io_context io;
    standard_error log;
    return judged(io, serve(io, given, log), 90s);
}
