#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/result.hpp"
#include "cortc/ice_candidate.hpp"
#include "cortc/session_description.hpp"

#include <boost/assert/source_location.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

/// Descriptions, candidates and messages of the application's own on their way between two peers, as JSON.
///
/// @par Cancellation
/// Nothing here waits.
///
/// @par Thread safety
/// Everything here is a value, or a function of its arguments alone: any thread.
namespace cortc::signaling {

/// Arrays and objects of a JSON text nest at most so deep.
inline constexpr std::size_t max_json_depth = 16;
/// Bytes of the JSON text of an application_message: as many as server_options::max_message_size has by
/// default.
inline constexpr std::size_t max_application_message = std::size_t{256} << 10;
/// Bytes of its type.
inline constexpr std::size_t max_application_type = 64;

/// Why a text is no message: `what` names the member ("sdpMLineIndex: is not an integer of 0..65535"), or the
/// byte, counted from 0, where the text stops being JSON.
struct json_error {
    std::string what; ///< for people
};

/// `value()` of a failed parse_json().
///
/// @par Errors
/// - errc::syntax: always, with `what` as its text.
[[noreturn]] void throw_exception_from_error(const json_error& error, const boost::source_location& where);

class application_message;

/// What peers exchange. A candidate with empty text is the end of its generation's candidates. A later
/// version may add alternatives: take what you know with std::get_if.
using message = std::variant<SessionDescription, IceCandidate, application_message>;

/// A message of the application's own beside descriptions and candidates: a JSON object whose member "type"
/// is a text, and none of "offer", "pranswer", "answer" and "rollback". What else is in it is the
/// application's business.
///
///     co_await session.send(cortc::signaling::application_message(R"({"type":"chat","text":"hello"})"));
class application_message {
  public:
    /// From all of its text.
    ///
    /// @par Errors
    /// - errc::syntax: it is no JSON object, nests deeper than max_json_depth, has no "type" of 1 to
    ///   max_application_type bytes, or has a member that means something in other messages twice.
    /// - errc::type: it is a description or a candidate.
    /// - errc::limit: it has more than max_application_message bytes.
    explicit application_message(std::string json);

    /// The member "type".
    [[nodiscard]] const std::string& type() const noexcept { return type_; }
    /// All of it, as it was given, or came.
    [[nodiscard]] const std::string& json() const noexcept { return json_; }

    friend bool operator==(const application_message&, const application_message&) = default;

  private:
    friend result<message, json_error> parse_json(std::string_view text);
    application_message(std::string type, std::string_view json) : type_(std::move(type)), json_(json) {}

    std::string type_, json_;
};

///@{
/// A message as JSON:
/// - {"type":"offer","sdp":"..."}, as RTCSessionDescription.toJSON() writes it.
/// - {"candidate":"...","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"..."}, as RTCIceCandidate.toJSON()
///   does; members without a value are left out.
/// - application_message::json().
std::string to_json(const SessionDescription& description);
std::string to_json(const IceCandidate& candidate);
std::string to_json(const application_message& own);
std::string to_json(const message& what);
///@}

/// Reads any of them: an object with "type" is a description or the application's, one with "candidate" alone
/// is a candidate. Takes no more memory than twice the text. Members of other names are ignored, as WebIDL
/// does.
///
/// @par Errors
/// It returns them, and throws nothing. A text is refused when
/// - it is no JSON object, or nests deeper than max_json_depth;
/// - a known member has not its type (null stands for none in sdpMid, sdpMLineIndex and usernameFragment), or
///   appears twice;
/// - "sdp" is missing, but for a rollback;
/// - the application's message has more than max_application_message bytes, or its type none, or more than
///   max_application_type.
result<message, json_error> parse_json(std::string_view text);

namespace detail {

/// {"name":"SyntaxError","message":"sdp: is missing"}, the body of an HTTP response that refuses.
std::string error_json(std::string_view name, std::string_view text);
/// "type offer", "a candidate": what came where something else should be.
std::string kind_of(const message& what);
/// Such a body as one line, "SyntaxError: \"sdp: is missing\""; of any other how it begins. Quoted and
/// cut at 300 characters, as in_quotes() does.
std::string response_text(std::string_view body);

} // namespace detail

} // namespace cortc::signaling

#if defined(CORTC_HEADER_ONLY)
#include "cortc/signaling/impl/json.ipp"
#endif
