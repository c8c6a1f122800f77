#include "test/unit/stun/vectors.hpp"

#include "cortc/stun/message.hpp"
#include "cortc/stun/message_writer.hpp"

#include "test/support/catch.hpp"

#include <fmt/format.h>

using namespace cortc;
using namespace cortc::stun;
using test::at;
using test::unhex;

namespace {

/// A Binding request with `body` for attributes; the length field is right.
bytes request(std::string_view body) {
    auto packet = unhex("00010000 2112a442 b7e7a701 bc34d686 fa87dfae");
    auto attributes = unhex(body);
    packet[2] = static_cast<std::byte>(attributes.size() >> 8);
    packet[3] = static_cast<std::byte>(attributes.size() & 0xff);
    packet.insert(packet.end(), attributes.begin(), attributes.end());
    return packet;
}

/// A request with one attribute of that type and value, padded.
bytes with(attribute_type type, std::string_view value) {
    auto size = unhex(value).size();
    auto body = fmt::format("{:04x}{:04x}{}", static_cast<unsigned>(type), size, value);
    for (; size % 4 != 0; ++size) body += "00";
    return request(body);
}

parse_error error_of(byte_view packet) {
    auto parsed = message::parse(packet);
    REQUIRE_FALSE(parsed.has_value());
    return parsed.error();
}

/// Parses what must parse. The packet must outlive the message.
message good(const bytes& packet) {
    auto parsed = message::parse(packet);
    REQUIRE(parsed.has_value());
    return *parsed;
}

bytes text_of(std::size_t size) { return bytes(size, std::byte{'x'}); }

} // namespace

TEST_CASE("the header is checked field by field") {
    const auto empty = request("");
    CHECK(message::parse(empty).has_value());
    CHECK(error_of({}) == parse_error::too_short);
    for (std::size_t size = 0; size < header_size; ++size)
        CHECK(error_of(byte_view(empty).first(size)) == parse_error::too_short);

    auto changed = [&](std::size_t index, int value) {
        auto packet = empty;
        packet[index] = static_cast<std::byte>(value);
        return packet;
    };
    CHECK(error_of(changed(0, 0x40)) == parse_error::not_stun);
    CHECK(error_of(changed(0, 0x80)) == parse_error::not_stun);
    CHECK(error_of(changed(4, 0x20)) == parse_error::not_stun);
    CHECK(error_of(changed(7, 0x43)) == parse_error::not_stun);
    CHECK(error_of(changed(3, 4)) == parse_error::bad_length);
    CHECK(error_of(changed(3, 1)) == parse_error::bad_length);
    CHECK(error_of(changed(2, 0xff)) == parse_error::bad_length);
    auto longer = empty;
    longer.resize(24);
    CHECK(error_of(longer) == parse_error::bad_length);
    longer.resize(21);
    CHECK(error_of(longer) == parse_error::bad_length);
}

TEST_CASE("every class and method goes through the bits of the type") {
    bytes packet(header_size);
    for (unsigned number : {0x000U, 0x001U, 0x00fU, 0x010U, 0x070U, 0x080U, 0xf80U, 0xabcU, 0xfffU}) {
        for (auto cls : {message_class::request, message_class::indication, message_class::success_response,
                         message_class::error_response}) {
            message_writer writer(packet, cls, static_cast<method>(number), test::short_term_id);
            REQUIRE(writer.size() == header_size);
            CHECK(is_stun(packet) == (number <= 0xff)); // RFC 7983 leaves the others to other protocols
            auto parsed = good(packet);
            CHECK(parsed.cls() == cls);
            CHECK(parsed.method() == static_cast<method>(number));
        }
    }
    CHECK(message_writer(packet, message_class::request, static_cast<method>(0x1000), {}).size() == 0);
    // RFC 8489 5, RFC 8656: the types as they are usually quoted.
    message_writer(packet, message_class::error_response, method::allocate, {});
    CHECK(byte_reader(packet).u16() == 0x0113);
    message_writer(packet, message_class::indication, method::send, {});
    CHECK(byte_reader(packet).u16() == 0x0016);
    message_writer(packet, message_class::request, method::goog_ping, {});
    CHECK(byte_reader(packet).u16() == 0x0200);
}

