#pragma once

#include "cortc/connection/media_stream.hpp"
#include "cortc/connection/track.hpp"
#include "cortc/error.hpp"
#include "cortc/media_stream.hpp"

#include <algorithm>
#include <utility>

namespace cortc {

CORTC_DECL MediaStream::MediaStream(const context& where, const std::vector<MediaStreamTrack>& tracks)
    : impl_(std::make_shared<stream_impl>(where.core())) {
    for (const auto& each : tracks) addTrack(each);
}

CORTC_DECL stream_impl& MediaStream::impl() const {
    if (!impl_) throw Error(errc::invalid_state, "this MediaStream handle refers to no stream");
    return *impl_;
}

CORTC_DECL std::shared_ptr<waiter_home> MediaStream::home() const { return impl().core(); }

CORTC_DECL std::string MediaStream::id() const { return impl().id(); }
CORTC_DECL bool MediaStream::active() const {
    const auto& all = impl().tracks();
    return std::any_of(all.begin(), all.end(),
                       [](const auto& each) { return each.readyState() == MediaStreamTrackState::live; });
}
CORTC_DECL std::vector<MediaStreamTrack> MediaStream::getTracks() const { return impl().tracks(); }
CORTC_DECL std::vector<MediaStreamTrack> MediaStream::getAudioTracks() const {
    auto tracks = impl().tracks();
    std::erase_if(tracks, [](const auto& each) { return each.kind() != MediaKind::audio; });
    return tracks;
}
CORTC_DECL std::vector<MediaStreamTrack> MediaStream::getVideoTracks() const {
    auto tracks = impl().tracks();
    std::erase_if(tracks, [](const auto& each) { return each.kind() != MediaKind::video; });
    return tracks;
}
CORTC_DECL std::optional<MediaStreamTrack> MediaStream::getTrackById(std::string_view id) const {
    for (const auto& each : impl().tracks())
        if (each.inner()->id() == id) return each;
    return std::nullopt;
}
CORTC_DECL void MediaStream::addTrack(const MediaStreamTrack& track) {
    if (!track) throw Error(errc::type, "MediaStream::addTrack: the track is an empty handle");
    impl().add(track);
}
CORTC_DECL void MediaStream::removeTrack(const MediaStreamTrack& track) { impl().remove(track); }

CORTC_DECL std::optional<MediaStreamTrack> MediaStream::tryNextAddedTrack() {
    return impl().added().try_read();
}
CORTC_DECL std::optional<MediaStreamTrack> MediaStream::tryNextRemovedTrack() {
    return impl().removed().try_read();
}
CORTC_DECL void MediaStream::next_added(stream_impl& impl, waiter_ptr<MediaStreamTrack> operation) {
    impl.added().read(std::move(operation));
}
CORTC_DECL void MediaStream::added_readable(stream_impl& impl, waiter_ptr<void> operation) {
    impl.added().readable(std::move(operation));
}
CORTC_DECL void MediaStream::next_removed(stream_impl& impl, waiter_ptr<MediaStreamTrack> operation) {
    impl.removed().read(std::move(operation));
}
CORTC_DECL void MediaStream::removed_readable(stream_impl& impl, waiter_ptr<void> operation) {
    impl.removed().readable(std::move(operation));
}

CORTC_AWAIT(MediaStreamTrack);

} // namespace cortc
