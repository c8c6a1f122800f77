#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/handle_hash.hpp"
#include "cortc/base/time.hpp"
#include "cortc/context/context.hpp"
#include "cortc/crypto/certificate.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <compare>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cortc {

/// RTCDtlsFingerprint (webrtc-pc 5.5.1).
class DtlsFingerprint {
  public:
    DtlsFingerprint() = default;
    /// Its members, in their order.
    DtlsFingerprint(std::string an_algorithm, std::string a_value)
        : algorithm(std::move(an_algorithm)), value(std::move(a_value)) {}

    friend bool operator==(const DtlsFingerprint&, const DtlsFingerprint&) = default;

    std::string algorithm; ///< "sha-256"
    std::string value;     ///< "4a:ad:b9...", lower case as the W3C has it (in SDP it is upper case)
};

/// The AlgorithmIdentifier of generateCertificate (webrtc-pc 4.9.1). Two are supported: ecdsa() and rsa().
/// Members that an algorithm has no use for are ignored.
class KeygenAlgorithm {
  public:
    KeygenAlgorithm() = default;
    /// The other members as they are by default.
    explicit KeygenAlgorithm(std::string a_name) : name(std::move(a_name)) {}

    /// On P-256.
    [[nodiscard]] static KeygenAlgorithm ecdsa() { return KeygenAlgorithm("ECDSA"); }
    /// Of 2048 bits, with exponent 65537 and SHA-256.
    [[nodiscard]] static KeygenAlgorithm rsa() { return KeygenAlgorithm("RSASSA-PKCS1-v1_5"); }

    std::string name = "ECDSA";           ///< or "RSASSA-PKCS1-v1_5"; case does not count
    std::string namedCurve = "P-256";     ///< of ECDSA
    std::uint32_t modulusLength = 2048;   ///< of RSA, bits
    std::uint64_t publicExponent = 65537; ///< of RSA
    std::string hash = "SHA-256";         ///< of RSA
    /// How long the certificate is good for; 30 days when absent, 365 when more than that.
    std::optional<std::chrono::milliseconds> expires;
};

class Certificate;
namespace detail {
[[nodiscard]] std::shared_ptr<waiter_home> home_of(const context& where);
void generate_certificate(const context& where, const KeygenAlgorithm& algorithm,
                          waiter_ptr<Certificate> operation);
} // namespace detail

/// RTCCertificate (webrtc-pc 4.9): a certificate with its private key, to be given to connections as
/// Configuration::certificates. A handle: copies are the same certificate, and compare equal. An empty one
/// throws errc::invalid_state when used.
///
/// @par Thread safety
/// Connections may share one, also those of different contexts and threads.
class Certificate {
  public:
    using time = std::chrono::sys_time<std::chrono::milliseconds>; ///< since 1970-01-01 UTC

    Certificate() = default;
    /// @private Of a certificate that the lower layer made; it expires at the end of its validity.
    explicit Certificate(std::shared_ptr<const crypto::certificate> inner);

    ///@{
    /// From PEM: the first certificate and the first private key in it, or in each of the two (PKCS #8, SEC 1
    /// or PKCS #1, not encrypted). It expires at the end of its validity.
    ///
    /// @par Errors
    /// - errc::syntax: it is not PEM, or one of the two is missing or cannot be read.
    /// - errc::not_supported: the key is encrypted, or neither ECDSA on P-256 nor RSA of 2048 to 4096 bits.
    /// - errc::invalid_access: the key does not belong to the certificate.
    [[nodiscard]] static Certificate from_pem(std::string_view pem);
    [[nodiscard]] static Certificate from_pem(std::string_view certificate, std::string_view key);
    ///@}
    /// What from_pem() takes, so that a certificate can be kept for the next start of the program. The
    /// private key is in it, in the clear.
    ///
    /// @par Errors
    /// - errc::operation: it cannot be written.
    [[nodiscard]] std::string to_pem() const;

    /// After this, no connection can be made with it.
    [[nodiscard]] time expires() const;
    /// SHA-256's first, then that of the hash in its signature if it is another.
    [[nodiscard]] std::vector<DtlsFingerprint> getFingerprints() const;

    /// It is not empty.
    [[nodiscard]] explicit operator bool() const noexcept { return inner_ != nullptr; }
    friend bool operator==(const Certificate& a, const Certificate& b) noexcept {
        return a.inner_ == b.inner_;
    }
    /// Any order, the same as long as both exist; for maps.
    friend std::strong_ordering operator<=>(const Certificate& a, const Certificate& b) noexcept {
        return std::compare_three_way()(a.identity(), b.identity());
    }
    /// What it refers to, as a number: copies have the same, an empty handle null. Nothing is at that address
    /// for others.
    [[nodiscard]] const void* identity() const noexcept { return inner_.get(); }

    /// @private
    [[nodiscard]] const std::shared_ptr<const crypto::certificate>& inner() const noexcept { return inner_; }

  private:
    friend void detail::generate_certificate(const context&, const KeygenAlgorithm&, waiter_ptr<Certificate>);

    Certificate(std::shared_ptr<const crypto::certificate> inner, time expires)
        : inner_(std::move(inner)), expires_(expires) {}

    std::shared_ptr<const crypto::certificate> inner_;
    time expires_{};
};

/// Makes a key and a certificate (webrtc-pc 4.9.1):
///
///     auto certificate = co_await cortc::generateCertificate(ctx, cortc::KeygenAlgorithm::rsa());
///
/// It is computed on the context's worker if there is one. Without a worker the context computes it, and does
/// nothing else meanwhile: a few milliseconds for ECDSA, for RSA half a second and sometimes several.
///
/// @par Errors
/// - errc::type: `expires` is negative.
/// - errc::not_supported: neither ECDSA on P-256, nor RSASSA-PKCS1-v1_5 of 2048 bits with exponent 65537 and
///   SHA-256.
/// - errc::operation: the system gives no entropy.
/// - errc::aborted: the context was destroyed before.
///
/// @par Cancellation
/// No certificate is returned.
///
/// @par Thread safety
/// Any thread. Tokens and completion are as PeerConnection says.
template <class Token = asio::use_awaitable_t<>>
[[nodiscard]] auto generateCertificate(const context& where, KeygenAlgorithm algorithm, Token&& token = {}) {
    return initiate<Certificate>(detail::home_of(where), token,
                                 [where, algorithm = std::move(algorithm)](auto operation) {
                                     detail::generate_certificate(where, algorithm, std::move(operation));
                                 });
}
/// The same with ECDSA on P-256, for 30 days.
template <class Token = asio::use_awaitable_t<>>
requires(!std::convertible_to<Token, KeygenAlgorithm>)
    [[nodiscard]] auto generateCertificate(const context& where, Token&& token = {}) {
    return generateCertificate(where, KeygenAlgorithm(), std::forward<Token>(token));
}

CORTC_EXTERN_AWAIT(Certificate);

} // namespace cortc

template <>
struct std::hash<cortc::Certificate> : cortc::detail::handle_hash<cortc::Certificate> {};

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/certificate.ipp"
#endif
