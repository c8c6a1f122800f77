#pragma once

#include "cortc/datachannel/dcep.hpp"
#include "cortc/sctp/association.hpp"
#include "test/support/lite_peer.hpp"

#include <functional>
#include <vector>

namespace cortc::test {

/// A peer that says on SCTP what the test likes: through an association of its own (`engine`), or packet by
/// packet. It is the DTLS client: its stream ids are even.
class association_peer final : public lite_peer {
  public:
    association_peer(boost::asio::io_context& io, sim::host& where)
        : lite_peer(io, where, dtls_role::client), engine(configuration(), where.random(), pool) {}

    // Packets of the test's own, with the tags of the association. A packet goes when it is full.
    void chunk(sctp::chunk_type type, byte_view value, std::uint8_t flags = 0) {
        if (!packet_.fits(value.size())) send_packet();
        packet_.add(type, flags, value);
    }
    void data(std::uint32_t number, std::uint16_t stream, std::uint16_t sequence, byte_view payload,
              bool begin, bool end, sctp::ppid protocol = datachannel::dcep::binary) {
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
            send_counted(byte_view(storage_).first(packet_.finish()));
        }
        packet_ = sctp::packet_builder(byte_span(storage_).first(1160), {5000, 5000, 0});
    }
    sctp::send_result say(std::uint16_t stream, sctp::ppid protocol, byte_view message) {
        return engine.send(sctp::stream_id(stream), protocol, message, {}, now());
    }
    sctp::send_result say_open(std::uint16_t stream, std::string_view label) {
        datachannel::dcep::open_message open;
        open.label = label;
        bytes out(datachannel::dcep::size_of(open));
        datachannel::dcep::write(open, out);
        return say(stream, datachannel::dcep::control, out);
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
    static sctp::association_config configuration() {
        sctp::association_config config;
        config.mtu = 1163;
        config.initial_tsn = sctp::tsn(first_tsn);
        config.remote_max_message_size = 0;
        config.send_buffer = 64 << 20; // an attacker has room
        config.limits.max_queued_messages = 1 << 20;
        return config;
    }

    void send_counted(byte_view packet) {
        if (send_sctp(packet)) ++packets_sent;
    }
    void connect_sctp() override { engine.connect(now()); }
    void receive_sctp(byte_view packet) override {
        ++packets_received;
        sctp::chunk_reader chunks(packet.subspan(sctp::common_header_size));
        while (auto each = chunks.next()) {
            if (auto data = each->type == sctp::chunk_type::data ? sctp::parse_data(*each) : std::nullopt)
                highest_tsn = data->number.value();
            if (on_chunk) on_chunk(*each);
        }
        if (engine_runs) engine.handle_packet(packet, now());
    }
    void drain_sctp() override {
        if (!engine_runs) return;
        std::array<std::byte, 1500> out;
        while (auto size = engine.poll_transmit(out, now())) {
            if (auto tag = byte_reader(byte_view(out).subspan(4)).u32(); tag != 0) peer_tag = tag;
            send_counted(byte_view(out).first(*size));
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
    }
    [[nodiscard]] time_point sctp_timeout() const override {
        return engine_runs ? engine.next_timeout() : never;
    }
    void handle_sctp_timeout() override { engine.handle_timeout(now()); }

    std::array<std::byte, 2000> storage_{};
    sctp::packet_builder packet_{byte_span(storage_).first(1160), {5000, 5000, 0}};
};

} // namespace cortc::test
