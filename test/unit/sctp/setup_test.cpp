#include "test/support/catch.hpp"
#include "test/unit/sctp/pair.hpp"

using namespace cortc;
using namespace cortc::sctp;
using namespace cortc::sctp::test;

namespace {

std::vector<chunk_type> chunk_types(byte_view packet) {
    std::vector<chunk_type> types;
    chunk_reader chunks(packet.subspan(common_header_size));
    while (auto found = chunks.next()) types.push_back(found->type);
    return types;
}

bytes next_packet(association& from, time_point now) {
    std::array<std::byte, 2000> out;
    const auto size = from.poll_transmit(out, now);
    return size ? bytes(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*size)) : bytes();
}

bytes packet_of(std::uint32_t tag, chunk_type type, byte_view value, std::uint8_t flags = 0) {
    std::array<std::byte, 2000> out;
    packet_builder packet(out, {5000, 5000, tag});
    packet.add(type, flags, value);
    const auto size = packet.finish();
    return bytes(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size));
}

using types = std::vector<chunk_type>;

/// The peer of `net.b` begins anew, as far as its COOKIE-ECHO.
void start_again(association& again, pair& net) {
    again.connect(net.now);
    net.b.end.handle_packet(next_packet(again, net.now), net.now);
    again.handle_packet(next_packet(net.b.end, net.now), net.now);
    net.b.end.handle_packet(next_packet(again, net.now), net.now);
}

} // namespace

TEST_CASE("the four packets of the set-up, with data in the third") {
    pair net;
    auto& a = net.a.end;
    auto& b = net.b.end;
    CHECK(net.send(net.a, 0, numbered(1)) == send_result::closed);
    a.connect(net.now);
    CHECK(a.state() == association_state::cookie_wait);
    REQUIRE(net.send(net.a, 0, numbered(1)) == send_result::ok);
    const auto init = next_packet(a, net.now);
    CHECK(chunk_types(init) == types{chunk_type::init});
    CHECK(next_packet(a, net.now).empty());
    CHECK(a.next_timeout() == net.now + 500ms);

    b.handle_packet(init, net.now);
    CHECK(b.state() == association_state::closed); // nothing is kept
    const auto init_ack = next_packet(b, net.now);
    CHECK(chunk_types(init_ack) == types{chunk_type::init_ack});

    a.handle_packet(init_ack, net.now);
    CHECK(a.state() == association_state::cookie_echoed);
    const auto echo = next_packet(a, net.now);
    CHECK(chunk_types(echo) == types{chunk_type::cookie_echo, chunk_type::data});

    b.handle_packet(echo, net.now);
    CHECK(b.state() == association_state::established);
    const auto message = b.poll_message();
    REQUIRE(message);
    CHECK(number_of(message->data.view()) == 1);
    const auto ack = next_packet(b, net.now);
    CHECK(chunk_types(ack) == types{chunk_type::cookie_ack, chunk_type::sack});
    a.handle_packet(ack, net.now);
    CHECK(a.state() == association_state::established);
    const auto event = a.poll_event();
    REQUIRE(event);
    CHECK(std::get<connected>(*event).outgoing_streams == 65535);
    CHECK(a.stats().bytes_in_flight == 0);
}

TEST_CASE("every packet of the set-up may be lost") {
    for (int lost = 0; lost < 4; ++lost) {
        pair net;
        int count = 0;
        auto lose = [&](bytes& packet) {
            if (count++ == lost) packet.clear();
        };
        net.a.tamper = net.b.tamper = lose;
        net.a.end.connect(net.now);
        REQUIRE(net.send(net.a, 0, numbered(5)) == send_result::ok);
        REQUIRE(net.run([&] { return net.a.count<connected>() && net.b.count<connected>(); }));
        REQUIRE(net.run([&] { return net.b.messages.size() == 1; }));
        CHECK(net.now <= time_point(1s) + 600ms);
    }
}

