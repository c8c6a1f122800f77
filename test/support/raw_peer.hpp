#pragma once

#include "cortc/crypto/certificate.hpp"
#include "cortc/crypto/dtls_session.hpp"
#include "cortc/sctp/association.hpp"
#include "cortc/sctp/dcep.hpp"
#include "cortc/sdp/parse.hpp"
#include "cortc/sim/world.hpp"
#include "cortc/stun/message.hpp"
#include "cortc/stun/message_writer.hpp"
#include "test/support/catch.hpp"

#include <fmt/format.h>

#include <functional>
#include <string>
#include <vector>

namespace cortc::test {

/// A peer that answers an offer, connects lawfully over ICE (lite) and DTLS, and then says on SCTP what the
/// test likes: through an association of its own (`engine`), or packet by packet. In virtual time.
class raw_peer final : net::datagram_handler {
  public:
    explicit raw_peer(sim::host& where)
        : engine(configuration(), where.random(), pool)
        , host_(where)
        , socket_(std::move(where.open_udp({boost::asio::ip::make_address("10.0.0.2"), 0}, *this).value()))
        , timer_(where.make_timer([this] { run(); }))
        , certificate_(crypto::generate_certificate(crypto::key_type::ecdsa_p256, where.calendar()).value()) {
    }

    /// The answer to an offer of one data section. The raw peer is ICE lite and the DTLS client: its stream
    /// ids are even.
    std::string answer(const std::string& offer) {
        const auto parsed = sdp::parse(offer);
        REQUIRE(parsed.has_value());
        const auto& section = parsed->media.at(0);
        const auto transport = sdp::effective_transport(*parsed, section);
        crypto::dtls_options options;
        options.role = crypto::dtls_role::client;
        options.cert = certificate_;
        options.remote_fingerprints = {{crypto::hash_algorithm::sha256, transport.fingerprints.at(0).value}};
        dtls_ = crypto::make_dtls_session(std::move(options));
        std::string print;
        for (auto each : certificate_->fingerprint(crypto::hash_algorithm::sha256))
            print += fmt::format("{}{:02X}", print.empty() ? "" : ":", std::to_integer<unsigned>(each));
        return fmt::format(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {0}\r\na=ice-lite\r\n"
            "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:{0}\r\n"
            "a=ice-ufrag:rawpeer\r\na=ice-pwd:{1}\r\na=fingerprint:sha-256 {2}\r\na=setup:active\r\n"
            "a=sctp-port:5000\r\na=max-message-size:262144\r\n"
            "a=candidate:1 1 udp 2130706431 10.0.0.2 {3} typ host\r\na=end-of-candidates\r\n",
            section.mid.value_or("0"), password, print, socket_->local().port);
    }

    [[nodiscard]] bool up() const { return engine.state() == sctp::association_state::established; }
    [[nodiscard]] time_point now() const { return host_.now(); }

    /// Sends what the engine has to send, and takes what it has received.
    void run() {
        if (dtls_->next_timeout() <= now()) dtls_->handle_timeout(now());
        if (engine_runs && engine.next_timeout() <= now()) engine.handle_timeout(now());
        flush();
    }

    // Packets of the test's own, with the tags of the association. A packet goes when it is full.
    void chunk(sctp::chunk_type type, byte_view value, std::uint8_t flags = 0) {
        if (!packet_.fits(value.size())) send_packet();
        packet_.add(type, flags, value);
    }
    void data(std::uint32_t number, std::uint16_t stream, std::uint16_t sequence, byte_view payload,
              bool begin, bool end, sctp::ppid protocol = sctp::dcep::binary) {
        sctp::data_chunk made;
        made.number = sctp::tsn(number);
        made.stream = sctp::stream_id(stream);
        made.sequence = sctp::ssn(sequence);
        made.protocol = protocol;
        made.begin = begin;
        made.end = end;
        made.payload = payload;
        if (!packet_.fits(sctp::data_fields_size + payload.size())) send_packet();
        sctp::write_data(packet_, made);
    }
    void sack(std::uint32_t cumulative, std::uint32_t window, std::vector<sctp::gap_block> gaps = {}) {
        bytes value(sctp::sack_fields_size + 4 * gaps.size());
        byte_writer out(value);
        out.u32(cumulative);
        out.u32(window);
        out.u16(static_cast<std::uint16_t>(gaps.size()));
        out.u16(0);
        for (auto gap : gaps) {
            out.u16(gap.start);
            out.u16(gap.end);
        }
        chunk(sctp::chunk_type::sack, value);
    }
    void send_packet(std::optional<std::uint32_t> tag = std::nullopt) {
        if (!packet_.empty()) {
            byte_writer(byte_span(storage_).subspan(4)).u32(tag.value_or(peer_tag));
            send(byte_view(storage_).first(packet_.finish()));
        }
        packet_ = sctp::packet_builder(byte_span(storage_).first(1160), {5000, 5000, 0});
    }
    void send(byte_view packet) {
        if (!dtls_->write(packet)) return;
        ++packets_sent;
        flush_dtls();
    }
    sctp::send_result say(std::uint16_t stream, sctp::ppid protocol, byte_view message) {
        return engine.send(sctp::stream_id(stream), protocol, message, {}, now());
    }
    sctp::send_result say_open(std::uint16_t stream, std::string_view label) {
        sctp::dcep::open_message open;
        open.label = label;
        bytes out(sctp::dcep::size_of(open));
        sctp::dcep::write(open, out);
        return say(stream, sctp::dcep::control, out);
    }

