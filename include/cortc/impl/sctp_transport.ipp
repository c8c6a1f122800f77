#pragma once

#include "cortc/connection/transport_view.hpp"
#include "cortc/sctp_transport.hpp"

#include <utility>

namespace cortc {

CORTC_DECL sctp_impl& SctpTransport::impl() const {
    if (!impl_) throw Error(errc::invalid_state, "this SctpTransport handle refers to no transport");
    return *impl_;
}

CORTC_DECL std::shared_ptr<waiter_home> SctpTransport::home() const { return impl().home(); }

CORTC_DECL DtlsTransport SctpTransport::transport() const { return DtlsTransport(impl().over); }
CORTC_DECL SctpTransportState SctpTransport::state() const { return impl().state.get(); }
CORTC_DECL std::optional<std::size_t> SctpTransport::maxMessageSize() const {
    return impl().max_message_size;
}
CORTC_DECL std::optional<std::uint16_t> SctpTransport::maxChannels() const { return impl().max_channels; }

CORTC_DECL void SctpTransport::state_changed(sctp_impl& impl, SctpTransportState from,
                                             waiter_ptr<SctpTransportState> operation) {
    impl.state.wait(from, std::move(operation));
}

CORTC_AWAIT(SctpTransportState);

} // namespace cortc
