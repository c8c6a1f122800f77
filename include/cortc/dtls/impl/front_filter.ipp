#pragma once

#include "cortc/dtls/front_filter.hpp"

#include <algorithm>

namespace cortc::dtls {

/// A DTLS record (RFC 6347 4.1).
struct front_filter::record {
    std::uint8_t type = 0;
    std::uint16_t version = 0;
    std::uint64_t sequence = 0; // with the epoch in its upper 16 bits
    byte_view body;
};

/// Part of a ClientHello (RFC 6347 4.2.2): `data` belongs at `offset` of its body of `total` bytes.
struct front_filter::fragment {
    std::size_t total = 0, offset = 0;
    std::uint16_t message_seq = 0;
    byte_view data;
    [[nodiscard]] std::size_t end() const noexcept { return offset + data.size(); }
    [[nodiscard]] bool sound() const noexcept {
        return !data.empty() && offset <= total && data.size() <= total - offset;
    }
};

namespace detail {

// So many gaps only a peer that means harm leaves.
inline constexpr std::size_t max_ranges = 64;

/// Whether the lengths inside a ClientHello (RFC 6347 4.2.1, RFC 5246 7.4.1.2) add up: what does not would
/// make the session give up.
CORTC_DECL bool well_formed_client_hello(byte_view body) noexcept {
    byte_reader in(body);
    const auto major = in.u8();
    in.skip(1 + 32); // minor version, random
    const auto session_id = in.take(in.u8());
    in.skip(in.u8()); // cookie
    const auto suites = in.take(in.u16());
    const auto compressions = in.take(in.u8());
    if (!in.ok() || major != 0xfe || session_id.size() > 32) return false;
    if (suites.empty() || suites.size() % 2 != 0 || compressions.empty()) return false;
    if (in.remaining() == 0) return true; // extensions are optional
    byte_reader extensions(in.take(in.u16()));
    if (!in.ok() || in.remaining() != 0) return false;
    while (extensions.ok() && extensions.remaining() != 0) {
        extensions.skip(2);
        extensions.skip(extensions.u16());
    }
    return extensions.ok();
}

} // namespace detail

CORTC_DECL std::optional<front_filter::record> front_filter::next_record(byte_reader& in) noexcept {
    if (in.remaining() == 0) return std::nullopt;
    record next;
    next.type = in.u8();
    next.version = in.u16();
    next.sequence = in.u64();
    next.body = in.take(in.u16());
    if (!in.ok() || next.version >> 8 != 0xfe) return std::nullopt;
    return next;
}

CORTC_DECL std::optional<front_filter::fragment> front_filter::as_client_hello(const record& from) noexcept {
    constexpr std::uint8_t handshake = 22, client_hello = 1;
    const auto epoch = from.sequence >> 48;
    if (from.type != handshake || epoch != 0) return std::nullopt;
    byte_reader in(from.body);
    const auto kind = in.u8();
    fragment part;
    part.total = in.u24();
    part.message_seq = in.u16();
    part.offset = in.u24();
    const std::size_t size = in.u24();
    if (!in.ok() || kind != client_hello) return std::nullopt;
    // One message in a record: a length that says otherwise leaves the part without data, which is not sound.
    if (in.remaining() == size) part.data = in.rest();
    return part;
}

CORTC_DECL std::optional<byte_view> front_filter::filter(byte_view datagram) {
    if (open_) return pass_open(datagram);
    byte_reader in(datagram);
    while (const auto next = next_record(in)) {
        const auto part = as_client_hello(*next);
        if (!part) {
            ++stats_.dropped_stray;
            log_.debug("dropped a record of type {} before the ClientHello", next->type);
        } else if (take(*next, *part) == verdict::complete) {
            return assemble();
        }
    }
    if (!in.ok() || in.remaining() != 0) ++stats_.dropped_stray;
    return std::nullopt;
}

CORTC_DECL front_filter::verdict front_filter::take(const record& from, const fragment& part) {
    if (!part.sound()) {
        ++stats_.dropped_malformed;
        return verdict::incomplete;
    }
    if (part.total > max_message) {
        ++stats_.dropped_too_long;
        return verdict::incomplete;
    }
    const auto same = message_.size() == part.total && message_seq_ == part.message_seq;
    if (!same) begin(part);
    if (!add(part)) { // contradicts what is there: another ClientHello of the same size
        begin(part);
        (void)add(part);
    }
    if (from.sequence >= sequence_) {
        sequence_ = from.sequence;
        version_ = from.version;
    }
    if (ranges_.size() != 1 || ranges_[0].second - ranges_[0].first != part.total) return verdict::incomplete;
    if (detail::well_formed_client_hello(message_)) return verdict::complete;
    ++stats_.dropped_malformed;
    message_.clear();
    ranges_.clear();
    return verdict::incomplete;
}

CORTC_DECL void front_filter::begin(const fragment& part) {
    if (!message_.empty()) ++stats_.restarts;
    message_.assign(part.total, std::byte{0});
    message_seq_ = part.message_seq;
    sequence_ = 0;
    ranges_.clear();
}

// False when the fragment disagrees with bytes that arrived before, or leaves too many gaps.
CORTC_DECL bool front_filter::add(const fragment& part) {
    for (const auto& [begin, end] : ranges_) {
        const auto from = std::max(begin, part.offset), to = std::min(end, part.end());
        if (from < to && !std::equal(message_.begin() + static_cast<std::ptrdiff_t>(from),
                                     message_.begin() + static_cast<std::ptrdiff_t>(to),
                                     part.data.begin() + static_cast<std::ptrdiff_t>(from - part.offset)))
            return false;
    }
    std::ranges::copy(part.data, message_.begin() + static_cast<std::ptrdiff_t>(part.offset));
    ranges_.emplace_back(part.offset, part.end());
    std::sort(ranges_.begin(), ranges_.end());
    std::size_t last = 0; // join ranges that touch
    for (std::size_t i = 1; i < ranges_.size(); ++i) {
        if (ranges_[i].first <= ranges_[last].second)
            ranges_[last].second = std::max(ranges_[last].second, ranges_[i].second);
        else
            ranges_[++last] = ranges_[i];
    }
    ranges_.resize(last + 1);
    return ranges_.size() <= detail::max_ranges;
}

// The highest sequence number of the fragments: the session remembers it against replays, and answers with
// it.
CORTC_DECL std::optional<byte_view> front_filter::assemble() {
    const auto total = message_.size();
    output_.resize(13 + 12 + total);
    byte_writer out(output_);
    out.u8(22);
    out.u16(version_);
    out.u64(sequence_);
    out.u16(static_cast<std::uint16_t>(12 + total));
    out.u8(1);
    out.u24(static_cast<std::uint32_t>(total));
    out.u16(message_seq_);
    out.u24(0);
    out.u24(static_cast<std::uint32_t>(total));
    out.put(message_);
    open_ = true;
    message_ = {};
    ranges_ = {};
    return byte_view(output_);
}

CORTC_DECL std::optional<byte_view> front_filter::pass_open(byte_view datagram) {
    if (!output_.empty()) output_ = {};
    byte_reader in(datagram);
    for (;;) {
        const auto start = in.position();
        const auto next = next_record(in);
        const auto part = next ? as_client_hello(*next) : std::nullopt;
        if (!part || !part->sound() || part->end() == part->total) return datagram.subspan(start);
        ++stats_.dropped_repeated;
        if (in.remaining() == 0) return std::nullopt;
    }
}

} // namespace cortc::dtls
