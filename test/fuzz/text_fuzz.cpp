#include "cortc/base/base64.hpp"
#include "cortc/base/json.hpp"
#include "cortc/crypto/backend.hpp"
#include "cortc/error.hpp"
#include "cortc/ice/server_url.hpp"
#include "cortc/identity.hpp"
#include "cortc/identity/text.hpp"
#include "test/fuzz/input.hpp"

/// Texts of peers and of the configuration: the first byte says what it is. What is read can be written, and
/// read again.
namespace cortc::fuzz {

namespace {

/// Walks the whole value.
std::size_t visit(const json::value& of, std::size_t depth) {
    require(depth <= 16, "depth is bounded");
    if (const auto* text = of.as_string()) {
        std::string quoted;
        json::append_quoted(quoted, *text);
        const auto again = json::parse(quoted);
        require(again && again->as_string() && *again->as_string() == *text,
                "a string is written and read again");
    }
    std::size_t count = 1;
    if (const auto* items = of.as_array())
        for (const auto& each : *items) count += visit(each, depth + 1);
    return count;
}

void read_url(std::string_view text) {
    const auto parsed = ice::parse_server_url(text);
    if (!parsed) return require(!parsed.error().message.empty(), "a refusal has a reason");
    require(!parsed->host.empty(), "a server has a host");
    auto again = std::string(ice::to_string(parsed->scheme)) + ":";
    again += parsed->host.find(':') == std::string::npos ? parsed->host : "[" + parsed->host + "]";
    again += ":" + std::to_string(parsed->port);
    if (parsed->scheme == ice::server_scheme::turn && parsed->transport == ice::server_transport::tcp)
        again += "?transport=tcp";
    if (parsed->scheme == ice::server_scheme::turns && parsed->transport == ice::server_transport::dtls)
        again += "?transport=udp";
    const auto twice = ice::parse_server_url(again);
    require(twice && twice->host == parsed->host && twice->port == parsed->port &&
                twice->scheme == parsed->scheme,
            "a URL in its plain form is the same");
}

void read_identity(std::string_view text) {
    if (const auto read = detail::parse_contents(text)) {
        const auto again = detail::parse_contents(detail::print_contents(*read));
        require(again == *read, "contents are written and read again");
    }
    (void)detail::parse_assertion(text);
    if (const auto read = detail::parse_assertion(base64_encode(text))) {
        try {
            const auto again = detail::parse_assertion(detail::print_assertion(*read));
            require(again.has_value() && again->assertion == read->assertion,
                    "an assertion is written and read again");
        } catch (const Error&) { // longer when it is written our way
        }
    }
    if (const auto domain = detail::domain_of(text))
        require(detail::same_domain(*domain, *domain), "a domain is the same");
    (void)detail::host_of(text);
    (void)detail::is_protocol(text);
}

void read_certificate(std::string_view text) {
    const auto half = text.size() / 2;
    const auto parsed = crypto::default_backend().parse_certificate(text, text);
    if (parsed)
        require((*parsed)->pem().has_value() && !(*parsed)->der().empty(), "a certificate is written again");
    (void)crypto::default_backend().parse_certificate(text.substr(0, half), text.substr(half));
}

} // namespace

} // namespace cortc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cortc;
    fuzz::input from(data, size);
    const auto what = from.u8();
    const auto text = as_text(from.rest());
    switch (what) {
    case 'u':
        fuzz::read_url(text);
        break;
    case 'i':
        fuzz::read_identity(text);
        break;
    case 'c':
        fuzz::read_certificate(text);
        break;
    case 'b':
        if (auto read = base64_decode(text))
            fuzz::require(base64_decode(base64_encode(*read)) == *read, "base64 is stable");
        break;
    default:
        if (auto read = json::parse(text)) fuzz::require(fuzz::visit(*read, 0) <= 4096, "values are bounded");
    }
    return 0;
}
