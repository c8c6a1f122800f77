#include "test/support/sim_call.hpp"

#include <algorithm>
#include <numeric>
#include <set>

using namespace cortc;
using namespace std::chrono_literals;

// getStats() before, during and after a call, with the figures that are known beforehand.

namespace {

template <class T>
const T& only(const StatsReport& report) {
    const auto all = report.all<T>();
    REQUIRE(all.size() == 1);
    return *all.front();
}
const IceCandidatePairStats& selected(const StatsReport& report) {
    const auto& id = only<TransportStats>(report).selectedCandidatePairId;
    REQUIRE(id.has_value());
    const auto* pair = report.get<IceCandidatePairStats>(*id);
    REQUIRE(pair);
    return *pair;
}
std::set<std::string> ids(const StatsReport& report) {
    std::set<std::string> all;
    for (const auto& [id, object] : report) all.insert(id);
    return all;
}
template <class T>
std::uint64_t sum(const StatsReport& report, std::uint64_t T::*member) {
    std::uint64_t all = 0;
    for (const auto* each : report.all<T>()) all += each->*member;
    return all;
}

/// What must hold in every report: ids lead where they say.
void check_references(const StatsReport& report) {
    const double now = base(report.begin()->second).timestamp;
    for (const auto& [id, object] : report) {
        CHECK(base(object).id == id);
        CHECK(base(object).timestamp == now);
        CHECK(id.size() > 16);
    }
    for (const auto* each : report.all<IceCandidatePairStats>()) {
        CHECK(report.get<TransportStats>(each->transportId));
        const auto* local = report.get<IceCandidateStats>(each->localCandidateId);
        const auto* remote = report.get<IceCandidateStats>(each->remoteCandidateId);
        REQUIRE(local);
        REQUIRE(remote);
        CHECK(local->type == StatsType::local_candidate);
        CHECK(remote->type == StatsType::remote_candidate);
        CHECK(each->lastPacketSentTimestamp.has_value() == (each->packetsSent > 0));
        CHECK(each->lastPacketSentTimestamp.value_or(0) <= now);
        CHECK(each->lastPacketReceivedTimestamp.has_value() == (each->packetsReceived > 0));
    }
    for (const auto* each : report.all<IceCandidateStats>())
        CHECK(report.get<TransportStats>(each->transportId));
    for (const auto* each : report.all<TransportStats>()) {
        if (each->selectedCandidatePairId)
            CHECK(report.get<IceCandidatePairStats>(*each->selectedCandidatePairId));
        for (const auto& certificate : {each->localCertificateId, each->remoteCertificateId})
            if (certificate) CHECK(report.get<CertificateStats>(*certificate));
    }
    for (const auto* each : report.all<DropStats>()) CHECK(report.get<TransportStats>(each->transportId));
    for (const auto* each : report.all<SctpStats>()) CHECK(report.get<TransportStats>(each->transportId));
}

struct channel_call {
    test::sim_call call;
    DataChannel a, b;

    explicit channel_call(const sim::link_options& link = test::link_of(5ms)) : call(1, link) {
        a = call.offerer->createDataChannel("chat");
        auto set_up = [&]() -> asio::awaitable<void> {
            co_await call.set_up();
            co_await a.opened();
            b = co_await call.answerer->nextDataChannel();
            co_await call.pause(1s); // acknowledgements
        };
        call.run(set_up(), 60s);
    }
    StatsReport report(PeerConnection& of) {
        StatsReport made;
        auto body = [&]() -> asio::awaitable<void> { made = co_await of.getStats(); };
        call.run(body(), 1s);
        check_references(made);
        return made;
    }
    StatsReport report_a() { return report(*call.offerer); }
    StatsReport report_b() { return report(*call.answerer); }
};

} // namespace

