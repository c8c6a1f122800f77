#pragma once

#include "cortc/turn/server.hpp"
#include "test/support/sim_call.hpp"

/// Calls through routers of every kind, with a STUN and TURN server in the open network.
namespace cortc::test {

/// How an end is connected. The names of NATs are RFC 3489's, which RFC 4787 and RFC 5128 take apart.
enum class behind : std::uint8_t {
    open,
    full_cone,
    address_restricted,
    port_restricted,
    symmetric,
    symmetric_random, ///< preserves nothing
    nested,           ///< a port-restricted router behind another
    udp_blocked,
    ipv6_only, ///< behind a firewall that is a NAT64
};
inline constexpr std::array all_behind{
    behind::open,
    behind::full_cone,
    behind::address_restricted,
    behind::port_restricted,
    behind::symmetric,
    behind::symmetric_random,
    behind::nested,
    behind::udp_blocked,
    behind::ipv6_only,
};
/// What both ends have been told of.
enum class served : std::uint8_t { none, stun, turn_udp, turn_tcp };
inline constexpr std::array all_served{served::none, served::stun, served::turn_udp, served::turn_tcp};

inline const char* to_string(behind how) {
    constexpr std::array names{
        "open",   "full cone",   "address-restricted", "port-restricted", "symmetric", "symmetric random",
        "nested", "UDP blocked", "IPv6 only"};
    return names[static_cast<std::size_t>(how)];
}
inline const char* to_string(served by) {
    constexpr std::array names{"no servers", "STUN", "STUN and TURN/UDP", "TURN/TCP"};
    return names[static_cast<std::size_t>(by)];
}

inline sim::router_options router_of(behind how) {
    using sim::dependence;
    sim::router_options made;
    switch (how) {
    case behind::full_cone:
        made.filtering = dependence::endpoint_independent;
        break;
    case behind::address_restricted:
        made.filtering = dependence::address_dependent;
        break;
    case behind::symmetric_random:
        made.preserves_ports = false;
        [[fallthrough]];
    case behind::symmetric:
        made.mapping = dependence::address_and_port_dependent;
        break;
    case behind::udp_blocked:
        made.udp = false;
        break;
    case behind::ipv6_only:
        made.nat64 = true;
        break;
    case behind::open:
    case behind::port_restricted:
    case behind::nested:
        break;
    }
    return made;
}

struct nat_call : sim_call {
    static addresses address_of(behind how, char number) {
        if (how == behind::open) return {std::string("203.0.113.10") + number};
        if (how == behind::ipv6_only) return {std::string("2001:db8:") + number + "::2"};
        return {std::string("192.168.") + number + ".2"};
    }
    static turn::server_options server_options() {
        turn::server_options made;
        made.realm = "example.org";
        made.users = [](std::string_view name) -> std::optional<turn::user_secret> {
            if (name != "user") return {};
            return turn::user_secret("secret");
        };
        made.tcp = {{boost::asio::ip::make_address("198.51.100.10"), 3478}};
        // Documentation's networks, which are the world here.
        made.allowed_peers = {"198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"};
        return made;
    }

    nat_call(behind of_a, behind of_b, std::uint64_t seed = 1, duration delay = std::chrono::milliseconds(10))
        : sim_call(seed, link_of(delay), context_options(), address_of(of_a, '1'), address_of(of_b, '2')) {
        near_a = stand(of_a, '1', "a");
        near_b = stand(of_b, '2', "b");
        // What DNS64 says of it, too (RFC 6147).
        world.set_name("turn.example.org", {"198.51.100.10", "64:ff9b::198.51.100.10"});
    }
    /// Puts a host where it belongs; its router, the nearest to it, or null.
    sim::router* stand(behind how, char number, std::string_view name) {
        if (how == behind::open) return nullptr;
        const auto outside = std::string("203.0.113.") + number;
        auto* near = &world.router("nat of " + std::string(name), {outside}, router_of(how));
        if (how == behind::nested) {
            auto& home = world.router("home of " + std::string(name), {"100.64.0.2"}, router_of(how));
            near->attach(home);
            near = &home;
        }
        near->attach(world.host(name));
        return near;
    }
    void use(served by) {
        for (auto* each : {&*offerer, &*answerer}) {
            Configuration next = each->getConfiguration();
            if (by == served::stun) next.iceServers = {IceServer("stun:turn.example.org")};
            if (by == served::turn_udp)
                next.iceServers = {IceServer("stun:turn.example.org"),
                                   IceServer("turn:turn.example.org", "user", "secret")};
            if (by == served::turn_tcp)
                next.iceServers = {IceServer("turn:turn.example.org?transport=tcp", "user", "secret")};
            each->setConfiguration(next);
        }
    }
    bool both(PeerConnectionState state, duration limit) {
        return world.run_until(
            [&] { return offerer->connectionState() == state && answerer->connectionState() == state; },
            limit);
    }
    /// The selected pair: its local and its remote candidate's type.
    std::pair<IceCandidateType, IceCandidateType> types(PeerConnection& of) {
        std::pair<IceCandidateType, IceCandidateType> found;
        auto body = [&]() -> asio::awaitable<void> {
            auto report = co_await of.getStats();
            const auto transports = report.all<TransportStats>();
            REQUIRE(transports.size() == 1);
            REQUIRE(transports[0]->selectedCandidatePairId);
            const auto& pair = *report.get<IceCandidatePairStats>(*transports[0]->selectedCandidatePairId);
            found.first = report.get<IceCandidateStats>(pair.localCandidateId)->candidateType;
            found.second = report.get<IceCandidateStats>(pair.remoteCandidateId)->candidateType;
        };
        run(body(), std::chrono::seconds(1));
        return found;
    }
    /// Closes both; the server alone remains.
    void finish() {
        const auto of_server = server.listening().size() + server.listening_tcp().size();
        offerer->close();
        answerer->close();
        CHECK(world.run_until([&] { return world.open_sockets() == of_server && server.allocations() == 0; },
                              std::chrono::seconds(40)));
        for (const auto& each : trickling) {
            CHECK(each.done());
            if (each.done()) each.rethrow();
        }
    }

    turn::server server{world.host("turn", {"198.51.100.10"}),
                        server_options(),
                        {boost::asio::ip::make_address("198.51.100.10"), 3478}};
    sim::router* near_a = nullptr;
    sim::router* near_b = nullptr;
};

} // namespace cortc::test
