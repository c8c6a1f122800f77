#include "cortc/ice/server_queries.hpp"
#include "cortc/stun/message_writer.hpp"
#include "test/unit/ice/harness.hpp"

using namespace cortc;
using namespace cortc::ice;
using namespace cortc::ice::test;
using namespace std::chrono_literals;

namespace {

const path server{socket_id(1), at("192.0.2.9", 3478)};

struct asking {
    seeded_random random{1};
    request_table table;
    server_queries queries{random, table};
    time_point now = start;
    std::vector<std::pair<path, bytes>> sent;
    std::vector<server_answer> answers;

    void drain() {
        std::array<std::byte, 600> out;
        while (auto one = queries.poll_transmit(out, now))
            sent.emplace_back(path{one->socket, one->destination},
                              bytes(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(one->size)));
        while (auto answer = queries.poll_answer()) answers.push_back(std::move(*answer));
    }
    void pass(duration time) {
        const auto until = now + time;
        drain();
        while (queries.next_timeout() <= until) {
            now = std::max(now, queries.next_timeout());
            queries.handle_timeout(now);
            drain();
        }
        now = until;
    }
    template <class Add>
    bool respond(const bytes& request, Add add, const path& from = server,
                 stun::message_class cls = stun::message_class::success_response) {
        const auto asked = stun::message::parse(request).value();
        bytes bytes_out(200);
        stun::message_writer out(bytes_out, cls, asked.method(), asked.id());
        add(out);
        bytes_out.resize(out.size());
        const auto given = table.give_out(from, stun::message::parse(bytes_out).value(), now);
        drain();
        return given;
    }
};

} // namespace

TEST_CASE("server queries: a silent server is asked five times in nine and a half seconds") {
    asking it;
    it.queries.ask(server);
    it.queries.ask(server); // once
    std::vector<duration> times;
    const auto begin = it.now;
    while (it.answers.empty()) {
        it.drain();
        for (auto& each : std::exchange(it.sent, {})) {
            times.push_back(it.now - begin);
            CHECK(each.first == server);
            const auto message = stun::message::parse(each.second).value();
            CHECK(message.is(stun::message_class::request, stun::method::binding));
            CHECK(message.verify_fingerprint());
        }
        it.now = std::max(it.now, it.queries.next_timeout());
        it.queries.handle_timeout(it.now);
        it.drain();
    }
    CHECK(times == std::vector<duration>{0ms, 500ms, 1500ms, 3500ms, 7500ms});
    CHECK(it.now - begin == 9500ms);
    CHECK(it.answers[0].code == 701);
    CHECK_FALSE(it.answers[0].mapped);
    CHECK(it.queries.next_timeout() == never);
    CHECK(it.table.size() == 0);
}

TEST_CASE("server queries: both kinds of mapped address are read, and no other one is believed") {
    asking it;
    it.queries.ask(server);
    it.drain();
    const auto request = it.sent.at(0).second;
    const auto seen = at("198.51.100.7", 4000);
    SECTION("XOR-MAPPED-ADDRESS") {
        CHECK(it.respond(request, [&](auto& out) { out.add_xor_mapped_address(seen); }));
        CHECK(it.answers.at(0).mapped == seen);
        CHECK_FALSE(it.respond(request, [&](auto& out) { out.add_xor_mapped_address(seen); })); // again
    }
    SECTION("MAPPED-ADDRESS of an old server") {
        it.respond(request, [&](auto& out) { out.add_mapped_address(seen); });
        CHECK(it.answers.at(0).mapped == seen);
    }
    SECTION("from another address") {
        it.respond(request, [&](auto& out) { out.add_xor_mapped_address(seen); },
                   {socket_id(1), at("192.0.2.66", 3478)});
        it.respond(request, [&](auto& out) { out.add_xor_mapped_address(seen); },
                   {socket_id(2), server.remote});
        CHECK(it.answers.empty());
    }
    SECTION("an address that nobody can have") {
        it.respond(request, [&](auto& out) { out.add_xor_mapped_address(at("0.0.0.0", 1)); });
        CHECK(it.answers.at(0).code == 701);
    }
    SECTION("none") {
        it.respond(request, [](auto&) {});
        CHECK(it.answers.at(0).code == 701);
    }
    SECTION("an error") {
        it.respond(
            request, [](auto& out) { out.add_error_code(stun::error::bad_request, "no"); }, server,
            stun::message_class::error_response);
        CHECK(it.answers.at(0).code == 400);
        CHECK(it.answers.at(0).reason == "no");
    }
    SECTION("what must be understood and is not") {
        it.respond(request, [&](auto& out) {
            out.add_xor_mapped_address(seen);
            out.add(static_cast<stun::attribute_type>(0x7fff), {});
        });
        CHECK(it.answers.at(0).code == 701);
    }
}

TEST_CASE("server queries: many at once are paced") {
    asking it;
    for (std::uint16_t i = 0; i < 100; ++i)
        it.queries.ask({socket_id(1), at("192.0.2.9", static_cast<std::uint16_t>(4000 + i))});
    it.drain();
    CHECK(it.sent.size() == 5);
    it.pass(100ms);
    CHECK(it.sent.size() == 25);
    it.queries.clear();
    it.pass(20s);
    CHECK(it.sent.size() == 25);
    CHECK(it.answers.empty());
    CHECK(it.table.size() == 0);
}
