#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/time.hpp"
#include "cortc/crypto/dtls_session.hpp"

#include <optional>
#include <string>

namespace cortc::dtls {

/// One end of a DTLS association as a transport drives it: a crypto::dtls_session whose steps may run
/// elsewhere. Meanwhile it is busy(): input is queued, the polls and seal() return nothing, next_timeout() is
/// `never`.
class association {
  public:
    association() = default;
    association(const association&) = delete;
    association& operator=(const association&) = delete;
    virtual ~association() = default;

    [[nodiscard]] virtual bool busy() const noexcept = 0;

    ///@{
    /// As crypto::dtls_session has them.
    virtual void start(time_point now) = 0;
    virtual void handle_packet(byte_view datagram, time_point now) = 0;
    [[nodiscard]] virtual std::optional<std::size_t> poll_transmit(byte_span out) = 0;
    [[nodiscard]] virtual std::optional<std::size_t> poll_read(byte_span out) = 0;
    [[nodiscard]] virtual std::optional<crypto::dtls_event> poll_event() = 0;
    [[nodiscard]] virtual std::optional<std::size_t> seal(byte_view data, byte_span out) = 0;
    [[nodiscard]] virtual time_point next_timeout() const noexcept = 0;
    virtual void handle_timeout(time_point now) = 0;
    /// close_notify, if connected; the owner drains it. While busy it is kept for later.
    virtual void shutdown() = 0;
    [[nodiscard]] virtual std::optional<crypto::srtp_keys> export_srtp_keys() const = 0;
    [[nodiscard]] virtual std::string cipher_suite() const = 0;
    ///@}

    /// Ends at once and quietly; afterwards every call is a no-op.
    virtual void close() = 0;
};

} // namespace cortc::dtls
