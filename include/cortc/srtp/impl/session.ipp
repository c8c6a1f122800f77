#pragma once

#include "cortc/srtp/session.hpp"

#include <arpa/inet.h>

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
    "too short", "too long", "malformed",        "no room",   "authentication failed",
    "replayed",  "too old",  "too many streams", "forgotten", "key expired",
    "internal",
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

    explicit direction(const options& with)
        : max_streams(std::max<std::size_t>(with.max_streams, 1)), silence(with.silence) {}
    direction(const direction&) = delete;
    direction& operator=(const direction&) = delete;
    ~direction() {
        if (context) srtp_dealloc(context);
    }

    bool open(const crypto::srtp_profile_description& profile, const crypto::srtp_master_key& from,
              srtp_ssrc_type_t any) noexcept {
        if (profile.key == 0 || from.key.size() != profile.key || from.salt.size() != profile.salt)
            return false;
        crypto::secret<crypto::max_srtp_key + crypto::max_srtp_salt> key(profile.key + profile.salt);
        byte_writer out(key.span());
        out.put(from.key.view());
        out.put(from.salt.view());
        srtp_policy_t policy{};
        detail::set_policy(policy, profile);
        policy.ssrc.type = any;
        policy.key = reinterpret_cast<unsigned char*>(key.span().data());
        policy.window_size = detail::replay_window;
        if (srtp_create(&context, &policy) != srtp_err_status_ok) context = nullptr;
        return context != nullptr;
    }

    size_or_reason run(operation what, byte_span packet, std::uint32_t ssrc) {
        auto where = std::ranges::lower_bound(streams, ssrc, {}, &stream::ssrc);
        const bool fresh = where == streams.end() || where->ssrc != ssrc;
        std::optional<std::uint32_t> silent;
        if (fresh) {
            if (std::ranges::find(forgotten, ssrc) != forgotten.end()) return drop_reason::forgotten;
            if (streams.size() >= max_streams && !(silent = longest_silent()))
                return drop_reason::too_many_streams;
            make_room(streams);
            make_room(forgotten);
            where = std::ranges::lower_bound(streams, ssrc, {}, &stream::ssrc);
        }
        auto size = static_cast<int>(packet.size());
        const auto status = what(context, packet.data(), &size);
        if (status != srtp_err_status_ok) return detail::reason_of(status);
        if (!fresh)
            where->last = now;
        else
            streams.insert(where, {ssrc, now});
        if (silent) forget(*silent);
        return static_cast<std::size_t>(size);
    }

    /// So that nothing can fail once the packet is through.
    template <class T>
    static void make_room(std::vector<T>& in) {
        if (in.size() == in.capacity()) in.reserve(2 * in.size() + 4);
    }

    /// The stream that may make room for another one.
    [[nodiscard]] std::optional<std::uint32_t> longest_silent() const noexcept {
        const auto found = std::ranges::min_element(streams, {}, &stream::last);
        if (found == streams.end() || now - found->last < silence) return std::nullopt;
        if (kept_for_good && forgotten.size() >= max_forgotten()) return std::nullopt;
        return found->ssrc;
    }
    [[nodiscard]] std::size_t max_forgotten() const noexcept { return remembered_per_stream * max_streams; }

    void forget(std::uint32_t ssrc) noexcept {
        const auto where = std::ranges::find(streams, ssrc, &stream::ssrc);
        if (where != streams.end()) streams.erase(where);
        (void)srtp_remove_stream(context, htonl(ssrc)); // as it is in packets
        if (forgotten.size() < max_forgotten())
            forgotten.push_back(ssrc); // there is room
        else
            forgotten[oldest++ % forgotten.size()] = ssrc;
    }

    struct stream {
        std::uint32_t ssrc = 0;
        time_point last; // when its last packet went through
    };

    srtp_t context = nullptr;
    std::size_t max_streams;
    duration silence;
    bool kept_for_good = false; // what is forgotten may never come again
    time_point now{};
    std::vector<stream> streams; // sorted by SSRC
    std::vector<std::uint32_t> forgotten;
    std::size_t oldest = 0; // of them, when there is no more room
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
    made->outbound_ = std::make_unique<direction>(with);
    made->inbound_ = std::make_unique<direction>(with);
    made->outbound_->kept_for_good = true;
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
    direction trial((options()));
    return trial.open(of, zeros, ssrc_any_outbound);
}

CORTC_DECL void session::set_time(time_point now) noexcept { inbound_->now = outbound_->now = now; }

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

CORTC_DECL std::size_t session::inbound_streams() const noexcept { return inbound_->streams.size(); }
CORTC_DECL std::size_t session::outbound_streams() const noexcept { return outbound_->streams.size(); }

} // namespace cortc::srtp
