#include "test/sim/nat_calls.hpp"

// Every pair of ways to be connected, with every kind of server: calls connect exactly where theory says,
// over the candidates that theory says.

using namespace cortc;
using namespace std::chrono_literals;
using test::behind;
using test::served;
using type = IceCandidateType;

namespace {

// Sanitizers make a run ten times as long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t seeds = 2;
#else
constexpr std::uint64_t seeds = 10;
#endif

/// Until both ends are connected, servers included; and all there is when they cannot.
constexpr std::uint64_t most_datagrams = 120, most_datagrams_in_vain = 60;

// RFC 4787 and RFC 5128

/// One port outside for each inside, whoever is talked to. No translation is one, too.
bool maps_independently(behind how) { return how != behind::symmetric && how != behind::symmetric_random; }
bool is_v4(behind how) { return how != behind::ipv6_only; }

/// What `from` sends to the address of `to` that the STUN server has seen arrives there, both having sent.
bool reaches(behind from, behind to) {
    if (!maps_independently(to)) return false; // that address is for the server alone
    if (to == behind::full_cone || to == behind::address_restricted) return true;
    return maps_independently(from); // else it comes from a port that nobody was told of
}
/// The two without a relay.
bool meet(behind a, behind b, served by) {
    if (a == behind::udp_blocked || b == behind::udp_blocked) return false;
    if (!is_v4(a) || !is_v4(b)) return is_v4(a) == is_v4(b); // nobody translates candidates
    if (a == behind::open || b == behind::open) return true;
    if (by == served::none || by == served::turn_tcp) return false; // nobody knows where the other one is
    return reaches(a, b) || reaches(b, a);
}
/// What an end's address is to itself, and to the peer that talks to it, on a way without a relay.
type direct_type(behind how, served by) {
    if (how == behind::open || how == behind::ipv6_only) return type::host;
    const bool asked = by == served::stun || by == served::turn_udp;
    return asked && maps_independently(how) ? type::srflx : type::prflx;
}

bool has_relay(behind how, served by) {
    return by == served::turn_tcp || (by == served::turn_udp && how != behind::udp_blocked);
}
/// `from` itself reaches a relayed address (of IPv4) of the peer's: where it may send at all, and the peer
/// knows what it comes from, to permit it (RFC 8656 9).
bool reaches_relay(behind from, served by) {
    if (from == behind::udp_blocked || !is_v4(from)) return false;
    return from == behind::open || by == served::turn_udp;
}

/// A pair as one end sees it, local and remote.
using pair_types = std::pair<type, type>;
/// What may be selected at a; none: they cannot connect. The best of what works.
std::vector<pair_types> theory(behind a, behind b, served by) {
    if (meet(a, b, by)) return {{direct_type(a, by), direct_type(b, by)}};
    std::vector<pair_types> one_relay;
    if (has_relay(b, by) && reaches_relay(a, by)) one_relay.emplace_back(direct_type(a, by), type::relay);
    if (has_relay(a, by) && reaches_relay(b, by)) one_relay.emplace_back(type::relay, direct_type(b, by));
    if (!one_relay.empty()) return one_relay;
    if (has_relay(a, by) && has_relay(b, by)) return {{type::relay, type::relay}};
    return {};
}

std::string text(const std::vector<pair_types>& all) {
    std::string made;
    for (const auto& [local, remote] : all)
        made += fmt::format("{}{}/{}", made.empty() ? "" : " or ", to_string(local), to_string(remote));
    return made.empty() ? "none" : made;
}

struct cost {
    std::uint64_t datagrams = 0, in_vain = 0;
    duration longest{};
};

void run_cell(behind a, behind b, served by, std::uint64_t seed, cost& worst) {
    test::nat_call call(a, b, seed);
    call.use(by);
    if (seed % 2 == 0) std::swap(call.offerer, call.answerer); // both roles
    auto& end_a = seed % 2 == 0 ? *call.answerer : *call.offerer;
    auto& end_b = seed % 2 == 0 ? *call.offerer : *call.answerer;
    const auto expected = theory(a, b, by);
    CAPTURE(to_string(a), to_string(b), to_string(by), seed, text(expected));
    auto channel = call.offerer->createDataChannel("x");
    std::string heard;
    const auto begin = call.world.now();
    auto body = [&]() -> asio::awaitable<void> {
        co_await call.set_up();
        co_await channel.opened();
        co_await channel.send("through");
        auto other = co_await call.answerer->nextDataChannel();
        auto message = co_await other.receive();
        heard = message.text();
    };
    test::spawned task(call.io.get_executor(), body());
    const auto given_up = [&] {
        return end_a.connectionState() == PeerConnectionState::failed &&
               end_b.connectionState() == PeerConnectionState::failed;
    };
    REQUIRE(call.world.run_until([&] { return task.done() || given_up(); }, expected.empty() ? 60s : 15s));
    CHECK(task.done() == !expected.empty());
    if (!task.done()) {
        worst.in_vain = std::max(worst.in_vain, call.world.stats().sent);
        return call.finish();
    }
    task.rethrow();
    CHECK(heard == "through");
    worst.datagrams = std::max(worst.datagrams, call.world.stats().sent);
    worst.longest = std::max(worst.longest, call.world.now() - begin);
    call.world.run_for(10s); // what is better than the first that worked has been found
    const auto of_a = call.types(end_a), of_b = call.types(end_b);
    CAPTURE(text({of_a}), text({of_b}));
    CHECK(std::ranges::count(expected, of_a) == 1);
    CHECK(of_b == pair_types(of_a.second, of_a.first)); // both on one path
    CHECK(end_a.connectionState() == PeerConnectionState::connected);
    CHECK(end_b.connectionState() == PeerConnectionState::connected);
    call.finish();
}

void run_row(served by) {
    cost worst;
    std::size_t connecting = 0, cells = 0;
    for (std::size_t i = 0; i < test::all_behind.size(); ++i)
        for (auto k = i; k < test::all_behind.size(); ++k) {
            const auto a = test::all_behind[i], b = test::all_behind[k];
            ++cells;
            connecting += !theory(a, b, by).empty();
            for (std::uint64_t seed = 1; seed <= seeds; ++seed) run_cell(a, b, by, seed, worst);
        }
    CHECK(worst.datagrams <= most_datagrams);
    CHECK(worst.in_vain <= most_datagrams_in_vain);
    test::figure("NAT, {:18} {} of {} pairs connect; at most {} datagrams, {:.0f} ms; in vain {} datagrams",
                 to_string(by), connecting, cells, worst.datagrams, test::milliseconds(worst.longest),
                 worst.in_vain);
}

} // namespace

