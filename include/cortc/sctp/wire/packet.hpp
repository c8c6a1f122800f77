#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/result.hpp"

#include <cstdint>
#include <optional>

namespace cortc::sctp {

/// The frame of an SCTP packet (RFC 9260 3): common header, then chunks, each padded to four bytes.

inline constexpr std::size_t common_header_size = 12;
inline constexpr std::size_t chunk_header_size = 4;

[[nodiscard]] constexpr std::size_t padded(std::size_t size) noexcept { return (size + 3) & ~std::size_t{3}; }

struct common_header {
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::uint32_t tag = 0; ///< verification tag
};

enum class packet_error { too_short, bad_checksum };
/// Checks length and checksum; the chunks follow at common_header_size.
[[nodiscard]] result<common_header, packet_error> parse_common_header(byte_view packet) noexcept;

enum class chunk_type : std::uint8_t {
    data = 0,
    init = 1,
    init_ack = 2,
    sack = 3,
    heartbeat = 4,
    heartbeat_ack = 5,
    abort = 6,
    shutdown = 7,
    shutdown_ack = 8,
    error = 9,
    cookie_echo = 10,
    cookie_ack = 11,
    shutdown_complete = 14,
    re_config = 130,   ///< RFC 6525
    pad = 132,         ///< RFC 4820
    forward_tsn = 192, ///< RFC 3758
};

/// A view of one chunk inside its packet.
struct chunk {
    chunk_type type{};
    std::uint8_t flags = 0;
    byte_view value;
    byte_view whole; ///< with its header, without padding
};

/// Walks over the chunks of a packet. A chunk whose length does not fit ends the walk and makes ok() false;
/// padding missing after the last chunk is forgiven.
class chunk_reader {
  public:
    explicit chunk_reader(byte_view chunks) noexcept : rest_(chunks) {}
    [[nodiscard]] std::optional<chunk> next() noexcept;
    [[nodiscard]] bool ok() const noexcept { return ok_; }

  private:
    byte_view rest_;
    bool ok_ = true;
};

/// A type-length-value structure: a parameter (RFC 9260 3.2.1) or an error cause (3.3.10).
struct tlv {
    std::uint16_t type = 0;
    byte_view value;
    byte_view whole; ///< with its header, without padding
};
class tlv_reader {
  public:
    explicit tlv_reader(byte_view data) noexcept : rest_(data) {}
    [[nodiscard]] std::optional<tlv> next() noexcept;
    [[nodiscard]] bool ok() const noexcept { return ok_; }

  private:
    byte_view rest_;
    bool ok_ = true;
};

/// Builds one packet in the caller's buffer.
class packet_builder {
  public:
    /// The packet will not be longer than `out` rounded down to a multiple of four; at least
    /// common_header_size.
    packet_builder(byte_span out, const common_header& header) noexcept;

    /// How long the value of one more chunk may be.
    [[nodiscard]] std::size_t room() const noexcept;
    /// How long the packet may be.
    [[nodiscard]] std::size_t capacity() const noexcept { return out_.size(); }
    [[nodiscard]] bool fits(std::size_t value_size) const noexcept { return value_size <= room(); }
    [[nodiscard]] bool empty() const noexcept { return size_ == common_header_size; }

    /// Adds a chunk with a value of exactly `value_size` bytes, which the returned writer has to fill.
    /// What does not fit is not added; the writer then has no room.
    byte_writer add(chunk_type type, std::uint8_t flags, std::size_t value_size) noexcept;
    void add(chunk_type type, std::uint8_t flags, byte_view value) noexcept;
    /// Fills in the checksum; the size of the packet.
    [[nodiscard]] std::size_t finish() noexcept;

  private:
    byte_span out_;
    std::size_t size_ = 0;
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/wire/impl/packet.ipp"
#endif
