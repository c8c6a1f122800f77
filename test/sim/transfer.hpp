#pragma once

#include "test/support/sim_call.hpp"

#include <algorithm>
#include <map>

/// Messages of many sizes both ways over two channels, and the oracle that checks them.
namespace cortc::test {

/// One message of the script of a run. Its contents follow from its size and number.
struct scripted {
    std::size_t size;
    bool text;
    std::uint64_t number;
};

/// Sizes around every edge: empty, one fragment, two, many; the rest mixed.
inline std::vector<scripted> script(std::uint64_t seed, std::size_t count, bool huge) {
    static constexpr std::array<std::size_t, 10> edges{0,    1,    1130, 1131,  1132,
                                                       1200, 2300, 8192, 16384, 65537};
    sim::seeded_random random(seed);
    std::vector<scripted> made;
    for (std::size_t i = 0; i < count; ++i) {
        const auto size = i < edges.size() ? edges[i] : random.next() % 3000;
        made.push_back({static_cast<std::size_t>(size), random.chance(0.5), seed * 1000 + i});
    }
    if (huge) made.push_back({262144, false, seed * 1000 + count});
    for (auto i = made.size(); i > 1; --i) std::swap(made[i - 1], made[random.next() % i]);
    return made;
}

inline asio::awaitable<void> send_all(DataChannel channel, std::vector<scripted> messages) {
    for (const auto& each : messages) {
        const auto data = pattern(each.size, each.number);
        if (each.text)
            co_await channel.send(as_text(data));
        else
            co_await channel.send(byte_view(data));
    }
}

inline bool is(const Message& message, const scripted& expected) {
    const auto data = pattern(expected.size, expected.number);
    return message.is_text() == expected.text && std::ranges::equal(message.data(), data);
}

/// Every message once and in order.
inline asio::awaitable<void> receive_in_order(DataChannel channel, std::vector<scripted> expected) {
    for (const auto& each : expected) {
        auto message = co_await channel.receive();
        if (!is(message, each)) throw std::runtime_error("a message is wrong or out of order");
    }
}

/// Every message once, in any order.
inline asio::awaitable<void> receive_each(DataChannel channel, std::vector<scripted> expected) {
    while (!expected.empty()) {
        auto message = co_await channel.receive();
        const auto found = std::ranges::find_if(expected, [&](const auto& one) { return is(message, one); });
        if (found == expected.end()) throw std::runtime_error("a message is wrong or came twice");
        expected.erase(found);
    }
}

/// Watches for silence: virtual time in which no datagram of SCTP arrives although messages are outstanding.
///
/// The engine promises (RFC 9260 6.3) an RTO of SRTT + max(4 RTTVAR, 200 ms), at first three round trips,
/// doubled by each time-out until something new is acknowledged, at most 3 s. So with the longest round trip
/// R RTO(b) = min(3 s, max(3 R, R + 200 ms) * 2^b) after b time-outs, each of which takes at least one lost
/// datagram since both ends last had answers. A silence in which nothing is lost lasts at most two RTO, and
/// each loss in it adds one more time-out.
class silence_watch {
  public:
    /// `acknowledged_after`: how long the receiver may hold a SACK back.
    explicit silence_watch(sim::world& world, duration acknowledged_after = std::chrono::milliseconds(20))
        : world_(world), hold_(acknowledged_after) {
        world.on_outcome([this](const sim::outcome& how) { observe(how); });
    }
    ~silence_watch() { world_.on_outcome({}); }
    silence_watch(const silence_watch&) = delete;
    silence_watch& operator=(const silence_watch&) = delete;

    void begin() {
        last_ = world_.now();
        losses_at_last_ = losses_;
        watching_ = true;
    }
    void end() {
        note(world_.now());
        watching_ = false;
    }
    /// The longest silence by that bound: 1 is the bound.
    [[nodiscard]] double worst() const noexcept { return worst_; }
    [[nodiscard]] duration longest() const noexcept { return longest_; }

  private:
    void observe(const sim::outcome& how) {
        if (!is_application_data(how.data)) return;
        if (how.how != sim::fate::delivered) {
            ++losses_;
            return;
        }
        auto& transit = how.source < how.destination ? there_ : back_;
        transit = std::max(transit, how.ended - how.sent);
        note(how.ended);
        // A chain of datagrams, each sent by the other end after the one before had arrived: what they answer
        // is acknowledged, and the time-outs before it are forgotten.
        if (legs_.empty() || (how.sent >= last_leg_ && how.source != leg_source_)) {
            legs_.push_back(losses_);
            last_leg_ = how.ended;
            leg_source_ = how.source;
            if (legs_.size() == 9) {
                forgotten_ = legs_.front();
                legs_.erase(legs_.begin());
            }
        }
    }
    [[nodiscard]] duration rto(std::uint64_t timeouts) const {
        const auto round_trip = there_ + back_ + hold_;
        const auto base = std::max<duration>(3 * round_trip, round_trip + std::chrono::milliseconds(200));
        return std::min<duration>(std::chrono::seconds(3),
                                  base * (1 << std::min<std::uint64_t>(timeouts, 6)));
    }
    void note(time_point now) {
        if (watching_) {
            duration bound = rto(losses_at_last_ - forgotten_);
            for (auto loss = losses_at_last_; loss <= losses_; ++loss) bound += rto(loss - forgotten_);
            longest_ = std::max(longest_, now - last_);
            worst_ = std::max(worst_, seconds(now - last_) / seconds(bound));
        }
        last_ = now;
        losses_at_last_ = losses_;
    }

    sim::world& world_;
    duration hold_, there_{}, back_{}, longest_{};
    time_point last_{}, last_leg_{};
    endpoint leg_source_;
    std::vector<std::uint64_t> legs_;
    std::uint64_t losses_ = 0, losses_at_last_ = 0, forgotten_ = 0;
    double worst_ = 0;
    bool watching_ = false;
};

} // namespace cortc::test
