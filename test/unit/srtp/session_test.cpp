#include "cortc/crypto/hash.hpp"
#include "cortc/srtp/session.hpp"
#include "test/support/catch.hpp"

#include <algorithm>
#include <malloc.h>
#include <numeric>
#include <string>

using namespace cortc;
using crypto::srtp_profile;
using srtp::drop_reason;
using namespace std::chrono_literals;

namespace {

bytes from_hex(std::string_view text) {
    bytes made;
    for (std::size_t i = 0; i + 1 < text.size(); i += 2)
        made.push_back(static_cast<std::byte>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
    return made;
}

crypto::srtp_master_key master_key(std::string_view key, std::string_view salt) {
    return {crypto::secret<crypto::max_srtp_key>(byte_view(from_hex(key))),
            crypto::secret<crypto::max_srtp_salt>(byte_view(from_hex(salt)))};
}
/// RFC 3711 B.3, cut or repeated to the profile's sizes.
crypto::srtp_master_key rfc3711_key(srtp_profile profile = srtp_profile::aes128_cm_sha1_80) {
    const std::string key = "e1f97a0d3e018be0d64fa32c06de4139", salt = "0ec675ad498afeebb6960b3aabe6";
    const auto sizes = crypto::described(profile);
    return master_key((key + key).substr(0, 2 * sizes.key), salt.substr(0, 2 * sizes.salt));
}
crypto::srtp_master_key other_key(unsigned number, srtp_profile profile = srtp_profile::aes128_cm_sha1_80) {
    auto made = rfc3711_key(profile);
    made.key.span()[3] ^= static_cast<std::byte>(number + 1);
    return made;
}

/// Runs the test for each profile that this libsrtp has.
srtp_profile each_profile() {
    std::vector<srtp_profile> all;
    for (const auto& each : crypto::srtp_profiles)
        if (srtp::session::supports(each.profile)) all.push_back(each.profile);
    return GENERATE_REF(from_range(all));
}
std::size_t trailer_of(srtp_profile profile, bool rtcp) {
    const auto added = crypto::described(profile);
    return rtcp ? added.rtcp_tag + 4 : added.rtp_tag;
}

struct ends {
    explicit ends(srtp_profile profile = srtp_profile::aes128_cm_sha1_80, std::size_t streams = 1024) {
        srtp::options of_a;
        of_a.profile = profile;
        of_a.max_streams = streams;
        of_a.outbound = rfc3711_key(profile);
        of_a.inbound = other_key(0, profile);
        auto of_b = of_a;
        std::swap(of_b.outbound, of_b.inbound);
        a = srtp::session::make(of_a);
        b = srtp::session::make(of_b);
        REQUIRE(a);
        REQUIRE(b);
    }
    std::unique_ptr<srtp::session> a, b;
};

constexpr std::uint32_t usual_ssrc = 0xcafebabe;

bytes rtp(std::uint16_t sequence, std::uint32_t ssrc = usual_ssrc, std::size_t payload = 16) {
    bytes made(12 + payload, std::byte{0xab});
    byte_writer out(made);
    out.u8(0x80);
    out.u8(15);
    out.u16(sequence);
    out.u32(0xdecafbad);
    out.u32(ssrc);
    return made;
}
bytes rtcp(std::uint32_t ssrc = usual_ssrc, std::size_t words = 4) {
    bytes made(8 + 4 * words, std::byte{0xab});
    byte_writer out(made);
    out.u8(0x81);
    out.u8(200);
    out.u16(static_cast<std::uint16_t>(1 + words));
    out.u32(ssrc);
    return made;
}

enum class kind { rtp, rtcp };

bytes protect(srtp::session& by, kind what, bytes packet) {
    const auto size = packet.size();
    packet.resize(size + srtp::session::max_trailer);
    const auto made = what == kind::rtp ? by.protect_rtp(packet, size) : by.protect_rtcp(packet, size);
    REQUIRE(made.has_value());
    packet.resize(*made);
    return packet;
}
srtp::session::size_or_reason unprotect(srtp::session& by, kind what, byte_span packet) {
    return what == kind::rtp ? by.unprotect_rtp(packet) : by.unprotect_rtcp(packet);
}
/// What comes out, or why nothing does. A refused packet must be as it was; of one with a wrong tag AES-GCM
/// may have overwritten what is behind the fixed header.
std::string taken(srtp::session& by, kind what, bytes packet, bytes* plain = nullptr) {
    const auto before = packet;
    const auto size = unprotect(by, what, packet);
    if (!size) {
        const bool whole =
            !crypto::described(by.used_profile()).aead || size.error() != drop_reason::wrong_tag;
        const auto kept = whole ? before.size() : std::min<std::size_t>(before.size(), 8);
        CHECK(std::equal(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(kept), packet.begin()));
        return std::string(to_string(size.error()));
    }
    packet.resize(*size);
    if (plain) *plain = packet;
    return "taken";
}
std::uint64_t sum(const decltype(srtp::statistics::inbound_drops)& drops) {
    return std::accumulate(drops.begin(), drops.end(), std::uint64_t{0});
}
std::uint64_t of(const decltype(srtp::statistics::inbound_drops)& drops, drop_reason reason) {
    return drops[static_cast<std::size_t>(reason)];
}

} // namespace

// The packets that libsrtp's own tests publish (srtp_driver.c, srtp_validate), under the master key of RFC
// 3711 B.3; the tags are computed here once more with the session key of B.3.
TEST_CASE("srtp: known packets") {
    const auto plain = rtp(0x1234);
    const auto wire =
        from_hex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb");
    const auto plain_rtcp = from_hex("81c8000bcafebabe" + std::string("abababababababababababababababab"));
    const auto wire_rtcp =
        from_hex("81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798");

    ends two;
    CHECK(protect(*two.a, kind::rtp, plain) == wire);
    bytes got;
    CHECK(taken(*two.b, kind::rtp, wire, &got) == "taken");
    CHECK(got == plain);
    CHECK(two.b->stats().rtp_unprotected == 1);

    const auto key = from_hex("cebe321f6ff7716b6fd4ab49af256a156d38baa4");
    const std::array<std::byte, 4> rollovers{};
    const auto tag = crypto::hmac_sha1(key, byte_view(wire).first(wire.size() - 10), byte_view(rollovers));
    CHECK(std::equal(wire.end() - 10, wire.end(), tag.begin()));

    // It was made with index 1.
    (void)protect(*two.a, kind::rtcp, rtcp());
    ends anew;
    CHECK(protect(*anew.a, kind::rtcp, plain_rtcp) == wire_rtcp);
    CHECK(taken(*anew.b, kind::rtcp, wire_rtcp, &got) == "taken");
    CHECK(got == plain_rtcp);
    CHECK(anew.b->stats().rtcp_unprotected == 1);
}

// From the same place (srtp_validate_gcm).
TEST_CASE("srtp: known packets of AES-GCM") {
    if (!srtp::session::supports(srtp_profile::aead_aes_128_gcm)) return;
    srtp::options options;
    options.profile = srtp_profile::aead_aes_128_gcm;
    options.outbound = options.inbound =
        master_key("000102030405060708090a0b0c0d0e0f", "a0a1a2a3a4a5a6a7a8a9aaab");
    const auto sender = srtp::session::make(options), receiver = srtp::session::make(options);
    REQUIRE(sender);
    REQUIRE(receiver);
    const auto wire = from_hex("800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06ed2976826f796b201df"
                               "3131a127e8a392");
    CHECK(protect(*sender, kind::rtp, rtp(0x1234)) == wire);
    bytes got;
    CHECK(taken(*receiver, kind::rtp, wire, &got) == "taken");
    CHECK(got == rtp(0x1234));
    const auto plain_rtcp = from_hex("81c8000bcafebabeabababababababababababababababab");
    const auto wire_rtcp = from_hex("81c8000bcafebabec98b8b5df0392a55852b6c21ac8e7025c52c6fbea2b3b446ea31123b"
                                    "a88ce61e80000001");
    (void)protect(*sender, kind::rtcp, rtcp()); // it was made with index 1
    CHECK(taken(*receiver, kind::rtcp, wire_rtcp, &got) == "taken");
    CHECK(got == plain_rtcp);
}

TEST_CASE("srtp: a profile that libsrtp has not, or keys of another size, make no session") {
    CHECK(srtp::session::supports(srtp_profile::aes128_cm_sha1_80));
    CHECK(srtp::session::supports(srtp_profile::aes128_cm_sha1_32));
    CHECK_FALSE(srtp::session::supports(static_cast<srtp_profile>(3)));
    srtp::options options;
    CHECK_FALSE(srtp::session::make(options)); // no keys
    options.outbound = options.inbound = rfc3711_key(srtp_profile::aead_aes_128_gcm);
    CHECK_FALSE(srtp::session::make(options)); // too short a salt
    options.outbound = options.inbound = rfc3711_key();
    CHECK(srtp::session::make(options));
    options.profile = static_cast<srtp_profile>(3);
    CHECK_FALSE(srtp::session::make(options));
}

TEST_CASE("srtp: the DTLS client's keys are outbound at the client and inbound at the server") {
    const auto profile = each_profile();
    bytes material(crypto::srtp_material_size(profile));
    std::iota(reinterpret_cast<unsigned char*>(material.data()),
              reinterpret_cast<unsigned char*>(material.data() + material.size()),
              static_cast<unsigned char>(1));
    const auto keys = crypto::split_srtp_keys(profile, material);
    const srtp::options client(keys, dtls_role::client), server(keys, dtls_role::server);
    CHECK(client.profile == profile);
    CHECK(client.outbound == keys.client);
    CHECK(client.inbound == keys.server);
    CHECK(server.outbound == keys.server);
    CHECK(server.inbound == keys.client);
}

TEST_CASE("srtp: packets of every profile go round, in exactly the room that they need, on any address") {
    const auto profile = each_profile();
    const auto what = GENERATE(kind::rtp, kind::rtcp);
    const auto trailer = trailer_of(profile, what == kind::rtcp);
    ends two(profile);
    CHECK(two.a->used_profile() == profile);
    std::uint16_t number = 0;
    for (std::size_t size : {0, 1, 4, 15, 16, 17, 1000, 1001, 1188})
        for (std::size_t offset = 0; offset < 4; ++offset) {
            const auto plain =
                what == kind::rtp ? rtp(++number, usual_ssrc, size) : rtcp(usual_ssrc, size / 4);
            bytes memory(offset + plain.size() + trailer + 64, std::byte{0x5a});
            const auto room = byte_span(memory).subspan(offset, plain.size() + trailer);
            std::ranges::copy(plain, room.begin());
            if (what == kind::rtp)
                CHECK(two.a->protect_rtp(room.first(room.size() - 1), plain.size()).error() ==
                      drop_reason::no_room);
            else
                CHECK(two.a->protect_rtcp(room.first(room.size() - 1), plain.size()).error() ==
                      drop_reason::no_room);
            CHECK(std::equal(plain.begin(), plain.end(), room.begin()));
            const auto made = what == kind::rtp ? two.a->protect_rtp(room, plain.size())
                                                : two.a->protect_rtcp(room, plain.size());
            REQUIRE(made.has_value());
            CHECK(*made == room.size());
            CHECK(std::all_of(memory.begin(), memory.begin() + static_cast<std::ptrdiff_t>(offset),
                              [](std::byte each) { return each == std::byte{0x5a}; }));
            CHECK(std::all_of(memory.end() - 64, memory.end(),
                              [](std::byte each) { return each == std::byte{0x5a}; }));
            if (size >= 16) CHECK_FALSE(std::equal(plain.begin(), plain.end(), room.begin()));
            const auto back = unprotect(*two.b, what, room);
            REQUIRE(back.has_value());
            CHECK(*back == plain.size());
            CHECK(std::equal(plain.begin(), plain.end(), room.begin()));
        }
    CHECK(sum(two.b->stats().inbound_drops) == 0);
    CHECK(of(two.a->stats().outbound_drops, drop_reason::no_room) == 36);
}

TEST_CASE("srtp: each changed bit is refused") {
    const auto profile = each_profile();
    const auto what = GENERATE(kind::rtp, kind::rtcp);
    const bool known = GENERATE(false, true);
    ends two(profile);
    if (known)
        REQUIRE(taken(*two.b, what, protect(*two.a, what, what == kind::rtp ? rtp(6) : rtcp())) == "taken");
    const auto wire = protect(*two.a, what, what == kind::rtp ? rtp(7) : rtcp());
    std::size_t refused = 0;
    for (std::size_t bit = 0; bit < 8 * wire.size(); ++bit) {
        auto changed = wire;
        changed[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
        refused += taken(*two.b, what, changed) != "taken";
    }
    CHECK(refused == 8 * wire.size());
    CHECK(sum(two.b->stats().inbound_drops) == refused);
    CHECK(of(two.b->stats().inbound_drops, drop_reason::wrong_tag) > refused / 2);
    CHECK(two.b->inbound_streams() == (known ? 1 : 0));
    CHECK(taken(*two.b, what, wire) == "taken"); // none of them has spoiled anything
}

TEST_CASE("srtp: each truncation is refused") {
    const auto profile = each_profile();
    const auto what = GENERATE(kind::rtp, kind::rtcp);
    ends two(profile);
    // With a contributing source and an extension of two words: the shortest lengths end inside of them.
    auto plain = what == kind::rtp ? rtp(7, usual_ssrc, 30) : rtcp();
    if (what == kind::rtp) {
        plain[0] = std::byte{0x91};
        std::ranges::copy(from_hex("bede0002"), plain.begin() + 16);
    }
    const auto wire = protect(*two.a, what, plain);
    for (std::size_t size = 0; size < wire.size(); ++size) {
        INFO(size);
        CHECK(taken(*two.b, what, {wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(size)}) !=
              "taken");
    }
    CHECK(sum(two.b->stats().inbound_drops) == wire.size());
    CHECK(of(two.b->stats().inbound_drops, drop_reason::too_short) > 0);
    CHECK(of(two.b->stats().inbound_drops, drop_reason::malformed) > 0);
    CHECK(two.b->inbound_streams() == 0);
    bytes got;
    CHECK(taken(*two.b, what, wire, &got) == "taken");
    CHECK(got == plain);
}

TEST_CASE("srtp: what is replayed is refused") {
    const auto what = GENERATE(kind::rtp, kind::rtcp);
    ends two;
    std::vector<bytes> wires;
    for (std::uint16_t i = 0; i < 20; ++i)
        wires.push_back(protect(*two.a, what, what == kind::rtp ? rtp(i) : rtcp()));
    for (const auto& wire : wires) CHECK(taken(*two.b, what, wire) == "taken");
    for (const auto& wire : wires) CHECK(taken(*two.b, what, wire) == "replayed");
    CHECK(of(two.b->stats().inbound_drops, drop_reason::replayed) == 20);
}

TEST_CASE("srtp: sequence numbers roll over, and late packets of the last round are taken") {
    ends two;
    std::vector<bytes> wires; // three times round, every 200th packet
    for (std::uint32_t i = 65000; i < 65000 + 3 * 65536; i += 200)
        wires.push_back(protect(*two.a, kind::rtp, rtp(static_cast<std::uint16_t>(i))));
    for (std::size_t i = 0; i + 1 < wires.size(); i += 2) { // each two in the wrong order
        CHECK(taken(*two.b, kind::rtp, wires[i + 1]) == "taken");
        CHECK(taken(*two.b, kind::rtp, wires[i]) == "taken");
    }
    // 65535 and 0 themselves, in either order.
    for (bool swapped : {false, true}) {
        ends close;
        CHECK(taken(*close.b, kind::rtp, protect(*close.a, kind::rtp, rtp(65534))) == "taken");
        auto last = protect(*close.a, kind::rtp, rtp(65535)), first = protect(*close.a, kind::rtp, rtp(0));
        if (swapped) std::swap(last, first);
        CHECK(taken(*close.b, kind::rtp, last) == "taken");
        CHECK(taken(*close.b, kind::rtp, first) == "taken");
        CHECK(taken(*close.b, kind::rtp, protect(*close.a, kind::rtp, rtp(1))) == "taken");
    }
}

TEST_CASE("srtp: packets out of order are taken within the window") {
    const auto what = GENERATE(kind::rtp, kind::rtcp);
    const std::size_t window = what == kind::rtp ? 1024 : 128;
    ends two;
    std::vector<bytes> wires;
    for (std::uint16_t i = 0; i < window + 50; ++i)
        wires.push_back(protect(*two.a, what, what == kind::rtp ? rtp(i) : rtcp()));
    std::size_t taken_ones = 0;
    for (auto each = wires.rbegin(); each != wires.rend(); ++each) {
        const auto outcome = taken(*two.b, what, *each);
        const bool fits = each - wires.rbegin() < static_cast<std::ptrdiff_t>(window);
        CHECK(outcome == (fits ? "taken" : "too old"));
        taken_ones += outcome == "taken";
    }
    CHECK(taken_ones == window);
    CHECK(of(two.b->stats().inbound_drops, drop_reason::too_old) == 50);
}

TEST_CASE("srtp: forged streams leave nothing behind") {
    const auto what = GENERATE(kind::rtp, kind::rtcp);
    ends two;
    REQUIRE(taken(*two.b, what, protect(*two.a, what, what == kind::rtp ? rtp(7) : rtcp())) == "taken");
    auto wire = protect(*two.a, what, what == kind::rtp ? rtp(8) : rtcp());
    std::uint64_t refused = 0;
    const auto forge = [&](std::uint32_t ssrc) {
        byte_writer(byte_span(wire).subspan(what == kind::rtp ? 8 : 4, 4)).u32(ssrc);
        const auto outcome = unprotect(*two.b, what, wire);
        refused += outcome.has_error() && outcome.error() == drop_reason::wrong_tag;
    };
    forge(0);
    const auto before = mallinfo2().uordblks;
    for (std::uint32_t i = 1; i < 5000; ++i) forge(i);
    CHECK(mallinfo2().uordblks < before + 1000); // a stream takes some 400 bytes
    CHECK(refused == 5000);
    CHECK(two.b->inbound_streams() == 1);
}

TEST_CASE("srtp: the streams of a peer are bounded, and what is known goes on") {
    ends two(srtp_profile::aes128_cm_sha1_80, 100);
    srtp::options unbounded;
    unbounded.outbound = rfc3711_key();
    unbounded.inbound = other_key(0);
    unbounded.max_streams = 1000;
    const auto peer = srtp::session::make(unbounded);
    REQUIRE(peer);
    for (std::uint32_t i = 0; i < 500; ++i) {
        const auto expected = i < 100 ? "taken" : "too many streams";
        CHECK(taken(*two.b, kind::rtp, protect(*peer, kind::rtp, rtp(1, i * 7919))) == expected);
        CHECK(taken(*two.b, kind::rtcp, protect(*peer, kind::rtcp, rtcp(i * 7919))) == expected);
    }
    CHECK(peer->outbound_streams() == 500);
    CHECK(two.b->inbound_streams() == 100);
    CHECK(of(two.b->stats().inbound_drops, drop_reason::too_many_streams) == 800);
    for (std::uint32_t i = 0; i < 100; ++i)
        CHECK(taken(*two.b, kind::rtp, protect(*peer, kind::rtp, rtp(2, i * 7919))) == "taken");

    for (std::uint32_t i = 0; i < 100; ++i) (void)protect(*two.a, kind::rtp, rtp(1, i));
    auto more = rtp(1, 100);
    more.resize(more.size() + 10);
    CHECK(two.a->protect_rtp(more, more.size() - 10).error() == drop_reason::too_many_streams);
}

TEST_CASE("srtp: the stream that is silent for longest makes room, and is over") {
    constexpr std::size_t streams = 10;
    ends two(srtp_profile::aes128_cm_sha1_80, streams);
    time_point now{1h};
    const auto pass = [&](duration time) {
        now += time;
        two.a->set_time(now);
        two.b->set_time(now);
    };
    const auto send = [&](std::uint32_t ssrc, std::uint16_t sequence) {
        return protect(*two.a, kind::rtp, rtp(sequence, ssrc));
    };
    const auto refused = [&](std::uint32_t ssrc, std::uint16_t sequence) {
        auto packet = rtp(sequence, ssrc);
        packet.resize(packet.size() + 10);
        const auto made = two.a->protect_rtp(packet, packet.size() - 10);
        REQUIRE(made.has_error());
        return made.error();
    };
    pass(0s);
    const auto first = send(0, 1);
    CHECK(taken(*two.b, kind::rtp, first) == "taken");
    pass(1s);
    for (std::uint32_t ssrc = 1; ssrc < streams; ++ssrc)
        CHECK(taken(*two.b, kind::rtp, send(ssrc, 1)) == "taken");
    pass(28s);
    CHECK(taken(*two.b, kind::rtcp, protect(*two.a, kind::rtcp, rtcp(1))) == "taken"); // keeps 1 alive
    pass(999ms);
    CHECK(refused(100, 1) == drop_reason::too_many_streams);
    pass(1ms);
    const auto fresh = send(100, 1);
    CHECK(two.a->outbound_streams() == streams);
    auto forged = fresh;
    forged.back() ^= std::byte{1};
    CHECK(taken(*two.b, kind::rtp, forged) == "authentication failed"); // makes no room
    CHECK(taken(*two.b, kind::rtp, send(1, 2)) == "taken");
    CHECK(taken(*two.b, kind::rtp, first) == "replayed");
    CHECK(taken(*two.b, kind::rtp, fresh) == "taken");
    CHECK(two.b->inbound_streams() == streams);

    CHECK(taken(*two.b, kind::rtp, first) == "forgotten");
    CHECK(refused(0, 2) == drop_reason::forgotten);
    CHECK(of(two.b->stats().inbound_drops, drop_reason::forgotten) == 1);
    CHECK(of(two.a->stats().outbound_drops, drop_reason::forgotten) == 1);
    CHECK(refused(101, 1) == drop_reason::too_many_streams); // the others are not silent yet
    pass(1s);
    CHECK(taken(*two.b, kind::rtp, send(101, 1)) == "taken");
    CHECK(taken(*two.b, kind::rtp, send(1, 3)) == "taken");
    CHECK(taken(*two.b, kind::rtp, fresh) == "replayed");
}

TEST_CASE("srtp: any number of streams, one after another, in bounded memory") {
    constexpr std::size_t streams = 10, remembered = streams * srtp::session::remembered_per_stream;
    ends two(srtp_profile::aes128_cm_sha1_80, streams);
    srtp::options unbounded;
    unbounded.outbound = rfc3711_key();
    unbounded.inbound = other_key(0);
    unbounded.max_streams = 10000;
    const auto peer = srtp::session::make(unbounded);
    REQUIRE(peer);
    time_point now{1h};
    const auto talk = [&](std::uint32_t ssrc) { // when the others have become silent
        two.b->set_time(now += 30s);
        return taken(*two.b, kind::rtp, protect(*peer, kind::rtp, rtp(1, ssrc)));
    };
    const auto old = protect(*peer, kind::rtp, rtp(1, 5000));
    CHECK(taken(*two.b, kind::rtp, old) == "taken");
    for (std::uint32_t ssrc = 0; ssrc < streams - 1 + remembered; ++ssrc) CHECK(talk(ssrc) == "taken");
    CHECK(taken(*two.b, kind::rtp, old) == "forgotten");
    CHECK(talk(4000) == "taken");
    CHECK(two.b->inbound_streams() == streams);
    two.b->set_time(now += 30s);
    CHECK(taken(*two.b, kind::rtp, old) == "taken"); // so long ago that nobody remembers

    // What was sent is remembered for good: its key stream must not be used again.
    const auto send = [&](std::uint32_t ssrc) {
        two.a->set_time(now += 30s);
        auto packet = rtp(1, ssrc);
        packet.resize(packet.size() + 10);
        const auto made = two.a->protect_rtp(packet, packet.size() - 10);
        return made ? std::string("sent") : std::string(to_string(made.error()));
    };
    for (std::uint32_t ssrc = 0; ssrc < streams + remembered; ++ssrc) CHECK(send(ssrc) == "sent");
    CHECK(send(4000) == "too many streams");
    CHECK(send(0) == "forgotten");
    CHECK(two.a->outbound_streams() == streams);
}

TEST_CASE("srtp: a stream that made room takes its memory along") {
    ends two(srtp_profile::aes128_cm_sha1_80, 1);
    time_point now{1h};
    const auto talk = [&](std::uint32_t ssrc) {
        two.a->set_time(now += 30s);
        two.b->set_time(now);
        REQUIRE(taken(*two.b, kind::rtp, protect(*two.a, kind::rtp, rtp(1, ssrc))) == "taken");
    };
    for (std::uint32_t ssrc = 0; ssrc < 5; ++ssrc) talk(ssrc);
    const auto before = mallinfo2().uordblks;
    for (std::uint32_t ssrc = 5; ssrc < 15; ++ssrc) talk(ssrc);
    CHECK(mallinfo2().uordblks < before + 1000); // ten streams would take eight thousand
}

TEST_CASE("srtp: the keys of the wrong peer or direction") {
    ends two;
    srtp::options wrong;
    wrong.outbound = other_key(1);
    wrong.inbound = other_key(2);
    const auto stranger = srtp::session::make(wrong);
    REQUIRE(stranger);
    for (auto what : {kind::rtp, kind::rtcp}) {
        const auto plain = what == kind::rtp ? rtp(1) : rtcp();
        const auto wire = protect(*two.a, what, plain);
        CHECK(taken(*stranger, what, wire) == "authentication failed");
        CHECK(taken(*two.a, what, wire) == "authentication failed"); // reflected
        CHECK(taken(*two.b, what, protect(*stranger, what, plain)) == "authentication failed");
        CHECK(taken(*two.b, what, plain) != "taken"); // not protected at all
        CHECK(taken(*two.b, what, wire) == "taken");
        // As the other kind: the keys are others (RFC 3711 4.3.2).
        auto more = protect(*two.a, what, what == kind::rtp ? rtp(2) : rtcp());
        CHECK(taken(*two.b, what == kind::rtp ? kind::rtcp : kind::rtp, more) != "taken");
    }
}

TEST_CASE("srtp: what cannot be sent is refused, and says why") {
    ends two;
    const auto refused = [&](kind what, bytes packet, std::size_t size) {
        packet.resize(std::max(packet.size(), size + srtp::session::max_trailer));
        const auto before = packet;
        const auto made =
            what == kind::rtp ? two.a->protect_rtp(packet, size) : two.a->protect_rtcp(packet, size);
        REQUIRE(made.has_error());
        CHECK(packet == before);
        return std::string(to_string(made.error()));
    };
    CHECK(refused(kind::rtp, rtp(1), 0) == "too short");
    CHECK(refused(kind::rtp, rtp(1), 11) == "too short");
    CHECK(refused(kind::rtcp, rtcp(), 7) == "too short");
    CHECK(refused(kind::rtcp, rtcp(), 22) == "malformed");
    CHECK(refused(kind::rtp, rtp(1, usual_ssrc, 65535), 65535) == "too long");
    CHECK(refused(kind::rtp, rtp(1, usual_ssrc, 65535), 65536) == "too long");
    for (auto first : {0x00, 0x40, 0xc0, 0x8f, 0x90}) { // other versions; 15 sources; a long extension
        auto packet = rtp(1);
        packet[0] = static_cast<std::byte>(first);
        CHECK(refused(kind::rtp, packet, packet.size()) == "malformed");
    }
    const auto size = rtp(1).size();
    bytes tight = rtp(1);
    CHECK(two.a->protect_rtp(tight, size).error() == drop_reason::no_room);
    CHECK(two.a->protect_rtp(tight, size + 1).error() == drop_reason::no_room);

    // Two packets of one index would have one key stream.
    (void)protect(*two.a, kind::rtp, rtp(1));
    CHECK(refused(kind::rtp, rtp(1, usual_ssrc, 20), 32) == "replayed");
    (void)protect(*two.a, kind::rtp, rtp(2000));
    CHECK(refused(kind::rtp, rtp(900), size) == "too old");
    CHECK(of(two.a->stats().outbound_drops, drop_reason::replayed) == 1);
}

TEST_CASE("srtp: RTCP is told from RTP by its packet type") {
    for (unsigned second = 0; second < 256; ++second) {
        const std::array<std::byte, 2> packet{std::byte{0x80}, static_cast<std::byte>(second)};
        CHECK(srtp::is_rtcp(packet) == (second >= 192 && second <= 223));
    }
    CHECK_FALSE(srtp::is_rtcp(byte_view()));
    CHECK_FALSE(srtp::is_rtcp(std::array{std::byte{0x80}}));
}

TEST_CASE("srtp: reasons and profiles have names") {
    for (std::size_t i = 0; i < static_cast<std::size_t>(drop_reason::count); ++i)
        CHECK_FALSE(to_string(static_cast<drop_reason>(i)).empty());
    CHECK(to_string(srtp_profile::aes128_cm_sha1_80) == "SRTP_AES128_CM_HMAC_SHA1_80");
    CHECK(to_string(srtp_profile::aes128_cm_sha1_32) == "SRTP_AES128_CM_HMAC_SHA1_32");
}
