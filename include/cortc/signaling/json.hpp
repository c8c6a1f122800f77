#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/result.hpp"
#include "cortc/ice_candidate.hpp"
#include "cortc/session_description.hpp"

#include <boost/assert/source_location.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

/// Descriptions and candidates on their way between two peers.
namespace cortc::signaling {

/// What peers exchange. A candidate with empty text is the end of its generation's candidates.
using message = std::variant<SessionDescription, IceCandidate>;

/// Arrays and objects of a JSON text nest at most so deep.
inline constexpr std::size_t max_json_depth = 16;

/// Why a text is no message: `what` names the member ("sdpMLineIndex: 70000 is out of range 0..65535"), or
/// the byte, counted from 0, where the text stops being JSON.
struct json_error {
    std::string what; ///< for people
};

/// `value()` of a failed parse_json() throws cortc::Error, errc::syntax.
[[noreturn]] void throw_exception_from_error(const json_error& error, const boost::source_location& where);

/// {"type":"offer","sdp":"..."}, as RTCSessionDescription.toJSON() writes it.
std::string to_json(const SessionDescription& description);
/// {"candidate":"...","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"..."}, as RTCIceCandidate.toJSON()
/// does. Members without a value are left out.
std::string to_json(const IceCandidate& candidate);
/// Either of the two.
std::string to_json(const message& what);

/// Reads either of the two: an object with "type" is a description, one with "candidate" is a candidate.
/// Strict: known members must have their type (null stands for none in sdpMid, sdpMLineIndex and
/// usernameFragment), must not appear twice, and "sdp" may be missing for a rollback only. Members with other
/// names are ignored, as WebIDL does. Takes no more memory than the text has.
result<message, json_error> parse_json(std::string_view text);

namespace detail {

/// {"name":"SyntaxError","message":"sdp: is missing"}, the body of an HTTP response that refuses.
std::string error_json(std::string_view name, std::string_view text);
/// Such a body as one line, "SyntaxError: sdp: is missing"; of any other how it begins.
std::string response_text(std::string_view body);

} // namespace detail

} // namespace cortc::signaling

#if defined(CORTC_HEADER_ONLY)
#include "cortc/signaling/impl/json.ipp"
#endif
