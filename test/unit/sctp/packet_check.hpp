#pragma once

#include "cortc/sctp/wire/packet.hpp"

#include <algorithm>
#include <stdexcept>

namespace cortc::sctp::test {

/// What every packet of ours must keep to (RFC 9260 3.2, 6.10): whole chunks with zero padding, control
/// chunks before DATA, and INIT, INIT-ACK and SHUTDOWN-COMPLETE alone.
inline void check_packet(byte_view packet) {
    const auto require = [](bool good, const char* what) {
        if (!good) throw std::logic_error(what);
    };
    require(parse_common_header(packet).has_value(), "bad common header");
    require(packet.size() % 4 == 0, "packet not padded");
    chunk_reader chunks(packet.subspan(common_header_size));
    bool data = false;
    bool lonely = false;
    std::size_t count = 0;
    while (auto found = chunks.next()) {
        ++count;
        const auto type = found->type;
        require(type == chunk_type::data || !data, "control chunk after DATA");
        data = data || type == chunk_type::data;
        lonely = lonely || type == chunk_type::init || type == chunk_type::init_ack ||
                 type == chunk_type::shutdown_complete;
        const auto* end = found->whole.data() + found->whole.size();
        const auto size = padded(found->whole.size()) - found->whole.size();
        require(std::all_of(end, end + size, [](std::byte b) { return b == std::byte{0}; }), "padding");
    }
    require(chunks.ok(), "chunk lengths");
    require(count == 1 || !lonely, "a chunk that must be alone is not");
}

} // namespace cortc::sctp::test
