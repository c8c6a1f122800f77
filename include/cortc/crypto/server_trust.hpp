#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/log.hpp"
#include "cortc/crypto/tls_session.hpp"

#include <memory>
#include <string>
#include <utility>

namespace cortc::crypto {

/// Whose signatures make the certificate of a STUN or TURN server good, when it is reached over TLS or DTLS.
class server_trust {
  public:
    enum class source : std::uint8_t { system, pem, none };

    server_trust() = default; ///< system()
    /// The authorities that the operating system trusts: the first of the usual files that there is
    /// (/etc/ssl/certs/ca-certificates.crt and its like).
    [[nodiscard]] static server_trust system() { return {}; }
    /// Those of a text in PEM, and no others. A certificate that is signed by itself is its own authority.
    [[nodiscard]] static server_trust pem(std::string text) { return {source::pem, std::move(text)}; }
    /// Nothing is verified, neither who signed nor for whom: whoever sits in between reads the credentials'
    /// user name, and relays what he likes. For tests. The log has a warning.
    [[nodiscard]] static server_trust none() { return {source::none, {}}; }

    [[nodiscard]] source where() const noexcept { return source_; }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

  private:
    server_trust(source where, std::string text) : source_(where), text_(std::move(text)) {}

    source source_ = source::system;
    std::string text_;
};

/// Makes clients of one trust. The authorities' certificates are read when the first is made, and kept.
///
/// @par Thread safety
/// One thread at a time, its sessions included.
class tls_clients {
  public:
    tls_clients(const backend& by, server_trust trust, logger log)
        : by_(by), trust_(std::move(trust)), log_(std::move(log)) {}

    /// One that is not started, to a server of this name (or literal of an address).
    ///
    /// @par Errors
    /// As a tls_failed: there are no authorities, say.
    [[nodiscard]] result<std::unique_ptr<tls_session>, tls_failed> make(const std::string& name,
                                                                        bool datagrams, unix_time calendar);

  private:
    /// Nothing, or why there are none.
    [[nodiscard]] std::string load();

    const backend& by_;
    server_trust trust_;
    logger log_;
    std::shared_ptr<const tls_roots> roots_;
    bool warned_ = false;
};

/// What fits a path of 1500 bytes, with IPv6 and UDP around it: TURN packets are longer than others.
inline constexpr std::size_t server_mtu = 1400;

} // namespace cortc::crypto

#if defined(CORTC_HEADER_ONLY)
#include "cortc/crypto/impl/server_trust.ipp"
#endif
