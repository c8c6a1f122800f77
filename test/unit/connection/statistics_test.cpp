#include "cortc/connection/connection.hpp"
#include "test/unit/connection/support.hpp"

using namespace cortc;

namespace {

struct reporting : test::part_bench {
    using part_bench::part_bench;
    std::shared_ptr<connection> pc = std::make_shared<connection>(where.core(), Configuration());

    StatsReport report() {
        auto got = test::begin<StatsReport>(*this, [&](auto op) { pc->statistics().get(std::move(op)); });
        run();
        REQUIRE(got->value);
        return *got->value;
    }
    ~reporting() {
        pc->close();
        run();
    }
};

} // namespace

TEST_CASE("statistics: ids are the same from report to report, and differ between connections") {
    reporting one(1), two(2);
    (void)one.pc->channels().create("chat", {});
    const auto first = one.report(), second = one.report(), other = two.report();
    std::vector<std::string> ids, again;
    for (const auto& [id, object] : first) ids.push_back(id);
    for (const auto& [id, object] : second) again.push_back(id);
    CHECK(ids.size() == 2); // the connection and its channel
    CHECK(ids == again);
    for (const auto& [id, object] : other) CHECK(std::find(ids.begin(), ids.end(), id) == ids.end());
}

TEST_CASE("statistics: the last report is kept over close(), with everything closed") {
    reporting bench;
    (void)bench.pc->channels().create("chat", {});
    bench.pc->statistics().keep();
    bench.pc->close();
    const auto last = bench.report();
    REQUIRE(last.all(StatsType::data_channel).size() == 1);
    const auto& channel = std::get<DataChannelStats>(*last.all(StatsType::data_channel).front());
    CHECK(channel.state == DataChannelState::closed);
    bench.pc->statistics().keep(); // too late, and changes nothing
    CHECK(bench.report().all(StatsType::data_channel).size() == 1);
}

TEST_CASE("statistics: a connection that was closed without a report has none") {
    reporting bench;
    bench.pc->close();
    auto got = test::begin<StatsReport>(bench, [&](auto op) { bench.pc->statistics().get(std::move(op)); });
    bench.run();
    CHECK(got->failure() == "AbortError");
}
