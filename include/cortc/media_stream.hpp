#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/handle_hash.hpp"
#include "cortc/context/context.hpp"
#include "cortc/track.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <compare>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cortc {

class stream_impl;

/// MediaStream (mediacapture-streams 4.2, webrtc-pc 9.2): tracks that belong together. The id travels in SDP
/// (a=msid); the peer's connection makes a stream with the same id. A handle: copies refer to the same
/// stream. clone() does not exist.
///
/// The asynchronous members are streams and levels as PeerConnection has them: one reader for each stream.
/// They take a completion token, default use_awaitable, and complete where PeerConnection says.
///
/// @par Errors
/// - A default-constructed handle refers to none and throws errc::invalid_state when used.
/// - Asynchronous members, errc::aborted: the connection was closed.
/// - Asynchronous members, errc::invalid_state: somebody else is reading, or the application made the stream,
///   which then has no such events.
///
/// @par Cancellation
/// Nothing was taken.
///
/// @par Thread safety
/// - Asynchronous members: any thread.
/// - Plain members: only the context's executor.
class MediaStream {
  public:
    MediaStream() = default;
    /// Its id is a random UUID.
    ///
    /// @par Errors
    /// - errc::type: a track is an empty handle.
    explicit MediaStream(const context& where, const std::vector<MediaStreamTrack>& tracks = {});
    /// @private
    explicit MediaStream(std::shared_ptr<stream_impl> inner) noexcept : impl_(std::move(inner)) {}

    /// It refers to a stream.
    explicit operator bool() const noexcept { return impl_ != nullptr; }
    friend bool operator==(const MediaStream&, const MediaStream&) = default;
    /// Any order, the same as long as both exist; for maps.
    friend std::strong_ordering operator<=>(const MediaStream& a, const MediaStream& b) noexcept {
        return std::compare_three_way()(a.identity(), b.identity());
    }
    /// What it refers to, as a number: copies have the same, an empty handle null. Nothing is at that address
    /// for others.
    [[nodiscard]] const void* identity() const noexcept { return impl_.get(); }

    /// A random UUID, or what the peer's a=msid says.
    [[nodiscard]] std::string id() const;
    /// One of its tracks is live.
    [[nodiscard]] bool active() const;
    /// In the order in which they were added.
    [[nodiscard]] std::vector<MediaStreamTrack> getTracks() const;
    ///@{
    /// Those of one kind, in the order of getTracks().
    [[nodiscard]] std::vector<MediaStreamTrack> getAudioTracks() const;
    [[nodiscard]] std::vector<MediaStreamTrack> getVideoTracks() const;
    ///@}
    /// None when no track of the stream has this id.
    [[nodiscard]] std::optional<MediaStreamTrack> getTrackById(std::string_view id) const;
    /// Does nothing when it is there already. There is no event, and nothing is negotiated: see
    /// RtpSender::setStreams().
    ///
    /// @par Errors
    /// - errc::type: the track is an empty handle.
    void addTrack(const MediaStreamTrack& track);
    /// Does nothing when it is not there.
    void removeTrack(const MediaStreamTrack& track);

    /// The next track that a description of the peer put into this stream (the W3C's addtrack; what
    /// addTrack() adds is none, nor is what was in it when nextTrack() first told of the stream). At most 64
    /// wait to be taken; further ones are only in getTracks().
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto nextAddedTrack(Token&& token = {}) {
        return initiate<MediaStreamTrack>(home(), token,
                                          [impl = impl_](auto op) { next_added(*impl, std::move(op)); });
    }
    /// One that is there, or none. Throws what nextAddedTrack() would fail with.
    [[nodiscard]] std::optional<MediaStreamTrack> tryNextAddedTrack();
    /// Completes when nextAddedTrack() would not wait. A level; may stand under `||`.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto addedTrackReadable(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto op) { added_readable(*impl, std::move(op)); });
    }
    ///@{
    /// The same for the tracks that a description took out (the W3C's removetrack).
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto nextRemovedTrack(Token&& token = {}) {
        return initiate<MediaStreamTrack>(home(), token,
                                          [impl = impl_](auto op) { next_removed(*impl, std::move(op)); });
    }
    [[nodiscard]] std::optional<MediaStreamTrack> tryNextRemovedTrack();
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto removedTrackReadable(Token&& token = {}) {
        return initiate<void>(home(), token,
                              [impl = impl_](auto op) { removed_readable(*impl, std::move(op)); });
    }
    ///@}

  private:
    stream_impl& impl() const;
    std::shared_ptr<waiter_home> home() const;
    static void next_added(stream_impl&, waiter_ptr<MediaStreamTrack>);
    static void added_readable(stream_impl&, waiter_ptr<void>);
    static void next_removed(stream_impl&, waiter_ptr<MediaStreamTrack>);
    static void removed_readable(stream_impl&, waiter_ptr<void>);

    std::shared_ptr<stream_impl> impl_;
};

CORTC_EXTERN_AWAIT(MediaStreamTrack);

} // namespace cortc

template <>
struct std::hash<cortc::MediaStream> : cortc::detail::handle_hash<cortc::MediaStream> {};

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/media_stream.ipp"
#endif
