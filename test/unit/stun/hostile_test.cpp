#include "test/unit/stun/vectors.hpp"

#include "cortc/stun/credentials.hpp"
#include "cortc/stun/message.hpp"
#include "cortc/stun/message_writer.hpp"

#include "test/support/catch.hpp"

#include <memory>
#include <random>

using namespace cortc;
using namespace cortc::stun;

namespace {

/// A TURN response and a request with about every attribute there is, as further seeds.
bytes rich_message() {
    const std::array algorithms{password_algorithm::sha256, password_algorithm::md5};
    const std::array unknown{attribute_type::even_port};
    bytes packet(1000);
    message_writer w(packet, message_class::error_response, method::allocate, test::long_term_id);
    w.add_error_code(error::unauthenticated);
    w.add_unknown_attributes(unknown);
    w.add_password_algorithms(algorithms);
    w.add_xor_peer_address(test::at("192.0.2.1", 1));
    w.add_xor_relayed_address(test::at("2001:db8::1", 2));
    w.add_mapped_address(test::at("192.0.2.1", 3));
    w.add_address_error_code(address_family::ipv6, error::address_family_not_supported, "no");
    w.add_icmp({1, 2, 3});
    w.add_channel_number(0x4001);
    w.add_even_port(true);
    w.add_data(as_bytes("payload"));
    w.add_response_port(5);
    w.add_integrity(as_bytes("key"));
    w.add_integrity_sha256(as_bytes("key"));
    w.add_fingerprint();
    packet.resize(w.size());
    return packet;
}

std::size_t touch(byte_view data) {
    std::size_t sum = data.size();
    for (auto octet : data) sum += std::to_integer<std::size_t>(octet);
    return sum;
}
std::size_t touch(std::string_view text) { return touch(as_bytes(text)); }
template <class T>
std::size_t touch(const std::optional<T>& value) {
    return value ? touch(*value) : 0;
}

/// Calls every getter and reads every byte they return: the sanitizers watch.
std::size_t read_everything(const message& m) {
    std::size_t sum = touch(m.username()) + touch(m.userhash()) + touch(m.realm()) + touch(m.nonce()) +
                      touch(m.software()) + touch(m.alternate_domain()) + touch(m.data()) +
                      touch(m.reservation_token()) + touch(m.mobility_ticket()) + m.attributes().size() +
                      m.unknown_comprehension_required().size();
    if (auto code = m.error_code()) sum += touch(code->reason);
    if (auto code = m.address_error_code()) sum += touch(code->reason);
    if (auto entry = m.password_algorithm()) sum += touch(entry->parameters);
    if (auto list = m.password_algorithms())
        for (auto& entry : *list) sum += touch(entry.parameters);
    if (auto list = m.unknown_attributes()) sum += list->size();
    if (auto list = m.xor_peer_addresses()) sum += list->size();
    for (auto address :
         {m.mapped_address(), m.xor_mapped_address(), m.alternate_server(), m.xor_peer_address(),
          m.xor_relayed_address(), m.response_origin(), m.other_address()})
        if (address) sum += address->port;
    sum += m.priority().has_value() + m.ice_controlled().has_value() + m.ice_controlling().has_value() +
           m.nomination().has_value() + m.network_info().has_value() + m.channel_number().has_value() +
           m.lifetime().has_value() + m.requested_address_family().has_value() +
           m.additional_address_family().has_value() + m.even_port().has_value() +
           m.requested_transport().has_value() + m.icmp().has_value() + m.connection_id().has_value() +
           m.change_request().has_value() + m.response_port().has_value() + m.cache_timeout().has_value() +
           m.use_candidate() + m.dont_fragment();
    for (auto type : m.attributes()) sum += touch(m.find(type));
    return sum;
}

/// Parses a copy that ends where its allocation ends, so that one byte too far is seen.
bool survives(byte_view packet) {
    auto copy = std::make_unique<std::byte[]>(packet.size());
    std::copy(packet.begin(), packet.end(), copy.get());
    const byte_view exact(copy.get(), packet.size());
    (void)is_stun(exact);
    (void)framed_size(exact);
    auto parsed = message::parse(exact);
    if (!parsed) return false;
    volatile auto sum = read_everything(*parsed);
    (void)sum;
    (void)parsed->verify_integrity(as_bytes("key"));
    (void)parsed->verify_integrity_sha256(as_bytes("key"), 16);
    (void)parsed->verify_fingerprint();
    return true;
}

std::vector<bytes> seeds() {
    return {test::sample_request,    test::ipv4_response,  test::ipv6_response,
            test::long_term_request, test::sha256_request, rich_message()};
}

/// Cuts or repairs the length field, so that mutations get past the header.
void fix_length(bytes& packet) {
    if (packet.size() < header_size) return;
    packet.resize(packet.size() - packet.size() % 4);
    packet[2] = static_cast<std::byte>((packet.size() - header_size) >> 8);
    packet[3] = static_cast<std::byte>((packet.size() - header_size) & 0xff);
}

} // namespace

