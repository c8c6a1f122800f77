#include "test/unit/jsep/walk.hpp"

using namespace cortc;
using namespace cortc::jsep;

TEST_CASE("a random walk under perfect negotiation ends in agreement, time and again") {
    std::size_t agreements = 0, simulcast = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        seeded_random random(seed);
        side alice(1, true, with_policy(random.below(3)));
        side bob(2, false, with_policy(random.below(3)));
        for (int i = 0; i < 120; ++i) {
            CAPTURE(i);
            agreements += walk_on(alice, bob, random);
        }
        settle(alice, bob);
        for (const auto& each : alice.self.jsep.transceivers()) simulcast += each.encodings.size() > 1;
    }
    CHECK(agreements > 60);
    CHECK(simulcast > 0);
}
