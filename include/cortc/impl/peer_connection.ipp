#pragma once

#include "cortc/connection/connection.hpp"
#include "cortc/peer_connection.hpp"

namespace cortc {

namespace detail {

CORTC_DECL std::optional<SessionDescription> described(std::optional<jsep::description> description) {
    if (!description) return std::nullopt;
    return from_jsep(std::move(*description));
}

} // namespace detail

CORTC_DECL PeerConnection::PeerConnection(const context& where, Configuration configuration)
    : impl_(std::make_shared<connection>(where.core(), std::move(configuration))) {}

CORTC_DECL PeerConnection::PeerConnection(asio::any_io_executor executor, Configuration configuration)
    : PeerConnection(context(std::move(executor)), std::move(configuration)) {}

CORTC_DECL PeerConnection& PeerConnection::operator=(PeerConnection&& other) noexcept {
    if (this != &other) {
        if (impl_) impl_->close();
        impl_ = std::move(other.impl_);
    }
    return *this;
}

CORTC_DECL PeerConnection::~PeerConnection() {
    if (impl_) impl_->close();
}

CORTC_DECL connection& PeerConnection::impl() const {
    if (!impl_) throw Error(errc::invalid_state, "this PeerConnection was moved from");
    return *impl_;
}

CORTC_DECL std::shared_ptr<waiter_home> PeerConnection::home() const { return impl().core(); }
CORTC_DECL context PeerConnection::get_context() const { return context(impl().core()); }

CORTC_DECL void PeerConnection::setConfiguration(Configuration configuration) {
    impl().set_configuration(std::move(configuration));
}
CORTC_DECL Configuration PeerConnection::getConfiguration() const { return impl().configuration(); }
CORTC_DECL void PeerConnection::restartIce() { impl().restart_ice(); }
CORTC_DECL void PeerConnection::setIdentityProvider(std::shared_ptr<IdentityProvider> provider,
                                                    IdentityProviderOptions options) {
    impl().set_identity_provider(std::move(provider), {}, std::move(options));
}
CORTC_DECL void PeerConnection::setIdentityProvider(std::string domain, IdentityProviderOptions options) {
    impl().set_identity_provider(nullptr, std::move(domain), std::move(options));
}
CORTC_DECL std::optional<std::string> PeerConnection::idpLoginUrl() const {
    return impl().identity_report().login_url;
}
CORTC_DECL std::optional<std::string> PeerConnection::idpErrorInfo() const {
    return impl().identity_report().error_info;
}
CORTC_DECL DataChannel PeerConnection::createDataChannel(std::string label, DataChannelInit init) {
    return DataChannel(impl().create_channel(std::move(label), std::move(init)));
}
CORTC_DECL void PeerConnection::close() {
    if (!impl_) return;
    impl_->keep_stats();
    impl_->close();
}

CORTC_DECL SignalingState PeerConnection::signalingState() const { return impl().signaling_state(); }
CORTC_DECL IceGatheringState PeerConnection::iceGatheringState() const { return impl().gathering_state(); }
CORTC_DECL IceConnectionState PeerConnection::iceConnectionState() const { return impl().ice_state(); }
CORTC_DECL PeerConnectionState PeerConnection::connectionState() const { return impl().state(); }
CORTC_DECL std::optional<SessionDescription> PeerConnection::localDescription() const {
    return detail::described(impl().session().local_description());
}
CORTC_DECL std::optional<SessionDescription> PeerConnection::currentLocalDescription() const {
    return detail::described(impl().session().current_local_description());
}
CORTC_DECL std::optional<SessionDescription> PeerConnection::pendingLocalDescription() const {
    return detail::described(impl().session().pending_local_description());
}
CORTC_DECL std::optional<SessionDescription> PeerConnection::remoteDescription() const {
    return detail::described(impl().session().remote_description());
}
CORTC_DECL std::optional<SessionDescription> PeerConnection::currentRemoteDescription() const {
    return detail::described(impl().session().current_remote_description());
}
CORTC_DECL std::optional<SessionDescription> PeerConnection::pendingRemoteDescription() const {
    return detail::described(impl().session().pending_remote_description());
}
CORTC_DECL std::optional<bool> PeerConnection::canTrickleIceCandidates() const {
    return impl().session().can_trickle();
}
CORTC_DECL std::optional<SctpTransport> PeerConnection::sctp() const {
    if (!impl().sctp_view()) return std::nullopt;
    return SctpTransport(impl().sctp_view());
}
CORTC_DECL std::optional<std::uint16_t> PeerConnection::maxChannels() const { return impl().max_channels(); }
CORTC_DECL std::optional<std::size_t> PeerConnection::maxMessageSize() const {
    return impl().max_message_size();
}
CORTC_DECL std::optional<SelectedPair> PeerConnection::selectedPair() const { return impl().selected_pair(); }
CORTC_DECL std::optional<DataChannel> PeerConnection::tryNextDataChannel() {
    return impl().channels().try_read();
}
CORTC_DECL std::optional<std::optional<IceCandidate>> PeerConnection::tryNextIceCandidate() {
    return impl().candidates().try_read();
}
CORTC_DECL bool PeerConnection::tryNegotiationNeeded() {
    return impl().negotiation_events().try_read().has_value();
}

CORTC_DECL void PeerConnection::create_offer(connection& impl, OfferOptions options,
                                             waiter_ptr<SessionDescription> operation) {
    impl.create_offer(options, std::move(operation));
}
CORTC_DECL void PeerConnection::create_answer(connection& impl, waiter_ptr<SessionDescription> operation) {
    impl.create_answer(std::move(operation));
}
CORTC_DECL void PeerConnection::set_local(connection& impl, std::optional<SessionDescription> description,
                                          waiter_ptr<void> operation) {
    impl.set_local(std::move(description), std::move(operation));
}
CORTC_DECL void PeerConnection::set_remote(connection& impl, SessionDescription description,
                                           waiter_ptr<void> operation) {
    impl.set_remote(std::move(description), std::move(operation));
}
CORTC_DECL void PeerConnection::add_candidate(connection& impl, IceCandidate candidate,
                                              waiter_ptr<void> operation) {
    impl.add_candidate(std::move(candidate), std::move(operation));
}
CORTC_DECL void PeerConnection::identity_assertion(connection& impl, waiter_ptr<std::string> operation) {
    impl.identity_assertion(std::move(operation));
}
CORTC_DECL void PeerConnection::peer_identity(connection& impl, waiter_ptr<IdentityAssertion> operation) {
    impl.peer_identity(std::move(operation));
}
CORTC_DECL void PeerConnection::connected(connection& impl, waiter_ptr<void> operation) {
    impl.connected(std::move(operation));
}
CORTC_DECL void PeerConnection::gathering_complete(connection& impl, waiter_ptr<void> operation) {
    impl.gathering_complete(std::move(operation));
}
CORTC_DECL void PeerConnection::restarted(connection& impl, waiter_ptr<void> operation) {
    impl.restarted(std::move(operation));
}
CORTC_DECL void PeerConnection::closed(connection& impl, waiter_ptr<void> operation) {
    impl.closed(std::move(operation));
}
CORTC_DECL void PeerConnection::state_changed(connection& impl, PeerConnectionState from,
                                              waiter_ptr<PeerConnectionState> operation) {
    impl.state_changed(from, std::move(operation));
}
CORTC_DECL void PeerConnection::ice_state_changed(connection& impl, IceConnectionState from,
                                                  waiter_ptr<IceConnectionState> operation) {
    impl.ice_state_changed(from, std::move(operation));
}
CORTC_DECL void PeerConnection::gathering_state_changed(connection& impl, IceGatheringState from,
                                                        waiter_ptr<IceGatheringState> operation) {
    impl.gathering_state_changed(from, std::move(operation));
}
CORTC_DECL void PeerConnection::selected_pair_changed(connection& impl, waiter_ptr<SelectedPair> operation) {
    impl.selected_pair_changed(std::move(operation));
}
CORTC_DECL void PeerConnection::get_stats(connection& impl, waiter_ptr<StatsReport> operation) {
    impl.get_stats(std::move(operation));
}
CORTC_DECL void PeerConnection::negotiation_needed(connection& impl, waiter_ptr<void> operation) {
    impl.negotiation_events().read(std::move(operation));
}
CORTC_DECL void PeerConnection::negotiation_readable(connection& impl, waiter_ptr<void> operation) {
    impl.negotiation_events().readable(std::move(operation));
}
CORTC_DECL void PeerConnection::next_candidate(connection& impl,
                                               waiter_ptr<std::optional<IceCandidate>> operation) {
    impl.candidates().read(std::move(operation));
}
CORTC_DECL void PeerConnection::candidate_readable(connection& impl, waiter_ptr<void> operation) {
    impl.candidates().readable(std::move(operation));
}
CORTC_DECL void PeerConnection::next_channel(connection& impl, waiter_ptr<DataChannel> operation) {
    impl.channels().read(std::move(operation));
}
CORTC_DECL void PeerConnection::channel_readable(connection& impl, waiter_ptr<void> operation) {
    impl.channels().readable(std::move(operation));
}

} // namespace cortc