    static constexpr std::uint32_t first_tsn = 1000; ///< of ours
    buffer_pool pool{0};                             // what the attacker keeps is not to be measured
    sctp::association engine;
    bool engine_runs = true;            ///< is fed and drained
    std::uint32_t peer_tag = 0;         ///< what our packets carry
    std::uint64_t packets_received = 0; ///< of SCTP
    std::uint64_t packets_sent = 0;
    std::uint32_t highest_tsn = 0;                    ///< of the peer's DATA
    std::function<void(const sctp::chunk&)> on_chunk; ///< of every packet of the peer
    std::vector<sctp::received_message> messages;
    std::vector<std::uint16_t> resets; ///< streams that the peer has reset

  private:
    static constexpr std::string_view password = "0123456789abcdef01234567";

    static sctp::association_config configuration() {
        sctp::association_config config;
        config.mtu = 1163;
        config.initial_tsn = sctp::tsn(first_tsn);
        config.remote_max_message_size = 0;
        config.send_buffer = 64 << 20; // an attacker has room
        config.limits.max_queued_messages = 1 << 20;
        return config;
    }

    void handle_batch(net::udp_socket&, std::span<const net::datagram> batch) override {
        for (const auto& each : batch) {
            if (stun::is_stun(each.data))
                check(each);
            else if (dtls_) {
                remote_ = each.source;
                dtls_->handle_packet(each.data, now());
                std::array<std::byte, 2048> out;
                while (auto size = dtls_->poll_read(out)) receive(byte_view(out).first(*size));
            }
        }
        run();
    }
    void check(const net::datagram& packet) {
        auto request = stun::message::parse(packet.data);
        if (!request || !request->is_request()) return;
        std::array<std::byte, 256> out;
        stun::message_writer writer(out, stun::message_class::success_response, stun::method::binding,
                                    request->id());
        writer.add_xor_mapped_address(packet.source);
        writer.add_integrity(as_bytes(password));
        writer.add_fingerprint();
        transmit(packet.source, byte_view(out).first(writer.size()));
        if (dtls_ && dtls_->state() == crypto::dtls_state::idle) {
            remote_ = packet.source;
            dtls_->start(now());
        }
    }
    void receive(byte_view packet) {
        ++packets_received;
        sctp::chunk_reader chunks(packet.subspan(sctp::common_header_size));
        while (auto each = chunks.next()) {
            if (auto data = each->type == sctp::chunk_type::data ? sctp::parse_data(*each) : std::nullopt)
                highest_tsn = data->number.value();
            if (on_chunk) on_chunk(*each);
        }
        if (engine_runs) engine.handle_packet(packet, now());
    }
    void flush() {
        while (dtls_->poll_event()) engine.connect(now());
        flush_dtls();
        if (!engine_runs || dtls_->state() != crypto::dtls_state::connected) return arm();
        std::array<std::byte, 2048> out;
        while (auto size = engine.poll_transmit(out, now())) {
            if (auto tag = byte_reader(byte_view(out).subspan(4)).u32(); tag != 0) peer_tag = tag;
            send(byte_view(out).first(*size));
        }
        for (bool more = true; more;) {
            more = false;
            while (auto message = engine.poll_message()) {
                more = true;
                engine.consume(message->data.size());
                messages.push_back(std::move(*message));
            }
            while (auto event = engine.poll_event()) {
                more = true;
                if (auto* reset = std::get_if<sctp::incoming_streams_reset>(&*event))
                    for (auto stream : reset->streams) resets.push_back(stream.value());
            }
        }
        arm();
    }
    void flush_dtls() {
        std::array<std::byte, 2048> out;
        while (auto size = dtls_->poll_transmit(out)) transmit(remote_, byte_view(out).first(*size));
    }
    void transmit(const endpoint& to, byte_view datagram) {
        const net::outgoing one{datagram, to, net::ecn::not_ect};
        socket_->send({&one, 1});
    }
    void arm() {
        auto next = dtls_->next_timeout();
        if (engine_runs) next = std::min(next, engine.next_timeout());
        timer_->arm(next);
    }

    sim::host& host_;
    std::unique_ptr<net::udp_socket> socket_;
    std::unique_ptr<net::timer> timer_;
    std::shared_ptr<const crypto::certificate> certificate_;
    std::unique_ptr<crypto::dtls_session> dtls_;
    endpoint remote_;
    std::array<std::byte, 2000> storage_{};
    sctp::packet_builder packet_{byte_span(storage_).first(1160), {5000, 5000, 0}};
};

} // namespace cortc::test
