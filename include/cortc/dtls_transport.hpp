#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/handle_hash.hpp"
#include "cortc/error.hpp"
#include "cortc/ice_transport.hpp"
#include "cortc/states.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <compare>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace cortc {

/// RTCDtlsTransport (webrtc-pc 5.5): what a bundle group, or an unbundled section, is encrypted by. A handle;
/// lifetime, errors, cancellation and thread safety are those of IceTransport.
class DtlsTransport {
  public:
    DtlsTransport() = default;
    /// @private
    explicit DtlsTransport(std::shared_ptr<transport_impl> impl) noexcept : impl_(std::move(impl)) {}

    /// It refers to a transport.
    explicit operator bool() const noexcept { return impl_ != nullptr; }
    friend bool operator==(const DtlsTransport&, const DtlsTransport&) = default;
    /// Any order, the same as long as both exist; for maps.
    friend std::strong_ordering operator<=>(const DtlsTransport& a, const DtlsTransport& b) noexcept {
        return std::compare_three_way()(a.identity(), b.identity());
    }
    /// What it refers to, as a number: copies have the same, an empty handle null. Nothing is at that address
    /// for others.
    [[nodiscard]] const void* identity() const noexcept { return impl_.get(); }

    /// Always the same one.
    [[nodiscard]] IceTransport iceTransport() const;
    /// `closed`: the peer said close_notify, or the transport is over.
    [[nodiscard]] DtlsTransportState state() const;
    /// The peer's certificates in DER, its own first (and mostly only). Empty until it has been connected;
    /// they stay when the transport is over.
    [[nodiscard]] std::vector<bytes> getRemoteCertificates() const;
    /// Why it failed (the W3C's error event): errc::operation, with errorDetail "fingerprint-failure" when
    /// the peer's certificate is not the one that its description promised, else "dtls-failure". Its message
    /// says what the peer and this side have not in common (a version, a cipher suite, a curve), or what is
    /// wrong with the certificate, and names the fatal alert that either of them sent. None before it failed;
    /// it stays when the transport is over.
    [[nodiscard]] std::optional<Error> error() const;

    /// A level: completes when state() is another than `from`, and returns it.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto stateChanged(DtlsTransportState from, Token&& token = {}) {
        return initiate<DtlsTransportState>(
            home(), token, [impl = impl_, from](auto op) { state_changed(*impl, from, std::move(op)); });
    }

  private:
    transport_impl& impl() const;
    std::shared_ptr<waiter_home> home() const;
    static void state_changed(transport_impl&, DtlsTransportState, waiter_ptr<DtlsTransportState>);

    std::shared_ptr<transport_impl> impl_;
};

CORTC_EXTERN_AWAIT(DtlsTransportState);

} // namespace cortc

template <>
struct std::hash<cortc::DtlsTransport> : cortc::detail::handle_hash<cortc::DtlsTransport> {};

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/dtls_transport.ipp"
#endif
