#pragma once

#include "cortc/context/context_core.hpp"
#include "cortc/jsep/transceiver.hpp"
#include "cortc/media_stream.hpp"
#include "cortc/rtp_parameters.hpp"
#include "cortc/track.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cortc {

class transceiver_impl;
class transport_impl;

namespace detail {
/// Their ids. Throws errc::type for an empty handle, as an error of `where`.
[[nodiscard]] std::vector<std::string> stream_ids(const char* where, const std::vector<MediaStream>& streams);
} // namespace detail

/// The connection, as far as a transceiver knows it: the connection's header includes this one.
class transceiver_owner {
  public:
    virtual void set_direction(transceiver_impl& which, sdp::direction wish) = 0;
    virtual void stop(transceiver_impl& which) = 0;
    virtual void set_codec_preferences(transceiver_impl& which,
                                       std::vector<jsep::codec_capability> codecs) = 0;
    virtual void set_streams(transceiver_impl& which, std::vector<std::string> ids) = 0;
    /// None: the transceiver is gone.
    [[nodiscard]] virtual std::optional<jsep::send_parameters> get_parameters(transceiver_impl& which) = 0;
    virtual void set_parameters(transceiver_impl& which, RtpSendParameters parameters,
                                waiter_ptr<void> operation) = 0;
    virtual void replace_track(std::shared_ptr<transceiver_impl> which, std::optional<MediaStreamTrack> track,
                               waiter_ptr<void> operation) = 0;
    [[nodiscard]] virtual bool is_closed() const noexcept = 0;

  protected:
    ~transceiver_owner() = default;
};

/// What the handles of one transceiver, its sender and its receiver share: the state as of the last
/// description, and the way back to the connection for what the application changes.
class transceiver_impl {
  public:
    transceiver_impl(std::shared_ptr<context_core> core, std::weak_ptr<transceiver_owner> owner,
                     const jsep::transceiver& from);

    /// The negotiation went on.
    void update(const jsep::transceiver& now);
    /// It is stopped for good. `why`: what waits for its track fails with.
    void end(std::exception_ptr why);

    [[nodiscard]] const std::shared_ptr<context_core>& core() const noexcept { return core_; }
    [[nodiscard]] const std::weak_ptr<transceiver_owner>& owner() const noexcept { return owner_; }
    [[nodiscard]] jsep::transceiver_id id() const noexcept { return id_; }
    [[nodiscard]] MediaKind kind() const noexcept { return kind_; }
    [[nodiscard]] const std::string& mid() const noexcept { return mid_; }
    void forget_mid() noexcept { mid_.clear(); }
    [[nodiscard]] RtpTransceiverDirection direction() const noexcept { return direction_; }
    [[nodiscard]] std::optional<RtpTransceiverDirection> current_direction() const noexcept {
        return current_direction_;
    }
    [[nodiscard]] bool stopped() const noexcept { return stopped_; }

    void set_direction(RtpTransceiverDirection wish);
    void stop();
    void set_codec_preferences(const std::vector<RtpCodec>& codecs);

    /// Null: no local offer and no answer has given it one, or it is stopped.
    [[nodiscard]] const std::shared_ptr<transport_impl>& transport() const noexcept { return transport_; }
    void transport(std::shared_ptr<transport_impl> now) { transport_ = std::move(now); }

    // The sender.
    [[nodiscard]] const std::optional<MediaStreamTrack>& sender_track() const noexcept {
        return sender_track_;
    }
    void sender_track(std::optional<MediaStreamTrack> track) { sender_track_ = std::move(track); }
    [[nodiscard]] RtpSendParameters get_send_parameters();
    void set_parameters(RtpSendParameters parameters, waiter_ptr<void> operation);
    void set_streams(const std::vector<MediaStream>& streams);

    // The receiver.
    [[nodiscard]] const MediaStreamTrack& receiver_track() const noexcept { return receiver_track_; }
    [[nodiscard]] RtpReceiveParameters get_receive_parameters() const;
    /// The descriptions let the peer send.
    [[nodiscard]] bool receiving() const noexcept { return receiving_; }
    /// Those that its track is in, as the last description says.
    [[nodiscard]] const std::vector<MediaStream>& streams() const noexcept { return streams_; }
    void streams(std::vector<MediaStream> now) { streams_ = std::move(now); }

  private:
    void end_track(std::exception_ptr why);

    std::shared_ptr<context_core> core_;
    std::weak_ptr<transceiver_owner> owner_;
    jsep::transceiver_id id_;
    MediaKind kind_;
    std::string mid_;
    RtpTransceiverDirection direction_ = RtpTransceiverDirection::recvonly;
    std::optional<RtpTransceiverDirection> current_direction_;
    bool stopped_ = false;
    bool receiving_ = false;
    std::shared_ptr<transport_impl> transport_;
    std::optional<MediaStreamTrack> sender_track_;
    MediaStreamTrack receiver_track_;
    bool track_ends_ = false;
    std::vector<MediaStream> streams_;
    std::shared_ptr<const jsep::media_parameters> negotiated_;
    std::vector<jsep::encoding> encodings_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/transceiver.ipp"
#endif
