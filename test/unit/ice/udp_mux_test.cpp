#include "cortc/ice/local_transports.hpp"
#include "cortc/ice/udp_mux.hpp"
#include "test/unit/ice/fake_network.hpp"
#include "test/unit/ice/harness.hpp"

#include <array>

using namespace cortc;
using namespace cortc::ice;
using namespace cortc::ice::test;

namespace {

const auto here = at("192.0.2.1", 0).address;

struct muxed {
    fake_network network;
    std::array<unsigned, static_cast<std::size_t>(mux_drop::count)> drops{};
    udp_mux mux;
    net::send_batch batch;

    explicit muxed(udp_mux_options options = {.port = 3478})
        : mux(network, {}, counting(std::move(options))) {}
    udp_mux_options counting(udp_mux_options options) {
        options.dropped = [this](mux_drop reason, std::size_t packets) {
            drops[static_cast<std::size_t>(reason)] += static_cast<unsigned>(packets);
        };
        return options;
    }
    unsigned dropped(mux_drop reason) const { return drops[static_cast<std::size_t>(reason)]; }
    void arrive(bytes data, const endpoint& from) {
        const net::datagram packet{data, from};
        auto& socket = *network.latest_;
        socket.handler.handle_batch(socket, {&packet, 1});
    }
    /// A check for this ufrag.
    void check(const std::string& ufrag, const endpoint& from) {
        arrive(make_request(ufrag + ":them", "key"), from);
    }
    void data(std::string_view text, const endpoint& from) {
        const auto view = as_bytes(text);
        arrive(bytes(view.begin(), view.end()), from);
    }
    /// Sends a request of ours; which one is the number.
    void ask(local_transport& by, std::uint8_t number, const endpoint& to) {
        const auto request = make_request("them:us", "key", {.id = number});
        std::ranges::copy(request, batch.prepare().begin());
        by.send(batch, request.size(), to);
    }
    static bytes answer(std::uint8_t number) {
        stun::transaction_id id{};
        id.fill(static_cast<std::byte>(number));
        return make_success(id, at("192.0.2.1", 3478), "key");
    }
};

struct client {
    heard got;
    std::unique_ptr<mux_slot> slot;
    client(muxed& in, std::uint32_t id, std::initializer_list<std::string> ufrags)
        : slot(std::move(in.mux.open(socket_id(id), here, got).value())) {
        for (const auto& each : ufrags) slot->add_ufrag(each);
    }
    std::size_t count() const { return got.all.size(); }
    std::string last() const { return got.all.empty() ? "" : got.all.back().second; }
};

const auto far = at("198.51.100.1", 1000), farther = at("198.51.100.1", 1001);

} // namespace

TEST_CASE("mux: a check finds its slot by the ufrag, data by where checks came from") {
    muxed t;
    client a(t, 1, {"aaaa"}), b(t, 7, {"bbbb"});
    CHECK(t.network.open_.size() == 1);
    CHECK(a.slot->base() == at("192.0.2.1", 3478));
    CHECK(b.slot->base() == a.slot->base());
    t.data("too early", far);
    CHECK(t.dropped(mux_drop::unknown_source) == 1);
    t.check("aaaa", far);
    t.check("bbbb", farther);
    CHECK(a.count() == 1);
    CHECK(b.count() == 1);
    t.data("\x16 to a", far);
    t.data("\x16 to b", farther);
    CHECK(a.last() == "\x16 to a");
    CHECK(b.last() == "\x16 to b");
    CHECK(b.got.all.back().first == socket_id(7)); // its own name for it
    t.check("cccc", far);
    CHECK(t.dropped(mux_drop::unknown_ufrag) == 1);
    t.arrive(make_request("", "key"), far);
    CHECK(t.dropped(mux_drop::malformed) == 1);
    CHECK(a.count() == 2);
}

TEST_CASE("mux: a new ufrag on a known 5-tuple wins") {
    muxed t;
    client a(t, 1, {"aaaa"}), b(t, 2, {"bbbb"});
    t.check("aaaa", far);
    t.check("bbbb", far); // the same port, in use again
    t.data("\x16 whose?", far);
    CHECK(b.last() == "\x16 whose?");
    a.slot.reset(); // takes nothing with it that is another one's
    t.data("\x16 still", far);
    CHECK(b.last() == "\x16 still");
    CHECK(t.mux.port_of(here)->sources() == 1);
}

