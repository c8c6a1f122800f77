#pragma once

#include "cortc/ice/agent.hpp"
#include "cortc/stun/message_writer.hpp"
#include "test/support/catch.hpp"
#include "test/support/seeded_random.hpp"

#include <boost/asio/ip/address.hpp>

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

/// Two agents (or one and a script) and a wire between them, in virtual time.
namespace cortc::ice::test {

using namespace std::chrono_literals;

using support::seeded_random;

inline endpoint at(std::string_view address, std::uint16_t port) {
    return {boost::asio::ip::make_address(std::string(address)), port};
}
inline constexpr time_point start{std::chrono::hours(1)};

/// The agents' log, when the environment variable CORTC_TEST_LOG is set.
class print_log final : public log_sink {
  public:
    void write(log_level, std::string_view, std::string_view message) noexcept override {
        fmt::print("{}\n", message);
    }
};

/// An agent with its sockets and everything it said.
struct node {
    using adjustment = std::function<void(agent_config&)>;
    explicit node(std::uint64_t seed, role as, timings time = {}, limits limit = {},
                  const adjustment& adjust = {})
        : random(seed), engine(config(random, requests, time, limit, adjust)), name(std::to_string(seed)) {
        engine.set_role(as);
    }
    static agent_config config(random_source& random, request_table& requests, timings time, limits limit,
                               const adjustment& adjust) {
        agent_config out(random, requests);
        out.time = time;
        out.limit = limit;
        if (adjust) adjust(out);
        static print_log sink;
        if (std::getenv("CORTC_TEST_LOG")) out.log = logger(&sink, log_level::trace, "ice");
        return out;
    }
    socket_id open(const endpoint& where) {
        sockets.push_back(where);
        return socket_id(static_cast<std::uint32_t>(sockets.size()));
    }
    /// A generation with a host candidate on every socket.
    generation_id begin(time_point now, bool done = true) {
        auto count = ++generations;
        local = {"uf" + name + std::to_string(count),
                 "password-of-22-characters" + name + std::to_string(count)};
        auto id = engine.add_generation(local, now);
        signaled.clear();
        for (std::uint32_t i = 0; i < sockets.size(); ++i) {
            local_candidate init;
            init.socket = socket_id(i + 1);
            init.base = sockets[i];
            init.local_preference = static_cast<std::uint16_t>(65535 - i);
            if (auto candidate = engine.add_local_candidate(id, init, now)) signaled.push_back(*candidate);
        }
        if (done) engine.local_candidates_done(id, now);
        latest = id;
        return id;
    }
    template <class Event>
    std::vector<Event> all() const {
        std::vector<Event> out;
        for (const auto& each : events)
            if (const auto* found = std::get_if<Event>(&each)) out.push_back(*found);
        return out;
    }
    bool usable() const {
        return engine.state() == transport_state::connected || engine.state() == transport_state::completed;
    }
    bool selected() const { return engine.selected_pair().has_value(); }

    seeded_random random;
    request_table requests;
    agent engine;
    std::string name;
    std::vector<endpoint> sockets;
    credentials local;
    generation_id latest;
    int generations = 0;
    std::vector<sdp::candidate> signaled;
    std::vector<event> events;
};

struct flying {
    time_point arrives;
    endpoint from, to;
    bytes data;
};

class wire {
  public:
    wire(node& a, node& b) : nodes_{&a, &b} {}

    time_point now = start;
    duration delay{};
    double loss = 0;
    std::mt19937_64 dice{1};
    std::size_t datagrams = 0;                      ///< sent, lost ones included
    std::function<bool(const flying&)> drops;       ///< a hole in the wire
    std::function<void(flying&)> rewrites;          ///< an address translator
    std::function<endpoint(const endpoint&)> finds; ///< its other direction: where a datagram really goes

    /// Sends and delivers what may be at the present moment, then jumps to the next; false when nothing is to
    /// come.
    bool step(time_point limit) {
        drain();
        auto next = never;
        for (const auto& each : air_) next = std::min(next, each.arrives);
        for (auto* each : nodes_) next = std::min(next, each->engine.next_timeout());
        if (next > limit) return false;
        REQUIRE(++steps_ < 200000); // a deadline that does not move is a bug
        now = std::max(now, next);
        deliver();
        for (auto* each : nodes_)
            if (each->engine.next_timeout() <= now) each->engine.handle_timeout(now);
        drain();
        return true;
    }
    template <class Predicate>
    bool run_until(Predicate done, duration limit = 60s) {
        auto end = now + limit;
        drain();
        while (!done())
            if (!step(end)) {
                now = end;
                return false;
            }
        return true;
    }
    void run_for(duration d) {
        run_until([] { return false; }, d);
        for (auto* each : nodes_) each->engine.handle_timeout(now);
        drain();
    }
    void drain() {
        std::array<std::byte, 1500> room;
        for (auto* each : nodes_) {
            while (auto sent = each->engine.poll_transmit(room, now)) {
                REQUIRE(sent->size > 0);
                auto data = byte_view(room).first(sent->size);
                send({now + delay, each->sockets.at(sent->socket.value() - 1), sent->destination,
                      bytes(data.begin(), data.end())});
            }
            while (auto what = each->engine.poll_event()) each->events.push_back(*what);
        }
    }
    void send(flying packet) {
        ++datagrams;
        if (rewrites) rewrites(packet);
        if (drops && drops(packet)) return;
        if (loss > 0 && std::uniform_real_distribution<>()(dice) < loss) return;
        air_.push_back(std::move(packet));
    }

