#include "test/unit/peer_connection/media_support.hpp"

#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

using namespace cortc;
using namespace std::chrono_literals;

namespace {

/// What holds for handles of every kind, of `one` and of `other`, which are not the same.
template <class Handle>
void check_identity(const Handle& one, const Handle& other) {
    const Handle copy = one, empty;
    CHECK(copy.identity() == one.identity());
    CHECK(std::hash<Handle>()(copy) == std::hash<Handle>()(one));
    CHECK((copy <=> one) == std::strong_ordering::equal);
    CHECK((one < other) != (other < one));
    CHECK(empty.identity() == nullptr);
    CHECK((empty <=> Handle()) == std::strong_ordering::equal);
    std::unordered_map<Handle, int> hashed{{one, 1}, {other, 2}};
    CHECK(hashed.at(copy) == 1);
    CHECK(hashed.at(other) == 2);
    CHECK_FALSE(hashed.contains(empty));
    CHECK(std::set<Handle>{one, other, copy, empty}.size() == 3);
}

asio::awaitable<void> identities(context a, context b) {
    PeerConnection one(a), other(b);
    MediaStream stream(a);
    MediaStreamTrack audio(a, MediaKind::audio), video(a, MediaKind::video);
    auto first = one.addTrack(audio, stream), second = one.addTrack(video, stream);
    auto channel = one.createDataChannel("x"), another = one.createDataChannel("y");
    co_await test::negotiate(one, other);
    check_identity(audio, video);
    check_identity(stream, MediaStream(a));
    check_identity(first, second);
    check_identity(one.getReceivers()[0], one.getReceivers()[1]);
    check_identity(one.getTransceivers()[0], one.getTransceivers()[1]);
    check_identity(channel, another);
    const auto ours = *one.sctp(), theirs = *other.sctp();
    check_identity(ours, theirs);
    check_identity(ours.transport(), theirs.transport());
    check_identity(ours.transport().iceTransport(), theirs.transport().iceTransport());
    const auto certificate = co_await generateCertificate(a);
    const auto other_certificate = co_await generateCertificate(a);
    check_identity(certificate, other_certificate);
    one.close();
    other.close();
}

} // namespace

TEST_CASE("handles hash and order by what they refer to") {
    test::two_hosts net;
    net.run(identities(net.a, net.b), 5s);
}

TEST_CASE("DataChannel: error() says why it closed, and nothing before") {
    test::two_hosts net;
    PeerConnection pc(net.a);
    auto in_order = pc.createDataChannel("x"), lost = pc.createDataChannel("y");
    CHECK_FALSE(in_order.error());
    in_order.close();
    net.world.run_for(1s);
    CHECK(in_order.readyState() == DataChannelState::closed);
    CHECK_FALSE(in_order.error());
    pc.close();
    CHECK_FALSE(in_order.error());
    REQUIRE(lost.error());
    CHECK(lost.error()->code() == errc::aborted);
    CHECK(test::thrown_name([] { (void)DataChannel().error(); }) == "InvalidStateError");
}