TEST_CASE("mux: closing a duplicate removes only itself, and a ufrag belongs to one") {
    muxed t;
    client a(t, 1, {"aaaa"}), b(t, 2, {"aaaa", "bbbb"});
    t.check("aaaa", far);
    CHECK(a.count() == 1);
    CHECK(b.count() == 0);
    b.slot.reset();
    t.check("aaaa", far);
    CHECK(a.count() == 2);
}

TEST_CASE("mux: after a restart both ufrags are answered, until the old one is taken away") {
    muxed t;
    client a(t, 1, {"old1"});
    t.check("old1", far);
    a.slot->add_ufrag("new1");
    t.check("new1", farther);
    t.check("old1", far);
    CHECK(a.count() == 3);
    a.slot->remove_ufrag("old1");
    t.check("old1", far);
    CHECK(a.count() == 3);
    CHECK(t.dropped(mux_drop::unknown_ufrag) == 1);
    t.data("\x16 data", farther);
    CHECK(a.count() == 4);
}

TEST_CASE("mux: responses go to who asked, whoever else asks the same server") {
    muxed t;
    client a(t, 1, {"aaaa"}), b(t, 2, {"bbbb"});
    t.ask(*a.slot, 1, far);
    t.ask(*b.slot, 2, far);
    t.ask(*b.slot, 2, far); // a retransmission
    t.batch.flush();
    CHECK(t.network.latest_->sent.size() == 3);
    t.arrive(t.answer(2), far);
    t.arrive(t.answer(1), far);
    CHECK(a.count() == 1);
    CHECK(b.count() == 1);
    t.arrive(t.answer(1), far); // once
    t.arrive(t.answer(9), far);
    CHECK(t.dropped(mux_drop::unknown_response) == 2);
    CHECK(t.mux.port_of(here)->transactions() == 0);
    // A lite peer: nothing but its response says whose its data are.
    client c(t, 3, {"cccc"});
    t.ask(*c.slot, 3, farther);
    t.arrive(t.answer(3), farther);
    t.data("\x16 of a lite peer", farther);
    CHECK(c.last() == "\x16 of a lite peer");
}

TEST_CASE("mux: what one peer can make grow is bounded") {
    muxed t({.port = 3478, .sources = 4, .transactions = 3});
    client a(t, 1, {"aaaa"}), b(t, 2, {"bbbb"});
    t.check("bbbb", far);
    for (std::uint16_t port = 2000; port < 2100; ++port) t.check("aaaa", at("198.51.100.9", port));
    CHECK(t.mux.port_of(here)->sources() == 4 + 1);
    t.data("\x16 the last ones", at("198.51.100.9", 2096));
    CHECK(a.last() == "\x16 the last ones");
    t.data("\x16 the others", at("198.51.100.9", 2095));
    CHECK(t.dropped(mux_drop::unknown_source) == 1);
    t.data("\x16 of b", far); // which is not touched
    CHECK(b.last() == "\x16 of b");
    // Who goes on checking from one place stays, however many others there are.
    for (std::uint16_t port = 3000; port < 3010; ++port) {
        t.check("aaaa", at("198.51.100.9", 2099));
        t.check("aaaa", at("198.51.100.9", port));
    }
    t.data("\x16 kept", at("198.51.100.9", 2099));
    CHECK(a.last() == "\x16 kept");
    for (std::uint8_t id = 1; id < 50; ++id) t.ask(*a.slot, id, far);
    CHECK(t.mux.port_of(here)->transactions() == 3);
    a.slot.reset();
    CHECK(t.mux.port_of(here)->sources() == 1);
    CHECK(t.mux.port_of(here)->transactions() == 0);
}

