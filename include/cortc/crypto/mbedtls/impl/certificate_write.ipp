#pragma once

#include "cortc/crypto/mbedtls/hash.hpp"
#include "cortc/crypto/mbedtls/impl/certificate.ipp"

namespace cortc::crypto::mbedtls {

// A certificate in DER (X.690). mbedTLS's own writer gives ECDSA's algorithm parameters that must be absent
// (RFC 5758 3.2) and writes an empty list of extensions, which has no such form (RFC 5280 4.1): peers that
// read strictly refuse both.
namespace detail::der {

inline constexpr std::uint8_t integer = 0x02, bit_string = 0x03, utf8_string = 0x0c, utc_time = 0x17,
                              generalized_time = 0x18, sequence = 0x30, set = 0x31, version = 0xa0;
inline constexpr std::size_t largest = 0xffff; // the contents of an element

/// An object identifier, whole.
template <std::uint8_t... contents>
inline constexpr std::array<std::uint8_t, 2 + sizeof...(contents)> object{0x06, sizeof...(contents),
                                                                          contents...};
inline constexpr auto common_name = object<0x55, 4, 3>;
// With the parameters that each has to have: none, and NULL (RFC 5758 3.2, RFC 4055 5).
inline constexpr auto ecdsa_with_sha256 = object<0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2>;
inline constexpr auto sha256_with_rsa = object<0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11>;
inline constexpr std::array<std::uint8_t, 2> null{0x05, 0};

CORTC_DECL byte_view view(byte_view all) noexcept { return all; }
CORTC_DECL byte_view view(std::span<const unsigned char> all) noexcept { return std::as_bytes(all); }
CORTC_DECL byte_view view(std::string_view text) noexcept { return std::as_bytes(std::span(text)); }

/// One element with the contents `parts`, one after another; of at most `largest` bytes.
template <class... Parts>
bytes element(std::uint8_t tag, const Parts&... parts) {
    const std::array<byte_view, sizeof...(Parts)> contents{view(parts)...};
    std::size_t size = 0;
    for (const auto& part : contents) size += part.size();
    const std::size_t more = size < 0x80 ? 0 : size < 0x100 ? 1 : 2; // bytes of a length in the long form
    bytes made(2 + more + size);
    byte_writer out(made);
    out.u8(tag);
    if (more != 0) out.u8(static_cast<std::uint8_t>(0x80 | more));
    if (more == 2)
        out.u16(static_cast<std::uint16_t>(size));
    else
        out.u8(static_cast<std::uint8_t>(size));
    for (const auto& part : contents) out.put(part);
    return made;
}

/// RFC 5280 4.1.2.5: two digits for the year as long as they will do.
CORTC_DECL bytes time(unix_time when) {
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(when - day);
    const auto year = static_cast<int>(date.year());
    const auto text = fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}Z", year,
                                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                  clock.hours().count(), clock.minutes().count(), clock.seconds().count());
    if (year >= 2050) return element(generalized_time, std::string_view(text));
    return element(utc_time, std::string_view(text).substr(2));
}

/// CN=`text`.
CORTC_DECL bytes name(std::string_view text) {
    return element(sequence, element(set, element(sequence, common_name, element(utf8_string, text))));
}

} // namespace detail::der

// Signing it here also fills the key's table of multiples of the generator, which mbedTLS makes at the first
// use: from now on the key is only read, and threads may share it.
CORTC_DECL int certificate::write(unix_time not_before, unix_time not_after) {
    namespace der = detail::der;
    const bool rsa = mbedtls_pk_get_type(&key_) == MBEDTLS_PK_RSA;
    const auto algorithm = rsa ? der::element(der::sequence, der::sha256_with_rsa, der::null)
                               : der::element(der::sequence, der::ecdsa_with_sha256);
    // RFC 5280 4.1.2.2: positive, at most 20 octets, unpredictable.
    std::array<unsigned char, 16> serial{};
    if (const auto status = key_random::fill(&random_, serial.data(), serial.size()); status != 0)
        return status;
    serial[0] = static_cast<unsigned char>((serial[0] & 0x7f) | 0x40);

    std::array<unsigned char, 1024> space;
    const auto size = mbedtls_pk_write_pubkey_der(&key_, space.data(), space.size());
    if (size < 0) return size;
    const auto public_key = std::span(space).last(static_cast<std::size_t>(size)); // at the end of the space

    constexpr std::array<unsigned char, 1> v3{2}, no_unused_bits{0};
    // RFC 8827 asks for nothing here, but mbedTLS cannot read a certificate with an empty issuer.
    const auto name = der::name("cortc");
    const auto to_sign = der::element(
        der::sequence, der::element(der::version, der::element(der::integer, v3)),
        der::element(der::integer, serial), algorithm, name,
        der::element(der::sequence, der::time(not_before), der::time(not_after)), name, public_key);

    std::array<unsigned char, 32> digest;
    const std::array<byte_view, 1> whole{to_sign};
    mbedtls::hash(hash_algorithm::sha256, whole, std::as_writable_bytes(std::span(digest)));
    std::array<unsigned char, MBEDTLS_PK_SIGNATURE_MAX_SIZE> signature;
    std::size_t signature_size = 0;
    if (const auto status = sign(key_, digest, signature, signature_size, &key_random::fill, &random_);
        status != 0)
        return status;
    der_ = der::element(
        der::sequence, to_sign, algorithm,
        der::element(der::bit_string, no_unused_bits, std::span(signature).first(signature_size)));
    return 0;
}

} // namespace cortc::crypto::mbedtls
