#pragma once

#include "cortc/signaling/impl/dial.hpp"

#include "cortc/error.hpp"

#include <boost/asio/ip/address.hpp>

#include <fmt/format.h>

#include <charconv>

namespace cortc::signaling::detail {

[[noreturn]] CORTC_DECL void bad_url(std::string_view text, std::string_view why) {
    throw Error(errc::syntax, fmt::format("\"{}\": {}", text, why));
}

CORTC_DECL url parse_url(std::string_view text, std::string_view scheme) {
    if (text.starts_with(fmt::format("{}s://", scheme)))
        throw Error(errc::not_supported, fmt::format("{}s: connections over TLS are not supported", scheme));
    const auto prefix = fmt::format("{}://", scheme);
    if (!text.starts_with(prefix)) bad_url(text, "does not begin with " + prefix);
    if (text.find_first_of(" \t\r\n#") != text.npos) bad_url(text, "holds white space or a fragment");
    url parts;
    parts.text = text;
    auto rest = text.substr(prefix.size());
    const auto path = rest.find_first_of("/?");
    if (path != rest.npos)
        parts.target = rest[path] == '/' ? rest.substr(path) : "/" + std::string(rest.substr(path));
    rest = rest.substr(0, path);
    if (rest.find('@') != rest.npos) bad_url(text, "user names are not supported");
    parts.host = rest;
    const auto bracket = rest.starts_with('[') ? rest.find(']') : 0;
    if (bracket == rest.npos) bad_url(text, "a bracket is not closed");
    const auto colon = rest.find(':', bracket);
    if (colon != rest.npos) {
        const auto digits = rest.substr(colon + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), parts.port);
        if (error != std::errc() || end != digits.data() + digits.size() || parts.port == 0)
            bad_url(text, "the port is no number of 1..65535");
    }
    parts.name = bracket ? rest.substr(1, bracket - 1) : rest.substr(0, colon);
    if (bracket && colon != rest.npos && colon != bracket + 1) bad_url(text, "text after the bracket");
    if (parts.name.empty()) bad_url(text, "there is no host");
    return parts;
}

CORTC_DECL void dial::start(const url& where) {
    using boost::asio::ip::tcp;
    boost::system::error_code not_literal;
    const auto literal = boost::asio::ip::make_address(where.name, not_literal);
    if (!not_literal)
        return connect(
            tcp::resolver::results_type::create(tcp::endpoint(literal, where.port), where.name, ""));
    resolver_.async_resolve(where.name, std::to_string(where.port),
                            [self = shared_from_this()](boost::system::error_code error,
                                                        const tcp::resolver::results_type& found) {
                                if (error) return self->done_("cannot be resolved", error);
                                self->connect(found);
                            });
}

CORTC_DECL void dial::connect(const boost::asio::ip::tcp::resolver::results_type& addresses) {
    if (cancelled_) return;
    stream_.async_connect(addresses, [self = shared_from_this()](boost::system::error_code error,
                                                                 const boost::asio::ip::tcp::endpoint&) {
        if (error) return self->done_("does not answer", error);
        boost::system::error_code ignored;
        self->stream_.socket().set_option(boost::asio::ip::tcp::no_delay(true), ignored);
        self->done_({}, {});
    });
}

} // namespace cortc::signaling::detail
