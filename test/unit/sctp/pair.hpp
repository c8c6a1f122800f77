#pragma once

#include "cortc/sctp/association.hpp"
#include "test/support/allocation_count.hpp"

#include <functional>
#include <map>
#include <queue>
#include <random>
#include <vector>

namespace cortc::sctp::test {

using namespace std::chrono_literals;

class seeded_random : public random_source {
  public:
    explicit seeded_random(std::uint64_t seed) : engine_(seed) {}
    void fill(byte_span out) override {
        for (auto& byte : out) byte = static_cast<std::byte>(engine_() & 0xff);
    }
    bool chance(double probability) { return std::uniform_real_distribution<>(0, 1)(engine_) < probability; }
    std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }

  private:
    std::mt19937_64 engine_;
};

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
    /// Until `done` or for `limit`; whether it was done.
    bool run(const std::function<bool()>& done, duration limit = 60s) {
        const auto end = now + limit;
        for (;;) {
            pump();
            if (done()) return true;
            auto next = std::min(a.end.next_timeout(), b.end.next_timeout());
            if (!wire_.empty()) next = std::min(next, wire_.top().at);
            if (next > end) {
                now = end;
                return false;
            }
            now = std::max(now, next);
            deliver();
            for (auto* each : {&a, &b})
                if (each->end.next_timeout() <= now) each->end.handle_timeout(now);
        }
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
    struct packet {
        time_point at;
        std::uint64_t order = 0;
        peer* to = nullptr;
        bytes data;
        bool operator<(const packet& other) const {
            return at != other.at ? at > other.at : order > other.order;
        }
    };

    bool drain(peer& from, peer& to) {
        bool any = false;
        std::array<std::byte, 2000> out;
        while (auto size = from.end.poll_transmit(out, now)) {
            any = true;
            bytes data(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*size));
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
            wire_.push({at, order_++, &to, data});
        }
    }
    void deliver() {
        while (!wire_.empty() && wire_.top().at <= now) {
            auto arrived = wire_.top();
            wire_.pop();
            arrived.to->end.handle_packet(arrived.data, now);
        }
    }

    seeded_random random_;
    std::priority_queue<packet> wire_;
    std::uint64_t order_ = 0;
};

using support::allocation_count;

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
