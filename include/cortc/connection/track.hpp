#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/context/context_core.hpp"

#include <memory>
#include <string>

namespace cortc {

enum class MediaKind;

/// What MediaStreamTrack handles refer to. Belongs to the context's executor.
class track_impl {
  public:
    track_impl(std::shared_ptr<context_core> core, MediaKind kind, std::string label, bool muted);
    ~track_impl();

    [[nodiscard]] const std::shared_ptr<context_core>& core() const noexcept { return core_; }
    [[nodiscard]] const std::string& id() const noexcept { return id_; }
    [[nodiscard]] MediaKind kind() const noexcept { return kind_; }
    [[nodiscard]] const std::string& label() const noexcept { return label_; }
    [[nodiscard]] bool enabled() const noexcept { return enabled_; }
    void enabled(bool on) noexcept { enabled_ = on; }
    [[nodiscard]] bool muted() const noexcept { return muted_; }
    /// mediacapture-streams "set a track's muted state".
    void muted(bool on);
    [[nodiscard]] bool is_ended() const noexcept { return ended_; }
    /// `why`: what mutedChanged() fails with from now on.
    void end(std::exception_ptr why);

    void muted_changed(bool from, waiter_ptr<bool> operation);
    void ended(waiter_ptr<void> operation);

  private:
    std::shared_ptr<context_core> core_;
    std::string id_;
    MediaKind kind_;
    std::string label_;
    bool enabled_ = true;
    bool muted_;
    bool ended_ = false;
    std::exception_ptr why_ended_;
    waiter_list<bool> muted_changed_;
    waiter_list<void> ended_waiters_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/track.ipp"
#endif
