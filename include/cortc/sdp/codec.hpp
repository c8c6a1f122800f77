#pragma once

#include "cortc/base/config.hpp"
#include "cortc/sdp/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cortc::sdp {

/// RFC 4585 4.2, RFC 5104 7.1: {"nack", "pli"}, {"ccm", "fir"}, {"transport-cc", ""}.
struct rtcp_feedback {
    std::string type;
    std::string parameter; ///< the rest of the line, empty if there is none

    friend bool operator==(const rtcp_feedback&, const rtcp_feedback&) = default;
};

/// One key=value of a=fmtp; `key` is empty in a list that has none (red: "111/111").
struct format_parameter {
    std::string_view key, value;

    friend bool operator==(const format_parameter&, const format_parameter&) = default;
};

/// What a section says about one RTP payload type: a=rtpmap, a=fmtp and a=rtcp-fb together.
struct codec {
    std::uint8_t payload_type = 0; ///< 0 to 127
    std::string name;              ///< as written, compared without case; empty without an a=rtpmap
    std::uint32_t clock_rate = 0;  ///< Hz
    std::uint16_t channels = 0;    ///< 0: not written, which means one
    std::string fmtp;              ///< everything after the payload type; several lines are joined by ';'
    std::vector<rtcp_feedback> rtcp_fb; ///< in order; those for all payload types ('*') are in the section

    /// The parts of `fmtp` in order, views into it.
    [[nodiscard]] std::vector<format_parameter> parameters() const;
    /// The value of one parameter; keys are compared without case.
    [[nodiscard]] std::optional<std::string_view> parameter(std::string_view key) const;
    /// Is it that encoding? RFC 4855 3: names are compared without case.
    [[nodiscard]] bool is(std::string_view encoding) const noexcept;

    friend bool operator==(const codec&, const codec&) = default;
};

} // namespace cortc::sdp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sdp/impl/codec.ipp"
#endif
