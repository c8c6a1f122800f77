#include "test/support/catch.hpp"
#include "test/unit/sctp/channel_world.hpp"

using namespace cortc;
using namespace cortc::sctp;
using namespace cortc::sctp::channel_test;

namespace {

constexpr std::array<std::uint16_t, 4> priorities{128, 256, 512, 1024};

/// Four channels, one of each priority.
struct four_channels {
    explicit four_channels(data_channels_config config = {}) : pair(config) {
        REQUIRE(pair.connected());
        for (auto priority : priorities) {
            channel_parameters parameters;
            parameters.priority = priority;
            channels.push_back(pair.open(pair.left, parameters));
        }
        REQUIRE(pair.way.run_until([&] { return pair.right.count<channel_incoming>() == 4; }));
        pair.way.run(1s);
    }
    bool send(std::size_t which, std::size_t size) {
        return pair.left.engine.send(channels[which], message_kind::binary, bytes(size), pair.way.now) ==
               channel_send::ok;
    }
    bool wait_for(std::size_t count) {
        return pair.way.run_until([&] { return pair.right.messages.size() == count; });
    }
    /// Bytes that have arrived, by channel, when those of the channel `until` have reached `limit`.
    std::array<std::size_t, 4> arrived(std::size_t until = 0, std::size_t limit = SIZE_MAX) {
        std::array<std::size_t, 4> sums{};
        for (const auto& message : pair.right.messages) {
            for (std::size_t i = 0; i < 4; ++i)
                if (message.channel == pair.right.incoming(i)) sums[i] += message.data.size();
            if (sums[until] >= limit) break;
        }
        return sums;
    }

    two_peers pair;
    std::vector<channel_id> channels;
};

/// Each as near to twice the one before as `tolerance` says.
void check_doubling(const std::array<std::size_t, 4>& sums, double tolerance) {
    CAPTURE(sums[0], sums[1], sums[2], sums[3]);
    for (std::size_t i = 1; i < 4; ++i) {
        const auto ratio = static_cast<double>(sums[i]) / static_cast<double>(sums[i - 1]);
        CHECK(ratio > 2 - tolerance);
        CHECK(ratio < 2 + tolerance);
    }
}

} // namespace

TEST_CASE("the peer is told the priority") {
    four_channels scene;
    auto incoming = scene.pair.right.all<channel_incoming>();
    for (std::size_t i = 0; i < 4; ++i) CHECK(incoming[i].parameters.priority == priorities[i]);
}

TEST_CASE("queued messages leave by priority, 1 : 2 : 4 : 8") {
    data_channels_config config;
    config.association.send_buffer = 8 << 20;
    four_channels scene(config);
    const std::size_t size = GENERATE(100u, 1000u, 20000u);
    const std::size_t each = 1600000 / size;
    for (std::size_t which = 0; which < 4; ++which)
        for (std::size_t i = 0; i < each; ++i) REQUIRE(scene.send(which, size));
    REQUIRE(scene.wait_for(4 * each));
    // Until the most important one is nearly done: all four have had something to send all the time.
    check_doubling(scene.arrived(3, 1500000), 0.25);
}

TEST_CASE("channels that send all they can share the send buffer by priority") {
    data_channels_config config;
    config.association.send_buffer = 1 << 18;
    four_channels scene(config);
    // The least important one asks first, every time.
    auto push = [&] {
        for (std::size_t which = 0; which < 4; ++which)
            while (scene.send(which, 1000)) continue;
        return false;
    };
    scene.pair.way.run_until(push, 500ms);
    scene.pair.right.messages.clear();
    scene.pair.way.run_until(push, 2s);
    check_doubling(scene.arrived(), 0.45); // shares are whole messages
}

TEST_CASE("a channel that was idle has nothing saved up and nothing to pay for") {
    four_channels scene;
    for (int i = 0; i < 300; ++i) REQUIRE(scene.send(3, 1000));
    scene.pair.way.run(1s);
    scene.pair.right.messages.clear();
    for (std::size_t which : {0u, 3u})
        for (int i = 0; i < 300; ++i) REQUIRE(scene.send(which, 1000));
    REQUIRE(scene.wait_for(600));
    const auto sums = scene.arrived(3, 270000);
    CAPTURE(sums[0], sums[3]);
    CHECK(sums[0] * 7 < sums[3]);
    CHECK(sums[0] * 10 > sums[3]);
}

TEST_CASE("a small message need not wait for many large ones of others") {
    four_channels scene;
    for (int i = 0; i < 10; ++i) REQUIRE(scene.send(1, 50000));
    REQUIRE(scene.send(0, 100));
    REQUIRE(scene.wait_for(11));
    CHECK(scene.arrived(0, 100)[1] <= 100000); // the one that was being sent, and one more
}

TEST_CASE("one channel may fill the send buffer, and another has room again when it drains") {
    four_channels scene;
    std::size_t sent = 0;
    while (scene.send(0, 1000)) ++sent;
    CHECK(sent >= (1 << 20) / 1000);
    CHECK_FALSE(scene.send(3, 1000));
    REQUIRE(scene.pair.way.run_until(
        [&] { return scene.pair.left.count<channel_writable>(scene.channels[3]) == 1; }));
    CHECK(scene.send(3, 1000));
}

TEST_CASE("of channels that wait for room the one that waits longest comes first") {
    data_channels_config config;
    config.association.send_buffer = 20000;
    four_channels scene(config);
    std::array<std::size_t, 4> served{};
    // Each writable channel takes all the room there is.
    std::size_t seen = 0;
    auto greedy = [&] {
        auto writable = scene.pair.left.all<channel_writable>();
        for (; seen < writable.size(); ++seen)
            for (std::size_t which = 0; which < 4; ++which)
                if (scene.channels[which] == writable[seen].channel)
                    while (scene.send(which, 1000)) ++served[which];
        return false;
    };
    for (std::size_t which = 0; which < 4; ++which)
        while (scene.send(which, 1000)) continue;
    scene.pair.way.run_until(greedy, 3s);
    CAPTURE(served[0], served[1], served[2], served[3]);
    for (auto count : served) CHECK(count > 50);
}
