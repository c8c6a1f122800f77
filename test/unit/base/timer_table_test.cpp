#include "cortc/base/timer_table.hpp"

#include "test/support/catch.hpp"

using namespace cortc;
using namespace std::chrono_literals;

namespace {

enum class meal { breakfast, lunch, dinner, count_ };
constexpr time_point morning{1h};

} // namespace

TEST_CASE("a timer table names its deadlines") {
    timer_table<meal> timers;
    CHECK(timers.next() == never);
    CHECK_FALSE(timers.armed(meal::lunch));
    CHECK_FALSE(timers.expire(meal::lunch, morning));

    timers.arm(meal::lunch, morning + 5h);
    timers.arm(meal::dinner, morning + 12h);
    CHECK(timers.next() == morning + 5h);
    timers.arm(meal::lunch, morning + 4h);
    CHECK(timers.at(meal::lunch) == morning + 4h);

    CHECK_FALSE(timers.expire(meal::lunch, morning + 4h - 1ns));
    CHECK(timers.expire(meal::lunch, morning + 4h));
    CHECK_FALSE(timers.expire(meal::lunch, morning + 24h)); // once
    CHECK(timers.next() == morning + 12h);

    timers.disarm(meal::dinner);
    CHECK(timers.next() == never);
    timers.arm(meal::breakfast, morning);
    timers.disarm_all();
    CHECK_FALSE(timers.armed(meal::breakfast));
}
