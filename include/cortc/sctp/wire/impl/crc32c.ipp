#pragma once

#include "cortc/sctp/wire/crc32c.hpp"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <sys/auxv.h>
#endif

namespace cortc::sctp {

namespace detail {

constexpr std::array<std::uint32_t, 256> make_crc32c_table() noexcept {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        auto value = i;
        for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ 0x82f63b78u : value >> 1;
        table[i] = value;
    }
    return table;
}
inline constexpr auto crc32c_bytes = make_crc32c_table();

CORTC_DECL std::uint32_t crc32c_table(std::uint32_t state, byte_view data) noexcept {
    for (auto byte : data)
        state = crc32c_bytes[(state ^ std::to_integer<std::uint32_t>(byte)) & 0xff] ^ state >> 8;
    return state;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) CORTC_DECL std::uint32_t crc32c_sse42(std::uint32_t state,
                                                                        byte_view data) noexcept {
    std::uint64_t wide = state;
    std::size_t at = 0;
    for (; at + 8 <= data.size(); at += 8) {
        std::uint64_t word;
        std::memcpy(&word, data.data() + at, 8);
        wide = _mm_crc32_u64(wide, word);
    }
    state = static_cast<std::uint32_t>(wide);
    for (; at < data.size(); ++at) state = _mm_crc32_u8(state, std::to_integer<std::uint8_t>(data[at]));
    return state;
}

CORTC_DECL crc32c_function best_crc32c() noexcept {
    return __builtin_cpu_supports("sse4.2") ? crc32c_sse42 : crc32c_table;
}
#elif defined(__aarch64__) && defined(__linux__)
__attribute__((target("+crc"))) CORTC_DECL std::uint32_t crc32c_arm(std::uint32_t state,
                                                                    byte_view data) noexcept {
    std::size_t at = 0;
    for (; at + 8 <= data.size(); at += 8) {
        std::uint64_t word;
        std::memcpy(&word, data.data() + at, 8);
        state = __crc32cd(state, word);
    }
    for (; at < data.size(); ++at) state = __crc32cb(state, std::to_integer<std::uint8_t>(data[at]));
    return state;
}

CORTC_DECL crc32c_function best_crc32c() noexcept {
    constexpr unsigned long has_crc32 = 1ul << 7; // HWCAP_CRC32
    return (getauxval(AT_HWCAP) & has_crc32) != 0 ? crc32c_arm : crc32c_table;
}
#else
CORTC_DECL crc32c_function best_crc32c() noexcept { return crc32c_table; }
#endif

CORTC_DECL std::uint32_t crc32c_update(std::uint32_t state, byte_view data) noexcept {
    static const crc32c_function chosen = best_crc32c();
    return chosen(state, data);
}

} // namespace detail

CORTC_DECL std::uint32_t crc32c(byte_view data) noexcept { return ~detail::crc32c_update(~0u, data); }

CORTC_DECL std::uint32_t packet_checksum(byte_view packet) noexcept {
    constexpr std::array<std::byte, 4> zero{};
    auto state = detail::crc32c_update(~0u, packet.first(8));
    state = detail::crc32c_update(state, zero);
    return ~detail::crc32c_update(state, packet.subspan(12));
}

} // namespace cortc::sctp
