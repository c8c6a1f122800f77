#include "cortc/sctp/tx/packet_size.hpp"
#include "test/support/catch.hpp"
#include "test/unit/sctp/pair.hpp"

#include <limits>

using namespace cortc;
using namespace cortc::sctp;
using namespace cortc::sctp::test;

namespace {

/// A path that carries packets of at most `size`, as a tamper function.
auto narrow(std::size_t size) {
    return [size](bytes& packet) {
        if (packet.size() > size) packet.clear();
    };
}

/// Notes how large packets are on their way.
struct scale {
    std::size_t largest = 0;
    std::size_t limit = 65536;
    void operator()(bytes& packet) {
        largest = std::max(largest, packet.size());
        narrow(limit)(packet);
    }
};

bool arrives(pair& net, std::size_t size, duration limit) {
    const auto before = net.b.messages.size();
    if (net.send(net.a, 0, pattern(size)) != send_result::ok) return false;
    return net.run([&] { return net.b.messages.size() > before; }, limit);
}

} // namespace

TEST_CASE("two fragments fill a packet") {
    for (std::size_t mtu : {256u, 1130u, 1131u, 1171u, 1195u, 1400u, 9000u, 65532u}) {
        INFO(mtu);
        const auto fragment = 16 + largest_fragment(mtu), room = mtu - 12;
        CHECK(fragment % 4 == 0);
        CHECK(smallest_packet(mtu) == 12 + fragment);
        CHECK(fragment <= std::max<std::size_t>(room / 2, 616));
        CHECK(room % fragment < room / fragment * 8);
        CHECK(room / fragment >= 2);
    }
}

TEST_CASE("a message of many fragments arrives with the smallest packets there may be") {
    for (std::size_t mtu : {256u, 280u, 299u, 300u}) {
        INFO(mtu);
        association_config config;
        config.mtu = mtu;
        pair net({}, config, config);
        REQUIRE(net.connect());
        CHECK(arrives(net, 5000, 10s));
    }
}

TEST_CASE("a path that has become too narrow for a full packet carries everything all the same") {
    pair net;
    REQUIRE(net.connect());
    net.a.tamper = narrow(GENERATE(600u, 1100u));
    CHECK(arrives(net, 60000, 5s));
    CHECK(net.a.end.stats().timeouts <= 2);
    CHECK(arrives(net, 60000, 1s)); // it is known now
}

TEST_CASE("a narrow path does not hide behind small messages that arrive") {
    pair net;
    REQUIRE(net.connect());
    net.a.tamper = narrow(800);
    REQUIRE(net.send(net.a, 0, pattern(60000)) == send_result::ok);
    bool done = false;
    for (int i = 0; i < 500 && !done; ++i) {
        REQUIRE(net.send(net.a, 1, pattern(4)) == send_result::ok);
        done = net.run(
            [&] {
                return std::ranges::any_of(net.b.messages,
                                           [](const auto& each) { return each.data.size() == 60000; });
            },
            10ms);
    }
    CHECK(done);
}

TEST_CASE("an association is set up over a narrow path, with what is sent meanwhile") {
    pair net;
    net.a.tamper = narrow(800);
    net.b.tamper = narrow(800);
    net.a.end.connect(net.now);
    net.b.end.connect(net.now);
    REQUIRE(net.send(net.a, 0, pattern(5000)) == send_result::ok);
    CHECK(net.run([&] { return net.b.messages.size() == 1; }, 5s));
    CHECK(net.a.count<connected>() == 1);
}

TEST_CASE("packets grow again when the path lets a probe through") {
    pair net;
    REQUIRE(net.connect());
    scale watch;
    watch.limit = 800;
    net.a.tamper = std::ref(watch);
    REQUIRE(arrives(net, 60000, 5s));
    watch = {};
    net.run_for(70s); // a probe a minute at least
    REQUIRE(watch.largest == 1168);
    watch = {};
    CHECK(arrives(net, 60000, 1s));
    CHECK(watch.largest > 1100);
}

