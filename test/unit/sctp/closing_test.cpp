#include "test/support/catch.hpp"
#include "test/unit/sctp/pair.hpp"

using namespace cortc;
using namespace cortc::sctp;
using namespace cortc::sctp::test;

namespace {

/// Takes the DATA of a stream out of a packet, as if just that were lost, and counts how often each TSN went.
void lose_stream(bytes& packet, stream_id stream, std::map<std::uint32_t, std::uint32_t>& sent) {
    const auto header = parse_common_header(packet);
    REQUIRE(header.has_value());
    bytes rest(packet.size());
    packet_builder out(rest, *header);
    chunk_reader chunks(byte_view(packet).subspan(common_header_size));
    while (const auto each = chunks.next()) {
        const auto data = each->type == chunk_type::data ? parse_data(*each) : std::nullopt;
        if (data && data->stream == stream)
            ++sent[data->number.value()];
        else
            out.add(each->type, each->flags, each->value);
    }
    rest.resize(out.empty() ? 0 : out.finish());
    packet = std::move(rest);
}

} // namespace

TEST_CASE("ABORT ends both ends at once") {
    pair net;
    REQUIRE(net.connect());
    net.a.end.abort("enough");
    CHECK(net.a.end.state() == association_state::closed);
    REQUIRE(net.run([&] { return net.b.count<closed>() == 1; }));
    CHECK(net.a.last<closed>()->reason == close_reason::aborted_locally);
    CHECK(net.b.last<closed>()->reason == close_reason::aborted_by_peer);
    CHECK(net.b.last<closed>()->text.find("enough") != std::string::npos);
    CHECK(net.a.end.next_timeout() == never);
    CHECK(net.b.end.next_timeout() == never);
    net.a.end.abort();
    net.a.end.shutdown(net.now);
    net.a.end.connect(net.now);
    net.run_for(10s);
    CHECK(net.a.count<closed>() == 1);
    CHECK(net.send(net.a, 0, numbered(1)) == send_result::closed);
}

TEST_CASE("SHUTDOWN delivers what was queued, over any link") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const double loss = seed % 4 * 0.1;
        pair net({loss, 0.05, 0.1, 10ms, 2ms}, {}, {}, seed);
        REQUIRE(net.connect());
        for (std::uint32_t i = 0; i < 50; ++i) {
            REQUIRE(net.send(net.a, 1, numbered(i, 3000)) == send_result::ok);
            REQUIRE(net.send(net.b, 1, numbered(i, 500)) == send_result::ok);
        }
        net.a.end.shutdown(net.now);
        if (seed % 3 == 0) net.b.end.shutdown(net.now);
        CHECK(net.send(net.a, 1, numbered(99)) == send_result::closed);
        REQUIRE(net.run([&] { return net.a.count<closed>() && net.b.count<closed>(); }, 300s));
        CHECK(net.b.messages.size() == 50);
        CHECK(net.a.messages.size() == 50);
        CHECK(net.a.last<closed>()->reason == close_reason::shutdown);
        if (loss == 0) CHECK(net.b.last<closed>()->reason == close_reason::shutdown);
    }
}

TEST_CASE("closed follows the messages that came before it") {
    pair net;
    REQUIRE(net.connect());
    net.b.reads = false;
    REQUIRE(net.send(net.a, 0, numbered(1)) == send_result::ok);
    net.a.end.shutdown(net.now);
    net.run_for(5s);
    CHECK(net.b.end.state() == association_state::closed);
    CHECK(net.b.count<closed>() == 0);
    REQUIRE(net.b.end.poll_message());
    const auto event = net.b.end.poll_event();
    REQUIRE(event);
    CHECK(std::holds_alternative<closed>(*event));
}

TEST_CASE("SHUTDOWN that nobody answers ends") {
    pair net;
    REQUIRE(net.connect());
    net.run_for(1s);
    net.link.loss = 1;
    net.a.end.shutdown(net.now);
    CHECK(net.run([&] { return net.a.count<closed>() == 1; }, 100s));
    CHECK(net.a.last<closed>()->reason == close_reason::path_failed);
}

TEST_CASE("shutdown during the set-up aborts, before it closes") {
    pair net;
    net.a.end.shutdown(net.now);
    net.pump();
    REQUIRE(net.a.count<closed>() == 1);
    net.b.end.connect(net.now);
    net.b.end.shutdown(net.now);
    net.pump();
    CHECK(net.b.last<closed>()->reason == close_reason::aborted_locally);
}

