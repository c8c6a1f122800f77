#pragma once

#include "cortc/crypto/certificate.hpp"
#include "cortc/dtls/transport.hpp"
#include "cortc/sctp/data_channels.hpp"
#include "cortc/sctp/wire/crc32c.hpp"
#include "cortc/stun/message.hpp"
#include "cortc/stun/message_writer.hpp"
#include "test/support/sim_call.hpp"

#include <algorithm>

/// A peer made of engines, so that it can say what no cortc connection says.
namespace cortc::test {

/// Changes a packet the way a broken network, or somebody who means harm, would.
inline void mutate(bytes& packet, sim::seeded_random& random) {
    const auto pick = [&](std::size_t limit) {
        return limit == 0 ? 0 : static_cast<std::size_t>(random.next() % limit);
    };
    for (auto rounds = 1 + pick(4); rounds > 0 && !packet.empty(); --rounds) {
        switch (pick(7)) {
        case 0:
            packet[pick(packet.size())] ^= static_cast<std::byte>(1u << pick(8));
            break;
        case 1: // where the headers are
            packet[pick(std::min<std::size_t>(packet.size(), 32))] = static_cast<std::byte>(pick(256));
            break;
        case 2:
            packet.resize(pick(packet.size()));
            break;
        case 3:
            packet.resize(packet.size() + pick(40), static_cast<std::byte>(pick(256)));
            break;
        case 4: { // a length, or another number of 16 bits
            const auto at = pick(packet.size());
            packet[at] = pick(2) == 0 ? std::byte{0} : std::byte{0xff};
            if (at + 1 < packet.size()) packet[at + 1] = static_cast<std::byte>(pick(256));
            break;
        }
        case 5: { // a part of it again
            const auto from = pick(packet.size()), size = pick(packet.size() - from);
            const bytes part(packet.begin() + static_cast<std::ptrdiff_t>(from),
                             packet.begin() + static_cast<std::ptrdiff_t>(from + size));
            const auto to = static_cast<std::ptrdiff_t>(pick(packet.size()));
            packet.insert(packet.begin() + to, part.begin(), part.end());
            break;
        }
        default:
            for (auto& each : packet)
                if (pick(16) == 0) each = static_cast<std::byte>(pick(256));
            break;
        }
    }
    packet.resize(std::min<std::size_t>(packet.size(), 1400));
}

/// Gives an SCTP packet the checksum it needs to be looked at.
inline void repair_checksum(bytes& packet) {
    if (packet.size() < 12) return;
    const auto sum = sctp::packet_checksum(packet); // RFC 9260 appendix A: least significant byte first
    for (std::size_t i = 0; i < 4; ++i) packet[8 + i] = static_cast<std::byte>(sum >> (8 * i));
}

/// Answers an offer as an ICE-lite agent: it responds to every check, so that DTLS and SCTP above it are
/// real, and everything in between can be tampered with.
class raw_peer final : private net::datagram_handler {
  public:
    raw_peer(asio::io_context& io, sim::host& host, bool dtls_client, std::uint64_t seed)
        : io_(io)
        , host_(host)
        , dtls_client_(dtls_client)
        , random_(seed)
        , channels_(config(), random_, pool_)
        , certificate_(shared_certificate(host)) {
        socket_ = host.open_udp({host.interfaces().front().address, 0}, *this).value();
        timer_ = host.make_timer([this] { expired(); });
    }

    static sctp::data_channels_config config() {
        sctp::data_channels_config made;
        made.association.mtu = 1163;
        return made;
    }
    static std::shared_ptr<const crypto::certificate> shared_certificate(sim::host& host) {
        static const auto made =
            crypto::generate_certificate(crypto::key_type::ecdsa_p256, host.calendar()).value();
        return made;
    }

