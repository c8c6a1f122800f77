#pragma once

#include "cortc/sdp/print.hpp"

namespace cortc::sdp {

namespace detail {

/// Collects lines; the parts of each are put together without intermediate strings.
class printer {
  public:
    explicit printer(std::size_t sections) { out_.reserve(1024 + 4096 * sections); }

    void session(const session_description& value);
    /// Descriptions are kept for long: without the room that was not needed.
    std::string take() { return std::string(out_); }

  private:
    template <class... Parts>
    void line(const Parts&... parts) {
        (out_.append(parts), ...);
        out_.append("\r\n");
    }
    void text(std::string_view prefix, const std::optional<std::string>& value) {
        if (value) line(prefix, *value);
    }
    template <class T>
    void number(std::string_view prefix, const std::optional<T>& value) {
        if (value) line(prefix, std::to_string(*value));
    }
    void flag(std::string_view name, bool value) {
        if (value) line("a=", name);
    }

    void session_attributes(const session_description& value);
    void transport(const transport_attributes& value);
    void bandwidths(const std::vector<bandwidth>& list);
    void extmaps(const std::vector<extmap>& list);
    void attributes(const std::vector<attribute>& list);
    void section(const media_description& value);
    void section_head(const media_description& value);
    void section_rtp(const media_description& value);
    void section_sctp(const media_description& value);
    void codecs(const media_description& value);
    void feedback(std::string_view payload_type, const std::vector<rtcp_feedback>& list);

    std::string out_;
};

CORTC_DECL void printer::session(const session_description& value) {
    line("v=0");
    line("o=", value.origin.username, " ", value.origin.session_id, " ", value.origin.session_version, " ",
         print_connection(value.origin.address));
    line("s=", value.name);
    text("i=", value.information);
    text("u=", value.uri);
    for (const auto& each : value.emails) line("e=", each);
    for (const auto& each : value.phones) line("p=", each);
    if (value.connection) line("c=", print_connection(*value.connection));
    bandwidths(value.bandwidths);
    for (const auto& each : value.timings) {
        line("t=", each.start, " ", each.stop);
        for (const auto& repeat : each.repeats) line("r=", repeat);
    }
    text("z=", value.time_zones);
    text("k=", value.key);
    session_attributes(value);
    for (const auto& each : value.media) section(each);
}

CORTC_DECL void printer::session_attributes(const session_description& value) {
    for (const auto& each : value.groups) line("a=group:", print_group(each));
    flag("extmap-allow-mixed", value.extmap_allow_mixed);
    text("a=msid-semantic:", value.msid_semantic);
    flag("ice-lite", value.ice_lite);
    number("a=ice-pacing:", value.ice_pacing);
    transport(value.transport);
    flag("end-of-candidates", value.end_of_candidates);
    extmaps(value.extmaps);
    if (value.direction) line("a=", to_string(*value.direction));
    text("a=identity:", value.identity);
    attributes(value.attributes);
}

CORTC_DECL void printer::transport(const transport_attributes& value) {
    text("a=ice-ufrag:", value.ice_ufrag);
    text("a=ice-pwd:", value.ice_pwd);
    if (!value.ice_options.empty()) {
        out_.append("a=ice-options:").append(value.ice_options.front());
        for (std::size_t i = 1; i < value.ice_options.size(); ++i)
            out_.append(" ").append(value.ice_options[i]);
        line();
    }
    for (const auto& each : value.fingerprints) line("a=fingerprint:", print_fingerprint(each));
    text("a=tls-id:", value.tls_id);
    if (value.setup) line("a=setup:", to_string(*value.setup));
}

CORTC_DECL void printer::bandwidths(const std::vector<bandwidth>& list) {
    for (const auto& each : list) line("b=", each.type, ":", std::to_string(each.value));
}

CORTC_DECL void printer::extmaps(const std::vector<extmap>& list) {
    for (const auto& each : list) line("a=extmap:", print_extmap(each));
}

CORTC_DECL void printer::attributes(const std::vector<attribute>& list) {
    for (const auto& each : list)
        if (each.value)
            line("a=", each.name, ":", *each.value);
        else
            line("a=", each.name);
}

CORTC_DECL void printer::section(const media_description& value) {
    section_head(value);
    if (value.rtcp) line("a=rtcp:", print_rtcp_port(*value.rtcp));
    for (const auto& each : value.candidates) line("a=", print_candidate(each));
    flag("end-of-candidates", value.end_of_candidates);
    transport(value.transport);
    text("a=mid:", value.mid);
    flag("bundle-only", value.bundle_only);
    section_rtp(value);
    section_sctp(value);
    attributes(value.attributes);
}

CORTC_DECL void printer::section_head(const media_description& value) {
    out_.append("m=").append(value.media).append(" ").append(std::to_string(value.port));
    if (value.port_count) out_.append("/").append(std::to_string(*value.port_count));
    out_.append(" ").append(value.protocol);
    for (const auto& each : value.formats) out_.append(" ").append(each);
    line();
    text("i=", value.information);
    for (const auto& each : value.connections) line("c=", print_connection(each));
    bandwidths(value.bandwidths);
    text("k=", value.key);
}

CORTC_DECL void printer::section_rtp(const media_description& value) {
    extmaps(value.extmaps);
    flag("extmap-allow-mixed", value.extmap_allow_mixed);
    if (value.direction) line("a=", to_string(*value.direction));
    for (const auto& each : value.msids) line("a=msid:", print_msid(each));
    flag("rtcp-mux", value.rtcp_mux);
    flag("rtcp-mux-only", value.rtcp_mux_only);
    flag("rtcp-rsize", value.rtcp_rsize);
    for (const auto& each : value.rtcp_xr) line("a=rtcp-xr:", each);
    codecs(value);
    for (const auto& each : value.ssrc_groups) line("a=ssrc-group:", print_ssrc_group(each));
    for (const auto& each : value.ssrcs) line("a=ssrc:", print_ssrc_attribute(each));
    for (const auto& each : value.rids) line("a=rid:", print_rid(each));
    if (value.simulcast) line("a=simulcast:", print_simulcast(*value.simulcast));
}

CORTC_DECL void printer::codecs(const media_description& value) {
    for (const auto& each : value.codecs) {
        const auto payload_type = std::to_string(each.payload_type);
        if (!each.name.empty()) {
            out_.append("a=rtpmap:").append(payload_type).append(" ").append(each.name);
            out_.append("/").append(std::to_string(each.clock_rate));
            if (each.channels != 0) out_.append("/").append(std::to_string(each.channels));
            line();
        }
        feedback(payload_type, each.rtcp_fb);
        if (!each.fmtp.empty()) line("a=fmtp:", payload_type, " ", each.fmtp);
    }
    feedback("*", value.rtcp_fb);
}

CORTC_DECL void printer::feedback(std::string_view payload_type, const std::vector<rtcp_feedback>& list) {
    for (const auto& each : list) {
        out_.append("a=rtcp-fb:").append(payload_type).append(" ").append(each.type);
        if (!each.parameter.empty()) out_.append(" ").append(each.parameter);
        line();
    }
}

CORTC_DECL void printer::section_sctp(const media_description& value) {
    number("a=sctp-port:", value.sctp_port);
    number("a=max-message-size:", value.max_message_size);
    if (value.sctpmap) line("a=sctpmap:", print_sctpmap(*value.sctpmap));
}

} // namespace detail

CORTC_DECL std::string print(const session_description& description) {
    detail::printer out(description.media.size());
    out.session(description);
    return out.take();
}

} // namespace cortc::sdp
