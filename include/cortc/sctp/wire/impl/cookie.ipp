#pragma once

#include "cortc/sctp/wire/cookie.hpp"

#include "cortc/crypto/hash.hpp"

namespace cortc::sctp {

CORTC_DECL sealed_cookie seal_cookie(const state_cookie& cookie, const cookie_key& key) noexcept {
    sealed_cookie sealed{};
    byte_writer out(sealed);
    out.u64(static_cast<std::uint64_t>(cookie.created.time_since_epoch().count()));
    out.u32(cookie.local_tag);
    out.u32(cookie.peer.tag);
    out.u32(cookie.local_tie_tag);
    out.u32(cookie.peer_tie_tag);
    out.u32(cookie.local_initial_tsn.value());
    out.u32(cookie.peer.initial_tsn.value());
    out.u32(cookie.peer.window);
    out.u16(cookie.peer.outgoing_streams);
    out.u16(cookie.peer.incoming_streams);
    out.u32((cookie.peer.forward_tsn ? 1u : 0u) | (cookie.peer.re_config ? 2u : 0u));
    out.put(crypto::hmac_sha256(key, byte_view(out.written())));
    return sealed;
}

CORTC_DECL std::optional<state_cookie> open_cookie(byte_view sealed, const cookie_key& key) noexcept {
    if (sealed.size() != cookie_size) return std::nullopt;
    const auto body = sealed.first(cookie_size - 32);
    const auto code = crypto::hmac_sha256(key, body);
    if (!crypto::equal(code, sealed.subspan(body.size()))) return std::nullopt;
    byte_reader in(body);
    state_cookie cookie;
    cookie.created = time_point(duration(static_cast<duration::rep>(in.u64())));
    cookie.local_tag = in.u32();
    cookie.peer.tag = in.u32();
    cookie.local_tie_tag = in.u32();
    cookie.peer_tie_tag = in.u32();
    cookie.local_initial_tsn = tsn(in.u32());
    cookie.peer.initial_tsn = tsn(in.u32());
    cookie.peer.window = in.u32();
    cookie.peer.outgoing_streams = in.u16();
    cookie.peer.incoming_streams = in.u16();
    const auto flags = in.u32();
    cookie.peer.forward_tsn = (flags & 1) != 0;
    cookie.peer.re_config = (flags & 2) != 0;
    return cookie;
}

} // namespace cortc::sctp