TEST_CASE("stats: a connection that has nothing reports itself, and a transport comes with the offer") {
    test::sim_call call(1, test::link_of(5ms));
    auto body = [&]() -> asio::awaitable<void> {
        auto report = co_await call.offerer->getStats();
        CHECK(report.size() == 1);
        CHECK(only<PeerConnectionStats>(report).dataChannelsOpened == 0);
        CHECK(only<PeerConnectionStats>(report).dataChannelsClosed == 0);

        auto channel = call.offerer->createDataChannel("chat");
        co_await call.offerer->setLocalDescription();
        co_await call.offerer->gatheringComplete();
        report = co_await call.offerer->getStats();
        check_references(report);
        const auto& transport = only<TransportStats>(report);
        CHECK(transport.dtlsState == DtlsTransportState::new_);
        CHECK(transport.iceState == IceTransportState::new_);
        CHECK(transport.iceRole == IceRole::controlling);
        CHECK(transport.dtlsRole == DtlsRole::unknown);
        CHECK(transport.bytesSent + transport.bytesReceived + transport.packetsSent == 0);
        CHECK_FALSE(transport.selectedCandidatePairId);
        CHECK_FALSE(transport.localCertificateId);
        CHECK_FALSE(transport.remoteCertificateId);
        CHECK_FALSE(transport.dtlsCipher);
        CHECK_FALSE(transport.tlsVersion);
        CHECK(transport.selectedCandidatePairChanges == 0);
        CHECK(report.all(StatsType::local_candidate).size() == 2);
        CHECK(report.all(StatsType::remote_candidate).empty());
        CHECK(report.all<IceCandidatePairStats>().empty());
        CHECK(report.all<SctpStats>().empty());
        const auto& stats = only<DataChannelStats>(report);
        CHECK(stats.label == "chat");
        CHECK(stats.state == DataChannelState::connecting);
        CHECK_FALSE(stats.dataChannelIdentifier);
    };
    call.run(body(), 1s);
    call.finish();
}

TEST_CASE("stats: a call that is up") {
    channel_call run;
    const auto a = run.report_a(), b = run.report_b();
    const auto& there = only<TransportStats>(a);
    const auto& back = only<TransportStats>(b);
    CHECK(there.iceState == run.call.offerer->sctp()->transport().iceTransport().state());
    CHECK(there.dtlsState == DtlsTransportState::connected);
    CHECK(there.iceRole == IceRole::controlling);
    CHECK(back.iceRole == IceRole::controlled);
    CHECK(there.dtlsRole == DtlsRole::server); // the answerer is active (RFC 8842 5.3)
    CHECK(back.dtlsRole == DtlsRole::client);
    CHECK(there.tlsVersion == "FEFD");
    CHECK(there.dtlsCipher.value_or("").starts_with("TLS_ECDHE_ECDSA_WITH_"));
    CHECK(there.dtlsCipher == back.dtlsCipher);
    CHECK_FALSE(there.srtpCipher);
    CHECK(there.selectedCandidatePairChanges >= 1);
    // Nothing is lost, and nothing under way.
    CHECK(there.bytesSent == back.bytesReceived);
    CHECK(there.packetsSent == back.packetsReceived);
    CHECK(back.bytesSent == there.bytesReceived);
    CHECK(back.packetsSent == there.packetsReceived);
    CHECK(there.packetsSent > 5);
    CHECK(there.bytesSent > there.packetsSent * 13); // a record's header
    CHECK(sum(a, &IceCandidatePairStats::bytesSent) == there.bytesSent);
    CHECK(sum(a, &IceCandidatePairStats::packetsReceived) == there.packetsReceived);
    for (auto member : {&IceCandidatePairStats::requestsSent, &IceCandidatePairStats::consentRequestsSent}) {
        const auto other = member == &IceCandidatePairStats::requestsSent
                               ? &IceCandidatePairStats::consentRequestsSent
                               : &IceCandidatePairStats::requestsSent;
        CHECK(sum(a, member) + sum(a, other) == sum(b, &IceCandidatePairStats::requestsReceived));
        CHECK(sum(b, member) + sum(b, other) == sum(a, &IceCandidatePairStats::requestsReceived));
    }
    CHECK(sum(a, &IceCandidatePairStats::responsesReceived) == sum(b, &IceCandidatePairStats::responsesSent));
    for (const auto* report : {&a, &b}) {
        const auto& pair = selected(*report);
        CHECK(pair.state == IceCandidatePairState::succeeded);
        CHECK(pair.nominated);
        CHECK(pair.currentRoundTripTime == 0.010);
        CHECK(pair.totalRoundTripTime ==
              Approx(0.010 * static_cast<double>(pair.responsesReceived)).epsilon(1e-9));
        CHECK(pair.responsesReceived >= 1);
        const auto& local = *report->get<IceCandidateStats>(pair.localCandidateId);
        CHECK(local.candidateType == IceCandidateType::host);
        CHECK(local.protocol == "udp");
        CHECK(local.port >= 1024);
        CHECK(local.address.has_value());
        CHECK(local.foundation.has_value());
        CHECK(local.usernameFragment == only<TransportStats>(*report).iceLocalUsernameFragment);
        CHECK(report->all<CertificateStats>().size() == 2);
    }
    // Both ends mean the same addresses and the same certificates.
    const auto& local = *a.get<IceCandidateStats>(selected(a).localCandidateId);
    const auto& remote = *b.get<IceCandidateStats>(selected(b).remoteCandidateId);
    CHECK(local.port == remote.port);
    CHECK(local.address == remote.address);
    CHECK(local.priority == remote.priority);
    CHECK(local.usernameFragment == remote.usernameFragment);
    const auto& mine = *a.get<CertificateStats>(*there.localCertificateId);
    const auto& seen = *b.get<CertificateStats>(*back.remoteCertificateId);
    CHECK(mine.base64Certificate == seen.base64Certificate);
    CHECK(mine.fingerprint == seen.fingerprint);
    CHECK(mine.fingerprintAlgorithm == "sha-256");
    CHECK(run.call.offerer->localDescription()->sdp.find("a=fingerprint:sha-256 " + mine.fingerprint) !=
          std::string::npos);
    for (const auto* report : {&a, &b}) {
        CHECK(only<PeerConnectionStats>(*report).dataChannelsOpened == 1);
        CHECK(only<PeerConnectionStats>(*report).dataChannelsClosed == 0);
        CHECK(only<DataChannelStats>(*report).state == DataChannelState::open);
        CHECK(only<DataChannelStats>(*report).dataChannelIdentifier == *run.a.id());
        CHECK(only<DropStats>(*report).of("ice", "malformed") == 0);
    }
    run.call.finish();
}