TEST_CASE("a COOKIE-ECHO is repeated soon, however often INIT was lost") {
    pair net;
    std::vector<time_point> echoes;
    int inits = 0;
    net.a.tamper = [&](bytes& packet) {
        const auto type = chunk_types(packet).front();
        if (type == chunk_type::init && ++inits < 4) packet.clear();
        if (type == chunk_type::cookie_echo) echoes.push_back(net.now);
        if (echoes.size() == 1) packet.clear();
    };
    net.a.end.connect(net.now);
    REQUIRE(net.run([&] { return net.a.count<connected>() != 0; }));
    REQUIRE(echoes.size() == 2);
    CHECK(echoes[1] - echoes[0] == 500ms);
}

TEST_CASE("data makes up for a lost COOKIE-ACK") {
    pair net;
    bool dropped = false;
    net.b.tamper = [&](bytes& packet) {
        if (dropped || chunk_types(packet).front() != chunk_type::cookie_ack) return;
        dropped = true;
        packet.clear();
    };
    net.a.end.connect(net.now);
    REQUIRE(net.run([&] { return dropped; }));
    CHECK(net.a.end.state() == association_state::cookie_echoed);
    REQUIRE(net.send(net.b, 0, numbered(1)) == send_result::ok);
    net.run_for(3 * net.link.delay);
    CHECK(net.a.end.state() == association_state::established);
    REQUIRE(net.a.messages.size() == 1);
    REQUIRE(net.send(net.a, 0, numbered(2)) == send_result::ok);
    net.run_for(3 * net.link.delay);
    CHECK(net.b.messages.size() == 1);
    CHECK(net.a.end.stats().timeouts + net.b.end.stats().timeouts == 0);
}

TEST_CASE("both ends connect, over good and bad links") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        pair net({seed % 2 ? 0.0 : 0.3, 0.1, 0.2, 10ms, 5ms}, {}, {}, seed);
        REQUIRE(net.connect());
        REQUIRE(net.send(net.a, 0, numbered(1)) == send_result::ok);
        REQUIRE(net.send(net.b, 0, numbered(2)) == send_result::ok);
        REQUIRE(net.run([&] { return net.a.messages.size() == 1 && net.b.messages.size() == 1; }));
        CHECK(net.a.count<connected>() == 1);
        CHECK(net.b.count<connected>() == 1);
        CHECK(net.a.count<restarted>() == 0);
    }
}

TEST_CASE("a second end that connects while it answers keeps one association") {
    pair net;
    net.a.end.connect(net.now);
    net.b.end.handle_packet(next_packet(net.a.end, net.now), net.now);
    net.b.end.connect(net.now); // its INIT-ACK is on the way
    REQUIRE(net.run([&] { return net.a.count<connected>() && net.b.count<connected>(); }));
    CHECK(net.now == time_point(1s) + 15ms);
}

TEST_CASE("streams are what both ends allow") {
    association_config few;
    few.outgoing_streams = 10;
    few.max_incoming_streams = 4;
    pair net({}, few);
    REQUIRE(net.connect());
    CHECK(net.a.end.outgoing_streams() == 10);
    CHECK(net.b.end.outgoing_streams() == 4);
    CHECK(net.b.end.incoming_streams() == 10);
    CHECK(net.send(net.b, 4, numbered(0)) == send_result::no_stream);
    CHECK(net.send(net.b, 3, numbered(0)) == send_result::ok);
}

TEST_CASE("a set-up that nobody answers ends") {
    pair net({1.0});
    net.a.end.connect(net.now);
    CHECK(net.run([&] { return net.a.count<closed>() == 1; }, 100s));
    CHECK(net.a.last<closed>()->reason == close_reason::setup_timeout);
    CHECK(net.a.sent_at.size() == 9);
    CHECK(net.a.end.next_timeout() == never);
    CHECK(net.send(net.a, 0, numbered(0)) == send_result::closed);
}

TEST_CASE("a COOKIE-ECHO that nobody answers ends") {
    pair net;
    net.a.end.connect(net.now);
    net.a.tamper = [](bytes& packet) {
        if (chunk_types(packet)[0] == chunk_type::cookie_echo) packet.clear();
    };
    CHECK(net.run([&] { return net.a.count<closed>() == 1; }, 200s));
    CHECK(net.a.last<closed>()->reason == close_reason::setup_timeout);
}

