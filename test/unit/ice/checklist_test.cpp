#include "test/unit/ice/harness.hpp"

using namespace cortc;
using namespace cortc::ice;
using namespace cortc::ice::test;

namespace {

candidate_pair make_pair(std::uint64_t priority, std::uint32_t foundation) {
    candidate_pair out;
    out.route = {socket_id(1), at("192.0.2.1", static_cast<std::uint16_t>(priority))};
    out.priority = priority;
    out.foundation = foundation;
    return out;
}

} // namespace

TEST_CASE("a checklist is ordered and freezes all but one pair of a foundation") {
    checklist list(100, {});
    list.insert(make_pair(10, 1));
    list.insert(make_pair(30, 1));
    list.insert(make_pair(20, 2));
    REQUIRE(list.pairs().size() == 3);
    CHECK(list.pairs()[0].priority == 30);
    CHECK(list.pairs()[1].priority == 20);
    CHECK(list.pairs()[2].priority == 10);
    CHECK(list.pairs()[0].state == pair_state::frozen); // trickled after the other
    CHECK(list.pairs()[1].state == pair_state::waiting);
    CHECK(list.pairs()[2].state == pair_state::waiting);
    CHECK(list.active() == 2);

    auto* next = list.next_check(0);
    REQUIRE(next->priority == 20);
    list.set_state(*next, pair_state::in_progress);
    next = list.next_check(0);
    REQUIRE(next->priority == 10);
    list.set_state(*next, pair_state::in_progress);
    CHECK(list.next_check(0) == nullptr);
    list.thaw();
    CHECK(list.next_check(0) == nullptr); // its foundation is being checked

    list.unfreeze(1);
    REQUIRE(list.next_check(0));
    CHECK(list.next_check(0)->priority == 30);
}

TEST_CASE("a check without answer stops holding back its foundation") {
    checklist list(100, {});
    auto first = list.insert(make_pair(30, 1))->id;
    list.insert(make_pair(10, 1));
    list.set_state(*list.find(first), pair_state::in_progress);
    list.find(first)->slow = true;
    list.thaw();
    REQUIRE(list.next_check(0));
    CHECK(list.next_check(0)->priority == 10);
    list.set_state(*list.find(first), pair_state::failed);
    CHECK_FALSE(list.find(first)->slow);
}

TEST_CASE("triggered checks come first, once, and a nomination before them") {
    checklist list(100, {});
    auto a = list.insert(make_pair(30, 1))->id, b = list.insert(make_pair(20, 2))->id,
         c = list.insert(make_pair(10, 3))->id;
    list.trigger(*list.find(c));
    list.trigger(*list.find(c));
    list.trigger(*list.find(b), true);
    CHECK(list.has_check(1000));
    for (auto expected : {b, c}) {
        auto* next = list.next_check(0);
        CHECK(list.next_check(0) == next); // until it is taken
        CHECK(next->id == expected);
        list.take(*next);
    }
    CHECK(list.next_check(0)->id == a);
    CHECK(list.next_check(30) == nullptr); // none above the selected one
    CHECK_FALSE(list.has_check(30));
    list.trigger(*list.find(c));
    list.untrigger(c);
    CHECK_FALSE(list.has_check(30));
}

TEST_CASE("a full checklist keeps the best pairs and the valid ones") {
    checklist list(2, {});
    auto least = list.insert(make_pair(10, 1))->id;
    list.insert(make_pair(20, 2));
    CHECK(list.insert(make_pair(5, 3)) == nullptr);
    list.find(least)->valid = true;
    REQUIRE(list.insert(make_pair(30, 4)));
    CHECK(list.pairs().size() == 2);
    CHECK(list.find(least));
    CHECK(list.pairs()[0].priority == 30);
}

TEST_CASE("transactions are retransmitted on the schedule of RFC 8489 6.2.1") {
    timings time;
    transaction_table table(time);
    transaction request;
    request.id.fill(std::byte{7});
    request.rto = 500ms;
    table.start(std::move(request), start);
    std::vector<duration> sent;
    auto now = start;
    while (table.size() > 0) {
        now = table.next_timeout();
        if (auto* due = table.due(now)) {
            sent.push_back(now - start);
            table.transmitted(*due, now);
        } else {
            REQUIRE(table.take_expired(now));
        }
    }
    CHECK(sent == std::vector<duration>{500ms, 1500ms, 3500ms, 7500ms, 15500ms, 31500ms});
    CHECK(now - start == 39500ms);
}

TEST_CASE("a cancelled transaction is remembered as long as a last transmission") {
    timings time;
    transaction_table table(time);
    transaction request;
    request.id.fill(std::byte{7});
    request.rto = 500ms;
    auto& started = table.start(std::move(request), start);
    for (auto now : {start + 500ms, start + 1500ms}) table.transmitted(started, now);
    CHECK(table.checking({}, {}));
    CHECK(table.next_timeout() == start + 3500ms);
    table.cancel({}, {}, start + 1600ms);
    table.cancel({}, {}, start + 1700ms);
    CHECK_FALSE(table.checking({}, {}));
    CHECK(table.find(request.id)); // a response still counts
    CHECK_FALSE(table.take_expired(start + 9599ms));
    CHECK_FALSE(table.due(start + 9600ms));
    auto expired = table.take_expired(start + 9600ms);
    REQUIRE(expired);
    CHECK(expired->id == request.id);
}

TEST_CASE("of one pair, few cancelled transactions are remembered") {
    timings time;
    transaction_table table(time);
    for (unsigned i = 0; i < 100; ++i) {
        transaction request;
        request.id.fill(static_cast<std::byte>(i));
        request.rto = 500ms;
        table.start(std::move(request), start);
        table.cancel({}, {}, start);
    }
    CHECK(table.size() == 16);
    stun::transaction_id last;
    last.fill(std::byte{99});
    CHECK(table.find(last));
}

TEST_CASE("consent is granted for 30 s and alive while answered") {
    timings time;
    consent c;
    CHECK_FALSE(c.granted(start, time));
    c.confirm(start, 5s);
    CHECK(c.next_check() == start + 5s);
    CHECK(c.granted(start + 30s - 1ns, time));
    CHECK_FALSE(c.granted(start + 30s, time));
    CHECK(c.alive(start + 29s, time)); // nothing was asked
    c.sent(start + 5s, 1s);
    c.sent(start + 6s, 1s);
    CHECK(c.next_check() == start + 7s);
    CHECK(c.alive(start + 7s - 1ns, time));
    CHECK_FALSE(c.alive(start + 7s, time));
    c.heard(start + 6500ms); // a sign of life, not consent
    CHECK(c.alive(start + 11s, time));
    CHECK_FALSE(c.alive(start + 11500ms, time));
    CHECK_FALSE(c.granted(start + 30s, time));
    c.confirm(start + 12s, 5s);
    CHECK(c.alive(start + 12s, time));
    CHECK(spread(5s, 0) == 4s);
    CHECK(spread(5s, 0xffffffff) < 6s);
    CHECK(spread(5s, 0xffffffff) > 5999ms);
}

TEST_CASE("a rate lets a burst through and then keeps its distance") {
    rate r(5ms, 3);
    for (int i = 0; i < 3; ++i) {
        REQUIRE(r.ready(start));
        r.take(start);
    }
    CHECK_FALSE(r.ready(start));
    CHECK(r.next() == start + 5ms);
    CHECK(r.ready(start + 5ms));
    r.take(start + 5ms);
    CHECK_FALSE(r.ready(start + 9ms));
}
