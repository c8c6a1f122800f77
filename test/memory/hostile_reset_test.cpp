#include "test/memory/attack.hpp"

#include <map>

using namespace cortc;
using namespace std::chrono_literals;
using test::association_peer;
using test::attack;
using test::kilobyte;
using test::megabyte;

namespace {

/// A packet that asks for a reset of these of the peer's streams; none: of all (RFC 6525 4.1).
void ask_for_reset(attack& scene, std::uint32_t sequence, std::uint32_t last_assigned,
                   const std::vector<std::uint16_t>& streams) {
    bytes value(16 + 2 * streams.size());
    byte_writer out(value);
    out.u16(13); // outgoing SSN reset request
    out.u16(static_cast<std::uint16_t>(value.size()));
    out.u32(sequence);
    out.u32(0);
    out.u32(last_assigned);
    for (auto stream : streams) out.u16(stream);
    scene.peer.chunk(sctp::chunk_type::re_config, value);
    scene.peer.send_packet();
}

/// Counts the answers by their result (RFC 6525 4.4).
void count_answer(const sctp::chunk& each, std::map<sctp::reset_result, std::size_t>& results) {
    if (each.type != sctp::chunk_type::re_config) return;
    sctp::tlv_reader parameters(each.value);
    while (const auto parameter = parameters.next())
        if (const auto answer = parameter->type == 16 ? sctp::parse_reset_response(*parameter) : std::nullopt)
            ++results[answer->result];
}

} // namespace

TEST_CASE("hostile: channels opened and reset in a loop") {
    attack scene;
    auto cycle = [&](std::uint16_t stream) {
        REQUIRE(scene.peer.say_open(stream, "again") == sctp::send_result::ok);
        scene.peer.run();
        scene.settle(10ms);
        REQUIRE(scene.peer.engine.reset_stream(sctp::stream_id(stream)));
        scene.peer.run();
        scene.settle(10ms);
    };
    std::size_t seen = 0;
    for (int i = 0; i < 50; ++i) cycle(0);
    seen += scene.incoming().size();
    scene.peer.messages.clear();
    scene.begin();
    scene.flood(2000, [&](std::uint32_t i) {
        cycle(static_cast<std::uint16_t>(i % 7 * 2));
        seen += scene.incoming().size();
        scene.peer.messages.clear();
        scene.peer.resets.clear();
    });
    CHECK(seen == 2050);
    scene.check_bounds(256 * kilobyte);
    CHECK(scene.answers() < 12000);
    scene.still_alive();
}

TEST_CASE("hostile: resets of all streams, one after the other") {
    attack scene;
    constexpr std::uint16_t count = 16383; // as many as may be beside `own`
    for (std::uint16_t i = 0; i < count; ++i)
        REQUIRE(scene.peer.say_open(static_cast<std::uint16_t>(2 * i), "x") == sctp::send_result::ok);
    scene.peer.run();
    scene.settle();
    auto channels = scene.incoming();
    REQUIRE(channels.size() == count);
    scene.peer.engine_runs = false;
    std::map<sctp::reset_result, std::size_t> results;
    scene.peer.on_chunk = [&](const sctp::chunk& each) { count_answer(each, results); };
    scene.begin();
    auto sequence = association_peer::first_tsn; // RFC 6525 4.1: begins with the initial TSN
    scene.flood(5000, [&](std::uint32_t) {
        ask_for_reset(scene, sequence++, association_peer::first_tsn + count - 1, {});
        scene.pace();
    });
    scene.settle();
    CHECK(results[sctp::reset_result::performed] == 10); // ten a second
    CHECK(results[sctp::reset_result::denied] == 4990);
    CHECK(scene.answers() <= 6000);
    scene.check_bounds(2 * megabyte);
    // All of them begin to close; ours too, for "all" is what was asked for.
    for (auto& each : channels) REQUIRE(each.readyState() != DataChannelState::open);
}

TEST_CASE("hostile: resets that list one stream many times") {
    attack scene;
    scene.peer.engine_runs = false;
    std::size_t window = 0;
    std::map<sctp::reset_result, std::size_t> results;
    scene.peer.on_chunk = [&](const sctp::chunk& each) {
        if (auto sack = each.type == sctp::chunk_type::sack ? sctp::parse_sack(each) : std::nullopt)
            window = sack->window;
        count_answer(each, results);
    };
    auto sequence = association_peer::first_tsn, number = association_peer::first_tsn;
    const std::vector<std::uint16_t> streams(564, 0); // as many as a packet holds
    auto ask = [&](std::uint32_t) {
        ask_for_reset(scene, sequence++, association_peer::first_tsn - 1, streams);
        scene.pace();
    };
    scene.peer.data(number++, 2, 1, as_bytes("x"), true, true);
    const auto alone = scene.flood(2000, ask);
    // As many as may wait, all on another stream.
    for (std::uint16_t i = 2; i <= 2048; ++i, scene.pace())
        scene.peer.data(number++, 2, i, as_bytes("x"), true, true);
    scene.peer.send_packet();
    scene.settle();
    CHECK(window == (1 << 20) - 2048 * 65); // all of them wait
    const auto beside_others = scene.flood(2000, ask);
    CHECK(beside_others <= 3 * alone);
    CHECK(results[sctp::reset_result::performed] == 4000);
    CHECK(scene.answers() < 1000);
    scene.check_bounds(megabyte);
    CHECK(scene.own.readyState() == DataChannelState::open);
}