TEST_CASE("NAT matrix: no servers") { run_row(served::none); }
TEST_CASE("NAT matrix: STUN") { run_row(served::stun); }
TEST_CASE("NAT matrix: STUN and TURN over UDP") { run_row(served::turn_udp); }
TEST_CASE("NAT matrix: TURN over TCP") { run_row(served::turn_tcp); }

// The theory itself, by RFC 5128's well-known cases
TEST_CASE("NAT matrix: theory") {
    using enum behind;
    CHECK(text(theory(open, open, served::none)) == "host/host");
    CHECK(text(theory(open, symmetric, served::none)) == "host/prflx");
    CHECK(text(theory(full_cone, full_cone, served::none)) == "none");
    CHECK(text(theory(port_restricted, nested, served::stun)) == "srflx/srflx");
    CHECK(text(theory(symmetric, address_restricted, served::stun)) == "prflx/srflx");
    CHECK(text(theory(symmetric, port_restricted, served::stun)) == "none");
    CHECK(text(theory(symmetric, symmetric, served::stun)) == "none");
    CHECK(text(theory(symmetric, symmetric, served::turn_udp)) == "prflx/relay or relay/prflx");
    CHECK(text(theory(udp_blocked, open, served::turn_udp)) == "none");
    CHECK(text(theory(udp_blocked, open, served::turn_tcp)) == "relay/host");
    CHECK(text(theory(udp_blocked, udp_blocked, served::turn_tcp)) == "relay/relay");
    CHECK(text(theory(ipv6_only, ipv6_only, served::none)) == "host/host");
    CHECK(text(theory(ipv6_only, open, served::stun)) == "none");
    CHECK(text(theory(ipv6_only, open, served::turn_udp)) == "relay/host");
}
