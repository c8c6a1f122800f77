#pragma once

#include "cortc/base/timer_table.hpp"

#include <cstdint>

namespace cortc::sctp {

/// What an association waits for.
enum class association_timer : std::uint8_t {
    t1,           ///< T1-init and T1-cookie: the answer to INIT or COOKIE-ECHO (RFC 9260 5.1)
    t2,           ///< T2-shutdown: the answer to SHUTDOWN or SHUTDOWN-ACK (RFC 9260 9.2)
    t3,           ///< T3-rtx: the acknowledgement of data (RFC 9260 6.3)
    window_probe, ///< the peer's window opens (RFC 9260 6.1 A)
    delayed_sack, ///< more to acknowledge (RFC 9260 6.2)
    re_config,    ///< the answer to RE-CONFIG (RFC 6525 5.1.1)
    size_probe,   ///< the answer to a probe of the packet size, or the next one (RFC 8899)
    heartbeat,    ///< the next HEARTBEAT, or the answer to the last one (RFC 9260 8.3)
    count_        ///< not a timer
};
using association_timers = timer_table<association_timer>;

} // namespace cortc::sctp