TEST_CASE("mux: a receiver may close its slot, or all of them, from the call") {
    muxed t;
    struct closing final : datagram_receiver {
        void handle_batch(socket_id, std::span<const net::datagram> batch) override {
            got += batch.size();
            for (auto* each : closes) each->reset();
        }
        std::vector<std::unique_ptr<mux_slot>*> closes;
        std::size_t got = 0;
    } receiver;
    auto slot = std::move(t.mux.open(socket_id(1), here, receiver).value());
    slot->add_ufrag("aaaa");
    t.check("aaaa", far);
    client b(t, 2, {"bbbb"});
    t.check("bbbb", farther);
    receiver.closes.push_back(&slot);
    if (GENERATE(false, true)) receiver.closes.push_back(&b.slot);
    const auto remains = b.slot != nullptr && receiver.closes.size() == 1;
    auto one = bytes(10, std::byte{22}), two = one, three = one;
    const std::array batch{net::datagram{one, far}, net::datagram{two, far}, net::datagram{three, farther}};
    auto& socket = *t.network.latest_;
    socket.handler.handle_batch(socket, batch);
    CHECK(receiver.got == 1 + 2); // the two of one source came together
    CHECK(b.count() == (remains ? 2 : 1));
    CHECK(t.network.open_.size() == (remains ? 1 : 0));
}

TEST_CASE("mux: the port is opened for the first slot, and closed with the last") {
    muxed t({.port = 0});
    auto a = std::make_unique<client>(t, 1, std::initializer_list<std::string>{"aaaa"});
    const auto port = a->slot->base().port;
    CHECK(port != 0);
    auto other = std::move(t.mux.open(socket_id(9), at("192.0.2.2", 0).address, a->got).value());
    CHECK(other->base() == at("192.0.2.2", port)); // the same on every address
    t.ask(*a->slot, 1, far);
    a->slot->forget(t.batch); // it is the last one here: nothing may be sent by a socket that is gone
    a.reset();
    t.batch.flush();
    CHECK(t.network.open_.size() == 1);
    client again(t, 1, {"aaaa"});
    CHECK(again.slot->base().port == port);
    t.network.refused_.insert("192.0.2.3");
    CHECK_FALSE(t.mux.open(socket_id(3), at("192.0.2.3", 0).address, again.got).has_value());
}

TEST_CASE("mux: what waits to be sent is sent, though its slot goes, while others keep the socket") {
    muxed t;
    client a(t, 1, {"aaaa"}), b(t, 2, {"bbbb"});
    t.ask(*a.slot, 1, far);
    a.slot->forget(t.batch);
    a.slot.reset();
    t.batch.flush();
    CHECK(t.network.latest_->sent.size() == 1);
}

TEST_CASE("local transports of a mux: its slots, with the ufrags from before and after") {
    muxed t;
    heard one, other;
    local_transport_options options;
    options.limit = 2;
    options.mux = std::shared_ptr<udp_mux>(&t.mux, [](udp_mux*) {});
    local_transports a(t.network, one, {}, options), b(t.network, other, {}, options);
    a.add_ufrag("aaa1");
    const auto made = a.open_udp({"eth0", here});
    REQUIRE(made);
    CHECK(*a.open_udp({"eth0", here}) == *made);
    a.add_ufrag("aaa2");
    REQUIRE(b.open_udp({"eth0", here}));
    b.add_ufrag("bbbb");
    CHECK(t.network.open_.size() == 1);
    t.check("aaa1", far);
    t.check("aaa2", far);
    t.check("bbbb", farther);
    CHECK(one.all.size() == 2);
    CHECK(other.all.size() == 1);
    a.remove_ufrag("aaa1");
    t.check("aaa1", far);
    CHECK(one.all.size() == 2);
    REQUIRE(a.open_udp({"eth1", at("192.0.2.2", 0).address}));
    CHECK_FALSE(a.open_udp({"eth2", at("192.0.2.3", 0).address}).has_value());
    CHECK(a.stats().over_limit == 1);
    CHECK(a.stats().opened == 2);
    a.close_all();
    CHECK(t.network.open_.size() == 1);
    b.close_all();
    CHECK(t.network.open_.empty());
}

namespace {

/// Members of a group, each on a network of its own, as the system would have spread the 5-tuples.
struct grouped {
    std::shared_ptr<net::port_group> group = std::make_shared<net::port_group>();
    struct member {
        fake_network network;
        std::array<unsigned, static_cast<std::size_t>(mux_drop::count)> drops{};
        std::vector<net::parcel> inbox;
        std::optional<udp_mux> mux;
        heard got;
        std::unique_ptr<mux_slot> slot;
        std::size_t passed_on = 0; ///< to it
    };
    std::array<member, 3> all;

