#include "test/unit/peer_connection/media_support.hpp"

#include <map>
#include <set>
#include <string>

using namespace cortc;
using namespace std::chrono_literals;

namespace {

struct by_connection final : log_sink {
    std::map<std::uint64_t, std::set<std::string>> components;
    std::map<std::uint64_t, std::set<std::string>> labels;
    void write_from(const log_origin& origin, log_level, std::string_view component,
                    std::string_view) noexcept override {
        components[origin.connection].emplace(component);
        labels[origin.connection].insert(origin.label);
    }
};

struct plain final : log_sink {
    int lines = 0;
    void write(log_level, std::string_view, std::string_view) noexcept override { ++lines; }
};

asio::awaitable<void> call(context a, context b, std::string label) {
    auto executor = co_await asio::this_coro::executor;
    PeerConnection one(a), other(b);
    one.log_label(label);
    CHECK(one.log_label() == label);
    auto channel = one.createDataChannel("x");
    co_await test::negotiate(one, other);
    test::spawned there(executor, test::trickle(one, other)), back(executor, test::trickle(other, one));
    co_await channel.opened();
    one.close();
    other.close();
    timer clock(a);
    while (!there.done() || !back.done()) co_await clock.wait(1ms);
}

context logged(const context& like, log_sink& to) {
    context_options options;
    options.log = &to;
    options.least_level = log_level::trace;
    return context(like.get_executor(), like.network(), options);
}

} // namespace

TEST_CASE("log: every line names its connection, and what the application calls it") {
    test::two_hosts net;
    by_connection seen;
    {
        auto a = logged(net.a, seen);
        net.run(call(a, net.b, "first"), 5s);
        net.run(call(a, net.b, "second"), 5s);
    }
    CHECK(seen.components.size() == 2); // and none of no connection
    for (std::uint64_t number : {1, 2}) {
        CAPTURE(number);
        for (const auto* component : {"connection", "jsep", "ice", "dtls", "sctp", "transport"}) {
            INFO(component);
            CHECK(seen.components[number].contains(component));
        }
        CHECK(seen.labels[number].contains(number == 1 ? "first" : "second"));
        CHECK_FALSE(seen.labels[number].contains(number == 1 ? "second" : "first"));
    }
}

TEST_CASE("log: a sink of three arguments gets the same lines without") {
    test::two_hosts net;
    plain seen;
    auto a = logged(net.a, seen);
    net.run(call(a, net.b, "x"), 5s);
    CHECK(seen.lines > 5);
}