TEST_CASE("forged and stale cookies set nothing up") {
    pair net;
    net.a.end.connect(net.now);
    net.b.end.handle_packet(next_packet(net.a.end, net.now), net.now);
    net.a.end.handle_packet(next_packet(net.b.end, net.now), net.now);
    const auto echo = next_packet(net.a.end, net.now);
    REQUIRE(chunk_types(echo)[0] == chunk_type::cookie_echo);
    const auto cookie = chunk_reader(byte_view(echo).subspan(12)).next()->value;
    const auto tag = parse_common_header(echo)->tag;
    for (std::size_t i = 0; i < cookie.size(); ++i) {
        bytes forged(cookie.begin(), cookie.end());
        forged[i] ^= std::byte{0x40};
        net.b.end.handle_packet(packet_of(tag, chunk_type::cookie_echo, forged), net.now);
    }
    CHECK(net.b.end.stats().dropped(drop_reason::bad_cookie) == cookie.size());
    net.b.end.handle_packet(packet_of(tag + 1, chunk_type::cookie_echo, cookie), net.now);
    CHECK(net.b.end.stats().dropped(drop_reason::bad_cookie) == cookie.size() + 1);
    CHECK(net.b.end.state() == association_state::closed);
    CHECK(next_packet(net.b.end, net.now).empty());

    net.now += 61s;
    net.b.end.handle_packet(echo, net.now);
    CHECK(net.b.end.stats().dropped(drop_reason::stale_cookie) == 1);
    const auto error = next_packet(net.b.end, net.now);
    CHECK(chunk_types(error) == types{chunk_type::error});
    net.a.end.handle_packet(error, net.now);
    CHECK(net.a.end.state() == association_state::cookie_wait);
    CHECK(net.run([&] { return net.a.count<connected>() == 1; }));
}

TEST_CASE("a cookie that comes again is acknowledged again, and changes nothing") {
    pair net;
    bytes echo;
    net.a.tamper = [&](bytes& packet) {
        if (chunk_types(packet)[0] == chunk_type::cookie_echo) echo = packet;
    };
    net.a.end.connect(net.now);
    REQUIRE(net.run([&] { return net.a.count<connected>() && net.b.count<connected>(); }));
    net.now += 120s; // stale, but it is the association's own
    net.b.end.handle_packet(echo, net.now);
    CHECK(chunk_types(next_packet(net.b.end, net.now)) == types{chunk_type::cookie_ack});
    CHECK(net.b.count<restarted>() == 0);
    CHECK(net.b.end.stats().dropped(drop_reason::stale_cookie) == 0);
}

TEST_CASE("a peer that has started again is noticed") {
    pair net;
    REQUIRE(net.connect());
    REQUIRE(net.send(net.b, 0, numbered(1)) == send_result::ok);
    REQUIRE(net.run([&] { return net.a.messages.size() == 1; }));

    seeded_random random(99);
    buffer_pool pool;
    association again({}, random, pool);
    start_again(again, net);
    const auto event = net.b.end.poll_event();
    REQUIRE(event);
    CHECK(std::holds_alternative<restarted>(*event));
    again.handle_packet(next_packet(net.b.end, net.now), net.now);
    CHECK(again.state() == association_state::established);
    REQUIRE(net.send(net.b, 0, numbered(2)) == send_result::ok); // sequence numbers start afresh
    again.handle_packet(next_packet(net.b.end, net.now), net.now);
    const auto message = again.poll_message();
    REQUIRE(message);
    CHECK(number_of(message->data.view()) == 2);
}

