#pragma once

#include "cortc/sdp/detail/parser.hpp"
#include "cortc/sdp/detail/text.hpp"
#include "cortc/sdp/parse.hpp"

namespace cortc::sdp {

CORTC_DECL result<session_description, error> parse(std::string_view text, const limits& bounds) {
    return detail::parser(text, bounds).run();
}

namespace detail {

CORTC_DECL bool parser::fail(std::string message) {
    error_.message = std::move(message);
    return false;
}

CORTC_DECL bool parser::adopt(error why) { return fail(std::move(why.message)); }

CORTC_DECL bool parser::fail_duplicate(std::string_view what) {
    return fail(std::string(what) +
                (section_ ? " may have only one value in a section" : " may have only one value"));
}

CORTC_DECL bool parser::set_text(std::optional<std::string>& place, std::string_view what,
                                 std::string_view value) {
    return set(place, what, std::string(value));
}

CORTC_DECL result<session_description, error> parser::run() {
    out_.timings.clear();
    if (rest_.size() > bounds_.size) {
        error_.line = 1;
        fail("a description is at most " + std::to_string(bounds_.size) + " bytes long");
        return error_;
    }
    std::string_view line;
    while (next_line(line)) {
        if (!check_line(line)) return error_;
        const char type = line[0];
        const auto value = line.substr(2);
        const bool good = error_.line <= 3 ? leading_line(type, value)
                          : type == 'm'    ? start_section(value)
                          : section_       ? media_line(type, value)
                                           : session_line(type, value);
        if (!good) return error_;
    }
    if (error_.line < 3) {
        ++error_.line;
        fail("a description starts with the lines v=, o= and s=");
        return error_;
    }
    if (!section_ && !finish_session_part()) return error_;
    return std::move(out_);
}

/// Cuts off one line; false at the end, where empty lines do not count.
CORTC_DECL bool parser::next_line(std::string_view& line) {
    if (rest_.find_first_not_of("\r\n") == std::string_view::npos) return false;
    const auto end = rest_.find('\n');
    line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++error_.line;
    return true;
}

CORTC_DECL bool parser::check_line(std::string_view line) {
    if (error_.line > bounds_.lines)
        return fail("a description has at most " + std::to_string(bounds_.lines) + " lines");
    if (line.size() > bounds_.line_length)
        return fail("a line is at most " + std::to_string(bounds_.line_length) + " bytes long");
    if (line.size() < 2 || line[1] != '=' || line[0] < 'a' || line[0] > 'z')
        return fail("a line is a small letter, '=' and a value, not " + in_quotes(line));
    if (line.find('\0') != std::string_view::npos || line.find('\r') != std::string_view::npos)
        return fail("a line may hold neither NUL nor CR before its end");
    return true;
}

/// RFC 8866 5: v=, o= and s= come first.
CORTC_DECL bool parser::leading_line(char type, std::string_view value) {
    if (error_.line == 1) return (type == 'v' && value == "0") || fail("the first line is \"v=0\"");
    if (error_.line == 2)
        return type == 'o' ? origin_line(value) : fail("the second line is o=, who made the description");
    if (type != 's') return fail("the third line is s=, the name of the session; \"s=-\" if it has none");
    out_.name = value;
    return true;
}

CORTC_DECL bool parser::origin_line(std::string_view value) {
    words in(value);
    const auto username = in.next();
    const auto id = in.next();
    const auto version = in.next();
    auto address = parse_connection(in.rest());
    if (!consists_of(id, is_digit) || !consists_of(version, is_digit) || !address)
        return fail("o= is a user name, two numbers and an address, like \"- 1 2 IN IP4 127.0.0.1\"");
    out_.origin = {std::string(username), std::string(id), std::string(version), std::move(*address)};
    return true;
}

CORTC_DECL bool parser::session_line(char type, std::string_view value) {
    switch (type) {
    case 'a':
        return attribute_line(value);
    case 'i':
        return set_text(out_.information, "i=", value);
    case 'u':
        return set_text(out_.uri, "u=", value);
    case 'e':
        out_.emails.emplace_back(value);
        return true;
    case 'p':
        out_.phones.emplace_back(value);
        return true;
    case 'c':
        return assign(out_.connection, "c=", parse_connection(value));
    case 'b':
        return bandwidth_line(out_.bandwidths, value);
    case 't':
        return timing_line(value);
    case 'r':
        if (out_.timings.empty()) return fail("r= follows a t= line");
        out_.timings.back().repeats.emplace_back(value);
        return true;
    case 'z':
        return set_text(out_.time_zones, "z=", value);
    case 'k':
        return set_text(out_.key, "k=", value);
    default:
        return fail(std::string("no line of this kind may stand here: ") + type + '=');
    }
}

CORTC_DECL bool parser::timing_line(std::string_view value) {
    words in(value);
    const auto start = in.next();
    const auto stop = in.next();
    if (!consists_of(start, is_digit) || !consists_of(stop, is_digit) || !in.at_end())
        return fail("t= is two numbers, like \"t=0 0\", not " + in_quotes(value));
    out_.timings.push_back({std::string(start), std::string(stop), {}});
    return true;
}

CORTC_DECL bool parser::bandwidth_line(std::vector<bandwidth>& list, std::string_view value) {
    const auto colon = std::min(value.find(':'), value.size());
    const auto type = value.substr(0, colon);
    const auto number = to_number_or_more<std::uint64_t>(value.substr(std::min(colon + 1, value.size())));
    if (!is_token(type) || !number) return fail("b= is like \"AS:128\", not " + in_quotes(value));
    list.push_back({std::string(type), *number});
    return true;
}

CORTC_DECL bool parser::finish_session_part() {
    return !out_.timings.empty() ||
           fail("t= must stand before the first m= line, \"t=0 0\" if it says nothing");
}

CORTC_DECL bool parser::media_line(char type, std::string_view value) {
    switch (type) {
    case 'a':
        return attribute_line(value);
    case 'i':
        return set_text(section_->information, "i=", value);
    case 'c':
        return append(section_->connections, parse_connection(value));
    case 'b':
        return bandwidth_line(section_->bandwidths, value);
    case 'k':
        return set_text(section_->key, "k=", value);
    default:
        return fail(std::string("no line of this kind may stand in a section: ") + type + '=');
    }
}

/// RFC 8866 5.14: m=<media> <port>[/<count>] <proto> <fmt> ...
CORTC_DECL bool parser::start_section(std::string_view value) {
    if (!section_ && !finish_session_part()) return false;
    if (out_.media.size() == bounds_.sections)
        return fail("a description has at most " + std::to_string(bounds_.sections) + " sections");
    section_ = &out_.media.emplace_back();
    attributes_ = 0;
    codec_index_.fill(no_codec);

    words in(value);
    section_->media = in.next();
    if (!is_token(section_->media))
        return fail("m= starts with a kind like audio, not " + in_quotes(section_->media));
    if (!section_port(in.next(), *section_)) return false;
    section_->protocol = in.next();
    if (!split(section_->protocol, '/', is_token))
        return fail("m= needs a protocol like UDP/TLS/RTP/SAVPF after the port, not " +
                    in_quotes(section_->protocol));
    section_is_rtp_ = section_->is_rtp();
    if (in.at_end()) return fail("m= needs a format at least");
    while (!in.at_end())
        if (!section_format(in.next())) return false;
    return true;
}

CORTC_DECL bool parser::section_port(std::string_view text, media_description& section) {
    const auto slash = text.find('/');
    const auto port = to_number<std::uint16_t>(text.substr(0, slash));
    if (slash != std::string_view::npos)
        section.port_count = to_number<std::uint32_t>(text.substr(slash + 1), 1);
    if (!port || (slash != std::string_view::npos && !section.port_count))
        return fail("m= needs a port of 0 to 65535 after the kind, not " + in_quotes(text));
    section.port = *port;
    return true;
}

/// Each payload type gets its codec at once, so that codecs keep the order of the m= line.
CORTC_DECL bool parser::section_format(std::string_view format) {
    section_->formats.emplace_back(format);
    if (!section_is_rtp_) return true;
    return codec_for(format) || fail("an RTP payload type is 0 to 127, not " + in_quotes(format));
}

CORTC_DECL bool parser::attribute_line(std::string_view value) {
    if (++attributes_ > bounds_.attributes)
        return fail("a section has at most " + std::to_string(bounds_.attributes) + " attributes");
    attribute_ = value;
    const auto colon = value.find(':');
    const auto name = value.substr(0, colon);
    if (name.empty()) return fail("an attribute has a name: \"a=name\" or \"a=name:value\"");
    const auto* known = find_entry(name);
    const auto handle = !known ? nullptr : section_ ? known->media : known->session;
    if (!handle) return keep(value);
    if (known->has_value == (colon == std::string_view::npos))
        return fail("a=" + std::string(name) + (known->has_value ? " needs a value" : " takes no value"));
    return (this->*handle)(known->has_value ? value.substr(colon + 1) : name);
}

} // namespace detail

} // namespace cortc::sdp
