#pragma once

#include "cortc/crypto/backend.hpp"
#include "cortc/dtls/transport.hpp"
#include "cortc/sdp/parse.hpp"
#include "cortc/sim/world.hpp"
#include "cortc/stun/message.hpp"
#include "cortc/stun/message_writer.hpp"
#include "test/support/catch.hpp"

#include <fmt/format.h>

#include <string>

namespace cortc::test {

/// Answers an offer of one data section and connects lawfully: as an ICE-lite agent that responds to every
/// check, then over DTLS. What it says on SCTP is a derived peer's, so that it can say what no connection of
/// cortc says. In virtual time.
class lite_peer : private net::datagram_handler {
  public:
    lite_peer(boost::asio::io_context& io, sim::host& host, dtls_role role)
        : io_(io)
        , host_(host)
        , role_(role)
        , socket_(host.open_udp({host.interfaces().front().address, 0}, *this).value())
        , timer_(host.make_timer([this] { run(); }))
        , certificate_(shared_certificate(host)) {}
    virtual ~lite_peer() = default;

    /// With its only candidate.
    std::string answer(std::string_view offer) {
        const auto parsed = sdp::parse(offer);
        REQUIRE(parsed.has_value());
        const auto& section = parsed->media.at(0);
        crypto::dtls_options options;
        options.role = role_;
        options.cert = certificate_;
        options.remote_fingerprints = {{crypto::hash_algorithm::sha256,
                                        sdp::effective_transport(*parsed, section).fingerprints.at(0).value}};
        dtls_.emplace(crypto::default_backend(), std::move(options), io_.get_executor());
        std::string print;
        for (auto each : certificate_->fingerprint(crypto::hash_algorithm::sha256))
            print += fmt::format("{}{:02X}", print.empty() ? "" : ":", std::to_integer<unsigned>(each));
        return fmt::format(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-lite\r\na=group:BUNDLE {0}\r\n"
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:{0}\r\n"
            "a=ice-ufrag:lite\r\na=ice-pwd:{1}\r\na=fingerprint:sha-256 {2}\r\na=setup:{3}\r\n"
            "a=sctp-port:5000\r\na=max-message-size:262144\r\n"
            "a=candidate:1 1 udp 2130706431 {4} {5} typ host\r\na=end-of-candidates\r\n",
            section.mid.value_or("0"), password, print, role_ == dtls_role::client ? "active" : "passive",
            socket_->local().address.to_string(), socket_->local().port);
    }

    [[nodiscard]] time_point now() const { return host_.now(); }
    [[nodiscard]] const endpoint& victim() const noexcept { return victim_; }
    [[nodiscard]] net::udp_socket& socket() noexcept { return *socket_; }
    [[nodiscard]] bool dtls_up() const noexcept {
        return dtls_ && dtls_->state() == crypto::dtls_state::connected;
    }
    /// One SCTP packet of any contents. False before DTLS is up.
    bool send_sctp(byte_view packet) {
        std::array<std::byte, 1500> out;
        const auto size = dtls_up() ? dtls_->seal(packet, out) : std::nullopt;
        if (size) send(byte_view(out).first(*size));
        return size.has_value();
    }
    /// One datagram of any contents.
    void send(byte_view datagram) {
        const net::outgoing one{datagram, victim_};
        if (victim_.port != 0) socket_->send(std::span(&one, 1));
    }
    /// Does what is due, takes what has come and sends what there is to send.
    void run() {
        if (!dtls_) return;
        if (dtls_->next_timeout() <= now()) dtls_->handle_timeout(now());
        if (sctp_timeout() <= now()) handle_sctp_timeout();
        std::array<std::byte, 1500> out;
        while (auto event = dtls_->poll_event())
            if (std::holds_alternative<crypto::dtls_connected>(*event)) connect_sctp();
        while (auto size = dtls_->poll_read(out)) receive_sctp(byte_view(out).first(*size));
        while (auto size = dtls_->poll_transmit(out)) send(byte_view(out).first(*size));
        if (dtls_up()) drain_sctp();
        timer_->arm(std::min(dtls_->next_timeout(), sctp_timeout()));
    }

  private:
    static constexpr std::string_view password = "litelitelitelitelitelite";

    virtual void connect_sctp() = 0;
    virtual void receive_sctp(byte_view packet) = 0;
    /// Sends by send_sctp() what there is, and takes events and messages.
    virtual void drain_sctp() = 0;
    [[nodiscard]] virtual time_point sctp_timeout() const = 0;
    virtual void handle_sctp_timeout() = 0;

    static std::shared_ptr<const crypto::certificate> shared_certificate(sim::host& host) {
        static const auto made = crypto::default_backend()
                                     .generate_certificate(crypto::key_type::ecdsa_p256, host.calendar())
                                     .value();
        return made;
    }
    void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
        for (const auto& each : batch) {
            if (stun::is_stun(each.data))
                respond(each);
            else if (dtls_)
                dtls_->handle_packet(each.data, now());
        }
        run();
    }
    void respond(const net::datagram& check) {
        const auto request = stun::message::parse(check.data);
        if (!request || !request->is_request()) return;
        std::array<std::byte, 200> out;
        stun::message_writer response(out, stun::message_class::success_response, stun::method::binding,
                                      request->id());
        response.add_xor_mapped_address(check.source);
        response.add_integrity(as_bytes(password));
        response.add_fingerprint();
        const net::outgoing one{response.written(), check.source};
        socket_->send(std::span(&one, 1));
        if (!dtls_ || !request->use_candidate() || victim_.port != 0) return;
        victim_ = check.source;
        dtls_->start(now());
    }

    boost::asio::io_context& io_;
    sim::host& host_;
    dtls_role role_;
    std::unique_ptr<net::udp_socket> socket_;
    std::unique_ptr<net::timer> timer_;
    std::shared_ptr<const crypto::certificate> certificate_;
    std::optional<dtls::transport> dtls_;
    endpoint victim_{};
};

} // namespace cortc::test
