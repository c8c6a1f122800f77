#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"

#include <cstdint>

namespace cortc::sctp {

/// CRC-32C (Castagnoli), RFC 9260 appendix A. Chosen at run time: the processor's instruction or a table.
[[nodiscard]] std::uint32_t crc32c(byte_view data) noexcept;

/// The checksum of an SCTP packet (at least 12 bytes): as if its checksum field were zero.
[[nodiscard]] std::uint32_t packet_checksum(byte_view packet) noexcept;

namespace detail {
/// Takes and returns the register, that is the CRC before its final inversion.
using crc32c_function = std::uint32_t (*)(std::uint32_t state, byte_view data) noexcept;
[[nodiscard]] std::uint32_t crc32c_table(std::uint32_t state, byte_view data) noexcept;
/// The fastest implementation this processor has.
[[nodiscard]] crc32c_function best_crc32c() noexcept;
} // namespace detail

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/wire/impl/crc32c.ipp"
#endif