TEST_CASE("a message cut anywhere is refused, and cut with a repaired length does no harm") {
    for (auto& seed : seeds()) {
        REQUIRE(survives(seed));
        for (std::size_t size = 0; size < seed.size(); ++size) {
            CHECK_FALSE(survives(byte_view(seed).first(size)));
            bytes repaired(seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(size));
            fix_length(repaired);
            survives(repaired);
        }
    }
}

TEST_CASE("no single bit flips unnoticed under a fingerprint") {
    for (auto& seed : {test::sample_request, test::ipv4_response, test::ipv6_response}) {
        for (std::size_t bit = 0; bit < 8 * seed.size(); ++bit) {
            auto flipped = seed;
            flipped[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
            survives(flipped);
            auto parsed = message::parse(flipped);
            if (parsed) CHECK_FALSE(parsed->verify_fingerprint());
        }
    }
}

TEST_CASE("no bit before the code flips unnoticed under message integrity") {
    const auto md5_key = long_term_key_md5(test::username, test::realm, test::password);
    const auto sha256_key = long_term_key_sha256(test::username, test::realm, test::password);
    for (std::size_t bit = 0; bit < 8 * test::long_term_request.size(); ++bit) {
        auto flipped = test::long_term_request;
        flipped[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
        auto parsed = message::parse(flipped);
        if (parsed) CHECK_FALSE(parsed->verify_integrity(md5_key));
    }
    for (std::size_t bit = 0; bit < 8 * test::sha256_request.size(); ++bit) {
        auto flipped = test::sha256_request;
        flipped[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
        auto parsed = message::parse(flipped);
        if (parsed) CHECK_FALSE(parsed->verify_integrity_sha256(sha256_key));
    }
}

TEST_CASE("twenty thousand mutated messages do no harm") {
    std::mt19937 random(20260101);
    auto below = [&](std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random);
    };
    const auto all = seeds();
    std::size_t parsed = 0;
    for (int round = 0; round < 20000; ++round) {
        auto packet = all[below(all.size())];
        for (auto changes = 1 + below(6); changes != 0; --changes) {
            const auto where = below(packet.size());
            const auto at = packet.begin() + static_cast<std::ptrdiff_t>(where);
            switch (below(6)) {
            case 0:
                packet[where] ^= static_cast<std::byte>(1U << below(8));
                break;
            case 1:
                packet[where] = static_cast<std::byte>(below(256));
                break;
            case 2:
                packet[where] = below(2) == 0 ? std::byte{0} : std::byte{0xff};
                break;
            case 3:
                packet.erase(at);
                break;
            case 4:
                packet.insert(at, static_cast<std::byte>(below(256)));
                break;
            case 5: { // a whole piece again, somewhere: repeated and nested attributes
                auto& other = all[below(all.size())];
                auto from = 4 * below(other.size() / 4);
                auto size = std::min(4 + 4 * below(12), other.size() - from);
                auto first = other.begin() + static_cast<std::ptrdiff_t>(from);
                packet.insert(packet.begin() + static_cast<std::ptrdiff_t>(where - where % 4), first,
                              first + static_cast<std::ptrdiff_t>(size));
                break;
            }
            }
            if (packet.empty()) packet.push_back(std::byte{0});
        }
        if (below(4) != 0) fix_length(packet);
        parsed += survives(packet);
    }
    // The mutations are worth something only when a fair share of them gets past the framing.
    CHECK(parsed > 1000);
    CHECK(parsed < 19000);
}

TEST_CASE("random bytes behind a good header do no harm") {
    std::mt19937 random(7);
    for (int round = 0; round < 5000; ++round) {
        bytes packet(header_size + random() % 200);
        for (auto& octet : packet) octet = static_cast<std::byte>(random());
        auto header = test::unhex("00010000 2112a442");
        std::copy(header.begin(), header.end(), packet.begin());
        // Small types and lengths, so that attributes are met at all.
        for (std::size_t i = header_size; i + 4 <= packet.size(); i += 8) {
            packet[i] = static_cast<std::byte>(random() % 2 * 0x80);
            packet[i + 1] &= std::byte{0x3f};
            packet[i + 2] = std::byte{0};
            packet[i + 3] = static_cast<std::byte>(random() % 12);
        }
        fix_length(packet);
        survives(packet);
    }
}
