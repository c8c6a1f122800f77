#pragma once

#include "cortc/base/config.hpp"
#include "cortc/context/totals.hpp"
#include "cortc/states.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// What PeerConnection::getStats() reports (webrtc-pc 8, webrtc-stats).
///
/// - The dictionaries have the members of webrtc-stats under their names. Those that cortc has no figure for
///   are left out.
/// - Units are webrtc-stats's: bytes, packets, seconds (double) for durations, milliseconds since 1970-01-01
///   UTC (double) for points in time.
/// - Counters begin at 0 and never fall. A member that does not apply, or was not measured yet, is absent.
///
/// @par Errors
/// None: nothing here throws but for want of memory. What getStats() itself may fail with, it says.
///
/// @par Cancellation
/// Nothing here waits.
///
/// @par Thread safety
/// Everything here is a value, or a function of its arguments alone: any thread. A report outlives its
/// connection and its context.
namespace cortc {

/// RTCStatsType (webrtc-stats 6.1), and cortc's own at the end.
enum class StatsType {
    codec,
    peer_connection,
    data_channel,
    transport,
    candidate_pair,
    local_candidate,
    remote_candidate,
    certificate,
    cortc_sctp,
    cortc_drops,
    cortc_ice_restart,
};
/// RTCIceCandidateType (webrtc-pc 4.8.1.3).
enum class IceCandidateType { host, srflx, prflx, relay };
/// RTCStatsIceCandidatePairState.
enum class IceCandidatePairState { frozen, waiting, in_progress, failed, succeeded };
/// RTCDtlsRole: `unknown` until the first answer decides.
enum class DtlsRole { client, server, unknown };

///@{
/// The names the W3C gives them: "candidate-pair", "in-progress"; "cortc-sctp", "cortc-drops",
/// "cortc-ice-restart".
std::string_view to_string(StatsType type) noexcept;
std::string_view to_string(IceCandidateType type) noexcept;
std::string_view to_string(IceCandidatePairState state) noexcept;
std::string_view to_string(DtlsRole role) noexcept;
///@}

/// RTCStats: what all dictionaries have.
class Stats {
  public:
    /// Of that type, and empty.
    explicit Stats(StatsType a_type) noexcept : type(a_type) {}

    /// When the figures were taken, in milliseconds since 1970-01-01 UTC. The distance of two timestamps is
    /// exact. Where the line begins is known to the second, and is the same for all connections of a context.
    double timestamp = 0;
    StatsType type; ///< says which class it is
    /// The same in every report of a connection, and never another object's. Not to be guessed.
    std::string id;
};

/// RTCPeerConnectionStats.
class PeerConnectionStats : public Stats {
  public:
    PeerConnectionStats() noexcept : Stats(StatsType::peer_connection) {}

    std::uint64_t dataChannelsOpened = 0; ///< that have ever been open
    std::uint64_t dataChannelsClosed = 0; ///< of these, no longer open
    /// Beyond the W3C: why the connection failed, the errorDetail of PeerConnection::failure().
    std::optional<std::string> failureReason;
};

/// RTCTransportStats: an IceTransport with its DtlsTransport. Packets and bytes are those of UDP datagrams
/// that are not STUN, without UDP's and IP's headers.
class TransportStats : public Stats {
  public:
    TransportStats() noexcept : Stats(StatsType::transport) {}

