#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/handle_hash.hpp"
#include "cortc/configuration.hpp"
#include "cortc/message.hpp"
#include "cortc/states.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cortc {

class channel_impl;

/// "very-low", "low", "medium", "high".
std::string_view to_string(PriorityType priority) noexcept;

/// A data channel (webrtc-pc 6.2; RFC 8831, RFC 8832). A handle: copies refer to the same channel, which the
/// connection owns. Asynchronous members take a completion token, default use_awaitable.
///
/// @par Errors
/// - A default-constructed handle refers to none and throws errc::invalid_state when used.
/// - After the connection is gone operations fail with errc::aborted.
///
/// @par Cancellation
/// As with PeerConnection: the operation completes with asio::error::operation_aborted and has done nothing,
/// or it was complete already and succeeds.
///
/// @par Thread safety
/// - Asynchronous members: any thread. They complete where PeerConnection says.
/// - Plain members: only the context's executor.
///
/// Levels are opened(), closed(), stateChanged(), bufferedAmountLow(), writable() and readable(): any number
/// may wait, they consume nothing, and may stand under `||`.
class DataChannel {
  public:
    DataChannel() = default;
    /// @private
    explicit DataChannel(std::shared_ptr<channel_impl> impl) noexcept : impl_(std::move(impl)) {}

    /// It refers to a channel.
    explicit operator bool() const noexcept { return impl_ != nullptr; }
    friend bool operator==(const DataChannel&, const DataChannel&) = default;
    /// Any order, the same as long as both exist; for maps.
    friend std::strong_ordering operator<=>(const DataChannel& a, const DataChannel& b) noexcept {
        return std::compare_three_way()(a.identity(), b.identity());
    }
    /// What it refers to, as a number: copies have the same, an empty handle null. Nothing is at that address
    /// for others.
    [[nodiscard]] const void* identity() const noexcept { return impl_.get(); }

    ///@{
    /// As DataChannelInit says; of a channel that the peer opened as its OPEN does (RFC 8832 5.1).
    [[nodiscard]] std::string label() const;
    [[nodiscard]] std::string protocol() const;
    [[nodiscard]] bool ordered() const;
    ///@}
    ///@{
    /// DataChannelInit's limits. What the peer says beyond 65535, in DCEP's 32 bits, reads as 65535.
    [[nodiscard]] std::optional<std::uint16_t> maxPacketLifeTime() const;
    [[nodiscard]] std::optional<std::uint16_t> maxRetransmits() const;
    ///@}
    /// The one that the number in the peer's OPEN comes to (webrtc-priority 4.3), or ours.
    [[nodiscard]] PriorityType priority() const;
    /// Both sides made it, and no OPEN was sent.
    [[nodiscard]] bool negotiated() const;
    /// The SCTP stream, once the DTLS role is known.
    [[nodiscard]] std::optional<std::uint16_t> id() const;
    /// `connecting` until opened() completes, which is never before createDataChannel() has returned;
    /// `closing` until what was sent has been delivered.
    [[nodiscard]] DataChannelState readyState() const;
    /// Bytes of messages accepted and not yet handed to the network, and of those that wait in send(); an
    /// empty message counts nothing. Once the channel is closed it stays what it was: 0, unless that took
    /// messages away that were accepted.
    [[nodiscard]] std::size_t bufferedAmount() const;
    ///@{
    /// Bytes of bufferedAmount() that bufferedAmountLow() waits for; 0 at first.
    [[nodiscard]] std::size_t bufferedAmountLowThreshold() const;
    void bufferedAmountLowThreshold(std::size_t bytes);
    ///@}

