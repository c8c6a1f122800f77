#pragma once

#include "cortc/srtp/session.hpp"

#include <srtp2/crypto_types.h>
#include <srtp2/srtp.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace cortc::srtp {

namespace detail {

inline constexpr std::size_t rtp_header = 12, rtcp_header = 8, rtcp_index = 4, longest = 65535;
inline constexpr unsigned long replay_window = 1024;

/// In the order of drop_reason.
inline constexpr std::array<std::string_view, static_cast<std::size_t>(drop_reason::count)> drop_names{
    "too short", "too long", "malformed",        "no room",     "authentication failed",
    "replayed",  "too old",  "too many streams", "key expired", "internal",
};

/// Once in a process. It also fails when the application has called srtp_init(), and then does no harm:
/// whether libsrtp can be used is what srtp_create() says.
CORTC_DECL void start_libsrtp() {
    static const auto status = srtp_init();
    (void)status;
}

CORTC_DECL drop_reason reason_of(srtp_err_status_t status) noexcept {
    switch (status) {
    case srtp_err_status_auth_fail:
        return drop_reason::wrong_tag;
    case srtp_err_status_replay_fail:
        return drop_reason::replayed;
    case srtp_err_status_replay_old:
        return drop_reason::too_old;
    case srtp_err_status_bad_param:
    case srtp_err_status_parse_err:
    case srtp_err_status_cant_check: // SRTCP without the E flag
        return drop_reason::malformed;
    case srtp_err_status_key_expired:
        return drop_reason::key_expired;
    default:
        return drop_reason::internal;
    }
}

CORTC_DECL unsigned at(byte_view packet, std::size_t index) noexcept {
    return std::to_integer<unsigned>(packet[index]);
}
CORTC_DECL std::uint32_t ssrc_at(byte_view packet, std::size_t index) noexcept {
    return byte_reader(packet.subspan(index, 4)).u32();
}

/// libsrtp's functions for AES-GCM are not in it when it was built without; its numbers always are.
CORTC_DECL void set_gcm(srtp_crypto_policy_t& policy, const crypto::srtp_profile_description& of) noexcept {
    policy.cipher_type = of.key == 32 ? SRTP_AES_GCM_256 : SRTP_AES_GCM_128;
    policy.cipher_key_len = static_cast<int>(of.key + of.salt);
    policy.auth_type = SRTP_NULL_AUTH; // the cipher's own tag
    policy.auth_key_len = 0;
    policy.auth_tag_len = static_cast<int>(of.rtp_tag);
    policy.sec_serv = sec_serv_conf_and_auth;
}

CORTC_DECL void set_policy(srtp_policy_t& policy, const crypto::srtp_profile_description& of) noexcept {
    if (of.aead) {
        set_gcm(policy.rtp, of);
        set_gcm(policy.rtcp, of);
        return;
    }
    if (of.profile == crypto::srtp_profile::aes128_cm_sha1_32)
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy.rtp);
    else
        srtp_crypto_policy_set_rtp_default(&policy.rtp);
    srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
}

/// RFC 3550 5.1 and 5.3.1. libsrtp reads the header, too, but not in every version with care.
CORTC_DECL std::optional<drop_reason> fault_of_rtp(byte_view packet, std::size_t trailer) noexcept {
    if (packet.size() < rtp_header + trailer) return drop_reason::too_short;
    if (packet.size() > longest) return drop_reason::too_long;
    if (at(packet, 0) >> 6 != 2) return drop_reason::malformed;
    const auto end = packet.size() - trailer;
    auto header = rtp_header + 4 * (at(packet, 0) & 15);
    if ((at(packet, 0) & 16) != 0) {
        if (header + 4 > end) return drop_reason::malformed;
        header += 4 + 4 * std::size_t{at(packet, header + 2) << 8 | at(packet, header + 3)};
    }
    if (header > end) return drop_reason::malformed;
    return std::nullopt;
}

/// RFC 3550 6.1: a whole number of words.
CORTC_DECL std::optional<drop_reason> fault_of_rtcp(byte_view packet, std::size_t trailer) noexcept {
    if (packet.size() < rtcp_header + trailer) return drop_reason::too_short;
    if (packet.size() > longest) return drop_reason::too_long;
    if (at(packet, 0) >> 6 != 2 || (packet.size() - trailer) % 4 != 0) return drop_reason::malformed;
    return std::nullopt;
}

} // namespace detail

CORTC_DECL std::string_view to_string(drop_reason reason) noexcept {
    const auto index = static_cast<std::size_t>(reason);
    return index < detail::drop_names.size() ? detail::drop_names[index] : "";
}

// ---- one direction

/// libsrtp's session with a template: it clones a stream for each SSRC that it does not know. It has no
/// limit, and does not tell how many there are.
struct session::direction {
    using operation = srtp_err_status_t (*)(srtp_t, void*, int*);

    explicit direction(std::size_t limit) : max_streams(limit) {}
    direction(const direction&) = delete;
    direction& operator=(const direction&) = delete;
    ~direction() {
        if (context) srtp_dealloc(context);
    }

    bool open(const crypto::srtp_profile_description& profile, const crypto::srtp_master_key& from,
              srtp_ssrc_type_t streams) noexcept {
        if (profile.key == 0 || from.key.size() != profile.key || from.salt.size() != profile.salt)
            return false;
        crypto::secret<crypto::max_srtp_key + crypto::max_srtp_salt> key(profile.key + profile.salt);
        byte_writer out(key.span());
        out.put(from.key.view());
        out.put(from.salt.view());
        srtp_policy_t policy{};
        detail::set_policy(policy, profile);
        policy.ssrc.type = streams;
        policy.key = reinterpret_cast<unsigned char*>(key.span().data());
        policy.window_size = detail::replay_window;
        if (srtp_create(&context, &policy) != srtp_err_status_ok) context = nullptr;
        return context != nullptr;
    }

