#pragma once

#include "cortc/datachannel/data_channels.hpp"
#include "cortc/sctp/wire/crc32c.hpp"
#include "test/support/lite_peer.hpp"

#include <algorithm>

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

/// A peer of data channels whose SCTP packets can be tampered with.
class channels_peer final : public lite_peer {
  public:
    channels_peer(boost::asio::io_context& io, sim::host& host, dtls_role role, std::uint64_t seed,
                  std::uint16_t streams = 65535)
        : lite_peer(io, host, role), random_(seed), channels_(config(streams), random_, pool_) {
        channels_.set_role(role, now());
    }

    [[nodiscard]] datachannel::data_channels& channels() noexcept { return channels_; }

    std::function<void(bytes& packet)> tamper;     ///< with SCTP packets that go out; empty: dropped
    std::function<void(byte_view packet)> on_sctp; ///< sees those that come in
    int received = 0;                              ///< messages

  private:
    static datachannel::data_channels_config config(std::uint16_t streams) {
        datachannel::data_channels_config made;
        made.association.mtu = 1163;
        made.association.outgoing_streams = made.association.max_incoming_streams = streams;
        return made;
    }
    void connect_sctp() override { channels_.connect(now()); }
    void receive_sctp(byte_view packet) override {
        if (on_sctp) on_sctp(packet);
        channels_.handle_packet(packet, now());
    }
    void drain_sctp() override {
        channels_.drain([](datachannel::channel_event&&) {},
                        [&](datachannel::incoming_message&& message) {
                            ++received;
                            channels_.consume(message.data.size());
                        });
        std::array<std::byte, 1500> out;
        while (auto size = channels_.poll_transmit(out, now())) {
            bytes packet(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*size));
            if (tamper) tamper(packet);
            if (!packet.empty()) send_sctp(packet);
        }
    }
    [[nodiscard]] time_point sctp_timeout() const override { return channels_.next_timeout(); }
    void handle_sctp_timeout() override { channels_.handle_timeout(now()); }

    sim::seeded_random random_;
    buffer_pool pool_;
    datachannel::data_channels channels_;
};

} // namespace cortc::test
