#include "cortc/ice/gatherer.hpp"
#include "test/unit/ice/harness.hpp"

#include <set>
#include <stdexcept>

using namespace cortc;
using namespace cortc::ice;
using namespace cortc::ice::test;
using net::interface_kind;

namespace {

/// A network of nothing but interfaces and ports.
class fake_network final : public net::network {
  public:
    struct fake_socket final : net::udp_socket {
        fake_socket(fake_network& of, endpoint where, net::datagram_handler& to)
            : owner(of), where_(where), handler(to) {
            owner.open_.insert(where_);
        }
        ~fake_socket() override { owner.open_.erase(where_); }
        const endpoint& local() const noexcept override { return where_; }
        void send(std::span<const net::outgoing> batch) override {
            for (const auto& each : batch) sent.emplace_back(as_text(each.data));
            ++stats_.send_dropped;
        }
        const net::socket_stats& stats() const noexcept override { return stats_; }
        fake_network& owner;
        endpoint where_;
        net::datagram_handler& handler;
        std::vector<std::string> sent;
        net::socket_stats stats_;
    };
    time_point now() const override { return start; }
    unix_time calendar() const override { return {}; }
    random_source& random() override { return random_; }
    std::vector<net::interface_address> interfaces() override { return interfaces_; }
    result<std::unique_ptr<net::udp_socket>> open_udp(const endpoint& local,
                                                      net::datagram_handler& handler) override {
        auto where = local;
        if (where.port == 0) where.port = ++next_port_;
        if (refused_.count(where.address.to_string()) || open_.count(where))
            return boost::system::errc::make_error_code(boost::system::errc::address_in_use);
        auto made = std::make_unique<fake_socket>(*this, where, handler);
        latest_ = made.get();
        return std::unique_ptr<net::udp_socket>(std::move(made));
    }
    std::unique_ptr<net::resolution> resolve(const std::string&, net::resolved) override { return nullptr; }
    std::unique_ptr<net::timer> make_timer(std::function<void()>) override { return nullptr; }

    void add(std::string name, const char* address,
             interface_kind kind = interface_kind::ethernet_or_unknown) {
        interfaces_.push_back({std::move(name), at(address, 0).address, kind});
    }
    std::vector<net::interface_address> interfaces_;
    std::set<std::string> refused_;
    std::set<endpoint> open_;
    fake_socket* latest_ = nullptr;
    seeded_random random_{3};
    std::uint16_t next_port_ = 40000;
};

struct heard final : datagram_receiver {
    void handle_batch(socket_id from, std::span<const net::datagram> batch) override {
        for (const auto& each : batch) all.push_back({from, std::string(as_text(each.data))});
    }
    std::vector<std::pair<socket_id, std::string>> all;
};

/// A gathering phase from its beginning to its end, and what it said.
struct phase final : gathering_events {
    explicit phase(local_transports& over, const gather_options& options = {}) : task(over, *this, options) {}
    phase& run(const gather_settings& settings = {}) {
        task.start(settings);
        return *this;
    }
    void on_candidate(const local_candidate& found) override {
        CHECK_FALSE(done);
        list.push_back(found);
        if (list.size() == cancel_at) task.cancel();
    }
    void on_error(const gathering_error& error) override {
        CHECK_FALSE(done);
        errors.push_back(error);
        if (cancel_at_error) task.cancel();
    }
    void ask_server(const path&) override { FAIL("there is no server"); }
    std::shared_ptr<void> keep() override { return nullptr; }
    void on_done() override {
        CHECK_FALSE(done);
        done = true;
    }
    std::vector<std::string> addresses() const {
        std::vector<std::string> out;
        for (const auto& each : list) out.push_back(each.base.address.to_string());
        return out;
    }
    gatherer task;
    std::vector<local_candidate> list;
    std::vector<gathering_error> errors;
    bool done = false;
    std::size_t cancel_at = 0;
    bool cancel_at_error = false;
};

} // namespace

