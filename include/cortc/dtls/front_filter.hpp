#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/log.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace cortc::dtls {

/// Stands before a DTLS server until the first ClientHello is whole, for a backend that expects it in one
/// record of one datagram and gives up on anything else (dtls_session::wants_whole_client_hello()). Browsers
/// split it (a post-quantum key share does not fit the MTU), and cut it differently when they repeat it. So:
/// fragments (RFC 6347 4.2.3) are put together by byte range, a record that holds the whole message is made
/// of them, and nothing else passes before it. Afterwards every datagram passes unchanged, except that a
/// repeated split ClientHello is cut down to the record with its end: each fragment would make the session
/// repeat its flight.
class front_filter {
  public:
    /// Body of a ClientHello: what one record holds behind the message's header (RFC 6347 4.1, 4.2.2).
    static constexpr std::size_t max_message = 16384 - 12;

    struct statistics {
        std::uint64_t dropped_stray = 0;     ///< before the ClientHello, and not part of one
        std::uint64_t dropped_malformed = 0; ///< a ClientHello (fragment) whose lengths contradict each other
        std::uint64_t dropped_too_long = 0;  ///< a ClientHello longer than max_message
        std::uint64_t dropped_repeated = 0;  ///< fragments of a repeated ClientHello
        std::uint64_t restarts = 0; ///< the peer began another ClientHello before the first was whole
    };

    explicit front_filter(logger log = {}) : log_(log) {}

    /// What to hand to the session for this datagram, if anything; a view of the argument or of the filter,
    /// valid until the next call.
    [[nodiscard]] std::optional<byte_view> filter(byte_view datagram);

    /// The first ClientHello has passed.
    [[nodiscard]] bool open() const noexcept { return open_; }
    [[nodiscard]] const statistics& stats() const noexcept { return stats_; }

  private:
    struct record;
    struct fragment;
    enum class verdict { incomplete, complete };

    static std::optional<record> next_record(byte_reader& in) noexcept;
    static std::optional<fragment> as_client_hello(const record& from) noexcept;
    verdict take(const record& from, const fragment& part);
    bool add(const fragment& part);
    void begin(const fragment& part);
    std::optional<byte_view> assemble();
    std::optional<byte_view> pass_open(byte_view datagram);

    logger log_;
    statistics stats_;
    bool open_ = false;
    std::uint16_t version_ = 0;     // of the newest fragment's record
    std::uint64_t sequence_ = 0;    // the highest of the fragments' records, with its epoch
    std::uint16_t message_seq_ = 0; // of the message that is being put together
    bytes message_;                 // its body; empty: none
    std::vector<std::pair<std::size_t, std::size_t>>
        ranges_; // of message_ that arrived: [begin, end), sorted, apart
    bytes output_;
};

} // namespace cortc::dtls

#if defined(CORTC_HEADER_ONLY)
#include "cortc/dtls/impl/front_filter.ipp"
#endif
