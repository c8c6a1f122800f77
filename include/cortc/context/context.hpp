#pragma once

#include "cortc/base/config.hpp"
#include "cortc/context/context_options.hpp"
#include "cortc/context/totals.hpp"
#include "cortc/net/network.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace cortc {

namespace asio = boost::asio;

class context_core;

/// What connections share: executor, network, clock, send batch, log, limits, certificate. Copies refer to
/// the same context, which lives as long as a copy or a connection does. Scale over cores with one context
/// for each core.
///
/// @par Thread safety
/// All of it runs on the one executor, which must not run handlers concurrently: a single-threaded
/// io_context, or a strand.
class context {
  public:
    /// On the operating system's network (net::asio_network), with sockets and a clock of its own.
    ///
    /// @par Errors
    /// - `TypeError`: `external_addresses` has an address that nobody can reach, or one of another family
    ///   than its `local`; `udp_mux` has a group and no port.
    /// - `OperationError`: the group has as many contexts as it can.
    explicit context(asio::any_io_executor executor, context_options options = {});
    /// The same on another network, for instance a simulated one (cortc/sim), which must outlive the context.
    /// Errors likewise.
    context(asio::any_io_executor executor, net::network& network, context_options options = {});

    /// @private
    explicit context(std::shared_ptr<context_core> core) noexcept : core_(std::move(core)) {}

    /// The context that runs on `executor`; else another one of the same io_context (or thread_pool), else
    /// none. It tells whose clock a coroutine lives by.
    [[nodiscard]] static std::optional<context> of(const asio::any_io_executor& executor);

    /// Everything of the context runs on it.
    [[nodiscard]] asio::any_io_executor get_executor() const;
    /// The one it was made with; else its own, which goes with the context.
    [[nodiscard]] net::network& network() const;
    /// What its connections have come to so far, those that are gone included: for the metrics of a server
    /// (samples/2_echo_server writes them for Prometheus). Costs a look at each connection that there is.
    [[nodiscard]] context_totals totals() const;

    /// @private
    [[nodiscard]] const std::shared_ptr<context_core>& core() const noexcept { return core_; }

  private:
    std::shared_ptr<context_core> core_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/context/impl/context.ipp"
#endif