TEST_CASE("stats: messages and bytes of channels, and what they make on the wire") {
    channel_call run;
    const auto before_a = run.report_a(), before_b = run.report_b();
    std::size_t total = 0;
    auto body = [&]() -> asio::awaitable<void> {
        for (std::size_t size : {0, 1, 1000, 5000}) {
            const auto message = test::pattern(size, 1);
            co_await run.a.send(message);
            auto there = co_await run.b.receive();
            CHECK(there.size() == size);
            total += size;
        }
        co_await run.b.send("four");
        co_await run.a.receive();
        co_await run.call.pause(2s);
    };
    run.call.run(body(), 10s);
    const auto a = run.report_a(), b = run.report_b();
    CHECK(ids(a) == ids(before_a)); // the same objects as before
    CHECK(ids(b) == ids(before_b));
    const auto& ours = only<DataChannelStats>(a);
    const auto& theirs = only<DataChannelStats>(b);
    CHECK(ours.messagesSent == 4);
    CHECK(ours.bytesSent == total);
    CHECK(ours.messagesReceived == 1);
    CHECK(ours.bytesReceived == 4);
    CHECK(theirs.messagesReceived == 4);
    CHECK(theirs.bytesReceived == total);
    CHECK(theirs.messagesSent == 1);
    CHECK(theirs.bytesSent == 4);
    const auto sent = only<TransportStats>(a).bytesSent - only<TransportStats>(before_a).bytesSent;
    CHECK(sent > total);
    CHECK(sent < total + 1500);
    CHECK(only<TransportStats>(a).bytesSent == only<TransportStats>(b).bytesReceived);
    CHECK(selected(a).packetsSent - selected(before_a).packetsSent ==
          only<TransportStats>(a).packetsSent - only<TransportStats>(before_a).packetsSent);
    const auto& sctp = only<SctpStats>(a);
    CHECK(sctp.messagesSent - only<SctpStats>(before_a).messagesSent == 4);
    CHECK(sctp.packetsSent - only<SctpStats>(before_a).packetsSent ==
          only<TransportStats>(a).packetsSent - only<TransportStats>(before_a).packetsSent);
    CHECK(sctp.chunksRetransmitted == 0);
    CHECK(sctp.bytesInFlight == 0);
    REQUIRE(sctp.smoothedRoundTripTime.has_value());
    CHECK(*sctp.smoothedRoundTripTime >= 0.010);
    // Timestamps follow virtual time.
    const auto passed = base(a.begin()->second).timestamp - base(before_a.begin()->second).timestamp;
    CHECK(passed >= 2000);
    CHECK(passed < 3000);
    CHECK(*selected(a).lastPacketReceivedTimestamp > base(before_a.begin()->second).timestamp);
    run.call.finish();
}

