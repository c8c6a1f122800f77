// relayed_peer PAGE PORT TLS_PORT FILE: serves the page (relayed.html) to a browser whose only way is a relay
// of the TURN server at 127.0.0.1, over UDP, TCP and TLS; FILE has its certificate. It is met by host
// candidates, and by our own relay; data goes both ways, and each end restarts ICE. Prints "page NUMBER URL"
// for each page that is to be opened. Exit 0: all well.
#include "cortc/cortc.hpp"
#include "cortc/signaling/websocket.hpp"
#include "judge.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace asio = boost::asio;
using asio::awaitable;
using namespace cortc;
using namespace std::chrono_literals;

namespace {

/// In a query: nothing but letters and digits is certain to stay as it is.
std::string encoded(std::string_view text) {
    std::string out;
    for (unsigned char c : text) out += fmt::format("%{:02x}", c);
    return out;
}

/// Of the remote candidate of the pair in use, as it is signaled: the event of the selection may have been
/// earlier.
awaitable<std::string> type_of_remote(PeerConnection& pc) {
    auto report = co_await pc.getStats();
    for (const auto* transport : report.all<TransportStats>()) {
        const auto* pair = transport->selectedCandidatePairId
                               ? report.get<IceCandidatePairStats>(*transport->selectedCandidatePairId)
                               : nullptr;
        const auto* remote = pair ? report.get<IceCandidateStats>(pair->remoteCandidateId) : nullptr;
        if (remote) co_return to_json(*remote);
    }
    co_return "none";
}

void relays_alone(std::string_view lines, std::string_view of) {
    std::istringstream in{std::string(lines)};
    std::size_t relays = 0;
    for (std::string line; std::getline(in, line);) {
        if (line.find("candidate:") == std::string::npos) continue;
        if (line.find(" typ relay ") == std::string::npos)
            throw std::runtime_error(fmt::format("{}: {}", of, line));
        ++relays;
    }
    if (relays == 0) throw std::runtime_error(fmt::format("{}: no candidate", of));
}

class meeting : public std::enable_shared_from_this<meeting> {
  public:
    meeting(context where, signaling::session browser, std::string url, bool relayed)
        : where_(where), browser_(std::move(browser)), url_(std::move(url)), relayed_(relayed), pc_(where) {
        if (!relayed_) return;
        Configuration relay;
        relay.iceServers = {IceServer(url_, "user", "secret")};
        relay.iceTransportPolicy = IceTransportPolicy::relay;
        pc_.setConfiguration(relay);
    }

    awaitable<void> run() {
        channel_ = pc_.createDataChannel("main");
        asio::co_spawn(where_.get_executor(), negotiate(),
                       [self = shared_from_this()](std::exception_ptr) {});
        co_await timeout(20s, channel_.opened());
        co_await exchange();
        co_await look();
        pc_.restartIce();
        co_await restarted("our");
        co_await channel_.send(std::string_view("!restart"));
        co_await restarted("its");
        co_await look();
        over_ = true;
        pc_.close();
        co_await pc_.closed();
        co_await browser_.close();
        check(broken_.empty(), fmt::format("{}, {}: data both ways, over two restarts {}", url_,
                                           relayed_ ? "relay to relay" : "met by host candidates", broken_));
    }

  private:
    awaitable<void> negotiate() {
        auto end = co_await perfect_negotiation(
            pc_, browser_, false, [this](const std::exception& error) { broken_ += error.what(); });
        if (!over_) broken_ += end.text;
    }
    awaitable<void> exchange() {
        const std::string large(100'000, 'x');
        for (int i = 0; i < 5; ++i) {
            co_await channel_.send(std::string_view(large));
            auto back = co_await timeout(10s, channel_.receive());
            if (back.size() != large.size()) throw std::runtime_error("another message came back");
        }
    }
    awaitable<void> restarted(std::string who) {
        auto transport = pc_.sctp()->transport().iceTransport();
        const auto before = ufrag_;
        timer clock(where_);
        const auto renewed = [&] {
            const auto pair = pc_.selectedPair();
            return pair && pair->local.usernameFragment && *pair->local.usernameFragment != before;
        };
        for (int i = 0; i < 10'000 && !renewed(); ++i) co_await clock.wait(1ms);
        if (!renewed()) throw std::runtime_error(who + " restart selects no pair");
        ufrag_ = *pc_.selectedPair()->local.usernameFragment;
        co_await exchange();
    }
    /// What was told, and what is used.
    awaitable<void> look() {
        co_await timeout(15s, pc_.gatheringComplete());
        co_await channel_.send(std::string_view("!candidates"));
        auto its = co_await timeout(10s, channel_.receive());
        relays_alone(its.text(), "the browser's description");
        relays_alone(pc_.remoteDescription()->sdp, "what we know of the browser");
        if (relayed_) relays_alone(pc_.localDescription()->sdp, "our description");
        auto remote = co_await type_of_remote(pc_);
        if (remote.find("\"candidateType\":\"relay\"") == std::string::npos)
            throw std::runtime_error("the remote candidate in use: " + remote);
        ufrag_ = pc_.selectedPair()->local.usernameFragment.value_or("");
    }

    context where_;
    signaling::session browser_;
    std::string url_;
    bool relayed_;
    PeerConnection pc_;
    DataChannel channel_;
    std::string ufrag_, broken_;
    bool over_ = false;
};

awaitable<void> serve(asio::io_context& io, std::vector<std::string> urls, std::string page,
                      std::string trusted) {
    static standard_error log;
    context_options options;
    options.interface_filter = [](const auto& local) { return local.address.is_loopback(); };
    options.log = &log;
    options.least_level = standard_error::least();
    options.server_trust = crypto::server_trust::pem(trusted);
    context where(io.get_executor(), options);
    signaling::server_options pages;
    pages.pages["/"] = signaling::page("text/html; charset=utf-8", std::move(page));
    const asio::ip::tcp::endpoint any(asio::ip::address_v4::loopback(), 0);
    signaling::server server(io.get_executor(), any, pages);
    int number = 0;
    for (const auto& url : urls)
        for (bool relayed : {false, true}) {
            fmt::print("page {} {}?url={}\n", ++number, server.url(), encoded(url));
            std::fflush(stdout);
            auto browser = co_await timeout(20s, server.accept());
            auto next = std::make_shared<meeting>(where, std::move(browser), url, relayed);
            co_await next->run();
        }
    server.close();
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 5) return 2;
    asio::io_context io;
    const std::string plain = std::string("turn:127.0.0.1:") + argv[2],
                      secure = std::string("turns:127.0.0.1:") + argv[3];
    return judged(io,
                  serve(io, {plain, plain + "?transport=tcp", secure + "?transport=tcp"},
                        text_of_file(argv[1]), text_of_file(argv[4])),
                  150s);
}
