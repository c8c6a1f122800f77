#include "cortc/ice/server_url.hpp"
#include "test/support/catch.hpp"

#include <string>
#include <vector>

using namespace cortc;
using namespace cortc::ice;
using scheme = server_scheme;
using over = server_transport;

namespace {

struct good {
    std::string text;
    server_url expected;
};
struct bad {
    std::string text;
    std::string says; // a part of the message
};

void check(const std::vector<good>& table) {
    for (const auto& each : table) {
        INFO(each.text);
        auto read = parse_server_url(each.text);
        if (read.has_error()) UNSCOPED_INFO(read.error().message);
        REQUIRE(read.has_value());
        CHECK(to_string(read->scheme) == to_string(each.expected.scheme));
        CHECK(read->host == each.expected.host);
        CHECK(read->port == each.expected.port);
        CHECK(to_string(read->transport) == to_string(each.expected.transport));
    }
}

void check(const std::vector<bad>& table) {
    for (const auto& each : table) {
        INFO(each.text);
        auto read = parse_server_url(each.text);
        REQUIRE(read.has_error());
        INFO(read.error().message);
        CHECK(read.error().what == server_url_error::kind::syntax);
        CHECK(read.error().message.find(each.says) != std::string::npos);
    }
}

std::string host_of(std::string_view text) {
    auto read = parse_server_url(text);
    return read ? read->host : "refused: " + read.error().message;
}

} // namespace

TEST_CASE("Validating an ICE server URL: schemes, default ports and transports") {
    check({
        {"stun:example.org", {scheme::stun, "example.org", 3478, over::udp}},
        {"stuns:example.org", {scheme::stuns, "example.org", 5349, over::tls}},
        {"turn:example.org", {scheme::turn, "example.org", 3478, over::udp}},
        {"turns:example.org", {scheme::turns, "example.org", 5349, over::tls}},
        {"turn:example.org?transport=udp", {scheme::turn, "example.org", 3478, over::udp}},
        {"turn:example.org?transport=tcp", {scheme::turn, "example.org", 3478, over::tcp}},
        {"turns:example.org?transport=tcp", {scheme::turns, "example.org", 5349, over::tls}},
        {"turns:example.org?transport=udp", {scheme::turns, "example.org", 5349, over::dtls}},
        {"turn:example.org:80?transport=tcp", {scheme::turn, "example.org", 80, over::tcp}},
        {"turns:example.org:443", {scheme::turns, "example.org", 443, over::tls}}, // not https's default
        {"TuRnS:Example.ORG", {scheme::turns, "example.org", 5349, over::tls}},
    });
}

TEST_CASE("Validating an ICE server URL: ports") {
    check({
        {"stun:example.org:1", {scheme::stun, "example.org", 1, over::udp}},
        {"stun:example.org:65535", {scheme::stun, "example.org", 65535, over::udp}},
        {"stun:example.org:0000003478", {scheme::stun, "example.org", 3478, over::udp}},
        {"stun:example.org:0", {scheme::stun, "example.org", 0, over::udp}},
        {"stun:example.org:0000000000000000", {scheme::stun, "example.org", 0, over::udp}},
        {"stun:example.org:", {scheme::stun, "example.org", 3478, over::udp}}, // RFC 3986 3.2.3
        {"turns:example.org:", {scheme::turns, "example.org", 5349, over::tls}},
        {"stun:[2001:db8::1]:", {scheme::stun, "2001:db8::1", 3478, over::udp}},
    });
    check({
        {"stun:example.org:65536", "port 65536 is out of range"},
        {"stun:example.org:70000", "port 70000 is out of range; ports are 0 to 65535"},
        {"stun:example.org:100000", "out of range"},
        {"stun:example.org:99999999999999999999999", "out of range"},
        {"stun:example.org:b", "port \"b\" is not a number"},
        {"stun:example.org:-21", "is not a number"},
        {"stun:example.org:+21", "is not a number"},
        {"stun:example.org: 21", "is not a number"},
        {"stun:example.org:0x50", "is not a number"},
        {"stun:example.org:80:80", "is not a number"},
        {"turn:example.org:8o?transport=udp", "is not a number"},
        {"stun:[::1]:x", "is not a number"},
    });
}

