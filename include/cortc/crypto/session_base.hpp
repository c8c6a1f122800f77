#pragma once

#include "cortc/base/config.hpp"
#include "cortc/crypto/callback_guard.hpp"
#include "cortc/crypto/datagram_queue.hpp"
#include "cortc/crypto/dtls_session.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace cortc::crypto {

/// What the sessions of every backend have in common: options, state and its log lines, queues and events,
/// whom a session trusts, and how its SRTP keys are cut. A backend derives its sessions from it and brings
/// the handshake and the records.
class session_base : public dtls_session {
  public:
    std::optional<std::size_t> poll_transmit(byte_span out) override;
    std::optional<dtls_event> poll_event() override;
    std::size_t max_payload() const noexcept override { return max_payload_; }
    dtls_state state() const noexcept override { return state_; }
    std::optional<srtp_keys> export_srtp_keys() const override { return srtp_; }
    const certificate& local_certificate() const noexcept override { return *options_.cert; }
    byte_view remote_certificate() const noexcept override { return remote_certificate_; }
    std::string cipher_suite() const override { return cipher_suite_; }
    const dtls_stats& stats() const noexcept override { return stats_; }

  protected:
    /// `overhead`: at most so many bytes of a datagram are not application data.
    session_base(dtls_options options, std::size_t overhead);

    /// Connecting, until the deadline of the handshake.
    void begin(time_point now);
    /// Whether the handshake has lasted too long; it has failed then.
    bool overdue(time_point now);
    /// Whether this certificate, in DER, is a promised one; otherwise refusal() says why the session fails.
    [[nodiscard]] bool accepts(byte_view der);
    [[nodiscard]] const std::optional<dtls_failed>& refusal() const noexcept { return refusal_; }
    /// `exported`: srtp_material_size(profile) bytes with srtp_exporter_label (RFC 5764 4.2).
    void keep_srtp_keys(srtp_profile profile, const srtp_material& exported);
    /// Why a handshake that is done does not do all the same.
    [[nodiscard]] std::optional<dtls_failed> objection() const;
    void connected(std::string cipher_suite, std::size_t max_payload);
    /// The peer's close_notify.
    void closed_by_peer();
    /// Told once: what happens after a failure is nothing new.
    void fail(dtls_failed why);
    void set_state(dtls_state next);
    /// Takes the next of what waits in unread_.
    [[nodiscard]] std::optional<std::size_t> read_parked(byte_span out);

    dtls_options options_;
    dtls_stats stats_;
    callback_guard guard_;
    time_point deadline_ = never; // of the handshake
    datagram_queue output_;       // a few flights, or 25 datagrams written but not drained
    datagram_queue unread_;       // decrypted, and not asked for yet

  private:
    dtls_state state_ = dtls_state::idle;
    std::vector<dtls_event> events_;
    std::optional<dtls_failed> refusal_;
    bytes remote_certificate_;
    bool accepted_ = false;
    std::optional<srtp_keys> srtp_;
    std::string cipher_suite_;
    std::size_t max_payload_;
};

/// A fatal alert's description (RFC 5246 7.2.2) for a person: "handshake_failure (40)".
[[nodiscard]] std::string alert_text(std::uint8_t description);

/// Two lower-case digits for each byte.
[[nodiscard]] std::string hex(byte_view data);

} // namespace cortc::crypto

#if defined(CORTC_HEADER_ONLY)
#include "cortc/crypto/impl/session_base.ipp"
#endif
