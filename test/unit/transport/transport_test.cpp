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

TEST_CASE("transport: what is thrown in any of the observer's calls fails it, and nothing hangs") {
    std::size_t calls = 0;
    for (std::size_t at = 0; at <= calls; ++at) {
        INFO("call " << at);
        pair two;
        two.a.on_event = [&] {
            if (two.a.heard.size() == at + 1) throw std::runtime_error("no mood");
        };
        two.begin();
        CHECK_NOTHROW(two.world.run_for(2s));
        const bool thrown = two.a.heard.size() > at;
        CHECK(std::ranges::count(two.a.heard, "gathered") == 1);
        // What b's candidate brings about in a is thrown at b, who has given it.
        const bool failed = two.a->dtls_state() == dtls_transport_state::failed ||
                            two.b->dtls_state() == dtls_transport_state::failed;
        CHECK(failed == thrown);
        if (two.a->dtls_state() == dtls_transport_state::failed)
            CHECK(std::ranges::count(two.a.heard, "dtls") > 0);
        calls = std::max(calls, at == 0 ? std::size_t{5} : two.a.heard.size() - 1);
        two.a.on_event = {};
        two.finish();
    }
}

TEST_CASE("transport: a failure that cannot be told is told later") {
    pair two;
    two.begin();
    bool throws = true;
    two.a.on_event = [&] {
        if (throws) throw std::runtime_error("no mood");
    };
    two.world.run_for(2s);
    throws = false;
    const auto before = two.a.heard.size();
    two.world.run_for(1s);
    CHECK(two.a->dtls_state() == dtls_transport_state::failed);
    CHECK(two.a.heard.size() >= before);
    two.finish();
}

TEST_CASE("transport: close ends it, whatever throws meanwhile") {
    pair two;
    two.connect();
    two.world.on_datagram([](sim::transit&) { throw std::runtime_error("no wire"); });
    two.a.close();
    two.world.on_datagram({});
    two.finish();
}
