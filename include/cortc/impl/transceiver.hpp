#pragma once

#include "cortc/jsep/transceiver.hpp"
#include "cortc/rtp_transceiver.hpp"

#include <memory>
#include <optional>
#include <string>

namespace cortc {

class transceiver_impl;

/// The connection, as far as a transceiver knows it: the connection's header includes this one.
class transceiver_owner {
  public:
    virtual void set_direction(transceiver_impl& which, sdp::direction wish) = 0;
    virtual void stop(transceiver_impl& which) = 0;
    [[nodiscard]] virtual bool is_closed() const noexcept = 0;

  protected:
    ~transceiver_owner() = default;
};

/// What the handles of one transceiver share: the state as of the last description, and the way back to the
/// connection for what the application changes.
class transceiver_impl {
  public:
    transceiver_impl(std::weak_ptr<transceiver_owner> owner, const jsep::transceiver& from);

    /// The negotiation went on.
    void update(const jsep::transceiver& now);
    void end() noexcept;

    [[nodiscard]] jsep::transceiver_id id() const noexcept { return id_; }
    [[nodiscard]] MediaKind kind() const noexcept { return kind_; }
    [[nodiscard]] const std::string& mid() const noexcept { return mid_; }
    [[nodiscard]] RtpTransceiverDirection direction() const noexcept { return direction_; }
    [[nodiscard]] std::optional<RtpTransceiverDirection> current_direction() const noexcept {
        return current_direction_;
    }
    [[nodiscard]] bool stopped() const noexcept { return stopped_; }

    void set_direction(RtpTransceiverDirection wish);
    void stop();

  private:
    std::weak_ptr<transceiver_owner> owner_;
    jsep::transceiver_id id_;
    MediaKind kind_;
    std::string mid_;
    RtpTransceiverDirection direction_ = RtpTransceiverDirection::recvonly;
    std::optional<RtpTransceiverDirection> current_direction_;
    bool stopped_ = false;
};

} // namespace cortc