    size_or_reason run(operation what, byte_span packet, std::uint32_t ssrc) {
        const auto where = std::lower_bound(ssrcs.begin(), ssrcs.end(), ssrc);
        const bool fresh = where == ssrcs.end() || *where != ssrc;
        if (fresh && ssrcs.size() >= max_streams) return drop_reason::too_many_streams;
        auto size = static_cast<int>(packet.size());
        const auto status = what(context, packet.data(), &size);
        if (status != srtp_err_status_ok) return detail::reason_of(status);
        if (fresh) ssrcs.insert(where, ssrc);
        return static_cast<std::size_t>(size);
    }

    srtp_t context = nullptr;
    std::size_t max_streams;
    std::vector<std::uint32_t> ssrcs; // of its streams, sorted
};

// ---- both

CORTC_DECL options::options(const crypto::srtp_keys& keys, dtls_role role) noexcept
    : profile(keys.profile)
    , outbound(role == dtls_role::client ? keys.client : keys.server)
    , inbound(role == dtls_role::client ? keys.server : keys.client) {}

CORTC_DECL session::session(crypto::srtp_profile profile) : profile_(profile) {}
CORTC_DECL session::~session() = default;

CORTC_DECL std::unique_ptr<session> session::make(const options& with) {
    detail::start_libsrtp();
    std::unique_ptr<session> made(new session(with.profile));
    made->outbound_ = std::make_unique<direction>(with.max_streams);
    made->inbound_ = std::make_unique<direction>(with.max_streams);
    const auto profile = crypto::described(with.profile);
    if (!made->outbound_->open(profile, with.outbound, ssrc_any_outbound)) return nullptr;
    if (!made->inbound_->open(profile, with.inbound, ssrc_any_inbound)) return nullptr;
    return made;
}

CORTC_DECL bool session::supports(crypto::srtp_profile profile) noexcept {
    detail::start_libsrtp();
    const auto of = crypto::described(profile);
    crypto::srtp_master_key zeros;
    zeros.key = crypto::secret<crypto::max_srtp_key>(of.key);
    zeros.salt = crypto::secret<crypto::max_srtp_salt>(of.salt);
    direction trial(0);
    return trial.open(of, zeros, ssrc_any_outbound);
}

CORTC_DECL std::size_t session::trailer(kind what) const noexcept {
    const auto added = crypto::described(profile_);
    return what == kind::rtcp ? added.rtcp_tag + detail::rtcp_index : added.rtp_tag;
}

CORTC_DECL session::size_or_reason session::protect(kind what, byte_span buffer, std::size_t size) {
    const auto added = trailer(what);
    const bool rtp = what == kind::rtp;
    if (size > buffer.size() || buffer.size() - size < added) return drop_reason::no_room;
    const auto packet = buffer.first(size);
    if (auto fault = rtp ? detail::fault_of_rtp(packet, 0) : detail::fault_of_rtcp(packet, 0)) return *fault;
    if (size + added > detail::longest) return drop_reason::too_long;
    return outbound_->run(rtp ? srtp_protect : srtp_protect_rtcp, packet,
                          detail::ssrc_at(packet, rtp ? 8 : 4));
}

CORTC_DECL session::size_or_reason session::unprotect(kind what, byte_span packet) {
    const auto added = trailer(what);
    const bool rtp = what == kind::rtp;
    if (auto fault = rtp ? detail::fault_of_rtp(packet, added) : detail::fault_of_rtcp(packet, added))
        return *fault;
    return inbound_->run(rtp ? srtp_unprotect : srtp_unprotect_rtcp, packet,
                         detail::ssrc_at(packet, rtp ? 8 : 4));
}

namespace detail {
template <class Counters>
session::size_or_reason counted(session::size_or_reason outcome, std::uint64_t& done, Counters& drops) {
    if (outcome)
        ++done;
    else
        ++drops[static_cast<std::size_t>(outcome.error())];
    return outcome;
}
} // namespace detail

CORTC_DECL session::size_or_reason session::protect_rtp(byte_span buffer, std::size_t size) {
    return detail::counted(protect(kind::rtp, buffer, size), stats_.rtp_protected, stats_.outbound_drops);
}
CORTC_DECL session::size_or_reason session::protect_rtcp(byte_span buffer, std::size_t size) {
    return detail::counted(protect(kind::rtcp, buffer, size), stats_.rtcp_protected, stats_.outbound_drops);
}
CORTC_DECL session::size_or_reason session::unprotect_rtp(byte_span packet) {
    return detail::counted(unprotect(kind::rtp, packet), stats_.rtp_unprotected, stats_.inbound_drops);
}
CORTC_DECL session::size_or_reason session::unprotect_rtcp(byte_span packet) {
    return detail::counted(unprotect(kind::rtcp, packet), stats_.rtcp_unprotected, stats_.inbound_drops);
}

CORTC_DECL std::size_t session::inbound_streams() const noexcept { return inbound_->ssrcs.size(); }
CORTC_DECL std::size_t session::outbound_streams() const noexcept { return outbound_->ssrcs.size(); }

} // namespace cortc::srtp
