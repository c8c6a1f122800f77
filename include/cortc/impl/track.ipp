#pragma once

#include "cortc/connection/track.hpp"
#include "cortc/error.hpp"
#include "cortc/track.hpp"

#include <utility>

namespace cortc {

CORTC_DECL std::string_view to_string(MediaKind kind) noexcept {
    return kind == MediaKind::audio ? "audio" : "video";
}

CORTC_DECL std::string_view to_string(MediaStreamTrackState state) noexcept {
    return state == MediaStreamTrackState::live ? "live" : "ended";
}

CORTC_DECL MediaStreamTrack::MediaStreamTrack(const context& where, MediaKind kind, std::string label)
    : impl_(std::make_shared<track_impl>(where.core(), kind, std::move(label), false)) {}

CORTC_DECL track_impl& MediaStreamTrack::impl() const {
    if (!impl_) throw Error(errc::invalid_state, "this MediaStreamTrack handle refers to no track");
    return *impl_;
}

CORTC_DECL std::shared_ptr<waiter_home> MediaStreamTrack::home() const { return impl().core(); }

CORTC_DECL std::string MediaStreamTrack::id() const { return impl().id(); }
CORTC_DECL MediaKind MediaStreamTrack::kind() const { return impl().kind(); }
CORTC_DECL std::string MediaStreamTrack::label() const { return impl().label(); }
CORTC_DECL bool MediaStreamTrack::enabled() const { return impl().enabled(); }
CORTC_DECL void MediaStreamTrack::enabled(bool on) { impl().enabled(on); }
CORTC_DECL bool MediaStreamTrack::muted() const { return impl().muted(); }
CORTC_DECL MediaStreamTrackState MediaStreamTrack::readyState() const {
    return impl().is_ended() ? MediaStreamTrackState::ended : MediaStreamTrackState::live;
}
CORTC_DECL void MediaStreamTrack::stop() { impl().end(make_error(errc::closed, "the track was stopped")); }

CORTC_DECL void MediaStreamTrack::muted_changed(track_impl& impl, bool from, waiter_ptr<bool> operation) {
    impl.muted_changed(from, std::move(operation));
}
CORTC_DECL void MediaStreamTrack::ended(track_impl& impl, waiter_ptr<void> operation) {
    impl.ended(std::move(operation));
}

} // namespace cortc
