#include "cortc/srtp/session.hpp"
#include "test/unit/transport/engine_world.hpp"

using namespace cortc;
using namespace cortc::transport_test;

namespace {

struct heard final : rtp_sink {
    void handle_media(const media_packet& packet) override {
        sizes.push_back(packet.data.size());
        last = packet;
    }
    std::vector<std::size_t> sizes;
    media_packet last;
};

bytes rtp(srtp::session& from, std::uint8_t type, std::uint16_t sequence) {
    bytes made(100);
    byte_writer out(made);
    out.u8(0x80);
    out.u8(type);
    out.u16(sequence);
    out.u32(1);
    out.u32(1);
    made.resize(100 + srtp::session::max_trailer);
    const auto size = type == 200 ? from.protect_rtcp(made, 100) : from.protect_rtp(made, 100);
    REQUIRE(size.has_value());
    made.resize(*size);
    return made;
}

/// Two ends with a path, of which b's DTLS waits for the server's answer.
struct media_world : two {
    media_world() {
        begin();
        a.engine.expect_media();
        b.engine.expect_media();
        for (auto* each : {&a, &b}) each->set_dtls(now);
        while (!a.dtls->connected) REQUIRE(turn(b, a) | turn(a, b));
        REQUIRE_FALSE(b.dtls->connected);
        REQUIRE(b.engine.agent().is_valid_source(ice::socket_id(1), a.where));
        sender = srtp::session::make(srtp::options(*a.dtls->keys, dtls_role::server));
        REQUIRE(sender);
    }
    std::unique_ptr<srtp::session> sender;
};

} // namespace

TEST_CASE("transport engine: media that comes with the end of the handshake is taken") {
    media_world world;
    heard sink;
    world.b.engine.attach(&sink);
    auto& b = world.b;
    b.receive(rtp(*world.sender, 111, 1), world.now, world.a.where);
    CHECK(b.engine.dropped(demux_drop::no_srtp_keys) == 1);
    // In one batch, which is drained at its end.
    b.receive(plain_dtls::record(22), world.now, world.a.where);
    b.receive(rtp(*world.sender, 111, 2), world.now, world.a.where, net::ecn::ect1);
    CHECK(sink.sizes == std::vector<std::size_t>{100});
    CHECK(sink.last.arrived == world.now);
    CHECK(sink.last.mark == net::ecn::ect1);
    CHECK_FALSE(sink.last.rtcp);
    b.receive(rtp(*world.sender, 200, 24), world.now + 1ms, world.a.where);
    CHECK(sink.sizes.size() == 2);
    CHECK(sink.last.rtcp);
    CHECK(sink.last.arrived == world.now + 1ms);
    CHECK(b.engine.dropped(demux_drop::no_receiver) == 0);
    b.engine.attach(nullptr);
    b.receive(rtp(*world.sender, 111, 3), world.now, world.a.where);
    CHECK(b.engine.dropped(demux_drop::no_receiver) == 1);
    CHECK(sink.sizes.size() == 2);
}

TEST_CASE("transport engine: what is not authentic, or not from the peer, does not reach the sink") {
    media_world world;
    heard sink;
    world.b.engine.attach(&sink);
    world.b.receive(plain_dtls::record(22), world.now, world.a.where);
    auto forged = rtp(*world.sender, 111, 1);
    forged.back() ^= std::byte{1};
    world.b.receive(forged, world.now, world.a.where);
    world.b.receive(rtp(*world.sender, 111, 2), world.now, at("192.0.2.9", 9));
    CHECK(sink.sizes.empty());
    CHECK(world.b.engine.dropped(demux_drop::invalid_source) == 1);
    // The end of DTLS is the end of its keys.
    world.b.receive(plain_dtls::record(21), world.now, world.a.where);
    world.b.receive(rtp(*world.sender, 111, 3), world.now, world.a.where);
    CHECK(world.b.engine.dropped(demux_drop::no_srtp_keys) == 1);
    CHECK_FALSE(world.b.engine.media().session());
}

TEST_CASE("transport engine: no profile in common, and a close, leave no session") {
    media_world world;
    SECTION("no profile") {
        world.b.dtls->keys.reset();
        world.b.receive(plain_dtls::record(22), world.now, world.a.where);
    }
    SECTION("closed") {
        world.b.receive(plain_dtls::record(22), world.now, world.a.where);
        REQUIRE(world.b.engine.media().session());
        world.b.engine.close(world.b.sent, world.now);
    }
    CHECK_FALSE(world.b.engine.media().session());
}