  private:
    void deliver() {
        std::vector<flying> landing;
        for (std::size_t i = 0; i < air_.size();) {
            if (air_[i].arrives <= now) {
                landing.push_back(std::move(air_[i]));
                air_.erase(air_.begin() + static_cast<std::ptrdiff_t>(i));
            } else {
                ++i;
            }
        }
        for (auto& packet : landing) {
            auto to = finds ? finds(packet.to) : packet.to;
            for (auto* each : nodes_)
                for (std::uint32_t i = 0; i < each->sockets.size(); ++i)
                    if (each->sockets[i] == to)
                        each->engine.handle_packet(socket_id(i + 1), packet.from, packet.data, now);
        }
    }

    std::vector<node*> nodes_;
    std::vector<flying> air_;
    std::size_t steps_ = 0;
};

/// Tells `to` the credentials and candidates of `from`'s latest generation.
inline void signal(node& from, node& to, time_point now, bool candidates = true,
                   remote_options options = {}) {
    to.engine.set_remote(to.latest, from.local, options, now);
    if (!candidates) return;
    for (const auto& each : from.signaled) to.engine.add_remote_candidate(to.latest, each, now);
    to.engine.remote_candidates_done(to.latest, now);
}
/// As offer and answer do: the answerer knows everything first.
inline void negotiate(node& a, node& b, time_point now) {
    a.begin(now);
    b.begin(now);
    signal(a, b, now);
    signal(b, a, now);
}

struct request_options {
    std::uint8_t id = 1;
    bool controlling = true;
    std::uint64_t tie_breaker = 1;
    bool use_candidate = false;
    bool priority = true;
    bool integrity = true;
    bool both_roles = false;
    bool unknown_attribute = false;
};

/// A Binding request as a peer writes it.
inline bytes make_request(const std::string& username, const std::string& key, request_options options = {}) {
    bytes out(600);
    stun::transaction_id id{};
    id.fill(static_cast<std::byte>(options.id));
    stun::message_writer writer(out, stun::message_class::request, stun::method::binding, id);
    if (!username.empty()) writer.add_username(username);
    if (options.priority) writer.add_priority(0x6e0001ff);
    if (options.controlling) writer.add_ice_controlling(options.tie_breaker);
    if (!options.controlling || options.both_roles) writer.add_ice_controlled(options.tie_breaker);
    if (options.use_candidate) writer.add_use_candidate();
    if (options.unknown_attribute)
        writer.add(static_cast<stun::attribute_type>(0x7f01), as_bytes(std::string_view("what")));
    if (options.integrity) writer.add_integrity(as_bytes(key));
    writer.add_fingerprint();
    out.resize(writer.size());
    return out;
}

/// A response to a request of the agent's.
inline bytes make_success(const stun::transaction_id& id, const endpoint& mapped, const std::string& key) {
    bytes out(600);
    stun::message_writer writer(out, stun::message_class::success_response, stun::method::binding, id);
    writer.add_xor_mapped_address(mapped);
    writer.add_integrity(as_bytes(key));
    writer.add_fingerprint();
    out.resize(writer.size());
    return out;
}
inline bytes make_error(const stun::transaction_id& id, stun::error code, const std::string& key) {
    bytes out(600);
    stun::message_writer writer(out, stun::message_class::error_response, stun::method::binding, id);
    writer.add_error_code(code);
    if (!key.empty()) writer.add_integrity(as_bytes(key));
    writer.add_fingerprint();
    out.resize(writer.size());
    return out;
}

/// What an agent sent: a copy, since stun::message is a view.
struct sent_message {
    transmit where;
    bytes data;
    stun::message read() const { return stun::message::parse(data).value(); }
};
inline std::vector<sent_message> drain(agent& from, time_point now) {
    std::vector<sent_message> out;
    std::array<std::byte, 1500> room;
    while (auto sent = from.poll_transmit(room, now))
        out.push_back({*sent, bytes(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(sent->size))});
    return out;
}

} // namespace cortc::ice::test
