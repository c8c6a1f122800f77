#pragma once

#include "cortc/base/config.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace cortc {

/// What was received, or was to be sent, and had no effect.
struct drop_count {
    std::string_view layer;  ///< "transport", "socket", "ice", "mdns", "dtls", "srtp", "sctp", "data-channel"
    std::string_view reason; ///< "unknown ufrag"; for people, and the same for good
    std::uint64_t count = 0; ///< how often

    friend bool operator==(const drop_count&, const drop_count&) = default;
};

/// What a context has seen since it was made, in connections that there are and in those that are gone: they
/// never fall. A value. Add those of several contexts for the whole of a server.
struct context_totals {
    /// Connections that have ended, by how.
    struct end_count {
        /// "closed": by this side. "unconnected": the same, before it was ever connected. Else why it had
        /// failed when it was closed, as PeerConnection::failure() has it in errorDetail(): "peer-closed",
        /// "ice-failure", "dtls-failure", "fingerprint-failure".
        std::string_view how;
        std::uint64_t count = 0; ///< how many

        friend bool operator==(const end_count&, const end_count&) = default;
    };

    std::uint64_t connections_made = 0;      ///< all there ever were
    std::uint64_t connections_connected = 0; ///< of these, that were connected once or more often
    std::uint64_t connections_ended = 0;     ///< of these, that are closed; the sum of `ends`
    std::vector<end_count> ends;             ///< the ways that happened
    ///@{
    /// DTLS handshakes that have succeeded, and that have failed.
    std::uint64_t handshakes_made = 0, handshakes_failed = 0;
    ///@}
    ///@{
    /// UDP datagrams that are not STUN, and their bytes without UDP's and IP's headers.
    std::uint64_t packets_sent = 0, packets_received = 0;
    std::uint64_t bytes_sent = 0, bytes_received = 0;
    ///@}
    std::uint64_t channels_opened = 0; ///< data channels that have ever been open
    ///@{
    /// Of data channels, accepted by send() and received for receive(), and the bytes of their payload.
    std::uint64_t messages_sent = 0, messages_received = 0;
    std::uint64_t message_bytes_sent = 0, message_bytes_received = 0;
    ///@}
    std::vector<drop_count> drops; ///< those that happened

    /// Connections that are not closed.
    [[nodiscard]] std::uint64_t connections_open() const noexcept {
        return connections_made - connections_ended;
    }
    /// 0 when there were none.
    [[nodiscard]] std::uint64_t ended(std::string_view how) const noexcept;
    /// 0 when there were none.
    [[nodiscard]] std::uint64_t dropped(std::string_view layer, std::string_view reason) const noexcept;

    /// @private
    void add_end(std::string_view how, std::uint64_t count = 1);
    /// @private
    void add_drops(const std::vector<drop_count>& more);
    context_totals& operator+=(const context_totals& other); ///< as of one context
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/context/impl/totals.ipp"
#endif
