#pragma once

#include "cortc/base/random.hpp"
#include "cortc/jsep/bundle.hpp"
#include "cortc/jsep/transceiver.hpp"
#include "cortc/jsep/types.hpp"
#include "cortc/sdp/detail/text.hpp"
#include "cortc/sdp/session_description.hpp"

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a session knows about the negotiation, as one value: a change is computed on a copy and then swapped
/// in, a rollback swaps the copy of the last stable state back.
namespace cortc::jsep {

struct ice_credentials {
    std::string ufrag;
    std::string pwd;

    friend bool operator==(const ice_credentials&, const ice_credentials&) = default;
};

/// The remote generation that an answer paired with one of ours.
struct remote_generation {
    ice_credentials credentials;
    std::string local_ufrag;
    bool lite = false;
    std::vector<std::string> options;
};

struct sctp_settings {
    std::uint16_t remote_port = 5000;
    std::uint64_t max_message_size = 65536;

    friend bool operator==(const sctp_settings&, const sctp_settings&) = default;
};

struct transport_state {
    transport_id id;
    std::string mid;         // of the section that it was made for
    std::size_t section = 0; // index of the one that stands for it: its BUNDLE group's tag, or the only one
    ice_credentials local;   // the latest applied; empty while only a remote offer asked for it
    std::optional<remote_generation> remote; // since the first answer
    std::optional<dtls_role> role;           // ours, since the first answer
    std::vector<sdp::fingerprint> fingerprints;
    std::optional<sctp_settings> sctp;
};

/// One m= section by its index, which never changes.
struct section {
    std::string mid;
    bool mid_given = true; // a peer may leave a=mid out; then its answer has none and `mid` is ours alone
    std::string media;
    std::string protocol;
    std::vector<std::string> formats;
    std::optional<transport_id> transport; // none: rejected
    std::optional<transport_id> offered; // what the pending offer gave it; an answer may bundle it elsewhere
    bool bundled = false;                // an answer put it into a BUNDLE group

    [[nodiscard]] bool rejected() const noexcept { return !transport; }
};

/// What a candidate is good for; each sort has limits of its own, so that none takes the room of another.
enum class candidate_use {
    none,    // it stands in the text, and that is all
    address, // an address that checks can be sent to
    name,    // the address is still to be found out
};

/// The candidates that a peer sent after its description, by section.
struct trickled_candidates {
    using count = std::array<std::size_t, 3>; // by candidate_use
    struct section {
        std::vector<sdp::candidate> candidates;
        count held{};
        bool done = false; // end-of-candidates came
    };
    std::map<std::size_t, section> sections;
    count held{};

    [[nodiscard]] const section* find(std::size_t index) const noexcept {
        auto found = sections.find(index);
        return found == sections.end() ? nullptr : &found->second;
    }
};

/// For each section of a description of ours the transport that it stands for; none for the sections that
/// share it.
using transport_bearers = std::vector<std::optional<transport_id>>;

/// A description that was set. Candidates that became known after it, ours and the peer's, are not in its
/// content: they join the text when it is read.
struct applied {
    sdp_type type = sdp_type::offer;
    std::shared_ptr<const sdp::session_description> content;
    /// A remote description's. The last stable state has the same: no rollback takes back what a peer sent
    /// for its current description.
    std::shared_ptr<trickled_candidates> trickled;
    /// A local description's: where the candidates of each transport stand.
    transport_bearers bearers;
};

struct model {
    signaling_state state = signaling_state::stable;
    std::optional<applied> current_local;
    std::optional<applied> pending_local;
    std::optional<applied> current_remote;
    std::optional<applied> pending_remote;
    std::vector<section> sections;
    std::vector<transport_state> transports;
    std::vector<transceiver> transceivers; // in the order in which they appeared
    std::optional<bool> controlling;

    [[nodiscard]] transport_state* find(transport_id id) noexcept;
    [[nodiscard]] const transport_state* find(transport_id id) const noexcept;
    [[nodiscard]] transceiver* find(transceiver_id id) noexcept;
    [[nodiscard]] const transceiver* find(transceiver_id id) const noexcept;
    /// The transceiver of an audio or video section.
    [[nodiscard]] transceiver* transceiver_of(std::size_t section) noexcept;
    [[nodiscard]] const transceiver* transceiver_of(std::size_t section) const noexcept;
    /// The section that carries data channels.
    [[nodiscard]] std::optional<std::size_t> data_section() const noexcept;
    /// The smallest number from `from` on that is no section's mid, nor one of `extra`.
    [[nodiscard]] std::size_t unused_mid(const sdp::session_description* extra = nullptr,
                                         std::size_t from = 0) const;
};

/// The part of the W3C's check for negotiation-needed that concerns one transceiver.
[[nodiscard]] bool transceiver_needs_negotiation(const model& stable, const transceiver& which);

namespace detail {

/// RFC 9562 5.4: a version 4 UUID.
std::string make_uuid(random_source& random);
using cortc::in_quotes;
/// "section 1 (mid "data")", the first is 0 as in sdpMLineIndex.
std::string section_name(const sdp::session_description& content, std::size_t index);
/// The kind of an audio or video section over RTP; none for any other.
std::optional<media_kind> rtp_kind(const sdp::media_description& media) noexcept;
/// RFC 8122 5: only the fingerprints of the strongest hash function that we know, so that a weak one beside
/// it opens no door.
std::vector<sdp::fingerprint> usable_fingerprints(const std::vector<sdp::fingerprint>& given);
/// The data section that a remote offer gets accepted: the one in use if it is still there, else the first.
std::optional<std::size_t> choose_data_section(const model& base, const sdp::session_description& offer,
                                               const bundle_layout& layout);

} // namespace detail

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/model.ipp"
#endif