TEST_CASE("on a narrow path probes become ever more seldom") {
    pair net;
    REQUIRE(net.connect());
    net.a.tamper = narrow(800);
    REQUIRE(arrives(net, 60000, 5s));
    net.run_for(300s);
    const auto before = net.a.end.stats().packets_sent;
    net.run_for(300s);
    CHECK(net.a.end.stats().packets_sent - before <= 5 + 2 * 10); // and HEARTBEATs, ours and answers
}

TEST_CASE("one loss is no reason for small packets beyond a round trip") {
    pair net;
    REQUIRE(net.connect());
    bool lose = true;
    net.a.tamper = [&](bytes& packet) {
        if (std::exchange(lose, false)) packet.clear();
    };
    REQUIRE(arrives(net, 1000, 5s)); // by T3
    net.run_for(100ms);
    scale watch;
    net.a.tamper = std::ref(watch);
    CHECK(arrives(net, 60000, 1s));
    CHECK(watch.largest > 1100);
}

TEST_CASE("another path is asked what it carries before it gets full packets") {
    pair net;
    REQUIRE(net.connect());
    REQUIRE(arrives(net, 60000, 1s));
    std::vector<std::size_t> sizes;
    net.a.tamper = [&](bytes& packet) { sizes.push_back(packet.size()); };
    net.a.end.path_changed();
    REQUIRE(net.send(net.a, 0, pattern(3000)) == send_result::ok);
    net.pump();
    REQUIRE(sizes.size() > 5);
    CHECK(sizes[0] == 1168); // the probe
    CHECK(
        std::all_of(sizes.begin() + 1, sizes.end(), [](auto size) { return size <= smallest_packet(1171); }));
    net.run_for(50ms);
    sizes.clear();
    CHECK(arrives(net, 60000, 1s));
    CHECK(std::ranges::max(sizes) > 1100);
}

TEST_CASE("a message that one packet holds is not spread over two") {
    pair net;
    REQUIRE(net.connect());
    std::size_t packets = 0;
    net.a.tamper = [&](bytes& packet) {
        chunk_reader chunks(byte_view(packet).subspan(common_header_size));
        bool begins = false, ends = false;
        while (auto each = chunks.next())
            if (auto data = parse_data(*each)) {
                begins = begins || data->begin;
                ends = data->end;
            }
        CHECK(begins == ends);
        packets += begins;
    };
    for (int i = 0; i < 20; ++i) REQUIRE(net.send(net.a, 0, pattern(1000)) == send_result::ok);
    REQUIRE(net.run([&] { return net.b.messages.size() == 20; }));
    CHECK(packets == 20);
}

TEST_CASE("an association whose data never arrives ends, though the path answers") {
    association_config config;
    config.timings.max_retransmits = std::numeric_limits<int>::max(); // the path itself is others' concern
    config.timings.rto_max = 3s;
    pair net({}, config, config);
    REQUIRE(net.connect());
    net.a.tamper = [](bytes& packet) {
        chunk_reader chunks(byte_view(packet).subspan(common_header_size));
        while (auto each = chunks.next())
            if (each->type == chunk_type::data) return packet.clear();
    };
    REQUIRE(net.send(net.a, 0, pattern(100)) == send_result::ok);
    const auto begun = net.now;
    REQUIRE(net.run([&] { return net.a.count<closed>() == 1; }, 120s));
    CHECK(net.now - begun > 30s);
    CHECK(net.now - begun < 60s);
    CHECK(net.a.last<closed>()->reason == close_reason::path_failed);
    CHECK(net.a.last<closed>()->text == "data is not acknowledged, though the peer answers");
}

TEST_CASE("an outage is not taken for a path that loses data alone") {
    association_config config;
    config.timings.max_retransmits = std::numeric_limits<int>::max();
    config.timings.rto_max = 3s;
    pair net({}, config, config);
    REQUIRE(net.connect());
    REQUIRE(net.send(net.a, 0, pattern(100)) == send_result::ok);
    net.link.loss = 1;
    net.run_for(600s);
    CHECK(net.a.count<closed>() == 0);
    net.link.loss = 0;
    CHECK(net.run([&] { return net.b.messages.size() == 1; }, 5s));
}