    ///@{
    /// Of all its pairs, also those that are gone.
    std::uint64_t packetsSent = 0, packetsReceived = 0;
    std::uint64_t bytesSent = 0, bytesReceived = 0;
    ///@}
    IceRole iceRole = IceRole::unknown;                      ///< IceTransport::role()
    std::optional<std::string> iceLocalUsernameFragment;     ///< the newest
    DtlsTransportState dtlsState = DtlsTransportState::new_; ///< DtlsTransport::state()
    IceTransportState iceState = IceTransportState::new_;    ///< IceTransport::state()
    /// Absent while none is selected. It stays after close().
    std::optional<std::string> selectedCandidatePairId;
    std::optional<std::string> localCertificateId;  ///< once an answer was applied
    std::optional<std::string> remoteCertificateId; ///< once connected
    std::optional<std::string> tlsVersion;          ///< "FEFD" (DTLS 1.2), once connected
    /// As IANA names it: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", once connected.
    std::optional<std::string> dtlsCipher;
    DtlsRole dtlsRole = DtlsRole::unknown; ///< who sends the ClientHello is the client
    /// As IANA names it: "SRTP_AES128_CM_HMAC_SHA1_80". Absent before DTLS is connected, and without media.
    std::optional<std::string> srtpCipher;
    std::uint64_t selectedCandidatePairChanges = 0; ///< to and from none included
};

/// RTCIceCandidatePairStats. There is one for each pair of the newest ICE generation, and during a restart
/// the pair that still carries the data. Packets and bytes as in TransportStats.
class IceCandidatePairStats : public Stats {
  public:
    IceCandidatePairStats() noexcept : Stats(StatsType::candidate_pair) {}

    ///@{
    /// The ids of a TransportStats and of two IceCandidateStats.
    std::string transportId, localCandidateId, remoteCandidateId;
    ///@}
    IceCandidatePairState state = IceCandidatePairState::frozen; ///< RFC 8445 6.1.2.6
    bool nominated = false;                                      ///< by USE-CANDIDATE, ours or the peer's
    ///@{
    /// Of the data that this pair has carried. The timestamps are absent before the first packet.
    std::uint64_t packetsSent = 0, packetsReceived = 0;
    std::uint64_t bytesSent = 0, bytesReceived = 0;
    std::optional<double> lastPacketSentTimestamp, lastPacketReceivedTimestamp;
    ///@}
    /// Seconds. Of checks that were sent once only: else nobody knows which transmission was answered.
    double totalRoundTripTime = 0;
    std::optional<double> currentRoundTripTime; ///< seconds; the latest
    ///@{
    /// Bits per second. No source yet: absent.
    std::optional<double> availableOutgoingBitrate, availableIncomingBitrate;
    ///@}
    std::uint64_t requestsReceived = 0;    ///< authentic ones, of whatever kind
    std::uint64_t requestsSent = 0;        ///< neither retransmissions nor consent checks
    std::uint64_t responsesReceived = 0;   ///< authentic ones, to whatever kind
    std::uint64_t responsesSent = 0;       ///< successes
    std::uint64_t consentRequestsSent = 0; ///< RFC 7675
};

/// RTCIceCandidateStats; `type` tells whether it is a local or a remote candidate.
class IceCandidateStats : public Stats {
  public:
    /// StatsType::local_candidate or remote_candidate.
    explicit IceCandidateStats(StatsType a_type = StatsType::local_candidate) noexcept : Stats(a_type) {}

    std::string transportId; ///< the id of a TransportStats
    /// None, which is null in JSON, in a peer-reflexive remote candidate: it was not signaled, and the W3C
    /// hides it then. IceTransport::getSelectedCandidatePair() tells it.
    std::optional<std::string> address;
    std::uint16_t port = 0;                                  ///< UDP's
    std::string protocol;                                    ///< "udp"
    IceCandidateType candidateType = IceCandidateType::host; ///< where it came from
    std::uint32_t priority = 0;                              ///< RFC 8445 5.1.2
    /// Of the server that a local one came from. No source yet: absent.
    std::optional<std::string> url;
    /// "udp", "tcp", "tls": of a local one to its TURN server. No source yet: absent.
    std::optional<std::string> relayProtocol;
    std::optional<std::string> foundation; ///< RFC 8445 5.1.1.3; left out where `address` is none
    ///@{
    /// The base of a local reflexive one.
    std::optional<std::string> relatedAddress;
    std::optional<std::uint16_t> relatedPort;
    ///@}
    std::optional<std::string> usernameFragment; ///< of its generation, if known
};

/// RTCCertificateStats. One that several transports use is there once.
class CertificateStats : public Stats {
  public:
    CertificateStats() noexcept : Stats(StatsType::certificate) {}

