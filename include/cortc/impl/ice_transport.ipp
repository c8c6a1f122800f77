#pragma once

#include "cortc/connection/transport_view.hpp"
#include "cortc/ice_transport.hpp"

#include <utility>

namespace cortc {

CORTC_DECL transport_impl& IceTransport::impl() const {
    if (!impl_) throw Error(errc::invalid_state, "this IceTransport handle refers to no transport");
    return *impl_;
}

CORTC_DECL std::shared_ptr<waiter_home> IceTransport::home() const { return impl().home(); }

CORTC_DECL IceRole IceTransport::role() const { return impl().role(); }
CORTC_DECL IceComponent IceTransport::component() const {
    (void)impl();
    return IceComponent::rtp;
}
CORTC_DECL IceTransportState IceTransport::state() const { return impl().ice.get(); }
CORTC_DECL IceGathererState IceTransport::gatheringState() const { return impl().gathering.get(); }
CORTC_DECL std::vector<IceCandidate> IceTransport::getLocalCandidates() const {
    return impl().candidates(transport_owner::side::local);
}
CORTC_DECL std::vector<IceCandidate> IceTransport::getRemoteCandidates() const {
    return impl().candidates(transport_owner::side::remote);
}
CORTC_DECL std::optional<IceParameters> IceTransport::getLocalParameters() const {
    return impl().ice_parameters(transport_owner::side::local);
}
CORTC_DECL std::optional<IceParameters> IceTransport::getRemoteParameters() const {
    return impl().ice_parameters(transport_owner::side::remote);
}
CORTC_DECL std::optional<IceCandidatePair> IceTransport::getSelectedCandidatePair() const {
    return impl().pair.get();
}

CORTC_DECL void IceTransport::state_changed(transport_impl& impl, IceTransportState from,
                                            waiter_ptr<IceTransportState> operation) {
    impl.ice.wait(from, std::move(operation));
}
CORTC_DECL void IceTransport::gathering_state_changed(transport_impl& impl, IceGathererState from,
                                                      waiter_ptr<IceGathererState> operation) {
    impl.gathering.wait(from, std::move(operation));
}
CORTC_DECL void IceTransport::selected_pair_changed(transport_impl& impl,
                                                    const std::optional<IceCandidatePair>& from,
                                                    waiter_ptr<std::optional<IceCandidatePair>> operation) {
    impl.pair.wait(from, std::move(operation));
}

CORTC_AWAIT(IceTransportState);
CORTC_AWAIT(IceGathererState);
CORTC_AWAIT(std::optional<IceCandidatePair>);

} // namespace cortc
