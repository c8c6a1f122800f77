#include "cortc/sctp/rx/fragments.hpp"
#include "cortc/sctp/rx/incoming_streams.hpp"
#include "cortc/sctp/rx/tsn_tracker.hpp"
#include "cortc/sctp/tx/congestion.hpp"
#include "cortc/sctp/tx/outstanding.hpp"
#include "cortc/sctp/tx/rto.hpp"

#include "test/support/catch.hpp"
#include "test/unit/sctp/pair.hpp"

using namespace cortc;
using namespace cortc::sctp;
using namespace cortc::sctp::test;

TEST_CASE("the TSN tracker keeps ranges, joins them, and refuses too many") {
    tsn_tracker tracker(3);
    tracker.start(tsn(0xfffffffe)); // wraps below
    CHECK(tracker.cumulative() == tsn(0xfffffffd));
    tracker.record(tsn(0xfffffffe));
    tracker.record(tsn(1));
    tracker.record(tsn(3));
    tracker.record(tsn(5));
    CHECK(tracker.ranges().size() == 3);
    CHECK(tracker.highest() == tsn(5));
    CHECK(tracker.classify(tsn(7)) == tsn_tracker::verdict::too_far);
    CHECK(tracker.classify(tsn(6)) == tsn_tracker::verdict::fresh);
    CHECK(tracker.classify(tsn(3)) == tsn_tracker::verdict::duplicate);
    CHECK(tracker.classify(tsn(0xffffffff)) == tsn_tracker::verdict::fresh);
    CHECK(tracker.classify(tsn(0xfffffffe)) == tsn_tracker::verdict::duplicate);
    CHECK(tracker.classify(tsn(0x10000)) == tsn_tracker::verdict::too_far);
    tracker.record(tsn(2));
    REQUIRE(tracker.ranges().size() == 2);
    CHECK(tracker.ranges()[0].first == tsn(1));
    CHECK(tracker.ranges()[0].last == tsn(3));
    tracker.forward(tsn(0));
    CHECK(tracker.cumulative() == tsn(3));
    tracker.forward(tsn(2)); // backwards
    CHECK(tracker.cumulative() == tsn(3));
    tracker.record(tsn(4));
    CHECK(tracker.cumulative() == tsn(5));
    CHECK(tracker.ranges().empty());
}

TEST_CASE("messages wait for their turn, stream by stream, and where the numbers wrap") {
    buffer_pool pool;
    incoming_streams streams(pool);
    ring<received_message> out;
    std::string got;
    auto accept = [&](std::uint16_t stream, int sequence, char text) {
        whole_message message;
        message.stream = stream_id(stream);
        message.sequence = ssn(static_cast<std::uint16_t>(sequence));
        message.data.append(as_bytes(std::string_view(&text, 1)));
        const bool taken = streams.accept(std::move(message), out);
        while (!out.empty()) got += as_text(out.pop_front().data.view());
        return taken;
    };
    for (const std::uint16_t passed : {0x7ffe, 0xfffd}) streams.skip(stream_id(1), ssn(passed), out);
    for (const int i : {4, 2, 3, 1}) CHECK(accept(1, 0xfffe + i, static_cast<char>('a' + i)));
    CHECK_FALSE(accept(1, 0xfffe + 2, 'x')); // twice
    CHECK_FALSE(accept(1, 0xfffe - 1, 'x')); // was skipped
    CHECK_FALSE(accept(1, 0x7ffe, 'x'));     // half the number space away: neither before nor after
    for (std::uint16_t stream : {0, 2}) CHECK(accept(stream, 1, 'y'));
    CHECK(got.empty());
    CHECK(streams.waiting() == 6);
    CHECK(streams.bytes() == 6);
    CHECK(accept(1, 0xfffe, 'a'));
    CHECK(got == "abcde");
    CHECK(streams.waiting() == 2);
    streams.reset(stream_id(2));
    CHECK(streams.waiting() == 1);
    CHECK(accept(2, 0, 'n')); // afresh
    CHECK(accept(0, 0, 'm'));
    CHECK(got == "abcdenmy");
    CHECK(streams.bytes() == 0);
    CHECK(accept(0, 5, 'q'));
    streams.skip(stream_id(0), ssn(4), out);
    REQUIRE(out.size() == 1);
    CHECK(as_text(out.pop_front().data.view()) == "q");
}

