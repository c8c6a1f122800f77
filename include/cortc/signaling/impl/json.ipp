#pragma once

#include "cortc/base/json.hpp"
#include "cortc/base/overloaded.hpp"
#include "cortc/base/quoted.hpp"
#include "cortc/error.hpp"
#include "cortc/signaling/json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>

namespace cortc::signaling {
namespace detail {

namespace json = boost::json;

/// A member of the top-level object that means something here.
struct member {
    enum class kind { absent, null, text, integer, other };

    std::string_view name;
    kind is = kind::absent;
    std::string text{}; // of kind text; of kind integer as it was written
    std::uint64_t integer = 0;
};

/// Listens to the JSON parser. Keeps the known members, forgets all else as it comes: no tree is built.
class member_reader {
  public:
    static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_object_size = max_array_size;
    static constexpr std::size_t max_string_size = max_array_size;
    static constexpr std::size_t max_key_size = max_array_size;

    using error_code = boost::system::error_code;
    using text_view = json::string_view;

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code& error) { return enter(true, error); }
    bool on_object_end(std::size_t, error_code&) { return leave(); }
    bool on_array_begin(error_code& error) { return enter(false, error); }
    bool on_array_end(std::size_t, error_code&) { return leave(); }
    bool on_key_part(text_view part, std::size_t, error_code&) { return add_key(part); }
    bool on_key(text_view part, std::size_t, error_code& error);
    bool on_string_part(text_view part, std::size_t, error_code&) { return add_text(part); }
    bool on_string(text_view part, std::size_t, error_code& error) {
        return add_text(part) && set(member::kind::text, error);
    }
    bool on_number_part(text_view part, error_code&) { return add_text(part); }
    bool on_int64(std::int64_t value, text_view part, error_code& error) {
        if (value >= 0) return on_uint64(static_cast<std::uint64_t>(value), part, error);
        return add_text(part) && set(member::kind::other, error);
    }
    bool on_uint64(std::uint64_t value, text_view part, error_code& error) {
        if (current_) current_->integer = value;
        return add_text(part) && set(member::kind::integer, error);
    }
    bool on_double(double, text_view part, error_code& error) {
        return add_text(part) && set(member::kind::other, error);
    }
    bool on_bool(bool, error_code& error) { return set(member::kind::other, error); }
    bool on_null(error_code& error) { return set(member::kind::null, error); }
    bool on_comment_part(text_view, error_code&) { return true; }
    bool on_comment(text_view, error_code&) { return true; }

    [[nodiscard]] member& operator[](std::string_view name) {
        for (auto& known : members_)
            if (known.name == name) return known;
        return members_[0];
    }
    /// Why the reader stopped the parser, if it did.
    [[nodiscard]] const std::string& complaint() const noexcept { return complaint_; }

  private:
    bool enter(bool object, error_code& error) {
        if (depth_ == 0 && !object) return set(member::kind::other, error);
        if (depth_ == 1 && current_) current_->is = member::kind::other;
        ++depth_;
        return true;
    }
    bool leave() {
        if (--depth_ == 1) current_ = nullptr;
        return true;
    }
    bool add_key(text_view part) {
        // A name longer than any that is known needs not be kept whole.
        if (depth_ == 1 && key_.size() <= 32) key_.append(part.data(), part.size());
        return true;
    }
    bool add_text(text_view part) {
        if (depth_ == 1 && current_) current_->text.append(part.data(), part.size());
        return true;
    }
    bool set(member::kind kind, error_code& error) {
        if (depth_ == 0) return complain("the text is not a JSON object", error);
        if (depth_ == 1 && current_) std::exchange(current_, nullptr)->is = kind;
        return true;
    }
    bool complain(std::string what, error_code& error) {
        complaint_ = std::move(what);
        error = make_error_code(errc::syntax);
        return false;
    }

    std::array<member, 6> members_{
        {{"type"}, {"sdp"}, {"candidate"}, {"sdpMid"}, {"sdpMLineIndex"}, {"usernameFragment"}}};
    member* current_ = nullptr; // whose value comes next
    std::string key_;
    std::size_t depth_ = 0;
    std::string complaint_;
};

CORTC_DECL bool member_reader::on_key(text_view part, std::size_t, error_code& error) {
    add_key(part);
    if (depth_ != 1) return true;
    const auto name = std::exchange(key_, {});
    current_ = nullptr;
    for (auto& known : members_)
        if (known.name == name) current_ = &known;
    if (current_ && current_->is != member::kind::absent)
        return complain(fmt::format("{}: appears twice", current_->name), error);
    return true;
}

CORTC_DECL std::optional<json_error> not_text(const member& given) {
    if (given.is == member::kind::text) return std::nullopt;
    return json_error{fmt::format("{}: {}", given.name,
                                  given.is == member::kind::absent ? "is missing" : "is not a string")};
}

/// A member that may be missing or null.
CORTC_DECL std::optional<json_error> read_optional(member& given, std::optional<std::string>& out) {
    if (given.is == member::kind::absent || given.is == member::kind::null) return std::nullopt;
    if (auto error = not_text(given)) return error;
    out = std::move(given.text);
    return std::nullopt;
}

CORTC_DECL std::optional<json_error> read_optional(const member& given, std::optional<std::uint16_t>& out) {
    if (given.is == member::kind::absent || given.is == member::kind::null) return std::nullopt;
    if (given.is != member::kind::integer || given.integer > 0xffff)
        return json_error{fmt::format("{}: is not an integer of 0..65535", given.name)};
    out = static_cast<std::uint16_t>(given.integer);
    return std::nullopt;
}

/// Its type is known.
CORTC_DECL result<message, json_error> read_description(member_reader& members) {
    const auto type = sdp_type(members["type"].text);
    if (members["candidate"].is != member::kind::absent)
        return json_error{"type and candidate: only one of them may be there"};
    auto& sdp = members["sdp"];
    const bool may_miss = *type == SdpType::rollback && sdp.is == member::kind::absent;
    if (auto error = not_text(sdp); error && !may_miss) return *error;
    return message(SessionDescription(*type, std::move(sdp.text)));
}

CORTC_DECL result<message, json_error> read_candidate(member_reader& members) {
    if (auto error = not_text(members["candidate"])) return *error;
    IceCandidate candidate(std::move(members["candidate"].text));
    if (auto error = read_optional(members["sdpMid"], candidate.sdpMid)) return *error;
    if (auto error = read_optional(members["sdpMLineIndex"], candidate.sdpMLineIndex)) return *error;
    if (auto error = read_optional(members["usernameFragment"], candidate.usernameFragment)) return *error;
    return message(std::move(candidate));
}

CORTC_DECL std::string error_json(std::string_view name, std::string_view text) {
    json::object object;
    object["name"] = name;
    object["message"] = text;
    return json::serialize(object);
}

/// "SyntaxError": it needs no quotation marks.
CORTC_DECL bool is_error_name(std::string_view text) noexcept {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), letter);
}

