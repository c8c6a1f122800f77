#include "test/unit/stun/vectors.hpp"

#include "cortc/stun/message.hpp"
#include "cortc/stun/message_writer.hpp"

#include "test/support/catch.hpp"

#include <functional>

using namespace cortc;
using namespace cortc::stun;
using namespace std::chrono_literals;
using test::at;

namespace {

/// Writes one message; keeps its bytes.
struct written {
    explicit written(const std::function<void(message_writer&)>& body) : packet(1500, std::byte{0xee}) {
        message_writer writer(packet, message_class::request, method::allocate, test::long_term_id);
        body(writer);
        packet.resize(writer.size());
    }
    message parsed() const {
        auto result = message::parse(packet);
        REQUIRE(result.has_value());
        return *result;
    }
    bytes packet;
};

bool refused(const std::function<void(message_writer&)>& body) { return written(body).packet.empty(); }

} // namespace

TEST_CASE("ICE attributes come back as they were written") {
    written out([](message_writer& w) {
        w.add_username("remote", "local");
        w.add_priority(0x7effffff);
        w.add_use_candidate();
        w.add_ice_controlling(0xfedcba9876543210);
        w.add_ice_controlled(1);
        w.add_nomination(0x00ffffff);
        w.add_network_info({3, 900});
        w.add_integrity(as_bytes("pwd"));
        w.add_fingerprint();
    });
    auto in = out.parsed();
    CHECK(in.is(message_class::request, method::allocate));
    CHECK(in.id() == test::long_term_id);
    CHECK(in.username() == "remote:local");
    CHECK(in.priority() == 0x7effffffU);
    CHECK(in.use_candidate());
    CHECK(in.ice_controlling() == 0xfedcba9876543210U);
    CHECK(in.ice_controlled() == 1U);
    CHECK(in.nomination() == 0x00ffffffU);
    CHECK(in.network_info()->network_id == 3);
    CHECK(in.network_info()->cost == 900);
    CHECK(in.verify_integrity(as_bytes("pwd")));
    CHECK(in.verify_fingerprint());
    CHECK(in.unknown_comprehension_required().empty());
}

TEST_CASE("TURN attributes come back as they were written") {
    const auto token = test::unhex("0102030405060708");
    const auto payload = test::unhex("aabbccddee");
    written out([&](message_writer& w) {
        w.add_channel_number(0x4abc);
        w.add_lifetime(600s);
        w.add_xor_peer_address(at("192.0.2.9", 9));
        w.add_xor_peer_address(at("2001:db8::9", 99));
        w.add_xor_relayed_address(at("2001:db8::1", 65535));
        w.add_data(payload);
        w.add_requested_address_family(address_family::ipv6);
        w.add_additional_address_family();
        w.add_even_port(true);
        w.add_requested_transport(transport_protocol::udp);
        w.add_dont_fragment();
        w.add_reservation_token(token);
        w.add_address_error_code(address_family::ipv4, error::address_family_not_supported, "no IPv4");
        w.add_icmp({3, 4, 1280});
        w.add_connection_id(0xdeadbeef);
        w.add_mobility_ticket({});
    });
    auto in = out.parsed();
    CHECK(in.channel_number() == 0x4abc);
    CHECK(in.lifetime() == 600s);
    CHECK(in.xor_peer_address() == at("192.0.2.9", 9));
    REQUIRE(in.xor_peer_addresses()->size() == 2);
    CHECK((*in.xor_peer_addresses())[1] == at("2001:db8::9", 99));
    CHECK(in.xor_relayed_address() == at("2001:db8::1", 65535));
    CHECK(bytes(in.data()->begin(), in.data()->end()) == payload);
    CHECK(in.requested_address_family() == address_family::ipv6);
    CHECK(in.additional_address_family() == address_family::ipv6);
    CHECK(in.even_port() == true);
    CHECK(in.requested_transport() == transport_protocol::udp);
    CHECK(in.dont_fragment());
    CHECK(bytes(in.reservation_token()->begin(), in.reservation_token()->end()) == token);
    CHECK(in.address_error_code()->family == address_family::ipv4);
    CHECK(in.address_error_code()->reason == "no IPv4");
    CHECK(in.icmp()->type == 3);
    CHECK(in.icmp()->code == 4);
    CHECK(in.icmp()->data == 1280);
    CHECK(in.connection_id() == 0xdeadbeefU);
    CHECK(in.mobility_ticket()->empty());
    CHECK(in.unknown_comprehension_required().empty());
}

