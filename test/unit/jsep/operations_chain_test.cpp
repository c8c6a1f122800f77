#include "cortc/jsep/operations_chain.hpp"

#include "test/support/catch.hpp"

using namespace cortc::jsep;
using pushed = operations_chain::pushed;

TEST_CASE("operations chain: an operation that is alone runs at once, the next when it settles") {
    operations_chain chain;
    CHECK(chain.push(1) == pushed::runs_now);
    CHECK(chain.push(2) == pushed::waits);
    CHECK(chain.push(3) == pushed::waits);
    CHECK(chain.running() == 1);
    CHECK(chain.settle(1).next == 2);
    CHECK(chain.running() == 2);
    CHECK(chain.settle(2).next == 3);
    CHECK_FALSE(chain.settle(3).next);
    CHECK(chain.empty());
    CHECK(chain.push(4) == pushed::runs_now);
}

TEST_CASE("operations chain: negotiation-needed is deferred until it is empty, and done once") {
    operations_chain chain;
    CHECK(chain.update_negotiation_needed());
    chain.push(1);
    chain.push(2);
    CHECK_FALSE(chain.update_negotiation_needed());
    CHECK_FALSE(chain.update_negotiation_needed());
    CHECK_FALSE(chain.settle(1).update_negotiation_needed);
    CHECK(chain.settle(2).update_negotiation_needed);
    chain.push(3);
    CHECK_FALSE(chain.settle(3).update_negotiation_needed);
}

TEST_CASE("operations chain: cancelling a waiting operation takes it out; cancelling the running one starts "
          "the next") {
    operations_chain chain;
    chain.push(1);
    chain.push(2);
    chain.push(3);
    CHECK_FALSE(chain.remove(2).next);
    CHECK(chain.running() == 1);
    CHECK(chain.remove(1).next == 3);
    CHECK_FALSE(chain.settle(1).next); // the cancelled one settles late: nothing starts twice
    CHECK(chain.running() == 3);
    CHECK_FALSE(chain.remove(99).next);
    (void)chain.update_negotiation_needed();
    CHECK(chain.remove(3).update_negotiation_needed);
}

TEST_CASE("operations chain: close drops every operation and refuses new ones") {
    operations_chain chain;
    chain.push(1);
    chain.push(2);
    (void)chain.update_negotiation_needed();
    chain.close();
    auto after = chain.settle(1);
    CHECK_FALSE(after.next);
    CHECK_FALSE(after.update_negotiation_needed);
    CHECK(chain.push(3) == pushed::closed);
    CHECK_FALSE(chain.update_negotiation_needed());
}