TEST_CASE("an ended association says so to a peer that goes on") {
    pair net;
    REQUIRE(net.connect());
    net.b.tamper = [](bytes& packet) { packet.clear(); }; // its ABORT is lost
    net.b.end.abort();
    net.pump();
    net.b.tamper = nullptr;
    REQUIRE(net.send(net.a, 0, numbered(1)) == send_result::ok);
    REQUIRE(net.run([&] { return net.a.count<closed>() == 1; }, 1s));
    CHECK(net.a.last<closed>()->reason == close_reason::aborted_by_peer);
}

TEST_CASE("a reset stream starts afresh, after all of its messages") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        pair net({seed % 4 * 0.1, 0.05, 0.1, 10ms, 2ms}, {}, {}, seed);
        REQUIRE(net.connect());
        std::size_t at_reset = 0;
        for (std::uint32_t i = 0; i < 40; ++i)
            REQUIRE(net.send(net.a, 5, numbered(i, 2000)) == send_result::ok);
        REQUIRE(net.a.end.reset_stream(stream_id(5)));
        CHECK(net.a.end.reset_stream(stream_id(5)));
        CHECK(net.send(net.a, 5, numbered(0)) == send_result::resetting);
        CHECK(net.send(net.a, 6, numbered(0)) == send_result::ok);
        REQUIRE(net.run(
            [&] {
                if (net.b.count<incoming_streams_reset>() == 0) at_reset = net.b.messages.size();
                return net.a.count<outgoing_streams_reset>() == 1 && net.b.messages.size() == 41;
            },
            300s));
        CHECK(net.b.count<incoming_streams_reset>() == 1);
        CHECK(net.b.last<incoming_streams_reset>()->streams == std::vector{stream_id(5)});
        CHECK(net.a.last<outgoing_streams_reset>()->streams == std::vector{stream_id(5)});
        REQUIRE(net.send(net.a, 5, numbered(77)) == send_result::ok);
        REQUIRE(net.run([&] { return net.b.messages.size() == 42; }, 100s));
        CHECK(number_of(net.b.messages.back().data.view()) == 77);
    }
}

TEST_CASE("both ends reset the same streams at once") {
    pair net({0.1, 0, 0.1, 10ms}, {}, {}, 4);
    REQUIRE(net.connect());
    for (const std::uint16_t id : {1, 2, 3}) {
        REQUIRE(net.send(net.a, id, numbered(1)) == send_result::ok);
        REQUIRE(net.send(net.b, id, numbered(1)) == send_result::ok);
        REQUIRE(net.a.end.reset_stream(stream_id(id)));
        REQUIRE(net.b.end.reset_stream(stream_id(id)));
    }
    REQUIRE(net.run(
        [&] {
            return net.a.count<outgoing_streams_reset>() && net.b.count<outgoing_streams_reset>() &&
                   net.a.count<incoming_streams_reset>() && net.b.count<incoming_streams_reset>();
        },
        60s));
    CHECK(net.a.last<outgoing_streams_reset>()->streams.size() == 3); // one request
}

TEST_CASE("a reset is held back until the messages before it are polled, and messages after it, too") {
    pair net;
    REQUIRE(net.connect());
    net.b.reads = false;
    REQUIRE(net.send(net.a, 1, numbered(1)) == send_result::ok);
    REQUIRE(net.a.end.reset_stream(stream_id(1)));
    REQUIRE(net.run([&] { return net.a.count<outgoing_streams_reset>() == 1; }));
    REQUIRE(net.send(net.a, 1, numbered(2)) == send_result::ok);
    net.run_for(1s);
    CHECK(net.b.count<incoming_streams_reset>() == 0);
    CHECK(number_of(net.b.end.poll_message()->data.view()) == 1);
    CHECK_FALSE(net.b.end.poll_message());
    CHECK(std::holds_alternative<incoming_streams_reset>(*net.b.end.poll_event()));
    CHECK(number_of(net.b.end.poll_message()->data.view()) == 2);
}

TEST_CASE("discard_unsent drops what has no TSN yet") {
    pair net;
    REQUIRE(net.connect());
    for (std::uint32_t i = 0; i < 50; ++i) REQUIRE(net.send(net.a, 1, numbered(i, 10000)) == send_result::ok);
    REQUIRE(net.send(net.a, 2, numbered(100)) == send_result::ok);
    net.pump(); // as much as the initial window allows
    net.a.end.discard_unsent(stream_id(1));
    REQUIRE(net.a.end.reset_stream(stream_id(1)));
    REQUIRE(net.run([&] { return net.a.count<outgoing_streams_reset>() == 1; }));
    CHECK(net.b.messages.size() > 1);
    CHECK(net.b.messages.size() < 20);
    CHECK(net.a.end.buffered_amount() == 0);
}