TEST_CASE("stats: channels that close leave the report, and are counted") {
    channel_call run;
    auto body = [&]() -> asio::awaitable<void> {
        auto second = run.call.answerer->createDataChannel("second");
        co_await second.opened();
        co_await run.call.offerer->nextDataChannel();
        auto report = co_await run.call.offerer->getStats();
        CHECK(report.all<DataChannelStats>().size() == 2);
        CHECK(only<PeerConnectionStats>(report).dataChannelsOpened == 2);
        run.a.close();
        report = co_await run.call.offerer->getStats();
        CHECK(only<PeerConnectionStats>(report).dataChannelsClosed == 1); // it has left the open state
        co_await run.a.closed();
        report = co_await run.call.offerer->getStats();
        CHECK(only<PeerConnectionStats>(report).dataChannelsOpened == 2);
        CHECK(only<PeerConnectionStats>(report).dataChannelsClosed == 1);
        CHECK(only<DataChannelStats>(report).label == "second");
        co_await run.b.closed();
        report = co_await run.call.answerer->getStats();
        CHECK(only<PeerConnectionStats>(report).dataChannelsClosed == 1);
    };
    run.call.run(body(), 10s);
    run.call.finish();
}

TEST_CASE("stats: an ICE restart makes new pairs and candidates, and leaves all else what it was") {
    channel_call run;
    const auto before = run.report_a();
    auto restart = [&]() -> asio::awaitable<void> {
        co_await run.call.negotiate(*run.call.offerer, *run.call.answerer, OfferOptions{true});
        co_await run.call.offerer->restarted();
        co_await run.call.answerer->restarted();
        co_await run.call.pause(2s);
    };
    run.call.run(restart(), 10s);
    const auto after = run.report_a();
    const auto& was = only<TransportStats>(before);
    const auto& is = only<TransportStats>(after);
    CHECK(is.id == was.id);
    CHECK(is.localCertificateId == was.localCertificateId);
    CHECK(is.remoteCertificateId == was.remoteCertificateId);
    CHECK(is.selectedCandidatePairChanges > was.selectedCandidatePairChanges);
    CHECK(is.selectedCandidatePairId != was.selectedCandidatePairId);
    CHECK(is.iceLocalUsernameFragment != was.iceLocalUsernameFragment);
    CHECK(is.bytesSent >= was.bytesSent);
    CHECK(only<DataChannelStats>(after).id == only<DataChannelStats>(before).id);
    CHECK(only<PeerConnectionStats>(after).id == only<PeerConnectionStats>(before).id);
    for (const auto* each : before.all<IceCandidatePairStats>()) CHECK_FALSE(after.find(each->id));
    for (const auto* each : before.all<IceCandidateStats>()) CHECK_FALSE(after.find(each->id));
    CHECK(after.all(StatsType::local_candidate).size() == 2);
    CHECK(selected(after).packetsSent <= is.packetsSent);
    run.call.finish();
}

TEST_CASE("stats: during a restart the pair that carries the data stays in the report") {
    channel_call run;
    run.call.rolls_back = true; // the offer is not sent, its candidates are
    const auto before = run.report_a();
    auto offer = [&]() -> asio::awaitable<void> {
        auto made = co_await run.call.offerer->createOffer(OfferOptions{true});
        co_await run.call.offerer->setLocalDescription(made);
        co_await run.call.pause(100ms);
    };
    run.call.run(offer(), 1s);
    const auto during = run.report_a();
    CHECK(only<TransportStats>(during).selectedCandidatePairId ==
          only<TransportStats>(before).selectedCandidatePairId);
    CHECK(only<IceCandidatePairStats>(during).id == selected(before).id);
    CHECK(during.all(StatsType::local_candidate).size() == 3); // its own, and two new ones
    run.call.finish();
}

