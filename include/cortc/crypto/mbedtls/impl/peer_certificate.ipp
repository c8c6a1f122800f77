#pragma once

#include "cortc/crypto/dtls_session.hpp"
#include "cortc/crypto/mbedtls/compat.hpp"
#include "cortc/crypto/mbedtls/impl/certificate.ipp"
#include "cortc/crypto/mbedtls/impl/record_check.ipp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace cortc::crypto::mbedtls::detail {

/// The peer's Certificate message, put together beside mbedTLS from the same fragments, so that it can be
/// looked at first. Of a byte that comes twice the first one counts: what says otherwise must not reach
/// mbedTLS, and then it can put together no other message than this one.
class certificate_message_copy {
  public:
    enum class verdict {
        more,       ///< something is missing
        whole,      ///< nothing is
        too_long,   ///< by what its header says
        contradicts ///< what came before
    };
    verdict add(const message_part& part);
    [[nodiscard]] byte_view body() const noexcept { return body_; }

  private:
    bool begun_ = false;
    std::uint16_t sequence_ = 0;
    bytes body_;
    std::vector<bool> known_; // of its bytes
    std::size_t missing_ = 0;
};

/// The certificates of a peer that mbedTLS will get to see.
class peer_chain {
  public:
    peer_chain() { mbedtls_x509_crt_init(&first_); }
    peer_chain(const peer_chain&) = delete;
    peer_chain& operator=(const peer_chain&) = delete;
    ~peer_chain() { mbedtls_x509_crt_free(&first_); }

    /// The first one's DER, empty when there is none; nothing when the message is not well-formed.
    static std::optional<byte_view> first_of(byte_view message) noexcept;
    /// Why its certificates cannot be used, for a person.
    [[nodiscard]] std::optional<std::string> fault(byte_view message);
    /// How many signatures of certificates mbedTLS may come to verify: see trust().
    [[nodiscard]] int links() const noexcept { return links_; }
    /// mbedTLS would verify each certificate's signature with the key of the next one, and cannot be told not
    /// to. It does not where the first certificate names itself as its issuer and is trusted as such.
    void trust(mbedtls_ssl_config& config) noexcept;

  private:
    std::optional<std::string> read(byte_view der, bool first);
    /// Nothing when the key costs no more than an honest one.
    static std::string fault_of_key(const mbedtls_pk_context& key);

    mbedtls_x509_crt first_;
    bool trustworthy_ = false;
    int links_ = 0;
};

CORTC_DECL certificate_message_copy::verdict certificate_message_copy::add(const message_part& part) {
    if (part.length > dtls_session::max_certificate_message) return verdict::too_long;
    if (!begun_) {
        body_.resize(part.length);
        known_.resize(part.length);
        missing_ = part.length;
        sequence_ = part.sequence;
        begun_ = true;
    }
    if (part.sequence != sequence_ || part.length != body_.size()) return verdict::contradicts;
    for (std::size_t i = 0; i < part.data.size(); ++i)
        if (known_[part.offset + i] && body_[part.offset + i] != part.data[i]) return verdict::contradicts;
    for (std::size_t i = 0; i < part.data.size(); ++i) {
        if (known_[part.offset + i]) continue;
        known_[part.offset + i] = true;
        body_[part.offset + i] = part.data[i];
        --missing_;
    }
    return missing_ == 0 ? verdict::whole : verdict::more;
}

CORTC_DECL std::optional<byte_view> peer_chain::first_of(byte_view message) noexcept {
    byte_reader in(message);
    byte_reader list(in.take(in.u24()));
    if (!in.ok() || in.remaining() != 0) return std::nullopt;
    if (list.remaining() == 0) return byte_view();
    const auto first = list.take(list.u24());
    return list.ok() && !first.empty() ? std::optional(first) : std::nullopt;
}

CORTC_DECL std::optional<std::string> peer_chain::fault(byte_view message) {
    mbedtls_x509_crt_free(&first_);
    mbedtls_x509_crt_init(&first_);
    byte_reader list(message.subspan(3));
    if (auto why = read(list.take(list.u24()), true)) return why;
    trustworthy_ = std::ranges::equal(view_of(first_.issuer_raw.p, first_.issuer_raw.len),
                                      view_of(first_.subject_raw.p, first_.subject_raw.len));
    if (trustworthy_ || list.remaining() == 0) return std::nullopt; // nothing is computed with the others
    links_ = 1;
    if (auto why = read(list.take(list.u24()), false)) return "has an issuer whose certificate " + *why;
    if (list.remaining() != 0) return "has more certificates behind it than its issuer's";
    return std::nullopt;
}

CORTC_DECL std::optional<std::string> peer_chain::read(byte_view der, bool first) {
    const auto status =
        mbedtls_x509_crt_parse_der(&first_, reinterpret_cast<const unsigned char*>(der.data()), der.size());
    // Others that are signed in a way unknown to it mbedTLS passes over.
    if (!first && status == MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG + MBEDTLS_ERR_OID_NOT_FOUND) return std::nullopt;
    if (status != 0) return "cannot be read: " + describe(status);
    const auto fault = fault_of_key(first ? first_.pk : first_.next->pk);
    if (fault.empty()) return std::nullopt;
    return "has a key that is refused, " + fault;
}

CORTC_DECL std::string peer_chain::fault_of_key(const mbedtls_pk_context& key) {
    const auto bits = mbedtls_pk_get_bitlen(&key);
    switch (mbedtls_pk_get_type(&key)) {
    case MBEDTLS_PK_RSA:
        if (bits > 4096) return fmt::format("RSA of {} bits", bits);
        if (const auto exponent = exponent_bits(key); exponent > 32)
            return fmt::format("RSA with a public exponent of {} bits", exponent);
        return {};
    case MBEDTLS_PK_ECKEY:
        switch (mbedtls_pk_ec(key)->CORTC_MBEDTLS_MEMBER(grp).id) {
        case MBEDTLS_ECP_DP_SECP256R1:
        case MBEDTLS_ECP_DP_SECP384R1:
        case MBEDTLS_ECP_DP_SECP521R1:
            return {};
        default:
            return fmt::format("on another curve, of {} bits", bits);
        }
    default:
        return "of another algorithm";
    }
}

CORTC_DECL void peer_chain::trust(mbedtls_ssl_config& config) noexcept {
    if (trustworthy_) mbedtls_ssl_conf_ca_chain(&config, &first_, nullptr);
}

} // namespace cortc::crypto::mbedtls::detail
