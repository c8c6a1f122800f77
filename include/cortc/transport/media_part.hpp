#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/log.hpp"
#include "cortc/base/time.hpp"
#include "cortc/crypto/dtls_session.hpp"
#include "cortc/net/network.hpp"
#include "cortc/srtp/session.hpp"
#include "cortc/transport/demultiplexer.hpp"

#include <memory>
#include <optional>

namespace cortc {

/// A packet of the peer that SRTP or SRTCP has authenticated and decrypted, in place.
struct media_packet {
    byte_span data;     ///< RTP, or compound RTCP; of the receive ring, and gone when the call returns
    time_point arrived; ///< as accurate as the batch it came in
    net::ecn mark = net::ecn::not_ect; ///< of the datagram
    bool rtcp = false;                 ///< else RTP
};

/// Takes what a transport receives of media: an engine behind it.
class rtp_sink {
  public:
    virtual void handle_media(const media_packet& packet) = 0;

  protected:
    ~rtp_sink() = default;
};

/// The media of one transport: SRTP, when its keys come, and who takes the packets. A transport for data
/// alone spends no memory on it.
class media_part {
  public:
    explicit media_part(logger log) : log_(log) {}

    /// Media was negotiated.
    void expect() noexcept { expected_ = true; }
    [[nodiscard]] bool expected() const noexcept { return expected_; }
    /// SRTP is to be started: media was negotiated, and there is no session yet.
    [[nodiscard]] bool wants_keys() const noexcept { return expected_ && !srtp_; }
    /// Whoever takes the packets must outlive this or be detached by null.
    void attach(rtp_sink* sink) noexcept { sink_ = sink; }

    /// With what DTLS has agreed on; nothing: on no protection profile.
    void start(const std::optional<crypto::srtp_keys>& keys, dtls_role role);
    /// The association that the keys came from is over.
    void stop() noexcept { srtp_.reset(); }

    /// Why a packet is not even looked at, if so.
    [[nodiscard]] std::optional<demux_drop> refuses() const noexcept;
    /// For packets that are not refused. What is authentic is true, and given to the sink; what is not,
    /// session() has counted.
    bool handle_packet(const net::datagram& packet, time_point now);
    [[nodiscard]] bool has_sink() const noexcept { return sink_ != nullptr; }

    /// Null while there are no keys.
    [[nodiscard]] const srtp::session* session() const noexcept { return srtp_.get(); }

  private:
    logger log_;
    std::unique_ptr<srtp::session> srtp_;
    rtp_sink* sink_ = nullptr;
    bool expected_ = false;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/transport/impl/media_part.ipp"
#endif
