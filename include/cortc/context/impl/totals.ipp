#pragma once

#include "cortc/context/totals.hpp"

#include <algorithm>

namespace cortc {

CORTC_DECL std::uint64_t context_totals::ended(std::string_view how) const noexcept {
    const auto at = std::ranges::find(ends, how, &end_count::how);
    return at == ends.end() ? 0 : at->count;
}

CORTC_DECL std::uint64_t context_totals::dropped(std::string_view layer,
                                                 std::string_view reason) const noexcept {
    for (const auto& each : drops)
        if (each.layer == layer && each.reason == reason) return each.count;
    return 0;
}

CORTC_DECL void context_totals::add_end(std::string_view how, std::uint64_t count) {
    auto at = std::ranges::find(ends, how, &end_count::how);
    if (at == ends.end()) at = ends.insert(at, {how, 0});
    at->count += count;
    connections_ended += count;
}

CORTC_DECL void context_totals::add_drops(const std::vector<drop_count>& more) {
    for (const auto& each : more) {
        auto at = std::ranges::find_if(drops, [&](const drop_count& known) {
            return known.layer == each.layer && known.reason == each.reason;
        });
        if (at == drops.end()) at = drops.insert(at, {each.layer, each.reason, 0});
        at->count += each.count;
    }
}

CORTC_DECL context_totals& context_totals::operator+=(const context_totals& other) {
    const context_totals from = other; // which may be this one
    connections_made += from.connections_made;
    connections_connected += from.connections_connected;
    handshakes_made += from.handshakes_made;
    handshakes_failed += from.handshakes_failed;
    packets_sent += from.packets_sent;
    packets_received += from.packets_received;
    bytes_sent += from.bytes_sent;
    bytes_received += from.bytes_received;
    channels_opened += from.channels_opened;
    messages_sent += from.messages_sent;
    messages_received += from.messages_received;
    message_bytes_sent += from.message_bytes_sent;
    message_bytes_received += from.message_bytes_received;
    for (const auto& each : from.ends) add_end(each.how, each.count);
    add_drops(from.drops);
    return *this;
}

} // namespace cortc
