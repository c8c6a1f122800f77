#pragma once

#include "cortc/context/context_core.hpp"
#include "cortc/track.hpp"

#include <memory>
#include <string>
#include <vector>

namespace cortc {

/// What MediaStream handles refer to. Belongs to the context's executor.
class stream_impl {
  public:
    /// The application's.
    explicit stream_impl(std::shared_ptr<context_core> core);
    /// The peer's.
    stream_impl(std::shared_ptr<context_core> core, std::string id);
    ~stream_impl();

    [[nodiscard]] const std::shared_ptr<context_core>& core() const noexcept { return core_; }
    [[nodiscard]] const std::string& id() const noexcept { return id_; }
    [[nodiscard]] const std::vector<MediaStreamTrack>& tracks() const noexcept { return tracks_; }
    /// False when it is there already.
    bool add(const MediaStreamTrack& track);
    /// False when it is not there.
    bool remove(const MediaStreamTrack& track);

    /// mediacapture-streams "add a track", "remove a track": with the event.
    void on_added(const MediaStreamTrack& track);
    void on_removed(const MediaStreamTrack& track);
    /// Nothing more will be added or removed by the peer.
    void end(const std::exception_ptr& why);

    [[nodiscard]] event_stream<MediaStreamTrack>& added() noexcept { return added_; }
    [[nodiscard]] event_stream<MediaStreamTrack>& removed() noexcept { return removed_; }

  private:
    std::shared_ptr<context_core> core_;
    std::string id_;
    std::vector<MediaStreamTrack> tracks_;
    event_stream<MediaStreamTrack> added_{64}, removed_{64};
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/media_stream.ipp"
#endif
