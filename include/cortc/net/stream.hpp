#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/endpoint.hpp"

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

/// TCP, as cortc uses it: bytes in order, pushed to a handler, without a coroutine for each packet. Framing
/// is the owner's business.
namespace cortc::net {

class stream;

/// What one stream has done so far.
struct stream_stats {
    std::uint64_t bytes_received = 0, bytes_sent = 0; ///< that the layer below took, or gave
    std::uint64_t receive_calls = 0, send_calls = 0;
    std::uint64_t send_refused = 0; ///< calls of send() that found no room
};

/// Who hears of a stream. Must outlive it. Every call may destroy the stream, or any other; none comes from
/// inside a call of the stream's.
class stream_handler {
  public:
    /// connect() has succeeded: once, before anything is received. Not for streams that were accepted.
    virtual void handle_connected(stream& which) = 0;
    /// `data` is never empty. It is the receive ring's: it may be changed in place and is gone when this
    /// returns.
    virtual void handle_data(stream& which, byte_span data) = 0;
    /// The last call: the peer has ended it (boost::asio::error::eof), reset it, or the connection was not
    /// made. What was not sent by then is lost.
    virtual void handle_ended(stream& which, boost::system::error_code why) = 0;
    /// There was no room for a send(), and there is some now.
    virtual void handle_writable(stream&) {}

  protected:
    ~stream_handler() = default;
};

/// A TCP connection. Destroying it closes it: what it has not sent is given to the layer below where that has
/// room, and dropped otherwise; no handler is called afterwards.
class stream {
  public:
    stream() = default;
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;
    virtual ~stream() = default;

    [[nodiscard]] virtual const endpoint& local() const noexcept = 0;
    [[nodiscard]] virtual const endpoint& remote() const noexcept = 0;
    /// Sends the concatenation of `parts`, all of it or nothing; what the layer below does not take now is
    /// kept and sent later. False when more than `send_limit` bytes would be waiting, or it has ended, or is
    /// not connected yet. The parts need stay valid only during the call.
    virtual bool send(std::span<const byte_view> parts) = 0;
    /// Bytes that wait to be sent.
    [[nodiscard]] virtual std::size_t waiting() const noexcept = 0;
    /// Nothing is received until it is called with false, and the peer is slowed down by that.
    virtual void hold(bool yes) = 0;
    /// As long as the stream lives.
    [[nodiscard]] virtual const stream_stats& stats() const noexcept = 0;

    /// Bytes that may wait to be sent.
    static constexpr std::size_t send_limit = 256 * 1024;
};

/// A listening TCP socket. Destroying it closes it.
class listener {
  public:
    listener() = default;
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;
    virtual ~listener() = default;

    /// What it is bound to, with the port that was chosen.
    [[nodiscard]] virtual const endpoint& local() const noexcept = 0;
};

/// A connection that came to a listener, whose handler is not known yet: begin() makes a stream of it.
/// Destroying it closes it.
class incoming_stream {
  public:
    incoming_stream() = default;
    incoming_stream(const incoming_stream&) = delete;
    incoming_stream& operator=(const incoming_stream&) = delete;
    virtual ~incoming_stream() = default;

    [[nodiscard]] virtual const endpoint& remote() const noexcept = 0;
    /// Once. `handler` must outlive the stream.
    [[nodiscard]] virtual std::unique_ptr<stream> begin(stream_handler& handler) = 0;
};

/// Who gets what comes to a listener. Must outlive it.
class accept_handler {
  public:
    /// May destroy the listener. Whoever lets `what` go closes the connection.
    virtual void handle_accept(listener& at, std::unique_ptr<incoming_stream> what) = 0;

  protected:
    ~accept_handler() = default;
};

} // namespace cortc::net