    grouped() {
        for (unsigned i = 0; i < all.size(); ++i) {
            auto& each = all[i];
            REQUIRE(group->join([&each](net::parcel what) { each.inbox.push_back(std::move(what)); }) == i);
            udp_mux_options options;
            options.port = 3478;
            options.group = group;
            options.member = i;
            options.dropped = [&each](mux_drop reason, std::size_t packets) {
                each.drops[static_cast<std::size_t>(reason)] += static_cast<unsigned>(packets);
            };
            each.mux.emplace(each.network, logger(), std::move(options));
            each.slot = std::move(each.mux->open(socket_id(1), here, each.got).value());
            each.slot->add_ufrag(ufrag(i));
        }
    }
    static std::string ufrag(unsigned member) { return net::port_group::prefix_of(member) + "aaa"; }
    /// Where the system has put it.
    void arrive(unsigned at_member, bytes data, const endpoint& from) {
        const net::datagram packet{data, from};
        auto& socket = *all[at_member].network.latest_;
        socket.handler.handle_batch(socket, {&packet, 1});
        deliver();
    }
    void check(unsigned at_member, const std::string& for_ufrag, const endpoint& from) {
        arrive(at_member, make_request(for_ufrag + ":them", "key"), from);
    }
    void deliver() {
        for (bool more = true; more;) {
            more = false;
            for (unsigned i = 0; i < all.size(); ++i)
                for (auto& each : std::exchange(all[i].inbox, {})) {
                    more = true;
                    all[i].passed_on += each.pieces.size();
                    group->taken(i, each.pieces.size());
                    all[i].mux->take(each);
                }
        }
    }
    unsigned dropped(unsigned by, mux_drop reason) const {
        return all[by].drops[static_cast<std::size_t>(reason)];
    }
};

} // namespace

TEST_CASE("mux group: a stray check is passed to its member, and what follows from there, too") {
    grouped t;
    t.check(0, grouped::ufrag(2), far);
    CHECK(t.all[2].got.all.size() == 1);
    t.arrive(0, bytes(5, std::byte{22}), far);
    t.arrive(0, bytes(5, std::byte{23}), far);
    CHECK(t.all[2].got.all.size() == 3);
    CHECK(t.all[2].passed_on == 3);
    t.check(1, grouped::ufrag(1), farther); // where it belongs
    t.arrive(1, bytes(5, std::byte{22}), farther);
    CHECK(t.all[1].got.all.size() == 2);
    CHECK(t.all[1].passed_on == 0);
    t.arrive(0, bytes(5, std::byte{22}), at("198.51.100.7", 7));
    CHECK(t.dropped(0, mux_drop::unknown_source) == 1); // nobody's
}

TEST_CASE("mux group: a new ufrag on a known 5-tuple wins over another member's") {
    grouped t;
    t.check(0, grouped::ufrag(1), far);
    t.check(0, grouped::ufrag(2), far);
    CHECK(t.all[1].mux->port_of(here)->sources() == 0);
    t.arrive(0, bytes(5, std::byte{22}), far);
    CHECK(t.all[2].got.all.size() == 2);
    CHECK(t.all[1].got.all.size() == 1);
    t.check(0, grouped::ufrag(0), far); // of the one that it comes to
    t.arrive(0, bytes(5, std::byte{22}), far);
    CHECK(t.all[0].got.all.size() == 2);
    t.check(0, grouped::ufrag(1), far); // and away from there
    t.arrive(0, bytes(5, std::byte{22}), far);
    CHECK(t.all[1].got.all.size() == 3);
    t.all[1].slot.reset();
    t.arrive(0, bytes(5, std::byte{22}), far);
    CHECK_FALSE(t.group->owner_of(here, far));
}

