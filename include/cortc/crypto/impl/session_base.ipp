#pragma once

#include "cortc/crypto/session_base.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace cortc::crypto {

namespace detail {

inline constexpr std::size_t output_limit = 32768, unread_limit = 65536;

// RFC 5246 7.2.2, RFC 6066 9, RFC 7301 3.2, RFC 8446 6.2
inline constexpr std::pair<std::uint8_t, std::string_view> alert_names[] = {
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {22, "record_overflow"},
    {40, "handshake_failure"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {112, "unrecognized_name"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
};

} // namespace detail

CORTC_DECL std::string hex(byte_view data) {
    std::string text;
    for (auto one : data) text += fmt::format("{:02x}", std::to_integer<unsigned>(one));
    return text;
}

CORTC_DECL std::string alert_text(std::uint8_t description) {
    const auto known = std::ranges::find(detail::alert_names, description,
                                         &std::pair<std::uint8_t, std::string_view>::first);
    const auto name = known == std::end(detail::alert_names) ? "of unknown meaning" : known->second;
    return fmt::format("{} ({})", name, description);
}

CORTC_DECL session_base::session_base(dtls_options options, std::size_t overhead)
    : options_(std::move(options)), output_(detail::output_limit), unread_(detail::unread_limit) {
    options_.mtu = std::clamp<std::size_t>(options_.mtu, 256, 1472);
    max_payload_ = options_.mtu - overhead;
}

CORTC_DECL void session_base::begin(time_point now) {
    set_state(dtls_state::connecting);
    deadline_ = now + options_.handshake_timeout;
}

CORTC_DECL bool session_base::overdue(time_point now) {
    if (now < deadline_) return false;
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(options_.handshake_timeout);
    const auto heard = stats_.datagrams_received != 0;
    fail({dtls_failure::timeout, fmt::format("no handshake within {} ms{}", limit.count(),
                                             heard ? "" : ": nothing of one came from the peer")});
    return true;
}

CORTC_DECL bool session_base::accepts(byte_view der) {
    if (!matches(options_.remote_fingerprints, der)) {
        refusal_ = dtls_failed{
            dtls_failure::fingerprint_mismatch,
            fmt::format("the peer's certificate has the SHA-256 fingerprint {}, not a promised one",
                        hex(hash(hash_algorithm::sha256, der)))};
        return false;
    }
    remote_certificate_.assign(der.begin(), der.end());
    accepted_ = true;
    return true;
}

CORTC_DECL void session_base::keep_srtp_keys(srtp_profile profile, const srtp_material& exported) {
    srtp_ = split_srtp_keys(profile, exported.view());
}

CORTC_DECL std::optional<dtls_failed> session_base::objection() const {
    if (!accepted_) return dtls_failed{dtls_failure::no_certificate, "the peer presented no certificate"};
    if (options_.require_srtp && !srtp_)
        return dtls_failed{dtls_failure::no_srtp_profile, "no SRTP protection profile in common"};
    return std::nullopt;
}

CORTC_DECL void session_base::connected(std::string cipher_suite, std::size_t max_payload) {
    cipher_suite_ = std::move(cipher_suite);
    max_payload_ = max_payload;
    set_state(dtls_state::connected);
    options_.log.debug("{}, SRTP profile {}", cipher_suite_, srtp_ ? static_cast<int>(srtp_->profile) : 0);
    events_.emplace_back(dtls_connected{});
}

CORTC_DECL void session_base::closed_by_peer() {
    set_state(dtls_state::closed);
    events_.emplace_back(dtls_closed{});
}

CORTC_DECL void session_base::fail(dtls_failed why) {
    if (state_ == dtls_state::failed) return;
    set_state(dtls_state::failed);
    options_.log.debug("failed: {}: {}", to_string(why.reason), why.message);
    events_.emplace_back(std::move(why));
    srtp_.reset();
}

CORTC_DECL void session_base::set_state(dtls_state next) {
    if (state_ == next) return;
    options_.log.debug("{}: {} -> {}", to_string(options_.role), to_string(state_), to_string(next));
    state_ = next;
}

CORTC_DECL std::optional<std::size_t> session_base::read_parked(byte_span out) {
    while (!unread_.empty()) {
        const auto next = unread_.front();
        const auto size = next.size();
        const bool fits = size <= out.size();
        if (fits) std::ranges::copy(next, out.begin());
        ++(fits ? stats_.records_read : stats_.dropped_too_long);
        unread_.pop();
        if (fits) return size;
    }
    return std::nullopt;
}

CORTC_DECL std::optional<std::size_t> session_base::poll_transmit(byte_span out) {
    while (!output_.empty()) {
        const auto next = output_.front();
        const auto size = next.size();
        const bool fits = size <= out.size();
        if (fits) std::ranges::copy(next, out.begin());
        ++(fits ? stats_.datagrams_sent : stats_.dropped_output);
        output_.pop();
        if (fits) return size;
    }
    return std::nullopt;
}

CORTC_DECL std::optional<dtls_event> session_base::poll_event() {
    if (events_.empty()) return std::nullopt;
    auto next = std::move(events_.front());
    events_.erase(events_.begin());
    return next;
}

} // namespace cortc::crypto