TEST_CASE("a gatherer finds a host candidate on each address, families in turn") {
    fake_network network;
    heard receiver;
    network.add("lo", "127.0.0.1", interface_kind::loopback);
    network.add("tun0", "10.8.0.1", interface_kind::point_to_point);
    network.add("eth0", "192.0.2.1");
    network.add("eth1", "192.0.2.2");
    network.add("eth0", "2001:db8::1");
    {
        local_transports sockets(network, receiver, {});
        SECTION("all") {
            phase all(sockets, {.loopback = true});
            CHECK(all.run().addresses() ==
                  std::vector<std::string>{"2001:db8::1", "192.0.2.1", "192.0.2.2", "10.8.0.1", "127.0.0.1"});
            CHECK(all.done);
            CHECK(all.list[0].local_preference == 65535);
            for (std::size_t i = 1; i < all.list.size(); ++i) {
                CHECK(all.list[i].local_preference < all.list[i - 1].local_preference);
                CHECK(all.list[i].socket != all.list[i - 1].socket);
            }
            auto* socket = sockets.find(all.list[1].socket);
            REQUIRE(socket);
            CHECK(socket->id() == all.list[1].socket);
            CHECK(socket->base() == all.list[1].base);
            CHECK(sockets.find(socket_id(99)) == nullptr);
        }
        SECTION("one family") {
            CHECK(phase(sockets, {.family = address_family::ipv6}).run().addresses() ==
                  std::vector<std::string>{"2001:db8::1"});
            CHECK(phase(sockets, {.family = address_family::ipv4}).run().list.size() == 3);
        }
        SECTION("a filter") {
            gather_options options;
            options.filter = [](const net::interface_address& each) { return each.name == "eth1"; };
            CHECK(phase(sockets, options).run().addresses() == std::vector<std::string>{"192.0.2.2"});
        }
        SECTION("an address that refuses is an error, and the others go on") {
            network.refused_.insert("192.0.2.1");
            phase all(sockets);
            CHECK(all.run().addresses() == std::vector<std::string>{"2001:db8::1", "192.0.2.2", "10.8.0.1"});
            CHECK(all.list[1].local_preference == 65533); // of its place
            REQUIRE(all.errors.size() == 1);
            CHECK(all.errors[0].address == "192.0.2.1");
            CHECK(all.errors[0].url.empty());
            CHECK(all.errors[0].code == 0);
            CHECK_THAT(all.errors[0].text, Catch::Matchers::ContainsSubstring("192.0.2.1 (eth0)"));
            CHECK(all.done);
            CHECK(sockets.stats().open_failures == 1);
            CHECK(sockets.stats().opened == 3);
        }
    }
    network.refused_.clear();
    {
        local_transports sockets(network, receiver, {}, {.limit = 2});
        phase all(sockets);
        CHECK(all.run().list.size() == 2);
        CHECK(all.errors.size() == 2);
        CHECK(sockets.stats().over_limit == 2);
    }
    CHECK(network.open_.empty());
}