TEST_CASE("Validating an ICE server URL: hosts") {
    CHECK(host_of("stun:a") == "a");
    CHECK(host_of("stun:EXAMPLE.org.") == "example.org.");
    CHECK(host_of("stun:a_b-c.d~e") == "a_b-c.d~e");
    CHECK(host_of("stun:!\"$&'()*+,-.;=_`{}~") == "!\"$&'()*+,-.;=_`{}~");
    CHECK(host_of("stun:ex%61mple.org") == "example.org");
    CHECK(host_of("stun:xn--mgba3gch31f060k.example") == "xn--mgba3gch31f060k.example");
    CHECK(host_of("stun:256.com") == "256.com");
    CHECK(host_of("stun:1.2.3.4.a") == "1.2.3.4.a");
    CHECK(host_of("stun:0xg") == "0xg");
    check({
        {"stun:", "names no host"},
        {"stun::3478", "names no host"},
        {"turn:?transport=udp", "names no host"},
        {"stun:a b", "holds \" \""},
        {"stun:a<b", "holds \"<\""},
        {"stun:a>b", "holds \">\""},
        {"stun:a[b", "holds \"[\""},
        {"stun:a]b", "holds \"]\""},
        {"stun:a^b", "holds \"^\""},
        {"stun:a|b", "holds \"|\""},
        {"stun:a\\b", "holds \"\\\""},
        {"stun:a%2fb", "holds \"/\""}, // no way around the checks of the whole URL
        {"stun:a%40b", "holds \"@\""},
        {"stun:a%3ab", "holds \":\""},
        {"stun:a%23b", "holds \"#\""},
        {"stun:%25", "holds \"%\""},
        {"stun:%zz", "holds \"%\""},
        {"stun:a%", "holds \"%\""},
        {"stun:a%4", "holds \"%\""},
        {"stun:a%00b", "holds \"\\x00\""},
        {std::string("stun:a\0b", 8), "holds \"\\x00\""},
        {"stun:a\x7f", "holds \"\\x7f\""},
        {"stun:stra\xc3\x9f"
         "e.example",
         "xn--"},
        {"stun:stra%c3%9fe.example", "beyond ASCII"},
        {"stun:\xff", "beyond ASCII"},
        {"stun:%5b::1]", "holds \"[\""},
    });
}

TEST_CASE("Validating an ICE server URL: IPv4 addresses") {
    CHECK(host_of("stun:192.0.2.1") == "192.0.2.1");
    CHECK(host_of("stun:192.0.2.1:80") == "192.0.2.1");
    CHECK(host_of("stun:192.0.2.1.") == "192.0.2.1");
    CHECK(host_of("stun:192.168.257") == "192.168.1.1");
    CHECK(host_of("stun:10.1") == "10.0.0.1");
    CHECK(host_of("stun:256") == "0.0.1.0");
    CHECK(host_of("stun:0xffffffff") == "255.255.255.255");
    CHECK(host_of("stun:0XC0.0250.01") == "192.168.0.1");
    CHECK(host_of("stun:%30%78%63%30%2e%30%32%35%30.01") == "192.168.0.1");
    CHECK(host_of("stun:0x") == "0.0.0.0");
    check({
        {"stun:256.256.256.256", "is not an IPv4 address"},
        {"stun:192.0.2.256", "is not an IPv4 address"},
        {"stun:1.2.3.4.5", "is not an IPv4 address"},
        {"stun:4294967296", "is not an IPv4 address"},
        {"stun:0xffffffff1", "is not an IPv4 address"},
        {"stun:99999999999999999999999999", "is not an IPv4 address"},
        {"stun:1.2.65536", "is not an IPv4 address"},
        {"stun:09", "is not an IPv4 address"}, // no octal digit
        {"stun:1..2", "is not an IPv4 address"},
        {"stun:example.123", "is not an IPv4 address"},
    });
}

TEST_CASE("Validating an ICE server URL: IPv6 addresses stand in brackets") {
    check({
        {"stun:[2001:db8::1]", {scheme::stun, "2001:db8::1", 3478, over::udp}},
        {"turn:[2001:DB8:0:0::1]:80", {scheme::turn, "2001:db8::1", 80, over::udp}},
        {"turns:[::1]?transport=udp", {scheme::turns, "::1", 5349, over::dtls}},
        {"turn:[::1]:443?transport=tcp", {scheme::turn, "::1", 443, over::tcp}},
        {"stun:[::ffff:192.0.2.1]", {scheme::stun, "::ffff:192.0.2.1", 3478, over::udp}},
    });
    check({
        {"stun:2001:db8::1", "an IPv6 address stands in brackets"},
        {"stun:::1", "names no host"},
        {"stun:[2001:db8::1", "not closed"},
        {"stun:[", "not closed"},
        {"stun:[]", "is not an IPv6 address"},
        {"stun:[::1]3478", "after \"]\""},
        {"stun:[::1]]", "after \"]\""},
        {"stun:[61:24:74]:98", "is not an IPv6 address"},
        {"stun:[example.org]", "is not an IPv6 address"},
        {"stun:[192.0.2.1]", "is not an IPv6 address"},
        {"stun:[::1.2.3]", "is not an IPv6 address"},
        {"stun:[::1.2.3.4x]", "is not an IPv6 address"},
        {"stun:[::%31]", "is not an IPv6 address"},
        {"stun:[fe80::1%eth0]", "is not an IPv6 address"},
        {"stun:[fe80::1%1]", "is not an IPv6 address"},
        {"stun:[:::]", "is not an IPv6 address"},
        {"stun:[1::2::3]", "is not an IPv6 address"},
        {"stun:[12345::]", "is not an IPv6 address"},
    });
}

