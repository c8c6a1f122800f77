#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/handle_hash.hpp"
#include "cortc/dtls_transport.hpp"
#include "cortc/states.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace cortc {

class sctp_impl;

/// RTCSctpTransport (webrtc-pc 6.1): the association of a connection's data channels. A handle; lifetime,
/// errors, cancellation and thread safety are those of IceTransport.
///
/// It is over (`closed`, for good) when the peer or an error ended the association, when DTLS has ended, when
/// an answer rejects the data section or a rollback takes it back, and when the connection is closed.
class SctpTransport {
  public:
    SctpTransport() = default;
    /// @private
    explicit SctpTransport(std::shared_ptr<sctp_impl> impl) noexcept : impl_(std::move(impl)) {}

    /// It refers to a transport.
    explicit operator bool() const noexcept { return impl_ != nullptr; }
    friend bool operator==(const SctpTransport&, const SctpTransport&) = default;
    /// Any order, the same as long as both exist; for maps.
    friend std::strong_ordering operator<=>(const SctpTransport& a, const SctpTransport& b) noexcept {
        return std::compare_three_way()(a.identity(), b.identity());
    }
    /// What it refers to, as a number: copies have the same, an empty handle null. Nothing is at that address
    /// for others.
    [[nodiscard]] const void* identity() const noexcept { return impl_.get(); }

    /// Another one when an answer bundles the data section with others.
    [[nodiscard]] DtlsTransport transport() const;
    /// `connecting` until the association is up.
    [[nodiscard]] SctpTransportState state() const;
    /// Bytes of the largest message the peer takes. None before an answer has agreed on data channels;
    /// 2^31 - 1 when it sets no limit (the W3C's infinity).
    [[nodiscard]] std::optional<std::size_t> maxMessageSize() const;
    /// Channels that can be open at the same time: stream ids are below it. None before `connected`.
    [[nodiscard]] std::optional<std::uint16_t> maxChannels() const;

    /// A level: completes when state() is another than `from`, and returns it.
    template <class Token = asio::use_awaitable_t<>>
    [[nodiscard]] auto stateChanged(SctpTransportState from, Token&& token = {}) {
        return initiate<SctpTransportState>(
            home(), token, [impl = impl_, from](auto op) { state_changed(*impl, from, std::move(op)); });
    }

  private:
    sctp_impl& impl() const;
    std::shared_ptr<waiter_home> home() const;
    static void state_changed(sctp_impl&, SctpTransportState, waiter_ptr<SctpTransportState>);

    std::shared_ptr<sctp_impl> impl_;
};

CORTC_EXTERN_AWAIT(SctpTransportState);

} // namespace cortc

template <>
struct std::hash<cortc::SctpTransport> : cortc::detail::handle_hash<cortc::SctpTransport> {};

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/sctp_transport.ipp"
#endif
