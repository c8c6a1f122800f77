#pragma once

#include "cortc/sdp/detail/parser.hpp"
#include "cortc/sdp/detail/text.hpp"

#include <algorithm>

namespace cortc::sdp::detail {

/// More would only serve to make effective_transport() slow.
inline constexpr std::size_t max_ice_options = 64;

CORTC_DECL const parser::entry* parser::find_entry(std::string_view name) noexcept {
    using p = parser;
    static constexpr std::array<entry, 37> table{{
        {"bundle-only", nullptr, &p::on_bundle_only, false},
        {"candidate", nullptr, &p::on_candidate},
        {"end-of-candidates", &p::on_end_of_candidates, &p::on_end_of_candidates, false},
        {"extmap", &p::on_extmap, &p::on_extmap},
        {"extmap-allow-mixed", &p::on_extmap_allow_mixed, &p::on_extmap_allow_mixed, false},
        {"fingerprint", &p::on_fingerprint, &p::on_fingerprint},
        {"fmtp", nullptr, &p::on_fmtp},
        {"group", &p::on_group, nullptr},
        {"ice-lite", &p::on_ice_lite, nullptr, false},
        {"ice-options", &p::on_ice_options, &p::on_ice_options},
        {"ice-pacing", &p::on_ice_pacing, nullptr},
        {"ice-pwd", &p::on_ice_pwd, &p::on_ice_pwd},
        {"ice-ufrag", &p::on_ice_ufrag, &p::on_ice_ufrag},
        {"identity", &p::on_identity, nullptr},
        {"inactive", &p::on_direction, &p::on_direction, false},
        {"max-message-size", nullptr, &p::on_max_message_size},
        {"mid", nullptr, &p::on_mid},
        {"msid", nullptr, &p::on_msid},
        {"msid-semantic", &p::on_msid_semantic, nullptr},
        {"recvonly", &p::on_direction, &p::on_direction, false},
        {"rid", nullptr, &p::on_rid},
        {"rtcp", nullptr, &p::on_rtcp},
        {"rtcp-fb", nullptr, &p::on_rtcp_fb},
        {"rtcp-mux", nullptr, &p::on_rtcp_mux, false},
        {"rtcp-mux-only", nullptr, &p::on_rtcp_mux_only, false},
        {"rtcp-rsize", nullptr, &p::on_rtcp_rsize, false},
        {"rtcp-xr", nullptr, &p::on_rtcp_xr},
        {"rtpmap", nullptr, &p::on_rtpmap},
        {"sctp-port", nullptr, &p::on_sctp_port},
        {"sctpmap", nullptr, &p::on_sctpmap},
        {"sendonly", &p::on_direction, &p::on_direction, false},
        {"sendrecv", &p::on_direction, &p::on_direction, false},
        {"setup", &p::on_setup, &p::on_setup},
        {"simulcast", nullptr, &p::on_simulcast},
        {"ssrc", nullptr, &p::on_ssrc},
        {"ssrc-group", nullptr, &p::on_ssrc_group},
        {"tls-id", &p::on_tls_id, &p::on_tls_id},
    }};
    constexpr auto by_name = [](const entry& a, const entry& b) { return a.name < b.name; };
    static_assert(std::is_sorted(table.begin(), table.end(), by_name));
    const auto found = std::lower_bound(table.begin(), table.end(), entry{name}, by_name);
    return found != table.end() && found->name == name ? &*found : nullptr;
}

CORTC_DECL bool parser::keep(std::string_view value) {
    const auto colon = value.find(':');
    attribute kept{std::string(value.substr(0, colon)), std::nullopt};
    if (colon != std::string_view::npos) kept.value = value.substr(colon + 1);
    (section_ ? section_->attributes : out_.attributes).push_back(std::move(kept));
    return true;
}

/// A flag may be repeated: it says the same again.
CORTC_DECL bool parser::mark(bool& flag) {
    flag = true;
    return true;
}

// session level

CORTC_DECL bool parser::on_group(std::string_view value) { return append(out_.groups, parse_group(value)); }

CORTC_DECL bool parser::on_msid_semantic(std::string_view value) {
    return set_text(out_.msid_semantic, "a=msid-semantic", value);
}

CORTC_DECL bool parser::on_ice_lite(std::string_view) { return mark(out_.ice_lite); }

CORTC_DECL bool parser::on_ice_pacing(std::string_view value) {
    const auto pacing = to_number<std::uint32_t>(value);
    if (!pacing) return fail("a=ice-pacing is a number of milliseconds, not " + in_quotes(value));
    return set(out_.ice_pacing, "a=ice-pacing", *pacing);
}

CORTC_DECL bool parser::on_identity(std::string_view value) {
    return set_text(out_.identity, "a=identity", value);
}

// either level

CORTC_DECL bool parser::on_extmap_allow_mixed(std::string_view) {
    return mark(section_ ? section_->extmap_allow_mixed : out_.extmap_allow_mixed);
}

CORTC_DECL bool parser::on_extmap(std::string_view value) {
    return append(section_ ? section_->extmaps : out_.extmaps, parse_extmap(value));
}

CORTC_DECL bool parser::on_direction(std::string_view value) {
    auto& place = section_ ? section_->direction : out_.direction;
    const auto way = parse_direction(value);
    if (place && place != way)
        return fail("only one of sendrecv, sendonly, recvonly and inactive may be given");
    place = way;
    return true;
}

CORTC_DECL bool parser::on_end_of_candidates(std::string_view) {
    return mark(section_ ? section_->end_of_candidates : out_.end_of_candidates);
}

CORTC_DECL bool parser::on_ice_ufrag(std::string_view value) {
    if (!is_ice_ufrag(value))
        return fail("a=ice-ufrag is 4 to 256 letters, digits, '+' or '/', not " + in_quotes(value));
    return set_text(transport().ice_ufrag, "a=ice-ufrag", value);
}

CORTC_DECL bool parser::on_ice_pwd(std::string_view value) {
    // A password is a secret: the message, which is logged, does not repeat it.
    if (!is_ice_pwd(value)) return fail("a=ice-pwd is 22 to 256 letters, digits, '+' or '/'");
    return set_text(transport().ice_pwd, "a=ice-pwd", value);
}

CORTC_DECL bool parser::on_ice_options(std::string_view value) {
    words in(value);
    auto& options = transport().ice_options;
    if (in.at_end()) return fail("a=ice-options needs an option like trickle");
    while (!in.at_end()) options.emplace_back(in.next());
    return options.size() <= max_ice_options ||
           fail("at most " + std::to_string(max_ice_options) + " ice-options are accepted");
}

CORTC_DECL bool parser::on_fingerprint(std::string_view value) {
    return append(transport().fingerprints, parse_fingerprint(value));
}

CORTC_DECL bool parser::on_tls_id(std::string_view value) {
    return set_text(transport().tls_id, "a=tls-id", value);
}

CORTC_DECL bool parser::on_setup(std::string_view value) {
    const auto role = parse_setup_role(value);
    if (!role) return fail("a=setup is active, passive, actpass or holdconn, not " + in_quotes(value));
    return set(transport().setup, "a=setup", *role);
}

// a section's transport

CORTC_DECL bool parser::on_rtcp(std::string_view value) {
    return assign(section_->rtcp, "a=rtcp", parse_rtcp_port(value));
}

CORTC_DECL bool parser::on_candidate(std::string_view) {
    return append(section_->candidates, parse_candidate(attribute_));
}

CORTC_DECL bool parser::on_mid(std::string_view value) {
    if (!is_token(value)) return fail("a=mid is one word, not " + in_quotes(value));
    if (section_->mid) return section_->mid == value || fail_duplicate("a=mid");
    if (!mids_.insert(value).second) return fail("two sections have the mid " + in_quotes(value));
    section_->mid = value;
    return true;
}

CORTC_DECL bool parser::on_bundle_only(std::string_view) { return mark(section_->bundle_only); }

// RTP

CORTC_DECL bool parser::on_msid(std::string_view value) { return append(section_->msids, parse_msid(value)); }
CORTC_DECL bool parser::on_rtcp_mux(std::string_view) { return mark(section_->rtcp_mux); }
CORTC_DECL bool parser::on_rtcp_mux_only(std::string_view) { return mark(section_->rtcp_mux_only); }
CORTC_DECL bool parser::on_rtcp_rsize(std::string_view) { return mark(section_->rtcp_rsize); }

CORTC_DECL bool parser::on_rtcp_xr(std::string_view value) {
    section_->rtcp_xr.emplace_back(value);
    return true;
}

/// The codec of a payload type, made when it is first named: Firefox writes a=fmtp before a=rtpmap. Null if
/// the text is no payload type.
CORTC_DECL codec* parser::codec_for(std::string_view payload_type) {
    const auto number = to_number<std::uint8_t>(payload_type, 0, 127);
    if (!number) return nullptr;
    auto& index = codec_index_[*number];
    if (index == no_codec) {
        index = static_cast<std::int16_t>(section_->codecs.size());
        section_->codecs.emplace_back().payload_type = *number;
    }
    return &section_->codecs[static_cast<std::size_t>(index)];
}

/// RFC 8866 6.6: <encoding name>/<clock rate>[/<channels>].
CORTC_DECL bool read_encoding(std::string_view text, codec& target) {
    std::array<std::string_view, 3> parts;
    std::size_t count = 0;
    if (!split(text, '/', [&](std::string_view part) { return count < 3 && (parts[count++] = part, true); }))
        return false;
    const auto rate = to_number<std::uint32_t>(parts[1], 1);
    const auto channels = to_number<std::uint16_t>(parts[2], 1);
    if (!is_token(parts[0]) || !rate || channels.has_value() != (count == 3)) return false;
    target.name = parts[0];
    target.clock_rate = *rate;
    target.channels = channels.value_or(0);
    return true;
}

CORTC_DECL bool parser::on_rtpmap(std::string_view value) {
    if (!section_is_rtp_) return keep(attribute_);
    words in(value);
    auto* target = codec_for(in.next());
    codec named;
    if (!target || !read_encoding(in.rest(), named))
        return fail("a=rtpmap is like \"111 opus/48000/2\", not " + in_quotes(value));
    const auto same = target->name == named.name && target->clock_rate == named.clock_rate &&
                      target->channels == named.channels;
    if (!target->name.empty() && !same)
        return fail("payload type " + std::to_string(target->payload_type) + " may have only one a=rtpmap");
    target->name = std::move(named.name);
    target->clock_rate = named.clock_rate;
    target->channels = named.channels;
    return true;
}

CORTC_DECL bool parser::on_fmtp(std::string_view value) {
    words in(value);
    auto* target = section_is_rtp_ ? codec_for(in.next()) : nullptr;
    if (!target) return keep(attribute_);
    const auto parameters = in.rest();
    if (parameters.empty()) return fail("a=fmtp is like \"97 apt=96\", not " + in_quotes(value));
    if (!target->fmtp.empty()) target->fmtp += ';';
    target->fmtp += parameters;
    return true;
}

CORTC_DECL bool parser::on_rtcp_fb(std::string_view value) {
    if (!section_is_rtp_) return keep(attribute_);
    words in(value);
    const auto payload_type = in.next();
    auto* target = codec_for(payload_type);
    rtcp_feedback feedback;
    feedback.type = in.next();
    feedback.parameter = in.rest();
    if ((!target && payload_type != "*") || feedback.type.empty())
        return fail("a=rtcp-fb is like \"96 nack pli\" or \"* nack\", not " + in_quotes(value));
    (target ? target->rtcp_fb : section_->rtcp_fb).push_back(std::move(feedback));
    return true;
}

CORTC_DECL bool parser::on_ssrc_group(std::string_view value) {
    return append(section_->ssrc_groups, parse_ssrc_group(value));
}
CORTC_DECL bool parser::on_ssrc(std::string_view value) {
    return append(section_->ssrcs, parse_ssrc_attribute(value));
}
CORTC_DECL bool parser::on_rid(std::string_view value) { return append(section_->rids, parse_rid(value)); }
CORTC_DECL bool parser::on_simulcast(std::string_view value) {
    return assign(section_->simulcast, "a=simulcast", parse_simulcast(value));
}

// SCTP

CORTC_DECL bool parser::on_sctp_port(std::string_view value) {
    const auto port = to_number<std::uint16_t>(value);
    if (!port) return fail("a=sctp-port is 0 to 65535, not " + in_quotes(value));
    return set(section_->sctp_port, "a=sctp-port", *port);
}

CORTC_DECL bool parser::on_max_message_size(std::string_view value) {
    const auto size = to_number_or_more<std::uint64_t>(value);
    if (!size) return fail("a=max-message-size is a number of bytes, not " + in_quotes(value));
    return set(section_->max_message_size, "a=max-message-size", *size);
}

CORTC_DECL bool parser::on_sctpmap(std::string_view value) {
    return assign(section_->sctpmap, "a=sctpmap", parse_sctpmap(value));
}

} // namespace cortc::sdp::detail