TEST_CASE("is_stun tells STUN from what shares its port") {
    CHECK(is_stun(test::sample_request));
    CHECK(is_stun(request("")));
    CHECK_FALSE(is_stun({}));
    CHECK_FALSE(is_stun(byte_view(test::sample_request).first(19)));
    for (auto first : {0x04, 0x14, 0x16, 0x40, 0x7f, 0x80, 0xff}) {
        auto packet = test::sample_request;
        packet[0] = static_cast<std::byte>(first);
        CHECK_FALSE(is_stun(packet));
    }
    CHECK_FALSE(is_stun(byte_view(test::sample_request).first(104))); // the length field runs over the end
    auto odd = test::sample_request;
    odd[3] = std::byte{0x57};
    CHECK_FALSE(is_stun(odd));
    auto cookie = test::sample_request;
    cookie[6] ^= std::byte{1};
    CHECK_FALSE(is_stun(cookie));
}

TEST_CASE("framed_size reads a message's length on a stream") {
    CHECK(framed_size(test::sample_request) == test::sample_request.size());
    CHECK(framed_size(byte_view(test::sample_request).first(4)) == test::sample_request.size());
    CHECK_FALSE(framed_size(byte_view(test::sample_request).first(3)));
    CHECK_FALSE(framed_size(unhex("40000008"))); // ChannelData
    CHECK_FALSE(framed_size(unhex("00010003")));
}

TEST_CASE("an attribute stays inside the message") {
    CHECK(error_of(request("00240008 00000001")) == parse_error::truncated_attribute);
    CHECK(error_of(request("0024ffff 00000001")) == parse_error::truncated_attribute);
    CHECK(error_of(request("00240005 00000001")) ==
          parse_error::truncated_attribute); // its padding does not fit
    CHECK(error_of(request("80220000 00240001")) == parse_error::truncated_attribute);
    auto packet = request("80220000 00060001 61ffffff"); // any padding; empty value
    auto parsed = good(packet);
    CHECK(parsed.software() == "");
    CHECK(parsed.username() == "a");
}

TEST_CASE("the number of attributes is bounded") {
    std::string body;
    for (std::size_t i = 0; i < message::max_attributes; ++i) body += "c123 0000";
    CHECK(good(request(body)).attributes().size() == message::max_attributes);
    CHECK(message::parse(request(body + "80280004 00000000")).has_value()); // the fingerprint is apart
    CHECK(error_of(request(body + "c123 0000")) == parse_error::too_many_attributes);
}

TEST_CASE("of a repeated attribute the first counts") {
    auto packet = request("00240004 00000001 00240004 00000002 00060001 61000000 00060001 62000000");
    auto parsed = good(packet);
    CHECK(parsed.priority() == 1U);
    CHECK(parsed.username() == "a");
    // A malformed first one is not repaired by a second.
    auto malformed = request("00240000 00240004 00000002");
    CHECK_FALSE(good(malformed).priority());
}

