#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/log.hpp"
#include "cortc/connection/media_stream.hpp"
#include "cortc/connection/negotiation.hpp"
#include "cortc/connection/part_owner.hpp"
#include "cortc/connection/transceiver.hpp"
#include "cortc/connection/transport_view.hpp"
#include "cortc/jsep/session.hpp"
#include "cortc/media_stream.hpp"
#include "cortc/rtp_transceiver.hpp"

#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cortc {

/// The transceivers that the application sees, and the streams of the peer's tracks.
class connection_media final : public transceiver_owner {
  public:
    using transceiver_list = std::vector<std::shared_ptr<transceiver_impl>>;
    /// What a description did to the transceivers.
    struct news {
        transceiver_list gone;
        std::vector<MediaStreamTrack> muted;               // not received any more; they are to be told
        std::vector<std::shared_ptr<stream_impl>> streams; // that nobody knew before
    };

    connection_media(part_owner& owner, negotiation& negotiating, jsep::session& session);

    // webrtc-pc 5.1.
    std::shared_ptr<transceiver_impl> add_transceiver(MediaKind kind, std::optional<MediaStreamTrack> track,
                                                      const RtpTransceiverInit& init);
    std::shared_ptr<transceiver_impl> add_track(const MediaStreamTrack& track,
                                                const std::vector<MediaStream>& streams);
    void remove_track(const RtpSender& sender);
    /// In the order in which they appeared.
    [[nodiscard]] const transceiver_list& transceivers() const noexcept { return transceivers_; }
    [[nodiscard]] event_stream<TrackEvent>& track_events() noexcept { return track_events_; }

    // What descriptions do.
    /// Brings the application's transceivers to what the session has now.
    [[nodiscard]] news sync();
    /// Those transceivers' tracks that are not received any more.
    static void mute(news& what);
    void tell(const jsep::remote_track_left& left, const news& what);
    void tell(const jsep::remote_track_joined& joined, const news& what);
    void tell(const jsep::remote_track& seen);
    /// The transports of senders and receivers. `view_of` looks one up, once for each transport that carries
    /// media.
    void place(const std::function<std::shared_ptr<transport_impl>(jsep::transport_id)>& view_of);
    /// webrtc-pc 4.4.1.6: the transceivers are stopped, without any event.
    void close(const std::exception_ptr& why);

  private:
    // transceiver_owner
    void set_direction(transceiver_impl& which, sdp::direction wish) override;
    void stop(transceiver_impl& which) override;
    void set_codec_preferences(transceiver_impl& which, std::vector<jsep::codec_capability> codecs) override;
    void set_streams(transceiver_impl& which, std::vector<std::string> ids) override;
    [[nodiscard]] std::optional<jsep::send_parameters> get_parameters(transceiver_impl& which) override;
    void set_parameters(transceiver_impl& which, RtpSendParameters parameters,
                        waiter_ptr<void> operation) override;
    void replace_track(std::shared_ptr<transceiver_impl> which, std::optional<MediaStreamTrack> track,
                       waiter_ptr<void> operation) override;
    [[nodiscard]] bool is_closed() const noexcept override { return owner_.is_closed(); }

    /// Something was added, removed or wished for.
    void changed();
    [[nodiscard]] std::shared_ptr<transceiver_impl> find(jsep::transceiver_id id) const;
    [[nodiscard]] std::shared_ptr<transceiver_impl> find(jsep::transceiver_id id, const news& what) const;
    [[nodiscard]] MediaStream remote_stream(const std::string& id, news& what);
    [[nodiscard]] std::shared_ptr<stream_impl> known_stream(const std::string& id) const;

    part_owner& owner_;
    negotiation& negotiation_;
    jsep::session& session_;
    logger log_;
    transceiver_list transceivers_;
    std::map<std::string, std::weak_ptr<stream_impl>> remote_streams_; // by id
    event_stream<TrackEvent> track_events_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/media.ipp"
#endif
