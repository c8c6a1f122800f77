#include "cortc/crypto/datagram_queue.hpp"
#include "test/support/catch.hpp"
#include "test/unit/crypto/dtls_pair.hpp"

using namespace cortc;
using namespace cortc::test;

TEST_CASE("a datagram queue keeps order and boundaries over many rounds") {
    crypto::datagram_queue queue(10000);
    std::deque<bytes> expected;
    std::mt19937 random(1);
    for (int round = 0; round < 5000; ++round) {
        if (random() % 2 == 0) {
            auto next = some_bytes(random() % 700, round);
            if (queue.push(next)) expected.push_back(std::move(next));
        } else if (!expected.empty()) {
            REQUIRE_FALSE(queue.empty());
            REQUIRE(std::ranges::equal(queue.front(), expected.front()));
            queue.pop();
            expected.pop_front();
        }
        REQUIRE(queue.empty() == expected.empty());
    }
}

TEST_CASE("a datagram queue is bounded") {
    crypto::datagram_queue queue(1000);
    CHECK(queue.push(some_bytes(498)));
    CHECK(queue.push(some_bytes(498)));
    CHECK_FALSE(queue.push(some_bytes(0)));
    queue.pop();
    CHECK(queue.push(some_bytes(498)));
    CHECK_FALSE(crypto::datagram_queue(1 << 20).push(some_bytes(65536)));
    CHECK(queue.prepare(400).empty());
}