TEST_CASE("messages with no retransmissions are given up, the others are not") {
    pair net({0.2, 0, 0.05, 10ms}, {}, {}, 9);
    REQUIRE(net.connect());
    send_options once;
    once.max_retransmits = 0;
    std::map<std::uint16_t, std::vector<std::uint32_t>> got;
    net.b.on_message = [&](received_message&& m) {
        got[m.stream.value()].push_back(number_of(m.data.view()));
    };
    for (std::uint32_t i = 0; i < 500; ++i) {
        REQUIRE(net.send(net.a, 1, numbered(i, i % 5 == 0 ? 4000 : 300), once) == send_result::ok);
        REQUIRE(net.send(net.a, 2, numbered(i, 100)) == send_result::ok);
        net.run_for(5ms);
    }
    REQUIRE(net.run([&] { return got[2].size() == 500 && net.a.end.stats().bytes_in_flight == 0; }, 60s));
    net.run_for(5s);
    CHECK(got[1].size() < 480);
    CHECK(got[1].size() > 250);
    CHECK(std::is_sorted(got[1].begin(), got[1].end()));
    CHECK(std::is_sorted(got[2].begin(), got[2].end()));
    // A copy that was slow may arrive after its message was given up.
    CHECK(net.a.end.stats().messages_abandoned >= 500 - got[1].size());
    CHECK(net.b.end.stats().receive_window == 1 << 20); // nothing is left behind
    CHECK(net.a.end.buffered_amount() == 0);
}

TEST_CASE("a message is sent once more than its limit of retransmissions says, then given up") {
    const auto limit = GENERATE(0u, 1u, 2u, 5u);
    const auto unordered = GENERATE(false, true);
    const auto others = GENERATE(0u, 300u); // with them it is missed at once, without them by time-outs
    pair net;
    REQUIRE(net.connect());
    std::map<std::uint32_t, std::uint32_t> sent;
    net.a.tamper = [&](bytes& packet) { lose_stream(packet, stream_id(1), sent); };
    send_options few;
    few.max_retransmits = limit;
    few.unordered = unordered;
    REQUIRE(net.send(net.a, 1, numbered(1, 300), few) == send_result::ok);
    for (std::uint32_t i = 0; i < others; ++i) {
        REQUIRE(net.send(net.a, 2, numbered(i, 100)) == send_result::ok);
        net.run_for(10ms);
    }
    net.run_for(120s);
    REQUIRE(sent.size() == 1);
    CHECK(sent.begin()->second == limit + 1);
    CHECK(net.a.end.stats().messages_abandoned == 1);
    CHECK(net.a.end.stats().chunks_retransmitted == limit);
    CHECK((net.a.end.stats().fast_retransmits > 0) == (others > 0));
    CHECK(net.b.messages.size() == others);
    net.a.tamper = nullptr;
    // The peer knows, and does not wait for it.
    REQUIRE(net.send(net.a, 1, numbered(2, 300), few) == send_result::ok);
    REQUIRE(net.run([&] { return net.b.messages.size() == others + 1; }, 1s));
    CHECK(net.b.messages.back().stream == stream_id(1));
}

TEST_CASE("unordered messages with no retransmissions, over a bad link") {
    pair net({0.3, 0, 0.1, 10ms}, {}, {}, 12);
    REQUIRE(net.connect());
    send_options once;
    once.max_retransmits = 0;
    once.unordered = true;
    for (std::uint32_t i = 0; i < 300; ++i) {
        REQUIRE(net.send(net.a, 1, numbered(i, 5000), once) == send_result::ok);
        net.run_for(60ms);
    }
    net.run_for(100s);
    CHECK(net.b.messages.size() > 10);
    CHECK(net.b.messages.size() < 200);
    CHECK(net.b.end.stats().receive_window == 1 << 20);
    REQUIRE(net.send(net.a, 1, numbered(1000)) == send_result::ok);
    REQUIRE(net.run([&] { return number_of(net.b.messages.back().data.view()) == 1000; }, 30s));
}

TEST_CASE("messages are given up when their time is over") {
    pair net;
    REQUIRE(net.connect());
    send_options brief;
    brief.lifetime = 100ms;
    net.link.loss = 1;
    REQUIRE(net.send(net.a, 1, numbered(1), brief) == send_result::ok);
    for (std::uint32_t i = 2; i < 40; ++i)
        REQUIRE(net.send(net.a, 1, numbered(i, 10000), brief) == send_result::ok);
    net.run_for(500ms);
    net.link.loss = 0;
    REQUIRE(net.send(net.a, 1, numbered(50)) == send_result::ok);
    REQUIRE(net.run([&] { return net.b.messages.size() == 1; }, 10s));
    CHECK(number_of(net.b.messages[0].data.view()) == 50);
    CHECK(net.a.end.stats().messages_abandoned == 39);
}
