#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/dtls_role.hpp"
#include "cortc/base/result.hpp"
#include "cortc/base/time.hpp"
#include "cortc/crypto/srtp_keys.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

/// Secure RTP (RFC 3711), on libsrtp, with the keys of DTLS-SRTP (RFC 5764).
namespace cortc::srtp {

/// Why a packet was not protected or unprotected.
enum class drop_reason : std::uint8_t {
    too_short,        ///< for its header, and inbound for what SRTP adds
    too_long,         ///< more than a datagram can hold
    malformed,        ///< not version 2, or its fields exceed it; SRTCP that says it is not encrypted
    no_room,          ///< the buffer ends before what SRTP adds
    wrong_tag,        ///< authentication failed
    replayed,         ///< seen before; outbound, its index has protected another packet
    too_old,          ///< older than the replay window
    too_many_streams, ///< of a new SSRC, and there are options::max_streams, none of them silent
    forgotten,        ///< of an SSRC that was silent, and whose stream made room for another one
    key_expired,      ///< 2^48 packets of RTP or 2^31 of RTCP have been protected (RFC 3711 9.2)
    internal,         ///< libsrtp had no memory, or its cipher failed
    count
};
std::string_view to_string(drop_reason reason) noexcept;

struct options {
    options() = default;
    /// RFC 5764 4.2: the DTLS client's write keys protect what the client sends, the server's what the server
    /// sends. `role` is our own.
    options(const crypto::srtp_keys& keys, dtls_role role) noexcept;

    crypto::srtp_profile profile = crypto::srtp_profile::aes128_cm_sha1_80;
    crypto::srtp_master_key outbound, inbound; ///< of the profile's sizes
    /// Streams (SSRCs) of either direction at a time, at least one: see session.
    std::size_t max_streams = 1024;
    /// A participant sends RTCP at least every few seconds, and times out after five times as long (RFC 3550
    /// 6.3.5).
    duration silence = std::chrono::seconds(30);
};

struct statistics {
    std::uint64_t rtp_protected = 0, rtcp_protected = 0, rtp_unprotected = 0, rtcp_unprotected = 0;
    ///@{
    /// By drop_reason.
    std::array<std::uint64_t, static_cast<std::size_t>(drop_reason::count)> inbound_drops{}, outbound_drops{};
    ///@}
};

/// Both directions of SRTP and SRTCP between two peers, any number of streams up to a limit. An engine: no
/// clock, no socket. Packets are changed in place.
///
/// A stream is made for an SSRC by its first packet, inbound only after that packet is authentic: forged
/// packets leave nothing behind. A packet of a known stream allocates nothing.
///
/// Where there are options::max_streams, the one that has been silent for longest makes room for a new one,
/// if that is options::silence or more; RTP and RTCP count alike, and what time it is says set_time(). What
/// the stream knew of its packets' numbers is gone, and so the SSRC is over: its packets are refused as
/// forgotten, for inbound they could be replayed, and outbound they would have the key stream of others. That
/// is remembered for the latest remembered_per_stream * max_streams of such SSRCs, at four bytes each. Beyond
/// those the directions differ: outbound nothing new is sent (too_many_streams); inbound the oldest is as if
/// it had never been, and somebody who recorded its packets could replay them, unless its sequence numbers
/// had rolled over.
///
/// The window against replay (RFC 3711 3.3.2, at least 64) is 1024 packets: video of 10 Mbit/s has a thousand
/// packets a second, and what is resent on demand comes a round trip or two late. It takes 128 bytes of a
/// stream. That of SRTCP is libsrtp's, 128.
///
/// @par Errors
/// A drop_reason for each packet that is refused. Nothing throws for what a peer sent; std::bad_alloc may be
/// thrown for the first packet of a stream, which leaves nothing behind then.
///
/// @par Cancellation
/// Nothing waits.
///
/// @par Thread safety
/// One thread at a time.
class session {
  public:
    using size_or_reason = result<std::size_t, drop_reason>;

    /// What protect_rtp() and protect_rtcp() append at most: the tag of AES-GCM, and for RTCP the index (RFC
    /// 3711 3.4).
    static constexpr std::size_t max_trailer = 20;
    /// How many SSRCs that made room are remembered.
    static constexpr std::size_t remembered_per_stream = 16;

    /// Null when libsrtp cannot be started, has no memory or not the profile (see supports()), or when a key
    /// has not the profile's size.
    [[nodiscard]] static std::unique_ptr<session> make(const options& with);
    /// Whether the libsrtp that is linked has the profile's cipher: AES-GCM only if it was built with a
    /// library that brings it (OpenSSL, NSS, mbedTLS).
    [[nodiscard]] static bool supports(crypto::srtp_profile profile) noexcept;
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    ~session();

    /// When the next packets come or go. As long as nobody says so, no stream counts as silent.
    void set_time(time_point now) noexcept;

    ///@{
    /// The packet is the first `size` bytes of `buffer`, whose rest is room for the trailer. Returns the new
    /// size. A sequence number protects one packet only, since two would have the same key stream (RFC 3711
    /// 9.1): what is to be sent again is kept protected, or goes as RTX. A refused packet is unchanged.
    size_or_reason protect_rtp(byte_span buffer, std::size_t size);
    size_or_reason protect_rtcp(byte_span buffer, std::size_t size);
    ///@}

    ///@{
    /// Returns the size of the RTP or RTCP packet at the front of `packet`. A refused one is unchanged; with
    /// AES-GCM one with a wrong tag may be overwritten behind its header, as libsrtp decrypts before it
    /// knows.
    size_or_reason unprotect_rtp(byte_span packet);
    size_or_reason unprotect_rtcp(byte_span packet);
    ///@}

    [[nodiscard]] crypto::srtp_profile used_profile() const noexcept { return profile_; }
    [[nodiscard]] std::size_t inbound_streams() const noexcept;
    [[nodiscard]] std::size_t outbound_streams() const noexcept;
    [[nodiscard]] const statistics& stats() const noexcept { return stats_; }

  private:
    struct direction;
    enum class kind : std::uint8_t { rtp, rtcp };

    explicit session(crypto::srtp_profile profile);
    size_or_reason protect(kind what, byte_span buffer, std::size_t size);
    size_or_reason unprotect(kind what, byte_span packet);
    [[nodiscard]] std::size_t trailer(kind what) const noexcept;

    crypto::srtp_profile profile_;
    std::unique_ptr<direction> outbound_, inbound_;
    statistics stats_;
};

/// Tells RTCP from RTP on one port (RFC 5761 4: packet types 192 to 223). Protected or not: the second byte
/// is never encrypted.
[[nodiscard]] inline bool is_rtcp(byte_view packet) noexcept {
    return packet.size() >= 2 && packet[1] >= std::byte{192} && packet[1] <= std::byte{223};
}

} // namespace cortc::srtp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/srtp/impl/session.ipp"
#endif