    /// The answer to the offer, with one candidate.
    std::string answer(std::string_view offer) {
        auto line = [&](std::string_view name) {
            const auto at = offer.find(fmt::format("a={}:", name)) + name.size() + 3;
            return std::string(offer.substr(at, offer.find("\r\n", at) - at));
        };
        const auto remote = line("fingerprint");
        crypto::dtls_options options;
        options.role = dtls_client_ ? crypto::dtls_role::client : crypto::dtls_role::server;
        options.cert = certificate_;
        options.remote_fingerprints.push_back(
            {crypto::hash_algorithm::sha256, from_hex(remote.substr(remote.find(' ') + 1))});
        dtls_.emplace(std::move(options), io_.get_executor());
        channels_.set_role(dtls_client_ ? sctp::channel_role::dtls_client : sctp::channel_role::dtls_server,
                           host_.now());
        std::string print;
        for (auto each : certificate_->fingerprint(crypto::hash_algorithm::sha256))
            print += fmt::format("{}{:02X}", print.empty() ? "" : ":", std::to_integer<unsigned>(each));
        return fmt::format(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-lite\r\na=group:BUNDLE 0\r\n"
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\n"
            "a=ice-ufrag:raww\r\na=ice-pwd:{}\r\na=fingerprint:sha-256 {}\r\na=setup:{}\r\n"
            "a=sctp-port:5000\r\na=max-message-size:262144\r\n"
            "a=candidate:1 1 udp 2130706431 {} {} typ host\r\na=end-of-candidates\r\n",
            password, print, dtls_client_ ? "active" : "passive", socket_->local().address.to_string(),
            socket_->local().port);
    }

    [[nodiscard]] sctp::data_channels& channels() noexcept { return channels_; }
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
    void pump() {
        const auto now = host_.now();
        std::array<std::byte, 1500> out;
        for (bool more = dtls_.has_value(); more;) {
            more = false;
            while (auto event = dtls_->poll_event()) {
                more = true;
                if (std::holds_alternative<crypto::dtls_connected>(*event)) channels_.connect(now);
            }
            while (auto size = dtls_->poll_read(out)) {
                more = true;
                if (on_sctp) on_sctp(byte_view(out).first(*size));
                channels_.handle_packet(byte_view(out).first(*size), now);
            }
            channels_.drain(
                [&](sctp::channel_event&& event) {
                    if (auto* incoming = std::get_if<sctp::channel_incoming>(&event))
                        incoming_.push_back(incoming->channel);
                },
                [&](sctp::incoming_message&& message) {
                    ++received;
                    channels_.consume(message.data.size());
                });
            while (auto size = dtls_->poll_transmit(out)) {
                more = true;
                send(byte_view(out).first(*size));
            }
            while (auto size = channels_.poll_transmit(out, now)) {
                more = true;
                bytes packet(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*size));
                if (tamper) tamper(packet);
                if (!packet.empty()) send_sctp(packet);
            }
        }
        if (dtls_) timer_->arm(std::min(dtls_->next_timeout(), channels_.next_timeout()));
    }

    std::function<void(bytes& packet)> tamper;     ///< with SCTP packets that go out; empty: dropped
    std::function<void(byte_view packet)> on_sctp; ///< sees those that come in
    int received = 0;

  private:
    static constexpr const char* password = "rawrawrawrawrawrawrawraw";

    static bytes from_hex(std::string_view text) {
        bytes made;
        for (std::size_t i = 0; i + 1 < text.size(); i += 3)
            made.push_back(static_cast<std::byte>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
        return made;
    }
    void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
        for (const auto& each : batch) {
            if (stun::is_stun(each.data))
                respond(each);
            else if (dtls_ && is_dtls(each.data))
                dtls_->handle_packet(each.data, host_.now());
        }
        pump();
    }
    void respond(const net::datagram& check) {
        const auto request = stun::message::parse(check.data);
        if (!request || !request->is_request()) return;
        std::array<std::byte, 200> out;
        stun::message_writer response(out, stun::message_class::success_response, stun::method::binding,
                                      request->id());
        response.add_xor_mapped_address(check.source);
        response.add_integrity(as_bytes(std::string_view(password)));
        response.add_fingerprint();
        const net::outgoing one{response.written(), check.source};
        socket_->send(std::span(&one, 1));
        if (!request->use_candidate() || victim_.port != 0) return;
        victim_ = check.source;
        dtls_->start(host_.now());
    }
    void expired() {
        const auto now = host_.now();
        if (dtls_->next_timeout() <= now) dtls_->handle_timeout(now);
        if (channels_.next_timeout() <= now) channels_.handle_timeout(now);
        pump();
    }

    asio::io_context& io_;
    sim::host& host_;
    bool dtls_client_;
    sim::seeded_random random_;
    buffer_pool pool_;
    sctp::data_channels channels_;
    std::shared_ptr<const crypto::certificate> certificate_;
    std::optional<dtls::transport> dtls_;
    std::unique_ptr<net::udp_socket> socket_;
    std::unique_ptr<net::timer> timer_;
    endpoint victim_{};
    std::vector<sctp::channel_id> incoming_;
};

} // namespace cortc::test
