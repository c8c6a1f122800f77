#include "cortc/dtls/front_filter.hpp"
#include "test/support/catch.hpp"
#include "test/unit/dtls/client_hello.hpp"

#include <numeric>

using namespace cortc;
using namespace cortc::test;
using dtls::front_filter;

namespace {

bool same(std::optional<byte_view> passed, byte_view expected) {
    return passed && std::ranges::equal(*passed, expected);
}

/// Feeds parts until one comes out.
std::optional<bytes> feed(front_filter& filter, const std::vector<bytes>& parts) {
    for (const auto& one : parts)
        if (const auto passed = filter.filter(one)) return bytes(passed->begin(), passed->end());
    return std::nullopt;
}

/// A server session takes it: it answers with its flight.
bool answered(byte_view datagram) {
    dtls_end server(options_for(dtls_role::server));
    server.session->start(time_point(1h));
    server.session->handle_packet(datagram, time_point(1h));
    std::array<std::byte, 2048> space;
    const auto size = server.session->poll_transmit(space);
    return size && space[0] == std::byte{22} && space[13] == std::byte{2}; // ServerHello
}

} // namespace

TEST_CASE("a whole ClientHello passes at once") {
    const auto hello = own_client_hello();
    front_filter filter;
    CHECK(same(filter.filter(whole(hello, 5)), whole(hello, 5)));
    CHECK(filter.open());
    CHECK(answered(whole(hello, 5)));
}

TEST_CASE("Chromium's ClientHello is put together from its two datagrams, in either order") {
    const auto body = file("chromium_server_clienthello.bin");
    auto datagrams = captured("chromium_server.bin", '<');
    REQUIRE(datagrams.size() >= 2);
    datagrams.resize(2);
    for (int order = 0; order < 2; ++order) {
        front_filter filter;
        const auto passed = feed(filter, datagrams);
        REQUIRE(passed);
        CHECK(std::ranges::equal(byte_view(*passed).subspan(25), body));
        CHECK(byte_reader(byte_view(*passed).subspan(3)).u64() == 1); // the higher of 0 and 1
        CHECK(answered(*passed));
        std::swap(datagrams[0], datagrams[1]);
    }
}

TEST_CASE("parts by byte range in every order, cut anew, overlapping") {
    const auto capture = file("chromium_server_clienthello.bin"), own = own_client_hello();
    for (const auto& body : {capture, own}) {
        const auto n = body.size();
        using range = std::pair<std::size_t, std::size_t>;
        const std::vector<std::vector<range>> cuts{
            {{0, n}},
            {{0, 1}, {1, n}},
            {{0, n - 1}, {n - 1, n}},
            {{0, n / 3}, {n / 3, 2 * n / 3}, {2 * n / 3, n}},
            {{0, n / 2 + 20}, {n / 2 - 20, n}},                       // overlapping
            {{0, n / 3 + 9}, {n / 3 - 9, 2 * n / 3 + 9}, {n / 2, n}}, // overlapping
            {{0, 40}, {20, 30}, {0, 2 * n / 3}, {n / 2, n}},          // cut anew by a repetition, one inside
            {{0, n / 4}, {n / 4, n / 2}, {n / 2, 3 * n / 4}, {3 * n / 4, n}, {n / 8, 7 * n / 8}},
        };
        for (const auto& cut : cuts) {
            std::vector<std::size_t> order(cut.size());
            std::iota(order.begin(), order.end(), 0u);
            do {
                front_filter filter;
                std::vector<bytes> parts;
                for (auto i : order) parts.push_back(part_of(body, cut[i].first, cut[i].second, 10 + i));
                const auto passed = feed(filter, parts);
                REQUIRE(passed);
                REQUIRE(std::ranges::equal(byte_view(*passed).subspan(25), body));
                REQUIRE(byte_reader(byte_view(*passed).subspan(13)).u32() == (1u << 24 | n));
                REQUIRE(filter.open());
            } while (std::next_permutation(order.begin(), order.end()));
        }
        CHECK(answered(whole(body, 3)));
    }
}

TEST_CASE("many small parts") {
    const auto body = file("chromium_server_clienthello.bin");
    std::vector<bytes> parts;
    for (std::size_t at = 0; at < body.size(); at += 25)
        parts.push_back(part_of(body, at, std::min(at + 25, body.size()), at));
    std::shuffle(parts.begin(), parts.end(), std::mt19937(1));
    front_filter filter;
    const auto passed = feed(filter, parts);
    REQUIRE(passed);
    CHECK(std::ranges::equal(byte_view(*passed).subspan(25), body));
}