TEST_CASE("mux group: nothing is passed on twice, and strangers cost nobody a place") {
    grouped t;
    for (unsigned i = 0; i < 100; ++i) t.check(0, net::port_group::prefix_of(1) + std::to_string(i), far);
    CHECK(t.all[1].passed_on == 100);
    CHECK(t.dropped(1, mux_drop::unknown_ufrag) == 100);
    CHECK(t.all[0].passed_on + t.all[2].passed_on == 0);
    CHECK_FALSE(t.group->owner_of(here, far));
    t.check(0, net::port_group::prefix_of(63) + "aaa", far); // a member that is not there
    CHECK(t.dropped(0, mux_drop::member_busy) == 1);
    t.check(0, "%aaa", far); // no letter of a member's
    CHECK(t.dropped(0, mux_drop::unknown_ufrag) == 1);
}

TEST_CASE("mux group: a response whose peer has not checked yet finds who asked; guesses are few") {
    grouped t;
    net::send_batch batch;
    const auto request = make_request("them:us", "key", {.id = 9});
    std::ranges::copy(request, batch.prepare().begin());
    t.all[2].slot->send(batch, request.size(), far);
    t.arrive(0, muxed::answer(9), far);
    CHECK(t.all[2].got.all.size() == 1);
    t.arrive(0, bytes(5, std::byte{22}), far); // a lite peer's data
    CHECK(t.all[2].got.all.size() == 2);
    // A STUN server has no owner: each of us may ask it.
    for (unsigned i = 0; i < 3; ++i) {
        auto& room = t.all[i];
        const auto before = room.got.all.size();
        stun::transaction_id id{};
        id.fill(static_cast<std::byte>(40 + i));
        const stun::message_writer writer(batch.prepare(), stun::message_class::request,
                                          stun::method::binding, id);
        room.slot->send(batch, writer.size(), at("198.51.100.3", 3478));
        t.arrive(1, muxed::answer(static_cast<std::uint8_t>(40 + i)), at("198.51.100.3", 3478));
        CHECK(room.got.all.size() == before + 1);
    }
    CHECK_FALSE(t.group->owner_of(here, at("198.51.100.3", 3478)));
    for (int i = 0; i < 1000; ++i) t.arrive(0, muxed::answer(77), farther);
    CHECK(t.all[1].passed_on <= 60);
    CHECK(t.dropped(0, mux_drop::unknown_response) >= 940);
}

TEST_CASE("mux group: members whose last slot goes while they receive") {
    grouped t;
    t.check(0, grouped::ufrag(1), far);
    t.all[1].slot.reset();
    t.check(0, grouped::ufrag(1), far); // to a member that has no socket
    CHECK(t.all[1].got.all.size() == 1);
    t.all[1].slot = std::move(t.all[1].mux->open(socket_id(2), here, t.all[1].got).value());
    t.all[1].slot->add_ufrag(grouped::ufrag(1));
    t.check(0, grouped::ufrag(1), far);
    CHECK(t.all[1].got.all.size() == 2);
}

TEST_CASE("mux: whatever arrives, it is counted or somebody's, and the tables stay small") {
    muxed t({.port = 3478, .sources = 8, .transactions = 8});
    client a(t, 1, {"aaaa"}), b(t, 2, {"bbbb"});
    std::mt19937_64 dice(7);
    const std::array texts{std::string("aaaa"), std::string("bbbb"), std::string("cccc"), std::string()};
    std::uint64_t sent = 0;
    for (int i = 0; i < 20000; ++i) {
        auto data = make_request(texts[dice() % 4] + (dice() % 8 ? ":them" : ""), "key",
                                 {.id = static_cast<std::uint8_t>(dice()), .priority = dice() % 2 == 0});
        for (auto flips = dice() % 4; flips > 0; --flips)
            data[dice() % data.size()] = static_cast<std::byte>(dice());
        if (dice() % 4 == 0) data.resize(dice() % (data.size() + 1));
        if (dice() % 64 == 0) t.ask(*a.slot, static_cast<std::uint8_t>(dice()), far);
        t.batch.flush();
        t.arrive(std::move(data), at("198.51.100.1", static_cast<std::uint16_t>(1 + dice() % 100)));
        ++sent;
        const auto port = t.mux.port_of(here);
        REQUIRE(port->sources() <= 16);
        REQUIRE(port->transactions() <= 16);
    }
    std::uint64_t ended = a.count() + b.count();
    for (auto each : t.drops) ended += each;
    CHECK(ended == sent);
    CHECK(a.count() > 0);
    CHECK(t.dropped(mux_drop::malformed) > 0);
}
