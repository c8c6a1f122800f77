#include "test/support/allocation_count.hpp"
#include "test/support/catch.hpp"
#include "test/unit/sctp/channel_world.hpp"

using namespace cortc;
using namespace cortc::sctp;
using namespace cortc::sctp::channel_test;

namespace {

/// Two engines back to back, without a path between them and without a note taken of anything.
struct back_to_back {
    back_to_back() {
        left.set_role(dtls_role::client, now);
        right.set_role(dtls_role::server, now);
        left.connect(now);
        right.connect(now);
        pass(20ms);
    }
    void pass(duration time) {
        for (auto end = now + time; now < end; now += 5ms) {
            exchange();
            if (left.next_timeout() <= now) left.handle_timeout(now);
            if (right.next_timeout() <= now) right.handle_timeout(now);
        }
        exchange();
    }
    void exchange() {
        while (move(left, right) || move(right, left)) continue;
    }

    seeded_random random{3};
    buffer_pool pool;
    time_point now{1s};
    data_channels left{{}, random, pool}, right{{}, random, pool};
    std::size_t received = 0;

  private:
    bool move(data_channels& from, data_channels& to) {
        std::array<std::byte, 2048> out;
        bool moved = false;
        while (auto size = from.poll_transmit(out, now)) {
            to.handle_packet(byte_view(out).first(*size), now);
            to.drain([](const channel_event&) {},
                     [&](incoming_message message) {
                         ++received;
                         to.consume(message.data.size());
                         to.recycle(std::move(message.data));
                     });
            moved = true;
        }
        from.drain([](const channel_event&) {}, [](const incoming_message&) {});
        return moved;
    }
};

} // namespace

TEST_CASE("data channels: a steady flow of messages allocates nothing") {
    back_to_back flow;
    std::vector<channel_id> channels;
    for (int i = 0; i < 100; ++i) channels.push_back(*flow.left.open({}, flow.now));
    flow.pass(100ms);
    // Together less than the pool keeps.
    bytes small(100), large(3000);
    auto round = [&] {
        std::size_t sent = 0;
        for (auto id : channels)
            for (auto* message : {&small, &large})
                if (flow.left.send(id, message_kind::binary, *message, flow.now) == channel_send::ok) ++sent;
        flow.pass(100ms);
        return sent;
    };
    for (int i = 0; i < 10; ++i) round(); // queues and pools find their sizes
    flow.received = 0;
    auto before = support::allocation_count();
    std::size_t sent = 0;
    for (int i = 0; i < 10; ++i) sent += round();
    auto after = support::allocation_count();
    CHECK(sent == 2000);
    CHECK(flow.received == sent);
    CHECK(after == before);
}