TEST_CASE("Validating an ICE server URL: the scheme") {
    check({
        {"", "no scheme"},
        {"relative-url", "no scheme"},
        {"example.org", "no scheme"},
        {":example.org", "no scheme"},
        {"1stun:example.org", "no scheme"},
        {"st un:example.org", "no scheme"},
        {"192.0.2.1:3478", "no scheme"},
        {"example.org:3478", "\"example.org\" is none of stun, stuns, turn and turns"},
        {"http://example.org", "\"http\" is none of"},
        {"stunx:example.org", "\"stunx\" is none of"},
        {"sturn:example.org", "\"sturn\" is none of"},
    });
}

TEST_CASE("Validating an ICE server URL: no authority, path, user information, fragment") {
    check({
        {"stun://example.org", "stun:example.org, not stun://example.org"},
        {"stuns://example.org", "stuns:example.org"},
        {"turn://example.org?transport=udp", "turn:example.org"},
        {"turns:///", "turns:example.org"},
        {"stun:/example.org", "follows the scheme at once"},
        {"turn://example.org/foo?x=y", "follows the scheme"},
        {"stun:example.org/foo", "path"},
        {"stun:example.org/", "path"},
        {"stun:user@example.org", "user information"},
        {"stun:@example.org", "user information"},
        {"turn:user:secret@example.org", "user information"},
        {"stun:example.org#foo", "fragment \"#foo\""},
        {"stun:example.org#", "fragment"},
        {"turn:example.org?transport=udp#x", "fragment"},
        {"turn:example.org#?transport=udp", "fragment"},
    });
}

TEST_CASE("Validating an ICE server URL: queries") {
    check({
        {"stun:example.org?transport=udp", "only turn and turns take one"},
        {"stuns:example.org?transport=tcp", "only turn and turns take one"},
        {"stun:example.org?", "only turn and turns take one"},
        {"turn:example.org?", "neither ?transport=udp nor ?transport=tcp"},
        {"turn:example.org?transport=", "neither"},
        {"turn:example.org?transport=sctp", "neither"},
        {"turn:example.org?transport=UDP", "neither"},
        {"turn:example.org?Transport=udp", "neither"},
        {"turn:example.org?transport=udp&x=y", "neither"},
        {"turn:example.org?x=y&transport=udp", "neither"},
        {"turn:example.org?transport=%75dp", "neither"},
        {"turn:example.org??transport=udp", "neither"},
        {"turns:example.org?transport=tls", "neither"},
    });
}

TEST_CASE("Validating an ICE server URL: blanks are the URL Standard's") {
    check({
        {"  stun:example.org\n", {scheme::stun, "example.org", 3478, over::udp}},
        {"\x01stun:example.org\x1f", {scheme::stun, "example.org", 3478, over::udp}},
        {"st\tun:exam\r\nple.org:3\t4", {scheme::stun, "example.org", 34, over::udp}},
    });
    check({{" ", "no scheme"}, {"stun: example.org", "holds \" \""}});
}

TEST_CASE(
    "Validating an ICE server URL: a scheme that is not built in is refused after the URL as a whole and "
    "before host, port and query") {
    const std::vector only_stun = {scheme::stun};
    using kind = server_url_error::kind;
    auto kind_of = [&](std::string_view text) { return parse_server_url(text, only_stun).error().what; };
    CHECK(parse_server_url("stun:example.org", only_stun).has_value());
    CHECK(kind_of("turn:example.org") == kind::not_supported);
    CHECK(kind_of("turns:example.org") == kind::not_supported);
    CHECK(kind_of("stuns:example.org") == kind::not_supported);
    CHECK(kind_of("turn:") == kind::not_supported);
    CHECK(kind_of("turn:example.org:70000") == kind::not_supported);
    CHECK(kind_of("turn:example.org?transport=sctp") == kind::not_supported);
    CHECK(kind_of("turn://example.org") == kind::syntax);
    CHECK(kind_of("turn:a/b") == kind::syntax);
    CHECK(kind_of("turn:a@b") == kind::syntax);
    CHECK(kind_of("turn:a#b") == kind::syntax);
    CHECK(kind_of("stuns:a?b") == kind::syntax);
    CHECK(kind_of("http:a") == kind::syntax);
    CHECK(parse_server_url("turn:a", only_stun).error().message == "the scheme turn is not built in");
}
