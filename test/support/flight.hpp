#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/time.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

/// What tests of sans-IO engines share. Not cortc::test: many folders have a namespace `test` of their own.
namespace cortc::support {

/// Datagrams on their way in virtual time; what arrives at the same time does so in the order it was sent.
template <class Destination>
class flight {
  public:
    struct datagram {
        Destination to;
        bytes data;
    };

    void send(Destination to, bytes data, time_point arrives) {
        air_.emplace(arrives, datagram{to, std::move(data)});
    }
    /// When the next one arrives; `never` when none is on its way.
    [[nodiscard]] time_point next() const { return air_.empty() ? never : air_.begin()->first; }
    /// One that has arrived.
    std::optional<datagram> land(time_point now) {
        if (next() > now || air_.empty()) return std::nullopt;
        return std::move(air_.extract(air_.begin()).mapped());
    }

  private:
    std::multimap<time_point, datagram> air_;
};

/// Jumps from one event of a world of engines to the next, until `done` or for `limit`; whether it was done.
/// A world has the time `now`; pump(), which takes from the engines what they have to say; next_event(), when
/// something happens by itself; and step(), by which it does.
template <class World, class Done>
bool run_until(World& world, Done&& done, duration limit) {
    const auto end = world.now + limit;
    for (;;) {
        world.pump();
        if (done()) return true;
        const auto next = world.next_event();
        if (next == never || next > end) {
            world.now = end;
            return false;
        }
        world.now = std::max(world.now, next);
        world.step();
    }
}

} // namespace cortc::support
