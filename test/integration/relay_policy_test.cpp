#include "cortc/net/asio_network.hpp"
#include "cortc/turn/server.hpp"
#include "test/support/loopback.hpp"

#include <functional>
#include <set>

// With iceTransportPolicy "relay" nothing goes anywhere but to the TURN server, on the system's network.

using namespace cortc;
using namespace std::chrono_literals;

namespace {

/// The system's network, and where everything went that was sent into it.
class watched_network final : public net::network {
  public:
    explicit watched_network(const asio::any_io_executor& executor) : real_(executor) {}
    std::set<endpoint> destinations;
    std::size_t groups = 0, listeners = 0, names = 0;

    time_point now() const override { return real_.now(); }
    unix_time calendar() const override { return real_.calendar(); }
    random_source& random() override { return real_.random(); }
    std::vector<net::interface_address> interfaces() override { return real_.interfaces(); }
    result<std::unique_ptr<net::udp_socket>> open_udp(const endpoint& local,
                                                      net::datagram_handler& handler) override {
        auto made = std::make_unique<watched_socket>(*this, handler);
        auto inner = real_.open_udp(local, *made);
        if (!inner) return inner.error();
        made->inner = std::move(*inner);
        return std::unique_ptr<net::udp_socket>(std::move(made));
    }
    result<std::unique_ptr<net::udp_socket>> open_multicast(const endpoint& group,
                                                            const net::interface_address& on,
                                                            net::datagram_handler& handler) override {
        ++groups;
        return real_.open_multicast(group, on, handler);
    }
    result<std::unique_ptr<net::stream>> connect(const endpoint& local, const endpoint& remote,
                                                 net::stream_handler& handler) override {
        destinations.insert(remote);
        return real_.connect(local, remote, handler);
    }
    result<std::unique_ptr<net::listener>> listen(const endpoint& local,
                                                  net::accept_handler& handler) override {
        ++listeners;
        return real_.listen(local, handler);
    }
    std::unique_ptr<net::resolution> resolve(const std::string& host, net::resolved done) override {
        ++names;
        return real_.resolve(host, std::move(done));
    }
    std::unique_ptr<net::timer> make_timer(std::function<void()> expired) override {
        return real_.make_timer(std::move(expired));
    }

  private:
    struct watched_socket final : net::udp_socket, net::datagram_handler {
        watched_socket(watched_network& of, net::datagram_handler& to) : network(of), handler(to) {}
        const endpoint& local() const noexcept override { return inner->local(); }
        const net::socket_stats& stats() const noexcept override { return inner->stats(); }
        void send(std::span<const net::outgoing> batch) override {
            for (const auto& each : batch) network.destinations.insert(each.destination);
            inner->send(batch);
        }
        void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
            handler.handle_batch(*this, batch);
        }
        watched_network& network;
        net::datagram_handler& handler;
        std::unique_ptr<net::udp_socket> inner;
    };
    net::asio_network real_;
};

turn::server_options serving() {
    turn::server_options made;
    made.realm = "example.org";
    made.users = [](std::string_view) -> std::optional<turn::user_secret> {
        return turn::user_secret("secret");
    };
    made.allowed_peers = {"127.0.0.0/8"};
    made.first_port = made.last_port = 0;
    return made;
}

asio::awaitable<void> meet(context where, endpoint server) {
    auto executor = co_await asio::this_coro::executor;
    PeerConnection offerer(where), answerer(where);
    Configuration relay;
    relay.iceServers = {IceServer("turn:" + to_string(server), "user", "secret")};
    relay.iceTransportPolicy = IceTransportPolicy::relay;
    for (auto* each : {&offerer, &answerer}) each->setConfiguration(relay);
    auto out = offerer.createDataChannel("x");
    co_await test::negotiate(offerer, answerer);
    test::spawned one(executor, test::trickle(offerer, answerer)),
        other(executor, test::trickle(answerer, offerer));
    const auto ufrag = answerer.sctp()->transport().iceTransport().getLocalParameters()->usernameFragment;
    for (const std::string to : {"127.0.0.1", "0b1c2d3e-0000-4000-8000-1234567890ab.local"}) {
        IceCandidate lure("candidate:9 1 udp 2130706431 " + to + " 9 typ host", "0", 0, ufrag);
        co_await offerer.addIceCandidate(lure);
    }
    auto in = co_await answerer.nextDataChannel();
    for (int i = 0; i < 50; ++i) {
        co_await out.send(std::string(10'000, 'x'));
        auto there = co_await in.receive();
        co_await in.send(there.text());
        auto back = co_await out.receive();
        CHECK(back.size() == 10'000);
    }
    OfferOptions restart;
    restart.iceRestart = true;
    co_await test::negotiate(offerer, answerer, restart);
    co_await offerer.restarted();
    co_await answerer.restarted();
    for (auto* each : {&offerer, &answerer}) {
        co_await each->gatheringComplete();
        const auto sdp = each->localDescription()->sdp;
        CHECK(sdp.find(" typ relay raddr 0.0.0.0 rport 9") != std::string::npos);
        CHECK(sdp.find(" typ host") == std::string::npos);
        CHECK(sdp.find(" typ srflx") == std::string::npos);
        each->close();
    }
    co_await offerer.closed();
    co_await answerer.closed();
}

} // namespace

TEST_CASE("loopback: with the policy relay everything goes to the TURN server") {
    asio::io_context io;
    net::asio_network of_server(io.get_executor());
    watched_network watched(io.get_executor());
    std::optional<turn::server> server;
    server.emplace(of_server, serving(), endpoint{boost::asio::ip::make_address("127.0.0.1"), 0});
    const auto at = server->listening().front();
    auto options = test::loopback_options();
    options.mdns.publish = true;
    {
        context where(io.get_executor(), watched, options);
        auto body = [&]() -> asio::awaitable<void> {
            co_await meet(where, at);
            server.reset();
        };
        test::run_dry(io, body());
    }
    CHECK(watched.destinations == std::set<endpoint>{at});
    CHECK(watched.groups == 0);
    CHECK(watched.listeners == 0);
    CHECK(watched.names == 0);
}
