#pragma once

#include "cortc/jsep/types.hpp"
#include "cortc/sdp/candidate.hpp"
#include "cortc/sdp/session_description.hpp"

#include <string>
#include <variant>
#include <vector>

/// What a change of the negotiation asks of the transports, and what the application is told. Transceivers
/// are seen through session::transceivers().
namespace cortc::jsep {

/// A description referenced a transport that did not exist. It is provisional until an answer keeps it: our
/// own first offer adds one for every section that is not bundle-only, and an answer that bundles them
/// removes all but one.
struct transport_added {
    transport_id transport;
    std::string mid; // of the section that it was made for
};
/// A local description (an offer too) with new credentials was applied: start a generation and gather for it.
struct local_ice {
    transport_id transport;
    std::string ufrag;
    std::string pwd;
};
/// An answer, in either direction, paired a local generation with a remote one: connectivity checks may
/// begin. A remote offer alone emits none; its credentials and candidates follow when our answer is applied.
struct remote_ice {
    transport_id transport;
    std::string local_ufrag; // the generation that it completes: a local_ice named it before
    std::string ufrag;
    std::string pwd;
    bool lite = false;
    std::vector<std::string> options; // a=ice-options: "trickle", "ice2", "renomination"
};
/// Comes after the remote_ice with this ufrag; component 1 only. The address may be a name.
struct remote_candidate {
    transport_id transport;
    std::string ufrag; // of the remote generation
    sdp::candidate candidate;
};
struct remote_end_of_candidates {
    transport_id transport;
    std::string ufrag;
};
/// The ICE role was decided or repaired; it holds for every transport of the connection.
struct ice_role {
    bool controlling = false;
};
/// The first answer decided the DTLS roles. Comes once for a transport: neither can change later.
struct dtls_parameters {
    transport_id transport;
    dtls_role role = dtls_role::client; // ours
    std::vector<sdp::fingerprint>
        fingerprints; // the peer's, of the strongest algorithm it gave (RFC 8122 5); any may match
};
/// An answer fixed the SCTP association's parameters; comes again when the peer's max_message_size changed.
struct sctp_parameters {
    transport_id transport;
    std::uint16_t local_port = 5000;
    std::uint16_t remote_port = 5000;
    std::uint64_t max_message_size = 65536; // of the peer, in bytes; 0: no limit
};
/// A pending generation was taken back; the one before it, if any, goes on.
struct ice_rolled_back {
    transport_id transport;
    std::string local_ufrag;
    std::string back_to; // the local ufrag of the one before; empty: there is none
};
/// The data section was rejected, but others still use its transport: only the SCTP association ends.
struct sctp_ended {
    transport_id transport;
};
/// A rollback took back the description that made it, or an answer no longer references it: close it.
struct transport_removed {
    transport_id transport;
};
/// Everything else has changed already. When it says stable, update negotiation-needed.
struct signaling_state_changed {
    signaling_state state = signaling_state::stable;
};
/// webrtc-pc 4.4.1.5: what the application is told about remote tracks comes after signaling_state_changed,
/// first the tracks that left a stream, then those that joined one, then one `remote_track` for each track
/// that became receivable or joined a stream.
struct remote_track_left {
    transceiver_id transceiver;
    std::string stream;
};
struct remote_track_joined {
    transceiver_id transceiver;
    std::string stream;
};
/// RTCTrackEvent.
struct remote_track {
    transceiver_id transceiver;
    std::vector<std::string> streams; // all that it is in; may be none
};

using event =
    std::variant<ice_role, transport_added, local_ice, dtls_parameters, sctp_parameters, remote_ice,
                 remote_candidate, remote_end_of_candidates, ice_rolled_back, transport_removed,
                 signaling_state_changed, sctp_ended, remote_track_left, remote_track_joined, remote_track>;

} // namespace cortc::jsep
