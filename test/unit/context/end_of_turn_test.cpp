#include "cortc/context/end_of_turn.hpp"

#include "test/support/catch.hpp"

#include <functional>
#include <memory>
#include <vector>

using namespace cortc;

namespace {

struct client final : end_of_turn_client {
    explicit client(std::function<void()> what) : run(std::move(what)) {}
    void end_of_turn() override { run(); }
    std::function<void()> run;
};

} // namespace

TEST_CASE("end of turn: each is called once, in the order in which they came") {
    end_of_turn_queue queue;
    std::vector<int> called;
    client one([&] { called.push_back(1); }), two([&] { called.push_back(2); });
    queue.add(two);
    queue.add(one);
    queue.add(two);
    CHECK_FALSE(queue.empty());
    queue.run();
    CHECK(called == std::vector{2, 1});
    CHECK(queue.empty());
    queue.run();
    CHECK(called.size() == 2);
}

TEST_CASE("end of turn: who is added by a client waits for the next turn") {
    end_of_turn_queue queue;
    int runs = 0;
    std::unique_ptr<client> again;
    again = std::make_unique<client>([&] {
        ++runs;
        queue.add(*again);
    });
    queue.add(*again);
    queue.run();
    CHECK(runs == 1);
    CHECK_FALSE(queue.empty());
    queue.run();
    CHECK(runs == 2);
}

TEST_CASE("end of turn: clients withdraw and destroy themselves and each other while the queue runs") {
    for (int which = 0; which < 3; ++which) {
        end_of_turn_queue queue;
        std::vector<int> called;
        std::vector<std::unique_ptr<client>> all(3);
        for (int i = 0; i < 3; ++i) {
            all[static_cast<std::size_t>(i)] = std::make_unique<client>([&, i] {
                called.push_back(i);
                if (i != which) return;
                if (i == 0) all[1]->withdraw();
                all[2].reset(); // itself, when it is the last: nothing of this may be touched any more
            });
            queue.add(*all[static_cast<std::size_t>(i)]);
        }
        queue.run();
        CHECK(queue.empty());
        if (which == 0) CHECK(called == std::vector{0});
        if (which == 1) CHECK(called == std::vector{0, 1});
        if (which == 2) CHECK(called == std::vector{0, 1, 2});
    }
}

TEST_CASE("end of turn: when a client throws, the others are called next time") {
    end_of_turn_queue queue;
    int called = 0;
    client bad([] { throw std::runtime_error("no"); }), good([&] { ++called; });
    queue.add(bad);
    queue.add(good);
    CHECK_THROWS_AS(queue.run(), std::runtime_error);
    CHECK(called == 0);
    CHECK_FALSE(queue.empty());
    queue.run();
    CHECK(called == 1);
    CHECK(queue.empty());
}