    std::string fingerprint;          ///< "4A:AD:B9...", as in SDP
    std::string fingerprintAlgorithm; ///< "sha-256"
    std::string base64Certificate;    ///< of the DER form
};

/// RTCDataChannelStats: of each channel from createDataChannel() until it is closed. What messages and bytes
/// count is payload: accepted by send(), and received for receive().
class DataChannelStats : public Stats {
  public:
    DataChannelStats() noexcept : Stats(StatsType::data_channel) {}

    ///@{
    /// As DataChannel's.
    std::string label, protocol;
    ///@}
    std::optional<std::uint16_t> dataChannelIdentifier;    ///< DataChannel::id()
    DataChannelState state = DataChannelState::connecting; ///< DataChannel::readyState()
    ///@{
    /// Since it was made.
    std::uint64_t messagesSent = 0, bytesSent = 0;
    std::uint64_t messagesReceived = 0, bytesReceived = 0;
    ///@}
};

/// RTCCodecStats: a codec that was negotiated for a direction in use; two where the two directions have other
/// parameters.
class CodecStats : public Stats {
  public:
    CodecStats() noexcept : Stats(StatsType::codec) {}

    std::uint8_t payloadType = 0;           ///< 0 to 127
    std::string transportId;                ///< the id of a TransportStats
    std::string mimeType;                   ///< "video/VP8"
    std::optional<std::uint32_t> clockRate; ///< Hz
    std::optional<std::uint16_t> channels;  ///< of audio
    std::optional<std::string> sdpFmtpLine; ///< without the payload type
};

/// cortc's own, type "cortc-sctp": the association of the data channels, once it was begun.
class SctpStats : public Stats {
  public:
    SctpStats() noexcept : Stats(StatsType::cortc_sctp) {}

    std::string transportId; ///< the id of a TransportStats
    ///@{
    /// SCTP's, whatever chunks are in them.
    std::uint64_t packetsSent = 0, packetsReceived = 0;
    ///@}
    ///@{
    /// Complete messages, data channel control messages included, and their bytes without retransmissions.
    std::uint64_t messagesSent = 0, messagesReceived = 0;
    std::uint64_t bytesSent = 0, bytesReceived = 0;
    ///@}
    std::uint64_t messagesAbandoned = 0; ///< given up by maxRetransmits or maxPacketLifeTime
    ///@{
    /// DATA chunks sent again; how often fast recovery began (RFC 9260 7.2.4), and T3-rtx expired (6.3.3).
    std::uint64_t chunksRetransmitted = 0, fastRetransmits = 0, retransmissionTimeouts = 0;
    ///@}
    std::optional<double> smoothedRoundTripTime; ///< seconds
    double retransmissionTimeout = 0;            ///< seconds, as of now
    std::uint64_t congestionWindow = 0;          ///< bytes, as are the next
    std::uint64_t bytesInFlight = 0;             ///< sent and not acknowledged
    std::uint64_t receiverWindow = 0;            ///< the peer's
    std::uint64_t localReceiverWindow = 0; ///< ours: what unread messages leave of limits::receive_window
};

/// cortc's own, type "cortc-drops", one for each transport: what was received, or was to be sent, and had no
/// effect, by the layer that dropped it and the reason.
class DropStats : public Stats {
  public:
    using Drop = drop_count; ///< one reason, and how often since the transport was made

    DropStats() noexcept : Stats(StatsType::cortc_drops) {}

    std::string transportId; ///< the id of a TransportStats
    std::uint64_t total = 0; ///< the sum of `drops`
    std::vector<Drop> drops; ///< those that happened, always in the same order
    /// 0 when there were none.
    [[nodiscard]] std::uint64_t of(std::string_view layer, std::string_view reason) const noexcept;
};

/// cortc's own, type "cortc-ice-restart", one for each transport that was restarted: how the latest restart
/// went (RFC 8445 9), whoever asked for it.
///
/// - It is there from the local description with the new credentials on. When that is rolled back it is the
///   one before again.
/// - Timestamps are milliseconds since 1970-01-01 UTC, as Stats::timestamp. They are absent until it
///   happened, and stand in their order.
class IceRestartStats : public Stats {
  public:
    IceRestartStats() noexcept : Stats(StatsType::cortc_ice_restart) {}

