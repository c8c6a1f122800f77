#pragma once

#include "cortc/base/config.hpp"
#include "cortc/ice_candidate.hpp"
#include "cortc/peer_connection.hpp"
#include "cortc/session_description.hpp"

#include <boost/asio/awaitable.hpp>

#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace cortc {

/// What two ends say to each other while they negotiate; cortc::signaling::message has these, and what else
/// the application's peers say.
using negotiation_message = std::variant<SessionDescription, IceCandidate>;

/// Why negotiation ended.
enum class negotiation_outcome : std::uint8_t {
    closed,    ///< we closed the connection, or the signaling
    left,      ///< the peer has closed the signaling in order
    broke,     ///< the signaling has failed
    nonsense,  ///< the peer sent what is no message, too much, or a description that is none
    cancelled, ///< perfect_negotiation() was cancelled
};
/// "closed", "left" and so on.
std::string_view to_string(negotiation_outcome outcome) noexcept;

/// How negotiation ended. A value, and no error: every negotiation ends somehow.
class negotiation_end {
  public:
    negotiation_outcome outcome = negotiation_outcome::closed; ///< why
    /// For people: the what() of the error that told it. Empty when it was cancelled.
    std::string text;
};

namespace detail {

/// The signaling, whatever it is.
class negotiation_link {
  public:
    virtual ~negotiation_link() = default;
    virtual asio::awaitable<void> send(negotiation_message what) = 0;
    virtual asio::awaitable<negotiation_message> receive() = 0;
};
template <class Signaling, class Other>
class negotiation_link_to final : public negotiation_link {
  public:
    negotiation_link_to(Signaling& to, Other other) : to_(to), other_(std::move(other)) {}
    asio::awaitable<void> send(negotiation_message what) override {
        if (auto* description = std::get_if<SessionDescription>(&what))
            co_await to_.send(std::move(*description));
        else
            co_await to_.send(std::get<IceCandidate>(std::move(what)));
    }
    asio::awaitable<negotiation_message> receive() override {
        for (;;) {
            auto got = co_await to_.receive();
            auto ours = std::visit([this](auto& each) { return take(each); }, got);
            if (ours) co_return *std::move(ours);
        }
    }

  private:
    template <class Message>
    std::optional<negotiation_message> take(Message& message) {
        if constexpr (std::constructible_from<negotiation_message, Message>)
            return std::move(message);
        else
            other_(std::move(message));
        return {};
    }

    Signaling& to_;
    Other other_;
};
/// What an application says to its peers is nobody's business here.
struct ignore_others {
    template <class Message>
    void operator()(Message&&) const noexcept {}
};

asio::awaitable<negotiation_end> negotiate(PeerConnection& pc, std::shared_ptr<negotiation_link> link,
                                           bool polite, std::function<void(const std::exception&)> on_error);

} // namespace detail

/// Perfect negotiation (webrtc-pc 10.7): both ends run it, either may change anything at any time, and when
/// both do at once the polite one gives way. Exactly one end must be polite. It makes the offers when
/// negotiation is needed, answers the peer's, and carries candidates both ways, until the connection is
/// closed or the signaling ends:
///
///     cortc::PeerConnection pc(context);
///     auto channel = pc.createDataChannel("chat"); // offers itself, as restartIce() does at any time
///     auto end = co_await cortc::perfect_negotiation(pc, session, polite);
///     if (end.outcome != cortc::negotiation_outcome::left) log(end.text);
///
/// Signaling is a cortc::signaling::session, or any class with awaitable send(message), which keeps the order
/// of what it was given, and receive(). It, and the connection, must live until this has ended. It closes
/// neither: the connection goes on with what was negotiated last.
///
/// It reads negotiationNeeded() and nextIceCandidate(), which nobody else may do meanwhile.
///
/// What cannot be used, and does no harm, is told to `on_error`, and negotiation goes on: a candidate that
/// does not parse, an answer to no offer, an offer of ours that could not be made or sent. What the peer says
/// beside descriptions and candidates (signaling::application_message) is given to `on_other`, in its order;
/// without one it is ignored.
///
/// @par Errors
/// - errc::invalid_state: the connection was moved from.
/// - What `on_error` throws.
///
/// What `on_other` throws ends it as `broke`. How it ended is no error, but the value; cortc::timeout returns
/// it, too. Errors of Signaling's receive() are `left` (errc::closed), `nonsense` (errc::syntax,
/// errc::limit), `closed` (errc::aborted) or else `broke`.
///
/// @par Cancellation
/// It ends as negotiation_outcome::cancelled, and nothing of it runs any more. An operation that is under way
/// is applied, or not.
///
/// @par Thread safety
/// Only on the connection's executor.
template <class Signaling, class Other = detail::ignore_others>
requires requires(Signaling& it, SessionDescription description, IceCandidate candidate) {
    it.send(std::move(description));
    it.send(std::move(candidate));
    it.receive();
}
[[nodiscard]] asio::awaitable<negotiation_end>
perfect_negotiation(PeerConnection& pc, Signaling& signaling, bool polite,
                    std::function<void(const std::exception&)> on_error = {}, Other on_other = {}) {
    using link = detail::negotiation_link_to<Signaling, Other>;
    return detail::negotiate(pc, std::make_shared<link>(signaling, std::move(on_other)), polite,
                             std::move(on_error));
}

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/perfect_negotiation.ipp"
#endif