TEST_CASE("what follows MESSAGE-INTEGRITY is ignored, but for its SHA-256 sibling and the fingerprint") {
    bytes packet(400);
    message_writer writer(packet, message_class::request, method::binding, test::short_term_id);
    writer.add_priority(7);
    writer.add_integrity(as_bytes("key"));
    packet.resize(writer.size());
    auto body = [&](std::string_view more) {
        auto extended = packet;
        auto tail = unhex(more);
        extended.insert(extended.end(), tail.begin(), tail.end());
        extended[3] = static_cast<std::byte>(extended.size() - header_size);
        return extended;
    };
    // USE-CANDIDATE, an unknown required one, a second MESSAGE-INTEGRITY: of no effect, and the code still
    // holds.
    auto tampered = body("00250000 7fff0000 00080014 0000000000000000000000000000000000000000");
    auto parsed = good(tampered);
    CHECK(parsed.priority() == 7U);
    CHECK_FALSE(parsed.use_candidate());
    CHECK_FALSE(parsed.has(static_cast<attribute_type>(0x7fff)));
    CHECK(parsed.unknown_comprehension_required().empty());
    CHECK(parsed.verify_integrity(as_bytes("key")));

    auto with_sha256 = body("001c0010 00000000000000000000000000000000 00250000");
    parsed = good(with_sha256);
    CHECK(parsed.has_integrity_sha256());
    CHECK_FALSE(parsed.verify_integrity_sha256(as_bytes("key"), 16));
    CHECK_FALSE(parsed.use_candidate());
    // After the SHA-256 one not even MESSAGE-INTEGRITY counts (RFC 8489 14.6).
    auto reversed = request("001c0010 00000000000000000000000000000000"
                            "00080014 0000000000000000000000000000000000000000");
    CHECK_FALSE(good(reversed).has_integrity());
    // Framing counts even there.
    CHECK(error_of(body("00250004")) == parse_error::truncated_attribute);
}

TEST_CASE("integrity and fingerprint have their lengths and places") {
    CHECK(error_of(request("00080010 00000000000000000000000000000000")) == parse_error::bad_integrity);
    CHECK(error_of(request("00080000")) == parse_error::bad_integrity);
    CHECK(error_of(request("001c000c 000000000000000000000000")) == parse_error::bad_integrity);
    CHECK(error_of(request("001c0012 0000000000000000000000000000000000000000")) ==
          parse_error::bad_integrity);
    CHECK(error_of(with(attribute_type::message_integrity_sha256, std::string(72, '0'))) ==
          parse_error::bad_integrity);
    CHECK(error_of(request("80280000")) == parse_error::bad_fingerprint);
    CHECK(error_of(request("80280008 0000000000000000")) == parse_error::bad_fingerprint);
    CHECK(error_of(request("80280004 00000000 80220000")) == parse_error::bad_fingerprint);
    CHECK(error_of(request("80280004 00000000 80280004 00000000")) == parse_error::bad_fingerprint);
}

TEST_CASE("both integrity attributes verify side by side, and a shortened one only where it may be") {
    bytes packet(200);
    message_writer writer(packet, message_class::request, method::binding, test::short_term_id);
    writer.add_username("a", "b");
    writer.add_integrity(as_bytes("key"));
    writer.add_integrity_sha256(as_bytes("key"), 20);
    writer.add_fingerprint();
    packet.resize(writer.size());
    auto parsed = good(packet);
    CHECK(parsed.verify_integrity(as_bytes("key")));
    CHECK_FALSE(parsed.verify_integrity_sha256(as_bytes("key")));
    CHECK_FALSE(parsed.verify_integrity_sha256(as_bytes("key"), 24));
    CHECK(parsed.verify_integrity_sha256(as_bytes("key"), 20));
    CHECK(parsed.verify_integrity_sha256(as_bytes("key"), 16));
    CHECK_FALSE(parsed.verify_integrity_sha256(as_bytes("kex"), 16));
    CHECK(parsed.verify_fingerprint());
    CHECK(parsed.find(attribute_type::message_integrity)->size() == 20);
    CHECK(parsed.find(attribute_type::message_integrity_sha256)->size() == 20);
    CHECK(parsed.find(attribute_type::fingerprint)->size() == 4);
    auto absent = request("");
    CHECK_FALSE(good(absent).verify_integrity(as_bytes("key")));
    CHECK_FALSE(good(absent).verify_integrity_sha256(as_bytes("key"), 0));
}

