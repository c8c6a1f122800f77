#pragma once

#include "cortc/connection/transport_view.hpp"

#include <utility>

namespace cortc {

CORTC_DECL IceRole transport_impl::role() const {
    auto owner = owner_.lock();
    return owner && !ended_ ? owner->ice_role(id_) : last_role_;
}

CORTC_DECL std::vector<IceCandidate> transport_impl::candidates(transport_owner::side of) const {
    auto owner = owner_.lock();
    if (!owner) return {};
    return owner->candidates(id_, of);
}

CORTC_DECL std::optional<IceParameters> transport_impl::ice_parameters(transport_owner::side of) const {
    auto owner = owner_.lock();
    if (!owner) return std::nullopt;
    return owner->ice_parameters(id_, of);
}

CORTC_DECL std::vector<bytes> transport_impl::remote_certificates() const {
    auto owner = owner_.lock();
    return owner && !ended_ ? owner->remote_certificates(id_) : last_certificates_;
}

CORTC_DECL void transport_impl::end() {
    if (ended_) return;
    last_role_ = role();
    last_certificates_ = remote_certificates();
    ended_ = true;
    dtls.set(DtlsTransportState::closed);
    ice.set(IceTransportState::closed);
    dtls.end();
    ice.end();
    gathering.end();
    pair.end();
    pair.set(std::nullopt); // webrtc-pc 5.6 getSelectedCandidatePair
}

CORTC_DECL void sctp_impl::end() {
    state.set(SctpTransportState::closed);
    state.end();
}

} // namespace cortc
