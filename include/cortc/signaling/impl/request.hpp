#pragma once

#include "cortc/base/config.hpp"
#include "cortc/signaling/http.hpp"

#include <boost/beast/http/fields.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace cortc::signaling::detail {

/// Without percent-encodings (RFC 3986 2.1), and with `plus_is_space` as forms encode (URL Standard 5.1).
/// None: an encoding is no two hexadecimal digits, or the bytes are no UTF-8 (RFC 3629).
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space);
/// Sets target, path and query. Returns what is wrong with the target; empty: nothing.
std::string read_target(std::string_view target, http_request& out);
/// Sets scheme, host and client to what the nearest proxy says of them.
void read_forwarded(const boost::beast::http::fields& headers, http_request& out);
/// Of the exact path, else of the longest one above it that ends in '/'. Null: there is none.
const http_handler* handler_at(const std::map<std::string, http_handler, std::less<>>& all,
                               std::string_view path);
/// The authority of a URL ("example.org:443") without its port, if that is the scheme's own.
std::string_view without_default_port(std::string_view host, std::string_view scheme);

} // namespace cortc::signaling::detail