TEST_CASE("server and NAT discovery attributes come back as they were written") {
    const std::array unknown{static_cast<attribute_type>(0x7f01), static_cast<attribute_type>(0x7f02),
                             attribute_type::dont_fragment};
    const std::array algorithms{password_algorithm::sha256, password_algorithm::md5};
    written out([&](message_writer& w) {
        w.add_mapped_address(at("198.51.100.7", 70));
        w.add_error_code(error::unknown_attribute);
        w.add_unknown_attributes(unknown);
        w.add_password_algorithms(algorithms);
        w.add_alternate_server(at("203.0.113.1", 3478));
        w.add_alternate_domain("turn.example.org");
        w.add_change_request({true, false});
        w.add_response_port(4000);
        w.add_cache_timeout(30s);
        w.add_response_origin(at("192.0.2.3", 3));
        w.add_other_address(at("2001:db8::4", 4));
        w.add_padding(7);
    });
    auto in = out.parsed();
    CHECK(in.mapped_address() == at("198.51.100.7", 70));
    CHECK(in.error_code()->code == error::unknown_attribute);
    CHECK(in.error_code()->reason == "Unknown Attribute");
    REQUIRE(in.unknown_attributes()->size() == 3);
    CHECK((*in.unknown_attributes())[2] == attribute_type::dont_fragment);
    REQUIRE(in.password_algorithms()->size() == 2);
    CHECK((*in.password_algorithms())[1].algorithm == password_algorithm::md5);
    CHECK(in.alternate_server() == at("203.0.113.1", 3478));
    CHECK(in.alternate_domain() == "turn.example.org");
    CHECK(in.change_request()->ip);
    CHECK_FALSE(in.change_request()->port);
    CHECK(in.response_port() == 4000);
    CHECK(in.cache_timeout() == 30s);
    CHECK(in.response_origin() == at("192.0.2.3", 3));
    CHECK(in.other_address() == at("2001:db8::4", 4));
    CHECK(in.find(attribute_type::padding)->size() == 7);
}

TEST_CASE("padding is zero and the length field right after every call") {
    bytes packet(100, std::byte{0xee});
    message_writer writer(packet, message_class::request, method::binding, {});
    for (std::string_view text : {"", "a", "ab", "abc", "abcd"}) {
        writer.add_software(text);
        REQUIRE(writer.ok());
        byte_reader in(packet);
        in.skip(2);
        CHECK(in.u16() == writer.size() - header_size);
        CHECK(writer.size() % 4 == 0);
        for (auto i = writer.size() - (4 - text.size() % 4) % 4; i < writer.size(); ++i)
            CHECK(packet[i] == std::byte{0});
    }
    CHECK(message::parse(writer.written()).has_value());
}

TEST_CASE("a message that does not fit has size 0 at every capacity, and nothing is written beyond") {
    auto write = [](byte_span out) {
        message_writer w(out, message_class::request, method::binding, test::short_term_id);
        w.add_software("STUN test client");
        w.add_priority(1);
        w.add_ice_controlled(2);
        w.add_username("evtj", "h6vY");
        w.add_xor_mapped_address(at("2001:db8::1", 1));
        w.add_integrity(as_bytes("key"));
        w.add_integrity_sha256(as_bytes("key"));
        w.add_fingerprint();
        return w.size();
    };
    bytes packet(1000);
    const auto size = write(packet);
    REQUIRE(size == 168);
    for (std::size_t room = 0; room < size; ++room) {
        bytes guarded(room + 16, std::byte{0xee});
        CHECK(write(byte_span(guarded).first(room)) == 0);
        CHECK(std::count(guarded.begin() + static_cast<std::ptrdiff_t>(room), guarded.end(),
                         std::byte{0xee}) == 16);
    }
    bytes exact(size);
    CHECK(write(exact) == size);
}

