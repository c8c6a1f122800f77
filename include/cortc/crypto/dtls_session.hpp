#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/dtls_role.hpp"
#include "cortc/base/log.hpp"
#include "cortc/base/time.hpp"
#include "cortc/crypto/certificate.hpp"
#include "cortc/crypto/srtp_keys.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cortc::crypto {

enum class dtls_state : std::uint8_t { idle, connecting, connected, closed, failed };

enum class dtls_failure : std::uint8_t {
    timeout,              ///< the handshake did not end within dtls_options::handshake_timeout
    fingerprint_mismatch, ///< the peer's certificate is not the one that its description promised
    no_certificate,       ///< the peer presented none
    bad_certificate,      ///< the promised one, but too long, costly or strange to be used, see dtls_session
    unsupported_version,  ///< the peer has no DTLS 1.2
    nothing_in_common,    ///< no cipher suite, or no curve for the key exchange
    no_srtp_profile,      ///< require_srtp, and no protection profile is common
    alert,                ///< the peer gave up with a fatal alert, or closed during the handshake
    protocol,             ///< what the peer sent makes no sense
    internal,             ///< out of memory, or a backend that cannot do what was asked
};

std::string_view to_string(dtls_state state) noexcept;
std::string_view to_string(dtls_failure reason) noexcept;

/// The handshake is done and the peer is who it claimed to be.
struct dtls_connected {};
/// The peer sent close_notify (RFC 5246 7.2.1); the answer is on its way.
struct dtls_closed {};
struct dtls_failed {
    dtls_failure reason = dtls_failure::internal;
    std::string message; ///< for a person; names the fatal alert (RFC 5246 7.2.2) that either side sent
};
/// Lets `result<T, dtls_failed>::value()` throw; found by argument-dependent lookup.
[[noreturn]] inline void throw_exception_from_error(const dtls_failed& why, const boost::source_location&) {
    throw std::runtime_error(why.message);
}
using dtls_event = std::variant<dtls_connected, dtls_closed, dtls_failed>;

/// Receives lines of the NSS key log format ("CLIENT_RANDOM <random> <master secret>"), so that a capture can
/// be read.
using key_log = std::function<void(std::string_view line)>;

struct dtls_options {
    dtls_role role = dtls_role::client;
    std::shared_ptr<const certificate> cert;
    /// Presented instead where the peer cannot do with `cert`: the first that fits. A server knows what fits
    /// by the cipher suites that it is offered; a client presents `cert`.
    std::vector<std::shared_ptr<const certificate>> more_certs{};
    std::vector<fingerprint> remote_fingerprints; ///< none: every peer fails
    std::size_t mtu = 1200;                       ///< UDP payload, 256 to 1472 (others are clamped)
    duration handshake_timeout = std::chrono::seconds(30);
    bool require_srtp = false; ///< fail when no SRTP profile was negotiated; it is offered in any case
    cortc::logger log{};
    crypto::key_log keys{};
};

struct dtls_stats {
    std::uint64_t datagrams_received = 0, datagrams_sent = 0;
    std::uint64_t records_read = 0, records_written = 0; ///< application data
    std::uint64_t retransmissions = 0;                   ///< flights repeated because the timer ran out
    std::uint64_t dropped_inactive = 0;                  ///< before start() or after the end
    std::uint64_t dropped_malformed = 0;                 ///< not a sequence of whole DTLS records
    std::uint64_t dropped_unreadable = 0; ///< application data that is forged, replayed or too early
    std::uint64_t dropped_input = 0;      ///< nobody read: the queue of decrypted datagrams is full
    std::uint64_t dropped_output = 0;     ///< nobody drained: the queue of datagrams to send is full
    std::uint64_t dropped_too_long = 0;   ///< larger than the buffer of poll_read()
};

