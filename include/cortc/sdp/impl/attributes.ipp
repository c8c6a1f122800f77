#pragma once

#include "cortc/sdp/attributes.hpp"
#include "cortc/sdp/detail/text.hpp"

#include <array>
#include <utility>

namespace cortc::sdp {

inline constexpr std::array<std::string_view, 4> direction_names{"inactive", "sendonly", "recvonly",
                                                                 "sendrecv"};
inline constexpr std::array<std::string_view, 4> setup_role_names{"active", "passive", "actpass", "holdconn"};

CORTC_DECL std::string_view to_string(direction value) noexcept {
    return direction_names[static_cast<std::size_t>(value)];
}
CORTC_DECL std::string_view to_string(setup_role value) noexcept {
    return setup_role_names[static_cast<std::size_t>(value)];
}
CORTC_DECL std::optional<direction> parse_direction(std::string_view text) noexcept {
    const auto known = std::find(direction_names.begin(), direction_names.end(), text);
    if (known == direction_names.end()) return std::nullopt;
    return static_cast<direction>(known - direction_names.begin());
}
CORTC_DECL std::optional<setup_role> parse_setup_role(std::string_view text) noexcept {
    const auto known = std::find(setup_role_names.begin(), setup_role_names.end(), text);
    if (known == setup_role_names.end()) return std::nullopt;
    return static_cast<setup_role>(known - setup_role_names.begin());
}
CORTC_DECL direction reverse(direction value) noexcept {
    if (value == direction::sendonly) return direction::recvonly;
    return value == direction::recvonly ? direction::sendonly : value;
}

CORTC_DECL result<group, error> parse_group(std::string_view text) {
    detail::words in(text);
    group out{std::string(in.next()), {}};
    if (!detail::is_token(out.semantics))
        return detail::failure("a=group is semantics like BUNDLE and then mids, not " +
                               detail::in_quotes(text));
    while (!in.at_end()) out.mids.emplace_back(in.next());
    return out;
}

CORTC_DECL result<msid, error> parse_msid(std::string_view text) {
    detail::words in(text);
    msid out;
    out.stream = in.next();
    out.track = in.next();
    if (out.stream.empty() || !in.at_end())
        return detail::failure("a=msid is a stream id and a track id, not " + detail::in_quotes(text));
    return out;
}

CORTC_DECL result<extmap, error> parse_extmap(std::string_view text) {
    detail::words in(text);
    extmap out;
    const auto entry = in.next();
    const auto slash = entry.find('/');
    // RFC 8285 5 and 7: 0 is padding; 256 to 4095 do not exist.
    const auto id = detail::to_number<std::uint16_t>(entry.substr(0, slash), 1, 4351);
    if (!id || (*id > 255 && *id < 4096))
        return detail::failure("a=extmap starts with an id of 1 to 255, not " + detail::in_quotes(entry));
    out.id = *id;
    if (slash != std::string_view::npos) {
        out.way = parse_direction(entry.substr(slash + 1));
        if (!out.way)
            return detail::failure("a=extmap's direction is like sendrecv, not " + detail::in_quotes(entry));
    }
    out.uri = in.next();
    if (out.uri.empty()) return detail::failure("a=extmap needs a URI after its id");
    out.attributes = in.rest();
    return out;
}

namespace detail {

CORTC_DECL bool is_rid(std::string_view text) noexcept {
    return text.size() <= 255 &&
           consists_of(text, [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
}

/// RFC 8851 10: "pt=96,97;max-width=1280".
CORTC_DECL bool parse_rid_parameter(std::string_view part, rid& out) {
    if (part.starts_with("pt=")) {
        if (!out.formats.empty()) return false;
        return split(part.substr(3), ',', [&](std::string_view format) {
            out.formats.emplace_back(format);
            return is_token(format);
        });
    }
    const auto equals = part.find('=');
    rid_restriction each{std::string(part.substr(0, equals)), std::nullopt};
    if (equals != std::string_view::npos) each.value = part.substr(equals + 1);
    if (!is_token(each.name)) return false;
    out.restrictions.push_back(std::move(each));
    return true;
}

/// RFC 8853 5.1: "1,~2;3".
CORTC_DECL bool parse_simulcast_streams(std::string_view text,
                                        std::vector<std::vector<simulcast_alternative>>& out) {
    return split(text, ';', [&](std::string_view stream) {
        auto& alternatives = out.emplace_back();
        return split(stream, ',', [&](std::string_view part) {
            const bool paused = part.starts_with('~');
            if (paused) part.remove_prefix(1);
            alternatives.push_back({std::string(part), paused});
            return is_rid(part);
        });
    });
}

CORTC_DECL void append_simulcast_streams(std::string& out, std::string_view way,
                                         const std::vector<std::vector<simulcast_alternative>>& streams) {
    if (streams.empty()) return;
    if (!out.empty()) out += ' ';
    out.append(way);
    char before_stream = ' ';
    for (const auto& alternatives : streams) {
        out += std::exchange(before_stream, ';');
        for (std::size_t i = 0; i < alternatives.size(); ++i) {
            if (i != 0) out += ',';
            if (alternatives[i].paused) out += '~';
            out += alternatives[i].rid;
        }
    }
}

} // namespace detail

CORTC_DECL result<rid, error> parse_rid(std::string_view text) {
    detail::words in(text);
    rid out;
    out.id = in.next();
    const auto way = in.next();
    if (!detail::is_rid(out.id) || (way != "send" && way != "recv"))
        return detail::failure("a=rid is an id of letters and digits, then send or recv, not " +
                               detail::in_quotes(text));
    out.send = way == "send";
    if (in.at_end()) return out;
    const auto parameters = in.next();
    const bool good = detail::split(
        parameters, ';', [&](std::string_view part) { return detail::parse_rid_parameter(part, out); });
    if (!good || !in.at_end())
        return detail::failure("a=rid's restrictions are like pt=96,97;max-width=1280, not " +
                               detail::in_quotes(parameters));
    return out;
}

CORTC_DECL result<simulcast, error> parse_simulcast(std::string_view text) {
    detail::words in(text);
    simulcast out;
    do {
        const auto way = in.next();
        auto& streams = way == "recv" ? out.recv : out.send;
        if ((way != "send" && way != "recv") || !streams.empty() ||
            !detail::parse_simulcast_streams(in.next(), streams))
            return detail::failure("a=simulcast is like \"send 1,~2;3 recv 4\", each direction once, not " +
                                   detail::in_quotes(text));
    } while (!in.at_end());
    return out;
}

CORTC_DECL result<ssrc_attribute, error> parse_ssrc_attribute(std::string_view text) {
    detail::words in(text);
    ssrc_attribute out;
    const auto ssrc = detail::to_number<std::uint32_t>(in.next());
    const auto rest = in.rest();
    const auto colon = rest.find(':');
    out.name = rest.substr(0, colon);
    if (!ssrc || out.name.empty())
        return detail::failure("a=ssrc is a number of 32 bits and an attribute like cname:x, not " +
                               detail::in_quotes(text));
    out.ssrc = *ssrc;
    if (colon != std::string_view::npos) out.value = rest.substr(colon + 1);
    return out;
}

CORTC_DECL result<ssrc_group, error> parse_ssrc_group(std::string_view text) {
    detail::words in(text);
    ssrc_group out{std::string(in.next()), {}};
    bool good = detail::is_token(out.semantics);
    while (good && !in.at_end()) {
        const auto ssrc = detail::to_number<std::uint32_t>(in.next());
        good = ssrc.has_value();
        if (good) out.ssrcs.push_back(*ssrc);
    }
    if (!good)
        return detail::failure("a=ssrc-group is semantics like FID and then numbers of 32 bits, not " +
                               detail::in_quotes(text));
    return out;
}

CORTC_DECL result<connection, error> parse_connection(std::string_view text) {
    detail::words in(text);
    connection out;
    out.network_type = in.next();
    out.address_type = in.next();
    out.address = in.next();
    if (!detail::is_token(out.network_type) || !detail::is_token(out.address_type) || out.address.empty() ||
        !in.at_end())
        return detail::failure("an address is like \"IN IP4 192.0.2.1\", not " + detail::in_quotes(text));
    return out;
}

CORTC_DECL result<rtcp_port, error> parse_rtcp_port(std::string_view text) {
    detail::words in(text);
    rtcp_port out;
    const auto word = in.next();
    const auto port = detail::to_number<std::uint16_t>(word);
    if (!port)
        return detail::failure("a=rtcp starts with a port of 0 to 65535, not " + detail::in_quotes(word));
    out.port = *port;
    if (in.at_end()) return out;
    auto where = parse_connection(in.rest());
    if (!where) return where.error();
    out.where = std::move(*where);
    return out;
}

CORTC_DECL result<sctpmap, error> parse_sctpmap(std::string_view text) {
    detail::words in(text);
    sctpmap out;
    const auto port = detail::to_number<std::uint16_t>(in.next());
    out.application = in.next();
    const auto streams = in.next();
    if (!streams.empty()) out.streams = detail::to_number<std::uint32_t>(streams);
    if (!port || out.application.empty() || out.streams.has_value() == streams.empty() || !in.at_end())
        return detail::failure("a=sctpmap is like \"5000 webrtc-datachannel 1024\", not " +
                               detail::in_quotes(text));
    out.port = *port;
    return out;
}

CORTC_DECL std::string print_group(const group& value) {
    std::string out = value.semantics;
    for (const auto& mid : value.mids) out.append(" ").append(mid);
    return out;
}

CORTC_DECL std::string print_msid(const msid& value) {
    return value.track.empty() ? value.stream : value.stream + ' ' + value.track;
}

CORTC_DECL std::string print_extmap(const extmap& value) {
    std::string out = std::to_string(value.id);
    if (value.way) out.append("/").append(to_string(*value.way));
    out.append(" ").append(value.uri);
    if (!value.attributes.empty()) out.append(" ").append(value.attributes);
    return out;
}

CORTC_DECL std::string print_rid(const rid& value) {
    std::string out = value.id + (value.send ? " send" : " recv");
    char separator = ' ';
    for (std::size_t i = 0; i < value.formats.size(); ++i) {
        out.append(i == 0 ? " pt=" : ",").append(value.formats[i]);
        separator = ';';
    }
    for (const auto& each : value.restrictions) {
        out += std::exchange(separator, ';');
        out += each.name;
        if (each.value) out.append("=").append(*each.value);
    }
    return out;
}

CORTC_DECL std::string print_simulcast(const simulcast& value) {
    std::string out;
    detail::append_simulcast_streams(out, "send", value.send);
    detail::append_simulcast_streams(out, "recv", value.recv);
    return out;
}

CORTC_DECL std::string print_ssrc_attribute(const ssrc_attribute& value) {
    std::string out = std::to_string(value.ssrc) + ' ' + value.name;
    if (!value.value.empty()) out.append(":").append(value.value);
    return out;
}

CORTC_DECL std::string print_ssrc_group(const ssrc_group& value) {
    std::string out = value.semantics;
    for (auto ssrc : value.ssrcs) out.append(" ").append(std::to_string(ssrc));
    return out;
}

CORTC_DECL std::string print_connection(const connection& value) {
    return value.network_type + ' ' + value.address_type + ' ' + value.address;
}

CORTC_DECL std::string print_rtcp_port(const rtcp_port& value) {
    std::string out = std::to_string(value.port);
    if (value.where) out.append(" ").append(print_connection(*value.where));
    return out;
}

CORTC_DECL std::string print_sctpmap(const sctpmap& value) {
    std::string out = std::to_string(value.port) + ' ' + value.application;
    if (value.streams) out.append(" ").append(std::to_string(*value.streams));
    return out;
}

} // namespace cortc::sdp
