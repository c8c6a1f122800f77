#pragma once

#include "cortc/error.hpp"
#include "cortc/impl/track.hpp"
#include "cortc/jsep/model.hpp"
#include "cortc/track.hpp"

#include <utility>

namespace cortc {

CORTC_DECL std::string_view to_string(MediaKind kind) noexcept {
    return kind == MediaKind::audio ? "audio" : "video";
}

CORTC_DECL std::string_view to_string(MediaStreamTrackState state) noexcept {
    return state == MediaStreamTrackState::live ? "live" : "ended";
}

// ---- track_impl

CORTC_DECL track_impl::track_impl(std::shared_ptr<context_core> core, MediaKind kind, std::string label,
                                  bool muted)
    : core_(std::move(core))
    , id_(jsep::detail::make_uuid(core_->network().random()))
    , kind_(kind)
    , label_(std::move(label))
    , muted_(muted) {}

CORTC_DECL track_impl::~track_impl() {
    const auto why = make_error(errc::aborted, "nobody refers to the track any more");
    muted_changed_.fail_all(why);
    ended_waiters_.fail_all(why);
}

CORTC_DECL void track_impl::muted(bool on) {
    if (ended_ || muted_ == on) return;
    muted_ = on;
    muted_changed_.succeed_all(on);
}

CORTC_DECL void track_impl::end(std::exception_ptr why) {
    if (std::exchange(ended_, true)) return;
    why_ended_ = std::move(why);
    ended_waiters_.succeed_all();
    muted_changed_.fail_all(why_ended_);
}

CORTC_DECL void track_impl::muted_changed(bool from, waiter_ptr<bool> operation) {
    if (muted_ != from)
        operation->succeed(bool(muted_));
    else if (ended_)
        operation->fail(why_ended_);
    else
        muted_changed_.add(std::move(operation));
}

CORTC_DECL void track_impl::ended(waiter_ptr<void> operation) {
    if (ended_)
        operation->succeed();
    else
        ended_waiters_.add(std::move(operation));
}

// ---- the handle

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