TEST_CASE("nothing else passes before the ClientHello") {
    const auto body = own_client_hello();
    front_filter filter;
    auto alert = whole(body);
    alert[0] = std::byte{21};
    auto server_hello = whole(body);
    server_hello[13] = std::byte{2};
    auto encrypted = whole(body);
    encrypted[4] = std::byte{1}; // epoch 1
    for (const auto& stray : {alert, server_hello, encrypted, some_bytes(100), bytes(13), bytes{}, bytes(3)})
        CHECK_FALSE(filter.filter(stray));
    CHECK(filter.stats().dropped_stray >= 5);
    CHECK_FALSE(filter.open());
    // A ClientHello between strays in one datagram still counts, and comes out alone.
    auto mixed = alert;
    const auto good = whole(body, 9);
    mixed.insert(mixed.end(), good.begin(), good.end());
    mixed.insert(mixed.end(), alert.begin(), alert.end());
    CHECK(same(filter.filter(mixed), good));
}

TEST_CASE("parts whose lengths contradict each other are dropped") {
    const auto body = own_client_hello();
    front_filter filter;
    auto beyond = part_of(body, 10, 50, 0);
    beyond[13 + 6] = std::byte{0xff}; // its offset
    auto longer = part_of(body, 10, 50, 0);
    longer[13 + 11] = std::byte{41}; // its size
    auto empty = part_of(body, 10, 10, 0);
    for (const auto& bad : {beyond, longer, empty}) CHECK_FALSE(filter.filter(bad));
    CHECK(filter.stats().dropped_malformed == 3);
    CHECK(same(filter.filter(whole(body)), whole(body)));
}

TEST_CASE("a ClientHello is bounded") {
    front_filter filter;
    const bytes huge(front_filter::max_message + 1);
    CHECK_FALSE(filter.filter(part_of(huge, 0, 100, 0)));
    CHECK(filter.stats().dropped_too_long == 1);
    // Single bytes with gaps: the bookkeeping stays small, and the real one still gets through.
    const bytes most(front_filter::max_message);
    for (std::size_t at = 0; at < most.size(); at += 2)
        CHECK_FALSE(filter.filter(part_of(most, at, at + 1, at)));
    const auto body = own_client_hello();
    CHECK(same(filter.filter(whole(body, 1)), whole(body, 1)));
}

TEST_CASE("a ClientHello of nonsense does not pass, and the next one does") {
    const auto good = own_client_hello();
    front_filter filter;
    CHECK_FALSE(filter.filter(whole(bytes(200))));
    auto bad = good;
    bad[34] = std::byte{200}; // the session id's length
    CHECK_FALSE(filter.filter(whole(bad)));
    bad = good;
    bad.resize(bad.size() - 1);
    CHECK_FALSE(filter.filter(whole(bad)));
    CHECK(filter.stats().dropped_malformed == 3);
    CHECK(same(filter.filter(whole(good, 4)), whole(good, 4)));
}

TEST_CASE("a peer that starts again is followed") {
    const auto old = own_client_hello(), fresh = own_client_hello();
    REQUIRE(old.size() == fresh.size()); // but the randoms differ
    front_filter filter;
    CHECK_FALSE(filter.filter(part_of(old, 0, 60, 0)));
    CHECK_FALSE(filter.filter(part_of(fresh, 0, 50, 0)));
    CHECK(filter.stats().restarts == 1);
    const auto passed = filter.filter(part_of(fresh, 50, fresh.size(), 1));
    REQUIRE(passed);
    CHECK(std::ranges::equal(passed->subspan(25), fresh));

    front_filter other; // another message number
    CHECK_FALSE(other.filter(part_of(old, 0, 60, 0, 0)));
    CHECK_FALSE(other.filter(part_of(old, 60, old.size(), 1, 1)));
    CHECK(other.filter(part_of(old, 0, 60, 2, 1)));
}

TEST_CASE("afterwards everything passes unchanged, but of a repeated split ClientHello only the end") {
    const auto body = own_client_hello();
    front_filter filter;
    REQUIRE(filter.filter(whole(body)));
    for (const auto& any :
         {some_bytes(100), bytes(1), bytes{}, whole(body, 2), part_of(body, 70, body.size(), 4)})
        CHECK(same(filter.filter(any), any));
    CHECK_FALSE(filter.filter(part_of(body, 0, 70, 3)));
    auto both = part_of(body, 0, 70, 3);
    const auto end = part_of(body, 70, body.size(), 4);
    both.insert(both.end(), end.begin(), end.end());
    CHECK(same(filter.filter(both), end));
    CHECK(filter.stats().dropped_repeated == 2);
}

TEST_CASE("mutated parts never do harm") {
    const auto body = file("chromium_server_clienthello.bin");
    for (unsigned seed = 0; seed < 300; ++seed) {
        std::mt19937 random(seed);
        front_filter filter;
        for (int i = 0; i < 60; ++i) {
            const auto begin = random() % body.size(), end = begin + 1 + random() % (body.size() - begin);
            const auto good = part_of(body, begin, end, random() % 100);
            const auto bad = mutate(good, random);
            if (const auto passed = filter.filter(random() % 2 ? good : bad))
                REQUIRE(passed->size() <= 25 + front_filter::max_message);
        }
    }
}
