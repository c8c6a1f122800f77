#pragma once

#include "cortc/connection/channels.hpp"
#include "cortc/connection/media.hpp"
#include "cortc/connection/negotiation.hpp"
#include "cortc/connection/transport_set.hpp"
#include "test/unit/connection/support.hpp"
#include "test/unit/jsep/support.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cortc::test {

/// A negotiation that only counts what it is asked, over a session whose events the test takes.
struct counted_negotiation final : negotiation {
    int updates = 0, changes = 0, chained = 0;
    void update_negotiation_needed() override { ++updates; }
    void session_changed() override { ++changes; }
    void chain(waiter_ptr<void> operation, std::function<void(const waiter_ptr<void>&)> body) override {
        ++chained;
        body(operation);
    }
};

struct session_bench : part_bench {
    jsep::seeded_random random{7};
    jsep::session session{random, {}};
    counted_negotiation asked;

    session_bench() { session.set_fingerprints({jsep::fingerprint_of(1)}); }

    template <class Event>
    std::vector<Event> take() {
        std::vector<Event> found;
        while (auto event = session.poll_event())
            if (auto* wanted = std::get_if<Event>(&*event)) found.push_back(std::move(*wanted));
        return found;
    }
};

} // namespace cortc::test
