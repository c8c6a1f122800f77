#pragma once

#include "cortc/crypto/certificate_names.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>

namespace cortc::crypto {

namespace detail {

/// One element of DER (X.690 8.1), with a length of at most three bytes.
struct der_element {
    std::uint8_t tag = 0;
    byte_view body;
};

CORTC_DECL der_element next_element(byte_reader& in) {
    der_element next;
    next.tag = in.u8();
    std::size_t size = in.u8();
    if (size == 0x81)
        size = in.u8();
    else if (size == 0x82)
        size = in.u16();
    else if (size == 0x83)
        size = in.u24();
    else if (size > 0x7f)
        size = SIZE_MAX; // nothing here is that long
    next.body = in.take(size);
    return next;
}

/// The body of the subjectAltName in a certificate's extensions; empty when there is none.
CORTC_DECL byte_view alternative_names(byte_view extensions) {
    constexpr std::array oid{std::byte{0x55}, std::byte{0x1d}, std::byte{0x11}}; // 2.5.29.17
    byte_reader in(extensions);
    while (in.ok() && in.remaining() != 0) {
        byte_reader one(next_element(in).body);
        const auto id = next_element(one);
        auto value = next_element(one);
        if (value.tag == 0x01) value = next_element(one); // critical
        if (!one.ok() || value.tag != 0x04 || !std::ranges::equal(id.body, oid)) continue;
        byte_reader inner(value.body);
        const auto names = next_element(inner);
        return inner.ok() && names.tag == 0x30 ? names.body : byte_view();
    }
    return {};
}

CORTC_DECL bool same_letters(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(a, b, {}, lower, lower);
}

CORTC_DECL bool name_matches(std::string_view pattern, std::string_view name) {
    if (!pattern.starts_with("*.")) return same_letters(pattern, name);
    const auto dot = name.find('.');
    if (dot == std::string_view::npos || dot == 0) return false;
    const auto rest = pattern.substr(1);
    return rest.find('.', 1) != std::string_view::npos && same_letters(rest, name.substr(dot));
}

} // namespace detail

CORTC_DECL certificate_names names_of(byte_view der) {
    constexpr std::size_t most = 256;
    certificate_names found;
    byte_reader whole(der);
    byte_reader outer(detail::next_element(whole).body);
    byte_reader body(detail::next_element(outer).body); // TBSCertificate
    while (body.ok() && body.remaining() != 0) {
        const auto field = detail::next_element(body);
        if (!body.ok() || field.tag != 0xa3) continue;
        byte_reader list(field.body);
        byte_reader names(detail::alternative_names(detail::next_element(list).body));
        while (names.ok() && names.remaining() != 0) {
            const auto name = detail::next_element(names);
            if (!names.ok()) break;
            if (name.tag == 0x82 && found.names.size() < most) found.names.emplace_back(as_text(name.body));
            if (name.tag != 0x87 || found.addresses.size() == most) continue;
            if (name.body.size() == 4) {
                boost::asio::ip::address_v4::bytes_type octets;
                std::memcpy(octets.data(), name.body.data(), octets.size());
                found.addresses.emplace_back(boost::asio::ip::address_v4(octets));
            } else if (name.body.size() == 16) {
                boost::asio::ip::address_v6::bytes_type octets;
                std::memcpy(octets.data(), name.body.data(), octets.size());
                found.addresses.emplace_back(boost::asio::ip::address_v6(octets));
            }
        }
    }
    return found;
}

CORTC_DECL bool certificate_names::match(std::string_view peer) const {
    boost::system::error_code no_literal;
    const auto literal = boost::asio::ip::make_address(std::string(peer), no_literal);
    if (!no_literal) return std::ranges::find(addresses, literal) != addresses.end();
    if (peer.ends_with('.')) peer.remove_suffix(1); // the root's
    return !peer.empty() && std::ranges::any_of(names, [peer](const std::string& one) {
        return detail::name_matches(one, peer);
    });
}

CORTC_DECL std::string certificate_names::text() const {
    constexpr std::size_t shown = 5;
    std::string all;
    auto add = [&, count = std::size_t{}](std::string_view one) mutable {
        if (++count > shown + 1) return;
        if (!all.empty()) all += ", ";
        if (count > shown)
            all += "...";
        else
            for (char c : one.substr(0, 255)) all += c >= ' ' && c <= '~' ? c : '?';
    };
    for (const auto& one : names) add(one);
    for (const auto& one : addresses) add(one.to_string());
    return all.empty() ? "nothing in its subjectAltName" : all;
}

} // namespace cortc::crypto
