#pragma once

#include "cortc/connection/connection.hpp"
#include "cortc/connection/conversions.hpp"
#include "cortc/peer_connection.hpp"

namespace cortc {

namespace detail {

CORTC_DECL std::optional<SessionDescription> described(std::optional<jsep::description> description) {
    if (!description) return std::nullopt;
    return from_jsep(std::move(*description));
}

} // namespace detail

CORTC_DECL PeerConnection::PeerConnection(const context& where, Configuration configuration)
    : impl_(std::make_shared<connection>(where.core(), std::move(configuration))) {
    impl_->begin();
}

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
CORTC_DECL std::uint64_t PeerConnection::log_number() const { return impl().origin()->connection; }
CORTC_DECL std::string PeerConnection::log_label() const { return impl().origin()->label; }
CORTC_DECL void PeerConnection::log_label(std::string label) { impl().origin()->label = std::move(label); }
CORTC_DECL void PeerConnection::restartIce() { impl().negotiating().restart_ice(); }
CORTC_DECL void PeerConnection::setIdentityProvider(std::shared_ptr<IdentityProvider> provider,
                                                    IdentityProviderOptions options) {
    impl().identity().set_provider(std::move(provider), {}, std::move(options));
}
CORTC_DECL void PeerConnection::setIdentityProvider(std::string domain, IdentityProviderOptions options) {
    impl().identity().set_provider(nullptr, std::move(domain), std::move(options));
}
CORTC_DECL std::optional<std::string> PeerConnection::idpLoginUrl() const {
    return impl().identity().report().login_url;
}
CORTC_DECL std::optional<std::string> PeerConnection::idpErrorInfo() const {
    return impl().identity().report().error_info;
}
CORTC_DECL DataChannel PeerConnection::createDataChannel(std::string label, DataChannelInit init) {
    return DataChannel(impl().channels().create(std::move(label), std::move(init)));
}
CORTC_DECL void PeerConnection::close() {
    if (!impl_) return;
    impl_->statistics().keep();
    impl_->close();
}

CORTC_DECL SignalingState PeerConnection::signalingState() const { return impl().states().signaling(); }
CORTC_DECL IceGatheringState PeerConnection::iceGatheringState() const { return impl().states().gathering(); }
CORTC_DECL IceConnectionState PeerConnection::iceConnectionState() const { return impl().states().ice(); }
CORTC_DECL std::optional<Error> PeerConnection::failure() const { return impl().states().failed(); }
CORTC_DECL PeerConnectionState PeerConnection::connectionState() const {
    return impl().states().connection();
}
CORTC_DECL std::optional<SessionDescription> PeerConnection::localDescription() const {
    return detail::described(impl().negotiating().session().local_description());
}
CORTC_DECL std::optional<SessionDescription> PeerConnection::currentLocalDescription() const {
    return detail::described(impl().negotiating().session().current_local_description());
}
CORTC_DECL std::optional<SessionDescription> PeerConnection::pendingLocalDescription() const {
    return detail::described(impl().negotiating().session().pending_local_description());
}
CORTC_DECL std::optional<SessionDescription> PeerConnection::remoteDescription() const {
    return detail::described(impl().negotiating().session().remote_description());
}
CORTC_DECL std::optional<SessionDescription> PeerConnection::currentRemoteDescription() const {
    return detail::described(impl().negotiating().session().current_remote_description());
}
CORTC_DECL std::optional<SessionDescription> PeerConnection::pendingRemoteDescription() const {
    return detail::described(impl().negotiating().session().pending_remote_description());
}
CORTC_DECL std::optional<bool> PeerConnection::canTrickleIceCandidates() const {
    return impl().negotiating().session().can_trickle();
}
CORTC_DECL std::optional<SctpTransport> PeerConnection::sctp() const {
    if (!impl().channels().view()) return std::nullopt;
    return SctpTransport(impl().channels().view());
}
CORTC_DECL std::optional<std::uint16_t> PeerConnection::maxChannels() const {
    return impl().channels().max_channels();
}
CORTC_DECL std::optional<std::size_t> PeerConnection::maxMessageSize() const {
    return impl().channels().max_message_size();
}
CORTC_DECL std::optional<SelectedPair> PeerConnection::selectedPair() const {
    return impl().transports().selected_pair();
}
CORTC_DECL std::optional<DataChannel> PeerConnection::tryNextDataChannel() {
    return impl().channels().incoming().try_read();
}
CORTC_DECL std::optional<std::optional<IceCandidate>> PeerConnection::tryNextIceCandidate() {
    return impl().transports().candidates().try_read();
}
CORTC_DECL std::optional<IceCandidateError> PeerConnection::tryNextIceCandidateError() {
    return impl().transports().candidate_errors().try_read();
}
CORTC_DECL bool PeerConnection::tryNegotiationNeeded() {
    return impl().negotiating().negotiation_events().try_read().has_value();
}

CORTC_DECL void PeerConnection::create_offer(connection& impl, OfferOptions options,
                                             waiter_ptr<SessionDescription> operation) {
    impl.negotiating().create_offer(options, std::move(operation));
}
CORTC_DECL void PeerConnection::create_answer(connection& impl, waiter_ptr<SessionDescription> operation) {
    impl.negotiating().create_answer(std::move(operation));
}
CORTC_DECL void PeerConnection::set_local(connection& impl, std::optional<SessionDescription> description,
                                          waiter_ptr<void> operation) {
    impl.negotiating().set_local(std::move(description), std::move(operation));
}
CORTC_DECL void PeerConnection::set_remote(connection& impl, SessionDescription description,
                                           waiter_ptr<void> operation) {
    impl.negotiating().set_remote(std::move(description), std::move(operation));
}
CORTC_DECL void PeerConnection::add_candidate(connection& impl, IceCandidate candidate,
                                              waiter_ptr<void> operation) {
    impl.negotiating().add_candidate(std::move(candidate), std::move(operation));
}
CORTC_DECL void PeerConnection::identity_assertion(connection& impl, waiter_ptr<std::string> operation) {
    impl.negotiating().identity_assertion(std::move(operation));
}
CORTC_DECL void PeerConnection::peer_identity(connection& impl, waiter_ptr<IdentityAssertion> operation) {
    impl.identity().peer_identity(std::move(operation));
}
CORTC_DECL void PeerConnection::connected(connection& impl, waiter_ptr<void> operation) {
    impl.states().connected(std::move(operation));
}
CORTC_DECL void PeerConnection::gathering_complete(connection& impl, waiter_ptr<void> operation) {
    impl.states().gathering_complete(std::move(operation));
}
CORTC_DECL void PeerConnection::restarted(connection& impl, waiter_ptr<void> operation) {
    impl.states().restarted(std::move(operation));
}
CORTC_DECL bool PeerConnection::over(const connection& impl) noexcept { return impl.over(); }
CORTC_DECL void PeerConnection::closed(connection& impl, waiter_ptr<void> operation) {
    impl.closed(std::move(operation));
}
CORTC_DECL void PeerConnection::state_changed(connection& impl, PeerConnectionState from,
                                              waiter_ptr<PeerConnectionState> operation) {
    impl.states().changed(from, std::move(operation));
}
CORTC_DECL void PeerConnection::ice_state_changed(connection& impl, IceConnectionState from,
                                                  waiter_ptr<IceConnectionState> operation) {
    impl.states().ice_changed(from, std::move(operation));
}
CORTC_DECL void PeerConnection::gathering_state_changed(connection& impl, IceGatheringState from,
                                                        waiter_ptr<IceGatheringState> operation) {
    impl.states().gathering_changed(from, std::move(operation));
}
CORTC_DECL void PeerConnection::selected_pair_changed(connection& impl, waiter_ptr<SelectedPair> operation) {
    impl.states().pair_changed(std::move(operation));
}
CORTC_DECL void PeerConnection::get_stats(connection& impl, waiter_ptr<StatsReport> operation) {
    impl.statistics().get(std::move(operation));
}
CORTC_DECL void PeerConnection::negotiation_needed(connection& impl, waiter_ptr<void> operation) {
    impl.negotiating().negotiation_events().read(std::move(operation));
}
CORTC_DECL void PeerConnection::negotiation_readable(connection& impl, waiter_ptr<void> operation) {
    impl.negotiating().negotiation_events().readable(std::move(operation));
}
CORTC_DECL void PeerConnection::next_candidate(connection& impl,
                                               waiter_ptr<std::optional<IceCandidate>> operation) {
    impl.transports().candidates().read(std::move(operation));
}
CORTC_DECL void PeerConnection::next_candidate_error(connection& impl,
                                                     waiter_ptr<IceCandidateError> operation) {
    impl.transports().candidate_errors().read(std::move(operation));
}
CORTC_DECL void PeerConnection::candidate_error_readable(connection& impl, waiter_ptr<void> operation) {
    impl.transports().candidate_errors().readable(std::move(operation));
}
CORTC_DECL void PeerConnection::candidate_readable(connection& impl, waiter_ptr<void> operation) {
    impl.transports().candidates().readable(std::move(operation));
}
CORTC_DECL void PeerConnection::next_channel(connection& impl, waiter_ptr<DataChannel> operation) {
    impl.channels().incoming().read(std::move(operation));
}
CORTC_DECL void PeerConnection::channel_readable(connection& impl, waiter_ptr<void> operation) {
    impl.channels().incoming().readable(std::move(operation));
}

CORTC_AWAIT(SessionDescription);
CORTC_AWAIT(IdentityAssertion);
CORTC_AWAIT(PeerConnectionState);
CORTC_AWAIT(SignalingState);
CORTC_AWAIT(SelectedPair);
CORTC_AWAIT(StatsReport);
CORTC_AWAIT(std::optional<IceCandidate>);
CORTC_AWAIT(DataChannel);
CORTC_AWAIT(TrackEvent);

} // namespace cortc
