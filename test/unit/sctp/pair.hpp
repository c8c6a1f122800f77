#pragma once

#include "cortc/sctp/association.hpp"
#include "test/support/allocation_count.hpp"
#include "test/support/flight.hpp"
#include "test/support/seeded_random.hpp"
#include "test/unit/sctp/packet_check.hpp"

#include <functional>
#include <map>
#include <vector>

namespace cortc::sctp::test {

using namespace std::chrono_literals;
using support::allocation_count;
using support::seeded_random;

/// What happens to packets on their way.
struct link_options {
    double loss = 0;
    double duplication = 0;
    double reordering = 0; ///< of packets that are delayed by one more `delay`
    duration delay = 5ms;
    duration jitter{};
};

/// One end: the association and everything that came out of it.
struct peer {
    peer(association_config config, std::uint64_t seed) : random(seed), end(config, random, pool) {}

    template <class Event>
    [[nodiscard]] std::size_t count() const {
        std::size_t found = 0;
        for (const auto& e : events) found += std::holds_alternative<Event>(e);
        return found;
    }
    template <class Event>
    [[nodiscard]] const Event* last() const {
        for (auto e = events.rbegin(); e != events.rend(); ++e)
            if (auto* found = std::get_if<Event>(&*e)) return found;
        return nullptr;
    }

    seeded_random random;
    buffer_pool pool;
    association end;
    bool reads = true; ///< polls messages and consumes them
    std::vector<received_message> messages;
    std::vector<event> events;
    std::function<void(received_message&&)> on_message; ///< instead of `messages`
    std::function<void(bytes&)> tamper;                 ///< with packets it sends; empty: dropped
    std::vector<time_point> sent_at;
};

/// Two associations and the link between them, in virtual time.
class pair {
  public:
    explicit pair(link_options options = {}, association_config left = {}, association_config right = {},
                  std::uint64_t seed = 1)
        : a(left, seed * 2 + 1), b(right, seed * 2 + 2), link(options), random_(seed) {}

    time_point now{1s};
    peer a;
    peer b;
    link_options link;

    void pump() {
        for (bool more = true; more;) {
            more = drain(a, b);
            more = drain(b, a) || more;
        }
    }
    [[nodiscard]] time_point next_event() const {
        return std::min({a.end.next_timeout(), b.end.next_timeout(), wire_.next()});
    }
    void step() {
        while (auto arrived = wire_.land(now)) arrived->to->end.handle_packet(arrived->data, now);
        for (auto* each : {&a, &b})
            if (each->end.next_timeout() <= now) each->end.handle_timeout(now);
    }
    /// Until `done` or for `limit`; whether it was done.
    bool run(const std::function<bool()>& done, duration limit = 60s) {
        return support::run_until(*this, done, limit);
    }
    void run_for(duration time) {
        (void)run([] { return false; }, time);
    }
    bool connect() {
        a.end.connect(now);
        b.end.connect(now);
        return run([&] { return a.count<connected>() && b.count<connected>(); });
    }
    send_result send(peer& from, std::uint16_t stream, byte_view data, send_options options = {}) {
        return from.end.send(stream_id(stream), ppid(53), data, options, now);
    }

  private:
    bool drain(peer& from, peer& to) {
        bool any = false;
        std::array<std::byte, 2000> out;
        while (auto size = from.end.poll_transmit(out, now)) {
            any = true;
            bytes data(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*size));
            check_packet(data);
            if (from.tamper) from.tamper(data);
            if (!data.empty()) put(to, data);
            from.sent_at.push_back(now);
        }
        for (bool more = true; more;) {
            more = false;
            if (from.reads) {
                while (auto message = from.end.poll_message()) {
                    more = any = true;
                    from.end.consume(message->data.size());
                    if (from.on_message)
                        from.on_message(std::move(*message));
                    else
                        from.messages.push_back(std::move(*message));
                }
            }
            while (auto event = from.end.poll_event()) {
                more = any = true;
                from.events.push_back(std::move(*event));
            }
        }
        return any;
    }
    void put(peer& to, const bytes& data) {
        if (random_.chance(link.loss)) return;
        const int copies = random_.chance(link.duplication) ? 2 : 1;
        for (int i = 0; i < copies; ++i) {
            auto at = now + link.delay;
            if (link.jitter.count() > 0)
                at += duration(static_cast<std::int64_t>(
                    random_.below(static_cast<std::uint64_t>(link.jitter.count()))));
            if (random_.chance(link.reordering)) at += link.delay;
            wire_.send(&to, data, at);
        }
    }
    seeded_random random_;
    support::flight<peer*> wire_;
};

inline bytes pattern(std::size_t size, std::uint32_t seed = 0) {
    bytes data(size);
    std::uint32_t x = seed * 2654435761u + 1;
    for (auto& byte : data) {
        x = x * 1664525u + 1013904223u;
        byte = static_cast<std::byte>(x >> 24);
    }
    return data;
}

inline bytes numbered(std::uint32_t number, std::size_t size = 8) {
    auto data = pattern(std::max<std::size_t>(size, 4), number);
    byte_writer(data).u32(number);
    return data;
}
inline std::uint32_t number_of(byte_view data) { return byte_reader(data).u32(); }

} // namespace cortc::sctp::test