TEST_CASE("the end of a message has an order") {
    const auto key = as_bytes("key");
    CHECK(refused([&](auto& w) { w.add_integrity(key), w.add_priority(1); }));
    CHECK(refused([&](auto& w) { w.add_integrity(key), w.add_integrity(key); }));
    CHECK(refused([&](auto& w) { w.add_integrity_sha256(key), w.add_integrity(key); }));
    CHECK(refused([&](auto& w) { w.add_integrity_sha256(key), w.add_username("a", "b"); }));
    CHECK(refused([&](auto& w) { w.add_fingerprint(), w.add_integrity(key); }));
    CHECK(refused([&](auto& w) { w.add_fingerprint(), w.add_software("x"); }));
    CHECK(refused([&](auto& w) { w.add_fingerprint(), w.add_fingerprint(); }));
    CHECK_FALSE(
        refused([&](auto& w) { w.add_integrity(key), w.add_integrity_sha256(key), w.add_fingerprint(); }));
}

TEST_CASE("values the RFC forbids spoil the message") {
    const std::string text(764, 'x');
    CHECK(refused([&](auto& w) { w.add_username(std::string_view(text).substr(0, 509)); }));
    CHECK_FALSE(refused([&](auto& w) { w.add_username(std::string_view(text).substr(0, 508)); }));
    CHECK(refused([&](auto& w) { w.add_username(text.substr(0, 256), text.substr(0, 257)); }));
    CHECK_FALSE(refused([&](auto& w) { w.add_username(text.substr(0, 256), text.substr(0, 256)); }));
    CHECK(refused([&](auto& w) { w.add_realm(text); }));
    CHECK(refused([&](auto& w) { w.add_nonce(text); }));
    CHECK(refused([&](auto& w) { w.add_software(text); }));
    CHECK(refused([&](auto& w) { w.add_alternate_domain(text.substr(0, 256)); }));
    CHECK(refused([&](auto& w) { w.add_error_code(error::bad_request, text); }));
    CHECK(refused([&](auto& w) { w.add_error_code(static_cast<error>(299)); }));
    CHECK(refused([&](auto& w) { w.add_error_code(static_cast<error>(700)); }));
    CHECK(
        refused([&](auto& w) { w.add_address_error_code(address_family::ipv4, static_cast<error>(0), ""); }));
    CHECK(refused([&](auto& w) { w.add_userhash(as_bytes("short")); }));
    CHECK(refused([&](auto& w) { w.add_reservation_token(as_bytes("short")); }));
    CHECK(refused([&](auto& w) { w.add_channel_number(0x3fff); }));
    CHECK(refused([&](auto& w) { w.add_channel_number(0x5000); }));
    CHECK(refused([&](auto& w) { w.add_lifetime(-1s); }));
    CHECK(refused([&](auto& w) { w.add_lifetime(0x100000000s); }));
    CHECK(refused([&](auto& w) { w.add_icmp({0x80, 0, 0}); }));
    CHECK(refused([&](auto& w) { w.add_icmp({0, 0x200, 0}); }));
    CHECK(refused([&](auto& w) { w.add_integrity_sha256(as_bytes("key"), 15); }));
    CHECK(refused([&](auto& w) { w.add_integrity_sha256(as_bytes("key"), 18); }));
    CHECK(refused([&](auto& w) { w.add_integrity_sha256(as_bytes("key"), 36); }));
    CHECK(refused([&](auto& w) { w.add(attribute_type::fingerprint, as_bytes("1234")); }));
    CHECK(refused([&](auto& w) { w.add(attribute_type::message_integrity, as_bytes("1234")); }));
}

TEST_CASE("a message is at most what its length field can say") {
    bytes packet(200000);
    message_writer writer(packet, message_class::indication, method::send, {});
    writer.add_data(bytes(65528));
    CHECK(writer.size() == header_size + 65532);
    CHECK(message::parse(writer.written()).has_value());
    writer.add_dont_fragment();
    CHECK(writer.size() == 0);
    message_writer longer(packet, message_class::indication, method::send, {});
    longer.add_data(bytes(65536));
    CHECK(longer.size() == 0);
}
