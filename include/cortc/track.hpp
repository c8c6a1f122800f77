#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/handle_hash.hpp"
#include "cortc/context/context.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <compare>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace cortc {

class track_impl;

/// MediaStreamTrack's kind.
enum class MediaKind { audio, video };
/// MediaStreamTrackState (mediacapture-streams 4.3).
enum class MediaStreamTrackState { live, ended };

/// "audio", "video".
std::string_view to_string(MediaKind kind) noexcept;
/// "live", "ended".
std::string_view to_string(MediaStreamTrackState state) noexcept;

/// MediaStreamTrack (mediacapture-streams 4.3, webrtc-pc 9.3): one audio or video flow, received (a receiver
/// made it) or to be sent (the application did). A handle: copies refer to the same track. Constraints,
/// settings and clone() do not exist.
///
/// The asynchronous members are levels: they complete when something is so, at once if it is, and any number
/// may wait. They take a completion token, default use_awaitable, and complete where PeerConnection says.
///
/// @par Errors
/// A default-constructed handle refers to none and throws errc::invalid_state when used.
///
/// @par Cancellation
/// They consume nothing: cancelling one (asio::error::operation_aborted), or racing it under `||`, changes
/// nothing.
///
/// @par Thread safety
/// - Asynchronous members, id(), kind() and label(): any thread.
/// - Other members: only the context's executor.
class MediaStreamTrack {
  public:
    MediaStreamTrack() = default;
    /// A track for the application to send: live, enabled, not muted, its id a random UUID. It belongs to no
    /// connection; any number of senders may have it.
    MediaStreamTrack(const context& where, MediaKind kind, std::string label = {});
    /// @private
    explicit MediaStreamTrack(std::shared_ptr<track_impl> inner) noexcept : impl_(std::move(inner)) {}

    /// It refers to a track.
    explicit operator bool() const noexcept { return impl_ != nullptr; }
    friend bool operator==(const MediaStreamTrack&, const MediaStreamTrack&) = default;
    /// Any order, the same as long as both exist; for maps.
    friend std::strong_ordering operator<=>(const MediaStreamTrack& a, const MediaStreamTrack& b) noexcept {
        return std::compare_three_way()(a.identity(), b.identity());
    }
    /// What it refers to, as a number: copies have the same, an empty handle null. Nothing is at that address
    /// for others.
    [[nodiscard]] const void* identity() const noexcept { return impl_.get(); }

    /// A UUID. That of a received track is made here, and is not the one that the sender has.
    [[nodiscard]] std::string id() const;
    [[nodiscard]] MediaKind kind() const; ///< audio or video, for good
    /// "remote audio" and "remote video" for what is received.
    [[nodiscard]] std::string label() const;
    ///@{
    /// The application's own switch: a track that is not enabled is sent as silence or black.
    [[nodiscard]] bool enabled() const;
    void enabled(bool on);
    ///@}
    /// Its source gives nothing: a received track is muted until media arrives, and again when the
    /// negotiation stops it from being received.
    [[nodiscard]] bool muted() const;
    /// `ended` is for good. What ends a received track (its transceiver is stopped, or the connection closed)
    /// does so in a task that follows, as webrtc-pc has it.
    [[nodiscard]] MediaStreamTrackState readyState() const;
    /// Ends this track for good. Its sender or receiver goes on without it. Idempotent.
    void stop();

    /// Completes when muted() is another than `from` (the W3C's mute and unmute), and returns it.
    ///
    /// @par Errors
    /// - errc::closed: the track has ended with muted() as it was.
    /// - errc::aborted: the connection was closed.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto mutedChanged(bool from, Token&& token = {}) {
        return initiate<bool>(home(), token,
                              [impl = impl_, from](auto op) { muted_changed(*impl, from, std::move(op)); });
    }
    /// Completes when readyState() is `ended`: the transceiver was stopped (the W3C's ended), stop() was
    /// called, or the connection was closed (for which the W3C has no event).
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto ended(Token&& token = {}) {
        return initiate<void>(home(), token, [impl = impl_](auto op) { ended(*impl, std::move(op)); });
    }

    /// @private
    [[nodiscard]] const std::shared_ptr<track_impl>& inner() const noexcept { return impl_; }

  private:
    track_impl& impl() const;
    std::shared_ptr<waiter_home> home() const;
    static void muted_changed(track_impl&, bool from, waiter_ptr<bool>);
    static void ended(track_impl&, waiter_ptr<void>);

    std::shared_ptr<track_impl> impl_;
};

} // namespace cortc

template <>
struct std::hash<cortc::MediaStreamTrack> : cortc::detail::handle_hash<cortc::MediaStreamTrack> {};

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/track.ipp"
#endif