    std::string transportId;      ///< the id of a TransportStats
    std::string usernameFragment; ///< the new local one
    /// The first generation of a transport is 1; those that were rolled back count.
    std::uint64_t generation = 0;
    std::uint64_t restartsCompleted = 0;        ///< of this transport: those that selected a pair
    double localDescriptionTimestamp = 0;       ///< the offer or answer with the new credentials was applied
    std::optional<double> answerTimestamp;      ///< the answer was applied, whosever it is: checks may begin
    std::optional<double> firstCheckTimestamp;  ///< went out
    std::optional<double> firstValidTimestamp;  ///< a check was answered
    std::optional<double> nominatedTimestamp;   ///< USE-CANDIDATE went out, or, if controlled, came
    std::optional<double> selectedTimestamp;    ///< data goes the new way from here on: restarted()
    std::optional<double> firstPacketTimestamp; ///< data came by a new pair; may be before `selected`
    std::optional<double> previousRetiredTimestamp; ///< the replaced generations and their sockets are gone
};

/// One dictionary. A later version may add types.
using StatsObject =
    std::variant<PeerConnectionStats, TransportStats, IceCandidatePairStats, IceCandidateStats,
                 CertificateStats, DataChannelStats, CodecStats, SctpStats, DropStats, IceRestartStats>;

/// What it has in common with the others.
[[nodiscard]] const Stats& base(const StatsObject& object) noexcept;

/// RTCStatsReport: a map from ids to dictionaries, in the order of the ids, which puts those of one type side
/// by side. A value: it does not change.
///
///     auto report = co_await pc.getStats();
///     for (const auto& [id, object] : report) ...;
///     for (const auto* pair : report.all<cortc::IceCandidatePairStats>()) ...;
///     auto* transport = report.get<cortc::TransportStats>(pair->transportId);
class StatsReport {
  public:
    using map = std::map<std::string, StatsObject, std::less<>>; ///< by id
    using const_iterator = map::const_iterator;                  ///< of pairs of id and dictionary

    ///@{
    /// As a map has them.
    [[nodiscard]] const_iterator begin() const noexcept { return objects_.begin(); }
    [[nodiscard]] const_iterator end() const noexcept { return objects_.end(); }
    [[nodiscard]] std::size_t size() const noexcept { return objects_.size(); }
    [[nodiscard]] bool empty() const noexcept { return objects_.empty(); }
    ///@}

    /// Null when there is none. As long as the report lives.
    [[nodiscard]] const StatsObject* find(std::string_view id) const {
        auto at = objects_.find(id);
        return at == objects_.end() ? nullptr : &at->second;
    }
    /// Null when there is none, or it is another dictionary. As long as the report lives.
    template <class T>
    [[nodiscard]] const T* get(std::string_view id) const {
        return std::get_if<T>(find(id));
    }
    /// Every dictionary of a class, as long as the report lives.
    template <class T>
    [[nodiscard]] std::vector<const T*> all() const {
        std::vector<const T*> found;
        for (const auto& [id, object] : objects_)
            if (const auto* each = std::get_if<T>(&object)) found.push_back(each);
        return found;
    }
    /// Every dictionary of a type; local and remote candidates are apart.
    [[nodiscard]] std::vector<const StatsObject*> all(StatsType type) const;

    /// Replaces one with the same id.
    void add(StatsObject object);

  private:
    map objects_;
};

///@{
/// A report, or one dictionary of it, as JSON:
/// {"<id>":{"id":"...","timestamp":1763689345000,"type":"transport","bytesSent":0,...},...}
///
/// - Members have their names, absent ones are left out, enumerations are as the W3C spells them.
/// - The drops of "cortc-drops" are [{"layer":"ice","reason":"unknown ufrag","count":1}].
/// - It is UTF-8 whatever the peer put into labels: bytes that are not become U+FFFD.
[[nodiscard]] std::string to_json(const StatsReport& report);
[[nodiscard]] std::string to_json(const StatsObject& object);
///@}

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/stats.ipp"
#endif