TEST_CASE("a restart leaves nothing of the old life") {
    association_config small;
    small.send_buffer = 10'000;
    pair net({}, {}, small);
    REQUIRE(net.connect());
    net.run_for(1s);
    while (net.send(net.b, 0, numbered(1, 3000)) == send_result::ok) {
    }
    net.b.end.set_buffered_amount_low_threshold(stream_id(0), 5000);
    net.b.end.shutdown(net.now); // from here on its data asks for acknowledgement at once
    REQUIRE(net.b.end.state() == association_state::shutdown_pending);

    seeded_random random(99);
    buffer_pool pool;
    association again({}, random, pool);
    start_again(again, net);
    CHECK(net.b.end.state() == association_state::established);
    CHECK(net.b.end.buffered_amount() == 0);
    const auto first = net.b.end.poll_event();
    REQUIRE(first);
    CHECK(std::holds_alternative<restarted>(*first));
    const auto second = net.b.end.poll_event(); // send() was refused in the old life
    REQUIRE(second);
    CHECK(std::holds_alternative<writable>(*second));
    CHECK_FALSE(net.b.end.poll_event());

    again.handle_packet(next_packet(net.b.end, net.now), net.now);
    REQUIRE(net.send(net.b, 0, numbered(2)) == send_result::ok);
    const auto packet = next_packet(net.b.end, net.now);
    chunk_reader chunks(byte_view(packet).subspan(common_header_size));
    const auto chunk = chunks.next();
    const auto data = chunk ? parse_data(*chunk) : std::nullopt;
    REQUIRE(data);
    CHECK(data->sequence == ssn(0));
    CHECK_FALSE(data->immediate);
}

TEST_CASE("INITs are answered at a bounded rate") {
    pair net;
    REQUIRE(net.connect());
    net.run_for(2s);
    seeded_random random(99);
    buffer_pool pool;
    association stranger({}, random, pool);
    stranger.connect(net.now);
    const auto init = next_packet(stranger, net.now);
    int answers = 0;
    for (int i = 0; i < 100; ++i) {
        net.b.end.handle_packet(init, net.now);
        while (!next_packet(net.b.end, net.now).empty()) ++answers;
    }
    CHECK(answers == 10);
    for (int i = 0; i < 100; ++i) net.b.end.handle_packet(init, net.now + 2s); // and not all kept
    CHECK(net.b.end.stats().dropped(drop_reason::reply_limit) == 180);
    CHECK(net.b.end.state() == association_state::established);
}

TEST_CASE("unknown chunks follow the rule of their high bits") {
    pair net;
    REQUIRE(net.connect());
    net.run_for(1s);
    std::uint32_t tag = 0;
    net.a.tamper = [&](bytes& packet) { tag = parse_common_header(packet)->tag; };
    REQUIRE(net.send(net.a, 0, numbered(0)) == send_result::ok);
    net.run_for(1s);
    REQUIRE(tag != 0);
    auto answers_after = [&](std::uint8_t type) {
        std::array<std::byte, 200> out;
        packet_builder packet(out, {5000, 5000, tag});
        packet.add(static_cast<chunk_type>(type), 0, as_bytes("what"));
        packet.add(chunk_type::heartbeat, 0, as_bytes("beat"));
        net.b.end.handle_packet(byte_view(out).first(packet.finish()), net.now);
        const auto answer = next_packet(net.b.end, net.now);
        return answer.empty() ? types{} : chunk_types(answer);
    };
    CHECK(answers_after(0x3f).empty());
    CHECK(answers_after(0x7f) == types{chunk_type::error});
    CHECK(answers_after(0xbf) == types{chunk_type::heartbeat_ack});
    CHECK(answers_after(0xff) == types{chunk_type::error, chunk_type::heartbeat_ack});
    CHECK(net.b.end.stats().dropped(drop_reason::unknown_chunk) == 4);
}

TEST_CASE("packets with a wrong tag or port do nothing") {
    pair net;
    REQUIRE(net.connect());
    for (const auto type : {chunk_type::abort, chunk_type::shutdown, chunk_type::heartbeat, chunk_type::data})
        net.b.end.handle_packet(packet_of(12345, type, bytes(16)), net.now);
    CHECK(net.b.end.stats().dropped(drop_reason::wrong_tag) == 4);
    CHECK(net.b.end.state() == association_state::established);
    CHECK(next_packet(net.b.end, net.now).empty());
    std::array<std::byte, 20> out;
    packet_builder packet(out, {5000, 5001, 1});
    packet.add(chunk_type::abort, 0, byte_view{});
    net.b.end.handle_packet(byte_view(out).first(packet.finish()), net.now);
    CHECK(net.b.end.stats().dropped(drop_reason::wrong_port) == 1);
}
