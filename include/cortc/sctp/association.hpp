#pragma once

#include "cortc/base/log.hpp"
#include "cortc/base/random.hpp"
#include "cortc/base/ring.hpp"
#include "cortc/sctp/config.hpp"
#include "cortc/sctp/control_block.hpp"
#include "cortc/sctp/events.hpp"
#include "cortc/sctp/rx/inbox.hpp"
#include "cortc/sctp/stats.hpp"
#include "cortc/sctp/types.hpp"
#include "cortc/sctp/wire/chunks.hpp"
#include "cortc/sctp/wire/cookie.hpp"
#include "cortc/sctp/wire/parameters.hpp"

#include <string>
#include <string_view>

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
    /// The application is done with `messages` received messages that had `bytes` together, as they were
    /// delivered: their share of the window opens again. In any order.
    void consume(std::size_t bytes, std::size_t messages = 1);
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

    /// 1 to 8; 2 at first. Streams that have something to send share the association by their weights, and
    /// those that are refused room share the send buffer. Forgotten by a completed reset.
    void set_weight(stream_id stream, std::uint8_t weight);

    /// Sends what is queued, then closes gracefully. During set-up: aborts.
    void shutdown(time_point now);
    /// Closes at once. One ABORT packet waits in poll_transmit(); `closed{aborted_locally}` in poll_event().
    void abort(std::string_view text = {});

    /// The path works again after an outage: what waits for a time-out that has been doubled goes out at
    /// once.
    void path_restored(time_point now);

    /// Packets take another path, which may carry smaller ones only.
    void path_changed() noexcept;

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
    /// Where a chunk came from.
    struct arrival {
        std::uint32_t tag = 0;
        std::size_t index = 0; ///< of the chunk in its packet
        bool last = false;     ///< the packet ends with it
        bool has_data = false; ///< DATA or FORWARD-TSN was in the packet
        bool has_sack = false;
        bool has_re_config = false;
        time_point now{};
    };
    /// An answer that waits for poll_transmit().
    struct reply {
        chunk_type type{};
        std::uint8_t flags = 0;
        std::uint32_t tag = 0;
        bool alone = false; ///< must not be bundled
        buffer value;
    };
    enum class next_chunk { proceed, stop };
    /// Counts what a peer may ask for only so often.
    struct per_second {
        time_point begin{};
        int count = 0;
        [[nodiscard]] bool allows(int most, time_point now) noexcept;
    };

    static association_config sensible(association_config config);
    void set_state(association_state state);
    [[nodiscard]] bool up() const noexcept;
    void drop(drop_reason reason);
    [[nodiscard]] std::uint32_t random_tag();
    void begin(std::uint32_t tag, tsn initial);
    void finish(close_reason reason, std::string text, std::optional<std::uint16_t> cause = {});
    void violation(std::string_view text);
    void queue_abort(error_cause cause, std::string_view text);
    [[nodiscard]] bool path_error();
    [[nodiscard]] bool data_error(time_point now);
    void data_progress() noexcept;

    // association_receive.ipp
    [[nodiscard]] bool tag_fits(const common_header& header, const chunk& first) const noexcept;
    void handle_out_of_the_blue(const common_header& header, const chunk& first);
    [[nodiscard]] static bool implies_cookie_ack(chunk_type type) noexcept;
    [[nodiscard]] next_chunk handle_chunk(const chunk& from, arrival& in);
    void handle_data(const chunk& from, arrival& in);
    void handle_sack(const chunk& from, time_point now);
    void handle_forward_tsn(const chunk& from, arrival& in);
    void handle_heartbeat(const chunk& from);
    void handle_heartbeat_ack(const chunk& from, time_point now);
    void handle_error(const chunk& from);
    [[nodiscard]] next_chunk handle_unknown(const chunk& from);
    void handle_re_configs(byte_view chunks, const arrival& in);
    void packet_done(const arrival& in);
    bool queue_reply(chunk_type type, std::uint8_t flags, std::uint32_t tag, bool alone, byte_view value);
    void queue_error(error_cause cause, byte_view value);

    // association_setup.ipp
    void handle_init(const chunk& from, const arrival& in);
    void answer_init(const init_chunk& init, const setup_parameters& parameters, time_point now);
    void handle_init_ack(const chunk& from, time_point now);
    void handle_cookie_echo(const chunk& from, const arrival& in);
    void handle_known_cookie(const state_cookie& cookie, time_point now);
    void handle_cookie_ack(time_point now);
    void handle_stale_cookie();
    void establish(time_point now);
    void restart(const state_cookie& cookie, time_point now);
    void setup_timeout();

    // association_shutdown.ipp
    void advance_shutdown();
    void handle_abort(const chunk& from);
    void handle_shutdown(const chunk& from, time_point now);
    void handle_shutdown_ack(const arrival& in);
    void handle_shutdown_complete();
    void shutdown_timeout();

    // association_reset.ipp
    void handle_re_config(const chunk& from, time_point now);
    void handle_reset_request(const tlv& parameter, time_point now);
    void handle_reset_response(const tlv& parameter, time_point now);
    void respond_to_reset(reset_sequence sequence, reset_result result);
    void carry_out_reset();
    void end_reset(std::vector<stream_id> streams, bool done);

    // association_transmit.ipp
    [[nodiscard]] common_header header_for(std::uint32_t tag) const noexcept;
    [[nodiscard]] std::size_t packet_limit() noexcept;
    [[nodiscard]] std::optional<std::size_t> transmit_alone(byte_span out);
    void fill_setup(packet_builder& out, time_point now);
    void fill_established(packet_builder& out, time_point now);
    void add_replies(packet_builder& out);
    void add_reset_request(packet_builder& out, time_point now);
    void add_shutdown(packet_builder& out, time_point now);
    void heartbeat_timeout(time_point now);

    association_config config_;
    random_source& random_;
    buffer_pool& pool_;
    logger log_;
    association_stats stats_;
    cookie_key cookie_key_{};
    per_second inits_;
    per_second resets_of_all_;

    association_state state_ = association_state::closed;
    bool ended_ = false; // closed for good, not just not begun
    inbox inbox_;
    ring<reply> replies_;
    std::optional<control_block> tcb_; // always there
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/impl/association.ipp"
#include "cortc/sctp/impl/association_receive.ipp"
#include "cortc/sctp/impl/association_reset.ipp"
#include "cortc/sctp/impl/association_setup.ipp"
#include "cortc/sctp/impl/association_shutdown.ipp"
#include "cortc/sctp/impl/association_transmit.ipp"
#endif
