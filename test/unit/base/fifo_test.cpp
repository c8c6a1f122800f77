#include "cortc/base/fifo.hpp"

#include "test/support/catch.hpp"

#include <memory>

using cortc::fifo;

TEST_CASE("fifo: first in, first out, whatever was taken between") {
    for (std::size_t held = 0; held < 40; ++held) {
        fifo<std::unique_ptr<std::size_t>> queue;
        std::size_t in = 0, out = 0;
        auto take = [&] { CHECK(*queue.pop_front() == out++); };
        for (; in < 500; ++in) {
            queue.push_back(std::make_unique<std::size_t>(in));
            CHECK(*queue.back() == in);
            while (queue.size() > held) take();
        }
        CHECK(queue.size() == held);
        while (!queue.empty()) take();
        CHECK(out == in);
        CHECK(queue.size() == 0);
    }
}

TEST_CASE("fifo: an element may be pushed while another is being taken") {
    fifo<int> queue;
    queue.push_back(1);
    for (int i = 1; i < 100; ++i) queue.push_back(queue.pop_front() + 1);
    CHECK(queue.size() == 1);
    CHECK(queue.front() == 100);
    queue.clear();
    CHECK(queue.empty());
}
