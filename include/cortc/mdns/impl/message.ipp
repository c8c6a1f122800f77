#pragma once

#include "cortc/mdns/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace cortc::mdns {

namespace detail {

inline constexpr std::uint16_t class_in = 1, class_any = 255;
inline constexpr std::uint16_t top_bit = 0x8000; // of a class: QU in a question, cache flush in a record
inline constexpr std::uint16_t response_flag = 0x8000, authoritative_flag = 0x0400;
inline constexpr std::uint16_t operation_and_error = 0x780f;
inline constexpr std::size_t uuid_size = 36;
inline constexpr std::string_view suffix = ".local";

CORTC_DECL char small(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// The name that begins at `at`, which becomes the place after it; nothing when it is none. Each pointer
/// leads to before the one that it was read from: there is no way round in circles (RFC 1035 4.1.4).
CORTC_DECL std::optional<std::string> read_name(byte_view message, std::size_t& at) {
    std::string name;
    std::size_t here = at, before = at, size = 0;
    bool jumped = false;
    while (here < message.size()) {
        const auto length = std::to_integer<std::size_t>(message[here]);
        if (length >= 0xc0) {
            if (here + 1 >= message.size()) return {};
            const auto to = (length & 0x3f) << 8 | std::to_integer<std::size_t>(message[here + 1]);
            if (!std::exchange(jumped, true)) at = here + 2;
            if (to >= before) return {};
            here = before = to;
            continue;
        }
        if (length > 63 || (size += length + 1) > max_name) return {};
        if (length == 0) {
            if (!jumped) at = here + 1;
            return name;
        }
        if (message.size() - here - 1 < length) return {};
        if (!name.empty()) name += '.';
        for (const char c : as_text(message.subspan(here + 1, length))) {
            if (c == '.' || c == '\\') name += '\\'; // of the label: it separates nothing
            name += small(c);
        }
        here += length + 1;
    }
    return {};
}

CORTC_DECL void write_name(byte_writer& out, std::string_view name) {
    while (!name.empty()) {
        const auto label = name.substr(0, name.find('.'));
        out.u8(static_cast<std::uint8_t>(label.size()));
        out.put(as_bytes(label));
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    out.u8(0);
}

CORTC_DECL void write_header(byte_writer& out, std::uint16_t flags, std::uint16_t questions,
                             std::uint16_t answers, std::uint16_t additional) {
    for (const std::uint16_t field :
         {std::uint16_t{0}, flags, questions, answers, std::uint16_t{0}, additional})
        out.u16(field);
}

CORTC_DECL record_type type_of(const ip_address& address) noexcept {
    return address.is_v6() ? record_type::aaaa : record_type::a;
}

CORTC_DECL void write_address(byte_writer& out, std::string_view name, const ip_address& address,
                              std::uint32_t seconds) {
    write_name(out, name);
    out.u16(static_cast<std::uint16_t>(type_of(address)));
    out.u16(class_in | top_bit);
    out.u32(seconds);
    const auto put = [&out](const auto& raw) {
        out.u16(static_cast<std::uint16_t>(raw.size()));
        out.put(std::as_bytes(std::span(raw)));
    };
    if (address.is_v6())
        put(address.to_v6().to_bytes());
    else
        put(address.to_v4().to_bytes());
}

/// RFC 6762 6.1: the one type of record that the name has.
CORTC_DECL void write_nothing_else(byte_writer& out, std::string_view name, record_type only,
                                   std::uint32_t seconds) {
    const auto bit = static_cast<unsigned>(only);
    write_name(out, name);
    out.u16(static_cast<std::uint16_t>(record_type::nsec));
    out.u16(class_in | top_bit);
    out.u32(seconds);
    const auto length_at = out.position();
    out.u16(0);
    const auto begin = out.position();
    write_name(out, name);
    out.u8(0); // the window of types 0 to 255
    out.u8(static_cast<std::uint8_t>(bit / 8 + 1));
    out.zero(bit / 8);
    out.u8(static_cast<std::uint8_t>(0x80U >> bit % 8));
    out.patch_u16(length_at, static_cast<std::uint16_t>(out.position() - begin));
}

/// False when it makes the message malformed.
CORTC_DECL bool read_record(byte_view data, std::size_t& at, message& into) {
    auto name = read_name(data, at);
    if (!name) return false;
    byte_reader fields(data.subspan(at));
    const auto type = fields.u16();
    const auto cls = static_cast<std::uint16_t>(fields.u16() & ~top_bit);
    const auto seconds = fields.u32();
    const auto value = fields.take(fields.u16());
    if (!fields.ok()) return false;
    at += fields.position();
    if (cls != class_in) return true;
    const auto add = [&](auto raw, auto make) {
        if (value.size() != raw.size()) return false;
        std::memcpy(raw.data(), value.data(), raw.size());
        into.addresses.push_back({std::move(*name), ip_address(make(raw)), seconds == 0});
        return true;
    };
    using boost::asio::ip::address_v4, boost::asio::ip::address_v6;
    if (type == static_cast<std::uint16_t>(record_type::a))
        return add(address_v4::bytes_type{}, [](const auto& raw) { return address_v4(raw); });
    if (type == static_cast<std::uint16_t>(record_type::aaaa))
        return add(address_v6::bytes_type{}, [](const auto& raw) { return address_v6(raw); });
    return true;
}

} // namespace detail

CORTC_DECL ip_address group(bool v6) {
    using boost::asio::ip::address_v4, boost::asio::ip::address_v6;
    if (!v6) return address_v4(0xe00000fb);
    return address_v6(address_v6::bytes_type{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb});
}

CORTC_DECL std::string_view to_string(drop_reason reason) noexcept {
    constexpr std::array<std::string_view, static_cast<std::size_t>(drop_reason::count)> names{
        "too long",         "malformed",        "unexpected message", "wrong port",
        "unusable address", "too many answers", "too many names",     "no random name"};
    return reason < drop_reason::count ? names[static_cast<std::size_t>(reason)] : "unknown";
}

CORTC_DECL result<message, drop_reason> parse(byte_view data) {
    if (data.size() > max_message) return drop_reason::too_long;
    byte_reader header(data);
    header.skip(2); // the id means nothing here (RFC 6762 18.1)
    const auto flags = header.u16();
    const std::size_t questions = header.u16();
    std::size_t records = header.u16();
    records += header.u16();
    records += header.u16();
    if (!header.ok()) return drop_reason::malformed;
    if ((flags & detail::operation_and_error) != 0) return drop_reason::unexpected;
    if (questions > max_questions || records > max_records) return drop_reason::malformed;
    message read;
    read.response = (flags & detail::response_flag) != 0;
    auto at = header.position();
    for (std::size_t i = 0; i < questions; ++i) {
        auto name = detail::read_name(data, at);
        if (!name) return drop_reason::malformed;
        byte_reader fields(data.subspan(at));
        const auto type = fields.u16();
        const auto cls = static_cast<std::uint16_t>(fields.u16() & ~detail::top_bit);
        if (!fields.ok()) return drop_reason::malformed;
        at += fields.position();
        if (cls == detail::class_in || cls == detail::class_any)
            read.questions.push_back({std::move(*name), type});
    }
    for (std::size_t i = 0; i < records; ++i)
        if (!detail::read_record(data, at, read)) return drop_reason::malformed;
    return read;
}

CORTC_DECL bool is_candidate_name(std::string_view name) noexcept {
    if (name.size() != detail::uuid_size + detail::suffix.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = detail::small(name[i]);
        const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        const bool good = i >= detail::uuid_size ? c == detail::suffix[i - detail::uuid_size]
                          : i == 8 || i == 13 || i == 18 || i == 23 ? c == '-'
                                                                    : digit;
        if (!good) return false;
    }
    return true;
}

CORTC_DECL std::string small(std::string_view name) {
    std::string made(name);
    std::ranges::transform(made, made.begin(), [](char c) { return detail::small(c); });
    return made;
}

CORTC_DECL std::string make_candidate_name(random_source& random) {
    const auto high = random.u64(), low = random.u64();
    return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}{}", high >> 32, high >> 16 & 0xffff,
                       high & 0xfff, (low >> 48 & 0x3fff) | 0x8000, low & 0xffffffffffff, detail::suffix);
}

