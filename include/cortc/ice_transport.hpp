#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/handle_hash.hpp"
#include "cortc/ice_candidate.hpp"
#include "cortc/states.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <compare>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace cortc {

class transport_impl;

/// RTCIceTransport (webrtc-pc 5.6): the addresses that a DtlsTransport's packets take. A handle: copies refer
/// to the same transport, which the connection owns, and which stays the same over ICE restarts. It is over
/// (state() is closed) when the connection is closed, when a rollback takes back the description that made
/// it, and when an answer no longer uses it.
///
/// The asynchronous members are levels: each completes when the value is another than the one given, at once
/// if it is, so that none is missed between two calls. Any number may wait. They take a completion token,
/// default use_awaitable, and complete where PeerConnection says.
///
/// @par Errors
/// - A default-constructed handle refers to none and throws errc::invalid_state when used.
/// - Asynchronous members, errc::aborted: the transport is over, and the value will not change any more.
///
/// @par Cancellation
/// They consume nothing: cancelling one (asio::error::operation_aborted), or racing it under `||`, changes
/// nothing.
///
/// @par Thread safety
/// - Asynchronous members: any thread.
/// - Plain members: only the context's executor.
class IceTransport {
  public:
    IceTransport() = default;
    /// @private
    explicit IceTransport(std::shared_ptr<transport_impl> impl) noexcept : impl_(std::move(impl)) {}

    /// It refers to a transport.
    explicit operator bool() const noexcept { return impl_ != nullptr; }
    friend bool operator==(const IceTransport&, const IceTransport&) = default;
    /// Any order, the same as long as both exist; for maps.
    friend std::strong_ordering operator<=>(const IceTransport& a, const IceTransport& b) noexcept {
        return std::compare_three_way()(a.identity(), b.identity());
    }
    /// What it refers to, as a number: copies have the same, an empty handle null. Nothing is at that address
    /// for others.
    [[nodiscard]] const void* identity() const noexcept { return impl_.get(); }

    /// The controlling side nominates the pair (RFC 8445 6.1.1). It stays when the transport is over.
    [[nodiscard]] IceRole role() const;
    /// Always IceComponent::rtp.
    [[nodiscard]] IceComponent component() const;
    /// `disconnected` may pass by itself; `failed` only with an ICE restart.
    [[nodiscard]] IceTransportState state() const;
    /// `complete` when no generation gathers; an ICE restart makes it `gathering` again.
    [[nodiscard]] IceGathererState gatheringState() const;
    /// Those in the local descriptions, the current one first; peer-reflexive ones are not among them. Empty
    /// once the connection object is gone, as are the next three.
    [[nodiscard]] std::vector<IceCandidate> getLocalCandidates() const;
    /// Those that the peer's descriptions and addIceCandidate() brought, also ones that cannot be used.
    [[nodiscard]] std::vector<IceCandidate> getRemoteCandidates() const;
    ///@{
    /// Of the pending description if there is one, else the current one's; none before the first.
    [[nodiscard]] std::optional<IceParameters> getLocalParameters() const;
    [[nodiscard]] std::optional<IceParameters> getRemoteParameters() const;
    ///@}
    /// None before one is selected, when the one that was has lost its consent (RFC 7675) and the state
    /// changed with it, and when the transport is over.
    [[nodiscard]] std::optional<IceCandidatePair> getSelectedCandidatePair() const;

    /// Completes when state() is another than `from`, and returns it. States that were passed through
    /// meanwhile are left out.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto stateChanged(IceTransportState from, Token&& token = {}) {
        return initiate<IceTransportState>(
            home(), token, [impl = impl_, from](auto op) { state_changed(*impl, from, std::move(op)); });
    }
    /// Completes when gatheringState() is another than `from`, and returns it.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto gatheringStateChanged(IceGathererState from, Token&& token = {}) {
        return initiate<IceGathererState>(home(), token, [impl = impl_, from](auto op) {
            gathering_state_changed(*impl, from, std::move(op));
        });
    }
    /// Completes when getSelectedCandidatePair() is another than `from`, and returns it.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto selectedCandidatePairChanged(std::optional<IceCandidatePair> from,
                                                    Token&& token = {}) {
        return initiate<std::optional<IceCandidatePair>>(
            home(), token, [impl = impl_, from = std::move(from)](auto op) {
                selected_pair_changed(*impl, from, std::move(op));
            });
    }

  private:
    transport_impl& impl() const;
    std::shared_ptr<waiter_home> home() const;
    static void state_changed(transport_impl&, IceTransportState, waiter_ptr<IceTransportState>);
    static void gathering_state_changed(transport_impl&, IceGathererState, waiter_ptr<IceGathererState>);
    static void selected_pair_changed(transport_impl&, const std::optional<IceCandidatePair>&,
                                      waiter_ptr<std::optional<IceCandidatePair>>);

    std::shared_ptr<transport_impl> impl_;
};

CORTC_EXTERN_AWAIT(IceTransportState);
CORTC_EXTERN_AWAIT(IceGathererState);
CORTC_EXTERN_AWAIT(std::optional<IceCandidatePair>);

} // namespace cortc

template <>
struct std::hash<cortc::IceTransport> : cortc::detail::handle_hash<cortc::IceTransport> {};

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/ice_transport.ipp"
#endif
