#include "test/unit/stun/vectors.hpp"

#include "cortc/stun/credentials.hpp"
#include "cortc/stun/message.hpp"
#include "cortc/stun/message_writer.hpp"

#include "test/support/catch.hpp"

using namespace cortc;
using namespace cortc::stun;

namespace {

/// The RFC pads its texts with spaces; a writer must pad with zeros (RFC 8489 14). Sets the padding at
/// `first`.
void pad(bytes& packet, std::size_t first, std::size_t count, std::byte value) {
    std::fill_n(packet.begin() + static_cast<std::ptrdiff_t>(first), count, value);
}

} // namespace

TEST_CASE("RFC 5769 2.1: sample request") {
    auto parsed = message::parse(test::sample_request);
    REQUIRE(parsed.has_value());
    CHECK(parsed->is(message_class::request, method::binding));
    CHECK(parsed->id() == test::short_term_id);
    CHECK(parsed->software() == "STUN test client");
    CHECK(parsed->priority() == 0x6e0001ffU);
    CHECK(parsed->ice_controlled() == 0x932ff9b151263b36U);
    CHECK(parsed->username() == "evtj:h6vY");
    CHECK_FALSE(parsed->ice_controlling());
    CHECK_FALSE(parsed->use_candidate());
    CHECK(parsed->has_integrity());
    CHECK_FALSE(parsed->has_integrity_sha256());
    CHECK(parsed->verify_integrity(as_bytes(test::short_term_password)));
    CHECK_FALSE(parsed->verify_integrity(as_bytes("VOkJxbRl1RmTxUk/WvJxBu")));
    CHECK(parsed->verify_fingerprint());
    CHECK(parsed->unknown_comprehension_required().empty());
    CHECK(parsed->attributes().size() == 4);
}

TEST_CASE("RFC 5769 2.1: written again, up to the padding") {
    bytes packet(200);
    message_writer writer(packet, message_class::request, method::binding, test::short_term_id);
    writer.add_software("STUN test client");
    writer.add_priority(0x6e0001ff);
    writer.add_ice_controlled(0x932ff9b151263b36);
    writer.add_username("evtj", "h6vY");
    const auto body = writer.size();
    REQUIRE(body == 76);
    CHECK(std::equal(packet.begin() + 4, packet.begin() + 73, test::sample_request.begin() + 4));

    pad(packet, 73, 3, std::byte{0x20});
    writer.add_integrity(as_bytes(test::short_term_password));
    writer.add_fingerprint();
    packet.resize(writer.size());
    CHECK(packet == test::sample_request);
}

TEST_CASE("RFC 5769 2.2 and 2.3: sample responses") {
    auto [vector, mapped] =
        GENERATE(std::pair{&test::ipv4_response, test::at("192.0.2.1", 32853)},
                 std::pair{&test::ipv6_response, test::at("2001:db8:1234:5678:11:2233:4455:6677", 32853)});
    auto parsed = message::parse(*vector);
    REQUIRE(parsed.has_value());
    CHECK(parsed->is(message_class::success_response, method::binding));
    CHECK(parsed->is_response());
    CHECK(parsed->software() == "test vector");
    CHECK(parsed->xor_mapped_address() == mapped);
    CHECK_FALSE(parsed->mapped_address());
    CHECK(parsed->verify_integrity(as_bytes(test::short_term_password)));
    CHECK(parsed->verify_fingerprint());

    bytes packet(200);
    message_writer writer(packet, message_class::success_response, method::binding, test::short_term_id);
    writer.add_software("test vector");
    pad(packet, 35, 1, std::byte{0x20});
    writer.add_xor_mapped_address(mapped);
    writer.add_integrity(as_bytes(test::short_term_password));
    writer.add_fingerprint();
    packet.resize(writer.size());
    CHECK(packet == *vector);
}

TEST_CASE("RFC 5769 2.4: sample request with long-term authentication") {
    const auto key = long_term_key_md5(test::username, test::realm, test::password);
    auto parsed = message::parse(test::long_term_request);
    REQUIRE(parsed.has_value());
    CHECK(parsed->id() == test::long_term_id);
    CHECK(parsed->username() == test::username);
    CHECK(parsed->nonce() == test::nonce);
    CHECK(parsed->realm() == test::realm);
    CHECK(parsed->verify_integrity(key));
    CHECK_FALSE(parsed->has_fingerprint());
    CHECK_FALSE(parsed->verify_fingerprint());

    bytes packet(200);
    message_writer writer(packet, message_class::request, method::binding, test::long_term_id);
    writer.add_username(test::username);
    writer.add_nonce(test::nonce);
    writer.add_realm(test::realm);
    writer.add_integrity(key);
    packet.resize(writer.size());
    CHECK(packet == test::long_term_request);
}

TEST_CASE("RFC 8489 B.1: MESSAGE-INTEGRITY-SHA256, USERHASH and PASSWORD-ALGORITHM") {
    const auto key = long_term_key_sha256(test::username, test::realm, test::password);
    const auto hash = userhash(test::username, test::realm);
    auto parsed = message::parse(test::sha256_request);
    REQUIRE(parsed.has_value());
    auto received_hash = parsed->userhash();
    REQUIRE(received_hash);
    CHECK(std::equal(hash.begin(), hash.end(), received_hash->begin(), received_hash->end()));
    CHECK(parsed->nonce() == test::cookie_nonce);
    CHECK(nonce_features(*parsed->nonce()) == security_features{false, true});
    CHECK(parsed->realm() == test::realm);
    CHECK(parsed->password_algorithm()->algorithm == password_algorithm::sha256);
    CHECK(parsed->has_integrity_sha256());
    CHECK_FALSE(parsed->has_integrity());
    CHECK(parsed->verify_integrity_sha256(key));
    CHECK_FALSE(parsed->verify_integrity(key));
    CHECK_FALSE(
        parsed->verify_integrity_sha256(long_term_key_md5(test::username, test::realm, test::password)));

    bytes packet(200);
    message_writer writer(packet, message_class::request, method::binding, test::long_term_id);
    writer.add_userhash(hash);
    writer.add_nonce(test::cookie_nonce);
    writer.add_realm(test::realm);
    writer.add_password_algorithm(password_algorithm::sha256);
    writer.add_integrity_sha256(key);
    packet.resize(writer.size());
    CHECK(packet == test::sha256_request);
}
