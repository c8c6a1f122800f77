#include "cortc/net/asio_network.hpp"
#include "test/support/loopback.hpp"

#include <algorithm>
#include <set>

using namespace cortc;
using namespace std::chrono_literals;

// ICE restarts over real sockets while messages flow that are sent only once.

namespace {

/// The network of this machine, with one address of 127.0.0.0/8 at a time: moving on makes the sockets of the
/// next generation new ones.
class moving_loopback final : public net::network {
  public:
    explicit moving_loopback(const asio::any_io_executor& executor) : real_(executor) {}

    void move_on() { at_ = at_ % 20 + 1; }

    time_point now() const override { return real_.now(); }
    unix_time calendar() const override { return real_.calendar(); }
    random_source& random() override { return real_.random(); }
    std::vector<net::interface_address> interfaces() override {
        const auto address = boost::asio::ip::make_address("127.0.1." + std::to_string(at_));
        return {{"lo", address, net::interface_kind::loopback}};
    }
    result<std::unique_ptr<net::udp_socket>> open_udp(const endpoint& local,
                                                      net::datagram_handler& handler) override {
        return real_.open_udp(local, handler);
    }
    std::unique_ptr<net::timer> make_timer(std::function<void()> expired) override {
        return real_.make_timer(std::move(expired));
    }

  private:
    net::asio_network real_;
    int at_ = 1;
};

struct flow {
    DataChannel out, in;
    bool stop = false;
    int sent = 0;
    std::vector<int> received{};

    asio::awaitable<void> send(context where) {
        timer clock(where);
        while (!stop) {
            const auto number = std::to_string(sent++);
            CHECK(out.trySend(number));
            co_await clock.wait(1ms);
        }
    }
    asio::awaitable<void> receive() {
        try {
            for (;;) {
                auto message = co_await in.receive();
                received.push_back(std::stoi(std::string(message.text())));
            }
        } catch (const Error&) {
        }
    }
    void check_all() {
        std::sort(received.begin(), received.end());
        REQUIRE(received.size() == static_cast<std::size_t>(sent));
        for (int i = 0; i < sent; ++i) CHECK(received[static_cast<std::size_t>(i)] == i);
    }
};

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
    flow there{a, b}, back{b, a};
    std::vector<test::spawned> running;
    for (auto* each : {&there, &back}) {
        running.emplace_back(executor, each->send(where));
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
    const auto complete = [](const flow& each) {
        return each.received.size() >= static_cast<std::size_t>(each.sent);
    };
    for (int i = 0; i < 500 && !(complete(there) && complete(back)); ++i) co_await clock.wait(10ms);
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
    moving_loopback network(io.get_executor());
    std::size_t used = 0;
    test::run_dry(io, a_thousand_restarts(
                          context(io.get_executor(), network), [&] { network.move_on(); }, &used));
    CHECK(used > 100);
}
