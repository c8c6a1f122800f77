#include "cortc/ice/gatherer.hpp"
#include "test/unit/ice/harness.hpp"

#include <set>

using namespace cortc;
using namespace cortc::ice;
using namespace cortc::ice::test;
using net::interface_kind;

namespace {

/// A network of nothing but interfaces and ports.
class fake_network final : public net::network {
  public:
    struct fake_socket final : net::udp_socket {
        fake_socket(fake_network& of, endpoint where) : owner(of), where_(where) {
            owner.open_.insert(where_);
        }
        ~fake_socket() override { owner.open_.erase(where_); }
        const endpoint& local() const noexcept override { return where_; }
        void send(std::span<const net::outgoing>) override {}
        const net::socket_stats& stats() const noexcept override { return stats_; }
        fake_network& owner;
        endpoint where_;
        net::socket_stats stats_;
    };
    time_point now() const override { return start; }
    unix_time calendar() const override { return {}; }
    random_source& random() override { return random_; }
    std::vector<net::interface_address> interfaces() override { return interfaces_; }
    result<std::unique_ptr<net::udp_socket>> open_udp(const endpoint& local,
                                                      net::datagram_handler&) override {
        auto where = local;
        if (where.port == 0) where.port = ++next_port_;
        if (refused_.count(where.address.to_string()) || open_.count(where))
            return boost::system::errc::make_error_code(boost::system::errc::address_in_use);
        return std::unique_ptr<net::udp_socket>(std::make_unique<fake_socket>(*this, where));
    }
    std::unique_ptr<net::timer> make_timer(std::function<void()>) override { return nullptr; }

    void add(std::string name, const char* address,
             interface_kind kind = interface_kind::ethernet_or_unknown) {
        interfaces_.push_back({std::move(name), at(address, 0).address, kind});
    }
    std::vector<net::interface_address> interfaces_;
    std::set<std::string> refused_;
    std::set<endpoint> open_;
    seeded_random random_{3};
    std::uint16_t next_port_ = 40000;
};

struct no_handler final : net::datagram_handler {
    void handle_batch(net::udp_socket&, std::span<const net::datagram>) override {}
};

std::vector<std::string> addresses(const std::vector<gathered_socket>& list) {
    std::vector<std::string> out;
    for (const auto& each : list) out.push_back(each.local.address.to_string());
    return out;
}

} // namespace

TEST_CASE("the gatherer opens a socket on each address, families in turn") {
    fake_network network;
    no_handler handler;
    network.add("lo", "127.0.0.1", interface_kind::loopback);
    network.add("tun0", "10.8.0.1", interface_kind::point_to_point);
    network.add("eth0", "192.0.2.1");
    network.add("eth1", "192.0.2.2");
    network.add("eth0", "2001:db8::1");

    SECTION("all") {
        gatherer g(network, handler, {}, {.loopback = true});
        auto list = g.gather();
        CHECK(addresses(list) ==
              std::vector<std::string>{"2001:db8::1", "192.0.2.1", "192.0.2.2", "10.8.0.1", "127.0.0.1"});
        CHECK(list[0].local_preference == 65535);
        for (std::size_t i = 1; i < list.size(); ++i) {
            CHECK(list[i].local_preference < list[i - 1].local_preference);
            CHECK(list[i].socket != list[i - 1].socket);
        }
        CHECK(list[0].interface_name == "eth0");
        auto* socket = g.find(list[1].socket);
        REQUIRE(socket);
        CHECK(socket->local() == list[1].local);
        CHECK(g.id_of(*socket) == list[1].socket);
        CHECK(g.find(socket_id(99)) == nullptr);
    }
    SECTION("one family") {
        CHECK(addresses(gatherer(network, handler, {}, {.family = address_family::ipv6}).gather()) ==
              std::vector<std::string>{"2001:db8::1"});
        CHECK(gatherer(network, handler, {}, {.family = address_family::ipv4}).gather().size() == 3);
    }
    SECTION("a filter") {
        gather_options options;
        options.filter = [](const net::interface_address& each) { return each.name == "eth1"; };
        CHECK(addresses(gatherer(network, handler, {}, options).gather()) ==
              std::vector<std::string>{"192.0.2.2"});
    }
    SECTION("an address that refuses is left out and counted") {
        network.refused_.insert("192.0.2.1");
        gatherer g(network, handler, {});
        CHECK(addresses(g.gather()) == std::vector<std::string>{"2001:db8::1", "192.0.2.2", "10.8.0.1"});
        CHECK(g.stats().open_failures == 1);
        CHECK(g.stats().opened == 3);
    }
    SECTION("a limit") {
        gatherer g(network, handler, {}, {.max_sockets = 2});
        CHECK(g.gather().size() == 2);
        CHECK(g.stats().over_limit == 2);
    }
    CHECK(network.open_.empty()); // the gatherer owned them
}

TEST_CASE("a new generation gets the open sockets again") {
    fake_network network;
    no_handler handler;
    network.add("eth0", "192.0.2.1");
    network.add("eth1", "192.0.2.2");
    gatherer g(network, handler, {});
    auto first = g.gather();
    network.interfaces_.erase(network.interfaces_.begin());
    network.add("eth2", "192.0.2.3");
    auto second = g.gather();
    REQUIRE(second.size() == 2);
    CHECK(second[0].socket == first[1].socket);
    CHECK(second[0].local == first[1].local);
    CHECK(g.size() == 3); // the old one may still carry data
    CHECK(g.close_unused([&](socket_id id) { return id != first[0].socket; }) == 1);
    CHECK(g.find(first[0].socket) == nullptr);
    CHECK(network.open_.size() == 2);
    g.close(second[0].socket);
    CHECK(network.open_.size() == 1);
    g.close_all();
    CHECK(network.open_.empty());
}

TEST_CASE("a port range is used up and no further") {
    fake_network network;
    no_handler handler;
    network.add("eth0", "192.0.2.1");
    std::vector<std::unique_ptr<gatherer>> all;
    for (int i = 0; i < 4; ++i) {
        all.push_back(std::make_unique<gatherer>(network, handler, logger(),
                                                 gather_options{.ports = port_range{5000, 5002}}));
        auto list = all.back()->gather();
        REQUIRE(list.size() == (i < 3 ? 1 : 0));
        if (i < 3) CHECK((list[0].local.port >= 5000 && list[0].local.port <= 5002));
    }
    CHECK(all.back()->stats().open_failures == 1);
    CHECK(gatherer(network, handler, {}, {.ports = port_range{6000, 5999}}).gather().empty());
}

TEST_CASE("under the policy relay there are no host sockets, and those that are open stay") {
    fake_network network;
    no_handler handler;
    network.add("eth0", "192.0.2.1");
    gather_settings relay;
    relay.policy = transport_policy::relay;
    gatherer g(network, handler, {});
    CHECK(g.gather(relay).empty());
    CHECK(network.open_.empty());
    CHECK(g.gather().size() == 1);
    CHECK(g.gather(relay).empty()); // an older generation may use them
    CHECK(g.size() == 1);
    CHECK(g.gather(gather_settings{}).size() == 1);
}
