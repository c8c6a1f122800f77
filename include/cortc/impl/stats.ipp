#pragma once

#include "cortc/base/json_writer.hpp"
#include "cortc/stats.hpp"

#include <algorithm>
#include <utility>

namespace cortc {

// ---- names

CORTC_DECL std::string_view to_string(StatsType type) noexcept {
    switch (type) {
    case StatsType::codec:
        return "codec";
    case StatsType::peer_connection:
        return "peer-connection";
    case StatsType::data_channel:
        return "data-channel";
    case StatsType::transport:
        return "transport";
    case StatsType::candidate_pair:
        return "candidate-pair";
    case StatsType::local_candidate:
        return "local-candidate";
    case StatsType::remote_candidate:
        return "remote-candidate";
    case StatsType::certificate:
        return "certificate";
    case StatsType::cortc_sctp:
        return "cortc-sctp";
    case StatsType::cortc_drops:
        return "cortc-drops";
    case StatsType::cortc_ice_restart:
        return "cortc-ice-restart";
    }
    return "";
}

CORTC_DECL std::string_view to_string(IceCandidateType type) noexcept {
    switch (type) {
    case IceCandidateType::host:
        return "host";
    case IceCandidateType::srflx:
        return "srflx";
    case IceCandidateType::prflx:
        return "prflx";
    case IceCandidateType::relay:
        return "relay";
    }
    return "host";
}

CORTC_DECL std::string_view to_string(IceCandidatePairState state) noexcept {
    switch (state) {
    case IceCandidatePairState::frozen:
        return "frozen";
    case IceCandidatePairState::waiting:
        return "waiting";
    case IceCandidatePairState::in_progress:
        return "in-progress";
    case IceCandidatePairState::failed:
        return "failed";
    case IceCandidatePairState::succeeded:
        return "succeeded";
    }
    return "frozen";
}

CORTC_DECL std::string_view to_string(DtlsRole role) noexcept {
    switch (role) {
    case DtlsRole::client:
        return "client";
    case DtlsRole::server:
        return "server";
    case DtlsRole::unknown:
        return "unknown";
    }
    return "unknown";
}

// ---- the report

CORTC_DECL const Stats& base(const StatsObject& object) noexcept {
    return std::visit([](const auto& each) -> const Stats& { return each; }, object);
}

CORTC_DECL std::uint64_t DropStats::of(std::string_view layer, std::string_view reason) const noexcept {
    auto at = std::find_if(drops.begin(), drops.end(),
                           [&](const Drop& each) { return each.layer == layer && each.reason == reason; });
    return at == drops.end() ? 0 : at->count;
}

CORTC_DECL std::vector<const StatsObject*> StatsReport::all(StatsType type) const {
    std::vector<const StatsObject*> found;
    for (const auto& [id, object] : objects_)
        if (base(object).type == type) found.push_back(&object);
    return found;
}

CORTC_DECL void StatsReport::add(StatsObject object) {
    auto id = base(object).id;
    objects_.insert_or_assign(std::move(id), std::move(object));
}

// ---- JSON

namespace detail {

CORTC_DECL void write_members(json::writer& out, const PeerConnectionStats& of) {
    out.member("dataChannelsOpened", of.dataChannelsOpened);
    out.member("dataChannelsClosed", of.dataChannelsClosed);
    out.member("failureReason", of.failureReason);
}

CORTC_DECL void write_members(json::writer& out, const TransportStats& of) {
    out.member("packetsSent", of.packetsSent);
    out.member("packetsReceived", of.packetsReceived);
    out.member("bytesSent", of.bytesSent);
    out.member("bytesReceived", of.bytesReceived);
    out.member("iceRole", to_string(of.iceRole));
    out.member("iceLocalUsernameFragment", of.iceLocalUsernameFragment);
    out.member("dtlsState", to_string(of.dtlsState));
    out.member("iceState", to_string(of.iceState));
    out.member("selectedCandidatePairId", of.selectedCandidatePairId);
    out.member("localCertificateId", of.localCertificateId);
    out.member("remoteCertificateId", of.remoteCertificateId);
    out.member("tlsVersion", of.tlsVersion);
    out.member("dtlsCipher", of.dtlsCipher);
    out.member("dtlsRole", to_string(of.dtlsRole));
    out.member("srtpCipher", of.srtpCipher);
    out.member("selectedCandidatePairChanges", of.selectedCandidatePairChanges);
}

CORTC_DECL void write_members(json::writer& out, const IceCandidatePairStats& of) {
    out.member("transportId", of.transportId);
    out.member("localCandidateId", of.localCandidateId);
    out.member("remoteCandidateId", of.remoteCandidateId);
    out.member("state", to_string(of.state));
    out.member("nominated", of.nominated);
    out.member("packetsSent", of.packetsSent);
    out.member("packetsReceived", of.packetsReceived);
    out.member("bytesSent", of.bytesSent);
    out.member("bytesReceived", of.bytesReceived);
    out.member("lastPacketSentTimestamp", of.lastPacketSentTimestamp);
    out.member("lastPacketReceivedTimestamp", of.lastPacketReceivedTimestamp);
    out.member("totalRoundTripTime", of.totalRoundTripTime);
    out.member("currentRoundTripTime", of.currentRoundTripTime);
    out.member("availableOutgoingBitrate", of.availableOutgoingBitrate);
    out.member("availableIncomingBitrate", of.availableIncomingBitrate);
    out.member("requestsReceived", of.requestsReceived);
    out.member("requestsSent", of.requestsSent);
    out.member("responsesReceived", of.responsesReceived);
    out.member("responsesSent", of.responsesSent);
    out.member("consentRequestsSent", of.consentRequestsSent);
}

CORTC_DECL void write_members(json::writer& out, const IceCandidateStats& of) {
    out.member("transportId", of.transportId);
    out.nullable("address", of.address); // webrtc-stats: never left out
    out.member("port", of.port);
    out.member("protocol", of.protocol);
    out.member("candidateType", to_string(of.candidateType));
    out.member("priority", of.priority);
    out.member("url", of.url);
    out.member("relayProtocol", of.relayProtocol);
    out.member("foundation", of.foundation);
    out.member("relatedAddress", of.relatedAddress);
    out.member("relatedPort", of.relatedPort);
    out.member("usernameFragment", of.usernameFragment);
}

CORTC_DECL void write_members(json::writer& out, const CertificateStats& of) {
    out.member("fingerprint", of.fingerprint);
    out.member("fingerprintAlgorithm", of.fingerprintAlgorithm);
    out.member("base64Certificate", of.base64Certificate);
}

CORTC_DECL void write_members(json::writer& out, const DataChannelStats& of) {
    out.member("label", of.label);
    out.member("protocol", of.protocol);
    out.member("dataChannelIdentifier", of.dataChannelIdentifier);
    out.member("state", to_string(of.state));
    out.member("messagesSent", of.messagesSent);
    out.member("bytesSent", of.bytesSent);
    out.member("messagesReceived", of.messagesReceived);
    out.member("bytesReceived", of.bytesReceived);
}

CORTC_DECL void write_members(json::writer& out, const CodecStats& of) {
    out.member("payloadType", of.payloadType);
    out.member("transportId", of.transportId);
    out.member("mimeType", of.mimeType);
    out.member("clockRate", of.clockRate);
    out.member("channels", of.channels);
    out.member("sdpFmtpLine", of.sdpFmtpLine);
}

CORTC_DECL void write_members(json::writer& out, const SctpStats& of) {
    out.member("transportId", of.transportId);
    out.member("packetsSent", of.packetsSent);
    out.member("packetsReceived", of.packetsReceived);
    out.member("messagesSent", of.messagesSent);
    out.member("messagesReceived", of.messagesReceived);
    out.member("bytesSent", of.bytesSent);
    out.member("bytesReceived", of.bytesReceived);
    out.member("messagesAbandoned", of.messagesAbandoned);
    out.member("chunksRetransmitted", of.chunksRetransmitted);
    out.member("fastRetransmits", of.fastRetransmits);
    out.member("retransmissionTimeouts", of.retransmissionTimeouts);
    out.member("smoothedRoundTripTime", of.smoothedRoundTripTime);
    out.member("retransmissionTimeout", of.retransmissionTimeout);
    out.member("congestionWindow", of.congestionWindow);
    out.member("bytesInFlight", of.bytesInFlight);
    out.member("receiverWindow", of.receiverWindow);
    out.member("localReceiverWindow", of.localReceiverWindow);
}

CORTC_DECL void write_members(json::writer& out, const DropStats& of) {
    out.member("transportId", of.transportId);
    out.member("total", of.total);
    out.key("drops");
    out.open('[');
    for (const auto& each : of.drops) {
        out.open('{');
        out.member("layer", each.layer);
        out.member("reason", each.reason);
        out.member("count", each.count);
        out.close('}');
    }
    out.close(']');
}

CORTC_DECL void write_members(json::writer& out, const IceRestartStats& of) {
    out.member("transportId", of.transportId);
    out.member("usernameFragment", of.usernameFragment);
    out.member("generation", of.generation);
    out.member("restartsCompleted", of.restartsCompleted);
    out.member("localDescriptionTimestamp", of.localDescriptionTimestamp);
    out.member("answerTimestamp", of.answerTimestamp);
    out.member("firstCheckTimestamp", of.firstCheckTimestamp);
    out.member("firstValidTimestamp", of.firstValidTimestamp);
    out.member("nominatedTimestamp", of.nominatedTimestamp);
    out.member("selectedTimestamp", of.selectedTimestamp);
    out.member("firstPacketTimestamp", of.firstPacketTimestamp);
    out.member("previousRetiredTimestamp", of.previousRetiredTimestamp);
}

CORTC_DECL void write_object(json::writer& out, const StatsObject& object) {
    const auto& common = base(object);
    out.open('{');
    out.member("id", common.id);
    out.member("timestamp", common.timestamp);
    out.member("type", to_string(common.type));
    std::visit([&out](const auto& each) { write_members(out, each); }, object);
    out.close('}');
}

} // namespace detail

CORTC_DECL std::string to_json(const StatsReport& report) {
    std::string text;
    json::writer out(text);
    out.open('{');
    for (const auto& [id, object] : report) {
        out.key(id);
        detail::write_object(out, object);
    }
    out.close('}');
    return text;
}

CORTC_DECL std::string to_json(const StatsObject& object) {
    std::string text;
    json::writer out(text);
    detail::write_object(out, object);
    return text;
}

} // namespace cortc
