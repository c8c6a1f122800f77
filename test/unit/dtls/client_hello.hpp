#pragma once

#include "cortc/base/bytes.hpp"
#include "test/support/catch.hpp"
#include "test/unit/crypto/dtls_pair.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace cortc::test {

inline bytes file(const std::string& name) {
    std::ifstream in(fmt::format("{}/dtls/{}", CORTC_TEST_DATA, name), std::ios::binary);
    const std::string all{std::istreambuf_iterator<char>(in), {}};
    REQUIRE_FALSE(all.empty());
    const auto view = as_bytes(all);
    return {view.begin(), view.end()};
}

/// The datagrams of one direction ('<': from the browser) of a capture: direction, a double of milliseconds,
/// a little-endian length, the datagram.
inline std::vector<bytes> captured(const std::string& name, char direction) {
    const auto all = file(name);
    std::vector<bytes> out;
    for (std::size_t at = 0; at + 11 <= all.size();) {
        const auto size =
            std::to_integer<std::size_t>(all[at + 9]) | std::to_integer<std::size_t>(all[at + 10]) << 8;
        const auto begin = all.begin() + static_cast<std::ptrdiff_t>(at + 11);
        if (static_cast<char>(all[at]) == direction)
            out.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
        at += 11 + size;
    }
    return out;
}

/// A record with the part [begin, end) of a ClientHello's body.
inline bytes part_of(byte_view body, std::size_t begin, std::size_t end, std::uint64_t sequence,
                     std::uint16_t message_seq = 0) {
    bytes out(13 + 12 + end - begin);
    byte_writer to(out);
    to.u8(22);
    to.u16(0xfefd);
    to.u64(sequence);
    to.u16(static_cast<std::uint16_t>(12 + end - begin));
    to.u8(1);
    to.u24(static_cast<std::uint32_t>(body.size()));
    to.u16(message_seq);
    to.u24(static_cast<std::uint32_t>(begin));
    to.u24(static_cast<std::uint32_t>(end - begin));
    to.put(body.subspan(begin, end - begin));
    return out;
}

inline bytes whole(byte_view body, std::uint64_t sequence = 0) {
    return part_of(body, 0, body.size(), sequence);
}

/// The ClientHello of a cortc client, without headers.
inline bytes own_client_hello() {
    dtls_end client(options_for(dtls_role::client));
    client.session->start(time_point(1h));
    std::array<std::byte, 2048> space;
    const auto size = client.session->poll_transmit(space);
    REQUIRE(size);
    return {space.begin() + 25, space.begin() + static_cast<std::ptrdiff_t>(*size)};
}

} // namespace cortc::test
