#pragma once

#include "cortc/base/log.hpp"
#include "cortc/base/random.hpp"
#include "cortc/sctp/config.hpp"
#include "cortc/sctp/events.hpp"
#include "cortc/sctp/stats.hpp"
#include "cortc/sctp/types.hpp"

namespace cortc::sctp {

/// One SCTP association (RFC 9260) over DTLS (RFC 8261), with the extensions data channels need: partial
/// reliability (RFC 3758, RFC 7496) and stream reset (RFC 6525). An engine: after every call that may change
/// something, drain
///
///     while (auto size = a.poll_transmit(out, now)) ...;
///     for (bool more = true; more;) { more = false; while (auto m = a.poll_message()) ...; while (auto e =
///     a.poll_event()) ...; } arm the timer for a.next_timeout()
///
/// Messages and events keep their order where it matters: poll_message() returns nothing while an
/// `incoming_streams_reset` or `restarted` that precedes the next message has not been polled, and
/// poll_event() holds these and `closed` back until the messages before them have been polled. So drain both
/// until neither has anything.
class association {
  public:
    /// The pool provides the storage of messages, both ways; it and the random source must outlive the
    /// association.
    association(association_config config, random_source& random, buffer_pool& pool, logger log = {});
    association(const association&) = delete;
    association& operator=(const association&) = delete;
    ~association();

    /// Begins the set-up. Both ends may call it (RFC 8831 6.2 has both do so); one is enough.
    /// No effect unless the state is closed and the association was never connected.
    void connect(time_point now);

    /// One SCTP packet, as it came out of DTLS.
    void handle_packet(byte_view packet, time_point now);
    /// Writes the next packet into `out` (at least config.mtu bytes) and returns its size; nullopt: nothing
    /// to send now.
    [[nodiscard]] std::optional<std::size_t> poll_transmit(byte_span out, time_point now);
    [[nodiscard]] std::optional<event> poll_event();
    [[nodiscard]] std::optional<received_message> poll_message();
    /// `never` when nothing is waited for.
    [[nodiscard]] time_point next_timeout() const noexcept;
    void handle_timeout(time_point now);

    /// Takes a copy of the message into the send buffer. It is the established association that sends; see
    /// send_result.
    [[nodiscard]] send_result send(stream_id stream, ppid protocol, byte_view message,
                                   const send_options& options, time_point now);
    /// The application is done with `bytes` of received messages: their share of the window opens again.
    /// Count the sizes of the messages as they were delivered (the association knows the per-message
    /// overhead).
    void consume(std::size_t bytes);
    /// Gives a message's storage back for the next one. Optional.
    void recycle(buffer&& storage) { pool_.release(std::move(storage)); }

    /// Resets an outgoing stream (RFC 6525) once everything queued on it has been sent; meanwhile send() on
    /// it returns `resetting`. Requests made together go out together. Ends in `outgoing_streams_reset` or
    /// `stream_reset_failed`. False when the association is not up or the stream is beyond what was
    /// negotiated; true without further effect when a reset of the stream is under way.
    bool reset_stream(stream_id stream);
    /// Drops the messages of a stream of which nothing has been sent yet; an abrupt close calls it before
    /// reset_stream().
    void discard_unsent(stream_id stream);

    /// Bytes taken by send() that have not been put into a packet yet.
    [[nodiscard]] std::size_t buffered_amount(stream_id stream) const noexcept;
    [[nodiscard]] std::size_t buffered_amount() const noexcept;
    /// The level at which `buffered_amount_low` is reported for the stream; 0 at first. Forgotten by a
    /// completed reset.
    void set_buffered_amount_low_threshold(stream_id stream, std::size_t bytes);

    /// Sends what is queued, then closes gracefully. During set-up: aborts.
    void shutdown(time_point now);
    /// Closes at once. One ABORT packet waits in poll_transmit(); `closed{aborted_locally}` in poll_event().
    void abort(std::string_view text = {});

    /// From the remote description, which may come after construction; 0: no limit.
    void set_remote_max_message_size(std::size_t bytes) noexcept;
    /// The largest message send() takes.
    [[nodiscard]] std::size_t max_send_size() const noexcept;
    [[nodiscard]] association_state state() const noexcept;
    /// Usable outgoing stream ids are below this; before the association is up what is asked for.
    [[nodiscard]] std::uint16_t outgoing_streams() const noexcept;
    [[nodiscard]] std::uint16_t incoming_streams() const noexcept;
    [[nodiscard]] association_stats stats() const;

  private:
    buffer_pool& pool_;
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/impl/association.ipp"
#endif
