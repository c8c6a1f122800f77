#pragma once

#include "cortc/base/buffer.hpp"
#include "cortc/base/log.hpp"
#include "cortc/base/random.hpp"
#include "cortc/base/result.hpp"
#include "cortc/base/ring.hpp"
#include "cortc/datachannel/channel_table.hpp"
#include "cortc/datachannel/channel_types.hpp"
#include "cortc/datachannel/dcep.hpp"
#include "cortc/datachannel/events.hpp"
#include "cortc/sctp/association.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cortc::datachannel {

/// The data channels of a connection (RFC 8831, RFC 8832, webrtc-pc 6.2) over one SCTP association, which it
/// owns: the transport has one engine to feed and to drain. After every call that may change something
///
///     while (auto size = channels.poll_transmit(out, now)) ...;
///     channels.drain(on_event, on_message);
///     // arm the timer for channels.next_timeout()
///
/// Events and messages are one sequence: poll_event() returns nothing while a message comes first, and
/// poll_message() nothing while an event does. drain() takes both in turn.
///
/// A channel of open() goes connecting -> open -> closing -> closed. It needs the association to be up, and,
/// unless negotiated, set_role(). It is open as soon as its OPEN is on the way (RFC 8832 6 allows to send
/// before the ACK comes), and what it sends goes ordered until the peer has answered, whatever the channel
/// says.
///
/// What the peer may get wrong: a second OPEN on a channel's stream ends that channel; an OPEN that is
/// malformed, beyond the limits or on an id of the wrong parity is answered by a reset of the stream (RFC
/// 8832 6; browsers are more lenient about the parity, but never send it). Data on a stream without a channel
/// is dropped and not answered, although RFC 8832 6 says reset: it may be meant for a negotiated channel that
/// is opened here a moment later, and a reset would close it at the peer. A peer's reset of a stream without
/// a channel is answered by ours.
class data_channels {
  public:
    /// The pool and the random source must outlive the engine.
    data_channels(data_channels_config config, random_source& random, buffer_pool& pool, logger log = {});
    data_channels(const data_channels&) = delete;
    data_channels& operator=(const data_channels&) = delete;

    /// The DTLS client chooses even stream ids, the server odd ones (RFC 8832 6). Once; channels that wait
    /// get theirs now, in the order of open().
    void set_role(dtls_role role, time_point now);
    /// From the remote description. The port counts until connect(); a max_message_size of 0: no limit.
    void set_remote(std::uint16_t port, std::size_t max_message_size);

    /// Begins the set-up of the association; DTLS is up. Packets before it are ignored. Both ends call it.
    void connect(time_point now);
    void handle_packet(byte_view packet, time_point now);
    /// `out` holds at least config.association.mtu bytes.
    [[nodiscard]] std::optional<std::size_t> poll_transmit(byte_span out, time_point now);
    [[nodiscard]] std::optional<channel_event> poll_event();
    [[nodiscard]] std::optional<incoming_message> poll_message();
    /// Polls events and messages in their order until there are none.
    template <class OnEvent, class OnMessage>
    void drain(OnEvent&& on_event, OnMessage&& on_message) {
        for (;;) {
            if (auto what = poll_event())
                std::invoke(on_event, std::move(*what));
            else if (auto message = poll_message())
                std::invoke(on_message, std::move(*message));
            else
                return;
        }
    }
    [[nodiscard]] time_point next_timeout() const noexcept;
    void handle_timeout(time_point now);
    /// See association.
    void path_restored(time_point now) {
        if (association_) association_->path_restored(now);
    }
    void path_changed() noexcept {
        if (association_) association_->path_changed();
    }
    /// Ends the association after what is queued has been sent, or at once with an ABORT; every channel
    /// closes.
    void shutdown(time_point now);
    void abort(std::string_view text = {});

    /// A new channel. What can be known to be wrong is an error here; what turns out later (set_role(), the
    /// streams the peer allows) is a channel_error.
    result<channel_id, open_error> open(channel_parameters parameters, time_point now);
    /// Takes a copy. An empty message is fine.
    [[nodiscard]] channel_send send(channel_id channel, message_kind kind, byte_view message, time_point now);
    /// The closing procedure of the W3C: what was sent is delivered first, then our stream is reset, then the
    /// peer's; then the id is free again. What the peer sends meanwhile is dropped. No effect on a channel
    /// that is closing or closed.
    void close(channel_id channel);

    /// The application is done with a message whose data had this size: the receive window opens again. Once
    /// for each message, also for an empty one and for those of a channel that is gone.
    void consume(std::size_t size);
    /// Gives a message's storage back for the next one. Optional.
    void recycle(buffer&& storage) { pool_.release(std::move(storage)); }

    /// Bytes of payload that have not been put into a packet yet, and those that never will be because the
    /// peer or an error closed the channel. 0 for a channel that is gone: channel_closed said what was left.
    [[nodiscard]] std::size_t buffered_amount(channel_id channel) const noexcept;
    /// 0 at first.
    void set_buffered_amount_low_threshold(channel_id channel, std::size_t bytes);