TEST_CASE("a gatherer that is cancelled says nothing more") {
    fake_network network;
    heard receiver;
    for (const auto* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3"}) network.add("eth0", address);
    local_transports sockets(network, receiver, {});
    phase it(sockets);
    SECTION("before") {
        it.task.cancel();
        it.run();
        CHECK(it.list.empty());
        CHECK(network.open_.empty());
    }
    SECTION("between") {
        it.cancel_at = 2;
        it.run();
        CHECK(it.list.size() == 2);
        CHECK(network.open_.size() == 2);
    }
    SECTION("with the last candidate") {
        it.cancel_at = 3;
        it.run();
        CHECK(it.list.size() == 3);
    }
    SECTION("with an error") {
        network.refused_.insert("192.0.2.1");
        it.cancel_at_error = true;
        it.run();
        CHECK(it.errors.size() == 1);
        CHECK(it.list.empty());
    }
    SECTION("after") {
        it.run();
        CHECK(it.done);
        it.task.cancel();
        CHECK(it.task.over());
        return;
    }
    CHECK_FALSE(it.done);
    CHECK(it.task.over());
}

TEST_CASE("what the application's functions throw ends a gathering phase with an error") {
    fake_network network;
    heard receiver;
    network.add("eth0", "192.0.2.1");
    local_transports sockets(network, receiver, {});
    gather_options options;
    std::string text;
    SECTION("an exception") {
        options.filter = [](const net::interface_address&) -> bool { throw std::runtime_error("no mood"); };
        text = "no mood";
    }
    SECTION("something else") {
        options.interfaces = []() -> std::vector<net::interface_address> { throw 42; };
        text = "unknown type";
    }
    phase it(sockets, options);
    it.run();
    REQUIRE(it.errors.size() == 1);
    CHECK_THAT(it.errors[0].text, Catch::Matchers::ContainsSubstring(text));
    CHECK(it.list.empty());
    CHECK(it.done);
}

TEST_CASE("a new generation gets the open sockets again") {
    fake_network network;
    heard receiver;
    network.add("eth0", "192.0.2.1");
    network.add("eth1", "192.0.2.2");
    local_transports sockets(network, receiver, {});
    const auto first = phase(sockets).run().list;
    network.interfaces_.erase(network.interfaces_.begin());
    network.add("eth2", "192.0.2.3");
    const auto second = phase(sockets).run().list;
    REQUIRE(second.size() == 2);
    CHECK(second[0].socket == first[1].socket);
    CHECK(second[0].base == first[1].base);
    CHECK(sockets.size() == 3); // the old one may still carry data
    CHECK(sockets.close_unused([&](local_transport& each) { return each.id() != first[0].socket; }) == 1);
    CHECK(sockets.find(first[0].socket) == nullptr);
    CHECK(network.open_.size() == 2);
    sockets.close_all();
    CHECK(network.open_.empty());
}

TEST_CASE("a port range is used up and no further") {
    fake_network network;
    heard receiver;
    network.add("eth0", "192.0.2.1");
    std::vector<std::unique_ptr<local_transports>> all;
    for (int i = 0; i < 4; ++i) {
        all.push_back(std::make_unique<local_transports>(
            network, receiver, logger(), local_transport_options{.ports = port_range{5000, 5002}}));
        phase it(*all.back());
        it.run();
        REQUIRE(it.list.size() == (i < 3 ? 1 : 0));
        if (i < 3) CHECK((it.list[0].base.port >= 5000 && it.list[0].base.port <= 5002));
        CHECK(it.errors.size() == (i < 3 ? 0 : 1));
        CHECK(it.done);
    }
    CHECK(all.back()->stats().open_failures == 1);
    local_transports none(network, receiver, {}, {.ports = port_range{6000, 5999}});
    CHECK(phase(none).run().list.empty());
}

TEST_CASE("under the policy relay there are no host candidates, and the sockets that are open stay") {
    fake_network network;
    heard receiver;
    network.add("eth0", "192.0.2.1");
    gather_settings relay;
    relay.policy = transport_policy::relay;
    local_transports sockets(network, receiver, {});
    CHECK(phase(sockets).run(relay).list.empty());
    CHECK(network.open_.empty());
    CHECK(phase(sockets).run().list.size() == 1);
    phase again(sockets);
    CHECK(again.run(relay).list.empty()); // an older generation may use them
    CHECK(again.done);
    CHECK(sockets.size() == 1);
}

TEST_CASE("a local transport gives its name to what it receives, and sends by the batch") {
    fake_network network;
    heard receiver;
    network.add("eth0", "192.0.2.1");
    local_transports sockets(network, receiver, {});
    const auto found = phase(sockets).run().list.at(0);
    auto& socket = *network.latest_;
    bytes data{std::byte{'h'}, std::byte{'i'}};
    const net::datagram packet{data, at("192.0.2.2", 2)};
    socket.handler.handle_batch(socket, {&packet, 1});
    REQUIRE(receiver.all.size() == 1);
    CHECK(receiver.all[0] == std::pair(found.socket, std::string("hi")));

    net::send_batch batch;
    auto& carrier = *sockets.find(found.socket);
    auto send = [&](std::string_view text) {
        std::ranges::copy(as_bytes(text), batch.prepare().begin());
        carrier.send(batch, text.size(), at("192.0.2.2", 2));
    };
    send("one");
    batch.flush();
    CHECK(socket.sent == std::vector<std::string>{"one"});
    CHECK(carrier.send_dropped() == 1);
    send("two");
    carrier.forget(batch);
    sockets.close_all();
    batch.flush();
    CHECK(sockets.send_dropped() == 1); // of those that are gone, too
}