TEST_CASE("unknown comprehension-required attributes are listed once each") {
    auto packet = request("7f010000 c1110000 7f020001 aa000000 7f010000 00250000 001a0000");
    auto parsed = good(packet);
    auto unknown = parsed.unknown_comprehension_required();
    REQUIRE(unknown.size() == 2);
    CHECK(unknown[0] == static_cast<attribute_type>(0x7f01));
    CHECK(unknown[1] == static_cast<attribute_type>(0x7f02));
    const std::array unsupported{attribute_type::dont_fragment};
    unknown = parsed.unknown_comprehension_required(unsupported);
    REQUIRE(unknown.size() == 3);
    CHECK(unknown[2] == attribute_type::dont_fragment);
}

TEST_CASE("addresses of the wrong family or length are no addresses") {
    using getter = std::optional<endpoint> (message::*)() const noexcept;
    const std::vector<std::pair<attribute_type, getter>> getters{
        {attribute_type::mapped_address, &message::mapped_address},
        {attribute_type::xor_mapped_address, &message::xor_mapped_address},
        {attribute_type::alternate_server, &message::alternate_server},
        {attribute_type::xor_peer_address, &message::xor_peer_address},
        {attribute_type::xor_relayed_address, &message::xor_relayed_address},
        {attribute_type::response_origin, &message::response_origin},
        {attribute_type::other_address, &message::other_address}};
    const std::string v6(32, '1');
    for (auto& [type, get] : getters) {
        for (std::string bad :
             {std::string(), std::string("00"), std::string("0001"), std::string("00011234"),
              std::string("00011234 0a0000"), std::string("00011234 0a000001 00"),
              std::string("00021234 0a000001"), std::string("00031234 0a000001"),
              std::string("00001234 0a000001"), "00011234" + v6, "00021234" + v6 + "00",
              "00021234" + v6.substr(2), "00051234" + v6}) {
            std::string digits;
            std::copy_if(bad.begin(), bad.end(), std::back_inserter(digits), [](char c) { return c != ' '; });
            auto packet = with(type, digits);
            CHECK_FALSE((good(packet).*get)());
        }
        auto v4_packet = with(type, "ff0112340a000001"); // the reserved byte is ignored
        CHECK((good(v4_packet).*get)());
        auto v6_packet = with(type, "00021234" + v6);
        CHECK((good(v6_packet).*get)());
    }
    auto plain = with(attribute_type::mapped_address, "000112340a000001");
    CHECK(good(plain).mapped_address() == at("10.0.0.1", 0x1234));
    auto covered = with(attribute_type::xor_mapped_address, "00013326 2b12a443");
    CHECK(good(covered).xor_mapped_address() == at("10.0.0.1", 0x1234));
}

TEST_CASE("values of a fixed length have that length") {
    struct row {
        attribute_type type;
        std::size_t size;
        bool (*get)(const message&);
    };
    const std::vector<row> rows{
        {attribute_type::priority, 4, [](const message& m) { return m.priority().has_value(); }},
        {attribute_type::use_candidate, 0, [](const message& m) { return m.use_candidate(); }},
        {attribute_type::ice_controlled, 8, [](const message& m) { return m.ice_controlled().has_value(); }},
        {attribute_type::ice_controlling, 8,
         [](const message& m) { return m.ice_controlling().has_value(); }},
        {attribute_type::nomination, 4, [](const message& m) { return m.nomination().has_value(); }},
        {attribute_type::goog_network_info, 4, [](const message& m) { return m.network_info().has_value(); }},
        {attribute_type::userhash, 32, [](const message& m) { return m.userhash().has_value(); }},
        {attribute_type::lifetime, 4, [](const message& m) { return m.lifetime().has_value(); }},
        {attribute_type::even_port, 1, [](const message& m) { return m.even_port().has_value(); }},
        {attribute_type::requested_transport, 4,
         [](const message& m) { return m.requested_transport().has_value(); }},
        {attribute_type::dont_fragment, 0, [](const message& m) { return m.dont_fragment(); }},
        {attribute_type::reservation_token, 8,
         [](const message& m) { return m.reservation_token().has_value(); }},
        {attribute_type::icmp, 8, [](const message& m) { return m.icmp().has_value(); }},
        {attribute_type::connection_id, 4, [](const message& m) { return m.connection_id().has_value(); }},
        {attribute_type::change_request, 4, [](const message& m) { return m.change_request().has_value(); }},
        {attribute_type::cache_timeout, 4, [](const message& m) { return m.cache_timeout().has_value(); }}};
    for (auto& [type, size, get] : rows) {
        for (std::size_t tried = 0; tried < 40; ++tried) {
            auto packet = with(type, std::string(2 * tried, '1'));
            CHECK(get(good(packet)) == (tried == size));
            CHECK(good(packet).has(type));
        }
        auto absent = request("");
        CHECK_FALSE(get(good(absent)));
    }
}