TEST_CASE("stats: after close() the report is what was last, and is over") {
    channel_call run;
    auto body = [&]() -> asio::awaitable<void> {
        co_await run.a.send("last words");
        co_await run.b.receive();
        co_await run.call.pause(1s);
    };
    run.call.run(body(), 10s);
    const auto before = run.report_a();
    run.call.offerer->close();
    const auto after = run.report_a();
    CHECK(ids(after) == ids(before));
    CHECK(only<TransportStats>(after).iceState == IceTransportState::closed);
    CHECK(only<TransportStats>(after).dtlsState == DtlsTransportState::closed);
    CHECK(only<TransportStats>(after).bytesSent == only<TransportStats>(before).bytesSent);
    CHECK(selected(after).packetsSent == selected(before).packetsSent);
    CHECK(only<DataChannelStats>(after).state == DataChannelState::closed);
    CHECK(only<DataChannelStats>(after).bytesSent == 10);
    CHECK(only<PeerConnectionStats>(after).dataChannelsOpened == 1);
    CHECK(only<PeerConnectionStats>(after).dataChannelsClosed == 1);
    run.call.world.run_for(1s);
    CHECK(to_json(run.report_a()) == to_json(after));
    CHECK(to_json(run.report_b()).find("\"dtlsState\":\"closed\"") != std::string::npos);
    run.call.finish();
}

TEST_CASE("stats: ids differ between connections") {
    channel_call run;
    const auto a = ids(run.report_a()), b = ids(run.report_b());
    for (const auto& each : a) CHECK_FALSE(b.contains(each));
    run.call.finish();
}

TEST_CASE("stats: what was dropped, by layer and reason") {
    channel_call run;
    struct nobody final : net::datagram_handler {
        void handle_batch(net::udp_socket&, std::span<const net::datagram>) override {}
    } handler;
    const auto before = run.report_a();
    const auto& target = *before.get<IceCandidateStats>(selected(before).localCandidateId);
    const auto where = boost::asio::ip::make_address(*target.address);
    auto& stranger =
        run.call.world.host("stranger", test::interfaces_of({where.is_v6() ? "fd00::9" : "10.0.0.9"}));
    auto socket =
        stranger.open_udp({boost::asio::ip::make_address(where.is_v6() ? "fd00::9" : "10.0.0.9"), 0}, handler)
            .value();
    const auto send = [&](std::initializer_list<unsigned> first) {
        bytes datagram(40);
        std::transform(first.begin(), first.end(), datagram.begin(),
                       [](unsigned each) { return static_cast<std::byte>(each); });
        const net::outgoing out{datagram, {where, target.port}};
        socket->send({&out, 1});
    };
    send({22, 0xfe, 0xfd}); // DTLS from an address that no check has proven
    send({128, 96});        // SRTP without media
    send({128, 96});
    send({7}); // nobody's
    run.call.world.run_for(1s);
    const auto after = run.report_a();
    const auto& drops = only<DropStats>(after);
    const auto since = [&](std::string_view reason) {
        return drops.of("transport", reason) - only<DropStats>(before).of("transport", reason);
    };
    CHECK(since("invalid source") == 1);
    CHECK(since("no media") == 2);
    CHECK(since("unknown protocol") == 1);
    CHECK(drops.total == only<DropStats>(before).total + 4);
    CHECK(only<TransportStats>(after).packetsReceived == only<TransportStats>(before).packetsReceived);
    socket.reset();
    run.call.finish();
}

TEST_CASE("stats: the codecs that an answer settled") {
    // Offered by a peer with audio and video, answered by us.
    std::string sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
                      "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:abcd\r\n"
                      "a=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\na=fingerprint:sha-256 ";
    for (int i = 0; i < 32; ++i) sdp += i == 0 ? "AA" : ":AA";
    const auto transport = sdp.substr(sdp.find("a=ice-ufrag"));
    sdp += "\r\na=rtcp-mux\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 "
           "minptime=10;useinbandfec=1\r\n"
           "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n" +
           transport + "\r\na=rtcp-mux\r\na=sendonly\r\na=rtpmap:96 VP8/90000\r\n";
    test::sim_call call;
    auto body = [&]() -> asio::awaitable<void> {
        auto& pc = *call.offerer;
        auto offer = SessionDescription(SdpType::offer, sdp);
        co_await pc.setRemoteDescription(offer);
        auto report = co_await pc.getStats();
        CHECK(report.all<CodecStats>().empty());
        co_await pc.setLocalDescription();
        report = co_await pc.getStats();
        const auto codecs = report.all<CodecStats>();
        REQUIRE(codecs.size() == 2);
        const auto& opus = codecs[0]->mimeType == "audio/opus" ? *codecs[0] : *codecs[1];
        const auto& vp8 = codecs[0]->mimeType == "audio/opus" ? *codecs[1] : *codecs[0];
        CHECK(opus.mimeType == "audio/opus");
        CHECK(opus.payloadType == 111);
        CHECK(opus.clockRate == 48000U);
        CHECK(opus.channels == 2);
        CHECK(opus.sdpFmtpLine.value_or("").find("minptime=10") != std::string::npos);
        CHECK(vp8.mimeType == "video/VP8");
        CHECK(vp8.payloadType == 96);
        CHECK(vp8.clockRate == 90000U);
        CHECK_FALSE(vp8.channels);
        CHECK(opus.transportId == vp8.transportId);
        CHECK(report.get<TransportStats>(opus.transportId));
        CHECK(report.all<DataChannelStats>().empty());
        const auto again = co_await pc.getStats();
        CHECK(ids(again) == ids(report));
    };
    call.run(body(), 1s);
    call.finish();
}