CORTC_DECL std::size_t write_query(byte_span out, std::string_view name, record_type type) {
    byte_writer writer(out);
    detail::write_header(writer, 0, 1, 0, 0);
    detail::write_name(writer, name);
    writer.u16(static_cast<std::uint16_t>(type));
    writer.u16(detail::class_in);
    return writer.ok() ? writer.position() : 0;
}

CORTC_DECL std::size_t write_answer(byte_span out, std::string_view name, const ip_address& address,
                                    bool only_that) {
    constexpr std::uint32_t seconds = 120; // RFC 6762 10
    byte_writer writer(out);
    detail::write_header(writer, detail::response_flag | detail::authoritative_flag, 0, 1, only_that ? 0 : 1);
    if (!only_that) detail::write_address(writer, name, address, seconds);
    detail::write_nothing_else(writer, name, detail::type_of(address), seconds);
    return writer.ok() ? writer.position() : 0;
}

CORTC_DECL std::size_t write_goodbye(byte_span out, std::string_view name, const ip_address& address) {
    byte_writer writer(out);
    detail::write_header(writer, detail::response_flag | detail::authoritative_flag, 0, 1, 0);
    detail::write_address(writer, name, address, 0);
    return writer.ok() ? writer.position() : 0;
}

} // namespace cortc::mdns