    /// `closed` for one that is gone.
    [[nodiscard]] channel_state state(channel_id channel) const noexcept;
    /// Once known.
    [[nodiscard]] std::optional<stream_id> stream(channel_id channel) const noexcept;
    /// nullptr for one that is gone; valid until the engine is next called.
    [[nodiscard]] const channel_parameters* parameters(channel_id channel) const noexcept;
    [[nodiscard]] channel_counters counters(channel_id channel) const noexcept;

    /// The association is up.
    [[nodiscard]] bool up() const noexcept { return up_; }
    /// The W3C's maxChannels: stream ids are below it.
    [[nodiscard]] std::uint16_t max_channels() const noexcept;
    /// The largest message send() takes.
    [[nodiscard]] std::size_t max_message_size() const noexcept;
    [[nodiscard]] const data_channels_stats& stats() const noexcept { return stats_; }
    /// nullptr before connect().
    [[nodiscard]] const sctp::association* transport() const noexcept {
        return association_ ? &*association_ : nullptr;
    }

  private:
    using channel = detail::channel;
    struct queued_event {
        std::uint64_t after = 0; ///< how many messages precede it
        channel_event what;
    };

    // What the association reports (data_channels.ipp).
    void collect();
    void settle(time_point now);
    void shrink_if_idle(time_point now);
    void handle_event(sctp::event&& what);
    void on_connected(const sctp::connected& what);
    void on_closed(sctp::closed&& what);
    void on_restarted();
    void on_incoming_reset(stream_id stream);
    void on_outgoing_reset(stream_id stream);
    void on_reset_failed(stream_id stream);
    void on_buffered_amount_low(stream_id stream);
    void announce_writable();
    void emit(channel_event what);

    // What the peer sends (data_channels_receive.ipp).
    void handle_message(sctp::received_message&& message);
    void handle_data(sctp::received_message&& message);
    void handle_control(stream_id stream, byte_view message);
    void handle_open(stream_id stream, byte_view message);
    void handle_ack(stream_id stream);
    std::optional<channel_drop> refusal(stream_id stream, const dcep::open_message& message) const;
    void accept(stream_id stream, const dcep::open_message& message, bool held);
    void drop(channel_drop reason, stream_id stream);
    void discard(sctp::received_message&& message);

    // A channel's life (data_channels_life.ipp).
    std::optional<open_error> check(const channel_parameters& parameters);
    void assign_stream(channel_id id);
    void start(channel_id id);
    void flush_control(time_point now);
    bool send_control(channel_id id, time_point now);
    sctp::send_result send_open(channel& which, time_point now);
    void set_open(channel_id id, channel& which);
    void set_state(channel_id id, channel& which, channel_state state);
    void fail(channel_id id, channel_failure failure, std::string text);
    void close_from_outside(channel_id id);
    void configure_stream(const channel& which);
    void begin_reset(channel_id id);
    void resume(channel_id id);
    void finish(channel_id id);
    void finish(channel_id id, std::size_t unsent);
    void finish_if_reset(channel_id id);
    std::optional<channel_id> watch_stream(stream_id stream);
    [[nodiscard]] std::size_t buffered(const channel& which) const noexcept;

    data_channels_config config_;
    random_source& random_;
    buffer_pool& pool_;
    logger log_;
    std::optional<sctp::association> association_;
    bool up_ = false;    ///< connected and not closed
    bool ended_ = false; ///< closed
    std::optional<dtls_role> role_;
    detail::channel_table table_;
    std::size_t silent_ = 0;           ///< entries of the table that are no channels
    std::size_t peer_label_bytes_ = 0; ///< of channels the peer opened
    std::vector<channel_id> waiting_;  ///< channels without a stream id, in the order of open()
    ring<channel_id> control_;         ///< channels whose OPEN or ACK waits to be sent
    bool control_blocked_ = false;     ///< the send buffer is full
    bool writable_ = false;            ///< it has room again, and nobody was told yet
    std::vector<channel_id> blocked_;  ///< channels that wait for channel_writable
    std::uint64_t served_ = 0;         ///< calls of send() that were ok
    ring<queued_event> events_;
    ring<incoming_message> messages_;
    std::uint64_t messages_queued_ = 0; ///< ever
    std::uint64_t messages_polled_ = 0;
    std::uint64_t events_queued_ = 0; ///< ever
    std::uint64_t seen_ = 0;          ///< of both, at the last timeout
    time_point seen_at_{};
    data_channels_stats stats_;
};

} // namespace cortc::datachannel

#if defined(CORTC_HEADER_ONLY)
#include "cortc/datachannel/impl/data_channels.ipp"
#include "cortc/datachannel/impl/data_channels_life.ipp"
#include "cortc/datachannel/impl/data_channels_receive.ipp"
#endif
