#pragma once

#include "cortc/turn/peer_policy.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace cortc::turn {

namespace detail {

/// The first `bits` of two addresses of one family.
template <class Bytes>
bool same_prefix(const Bytes& a, const Bytes& b, unsigned bits) noexcept {
    const auto whole = bits / 8;
    if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
    const auto rest = bits % 8;
    return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}
/// Nothing but zeros after the first `bits`.
template <class Bytes>
bool ends_there(const Bytes& bytes, unsigned bits) noexcept {
    Bytes prefix{};
    for (unsigned bit = 0; bit < bits; ++bit)
        prefix[bit / 8] = static_cast<unsigned char>(prefix[bit / 8] | (bytes[bit / 8] & 0x80 >> bit % 8));
    return prefix == bytes;
}

struct range_v4 {
    std::uint32_t first;
    unsigned bits;
};
/// IANA's special-purpose registry, without the ranges for documentation, where nobody is; and Azure's
/// metadata, whose address is not special.
inline constexpr std::array<range_v4, 13> special_v4{{{0x00000000, 8},   // "this network"
                                                      {0x0a000000, 8},   // private
                                                      {0x64400000, 10},  // carrier-grade NAT
                                                      {0x7f000000, 8},   // loopback
                                                      {0xa83f8110, 32},  // 168.63.129.16
                                                      {0xa9fe0000, 16},  // link-local, and most metadata
                                                      {0xac100000, 12},  // private
                                                      {0xc0000000, 24},  // protocol assignments
                                                      {0xc0586300, 24},  // 6to4 relays
                                                      {0xc0a80000, 16},  // private
                                                      {0xc6120000, 15},  // benchmarking
                                                      {0xe0000000, 4},   // multicast
                                                      {0xf0000000, 4}}}; // reserved, and broadcast
struct range_v6 {
    std::array<unsigned char, 6> first;
    unsigned bits;
};
inline constexpr std::array<range_v6, 8> special_v6{{{{0x00, 0x00}, 8}, // ::, ::1, mapped ...
                                                     {{0x00, 0x64, 0xff, 0x9b, 0x00, 0x01}, 48}, // RFC 8215
                                                     {{0x01, 0x00}, 48},             // discard (RFC 6666)
                                                     {{0x20, 0x01, 0x00, 0x00}, 32}, // Teredo
                                                     {{0xfc, 0x00}, 7},              // unique-local
                                                     {{0xfe, 0x80}, 10},             // link-local
                                                     {{0xfe, 0xc0}, 10},             // site-local
                                                     {{0xff, 0x00}, 8}}};            // multicast

CORTC_DECL bool is_special_v4(const boost::asio::ip::address_v4& address) noexcept {
    return std::ranges::any_of(special_v4, [value = address.to_uint()](const range_v4& each) {
        return (value ^ each.first) >> (32 - each.bits) == 0;
    });
}

/// The well-known prefix of NAT64 (RFC 6052 2.1), 64:ff9b::/96.
CORTC_DECL bool is_nat64(const boost::asio::ip::address_v6::bytes_type& bytes) noexcept {
    constexpr boost::asio::ip::address_v6::bytes_type prefix{0x00, 0x64, 0xff, 0x9b};
    return same_prefix(bytes, prefix, 96);
}

} // namespace detail

CORTC_DECL std::optional<address_range> address_range::parse(std::string_view text) {
    const auto slash = text.find('/');
    boost::system::error_code bad;
    const auto first = boost::asio::ip::make_address(std::string(text.substr(0, slash)), bad);
    if (bad) return {};
    const unsigned most = first.is_v4() ? 32 : 128;
    unsigned bits = most;
    if (slash != text.npos) {
        const auto number = text.substr(slash + 1);
        const auto* const end = number.data() + number.size();
        const auto read = std::from_chars(number.data(), end, bits);
        if (number.empty() || read.ec != std::errc() || read.ptr != end || bits > most) return {};
    }
    const bool exact = first.is_v4() ? detail::ends_there(first.to_v4().to_bytes(), bits)
                                     : detail::ends_there(first.to_v6().to_bytes(), bits);
    if (!exact) return {};
    return address_range(first, bits);
}

CORTC_DECL bool address_range::contains(const ip_address& address) const noexcept {
    if (address.is_v4() != first_.is_v4()) return false;
    return address.is_v4()
               ? detail::same_prefix(address.to_v4().to_bytes(), first_.to_v4().to_bytes(), bits_)
               : detail::same_prefix(address.to_v6().to_bytes(), first_.to_v6().to_bytes(), bits_);
}

CORTC_DECL std::optional<boost::asio::ip::address_v4>
embedded_ipv4(const boost::asio::ip::address_v6& address) noexcept {
    const auto bytes = address.to_bytes();
    const auto four = [&bytes](std::size_t at) {
        return boost::asio::ip::address_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
    };
    if (bytes[0] == 0x20 && bytes[1] == 0x02) return four(2);
    if (detail::is_nat64(bytes)) return four(12);
    if ((bytes[8] & 0xfd) == 0 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe) return four(12);
    if (std::all_of(bytes.begin(), bytes.begin() + 8, [](auto byte) { return byte == 0; })) {
        const bool translated = bytes[8] == 0xff && bytes[9] == 0xff && bytes[10] == 0 && bytes[11] == 0;
        const bool mapped = bytes[8] == 0 && bytes[9] == 0 && bytes[10] == 0xff && bytes[11] == 0xff;
        const bool compatible = bytes[8] == 0 && bytes[9] == 0 && bytes[10] == 0 && bytes[11] == 0;
        if (translated || mapped || compatible) return four(12);
    }
    return {};
}

CORTC_DECL bool is_special(const ip_address& address) noexcept {
    if (address.is_v4()) return detail::is_special_v4(address.to_v4());
    const auto bytes = address.to_v6().to_bytes();
    if (const auto inside = embedded_ipv4(address.to_v6()); inside && detail::is_special_v4(*inside))
        return true;
    if (detail::is_nat64(bytes)) return false; // a public address, by way of a translator
    return std::ranges::any_of(detail::special_v6, [&bytes](const detail::range_v6& each) {
        boost::asio::ip::address_v6::bytes_type first{};
        std::ranges::copy(each.first, first.begin());
        return detail::same_prefix(bytes, first, each.bits);
    });
}

CORTC_DECL bool peer_policy::denied(const ip_address& peer) const noexcept {
    const auto among = [this](const ip_address& address) {
        return std::ranges::any_of(denied_,
                                   [&](const address_range& each) { return each.contains(address); });
    };
    if (among(peer)) return true;
    const auto inside = peer.is_v6() ? embedded_ipv4(peer.to_v6()) : std::nullopt;
    return inside && among(*inside);
}

CORTC_DECL bool peer_policy::permits(const ip_address& peer) const noexcept {
    if (denied(peer)) return false;
    if (std::ranges::any_of(allowed_, [&](const address_range& each) { return each.contains(peer); }))
        return true;
    if (std::ranges::find(own_, peer) != own_.end()) return false;
    if (const auto inside = peer.is_v6() ? embedded_ipv4(peer.to_v6()) : std::nullopt;
        inside && std::ranges::find(own_, ip_address(*inside)) != own_.end())
        return false;
    return !is_special(peer);
}

} // namespace cortc::turn