TEST_CASE("texts are bounded") {
    using getter = std::optional<std::string_view> (message::*)() const noexcept;
    const std::vector<std::tuple<attribute_type, std::size_t, getter>> rows{
        {attribute_type::username, 513, &message::username},
        {attribute_type::realm, 763, &message::realm},
        {attribute_type::nonce, 763, &message::nonce},
        {attribute_type::software, 763, &message::software},
        {attribute_type::alternate_domain, 255, &message::alternate_domain}};
    bytes packet(2000);
    for (auto& [type, limit, get] : rows) {
        for (auto size : {std::size_t{0}, std::size_t{1}, limit, limit + 1, std::size_t{1500}}) {
            message_writer writer(packet, message_class::request, method::binding, {});
            writer.add(type, text_of(size));
            auto parsed = message::parse(writer.written());
            REQUIRE(parsed.has_value());
            auto value = ((*parsed).*get)();
            CHECK(value.has_value() == (size <= limit));
            if (value) CHECK(value->size() == size);
        }
    }
}

TEST_CASE("error codes are 300 to 699") {
    auto code_of = [](std::string_view value) -> int {
        auto packet = with(attribute_type::error_code, value);
        auto error = good(packet).error_code();
        return error ? static_cast<int>(error->code) : 0;
    };
    CHECK(code_of("00000401") == 401);
    CHECK(code_of("00000314") == 320);
    CHECK(code_of("00000663") == 699);
    CHECK(code_of("fffffc57") == 487); // reserved bits are ignored
    CHECK(code_of("00000200") == 0);
    CHECK(code_of("00000700") == 0);
    CHECK(code_of("00000464") == 0); // 4, 100
    CHECK(code_of("000004") == 0);
    CHECK(code_of("") == 0);
    auto packet = with(attribute_type::error_code, "00000426"
                                                   "5374616c65");
    CHECK(good(packet).error_code()->code == error::stale_nonce);
    CHECK(good(packet).error_code()->reason == "Stale");
    auto endless = with(attribute_type::error_code, "00000401" + std::string(2 * 764, '1'));
    CHECK_FALSE(good(endless).error_code());

    auto family = with(attribute_type::address_error_code, "02000428"
                                                           "4e6f");
    auto failed = good(family).address_error_code();
    REQUIRE(failed);
    CHECK(failed->family == address_family::ipv6);
    CHECK(failed->code == error::address_family_not_supported);
    CHECK(failed->reason == "No");
    CHECK_FALSE(good(with(attribute_type::address_error_code, "03000428")).address_error_code());
    CHECK_FALSE(good(with(attribute_type::address_error_code, "02000128")).address_error_code());
}

