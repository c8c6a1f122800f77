#include "test/support/loopback.hpp"
#include "test/support/moving_network.hpp"
#include "test/support/numbers.hpp"

#include <set>

using namespace cortc;
using namespace std::chrono_literals;

// ICE restarts over real sockets while messages flow that are sent only once.

namespace {

/// `move_on` is called before each restart.
asio::awaitable<void> a_thousand_restarts(context where, std::function<void()> move_on, std::size_t* used) {
    auto executor = co_await asio::this_coro::executor;
    PeerConnection offerer(where), answerer(where);
    DataChannelInit once;
    once.ordered = false;
    once.maxRetransmits = 0;
    once.negotiated = true;
    once.id = 0;
    auto a = offerer.createDataChannel("numbers", once), b = answerer.createDataChannel("numbers", once);
    co_await test::negotiate(offerer, answerer);
    test::spawned one(executor, test::trickle(offerer, answerer)),
        other(executor, test::trickle(answerer, offerer));
    co_await a.opened();
    co_await b.opened();
    const auto certificates = offerer.sctp()->transport().getRemoteCertificates();
    test::numbers there{where, a, b, 1ms}, back{where, b, a, 1ms};
    std::vector<test::spawned> running;
    for (auto* each : {&there, &back}) {
        running.emplace_back(executor, each->send());
        running.emplace_back(executor, each->receive());
    }
    timer clock(where);
    std::set<std::string> addresses;
    const OfferOptions restart{true};
    for (int i = 0; i < 1000; ++i) {
        move_on();
        auto& from = i % 2 == 0 ? offerer : answerer;
        auto& to = i % 2 == 0 ? answerer : offerer;
        co_await test::negotiate(from, to, restart);
        co_await from.restarted();
        co_await to.restarted();
        const auto local = offerer.selectedPair()->local.candidate;
        addresses.insert(local.substr(0, local.find(" typ"))); // what follows names the generation
        if (i % 4 == 0) co_await clock.wait(1ms);              // else the next one follows at once
    }
    there.stop = back.stop = true;
    const auto complete = [](const test::numbers& each) {
        return each.received.size() >= static_cast<std::size_t>(each.sent);
    };
    for (int i = 0; i == 0 || (i < 500 && !(complete(there) && complete(back))); ++i)
        co_await clock.wait(10ms); // once at least: the senders wait for their clocks
    there.check_all();
    back.check_all();
    CHECK(there.sent >= 250);
    *used = addresses.size();
    CHECK(offerer.connectionState() == PeerConnectionState::connected);
    CHECK(answerer.connectionState() == PeerConnectionState::connected);
    CHECK(offerer.sctp()->transport().getRemoteCertificates() == certificates);
    auto report = co_await offerer.getStats();
    for (const auto* each : report.all<IceRestartStats>()) CHECK(each->restartsCompleted == 1000);
    CHECK(report.all<IceRestartStats>().size() == 1);
    offerer.close();
    answerer.close();
    co_await offerer.closed();
    co_await answerer.closed();
}

} // namespace

TEST_CASE("a thousand ICE restarts lose nothing") {
    asio::io_context io;
    auto options = test::loopback_options();
    options.interface_filter = [](const net::interface_address& each) {
        return each.address.is_loopback() && each.address.is_v4();
    };
    std::size_t used = 0;
    test::run_dry(io, a_thousand_restarts(
                          context(io.get_executor(), options), [] {}, &used));
    CHECK(used == 1); // the same socket all the time
}

TEST_CASE("a thousand ICE restarts to other sockets lose nothing") {
    asio::io_context io;
    test::moving_network network(io.get_executor());
    std::size_t used = 0;
    test::run_dry(io, a_thousand_restarts(
                          context(io.get_executor(), network), [&] { network.move(); }, &used));
    CHECK(used > 100);
}