TEST_CASE("fragments find each other in any order") {
    std::vector<int> order{0, 1, 2, 3, 4, 5};
    do {
        buffer_pool pool;
        fragment_store store(pool, 100);
        whole_message whole;
        int complete = 0;
        for (const int i : order) {
            data_chunk chunk;
            chunk.number = tsn(0xfffffffd).plus(static_cast<std::uint32_t>(i));
            chunk.begin = i == 0 || i == 4; // messages 0..3 and 4..5
            chunk.end = i == 3 || i == 5;
            chunk.sequence = ssn(i < 4 ? 0 : 1);
            const auto text = std::string(1, static_cast<char>('a' + i));
            chunk.payload = as_bytes(text);
            if (store.add(chunk, whole) == fragment_store::outcome::complete) {
                ++complete;
                CHECK(as_text(whole.data.view()) == (whole.sequence == ssn(0) ? "abcd" : "ef"));
            }
        }
        REQUIRE(complete == 2);
        REQUIRE(store.runs() == 0);
        REQUIRE(store.bytes() == 0);
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("the RTO follows RFC 9260 6.3.1, and backs off within its bound") {
    association_timings timings;
    retransmission_timeout rto(timings);
    CHECK(rto.value() == 500ms);
    rto.sample(400ms);
    CHECK(rto.value() == 1200ms); // SRTT + 4 * RTTVAR
    CHECK(rto.smoothed() == 400ms);
    rto.sample(400ms);
    CHECK(rto.value() == 1000ms);
    rto.back_off();
    CHECK(rto.value() == 2s);
    for (int i = 0; i < 100; ++i) rto.back_off();
    CHECK(rto.value() == 10s);
    rto.clear_back_off();
    for (int i = 0; i < 100; ++i) rto.sample(1ms);
    CHECK(rto.value() >= 201ms); // never nearer to SRTT than what a peer may hold a SACK back
    CHECK(rto.value() < 202ms);
}

TEST_CASE("the RTO does not take its own time-outs for round trips, but follows a path that becomes slow") {
    association_timings timings;
    retransmission_timeout rto(timings);
    for (int i = 0; i < 100; ++i) rto.sample(50ms);
    for (int i = 0; i < 5; ++i) rto.sample(rto.value(), true); // now and then among many good ones
    CHECK(rto.value() < 500ms);
    for (int i = 0; i < 10; ++i) rto.sample(50ms);
    CHECK(rto.value() < 300ms);
    int samples = 0;
    for (; rto.value() <= 1s; ++samples) rto.sample(1s, true);
    CHECK(samples < 15);
}

TEST_CASE("the congestion window grows, halves, and grows by a packet a round trip") {
    congestion_control cc(1000);
    CHECK(cc.window() == 10000);
    cc.acknowledged(10000, true, true, false);
    CHECK(cc.window() == 20000);
    cc.acknowledged(10000, true, false, false); // not used, not grown
    CHECK(cc.window() == 20000);
    cc.enter_recovery(tsn(50));
    CHECK(cc.window() == 10000);
    CHECK(cc.recovering());
    cc.acknowledged(10000, true, true, false);
    CHECK(cc.window() == 10000);
    cc.cumulative_reached(tsn(49));
    CHECK(cc.recovering());
    cc.cumulative_reached(tsn(50));
    CHECK_FALSE(cc.recovering());
    cc.acknowledged(5000, true, true, false);
    CHECK(cc.window() == 10000);
    cc.acknowledged(5000, true, true, false);
    CHECK(cc.window() == 11000);
    cc.timed_out();
    CHECK(cc.window() == 1000);
    cc.acknowledged(100000, true, true, false); // no further than ssthresh
    CHECK(cc.window() == 5500);
}

namespace {

/// Ten chunks of 1000 bytes in flight, TSN 100 to 109.
struct ten_chunks {
    ten_chunks() {
        chunks.start(tsn(100));
        for (int i = 0; i < 10; ++i) add();
    }
    void add(send_options options = {}) {
        queue.push(stream_id(1), ppid(1), pattern(1000), options, time_point{});
        (void)queue.current();
        const auto index = queue.current_index();
        queue.advance(1000);
        chunks.append(index, 0, 1000, time_point{});
    }
    sack_effect sack(std::uint32_t cumulative, std::vector<gap_block> gaps = {}, bool recovering = false) {
        bytes value(12 + 4 * gaps.size());
        byte_writer out(value);
        out.u32(cumulative);
        out.u32(100000);
        out.u16(static_cast<std::uint16_t>(gaps.size()));
        out.u16(0);
        for (auto gap : gaps) {
            out.u16(gap.start);
            out.u16(gap.end);
        }
        chunk c;
        c.value = value;
        const auto parsed = parse_sack(c);
        REQUIRE(parsed);
        return chunks.acknowledge(*parsed, recovering);
    }

    buffer_pool pool;
    send_queue queue{pool};
    outstanding_queue chunks{queue, 1171};
};

} // namespace

TEST_CASE("three reports of a missing chunk make it lost, one SACK for a batch, too") {
    ten_chunks sent;
    CHECK_FALSE(sent.sack(99, {{2, 2}}).loss_detected);
    CHECK_FALSE(sent.sack(99, {{2, 2}}).loss_detected); // nothing new
    CHECK_FALSE(sent.sack(99, {{2, 3}}).loss_detected);
    CHECK(sent.sack(99, {{2, 4}}).loss_detected);
    CHECK(sent.chunks.first_lost() == 0);
    CHECK(sent.chunks.flight() == 6000);

    ten_chunks batch;
    CHECK(batch.sack(99, {{2, 10}}).loss_detected);
    CHECK(batch.chunks.lost() == 1);
    CHECK(batch.chunks.flight() == 0);
}

TEST_CASE("a retransmission that is lost is found by what was sent after it") {
    ten_chunks sent;
    CHECK(sent.sack(99, {{2, 6}}).loss_detected);
    sent.chunks.sent_again(0, time_point{});
    CHECK_FALSE(sent.sack(99, {{2, 10}}, true).loss_detected); // sent before it
    for (int i = 0; i < 4; ++i) sent.add();
    const auto effect = sent.sack(99, {{2, 14}}, true);
    CHECK(effect.loss_detected);
    CHECK(effect.lost_again);
}

TEST_CASE("a receiver that drops what it has acknowledged gets it again") {
    ten_chunks sent;
    (void)sent.sack(99, {{2, 5}});
    const auto effect = sent.sack(100); // 101 would have been covered
    CHECK(effect.advanced);
    CHECK(sent.chunks.lost() == 4);
    CHECK(sent.chunks.first_lost() == 0);
    CHECK(sent.chunks.number(0) == tsn(101));
}

TEST_CASE("only chunks sent once measure the round trip") {
    ten_chunks sent;
    CHECK(sent.sack(100).sent);
    sent.chunks.lose_all();
    sent.chunks.sent_again(0, time_point{});
    CHECK_FALSE(sent.sack(101).sent);
    CHECK(sent.sack(110 - 1).result == sack_effect::verdict::good);
    CHECK(sent.chunks.empty());
    CHECK(sent.queue.held() == 0);
    CHECK(sent.queue.held_messages() == 0);
}

TEST_CASE("FORWARD-TSN passes abandoned chunks and what has arrived between them") {
    ten_chunks sent;
    (void)sent.sack(99, {{2, 2}, {4, 4}});
    auto forward = [&]() -> std::optional<forward_tsn_chunk> {
        static std::array<std::byte, 200> storage;
        packet_builder out(storage, {});
        sent.chunks.write_forward_tsn(out, {});
        if (out.empty()) return std::nullopt;
        return parse_forward_tsn(*chunk_reader(byte_view(storage).subspan(12)).next());
    };
    CHECK_FALSE(forward());
    sent.chunks.abandon(sent.chunks[0].message, 0);
    auto chunk = forward();
    REQUIRE(chunk);
    CHECK(chunk->cumulative == tsn(100));
    sent.chunks.abandon(sent.chunks[2].message, 2);
    chunk = forward();
    REQUIRE(chunk);
    CHECK(chunk->cumulative == tsn(102));
    REQUIRE(chunk->count == 1);
    CHECK(chunk->skipped(0).stream == stream_id(1));
    CHECK(chunk->skipped(0).sequence == ssn(2));
    (void)sent.sack(103);
    CHECK(sent.chunks.size() == 6);
    CHECK_FALSE(sent.chunks.first_abandoned());
}

TEST_CASE("a stream whose life ended is forgotten when nothing refers to it") {
    ten_chunks sent;
    sent.queue.end_life(stream_id(1)); // chunks are in flight
    CHECK(sent.queue.known().size() == 1);
    sent.chunks.abandon(sent.chunks[0].message, 0);
    CHECK(sent.sack(109).advanced);
    sent.queue.end_life(stream_id(1));
    CHECK(sent.queue.known().empty());
    CHECK(sent.queue.held_messages() == 0);
}
