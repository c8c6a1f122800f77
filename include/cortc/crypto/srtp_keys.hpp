#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/crypto/secret.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cortc::crypto {

/// Protection profiles by their number in use_srtp (RFC 5764 4.1.2, RFC 7714 14.2).
enum class srtp_profile : std::uint16_t {
    aes128_cm_sha1_80 = 0x0001,
    aes128_cm_sha1_32 = 0x0002,
    aead_aes_128_gcm = 0x0007,
    aead_aes_256_gcm = 0x0008
};

/// What a profile is made of, in bytes.
struct srtp_profile_description {
    srtp_profile profile{};
    std::string_view name;         ///< in IANA's registry of DTLS-SRTP protection profiles
    std::size_t key = 0, salt = 0; ///< of a master key (RFC 3711 8.2, RFC 7714 12)
    std::size_t rtp_tag = 0;       ///< what a packet grows by
    std::size_t rtcp_tag = 0;      ///< the same, without the four bytes of the index (RFC 3711 3.4)
    bool aead = false;             ///< one algorithm encrypts and authenticates (RFC 7714)
};
/// AES128_CM has the tag of 80 bits for RTCP in both profiles (RFC 5764 4.1.2).
inline constexpr std::array<srtp_profile_description, 4> srtp_profiles{
    {{srtp_profile::aes128_cm_sha1_80, "SRTP_AES128_CM_HMAC_SHA1_80", 16, 14, 10, 10, false},
     {srtp_profile::aes128_cm_sha1_32, "SRTP_AES128_CM_HMAC_SHA1_32", 16, 14, 4, 10, false},
     {srtp_profile::aead_aes_128_gcm, "SRTP_AEAD_AES_128_GCM", 16, 12, 16, 16, true},
     {srtp_profile::aead_aes_256_gcm, "SRTP_AEAD_AES_256_GCM", 32, 12, 16, 16, true}}};

/// The row of `profile`; one without name and sizes for a number that is none of them.
[[nodiscard]] constexpr srtp_profile_description described(srtp_profile profile) noexcept {
    for (const auto& each : srtp_profiles)
        if (each.profile == profile) return each;
    return {};
}
/// "SRTP_AES128_CM_HMAC_SHA1_80".
[[nodiscard]] constexpr std::string_view to_string(srtp_profile profile) noexcept {
    return described(profile).name;
}

inline constexpr std::size_t max_srtp_key = 32, max_srtp_salt = 14;

/// What the keys of one direction are derived from (RFC 3711 4.3).
struct srtp_master_key {
    secret<max_srtp_key> key;
    secret<max_srtp_salt> salt;

    friend bool operator==(const srtp_master_key&, const srtp_master_key&) = default;
};

/// Keying material of RFC 5764 4.2. The client's keys protect what the DTLS client sends.
struct srtp_keys {
    srtp_profile profile = srtp_profile::aes128_cm_sha1_80;
    srtp_master_key client, server;
};

/// What a DTLS implementation exports for the longest profile.
using srtp_material = secret<2 * (max_srtp_key + max_srtp_salt)>;

/// The label that the keys are exported with (RFC 5764 4.2).
inline constexpr std::string_view srtp_exporter_label = "EXTRACTOR-dtls_srtp";

/// Bytes to export for `profile`.
[[nodiscard]] constexpr std::size_t srtp_material_size(srtp_profile profile) noexcept {
    return 2 * (described(profile).key + described(profile).salt);
}

/// RFC 5764 4.2: client key, server key, client salt, server salt. `material` has srtp_material_size() bytes.
[[nodiscard]] srtp_keys split_srtp_keys(srtp_profile profile, byte_view material) noexcept;

} // namespace cortc::crypto

#if defined(CORTC_HEADER_ONLY)
#include "cortc/crypto/impl/srtp_keys.ipp"
#endif