/// One end of a DTLS 1.2 association (RFC 6347) that trusts exactly the certificates promised by fingerprint
/// (RFC 8122). An engine: no clock, no socket; after every call that takes `now`, drain poll_transmit(),
/// poll_read() and poll_event(), then ask next_timeout(). After the end (closed, failed) every call is a
/// quiet no-op, but queued datagrams and events can still be drained.
///
/// The peer's address is proven by ICE, so the server role sends no HelloVerifyRequest.
///
/// Only the first certificate that a peer presents counts, and its fingerprint is compared before anything is
/// computed with a key of the peer's. Whatever a peer sends costs no more than an honest handshake does:
/// refused, as dtls_failure::bad_certificate, are
/// - Certificate messages above max_certificate_message;
/// - RSA keys above 4096 bits or with a public exponent above 32 bits, and keys on other curves than P-256,
///   P-384 and P-521;
/// - more certificates than the one and its issuer, unless the first names itself as its issuer;
/// - what the library underneath cannot read. mbedTLS wants an issuer with a name, and knows no critical
///   extensions but those of RFC 5280.
///
/// Who signed a certificate, for whom and until when does not matter. P-521 is not offered for the key
/// exchange, so a server that has no other key finds nothing in common. However much of a flight a datagram
/// repeats, it is answered once.
///
/// @par Errors
/// - What a peer sends throws nothing: it is dropped and counted, or ends the session as a dtls_failed event.
///   A handshake that cannot succeed ends at once, or at dtls_options::handshake_timeout when the peer says
///   nothing; the peer is sent a fatal alert.
/// - What the users' key log throws ends the session as dtls_failure::internal. std::bad_alloc may leave any
///   call.
///
/// @par Cancellation
/// shutdown(), or destruction, which tells the peer nothing.
///
/// @par Thread safety
/// One thread at a time may use a session, but it may be another one each time (a handshake step on a
/// worker). Sessions that share a certificate may run at the same time on several threads. Where the library
/// underneath does not lock what they share, the backend lets one session of a certificate run at a time.
class dtls_session {
  public:
    /// Bytes of a handshake message with the peer's certificates.
    static constexpr std::size_t max_certificate_message = 8192;

    dtls_session() = default;
    dtls_session(const dtls_session&) = delete;
    dtls_session& operator=(const dtls_session&) = delete;
    virtual ~dtls_session() = default;

    /// Begins the handshake: a client sends its ClientHello, a server waits for one.
    virtual void start(time_point now) = 0;
    virtual void handle_packet(byte_view datagram, time_point now) = 0;
    /// Writes the next datagram to send; nothing when there is none. `out` must hold the MTU.
    [[nodiscard]] virtual std::optional<std::size_t> poll_transmit(byte_span out) = 0;
    /// Takes the next decrypted application datagram (one record). One that does not fit is dropped.
    [[nodiscard]] virtual std::optional<std::size_t> poll_read(byte_span out) = 0;
    [[nodiscard]] virtual std::optional<dtls_event> poll_event() = 0;

    /// Encrypts one application datagram of at most max_payload() bytes for poll_transmit(). False when it is
    /// empty or too long, when the session is not connected, or when the queue is full.
    virtual bool write(byte_view data) = 0;
    /// The same straight into `out` (at least the MTU): returns the size to send. Copies nothing, queues
    /// nothing.
    [[nodiscard]] virtual std::optional<std::size_t> seal(byte_view data, byte_span out) = 0;
    /// Known exactly once connected, a lower bound before. At mtu 1200 it is 1163 with AES-GCM, and more with
    /// ChaCha20-Poly1305.
    [[nodiscard]] virtual std::size_t max_payload() const noexcept = 0;

    [[nodiscard]] virtual time_point next_timeout() const noexcept = 0;
    virtual void handle_timeout(time_point now) = 0;
    /// Ends the association from this side: close_notify is queued when it was connected. No event follows.
    virtual void shutdown() = 0;

    /// Whether a server of this backend wants its first ClientHello whole, in one record of one datagram, and
    /// nothing before it: it must be fed through dtls::front_filter then.
    [[nodiscard]] virtual bool wants_whole_client_hello() const noexcept = 0;
    [[nodiscard]] virtual dtls_state state() const noexcept = 0;
    /// Once connected, and only when a protection profile was negotiated.
    [[nodiscard]] virtual std::optional<srtp_keys> export_srtp_keys() const = 0;
    /// Once connected the one that was presented, before that dtls_options::cert.
    [[nodiscard]] virtual const certificate& local_certificate() const noexcept = 0;
    /// DER; empty before the peer presented an acceptable one.
    [[nodiscard]] virtual byte_view remote_certificate() const noexcept = 0;
    /// IANA name, e.g. "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"; empty before connected.
    [[nodiscard]] virtual std::string cipher_suite() const = 0;
    [[nodiscard]] virtual const dtls_stats& stats() const noexcept = 0;
};

} // namespace cortc::crypto

#if defined(CORTC_HEADER_ONLY)
#include "cortc/crypto/impl/dtls_session.ipp"
#endif