TEST_CASE("stats: cancelled, it has either completed or done nothing") {
    channel_call run;
    asio::cancellation_signal signal;
    int completions = 0;
    run.call.offerer->getStats(
        asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr error, StatsReport report) {
            ++completions;
            CHECK(error == nullptr); // it was complete when the cancellation came
            CHECK_FALSE(report.empty());
        }));
    run.call.world.run_for(1ms);
    signal.emit(asio::cancellation_type::terminal);
    run.call.world.run_for(1ms);
    CHECK(completions == 1);
    auto deferred = run.call.offerer->getStats(asio::deferred);
    run.call.offerer.emplace(run.call.a); // destroyed, not closed
    bool aborted = false;
    std::move(deferred)([&](std::exception_ptr error, StatsReport) {
        try {
            if (error) std::rethrow_exception(error);
        } catch (const Error& why) {
            aborted = why.code() == errc::aborted;
        }
    });
    run.call.world.run_for(1ms);
    CHECK(aborted);
    run.call.finish();
}

TEST_CASE("stats: SRTP has its profile, and what is forged is counted while the call goes on") {
    test::sim_call call(1, test::link_of(5ms));
    call.offerer->addTransceiver(MediaKind::audio);
    auto channel = call.offerer->createDataChannel("chat");
    DataChannel other;
    int forged = 0;
    bool forging = false;
    call.world.on_datagram([&](sim::transit& each) {
        if (!forging || !test::is_application_data(each.data) || forged == 6) return;
        each.data = test::pattern(forged == 0 ? 9 : 206, 1);     // SCTP sends again what was in its place
        if (forged != 0) each.data[206 - 14] |= std::byte{0x80}; // encrypted, if it is SRTCP (RFC 3711 3.4)
        each.data[0] = std::byte{0x80};
        each.data[1] = std::byte{forged % 2 ? std::uint8_t{111} : std::uint8_t{200}};
        ++forged;
    });
    StatsReport a, b;
    auto body = [&]() -> asio::awaitable<void> {
        co_await call.set_up();
        co_await channel.opened();
        other = co_await call.answerer->nextDataChannel();
        forging = true;
        for (int i = 0; i < 20; ++i) {
            co_await channel.send(std::string_view("there"));
            const auto message = co_await other.receive();
            CHECK(message.text() == "there");
        }
        co_await call.pause(1s);
        a = co_await call.offerer->getStats();
        b = co_await call.answerer->getStats();
    };
    call.run(body(), 60s);
    CHECK(forged == 6);
    std::uint64_t refused = 0, short_ones = 0;
    for (const auto* report : {&a, &b}) {
        check_references(*report);
        CHECK(only<TransportStats>(*report).srtpCipher == "SRTP_AES128_CM_HMAC_SHA1_80");
        const auto& drops = only<DropStats>(*report);
        refused += drops.of("srtp", "authentication failed");
        short_ones += drops.of("srtp", "too short");
        CHECK(drops.of("transport", "no receiver") == 0);
        CHECK(drops.of("transport", "no media") == 0);
    }
    CHECK(refused == 5);
    CHECK(short_ones == 1);
    CHECK(call.offerer->connectionState() == PeerConnectionState::connected);
    CHECK(call.answerer->connectionState() == PeerConnectionState::connected);
    call.finish();
}
