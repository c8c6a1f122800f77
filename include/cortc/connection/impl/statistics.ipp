#pragma once

#include "cortc/base/base64.hpp"
#include "cortc/connection/statistics.hpp"
#include "cortc/crypto/hash.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

// PeerConnection::getStats(): what the engines count, in the dictionaries of webrtc-stats.
namespace cortc {

namespace detail {

CORTC_DECL double in_seconds(duration time) noexcept { return std::chrono::duration<double>(time).count(); }

/// Every bit of the result depends on every bit of both (the finalizer of SplitMix64).
CORTC_DECL std::uint64_t mixed(std::uint64_t state, std::uint64_t with) noexcept {
    auto z = (state ^ with) + 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}
CORTC_DECL std::uint64_t mixed(byte_view data) noexcept {
    std::uint64_t state = data.size();
    for (auto each : data) state = mixed(state, std::to_integer<std::uint64_t>(each));
    return state;
}

CORTC_DECL IceCandidateType stats_type(ice::candidate_type type) noexcept {
    switch (type) {
    case ice::candidate_type::srflx:
        return IceCandidateType::srflx;
    case ice::candidate_type::prflx:
        return IceCandidateType::prflx;
    case ice::candidate_type::relay:
        return IceCandidateType::relay;
    case ice::candidate_type::host:
    case ice::candidate_type::other:
        break;
    }
    return IceCandidateType::host;
}

CORTC_DECL IceCandidatePairState stats_state(ice::pair_state state) noexcept {
    switch (state) {
    case ice::pair_state::frozen:
        return IceCandidatePairState::frozen;
    case ice::pair_state::waiting:
        return IceCandidatePairState::waiting;
    case ice::pair_state::in_progress:
        return IceCandidatePairState::in_progress;
    case ice::pair_state::succeeded:
        return IceCandidatePairState::succeeded;
    case ice::pair_state::failed:
        return IceCandidatePairState::failed;
    }
    return IceCandidatePairState::failed;
}

CORTC_DECL IceCandidatePairStats pair_stats(const ice::pair_statistics& from) {
    IceCandidatePairStats made;
    made.state = stats_state(from.state);
    made.nominated = from.nominated;
    made.packetsSent = from.data.packets_sent;
    made.packetsReceived = from.data.packets_received;
    made.bytesSent = from.data.bytes_sent;
    made.bytesReceived = from.data.bytes_received;
    made.totalRoundTripTime = in_seconds(from.total_round_trip);
    if (from.round_trips != 0) made.currentRoundTripTime = in_seconds(from.round_trip);
    made.requestsReceived = from.requests_received;
    made.requestsSent = from.requests_sent - from.retransmissions - from.consent_requests_sent;
    made.responsesReceived = from.responses_received;
    made.responsesSent = from.responses_sent;
    made.consentRequestsSent = from.consent_requests_sent;
    return made;
}

} // namespace detail

// ---- the report as a whole

CORTC_DECL void connection_statistics::get(waiter_ptr<StatsReport> operation) {
    if (!owner_.is_closed())
        operation->succeed(collect(false));
    else if (last_)
        operation->succeed(StatsReport(*last_));
    else
        operation->fail(errc::aborted, "the connection was destroyed");
}

CORTC_DECL void connection_statistics::keep() {
    if (!owner_.is_closed()) last_ = std::make_unique<StatsReport>(collect(true));
}

/// `closing`: the states are what close() is about to make them.
CORTC_DECL StatsReport connection_statistics::collect(bool closing) {
    StatsReport report;
    PeerConnectionStats own;
    own.dataChannelsOpened = channels_.opened();
    own.dataChannelsClosed = closing ? channels_.opened() : channels_.closed();
    if (const auto why = states_.failed()) own.failureReason = why->errorDetail();
    report_object(report, stats_id("PC", {}), std::move(own));
    for (const auto& [id, entry] : transports_.all()) collect_transport(report, id, entry, closing);
    collect_channels(report, closing);
    collect_codecs(report);
    return report;
}

CORTC_DECL double connection_statistics::timestamp(time_point at) const noexcept {
    return std::chrono::duration<double, std::milli>(owner_.core()->since_epoch(at)).count();
}

/// webrtc-pc 8.4: not to be predicted, so that nobody depends on how they are made.
CORTC_DECL std::string connection_statistics::stats_id(std::string_view type,
                                                       std::initializer_list<std::uint64_t> object) {
    if (!salt_) salt_ = owner_.core()->network().random().u64();
    auto id = *salt_;
    for (auto each : object) id = detail::mixed(id, each);
    return fmt::format("{}{:016x}", type, detail::mixed(id, detail::mixed(as_bytes(type))));
}

CORTC_DECL std::string connection_statistics::transport_stats_id(jsep::transport_id id) {
    return stats_id("T", {id.value()});
}

template <class T>
void connection_statistics::report_object(StatsReport& report, std::string id, T&& object) {
    object.id = std::move(id);
    object.timestamp = timestamp(owner_.core()->network().now());
    report.add(std::forward<T>(object));
}

// ---- transports

CORTC_DECL void connection_statistics::collect_transport(StatsReport& report, jsep::transport_id id,
                                                         const transport_set::entry& entry, bool closing) {
    const auto own_id = transport_stats_id(id);
    TransportStats made;
    const auto& data = entry.where->data();
    made.packetsSent = data.packets_sent;
    made.packetsReceived = data.packets_received;
    made.bytesSent = data.bytes_sent;
    made.bytesReceived = data.bytes_received;
    made.iceRole = transports_.ice_role(id);
    if (!entry.local_ufrag.empty()) made.iceLocalUsernameFragment = entry.local_ufrag;
    made.iceState = closing ? IceTransportState::closed : entry.view->ice.get();
    made.dtlsState = closing ? DtlsTransportState::closed : entry.view->dtls.get();
    if (entry.role) made.dtlsRole = *entry.role == dtls_role::client ? DtlsRole::client : DtlsRole::server;
    made.selectedCandidatePairChanges = entry.where->agent().stats().selected_pair_changes;
    collect_certificates(report, id, entry, made);
    collect_pairs(report, id, entry, made);
    report_object(report, own_id, std::move(made));
    if (channels_.runs_over(*entry.where)) collect_sctp(report, id);
    collect_restart(report, id, entry);
    collect_drops(report, id, entry);
}

CORTC_DECL void connection_statistics::collect_certificates(StatsReport& report, jsep::transport_id id,
                                                            const transport_set::entry& entry,
                                                            TransportStats& into) {
    const auto* dtls = entry.where->dtls();
    if (!dtls) return;
    if (const auto own = dtls->local_certificate(); !own.empty())
        into.localCertificateId = collect_certificate(report, own);
    for (const auto& der : transports_.remote_certificates(id)) {
        into.remoteCertificateId = collect_certificate(report, der);
        into.tlsVersion = "FEFD"; // DTLS 1.2 (RFC 6347 4.1), the only one
    }
    if (auto suite = dtls->cipher_suite(); !suite.empty()) into.dtlsCipher = std::move(suite);
    if (const auto* srtp = entry.where->srtp()) into.srtpCipher = to_string(srtp->used_profile());
}

CORTC_DECL std::string connection_statistics::collect_certificate(StatsReport& report, byte_view der) {
    auto id = stats_id("CF", {detail::mixed(der)});
    if (report.find(id)) return id;
    CertificateStats made;
    for (auto each : crypto::hash(crypto::hash_algorithm::sha256, der))
        made.fingerprint +=
            fmt::format("{}{:02X}", made.fingerprint.empty() ? "" : ":", std::to_integer<unsigned>(each));
    made.fingerprintAlgorithm = "sha-256";
    made.base64Certificate =
        base64_encode(std::string_view(reinterpret_cast<const char*>(der.data()), der.size()));
    report_object(report, id, std::move(made));
    return id;
}

// ---- candidates and pairs

CORTC_DECL std::string connection_statistics::candidate_stats_id(jsep::transport_id id,
                                                                 const ice::candidate_statistics& of) {
    // A local generation that is paired anew numbers the new remote candidates from 0 again.
    const auto owner = of.remote ? detail::mixed(as_bytes(of.ufrag)) : 0;
    return stats_id(of.remote ? "RC" : "LC", {id.value(), of.generation.value(), owner, of.index});
}

/// webrtc-stats 6.1: of a replaced generation only the pair that carries the data is left, and its
/// candidates.
CORTC_DECL void connection_statistics::collect_pairs(StatsReport& report, jsep::transport_id id,
                                                     const transport_set::entry& entry,
                                                     TransportStats& into) {
    const auto& agent = entry.where->agent();
    const auto selected = agent.selected_pair();
    const auto candidates = agent.candidates();
    const auto newest = candidates.empty() ? ice::generation_id() : candidates.back().generation;
    const auto is = [](bool remote, ice::generation_id generation, std::uint16_t index) {
        return [=](const ice::candidate_statistics& each) {
            return each.remote == remote && each.generation == generation && each.index == index;
        };
    };
    for (const auto& each : candidates)
        if (each.generation == newest) collect_candidate(report, id, each);
    for (const auto& pair : agent.pairs()) {
        const auto current = selected && selected->generation == pair.generation && selected->id == pair.id;
        if (pair.generation != newest && !current) continue;
        const auto local =
            std::find_if(candidates.begin(), candidates.end(), is(false, pair.generation, pair.local_index));
        const auto remote =
            std::find_if(candidates.begin(), candidates.end(), is(true, pair.generation, pair.remote_index));
        for (const auto* each : {&*local, &*remote})
            if (each->generation != newest) collect_candidate(report, id, *each);
        auto made = detail::pair_stats(pair);
        made.transportId = transport_stats_id(id);
        made.localCandidateId = candidate_stats_id(id, *local);
        made.remoteCandidateId = candidate_stats_id(id, *remote);
        if (pair.data.packets_sent != 0) made.lastPacketSentTimestamp = timestamp(pair.data.last_sent);
        if (pair.data.packets_received != 0)
            made.lastPacketReceivedTimestamp = timestamp(pair.data.last_received);
        auto pair_id = stats_id("CP", {id.value(), pair.generation.value(), pair.id});
        if (current) into.selectedCandidatePairId = pair_id;
        report_object(report, std::move(pair_id), std::move(made));
    }
}

CORTC_DECL void connection_statistics::collect_candidate(StatsReport& report, jsep::transport_id id,
                                                         const ice::candidate_statistics& from) {
    const auto type = detail::stats_type(from.what.type);
    IceCandidateStats made(from.remote ? StatsType::remote_candidate : StatsType::local_candidate);
    made.transportId = transport_stats_id(id);
    const bool unsignaled = from.remote && type == IceCandidateType::prflx;
    const bool named = !from.what.name.empty(); // whoever gave the name wants nobody to read the address
    if (!unsignaled && !named) made.address = from.what.address.address.to_string();
    made.port = from.what.address.port;
    made.protocol = "udp";
    made.candidateType = type;
    made.priority = from.what.priority;
    if (!from.what.url.empty()) made.url = from.what.url;
    if (from.what.relayed_over) made.relayProtocol = ice::relay_protocol(*from.what.relayed_over);
    if (!unsignaled) made.foundation = from.what.foundation; // this one is only a placeholder
    const bool has_base = type == IceCandidateType::srflx || type == IceCandidateType::prflx;
    if (!from.remote && has_base) {
        made.relatedAddress = from.what.base.address.to_string();
        made.relatedPort = from.what.base.port;
    }
    if (!from.ufrag.empty()) made.usernameFragment = from.ufrag;
    report_object(report, candidate_stats_id(id, from), std::move(made));
}

// ---- cortc's own

CORTC_DECL void connection_statistics::collect_sctp(StatsReport& report, jsep::transport_id id) {
    const auto* engine = channels_.engine_or_null();
    const auto* association = engine ? engine->transport() : nullptr;
    if (!association) return;
    const auto from = association->stats();
    SctpStats made;
    made.transportId = transport_stats_id(id);
    made.packetsSent = from.packets_sent;
    made.packetsReceived = from.packets_received;
    made.messagesSent = from.messages_sent;
    made.messagesReceived = from.messages_received;
    made.bytesSent = from.bytes_sent;
    made.bytesReceived = from.bytes_received;
    made.messagesAbandoned = from.messages_abandoned;
    made.chunksRetransmitted = from.chunks_retransmitted;
    made.fastRetransmits = from.fast_retransmits;
    made.retransmissionTimeouts = from.timeouts;
    if (from.smoothed_rtt != duration::zero())
        made.smoothedRoundTripTime = detail::in_seconds(from.smoothed_rtt);
    made.retransmissionTimeout = detail::in_seconds(from.rto);
    made.congestionWindow = from.cwnd;
    made.bytesInFlight = from.bytes_in_flight;
    made.receiverWindow = from.peer_window;
    made.localReceiverWindow = from.receive_window;
    report_object(report, stats_id("SC", {id.value()}), std::move(made));
}

CORTC_DECL void connection_statistics::collect_restart(StatsReport& report, jsep::transport_id id,
                                                       const transport_set::entry& entry) {
    const auto& agent = entry.where->agent();
    const auto last = agent.last_restart();
    if (!last) return;
    const auto when = [this](time_point at) { return at == never ? std::optional<double>() : timestamp(at); };
    IceRestartStats made;
    made.transportId = transport_stats_id(id);
    made.usernameFragment = last->ufrag;
    made.generation = last->generation.value();
    made.restartsCompleted = agent.stats().restarts;
    made.localDescriptionTimestamp = timestamp(last->when.begun);
    made.answerTimestamp = when(last->when.paired);
    made.firstCheckTimestamp = when(last->when.first_check);
    made.firstValidTimestamp = when(last->when.first_valid);
    made.nominatedTimestamp = when(last->when.nominated);
    made.selectedTimestamp = when(last->when.selected);
    made.firstPacketTimestamp = when(last->when.first_received);
    made.previousRetiredTimestamp = when(last->when.alone);
    report_object(report, stats_id("IR", {id.value()}), std::move(made));
}

CORTC_DECL void connection_statistics::collect_drops(StatsReport& report, jsep::transport_id id,
                                                     const transport_set::entry& entry) {
    DropStats made;
    made.transportId = transport_stats_id(id);
    entry.where->append_drops(made.drops);
    if (channels_.runs_over(*entry.where)) channels_.append_drops(made.drops);
    for (const auto& each : made.drops) made.total += each.count;
    report_object(report, stats_id("DR", {id.value()}), std::move(made));
}

// ---- channels and codecs

CORTC_DECL void connection_statistics::collect_channels(StatsReport& report, bool closing) {
    const auto* engine = channels_.engine_or_null();
    for (const auto& [id, each] : channels_.all()) {
        DataChannelStats made;
        made.label = each->parameters().label;
        made.protocol = each->parameters().protocol;
        if (const auto stream = each->stream()) made.dataChannelIdentifier = stream->value();
        made.state = closing ? DataChannelState::closed : each->state();
        const auto counters = engine ? engine->counters(id) : datachannel::channel_counters();
        made.messagesSent = counters.messages_sent;
        made.bytesSent = counters.bytes_sent;
        made.messagesReceived = counters.messages_received;
        made.bytesReceived = counters.bytes_received;
        report_object(report, stats_id("DC", {id.value()}), std::move(made));
    }
}

/// webrtc-stats 7.2: one for a payload type of a transport, or one for each direction where a=fmtp differs.
CORTC_DECL void connection_statistics::collect_codecs(StatsReport& report) {
    const auto& session = negotiator_.session();
    for (const auto& each : session.transceivers()) {
        const auto where = session.media_transport(each.id);
        if (!where || !each.negotiated || !each.current_direction) continue;
        const auto direction = *each.current_direction;
        const bool receives = direction == sdp::direction::sendrecv || direction == sdp::direction::recvonly;
        const bool sends = direction == sdp::direction::sendrecv || direction == sdp::direction::sendonly;
        const auto kind = each.kind == jsep::media_kind::audio ? "audio" : "video";
        for (const auto& negotiated : each.negotiated->codecs) {
            const auto& codec = negotiated.codec;
            const auto add = [&](std::uint8_t payload_type, const std::string& fmtp) {
                CodecStats made;
                made.payloadType = payload_type;
                made.transportId = transport_stats_id(*where);
                made.mimeType = fmt::format("{}/{}", kind, codec.name);
                if (codec.clock_rate != 0) made.clockRate = codec.clock_rate;
                if (each.kind == jsep::media_kind::audio)
                    made.channels = std::max<std::uint16_t>(codec.channels, 1);
                if (!fmtp.empty()) made.sdpFmtpLine = fmtp;
                auto id =
                    stats_id("CD", {where->value(), payload_type, detail::mixed(as_bytes(made.mimeType)),
                                    detail::mixed(as_bytes(fmtp))});
                report_object(report, std::move(id), std::move(made));
            };
            const auto same =
                negotiated.remote_fmtp == codec.fmtp && negotiated.remote_payload_type == codec.payload_type;
            if (receives) add(codec.payload_type, codec.fmtp);
            if (sends && !(receives && same)) add(negotiated.remote_payload_type, negotiated.remote_fmtp);
        }
    }
}

} // namespace cortc
