#include "cortc/ice/requests.hpp"
#include "test/unit/ice/harness.hpp"

#include <map>

using namespace cortc;
using namespace cortc::ice;
using namespace cortc::ice::test;

namespace {

struct asker final : requester {
    void handle_response(const path& from, const stun::message& response, time_point now) override {
        ++answers;
        last_from = from;
        last_at = now;
        if (then) then(response.id());
    }
    int answers = 0;
    path last_from;
    time_point last_at;
    std::function<void(const stun::transaction_id&)> then;
};

stun::transaction_id number(std::uint8_t which) {
    stun::transaction_id id{};
    id.fill(static_cast<std::byte>(which));
    return id;
}
bytes answer(std::uint8_t which) { return make_success(number(which), at("192.0.2.1", 1), "key"); }

const path from{socket_id(3), at("192.0.2.9", 9)};
bool give_out(const request_table& table, std::uint8_t which) {
    const auto data = answer(which);
    return table.give_out(from, *stun::message::parse(data), start);
}

} // namespace

TEST_CASE("answers are given to who asked, as long as he waits") {
    request_table table;
    asker one, other;
    CHECK_FALSE(give_out(table, 1));
    auto first = table.add(number(7), one);
    auto second = table.add(number(3), other);
    auto third = table.add(number(5), one);
    CHECK(give_out(table, 3));
    CHECK(other.answers == 1);
    CHECK(other.last_from == from);
    CHECK(other.last_at == start);
    CHECK(one.answers == 0);
    CHECK(give_out(table, 5));
    CHECK(give_out(table, 7));
    CHECK(give_out(table, 7)); // twice, for he still waits
    CHECK(one.answers == 3);
    CHECK_FALSE(give_out(table, 4));

    auto moved = std::move(first);
    first = request_ticket();
    CHECK(give_out(table, 7));
    moved = std::move(second); // 7 is not waited for any more
    CHECK_FALSE(give_out(table, 7));
    CHECK(give_out(table, 3));
    moved = {};
    third = {};
    CHECK(table.size() == 0);
    CHECK_FALSE(give_out(table, 3));
}

TEST_CASE("an answer may end its request, and begin others") {
    request_table table;
    asker one;
    std::map<stun::transaction_id, request_ticket> tickets;
    for (std::uint8_t i = 10; i < 20; ++i) tickets.emplace(number(i), table.add(number(i), one));
    one.then = [&](const stun::transaction_id& id) {
        tickets.erase(id);
        for (std::uint8_t i = 100; i < 200; ++i) tickets.emplace(number(i), table.add(number(i), one));
    };
    CHECK(give_out(table, 15));
    CHECK(one.answers == 1);
    CHECK(table.size() == 109);
    CHECK_FALSE(give_out(table, 15));
}

TEST_CASE("an agent leaves the answers of others alone, though they come by its sockets") {
    node a(1, role::controlling), b(2, role::controlled);
    a.open(at("192.0.2.1", 1000));
    b.open(at("192.0.2.2", 2000));
    wire w(a, b);
    negotiate(a, b, w.now);
    asker other;
    const auto ticket = a.requests.add(number(9), other);
    a.engine.handle_packet(socket_id(1), at("198.51.100.1", 3478), answer(9), w.now);
    CHECK(other.answers == 1);
    CHECK(a.engine.stats().dropped(drop_reason::response_unknown) == 0);
    CHECK(a.engine.stats().responses_received == 0);
    REQUIRE(w.run_until([&] { return a.selected() && b.selected(); }));
    CHECK(other.answers == 1);
    a.engine.handle_packet(socket_id(1), at("198.51.100.1", 3478), answer(8), w.now);
    CHECK(a.engine.stats().dropped(drop_reason::response_unknown) == 1);
    w.run_for(60s);
    CHECK(a.requests.size() <= 2); // a consent check, perhaps; what is over is not waited for
    a.engine.close();
    CHECK(a.requests.size() == 1); // the other's
}
