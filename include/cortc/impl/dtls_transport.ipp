#pragma once

#include "cortc/connection/transport_view.hpp"
#include "cortc/dtls_transport.hpp"

#include <utility>

namespace cortc {

CORTC_DECL transport_impl& DtlsTransport::impl() const {
    if (!impl_) throw Error(errc::invalid_state, "this DtlsTransport handle refers to no transport");
    return *impl_;
}

CORTC_DECL std::shared_ptr<waiter_home> DtlsTransport::home() const { return impl().home(); }

CORTC_DECL IceTransport DtlsTransport::iceTransport() const {
    (void)impl();
    return IceTransport(impl_);
}
CORTC_DECL DtlsTransportState DtlsTransport::state() const { return impl().dtls.get(); }
CORTC_DECL std::vector<bytes> DtlsTransport::getRemoteCertificates() const {
    return impl().remote_certificates();
}
CORTC_DECL std::optional<Error> DtlsTransport::error() const { return impl().dtls_error; }

CORTC_DECL void DtlsTransport::state_changed(transport_impl& impl, DtlsTransportState from,
                                             waiter_ptr<DtlsTransportState> operation) {
    impl.dtls.wait(from, std::move(operation));
}

CORTC_AWAIT(DtlsTransportState);

} // namespace cortc
