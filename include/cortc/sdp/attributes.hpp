#pragma once

#include "cortc/base/config.hpp"
#include "cortc/sdp/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The values of attributes that are more than one word. `parse_x` takes what follows "a=x:"; `print_x` gives
/// it back.
namespace cortc::sdp {

/// An attribute that has no typed place, as it stood: "a=name" or "a=name:value".
struct attribute {
    std::string name;
    std::optional<std::string> value;

    friend bool operator==(const attribute&, const attribute&) = default;
};

/// RFC 8866 6.7, bit 0 is "send" and bit 1 is "recv".
enum class direction : std::uint8_t { inactive = 0, sendonly = 1, recvonly = 2, sendrecv = 3 };

/// RFC 4145 4.
enum class setup_role { active, passive, actpass, holdconn };

/// RFC 5888: a=group:BUNDLE 0 1.
struct group {
    std::string semantics;
    std::vector<std::string> mids;

    friend bool operator==(const group&, const group&) = default;
};

/// RFC 8830: one media stream id ("-" is no stream) and the track id, empty if it was left out.
struct msid {
    std::string stream;
    std::string track;

    friend bool operator==(const msid&, const msid&) = default;
};

/// RFC 8285: a header extension.
struct extmap {
    std::uint16_t id = 0;         ///< 1 to 255, or 4096 to 4351 (offered, to be renumbered)
    std::optional<direction> way; ///< only if written: "a=extmap:3/recvonly ..."
    std::string uri;
    std::string attributes; ///< the rest of the line, mostly empty

    friend bool operator==(const extmap&, const extmap&) = default;
};

struct rid_restriction {
    std::string name;
    std::optional<std::string> value; ///< "max-width=1280"; an extension may stand without one

    friend bool operator==(const rid_restriction&, const rid_restriction&) = default;
};

/// RFC 8851: a restriction identifier.
struct rid {
    std::string id;                   ///< 1 to 255 of letters, digits, '-' and '_'
    bool send = true;                 ///< "send", else "recv"
    std::vector<std::string> formats; ///< pt=96,97; empty means all
    std::vector<rid_restriction> restrictions;

    friend bool operator==(const rid&, const rid&) = default;
};

struct simulcast_alternative {
    std::string rid;
    bool paused = false; ///< written "~rid"

    friend bool operator==(const simulcast_alternative&, const simulcast_alternative&) = default;
};

/// RFC 8853: each stream is one alternative or more, the preferred first.
struct simulcast {
    std::vector<std::vector<simulcast_alternative>> send, recv;

    friend bool operator==(const simulcast&, const simulcast&) = default;
};

/// RFC 5576: one line of a=ssrc.
struct ssrc_attribute {
    std::uint32_t ssrc = 0;
    std::string name;  ///< "cname", "msid", ...
    std::string value; ///< empty if there is none

    friend bool operator==(const ssrc_attribute&, const ssrc_attribute&) = default;
};

/// RFC 5576: {"FID", {primary, rtx}}.
struct ssrc_group {
    std::string semantics;
    std::vector<std::uint32_t> ssrcs;

    friend bool operator==(const ssrc_group&, const ssrc_group&) = default;
};

/// RFC 8866 5.7, the address of a c= or o= line; a name is legal ("<uuid>.local" of Firefox).
struct connection {
    std::string network_type = "IN";
    std::string address_type = "IP4";
    std::string address = "0.0.0.0";

    friend bool operator==(const connection&, const connection&) = default;
};

/// RFC 3605: a=rtcp:9 IN IP4 0.0.0.0.
struct rtcp_port {
    std::uint16_t port = 9;
    std::optional<connection> where;

    friend bool operator==(const rtcp_port&, const rtcp_port&) = default;
};

/// The form before RFC 8841: a=sctpmap:5000 webrtc-datachannel 1024.
struct sctpmap {
    std::uint16_t port = 5000;
    std::string application = "webrtc-datachannel";
    std::optional<std::uint32_t> streams;

    friend bool operator==(const sctpmap&, const sctpmap&) = default;
};

[[nodiscard]] result<group, error> parse_group(std::string_view text);
[[nodiscard]] result<msid, error> parse_msid(std::string_view text);
[[nodiscard]] result<extmap, error> parse_extmap(std::string_view text);
[[nodiscard]] result<rid, error> parse_rid(std::string_view text);
[[nodiscard]] result<simulcast, error> parse_simulcast(std::string_view text);
[[nodiscard]] result<ssrc_attribute, error> parse_ssrc_attribute(std::string_view text);
[[nodiscard]] result<ssrc_group, error> parse_ssrc_group(std::string_view text);
[[nodiscard]] result<connection, error> parse_connection(std::string_view text);
[[nodiscard]] result<rtcp_port, error> parse_rtcp_port(std::string_view text);
[[nodiscard]] result<sctpmap, error> parse_sctpmap(std::string_view text);

[[nodiscard]] std::string print_group(const group& value);
[[nodiscard]] std::string print_msid(const msid& value);
[[nodiscard]] std::string print_extmap(const extmap& value);
[[nodiscard]] std::string print_rid(const rid& value);
[[nodiscard]] std::string print_simulcast(const simulcast& value);
[[nodiscard]] std::string print_ssrc_attribute(const ssrc_attribute& value);
[[nodiscard]] std::string print_ssrc_group(const ssrc_group& value);
[[nodiscard]] std::string print_connection(const connection& value);
[[nodiscard]] std::string print_rtcp_port(const rtcp_port& value);
[[nodiscard]] std::string print_sctpmap(const sctpmap& value);

[[nodiscard]] std::string_view to_string(direction value) noexcept;
[[nodiscard]] std::string_view to_string(setup_role value) noexcept;
[[nodiscard]] std::optional<direction> parse_direction(std::string_view text) noexcept;
[[nodiscard]] std::optional<setup_role> parse_setup_role(std::string_view text) noexcept;

/// What the other side calls this: sendonly for recvonly.
[[nodiscard]] direction reverse(direction value) noexcept;
/// What either allows.
[[nodiscard]] constexpr direction operator|(direction a, direction b) noexcept {
    return static_cast<direction>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b));
}
/// What both allow.
[[nodiscard]] constexpr direction operator&(direction a, direction b) noexcept {
    return static_cast<direction>(static_cast<std::uint8_t>(a) & static_cast<std::uint8_t>(b));
}

} // namespace cortc::sdp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sdp/impl/attributes.ipp"
#endif
