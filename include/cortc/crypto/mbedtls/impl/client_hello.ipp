#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/crypto/mbedtls/compat.hpp"
#include "cortc/crypto/mbedtls/impl/certificate.ipp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace cortc::crypto::mbedtls::detail {

/// What a ClientHello has in common with us.
struct client_offer {
    bool version = true, suite = false, curve = true;
    std::vector<std::uint16_t> offered_versions;

    /// What it offers instead of DTLS 1.2, for a person.
    [[nodiscard]] std::string versions() const;
    /// What is missing; empty: nothing.
    [[nodiscard]] std::string shortfall() const;
};

inline constexpr std::uint16_t dtls_1_2 = 0xfefd;

/// RFC 5246 7.4.1.2 with a cookie (RFC 6347 4.2.1); the extensions supported_groups (RFC 8422 5.1.1) and
/// supported_versions (RFC 8446 4.2.1), which a client of DTLS 1.3 alone sends without DTLS 1.2. What is not
/// well-formed lacks nothing: it is mbedTLS's to refuse.
CORTC_DECL client_offer read_client_hello(byte_view body) {
    constexpr std::uint16_t supported_groups = 10, supported_versions = 43;
    client_offer offer;
    byte_reader in(body);
    in.skip(2 + 32);
    in.skip(in.u8());
    in.skip(in.u8());
    byte_reader suites(in.take(in.u16()));
    while (suites.ok() && suites.remaining() >= 2)
        offer.suite = std::ranges::count(cipher_suites, int{suites.u16()}) != 0 || offer.suite;
    in.skip(in.u8());
    byte_reader extensions(in.take(in.u16()));
    while (extensions.ok() && extensions.remaining() >= 4) {
        const auto type = extensions.u16();
        byte_reader data(extensions.take(extensions.u16()));
        if (type == supported_groups) {
            offer.curve = false;
            data.skip(2);
            while (data.ok() && data.remaining() >= 2)
                offer.curve = std::ranges::count(group_numbers, data.u16()) != 0 || offer.curve;
        } else if (type == supported_versions) {
            data.skip(1);
            while (data.ok() && data.remaining() >= 2) offer.offered_versions.push_back(data.u16());
            offer.version =
                offer.offered_versions.empty() || std::ranges::count(offer.offered_versions, dtls_1_2) != 0;
        }
    }
    return offer;
}

CORTC_DECL std::string client_offer::versions() const {
    std::string text;
    for (auto each : offered_versions) {
        if (!text.empty()) text += ", ";
        text += each == 0xfefc   ? std::string("DTLS 1.3")
                : each == 0xfeff ? std::string("DTLS 1.0")
                                 : fmt::format("0x{:04x}", each);
        if (text.size() > 60) return text + ", ...";
    }
    return text;
}

CORTC_DECL std::string client_offer::shortfall() const {
    if (!suite) return "cipher suite";
    return curve ? "" : "curve";
}

/// The curve of a ServerKeyExchange's beginning (RFC 8422 5.4).
CORTC_DECL std::optional<std::uint16_t> named_curve(byte_view data) noexcept {
    constexpr std::uint8_t named = 3;
    byte_reader in(data);
    if (in.u8() != named) return std::nullopt;
    const auto curve = in.u16();
    return in.ok() ? std::optional(curve) : std::nullopt;
}

} // namespace cortc::crypto::mbedtls::detail
