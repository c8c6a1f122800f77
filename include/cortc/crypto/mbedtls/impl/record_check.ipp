#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/dtls_role.hpp"

#include <algorithm>
#include <optional>

namespace cortc::crypto::mbedtls::detail {

/// Whether a datagram is a sequence of whole DTLS 1.2 records, those in the clear being what they say they
/// are (RFC 6347 4.1, 4.2.2). mbedTLS gives up a handshake over some records that are not, so they stop here.
bool plausible(byte_view datagram, dtls_role receiver) noexcept;
bool plausible_clear(std::uint8_t type, byte_view body, dtls_role receiver) noexcept;
bool plausible_messages(byte_view body, dtls_role receiver) noexcept;
bool may_receive(dtls_role receiver, std::uint8_t message) noexcept;

/// The fatal alert of a plausible datagram, in the clear, whose record has another version than mbedTLS
/// takes: it would drop it. A peer that knows no DTLS 1.2 may give up like that.
std::optional<std::uint8_t> foreign_alert(byte_view datagram) noexcept;

/// One message of a handshake in the clear, or a fragment of it.
struct message_part {
    std::uint8_t type = 0;
    std::uint16_t sequence = 0;
    std::size_t length = 0, offset = 0; // of the whole message; of `data` in it
    byte_view data;
    [[nodiscard]] bool whole() const noexcept { return data.size() == length; }
};
/// The messages in the clear of a plausible datagram, one after another, until `take` returns false. False
/// then.
template <class Take>
bool each_message(byte_view datagram, Take&& take);
/// The next message of a record. Nothing at its end, and where it is none; `ambiguous` is set where mbedTLS
/// would go on to read at another place. It leaves a fragment by the length of the whole message, and so
/// never reads what follows one in its record, unless a message is shorter than what is behind its fragment.
std::optional<message_part> next_message(byte_reader& in, bool& ambiguous) noexcept;

inline constexpr std::uint8_t client_hello = 1, certificate_message = 11, server_key_exchange = 12;
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

CORTC_DECL std::optional<std::uint8_t> foreign_alert(byte_view datagram) noexcept {
    byte_reader in(datagram);
    while (in.ok() && in.remaining() != 0) {
        const auto type = in.u8();
        const auto version = in.u16();
        const auto epoch = in.u16();
        in.skip(6);
        byte_reader body(in.take(in.u16()));
        const bool fatal = type == alert && epoch == 0 && body.u8() == 2;
        const auto description = body.u8();
        if (fatal && body.ok() && version != 0xfeff && version != 0xfefd) return description;
    }
    return std::nullopt;
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

CORTC_DECL std::optional<message_part> next_message(byte_reader& in, bool& ambiguous) noexcept {
    message_part part;
    part.type = in.u8();
    part.length = in.u24();
    part.sequence = in.u16();
    part.offset = in.u24();
    part.data = in.take(in.u24());
    if (!in.ok() || part.offset > part.length || part.data.size() > part.length - part.offset)
        return std::nullopt;
    if (part.whole()) return part;
    ambiguous = part.length - part.data.size() < in.remaining();
    (void)in.rest();
    return part;
}

CORTC_DECL bool plausible_messages(byte_view body, dtls_role receiver) noexcept {
    byte_reader in(body);
    do {
        bool ambiguous = false;
        const auto part = next_message(in, ambiguous);
        if (!part || ambiguous || !may_receive(receiver, part->type) || part->length > max_record)
            return false;
    } while (in.remaining() != 0);
    return true;
}

template <class Take>
bool each_message(byte_view datagram, Take&& take) {
    byte_reader in(datagram);
    while (in.ok() && in.remaining() != 0) {
        const auto type = in.u8();
        in.skip(2);
        const auto epoch = in.u16();
        in.skip(6);
        byte_reader body(in.take(in.u16()));
        bool ambiguous = false;
        while (type == handshake && epoch == 0 && body.remaining() != 0) {
            const auto part = next_message(body, ambiguous);
            if (!part) break;
            if (!take(*part)) return false;
        }
    }
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
