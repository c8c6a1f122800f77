#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/bytes.hpp"
#include "cortc/error.hpp"
#include "cortc/ice_candidate.hpp"
#include "cortc/jsep/types.hpp"
#include "cortc/states.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace cortc {

/// The connection, as far as the handles of its transports know it.
class transport_owner {
  public:
    enum class side { local, remote };

    [[nodiscard]] virtual std::vector<IceCandidate> candidates(jsep::transport_id which, side of) const = 0;
    [[nodiscard]] virtual std::optional<IceParameters> ice_parameters(jsep::transport_id which,
                                                                      side of) const = 0;
    /// Of one that is not over.
    [[nodiscard]] virtual IceRole ice_role(jsep::transport_id which) const = 0;
    [[nodiscard]] virtual std::vector<bytes> remote_certificates(jsep::transport_id which) const = 0;

  protected:
    ~transport_owner() = default;
};

/// A value that changes, and the operations that wait for it to be another. After end() it stays.
template <class T>
class watched {
  public:
    explicit watched(T value = {}) : value_(std::move(value)) {}

    [[nodiscard]] const T& get() const noexcept { return value_; }
    void set(T value) {
        if (value == value_) return;
        value_ = std::move(value);
        changed_.succeed_all(value_);
    }
    void wait(const T& from, waiter_ptr<T> operation) {
        if (!(value_ == from)) {
            auto now = value_;
            operation->succeed(std::move(now));
        } else if (ended_) {
            operation->fail(errc::aborted, "the transport is over");
        } else {
            changed_.add(std::move(operation));
        }
    }
    void end() {
        ended_ = true;
        changed_.fail_all(make_error(errc::aborted, "the transport is over"));
    }

  private:
    T value_;
    waiter_list<T> changed_;
    bool ended_ = false;
};

/// What IceTransport and DtlsTransport handles refer to. Belongs to the context's executor. The connection
/// keeps it up to date and ends it; it keeps what can be asked afterwards, and not the connection.
class transport_impl {
  public:
    transport_impl(std::shared_ptr<waiter_home> home, std::weak_ptr<transport_owner> owner,
                   jsep::transport_id id)
        : home_(std::move(home)), owner_(std::move(owner)), id_(id) {}

    [[nodiscard]] const std::shared_ptr<waiter_home>& home() const noexcept { return home_; }
    [[nodiscard]] jsep::transport_id id() const noexcept { return id_; }

    [[nodiscard]] IceRole role() const;
    [[nodiscard]] std::vector<IceCandidate> candidates(transport_owner::side of) const;
    [[nodiscard]] std::optional<IceParameters> ice_parameters(transport_owner::side of) const;
    [[nodiscard]] std::vector<bytes> remote_certificates() const;
    /// The connection still knows the transport, but will not in a moment.
    void end();

    watched<IceTransportState> ice{IceTransportState::new_};
    watched<IceGathererState> gathering{IceGathererState::new_};
    watched<std::optional<IceCandidatePair>> pair;
    watched<DtlsTransportState> dtls{DtlsTransportState::new_};
    std::optional<Error> dtls_error;

  private:
    std::shared_ptr<waiter_home> home_;
    std::weak_ptr<transport_owner> owner_;
    jsep::transport_id id_;
    bool ended_ = false;
    IceRole last_role_ = IceRole::unknown;
    std::vector<bytes> last_certificates_;
};

/// What SctpTransport handles refer to; the same rules.
class sctp_impl {
  public:
    explicit sctp_impl(std::shared_ptr<transport_impl> where) : over(std::move(where)) {}

    [[nodiscard]] const std::shared_ptr<waiter_home>& home() const noexcept { return over->home(); }
    void end();

    std::shared_ptr<transport_impl> over; // never null
    watched<SctpTransportState> state{SctpTransportState::connecting};
    std::optional<std::size_t> max_message_size;
    std::optional<std::uint16_t> max_channels;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/transport_view.ipp"
#endif
