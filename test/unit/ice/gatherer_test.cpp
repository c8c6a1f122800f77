#include "cortc/ice/gatherer.hpp"
#include "test/unit/ice/fake_network.hpp"
#include "test/unit/ice/harness.hpp"

#include <set>
#include <stdexcept>

using namespace cortc;
using namespace cortc::ice;
using namespace cortc::ice::test;

namespace {

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

namespace {

std::shared_ptr<port_pool> ports(std::uint16_t first, std::uint16_t last) {
    return std::make_shared<port_pool>(port_range{first, last}, 1);
}

} // namespace

TEST_CASE("a port range is used up and no further") {
    fake_network network;
    heard receiver;
    network.add("eth0", "192.0.2.1");
    std::vector<std::unique_ptr<local_transports>> all;
    for (int i = 0; i < 4; ++i) {
        all.push_back(std::make_unique<local_transports>(
            network, receiver, logger(), local_transport_options{.ports = ports(5000, 5002)}));
        phase it(*all.back());
        it.run();
        REQUIRE(it.list.size() == (i < 3 ? 1 : 0));
        if (i < 3) CHECK((it.list[0].base.port >= 5000 && it.list[0].base.port <= 5002));
        CHECK(it.errors.size() == (i < 3 ? 0 : 1));
        CHECK(it.done);
    }
    CHECK(all.back()->stats().open_failures == 1);
    local_transports none(network, receiver, {}, {.ports = ports(6000, 5999)});
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

TEST_CASE("external addresses: each stands for a local one of its family, instead of it or beside it") {
    fake_network network;
    heard receiver;
    network.add("eth0", "10.0.0.1");
    network.add("eth1", "10.0.1.1");
    network.add("eth0", "fd00::1");
    network.add("lo", "127.0.0.1", interface_kind::loopback);
    gather_options options;
    options.loopback = true;
    auto external = [&](const char* address, const char* local = nullptr) -> external_address& {
        auto& made = options.external.emplace_back(at(address, 0).address);
        if (local) made.local = at(local, 0).address;
        return made;
    };
    auto told = [&](local_transports& sockets) {
        phase it(sockets, options);
        it.run();
        CHECK(it.errors.empty());
        std::vector<std::string> out;
        std::set<std::uint32_t> priorities;
        for (const auto& each : it.list) {
            const auto shown = each.address.value_or(each.base);
            CHECK(shown.port == each.base.port);
            CHECK(shown.address.is_v6() == each.base.address.is_v6());
            CHECK(priorities.insert(candidate_priority(each.type, each.local_preference)).second);
            out.push_back(std::string(sdp::to_string(each.type)) + " " + shown.address.to_string());
        }
        return out;
    };
    using list = std::vector<std::string>;
    local_transports sockets(network, receiver, {});
    SECTION("one for all of a family") {
        external("203.0.113.1");
        CHECK(told(sockets) ==
              list{"host fd00::1", "host 203.0.113.1", "host 203.0.113.1", "host 127.0.0.1"});
    }
    SECTION("one for each, and for each family") {
        external("203.0.113.1", "10.0.0.1");
        external("203.0.113.2", "10.0.1.1");
        external("2001:db8::1");
        CHECK(told(sockets) ==
              list{"host 2001:db8::1", "host 203.0.113.1", "host 203.0.113.2", "host 127.0.0.1"});
    }
    SECTION("its own before the general one; beside the local one") {
        external("203.0.113.1", "10.0.1.1").keep_local = true;
        external("203.0.113.9");
        CHECK(told(sockets) == list{"host fd00::1", "host 203.0.113.9", "host 10.0.1.1", "host 203.0.113.1",
                                    "host 127.0.0.1"});
    }
    SECTION("as server-reflexive") {
        external("203.0.113.1", "10.0.0.1").as = external_candidate::server_reflexive;
        auto& beside = external("203.0.113.2", "10.0.1.1");
        beside.as = external_candidate::server_reflexive;
        beside.keep_local = true;
        phase it(sockets, options);
        it.run();
        REQUIRE(it.list.size() == 5);
        CHECK(it.list[1].type == candidate_type::srflx);
        CHECK(it.list[1].related == at("0.0.0.0", 9)); // the local address is told nobody
        CHECK(it.list[2].type == candidate_type::host);
        CHECK(it.list[3].type == candidate_type::srflx);
        CHECK_FALSE(it.list[3].related);
    }
    SECTION("two for one") {
        external("203.0.113.1", "10.0.0.1");
        external("203.0.113.2", "10.0.0.1");
        CHECK(told(sockets).size() == 5);
    }
    SECTION("for nobody") {
        external("203.0.113.1", "10.9.9.9");
        CHECK(told(sockets) == list{"host fd00::1", "host 10.0.0.1", "host 10.0.1.1", "host 127.0.0.1"});
    }
}

TEST_CASE("external addresses: a server that sees the same adds nothing, and checks go by the local one") {
    node a(1, role::controlling);
    const auto socket = a.open(at("10.0.0.1", 1000));
    const auto id = a.engine.add_generation({"uf", "password-of-22-characters"}, start);
    local_candidate host;
    host.socket = socket;
    host.base = at("10.0.0.1", 1000);
    host.address = at("203.0.113.1", 1000);
    const auto told = a.engine.add_local_candidate(id, host, start);
    REQUIRE(told);
    CHECK(told->address == "203.0.113.1");
    CHECK(told->type == candidate_type::host);
    CHECK_FALSE(told->related_address);
    local_candidate reflexive = host;
    reflexive.type = candidate_type::srflx;
    CHECK_FALSE(a.engine.add_local_candidate(id, reflexive, start)); // RFC 8445 5.1.3
    a.engine.set_remote(id, {"peer", "password-of-the-peer-which-is-long"}, {}, start);
    sdp::candidate remote;
    remote.foundation = "1";
    remote.priority = 1;
    remote.address = "198.51.100.1";
    remote.port = 2000;
    REQUIRE(a.engine.add_remote_candidate(id, remote, start));
    const auto out = drain(a.engine, start);
    REQUIRE(out.size() == 1);
    CHECK(out[0].where.socket == socket);
    a.engine.handle_packet(
        socket, at("198.51.100.1", 2000),
        make_success(out[0].read().id(), at("203.0.113.1", 1000), "password-of-the-peer-which-is-long"),
        start);
    REQUIRE(a.engine.pairs().size() == 1);
    CHECK(a.engine.pairs()[0].valid);
    CHECK(a.engine.pairs()[0].local.type == candidate_type::host); // no peer-reflexive one
}

TEST_CASE("a port range that many share is not asked for twice, and what is closed is free again") {
    fake_network network;
    heard receiver;
    network.add("eth0", "192.0.2.1");
    const auto all = ports(5000, 5999);
    const auto address = at("192.0.2.1", 0).address;
    std::vector<std::unique_ptr<local_transports>> open;
    for (int i = 0; i < 1000; ++i) {
        open.push_back(std::make_unique<local_transports>(network, receiver, logger(),
                                                          local_transport_options{.ports = all}));
        REQUIRE(open.back()->open_udp({"eth0", address}).has_value());
    }
    CHECK(network.asked_ == 1000); // each port once
    CHECK(all->taken(address) == 1000);
    local_transports late(network, receiver, {}, {.ports = all});
    const auto refused = late.open_udp({"eth0", address});
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == boost::system::errc::address_in_use);
    CHECK(network.asked_ == 1000);
    CHECK(late.open_udp({"eth1", at("192.0.2.2", 0).address}).has_value()); // another address has its own
    open[0]->close_all();
    open.pop_back();
    CHECK(all->taken(address) == 998);
    for (int i = 0; i < 2; ++i) {
        open.push_back(std::make_unique<local_transports>(network, receiver, logger(),
                                                          local_transport_options{.ports = all}));
        REQUIRE(open.back()->open_udp({"eth0", address}).has_value());
    }
    CHECK(all->taken(address) == 1000);
}

TEST_CASE("a port range that others fill is given up soon, and errors of another kind at once") {
    fake_network network;
    heard receiver;
    const auto address = at("192.0.2.1", 0).address;
    local_transports sockets(network, receiver, {}, {.ports = ports(1000, 60000)});
    for (std::uint32_t port = 1000; port <= 60000; ++port)
        network.open_.insert({address, static_cast<std::uint16_t>(port)});
    CHECK_FALSE(sockets.open_udp({"eth0", address}).has_value());
    CHECK(network.asked_ == 64);
    network.gone_.insert("192.0.2.9");
    CHECK_FALSE(sockets.open_udp({"eth0", at("192.0.2.9", 0).address}).has_value());
    CHECK(network.asked_ == 65);
}