CORTC_DECL std::string response_text(std::string_view body) {
    constexpr std::size_t longest = 300; // what a server has to say may be a sentence
    // The reader whose costs have bounds, and no tree of Boost.JSON: whoever answers chooses the body.
    const auto value = ::cortc::json::parse(body);
    const auto* name = value ? value->find("name") : nullptr;
    const auto* text = value ? value->find("message") : nullptr;
    if (name && text && name->as_string() && text->as_string() && is_error_name(*name->as_string()))
        return fmt::format("{}: {}", *name->as_string(), in_quotes(*text->as_string(), longest));
    while (!body.empty() && static_cast<unsigned char>(body.back()) <= ' ') body.remove_suffix(1);
    return body.empty() ? std::string() : in_quotes(body, longest);
}

CORTC_DECL std::string kind_of(const message& what) {
    return std::visit(overloaded{[](const SessionDescription& description) {
                                     return fmt::format("type {}", to_string(description.type));
                                 },
                                 [](const IceCandidate&) { return std::string("a candidate"); },
                                 [](const application_message& own) {
                                     return fmt::format("type {}", in_quotes(own.type()));
                                 }},
                      what);
}

} // namespace detail

CORTC_DECL void throw_exception_from_error(const json_error& error, const boost::source_location&) {
    throw Error(errc::syntax, error.what);
}

CORTC_DECL std::string to_json(const SessionDescription& description) {
    detail::json::object object;
    object["type"] = to_string(description.type);
    object["sdp"] = description.sdp;
    return detail::json::serialize(object);
}

CORTC_DECL std::string to_json(const IceCandidate& candidate) {
    detail::json::object object;
    object["candidate"] = candidate.candidate;
    if (candidate.sdpMid) object["sdpMid"] = *candidate.sdpMid;
    if (candidate.sdpMLineIndex) object["sdpMLineIndex"] = *candidate.sdpMLineIndex;
    if (candidate.usernameFragment) object["usernameFragment"] = *candidate.usernameFragment;
    return detail::json::serialize(object);
}

CORTC_DECL std::string to_json(const application_message& own) { return own.json(); }

CORTC_DECL std::string to_json(const message& what) {
    return std::visit([](const auto& any) { return to_json(any); }, what);
}

CORTC_DECL application_message::application_message(std::string json) {
    if (json.size() > max_application_message)
        throw Error(errc::limit, fmt::format("an application's message of {} bytes; the most are {}",
                                             json.size(), max_application_message));
    auto parsed = parse_json(json).value();
    auto* own = std::get_if<application_message>(&parsed);
    if (!own)
        throw Error(errc::type,
                    fmt::format("{}, where an application's message should be", detail::kind_of(parsed)));
    type_ = std::move(own->type_);
    json_ = std::move(json);
}

CORTC_DECL result<message, json_error> parse_json(std::string_view text) {
    detail::json::parse_options options;
    options.max_depth = max_json_depth;
    detail::json::basic_parser<detail::member_reader> parser(options);
    boost::system::error_code error;
    const auto read = parser.write_some(false, text.data(), text.size(), error);
    auto& members = parser.handler();
    if (!members.complaint().empty()) return json_error{members.complaint()};
    if (error) return json_error{fmt::format("byte {}: {}", read, error.message())};
    if (read < text.size()) return json_error{fmt::format("byte {}: text after the JSON object", read)};

    const auto& type = members["type"];
    if (type.is == detail::member::kind::absent) {
        if (members["candidate"].is != detail::member::kind::absent) return detail::read_candidate(members);
        return json_error{"type or candidate: neither is there"};
    }
    if (auto wrong = detail::not_text(type)) return *wrong;
    if (sdp_type(type.text)) return detail::read_description(members);
    if (type.text.empty() || type.text.size() > max_application_type)
        return json_error{fmt::format("type: has not 1 to {} bytes", max_application_type)};
    if (text.size() > max_application_message)
        return json_error{fmt::format("a message of type {} has more than {} bytes", in_quotes(type.text),
                                      max_application_message)};
    return message(application_message(type.text, text));
}

} // namespace cortc::signaling
