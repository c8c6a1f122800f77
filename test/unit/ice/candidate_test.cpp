#include "test/unit/ice/harness.hpp"

using namespace cortc;
using namespace cortc::ice;
using cortc::ice::test::at;

TEST_CASE("candidate priorities follow RFC 8445 5.1.2.1") {
    CHECK(candidate_priority(candidate_type::host, 65535) == 2130706431);
    CHECK(candidate_priority(candidate_type::prflx, 65535) == 1862270975);
    CHECK(candidate_priority(candidate_type::srflx, 65535) == 1694498815);
    CHECK(candidate_priority(candidate_type::relay, 65535) == 16777215);
    CHECK(candidate_priority(candidate_type::host, 65535, 2) == 2130706430);
    CHECK(candidate_priority(candidate_type::host, 0) == (126U << 24) + 255);
    // 2^24 * 126 + 2^8 * 32542 + 255: what Chromium sends for its first IPv4 address.
    CHECK(candidate_priority(candidate_type::host, 32542) == 2122260223);
}

TEST_CASE("pair priorities follow RFC 8445 6.1.2.3") {
    CHECK(pair_priority(1, 2) == (1ULL << 32) + 4);
    CHECK(pair_priority(2, 1) == (1ULL << 32) + 5);
    CHECK(pair_priority(2, 2) == (2ULL << 32) + 4);
    CHECK(pair_priority(2130706431, 1694498815) == (1694498815ULL << 32) + 2 * 2130706431ULL + 1);
    CHECK(pair_priority(0xffffffff, 0xffffffff) == (0xffffffffULL << 32) + 2 * 0xffffffffULL);
}

TEST_CASE("foundations are equal for one type, base and server only") {
    auto base = at("192.0.2.1", 0).address, other = at("192.0.2.2", 0).address;
    auto server = at("198.51.100.1", 0).address;
    auto host = candidate_foundation(candidate_type::host, base, {});
    CHECK(host == candidate_foundation(candidate_type::host, base, {}));
    CHECK(host != candidate_foundation(candidate_type::host, other, {}));
    CHECK(host != candidate_foundation(candidate_type::relay, base, {}));
    CHECK(candidate_foundation(candidate_type::srflx, base, server) !=
          candidate_foundation(candidate_type::srflx, base, {}));
    CHECK(host.size() == 8);
    CHECK(host.find_first_not_of("0123456789abcdef") == std::string::npos);
}

TEST_CASE("only addresses that can reach each other are paired") {
    CHECK(can_pair(at("192.0.2.1", 1), at("198.51.100.1", 1)));
    CHECK_FALSE(can_pair(at("192.0.2.1", 1), at("2001:db8::1", 1)));
    CHECK(can_pair(at("2001:db8::2", 1), at("2001:db8::1", 1)));
    CHECK_FALSE(can_pair(at("fe80::1", 1), at("2001:db8::1", 1)));
    CHECK(can_pair(at("fe80::1", 1), at("fe80::2", 1)));
    CHECK_FALSE(is_reachable(at("192.0.2.1", 0)));
    CHECK_FALSE(is_reachable(at("0.0.0.0", 5)));
    CHECK_FALSE(is_reachable(at("224.0.0.1", 5)));
    CHECK_FALSE(is_reachable(at("255.255.255.255", 5)));
    CHECK_FALSE(is_reachable(at("::", 5)));
    CHECK_FALSE(is_reachable(at("ff02::1", 5)));
    CHECK_FALSE(is_reachable(at("::ffff:192.0.2.1", 5)));
    CHECK(is_reachable(at("127.0.0.1", 5)));
}

TEST_CASE("a candidate is signaled with its related address unless it is a host candidate") {
    candidate local;
    local.type = candidate_type::srflx;
    local.address = at("203.0.113.1", 4000);
    local.base = at("192.0.2.1", 5000);
    local.foundation = "1";
    local.priority = 7;
    auto out = to_sdp(local, {}, "abcd");
    CHECK(out.address == "203.0.113.1");
    CHECK(out.port == 4000);
    CHECK(out.related_address == "192.0.2.1");
    CHECK(out.related_port == 5000);
    CHECK(out.ufrag() == "abcd");
    CHECK(sdp::print_candidate(out) ==
          "candidate:1 1 udp 7 203.0.113.1 4000 typ srflx raddr 192.0.2.1 rport 5000 ufrag abcd");
    local.type = candidate_type::host;
    CHECK_FALSE(to_sdp(local, {}, "abcd").related_address);
}
