#pragma once

#include "cortc/connection/track.hpp"
#include "cortc/error.hpp"
#include "cortc/jsep/model.hpp"
#include "cortc/track.hpp"

#include <algorithm>
#include <utility>

namespace cortc {

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

} // namespace cortc
