#pragma once

#include "cortc/sctp/types.hpp"

#include <optional>

namespace cortc::sctp {

/// Every time the protocol waits. RFC 9260 16 gives defaults meant for signalling networks; these are for
/// interactive use over the paths WebRTC runs on.
struct association_timings {
    /// Before a round trip was measured. 500 ms: ICE and DTLS have just crossed the path several times, so a
    /// second (RFC 9260) is needlessly slow to repair a lost INIT, and few paths have more than 500 ms.
    duration rto_initial = std::chrono::milliseconds(500);
    /// The RTO exceeds the smoothed round trip by this at least, in place of a minimum (RFC 9260 6.3.1 C6 and
    /// G1): on a path that hardly varies it would come so near to the round trip that an acknowledgement
    /// which the peer holds back (200 ms are usual, 6.2) looks like a loss.
    duration rto_margin = std::chrono::milliseconds(200);
    duration rto_max = std::chrono::seconds(10);
    /// A packet is acknowledged after this at the latest; every second one, and all while packets are
    /// missing, at once.
    duration sack_delay = std::chrono::milliseconds(20);
    /// A HEARTBEAT is sent when nothing else measured the path for this long (plus RTO).
    duration heartbeat_interval = std::chrono::seconds(30);
    duration cookie_life = std::chrono::seconds(60);
    int max_init_retransmits = 8;
    /// Consecutive time-outs of data, HEARTBEAT or SHUTDOWN after which the path has failed.
    int max_retransmits = 10;
    /// Consecutive time-outs of data, while the peer answers HEARTBEATs, after which the association ends:
    /// the path works, and yet data does not arrive.
    int max_data_retransmits = 10;
    /// And it does not end before data has been refused for so long: the answers keep the time-outs short.
    duration data_patience = std::chrono::seconds(30);
};

/// Bounds for what a peer may make us keep or do.
struct association_limits {
    /// Messages of which some but not all fragments have arrived, and ordered messages that wait for an
    /// earlier one.
    std::size_t max_waiting_messages = 2048;
    /// Chunks accepted from one packet; the rest is dropped. A packet of 1200 bytes cannot hold more useful
    /// ones.
    std::size_t max_chunks_per_packet = 300;
    /// Gap blocks that are tracked: a DATA chunk that would make one more is dropped, and comes again.
    std::size_t max_gap_blocks = 512;
    /// A larger cookie than this from a peer is refused.
    std::size_t max_cookie = 900;
    /// Answers (INIT-ACK, HEARTBEAT-ACK, ERROR, ...) waiting to be sent, in chunks; more are dropped.
    std::size_t max_replies = 16;
    /// INIT chunks answered in a second once the association is up.
    int max_inits_per_second = 10;
    /// Requests to reset all streams, which cost time for each stream in use, carried out in a second; more
    /// are denied.
    int max_resets_of_all_per_second = 10;
    /// Messages accepted by send() and not acknowledged yet.
    std::size_t max_queued_messages = 65536;
    /// Received messages that wait in poll_message() or for consume() are charged this much beyond their
    /// size.
    std::size_t message_overhead = 64;
};

struct association_config {
    std::uint16_t local_port = 5000;
    std::uint16_t remote_port = 5000;
    /// The largest SCTP packet: what one DTLS record may carry. 256 .. 65535.
    std::size_t mtu = 1171;
    /// The largest message accepted from the peer; a larger one ends the association. It may be larger than
    /// the receive window: one message that has begun to arrive is taken to its end, so that at most
    /// 1.25 * receive_window + max_message_size + 64 KiB are held.
    std::size_t max_message_size = 262144;
    /// The largest message the peer accepts (a=max-message-size; absent: 65536); 0: no limit.
    std::size_t remote_max_message_size = 65536;
    /// What the peer may send ahead of consume(), in bytes. At least 4 * mtu.
    std::size_t receive_window = 1 << 20;
    /// send() takes messages while fewer bytes than this are waiting or unacknowledged; it may be exceeded by
    /// one message.
    std::size_t send_buffer = 1 << 20;
    std::uint16_t outgoing_streams = 65535;
    std::uint16_t max_incoming_streams = 65535;
    association_timings timings{};
    association_limits limits{};
    /// For tests of wrap-around; random when empty.
    std::optional<tsn> initial_tsn{};
};

} // namespace cortc::sctp
