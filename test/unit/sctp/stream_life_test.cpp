#include "test/support/catch.hpp"
#include "test/unit/sctp/pair.hpp"

using namespace cortc;
using namespace cortc::sctp;
using namespace cortc::sctp::test;

namespace {

/// A stream on which a message was abandoned, then reset. What is lost of what each end sends is chosen.
struct two_lives {
    two_lives() {
        net.a.tamper = [this](bytes& packet) { drop(packet, drop_a); };
        net.b.tamper = [this](bytes& packet) { drop(packet, drop_b); };
        lossy.max_retransmits = 0;
        net.connect();
        net.run_for(2s);
    }
    static void drop(bytes& packet, int& left) {
        if (left == 0) return;
        --left;
        packet.clear();
    }
    void lose(std::uint16_t stream, int messages) {
        drop_a = 1;
        for (int i = 0; i < messages; ++i)
            REQUIRE(net.send(net.a, stream, pattern(3), lossy) == send_result::ok);
        net.pump();
        drop_a = 0;
    }
    bool reset() {
        net.a.end.reset_stream(stream_id(1));
        return net.run([&] { return net.a.count<outgoing_streams_reset>() == 1; }, 5s);
    }
    pair net;
    int drop_a = 0;
    int drop_b = 0;
    send_options lossy;
};

} // namespace

TEST_CASE("sctp stream life: what was abandoned before a reset is not skipped after it") {
    two_lives lives;
    auto& net = lives.net;
    const int old_messages = GENERATE(1, 3);
    const std::uint16_t other = GENERATE(std::uint16_t{1}, std::uint16_t{2});
    lives.lossy.unordered = GENERATE(false, true);
    lives.lose(1, old_messages);
    const bool lose_sack = GENERATE(true, false);
    lives.drop_b = lose_sack ? 1 : 0;
    if (lose_sack)
        REQUIRE(net.run([&] { return lives.drop_b == 0; }, 3s));
    else
        net.run_for(3s);
    REQUIRE(lives.reset());
    lives.lose(other, 1);
    net.run_for(3s);
    for (std::uint32_t i = 0; i < 5; ++i) REQUIRE(net.send(net.a, 1, numbered(i)) == send_result::ok);
    net.run_for(20s);
    REQUIRE(net.b.messages.size() == 5);
    for (std::uint32_t i = 0; i < 5; ++i) CHECK(number_of(net.b.messages[i].data.view()) == i);
}

TEST_CASE(
    "sctp stream life: a FORWARD-TSN from before the reset that comes late says nothing of the new life") {
    two_lives lives;
    auto& net = lives.net;
    // Every packet that goes while the reset is under way is kept, and comes again after it.
    std::vector<bytes> kept;
    bool keep = false;
    lives.lose(1, 1);
    net.a.tamper = [&](bytes& packet) {
        if (keep) kept.push_back(packet);
        two_lives::drop(packet, lives.drop_a);
    };
    keep = true;
    lives.drop_b = 4; // what answers the reset and the first FORWARD-TSNs
    net.a.end.reset_stream(stream_id(1));
    net.pump();
    lives.lose(2, 1);
    REQUIRE(net.run([&] { return net.a.count<outgoing_streams_reset>() == 1; }, 60s));
    keep = false;
    for (const auto& packet : kept) net.b.end.handle_packet(packet, net.now);
    REQUIRE(net.send(net.a, 1, numbered(7)) == send_result::ok);
    net.run_for(20s);
    std::erase_if(net.b.messages, [](const received_message& m) { return m.stream != stream_id(1); });
    REQUIRE(net.b.messages.size() == 1);
    CHECK(number_of(net.b.messages[0].data.view()) == 7);
}

TEST_CASE("sctp stream life: the next request is a new one, though it looks like the one before") {
    two_lives lives;
    auto& net = lives.net;
    // The first reset has to wait for a lost message; the second is of the same stream with no message
    // between.
    lives.drop_a = 1;
    REQUIRE(net.send(net.a, 1, pattern(3)) == send_result::ok);
    net.pump();
    for (std::size_t round = 1; round <= 3; ++round) {
        net.a.end.reset_stream(stream_id(1));
        REQUIRE(net.run([&] { return net.a.count<outgoing_streams_reset>() == round; }, 10s));
        net.run_for(1s);
        CHECK(net.b.count<incoming_streams_reset>() == round);
    }
}