    /// Completes when the channel is open; at once if it is.
    ///
    /// @par Errors
    /// - errc::closed: it closed instead.
    /// - errc::operation with errorDetail "data-channel-failure": it could not be set up.
    /// - errc::operation with errorDetail "sctp-failure", and sctpCauseCode() if there is one: the
    ///   association was lost.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto opened(Token&& token = {}) {
        return initiate<void>(home(), token, [impl = impl_](auto op) { opened(*impl, std::move(op)); });
    }
    /// Why it is closed, when that was not in order: those of opened(), or errc::aborted when the connection
    /// was closed. None before, and when either side has closed the channel.
    [[nodiscard]] std::optional<Error> error() const;
    /// Completes when the channel is closed, for whatever reason, which error() says; at once if it is, on
    /// any thread, whether or not the context still runs. Never fails.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto closed(Token&& token = {}) {
        return initiate<void>(home(), token,
                              at_the_end([impl = impl_] { return over(*impl); },
                                         [impl = impl_](auto op) { closed(*impl, std::move(op)); }));
    }
    /// Completes when readyState() is another than `from`, and returns it. `closing` is seen whoever closes.
    /// (The W3C has an event only when it was the peer.)
    ///
    /// @par Errors
    /// - When it is closed and `from` says so: those of opened().
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto stateChanged(DataChannelState from, Token&& token = {}) {
        return initiate<DataChannelState>(
            home(), token, [impl = impl_, from](auto op) { state_changed(*impl, from, std::move(op)); });
    }
    /// Completes when bufferedAmount() is at or below its threshold.
    ///
    /// @par Errors
    /// - When it is closed: those of opened().
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto bufferedAmountLow(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto op) { buffered_amount_low(*impl, std::move(op)); });
    }

    /// Sends a text message. Completes when the send buffer had room and the message is in it (the W3C's
    /// fails with OperationError when there is none). Sends of one channel keep their order.
    ///
    /// `text` must be UTF-8, and must stay valid until this completes. Do not race it under `||`, where the
    /// loser does not tell whether it was sent: use cortc::timeout, or trySend().
    ///
    /// @par Errors
    /// - errc::invalid_state: not open, or closed by either side while this waits.
    /// - errc::type: larger than the peer's maximum message size.
    /// - When the channel ends in another way while this waits: those of opened().
    ///
    /// @par Cancellation
    /// It was not sent.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto send(std::string_view text, Token&& token = {}) {
        return initiate<void>(home(), token, [impl = impl_, text](auto op) {
            send(*impl, true, as_bytes(text), std::move(op));
        });
    }
    /// Sends a binary message. Otherwise the same.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto send(byte_view data, Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_, data](auto op) { send(*impl, false, data, std::move(op)); });
    }
    /// Sends a message as it was received, text as text and binary as binary. Otherwise the same.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto send(const Message& message, Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_, text = message.is_text(), data = message.data()](auto op) {
                                  send(*impl, text, data, std::move(op));
                              });
    }
    ///@{
    /// Sends now or not at all. False: the send buffer is full, or sends wait before it; writable() tells
    /// when to try again.
    ///
    /// @par Errors
    /// Those of send().
    [[nodiscard]] bool trySend(std::string_view text);
    [[nodiscard]] bool trySend(byte_view data);
    [[nodiscard]] bool trySend(const Message& message);
    ///@}
    /// Completes when trySend() may succeed again; at once unless it, or a send(), has found no room.
    /// (bufferedAmountLow() is about what was not sent yet; the send buffer also holds what was sent and not
    /// acknowledged.)
    ///
    /// @par Errors
    /// When the channel is not open, or no longer: those of a send() that waits.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto writable(Token&& token = {}) {
        return initiate<void>(home(), token, [impl = impl_](auto op) { writable(*impl, std::move(op)); });
    }

    /// The next message. Do not race it under `||`, which discards values: use cortc::timeout, or readable()
    /// and tryReceive().
    ///
    /// Messages that nobody reads close the SCTP window (limits::receive_window), which all channels of the
    /// connection share: a channel that is not read at all stops the peer on the others, too, but on no other
    /// connection.
    ///
    /// @par Errors
    /// - errc::invalid_state: somebody else is reading; one reader at a time.
    /// - errc::closed: the channel closed in order, and everything was read.
    /// - errc::operation: as opened(), when everything was read.
    ///
    /// @par Cancellation
    /// Nothing was taken.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto receive(Token&& token = {}) {
        return initiate<Message>(home(), token, [impl = impl_](auto op) { receive(*impl, std::move(op)); });
    }
    /// Waits for at least one message, takes all that are there, at most batch.size(), and returns how many.
    /// The storage of the messages that were in `batch` is used again: a steady flow allocates nothing.
    /// `batch` must stay valid until this completes.
    ///
    /// @par Errors
    /// - errc::type: `batch` is empty.
    /// - Those of receive().
    ///
    /// @par Cancellation
    /// Nothing was taken.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto receive(std::span<Message> batch, Token&& token = {}) {
        return initiate<std::size_t>(
            home(), token, [impl = impl_, batch](auto op) { receive(*impl, batch, std::move(op)); });
    }
    /// A message that is there, or none.
    ///
    /// @par Errors
    /// Those of receive(), when no message will come.
    [[nodiscard]] std::optional<Message> tryReceive();
    /// Completes when receive() would not wait: a message is there, or the channel is closed. Never fails.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto readable(Token&& token = {}) {
        return initiate<void>(home(), token, [impl = impl_](auto op) { readable(*impl, std::move(op)); });
    }

    /// Closes the channel: what was accepted is still delivered, then both directions end (RFC 8831 6.7).
    /// What was received can still be read. Sends that wait for room fail with errc::invalid_state. Does
    /// nothing to a channel that is closing or closed.
    void close();

  private:
    channel_impl& impl() const;
    std::shared_ptr<waiter_home> home() const;
    static bool over(const channel_impl&) noexcept;
    static void opened(channel_impl&, waiter_ptr<void>);
    static void closed(channel_impl&, waiter_ptr<void>);
    static void state_changed(channel_impl&, DataChannelState, waiter_ptr<DataChannelState>);
    static void buffered_amount_low(channel_impl&, waiter_ptr<void>);
    static void send(channel_impl&, bool text, byte_view data, waiter_ptr<void>);
    static void writable(channel_impl&, waiter_ptr<void>);
    static void receive(channel_impl&, waiter_ptr<Message>);
    static void receive(channel_impl&, std::span<Message> batch, waiter_ptr<std::size_t>);
    static void readable(channel_impl&, waiter_ptr<void>);

    std::shared_ptr<channel_impl> impl_;
};

CORTC_EXTERN_AWAIT(DataChannelState);
CORTC_EXTERN_AWAIT(Message);

} // namespace cortc

template <>
struct std::hash<cortc::DataChannel> : cortc::detail::handle_hash<cortc::DataChannel> {};

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/data_channel.ipp"
#endif
