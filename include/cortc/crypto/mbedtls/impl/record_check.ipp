#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/dtls_role.hpp"

#include <algorithm>

namespace cortc::crypto::mbedtls::detail {

/// Whether a datagram is a sequence of whole DTLS 1.2 records, those in the clear being what they say they
/// are (RFC 6347 4.1, 4.2.2). mbedTLS gives up a handshake over some records that are not, so they stop here.
bool plausible(byte_view datagram, dtls_role receiver) noexcept;
bool plausible_clear(std::uint8_t type, byte_view body, dtls_role receiver) noexcept;
bool plausible_messages(byte_view body, dtls_role receiver) noexcept;
bool may_receive(dtls_role receiver, std::uint8_t message) noexcept;

inline constexpr std::uint8_t change_cipher_spec = 20, alert = 21, handshake = 22, application_data = 23;
inline constexpr std::size_t max_record = 16384 + 2048; // RFC 5246 6.2.3

CORTC_DECL bool plausible(byte_view datagram, dtls_role receiver) noexcept {
    byte_reader in(datagram);
    while (in.remaining() != 0) {
        const auto type = in.u8();
        const auto major = in.u8();
        in.skip(1);
        const auto epoch = in.u16();
        in.skip(6);
        const auto body = in.take(in.u16());
        if (!in.ok() || major != 0xfe || body.size() > max_record) return false;
        if (type < change_cipher_spec || type > application_data) return false;
        if (epoch == 0 && !plausible_clear(type, body, receiver)) return false;
    }
    return !datagram.empty();
}

CORTC_DECL bool plausible_clear(std::uint8_t type, byte_view body, dtls_role receiver) noexcept {
    switch (type) {
    case change_cipher_spec:
        return body.size() == 1 && body[0] == std::byte{1};
    case alert:
        return body.size() == 2 && (body[0] == std::byte{1} || body[0] == std::byte{2});
    case handshake:
        return plausible_messages(body, receiver);
    default: // application data is never in the clear
        return false;
    }
}

CORTC_DECL bool plausible_messages(byte_view body, dtls_role receiver) noexcept {
    byte_reader in(body);
    do {
        if (!may_receive(receiver, in.u8())) return false;
        const auto length = in.u24();
        in.skip(2);
        const auto offset = in.u24();
        const auto size = in.u24();
        in.skip(size);
        if (!in.ok() || offset > length || size > length - offset || length > max_record) return false;
    } while (in.remaining() != 0);
    return true;
}

// The messages of a first handshake that this side can get (RFC 5246 7.4). HelloRequest means nothing in it,
// and what only this side sends is its own datagram come back.
CORTC_DECL bool may_receive(dtls_role receiver, std::uint8_t message) noexcept {
    constexpr std::uint8_t from_client[] = {1, 11, 15, 16, 20}; // ClientHello to Finished
    constexpr std::uint8_t from_server[] = {2,  3,  4,  11, 12,
                                            13, 14, 20, 22}; // ServerHello to CertificateStatus
    return receiver == dtls_role::server ? std::ranges::count(from_client, message) != 0
                                         : std::ranges::count(from_server, message) != 0;
}

} // namespace cortc::crypto::mbedtls::detail
