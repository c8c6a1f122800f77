#include "cortc/mdns/engine.hpp"
#include "test/support/catch.hpp"
#include "test/support/seeded_random.hpp"

#include <array>
#include <chrono>
#include <string>

using namespace cortc;
using namespace cortc::mdns;
using namespace std::chrono_literals;

namespace {

const link_id eth0_v4(1), eth0_v6(2), eth1(3);
const std::string name = "0b1c2d3e-0000-4000-8000-1234567890ab.local";
const endpoint neighbour{boost::asio::ip::make_address("192.0.2.9"), port};

ip_address address(std::string_view text) { return boost::asio::ip::make_address(text); }

struct script {
    explicit script(engine_limits limits = {}) : it(random, limits) {
        CHECK(it.add_link(eth0_v4, "eth0"));
        CHECK(it.add_link(eth0_v6, "eth0"));
        CHECK(it.add_link(eth1, "eth1"));
    }
    support::seeded_random random{1};
    engine it;
    time_point now{1s};
    std::array<std::byte, 1024> room{};

    struct sent {
        link_id over;
        message what;
    };
    std::vector<sent> drain() {
        std::vector<sent> all;
        while (const auto next = it.poll_transmit(room)) {
            auto read = parse(byte_view(room).first(next->size));
            REQUIRE(read.has_value());
            all.push_back({next->over, std::move(*read)});
        }
        return all;
    }
    void wait(duration time) {
        now += time;
        it.handle_timeout(now);
    }
    void query(link_id over, std::string_view what, record_type type, endpoint from = neighbour) {
        std::array<std::byte, 512> out;
        it.handle_packet(over, from, byte_view(out).first(write_query(out, what, type)), now);
    }
    void answer(link_id over, std::string_view what, std::string_view where, endpoint from = neighbour) {
        std::array<std::byte, 512> out;
        it.handle_packet(over, from, byte_view(out).first(write_answer(out, what, address(where), false)),
                         now);
    }
};

} // namespace

TEST_CASE(
    "mdns: a name is asked for on every link, again after one second and three, and given up after five") {
    script run;
    REQUIRE(run.it.ask(name, run.now));
    for (const auto& [pause, messages] :
         std::vector<std::pair<duration, std::size_t>>{{0s, 6}, {1s, 6}, {2s, 6}}) {
        if (pause != 0s) CHECK(run.it.next_timeout() == run.now + pause);
        run.wait(pause);
        const auto sent = run.drain();
        CHECK(sent.size() == messages); // of one question each: of some the second would not be read
        for (const auto& each : sent) {
            CHECK_FALSE(each.what.response);
            REQUIRE(each.what.questions.size() == 1);
            CHECK(each.what.questions[0].name == name);
        }
    }
    CHECK_FALSE(run.it.poll_event());
    CHECK(run.it.next_timeout() == run.now + 2s);
    run.wait(2s);
    const auto event = run.it.poll_event();
    REQUIRE(event);
    CHECK(event->addresses.empty());
    CHECK(run.drain().empty());
    CHECK(run.it.idle());
    CHECK(run.it.next_timeout() == never);
}

TEST_CASE("mdns: the first answer is taken") {
    script run;
    const auto id = run.it.ask("0B1C2D3E-0000-4000-8000-1234567890AB.local", run.now);
    const auto other = run.it.ask(name, run.now); // the same name
    const auto third = run.it.ask("1" + name.substr(1), run.now);
    REQUIRE(third);
    run.drain();
    run.answer(eth1, name, "192.0.2.7");
    for (const auto& each : {id, other}) {
        const auto event = run.it.poll_event();
        REQUIRE(event);
        CHECK(event->query == *each);
        CHECK(event->addresses == std::vector<ip_address>{address("192.0.2.7")});
    }
    CHECK_FALSE(run.it.poll_event());    // the third is another's
    run.answer(eth1, name, "192.0.2.8"); // too late
    CHECK_FALSE(run.it.poll_event());
    run.it.cancel(*third);
    CHECK(run.it.idle());
}

