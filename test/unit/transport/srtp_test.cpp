#include "test/unit/transport/pair.hpp"

using namespace cortc;
using namespace cortc::transport_pair;
using srtp::drop_reason;

namespace {

/// A session that protects with the write keys of the DTLS client (b), or the server.
std::unique_ptr<srtp::session> sender(const end& of, bool client) {
    const auto keys = of->dtls()->export_srtp_keys();
    REQUIRE(keys.has_value());
    return srtp::session::make(srtp::options(*keys, client ? dtls_role::client : dtls_role::server));
}

bytes packet(std::uint8_t type, std::uint16_t sequence) {
    bytes made(100);
    byte_writer out(made);
    out.u8(0x80);
    out.u8(type);
    out.u16(sequence);
    out.u32(1);
    out.u32(1);
    return made;
}
bytes rtp(srtp::session& from, std::uint16_t sequence) {
    auto made = packet(111, sequence);
    made.resize(made.size() + srtp::session::max_trailer);
    const auto size = from.protect_rtp(made, 100);
    REQUIRE(size.has_value());
    made.resize(*size);
    return made;
}
bytes rtcp(srtp::session& from) {
    auto made = packet(200, 24);
    made.resize(made.size() + srtp::session::max_trailer);
    const auto size = from.protect_rtcp(made, 100);
    REQUIRE(size.has_value());
    made.resize(*size);
    return made;
}
std::uint64_t dropped(const end& by, drop_reason reason) {
    return by->srtp()->stats().inbound_drops[static_cast<std::size_t>(reason)];
}

/// Receives nothing.
struct deaf final : net::datagram_handler {
    void handle_batch(net::udp_socket&, std::span<const net::datagram>) override {}
};

} // namespace

TEST_CASE("transport: SRTP is taken with the keys of DTLS, and what is not authentic is dropped") {
    pair two;
    two.a->expect_media();
    two.b->expect_media();
    CHECK_FALSE(two.a->srtp());
    two.connect();
    REQUIRE(two.a->srtp());
    REQUIRE(two.b->srtp());
    const auto client = sender(two.a, true), server = sender(two.a, false);
    const auto first = rtp(*client, 1);
    const auto before = two.a->data().packets_received;
    two.inject(first);
    CHECK(two.a->srtp()->stats().rtp_unprotected == 1);
    CHECK(two.a->dropped(demux_drop::no_receiver) == 1);
    two.inject(rtcp(*client));
    CHECK(two.a->srtp()->stats().rtcp_unprotected == 1);
    CHECK(two.a->dropped(demux_drop::no_receiver) == 2);

    two.inject(first);
    CHECK(dropped(two.a, drop_reason::replayed) == 1);
    auto changed = rtp(*client, 2);
    changed[50] ^= std::byte{1};
    two.inject(changed);
    CHECK(dropped(two.a, drop_reason::wrong_tag) == 1);
    two.inject(rtp(*server, 3)); // its own keys
    CHECK(dropped(two.a, drop_reason::wrong_tag) == 2);
    two.inject(packet(111, 4)); // as it is
    CHECK(dropped(two.a, drop_reason::wrong_tag) == 3);
    two.inject(bytes(1, std::byte{0x80}));
    CHECK(dropped(two.a, drop_reason::too_short) == 1);
    CHECK(two.a->data().packets_received == before + 7);
    CHECK(two.a->dropped(demux_drop::no_receiver) == 2);

    // From an address that no check has proven nothing is even looked at.
    deaf nobody;
    auto& stranger = two.world.host("c", {"10.0.0.3"});
    auto socket = stranger.open_udp({stranger.interfaces().front().address, 0}, nobody).value();
    const auto next = rtp(*client, 5);
    const net::outgoing stray{next, two.address_of_a};
    socket->send({&stray, 1});
    two.world.run_for(1s);
    CHECK(two.a->dropped(demux_drop::invalid_source) == 1);
    CHECK(two.a->srtp()->stats().rtp_unprotected == 1);
    two.inject(next);
    CHECK(two.a->srtp()->stats().rtp_unprotected == 2);
    CHECK(two.a.connected());
    socket.reset();

    two.b.close(); // its close_notify ends the keys, too
    CHECK(two.world.run_until([&] { return two.a->dtls_state() == dtls_transport_state::closed; }, 1s));
    CHECK_FALSE(two.a->srtp());
    two.finish();
}

TEST_CASE("transport: SRTP has no session without media, and gets one when media is negotiated later") {
    pair two;
    two.connect();
    CHECK_FALSE(two.a->srtp());
    const auto client = sender(two.a, true);
    two.inject(rtp(*client, 1));
    CHECK(two.a->dropped(demux_drop::no_media) == 1);
    two.a->expect_media();
    REQUIRE(two.a->srtp());
    const auto* made = two.a->srtp();
    two.a->expect_media(); // the next negotiation
    CHECK(two.a->srtp() == made);
    two.inject(rtp(*client, 2));
    CHECK(two.a->dropped(demux_drop::no_receiver) == 1);
    CHECK(two.a->srtp()->stats().rtp_unprotected == 1);
    two.finish();
}

TEST_CASE("transport: SRTP that comes before the keys is dropped") {
    pair two;
    two.a->expect_media();
    two.begin();
    two.replaces = [](byte_view data) { return !data.empty() && data[0] == std::byte{22}; };
    two.waiting = packet(111, 1); // in the place of the first ClientHello, which is repeated
    REQUIRE(two.world.run_until([&] { return two.a.connected() && two.b.connected(); }, 10s));
    CHECK(two.a->dropped(demux_drop::no_srtp_keys) == 1);
    CHECK(two.a->srtp());
    two.finish();
}