TEST_CASE("lists inside attributes") {
    auto types = with(attribute_type::unknown_attributes, "7f017f027f03");
    auto unknown = good(types).unknown_attributes();
    REQUIRE(unknown);
    REQUIRE(unknown->size() == 3);
    CHECK((*unknown)[2] == static_cast<attribute_type>(0x7f03));
    CHECK_FALSE(good(with(attribute_type::unknown_attributes, "7f0100")).unknown_attributes());
    CHECK(
        good(with(attribute_type::unknown_attributes, std::string(800, '7'))).unknown_attributes()->size() ==
        message::max_attributes);

    auto algorithms = with(attribute_type::password_algorithms, "0002000000990003aabbcc0000010000");
    auto list = good(algorithms).password_algorithms();
    REQUIRE(list);
    REQUIRE(list->size() == 3);
    CHECK((*list)[0].algorithm == password_algorithm::sha256);
    CHECK((*list)[0].parameters.empty());
    CHECK((*list)[1].algorithm == static_cast<password_algorithm>(0x99));
    CHECK((*list)[1].parameters.size() == 3);
    CHECK((*list)[2].algorithm == password_algorithm::md5);
    CHECK_FALSE(good(with(attribute_type::password_algorithms, "00020004aabb")).password_algorithms());
    CHECK_FALSE(good(with(attribute_type::password_algorithms, "000200")).password_algorithms());
    CHECK(good(with(attribute_type::password_algorithms, std::string(8 * 50, '0')))
              .password_algorithms()
              ->size() == 8);
    CHECK_FALSE(good(with(attribute_type::password_algorithm, "0002000000010000")).password_algorithm());
    CHECK_FALSE(good(with(attribute_type::password_algorithm, "0002")).password_algorithm());
    CHECK_FALSE(good(with(attribute_type::password_algorithm, "")).password_algorithm());

    auto peers = request("00120008 00010000 00000000 00120008 00010000 00000001");
    CHECK(good(peers).xor_peer_addresses()->size() == 2);
    auto spoiled = request("00120008 00010000 00000000 00120008 00030000 00000001");
    CHECK_FALSE(good(spoiled).xor_peer_addresses());
    CHECK_FALSE(good(request("")).xor_peer_addresses());
}

TEST_CASE("numbers out of range are refused") {
    CHECK(good(with(attribute_type::channel_number, "40000000")).channel_number() == 0x4000);
    CHECK(good(with(attribute_type::channel_number, "4fff0000")).channel_number() == 0x4fff);
    CHECK_FALSE(good(with(attribute_type::channel_number, "3fff0000")).channel_number());
    CHECK_FALSE(good(with(attribute_type::channel_number, "50000000")).channel_number());
    CHECK_FALSE(good(with(attribute_type::channel_number, "4000")).channel_number());
    CHECK(good(with(attribute_type::requested_address_family, "01000000")).requested_address_family() ==
          address_family::ipv4);
    CHECK_FALSE(good(with(attribute_type::requested_address_family, "03000000")).requested_address_family());
    CHECK_FALSE(good(with(attribute_type::requested_address_family, "01")).requested_address_family());
    CHECK(good(with(attribute_type::additional_address_family, "02000000")).additional_address_family());
    CHECK_FALSE(
        good(with(attribute_type::additional_address_family, "01000000")).additional_address_family());
    CHECK(good(with(attribute_type::response_port, "1234")).response_port() == 0x1234);
    CHECK(good(with(attribute_type::response_port, "12340000")).response_port() == 0x1234);
    CHECK_FALSE(good(with(attribute_type::response_port, "123400")).response_port());
    CHECK(good(with(attribute_type::requested_transport, "84000000")).requested_transport() ==
          static_cast<transport_protocol>(132));
}

TEST_CASE("a parse error has a name, and value() throws it") {
    auto parsed = message::parse(unhex("0001"));
    CHECK_THROWS_WITH(parsed.value(), "STUN: too short");
    CHECK(to_string(parse_error::bad_fingerprint) == "bad fingerprint attribute");
    CHECK(to_string(method::create_permission) == "CreatePermission");
    CHECK(to_string(static_cast<method>(0x777)) == "unknown");
    CHECK(to_string(message_class::indication) == "indication");
    CHECK(reason_phrase(error::role_conflict) == "Role Conflict");
    CHECK(reason_phrase(static_cast<error>(699)).empty());
}
