#pragma once

#include <chrono>

namespace cortc {

/// The time line of a context. It has no now(): engines are told the time, only a network (net::network)
/// knows it.
struct timeline {
    ///@{
    /// As std::chrono asks of a clock.
    using duration = std::chrono::nanoseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<timeline>;
    static constexpr bool is_steady = true;
    ///@}
};

using duration = timeline::duration;     ///< signed, in nanoseconds
using time_point = timeline::time_point; ///< where it begins is the network's own: only distances count

/// The deadline of an engine that waits for nothing.
inline constexpr time_point never = time_point::max();

/// A point in time as a calendar reads it, for certificates and reports: milliseconds since 1970-01-01 UTC,
/// as the W3C counts them.
using unix_time = std::chrono::sys_time<std::chrono::milliseconds>;

} // namespace cortc
