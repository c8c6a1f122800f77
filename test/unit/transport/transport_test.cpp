#include "test/unit/transport/pair.hpp"

#include <stdexcept>

using namespace cortc;
using namespace cortc::transport_pair;

TEST_CASE("transport: the observer may close it in any of its calls") {
    std::size_t calls = 0;
    for (std::size_t at = 0; at <= calls; ++at) {
        pair two;
        two.a.on_event = [&] {
            if (two.a.heard.size() == at + 1) two.a.close();
        };
        two.begin();
        two.world.run_for(2s);
        const auto closed = two.a.heard.size() > at;
        if (closed) {
            CHECK(two.a.heard.size() == at + 1); // not a word after it
            CHECK(two.a.ended());
            CHECK(two.a->ice_state() == ice::transport_state::closed);
            CHECK(two.a->dtls_state() == dtls_transport_state::closed);
        }
        calls = std::max(calls, two.a.heard.size());
        two.finish();
    }
    CHECK(calls > 5); // candidate, gathered, ice, selected, dtls
}

TEST_CASE("transport: what a filter throws ends gathering with an error") {
    context_options options;
    options.interface_filter = [](const net::interface_address&) -> bool {
        throw std::runtime_error("no mood");
    };
    pair two(ice::role::controlled, options);
    two.begin();
    REQUIRE(two.a.heard.size() >= 2);
    CHECK(two.a.heard[0] == "error the interfaces are not known: no mood");
    CHECK(two.a.heard[1] == "gathered");
    two.finish();
}

TEST_CASE("transport: a repaired role conflict is told to one of the two") {
    pair two(ice::role::controlling);
    two.connect();
    CHECK(std::ranges::count(two.a.heard, "controlled") + std::ranges::count(two.b.heard, "controlled") == 1);
    CHECK(two.a->agent().role() != two.b->agent().role());
    two.finish();
}
