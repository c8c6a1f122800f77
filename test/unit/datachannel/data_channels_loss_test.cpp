#include "test/support/catch.hpp"
#include "test/unit/sctp/channel_world.hpp"

#include <random>

using namespace cortc;
using namespace cortc::sctp;
using namespace cortc::sctp::channel_test;

namespace {

/// The path does not fail, however much is lost.
data_channels_config patient() {
    data_channels_config config;
    config.association.timings.max_retransmits = config.association.timings.max_data_retransmits = 1000;
    return config;
}

/// Channels that live one after another on the same streams, beside a lossy one: every one closes, and what
/// is sent reliably arrives.
struct generations : two_peers {
    generations() : two_peers(patient(), patient()) {
        REQUIRE(connected());
        channel_parameters lossy;
        lossy.max_retransmits = 0;
        beside = open(left, lossy);
        way.run(1s);
        left.forget();
        right.forget();
    }
    void live(int round) {
        channel_parameters parameters;
        if (round % 2 == 0) parameters.max_retransmits = 0;
        const auto mine = open(left, parameters);
        const auto before = reliable();
        (void)say(left, beside, "lost or not");
        REQUIRE(say(left, mine, round % 2 == 0 ? "lossy" : "reliable") == channel_send::ok);
        if (round % 3 != 0) way.run(25ms);
        left.engine.close(mine);
        REQUIRE(way.run_until([&] { return left.count<channel_closed>(mine) == 1; }, 120s));
        if (round % 2 == 0) return;
        REQUIRE(way.run_until([&] { return reliable() == before + 1; }, 60s));
    }
    /// Everything the right end has open or closing closes, too.
    void settle() {
        way.lose = {};
        way.run(60s);
        CHECK(right.count<channel_incoming>() == right.count<channel_closed>());
        CHECK(left.count<channel_error>() + right.count<channel_error>() == 0);
        CHECK(left.count<closed>() + right.count<closed>() == 0);
    }
    std::ptrdiff_t reliable() const {
        return std::count_if(right.messages.begin(), right.messages.end(),
                             [](const delivered& m) { return m.text() == "reliable"; });
    }
    channel_id beside;
};

} // namespace

TEST_CASE("data channel close: ends whatever three packets are lost") {
    constexpr std::size_t packets = 16; // of the beginning, where a lifetime's exchanges are
    for (std::size_t first = 0; first < packets; ++first)
        for (std::size_t second = first; second < packets; ++second)
            for (std::size_t third = second; third < packets; ++third) {
                CAPTURE(first, second, third);
                generations world;
                std::size_t number = 0;
                world.way.lose = [&](int, std::size_t) {
                    const auto n = number++;
                    return n == first || n == second || n == third;
                };
                for (int round = 0; round < 4; ++round) world.live(round);
                world.settle();
            }
}

TEST_CASE("data channel close: ends through random losses") {
    for (std::uint32_t seed = 0; seed < 60; ++seed) {
        CAPTURE(seed);
        generations world;
        std::mt19937 dice(seed);
        world.way.lose = [&](int, std::size_t) { return dice() % 100 < 5 + seed % 30; };
        for (int round = 0; round < 12; ++round) world.live(round);
        world.settle();
    }
}
