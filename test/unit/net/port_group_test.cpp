#include "cortc/net/port_group.hpp"
#include "test/support/catch.hpp"

#include <boost/asio/ip/address.hpp>

#include <thread>
#include <vector>

using namespace cortc;
using namespace cortc::net;

namespace {

ip_address address(const char* text) { return boost::asio::ip::make_address(text); }

datagram packet_of(bytes& data, std::uint16_t port) {
    return {data, {address("198.51.100.1"), port}, ecn::ect0};
}

} // namespace

TEST_CASE("port group: members, the letters of their user names, and no more than there are letters") {
    port_group group;
    std::string letters;
    for (unsigned i = 0; i < port_group::most_members; ++i) {
        const auto member = group.join([](parcel) {});
        REQUIRE(member == i);
        const auto letter = port_group::prefix_of(i);
        CHECK(port_group::member_of(letter + "rest") == i);
        letters += letter;
    }
    CHECK(letters.size() == 64);
    CHECK_FALSE(group.join([](parcel) {}));
    group.leave(7);
    CHECK_FALSE(group.has(7));
    CHECK(group.join([](parcel) {}) == 7u);
    CHECK_FALSE(port_group::member_of(""));
    CHECK_FALSE(port_group::member_of("%"));
}

TEST_CASE("port group: a 5-tuple has one owner, who alone gives it up") {
    port_group group;
    const auto here = address("192.0.2.1"), there = address("192.0.2.2");
    const endpoint source{address("198.51.100.1"), 1000};
    CHECK_FALSE(group.owner_of(here, source));
    CHECK_FALSE(group.claim(here, source, 1));
    CHECK_FALSE(group.claim(here, source, 1));
    CHECK_FALSE(group.claim(there, source, 3)); // another one
    CHECK(group.claim(here, source, 2) == 1u);
    group.disclaim(here, source, 1);
    CHECK(group.owner_of(here, source) == 2u);
    group.disclaim(here, source, 2);
    CHECK_FALSE(group.owner_of(here, source));
    CHECK(group.owner_of(there, source) == 3u);
}

TEST_CASE("port group: what is passed on is a copy, and so much waits and no more") {
    port_group group;
    std::vector<parcel> got;
    const auto member = group.join([&](parcel what) { got.push_back(std::move(what)); }).value();
    bytes one(10, std::byte{1}), empty, two(1000, std::byte{2});
    parcel what;
    what.local = address("192.0.2.1");
    what.add(packet_of(one, 1));
    what.add(packet_of(empty, 2));
    what.add(packet_of(two, 3));
    REQUIRE(group.send(member, what));
    one.assign(10, std::byte{9});
    std::vector<datagram> opened;
    got.at(0).open(opened);
    REQUIRE(opened.size() == 3);
    CHECK(opened[0].data.size() == 10);
    CHECK(opened[0].data[0] == std::byte{1});
    CHECK(opened[1].data.empty());
    CHECK(opened[2].data.size() == 1000);
    CHECK(opened[2].source.port == 3);
    CHECK(opened[2].mark == ecn::ect0);

    CHECK_FALSE(group.send(member + 1, what)); // nobody
    CHECK_FALSE(group.send(port_group::most_members, what));
    std::size_t sent = 3;
    while (group.send(member, what)) sent += 3;
    CHECK(sent == port_group::most_waiting / 3 * 3);
    group.taken(member, 3);
    CHECK(group.send(member, what));
    CHECK_FALSE(group.send(member, what));
    group.leave(member);
    CHECK_FALSE(group.send(member, what));
}
