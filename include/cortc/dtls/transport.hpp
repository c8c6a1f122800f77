#pragma once

#include "cortc/base/config.hpp"
#include "cortc/crypto/backend.hpp"
#include "cortc/dtls/association.hpp"
#include "cortc/dtls/front_filter.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace cortc::dtls {

/// A DTLS session behind its front filter, with the surface of an engine. Belongs to the context's executor.
///
/// With a worker executor the expensive part, the handshake (handle_packet and handle_timeout until
/// connected), runs there. Meanwhile the transport is busy(): input goes to a bounded queue (the rest is
/// dropped: the peer repeats it), poll_*() and seal() return nothing, write() returns false, next_timeout()
/// is `never`, and shutdown() is kept for later. When the step returns, on the context's executor, the owner
/// drains in `on_ready`; then queued input goes in, perhaps in a next step. Log lines and key log lines of a
/// step are handed on when it returns.
///
/// close() and destruction detach: a running step ends on its own, and nothing is called back. A step counts
/// as work of the context's executor, so that an io_context does not run dry before it returned.
class transport final : public association {
  public:
    /// A session of the backend `by`. `worker` may be empty: then every step runs inline and `on_ready` is
    /// never called. `on_ready` may destroy the transport. `queue`: how many datagrams may wait for a step.
    transport(const crypto::backend& by, crypto::dtls_options options, boost::asio::any_io_executor context,
              boost::asio::any_io_executor worker = {}, std::function<void()> on_ready = {},
              std::size_t queue = 32);
    ~transport() override;

    [[nodiscard]] bool busy() const noexcept override;

    void start(time_point now) override;
    void handle_packet(byte_view datagram, time_point now) override;
    [[nodiscard]] std::optional<std::size_t> poll_transmit(byte_span out) override;
    [[nodiscard]] std::optional<std::size_t> poll_read(byte_span out) override;
    [[nodiscard]] std::optional<crypto::dtls_event> poll_event() override;
    bool write(byte_view data);
    [[nodiscard]] std::optional<std::size_t> seal(byte_view data, byte_span out) override;
    [[nodiscard]] std::size_t max_payload() const noexcept;
    [[nodiscard]] time_point next_timeout() const noexcept override;
    void handle_timeout(time_point now) override;
    /// close_notify, if connected; the owner drains it.
    void shutdown() override;
    /// Ends at once and quietly; afterwards every call is a no-op.
    void close() override;

    /// As of the last step that returned.
    [[nodiscard]] crypto::dtls_state state() const noexcept;
    /// These return nothing while busy; the certificates' views live as long as the transport.
    [[nodiscard]] std::optional<crypto::srtp_keys> export_srtp_keys() const override;
    [[nodiscard]] byte_view local_certificate() const noexcept;
    [[nodiscard]] byte_view remote_certificate() const noexcept;
    [[nodiscard]] std::string cipher_suite() const override;
    /// As of the last step that returned.
    [[nodiscard]] const crypto::dtls_stats& stats() const noexcept;
    [[nodiscard]] const front_filter::statistics& filter_stats() const noexcept;
    /// Datagrams dropped because too many came during one step.
    [[nodiscard]] std::uint64_t dropped_while_busy() const noexcept;

  private:
    struct core;
    std::shared_ptr<core> core_;
};

} // namespace cortc::dtls

#if defined(CORTC_HEADER_ONLY)
#include "cortc/dtls/impl/transport.ipp"
#endif
