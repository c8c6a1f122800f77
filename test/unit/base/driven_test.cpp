#include "cortc/base/driven.hpp"

#include "test/support/catch.hpp"

#include <stdexcept>

using namespace cortc;

namespace {

struct counter {
    explicit counter(int begin) : value(begin) {}
    void add(int much) { value += much; }
    void fail() { throw std::runtime_error("no"); }
    int value;
};

struct owner {
    void drain(counter& of) {
        drained.push_back(of.value);
        if (fails) throw std::logic_error("drain");
        if (of.value == 7) engine.change(*this)->add(100); // an event leads to another change
    }
    driven<counter, owner> engine{0};
    std::vector<int> drained;
    bool fails = false;
};

} // namespace

TEST_CASE("every change of a driven engine is drained, and reading is not") {
    owner it;
    it.engine.change(it)->add(1);
    CHECK(it.engine->value == 1);
    CHECK((*it.engine).value == 1);
    CHECK(it.drained == std::vector{1});
    {
        auto several = it.engine.change(it);
        several->add(2);
        it.engine.change(it)->add(3); // within it
        CHECK(it.drained.size() == 1);
    }
    CHECK(it.drained == std::vector{1, 6});
    it.engine.change(it)->add(1);
    CHECK(it.drained == std::vector{1, 6, 7, 107});
}

TEST_CASE("a change that throws is drained by the next one, and a drain may throw") {
    owner it;
    CHECK_THROWS_AS(it.engine.change(it)->fail(), std::runtime_error);
    CHECK(it.drained.empty());
    it.fails = true;
    CHECK_THROWS_AS(it.engine.change(it)->add(1), std::logic_error);
    CHECK(it.drained == std::vector{1});
}
