#pragma once

#include "cortc/connection/media_stream.hpp"
#include "cortc/connection/track.hpp"
#include "cortc/error.hpp"
#include "cortc/jsep/model.hpp"

#include <algorithm>
#include <utility>

namespace cortc {

CORTC_DECL stream_impl::stream_impl(std::shared_ptr<context_core> core)
    : core_(std::move(core)), id_(jsep::detail::make_uuid(core_->network().random())) {
    end(make_error(errc::invalid_state,
                   "the application made this MediaStream: only its own calls add and remove tracks"));
}

CORTC_DECL stream_impl::stream_impl(std::shared_ptr<context_core> core, std::string id)
    : core_(std::move(core)), id_(std::move(id)) {}

CORTC_DECL stream_impl::~stream_impl() {
    end(make_error(errc::aborted, "nobody refers to the stream any more"));
}

CORTC_DECL bool stream_impl::add(const MediaStreamTrack& track) {
    if (std::find(tracks_.begin(), tracks_.end(), track) != tracks_.end()) return false;
    tracks_.push_back(track);
    return true;
}

CORTC_DECL bool stream_impl::remove(const MediaStreamTrack& track) { return std::erase(tracks_, track) != 0; }

CORTC_DECL void stream_impl::on_added(const MediaStreamTrack& track) {
    if (add(track)) added_.push(MediaStreamTrack(track));
}

CORTC_DECL void stream_impl::on_removed(const MediaStreamTrack& track) {
    if (remove(track)) removed_.push(MediaStreamTrack(track));
}

CORTC_DECL void stream_impl::end(const std::exception_ptr& why) {
    added_.end(why);
    removed_.end(why);
}

} // namespace cortc