TEST_CASE("mdns: answers that lie are dropped and counted") {
    script run;
    REQUIRE(run.it.ask(name, run.now));
    run.drain();
    for (const auto* where : {"0.0.0.0", "224.0.0.251", "255.255.255.255", "::", "ff02::fb",
                              "::ffff:192.0.2.1", "127.0.0.1", "::1"})
        run.answer(eth0_v4, name, where);
    CHECK(run.it.dropped(drop_reason::wrong_address) == 8);
    run.answer(eth0_v4, name, "192.0.2.7", {neighbour.address, 5354}); // not of mDNS
    CHECK(run.it.dropped(drop_reason::wrong_port) == 1);
    run.answer(link_id(9), name, "192.0.2.7"); // of no link
    std::array<std::byte, 512> out;
    run.it.handle_packet(eth0_v4, neighbour,
                         byte_view(out).first(write_goodbye(out, name, address("192.0.2.7"))), run.now);
    run.it.handle_packet(eth0_v4, neighbour, byte_view(out).first(5), run.now);
    CHECK(run.it.dropped(drop_reason::malformed) == 1);
    run.answer(eth0_v4, "1" + name.substr(1), "192.0.2.7"); // nobody asked
    CHECK_FALSE(run.it.poll_event());
    run.answer(eth0_v4, name, "192.0.2.7");
    CHECK(run.it.poll_event());
    REQUIRE(run.it.ask(name, run.now)); // of this machine
    run.answer(eth0_v4, name, "127.0.0.2", {address("127.0.0.1"), port});
    CHECK(run.it.poll_event());
}

TEST_CASE("mdns: names are asked for within bounds, and no others than random ones") {
    engine_limits few;
    few.queries = 2;
    few.links = 3;
    script run(few);
    CHECK_FALSE(run.it.add_link(link_id(4), "eth2"));
    CHECK_FALSE(run.it.ask("printer.local", run.now));
    CHECK(run.it.dropped(drop_reason::unwelcome_name) == 1);
    CHECK(run.it.ask(name, run.now));
    const auto second = run.it.ask(name, run.now);
    CHECK_FALSE(run.it.ask(name, run.now));
    CHECK(run.it.dropped(drop_reason::query_limit) == 1);
    run.it.cancel(*second);
    CHECK(run.it.ask(name, run.now));
}

TEST_CASE("mdns: a published name is answered for on its own interface") {
    script run;
    const auto made = run.it.publish(address("192.0.2.1"), "eth0");
    REQUIRE(made);
    CHECK(run.drain().empty()); // nothing is announced
    run.query(eth1, *made, record_type::a);
    run.query(eth0_v4, name, record_type::a);
    CHECK(run.drain().empty());
    for (const auto over : {eth0_v4, eth0_v6}) {
        run.query(over, *made, over == eth0_v4 ? record_type::a : record_type::any);
        const auto sent = run.drain();
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].over == over);
        CHECK(sent[0].what.response);
        CHECK(sent[0].what.addresses == std::vector<address_record>{{*made, address("192.0.2.1"), false}});
    }
    // Who asks for the other family hears that there is nothing.
    run.query(eth0_v4, *made, record_type::aaaa);
    const auto nothing = run.drain();
    REQUIRE(nothing.size() == 1);
    CHECK(nothing[0].what.addresses.empty());
    run.it.withdraw(*made);
    const auto goodbye = run.drain();
    REQUIRE(goodbye.size() == 2); // where it was heard of
    CHECK(goodbye[0].what.addresses.at(0).goodbye);
    run.query(eth0_v4, *made, record_type::a);
    CHECK(run.drain().empty());
    CHECK(run.it.idle());
}

TEST_CASE("mdns: a flood of queries is answered once a second") {
    script run;
    const auto made = run.it.publish(address("192.0.2.1"), "eth0");
    std::size_t answers = 0;
    for (int i = 0; i < 10'000; ++i) { // over 10 seconds
        run.query(eth0_v4, *made, i % 2 == 0 ? record_type::a : record_type::aaaa);
        run.wait(1ms);
        answers += run.drain().size();
    }
    CHECK(answers >= 10);
    CHECK(answers <= 22);
    // Who asks too soon is not forgotten.
    run.wait(2s);
    run.drain();
    run.query(eth0_v4, *made, record_type::a);
    CHECK(run.drain().size() == 1);
    run.wait(500ms);
    run.query(eth0_v4, *made, record_type::a);
    CHECK(run.drain().empty());
    CHECK(run.it.next_timeout() == run.now + 500ms);
    run.wait(500ms);
    CHECK(run.drain().size() == 1);
}

TEST_CASE("mdns: answers that wait, and names, are bounded") {
    engine_limits few;
    few.names = 3;
    few.answers = 2;
    script run(few);
    std::vector<std::string> all;
    for (int i = 0; i < 3; ++i) all.push_back(*run.it.publish(address("192.0.2.1"), "eth0"));
    CHECK_FALSE(run.it.publish(address("192.0.2.1"), "eth0"));
    for (int i = 0; i < 2; ++i)
        for (const auto& each : all) run.query(eth0_v4, each, record_type::a);
    CHECK(run.drain().size() == 3);
    CHECK(run.it.dropped(drop_reason::answers_limit) == 1);
    run.it.withdraw(all[0]);
    run.drain();
    run.query(eth0_v4, all[2], record_type::a);
    CHECK(run.it.dropped(drop_reason::answers_limit) == 1);
    run.it.remove_link(eth0_v4);
    CHECK(run.it.next_timeout() == never);
}
