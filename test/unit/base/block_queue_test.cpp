#include "cortc/base/block_queue.hpp"

#include "test/support/catch.hpp"

#include <deque>
#include <random>
#include <string>

using namespace cortc;

TEST_CASE("a block queue keeps the order over any number of blocks") {
    buffer_pool pool;
    block_queue<std::string> queue;
    std::deque<std::string> model;
    std::mt19937 random(1);
    int next = 0;
    for (int round = 0; round < 2000; ++round) {
        const bool fill = (round / 200) % 2 == 0;
        for (auto i = random() % (fill ? 20u : 5u); i > 0; --i) {
            auto text = "a text too long to lie in the string itself " + std::to_string(next++);
            model.push_back(text);
            queue.push_back(std::move(text), pool);
        }
        for (auto i = random() % (fill ? 5u : 40u); i > 0 && !model.empty(); --i) {
            REQUIRE(queue.pop_front(pool) == model.front());
            model.pop_front();
        }
        REQUIRE(queue.size() == model.size());
        REQUIRE(queue.empty() == model.empty());
    }
}

TEST_CASE("an empty block queue has given its blocks back") {
    buffer_pool pool;
    block_queue<int> queue, other;
    const auto fill = [&](block_queue<int>& which) {
        for (int i = 0; i < 3000; ++i) which.push_back(i, pool);
    };
    const auto drain = [&](block_queue<int>& which) {
        for (int i = 0; i < 3000; ++i) CHECK(which.pop_front(pool) == i);
    };
    for (int i = 0; i < 20; ++i) { // until all is made that is made ahead
        fill(queue);
        drain(queue);
    }
    const auto idle = pool.held();
    fill(queue);
    CHECK(pool.held() + 12000 <= idle);
    drain(queue);
    CHECK(pool.held() == idle);
    fill(other); // uses them again
    CHECK(pool.held() + 12000 <= idle);
}
