#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/log.hpp"
#include "cortc/base/result.hpp"
#include "cortc/base/time.hpp"

#include <boost/assert/source_location.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

namespace cortc::crypto {

class backend;

/// Certificates of authorities that a client trusts, as one backend has read them. Immutable; sessions of one
/// thread at a time use it.
class tls_roots {
  public:
    tls_roots() = default;
    tls_roots(const tls_roots&) = delete;
    tls_roots& operator=(const tls_roots&) = delete;
    virtual ~tls_roots() = default;
    [[nodiscard]] virtual const backend& made_by() const noexcept = 0;
    /// How many certificates there are.
    [[nodiscard]] virtual std::size_t size() const noexcept = 0;
};

/// What a server presents: its certificate, those of the authorities between it and a root, and its key.
/// Sessions of one thread at a time use it.
class tls_identity {
  public:
    tls_identity() = default;
    tls_identity(const tls_identity&) = delete;
    tls_identity& operator=(const tls_identity&) = delete;
    virtual ~tls_identity() = default;
    [[nodiscard]] virtual const backend& made_by() const noexcept = 0;
};

enum class tls_role : std::uint8_t { client, server };
enum class tls_state : std::uint8_t { idle, connecting, connected, closed, failed };

enum class tls_failure : std::uint8_t {
    timeout,     ///< the handshake did not end within tls_options::handshake_timeout
    certificate, ///< the server's certificate is not trusted, has expired or is for another name
    alert,       ///< the peer gave up with a fatal alert, or closed during the handshake
    protocol,    ///< what the peer sent makes no sense, or nothing is in common
    internal,    ///< out of memory, or a backend that cannot do what was asked
};

std::string_view to_string(tls_state state) noexcept;
std::string_view to_string(tls_failure reason) noexcept;

struct tls_connected {};
/// The peer sent close_notify; the answer is on its way.
struct tls_closed {};
struct tls_failed {
    tls_failure reason = tls_failure::internal;
    std::string message; ///< for a person
};
/// Lets `result<T, tls_failed>::value()` throw; found by argument-dependent lookup.
[[noreturn]] inline void throw_exception_from_error(const tls_failed& why, const boost::source_location&) {
    throw std::runtime_error(why.message);
}
using tls_event = std::variant<tls_connected, tls_closed, tls_failed>;

struct tls_options {
    tls_role role = tls_role::client;
    bool datagrams = false; ///< DTLS 1.2 instead of TLS
    /// Of a client: whom it wants to talk to, a name or the literal of an address. The certificate has to
    /// name it (RFC 6125, RFC 8489 6.2.3); a name is sent along (RFC 6066 3), an address is not.
    std::string peer{};
    std::shared_ptr<const tls_roots> roots{}; ///< of a client; null: the server's certificate is not verified
    unix_time calendar{};                     ///< for what a certificate's validity is compared with
    std::shared_ptr<const tls_identity> identity{}; ///< of a server
    std::size_t mtu = 1200;                         ///< UDP payload of DTLS, 256 to 1472 (others are clamped)
    duration handshake_timeout = std::chrono::seconds(10);
    cortc::logger log{};
};

/// Bytes as they are on the wire, and application data.
struct tls_stats {
    std::uint64_t bytes_received = 0, bytes_sent = 0;
    std::uint64_t data_read = 0, data_written = 0;
    std::uint64_t write_refused = 0; ///< there was no room, or no connection
};

/// One end of a TLS connection (1.2, and 1.3 where the backend has it) over a stream, or of DTLS 1.2 over
/// datagrams, with certificates that authorities have signed: how a client reaches a STUN or TURN server. For
/// that of WebRTC's peers see dtls_session. An engine: no clock, no socket. After every call that takes
/// `now`, drain poll_read() (which takes from what came), poll_event() and poll_transmit(), then ask
/// next_timeout(). After the end (closed, failed) every call is a quiet no-op, but queued output and events
/// can still be drained.
///
/// A server over datagrams sends no HelloVerifyRequest: who listens on the Internet puts something before it.
///
/// @par Errors
/// - What a peer sends throws nothing: it ends the session as a tls_failed event; the peer is sent an alert.
/// - std::bad_alloc may leave any call.
///
/// @par Cancellation
/// shutdown(), or destruction, which tells the peer nothing.
///
/// @par Thread safety
/// One thread at a time, and so for all that share roots or an identity.
class tls_session {
  public:
    /// Encrypted bytes that may wait for poll_transmit().
    static constexpr std::size_t output_limit = 256 * 1024;
    /// Encrypted bytes that may wait for poll_read(): more end the session.
    static constexpr std::size_t input_limit = 1024 * 1024;

    tls_session() = default;
    tls_session(const tls_session&) = delete;
    tls_session& operator=(const tls_session&) = delete;
    virtual ~tls_session() = default;

    /// Begins the handshake: a client sends its ClientHello, a server waits for one.
    virtual void start(time_point now) = 0;
    /// The next bytes of the stream, split anywhere; or one datagram.
    virtual void handle_input(byte_view data, time_point now) = 0;
    /// Writes what is to be sent, as much as `out` holds, and returns how much that is, 0 when there is
    /// nothing. Of DTLS one datagram; `out` must hold the MTU.
    [[nodiscard]] virtual std::size_t poll_transmit(byte_span out) = 0;
    /// Writes application data that came, as much as `out` holds; of DTLS one record, which is cut off where
    /// `out` ends. 0 when there is none.
    [[nodiscard]] virtual std::size_t poll_read(byte_span out) = 0;
    [[nodiscard]] virtual std::optional<tls_event> poll_event() = 0;
    /// Encrypts all of `data` or nothing; of DTLS one datagram. False when there is no connection, no room,
    /// or it does not fit.
    virtual bool write(byte_view data) = 0;
    [[nodiscard]] virtual time_point next_timeout() const noexcept = 0;
    virtual void handle_timeout(time_point now) = 0;
    /// Sends close_notify. There is no event.
    virtual void shutdown() = 0;

    [[nodiscard]] virtual tls_state state() const noexcept = 0;
    /// "TLSv1.2, TLS-ECDHE-..." once connected.
    [[nodiscard]] virtual const std::string& negotiated() const noexcept = 0;
    [[nodiscard]] virtual const tls_stats& stats() const noexcept = 0;
};

} // namespace cortc::crypto

#if defined(CORTC_HEADER_ONLY)
#include "cortc/crypto/impl/tls_session.ipp"
#endif
