#include "test/unit/ice/harness.hpp"

#include <set>
#include <tuple>

using namespace cortc;
using namespace cortc::ice;
using namespace cortc::ice::test;

namespace {

struct connected_nodes {
    node a{1, role::controlling}, b{2, role::controlled};
    wire net{a, b};
    connected_nodes() {
        a.open(at("192.0.2.1", 1000));
        a.open(at("192.0.2.11", 1000));
        b.open(at("192.0.2.2", 2000));
        net.delay = 10ms;
        negotiate(a, b, net.now);
        REQUIRE(net.run_until([&] { return a.selected() && b.selected(); }));
        net.run_for(1s);
    }
};

using name = std::tuple<std::uint32_t, bool, std::uint16_t>;

} // namespace

TEST_CASE("data is counted for the pair that it takes") {
    connected_nodes t;
    auto& engine = t.a.engine;
    const auto selected = *engine.selected_pair();
    CHECK(selected.data.packets_sent == 0);
    engine.note_sent(3, 3000, t.net.now);
    engine.note_sent(1, 7, t.net.now + 1s);
    CHECK(engine.accept(selected.route.socket, selected.route.remote, 100, t.net.now));
    CHECK(engine.accept(selected.route.socket, selected.route.remote, 11, t.net.now + 2s));
    CHECK_FALSE(engine.accept(selected.route.socket, at("192.0.2.99", 9), 100, t.net.now));
    const auto after = *engine.selected_pair();
    CHECK(after.id == selected.id);
    CHECK(after.data.packets_sent == 4);
    CHECK(after.data.bytes_sent == 3007);
    CHECK(after.data.last_sent == t.net.now + 1s);
    CHECK(after.data.packets_received == 2);
    CHECK(after.data.bytes_received == 111);
    CHECK(after.data.last_received == t.net.now + 2s);
    for (const auto& pair : engine.pairs())
        if (pair.id != after.id) CHECK(pair.data.packets_sent + pair.data.packets_received == 0);
}

TEST_CASE("before a pair is selected nothing is counted, and nothing goes wrong") {
    node a{1, role::controlling};
    a.engine.note_sent(1, 1, start);
    CHECK_FALSE(a.engine.accept(socket_id(1), at("192.0.2.2", 2000), 1, start));
    CHECK(a.engine.pairs().empty());
    CHECK(a.engine.candidates().empty());
}

TEST_CASE("pairs name their candidates") {
    connected_nodes t;
    std::set<name> names;
    for (const auto& each : t.a.engine.candidates()) {
        CHECK(names.insert({each.generation.value(), each.remote, each.index}).second);
        CHECK(each.ufrag == (each.remote ? t.b.local.ufrag : t.a.local.ufrag));
    }
    CHECK(names.size() == 3);
    std::set<std::uint32_t> ids;
    for (const auto& pair : t.a.engine.pairs()) {
        CHECK(names.contains({pair.generation.value(), false, pair.local_index}));
        CHECK(names.contains({pair.generation.value(), true, pair.remote_index}));
        CHECK(ids.insert(pair.id).second);
    }
    CHECK(ids.size() == 2);
}

TEST_CASE("changes of the selected pair are counted, to none included") {
    connected_nodes t;
    const auto changes = [&] { return t.a.engine.stats().selected_pair_changes; };
    CHECK(changes() == t.a.all<selected_pair_changed>().size());
    const auto before = changes();
    negotiate(t.a, t.b, t.net.now);
    t.net.run_for(2s);
    CHECK(changes() == t.a.all<selected_pair_changed>().size());
    CHECK(changes() > before);
    const auto connected = changes();
    t.net.drops = [](const flying&) { return true; };
    t.net.run_for(60s);
    CHECK(t.a.engine.state() == transport_state::failed);
    CHECK_FALSE(t.a.engine.selected_pair());
    CHECK(changes() == connected + 1);
}
