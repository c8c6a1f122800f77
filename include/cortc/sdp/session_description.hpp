#pragma once

#include "cortc/base/config.hpp"
#include "cortc/sdp/attributes.hpp"
#include "cortc/sdp/candidate.hpp"
#include "cortc/sdp/codec.hpp"
#include "cortc/sdp/fingerprint.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A session description as typed values. `parse` (parse.hpp) makes it from text, `print` (print.hpp) writes
/// it. Every attribute stands in one typed place, or in `attributes` when it has none; the printer writes
/// them in the order of the members here, which is Chromium's. Strings hold no CR, LF or NUL: parse() refuses
/// them, and who fills a description in must not bring them.
namespace cortc::sdp {

/// o=, RFC 8866 5.2. The numbers are digits without a bound; JSEP wants a random id below 2^63 and a version
/// that counts up.
struct origin {
    std::string username = "-";
    std::string session_id = "0";
    std::string session_version = "0";
    connection address{"IN", "IP4", "127.0.0.1"};

    friend bool operator==(const origin&, const origin&) = default;
};

/// t= with its r= lines (kept as text). The times are digits without a bound.
struct timing {
    std::string start = "0", stop = "0";
    std::vector<std::string> repeats;

    friend bool operator==(const timing&, const timing&) = default;
};

/// b=AS:128.
struct bandwidth {
    std::string type;
    std::uint64_t value = 0; ///< a larger one is written as the largest of 64 bits

    friend bool operator==(const bandwidth&, const bandwidth&) = default;
};

/// ICE and DTLS parameters, legal at session level (for all sections) and in a section.
struct transport_attributes {
    std::optional<std::string> ice_ufrag; ///< 4 to 256 ice-chars
    std::optional<std::string> ice_pwd;   ///< 22 to 256 ice-chars
    std::vector<std::string> ice_options; ///< "trickle", "renomination", "ice2"
    std::vector<fingerprint> fingerprints;
    std::optional<std::string> tls_id; ///< RFC 8842
    std::optional<setup_role> setup;

    [[nodiscard]] bool has_ice_option(std::string_view option) const noexcept;

    friend bool operator==(const transport_attributes&, const transport_attributes&) = default;
};

enum class media_kind { audio, video, application, other };

/// One m= section.
struct media_description {
    // m=
    std::string media;                       ///< "audio", "video", "application", or anything else
    std::uint16_t port = 9;                  ///< 0: rejected, or bundle-only
    std::optional<std::uint32_t> port_count; ///< m=audio 5000/2
    std::string protocol;                    ///< "UDP/TLS/RTP/SAVPF", "UDP/DTLS/SCTP", ...
    std::vector<std::string> formats;        ///< payload types in order of preference; "webrtc-datachannel"
    // i= c= b= k=
    std::optional<std::string> information;
    std::vector<connection> connections;
    std::vector<bandwidth> bandwidths;
    std::optional<std::string> key;
    // ICE and DTLS; effective_transport() adds what stands at session level
    std::optional<rtcp_port> rtcp;
    std::vector<candidate> candidates;
    bool end_of_candidates = false;
    transport_attributes transport;
    std::optional<std::string> mid;
    bool bundle_only = false;
    // RTP
    std::vector<extmap> extmaps;
    bool extmap_allow_mixed = false;
    std::optional<sdp::direction> direction; ///< see effective_direction()
    std::vector<sdp::msid> msids;
    bool rtcp_mux = false;
    bool rtcp_mux_only = false;
    bool rtcp_rsize = false;
    std::vector<std::string> rtcp_xr; ///< RFC 3611, kept as text
    std::vector<codec> codecs; ///< one for each of `formats`, in that order; then others that have attributes
    std::vector<rtcp_feedback> rtcp_fb; ///< a=rtcp-fb:*
    std::vector<ssrc_group> ssrc_groups;
    std::vector<ssrc_attribute> ssrcs;
    std::vector<rid> rids;
    std::optional<sdp::simulcast> simulcast;
    // SCTP, RFC 8841
    std::optional<std::uint16_t> sctp_port;
    std::optional<std::uint64_t>
        max_message_size; ///< bytes; 0: no limit; absent: 65536; larger than 64 bits: the largest
    std::optional<sdp::sctpmap> sctpmap;
    // the rest, in order
    std::vector<attribute> attributes;

    [[nodiscard]] media_kind kind() const noexcept;
    [[nodiscard]] bool is_rtp() const noexcept; ///< a protocol of the RTP family
    [[nodiscard]] bool
    is_data_channel() const noexcept; ///< SCTP over DTLS for data channels, old form included
    [[nodiscard]] bool is_rejected() const noexcept { return port == 0 && !bundle_only; }
    [[nodiscard]] const codec* find_codec(std::uint8_t payload_type) const noexcept;
    /// RFC 8841 a=sctp-port, the port of a=sctpmap, or the format of an old m= line; nullopt if there is
    /// none.
    [[nodiscard]] std::optional<std::uint16_t> effective_sctp_port() const noexcept;

    friend bool operator==(const media_description&, const media_description&) = default;
};

struct session_description {
    sdp::origin origin;
    std::string name = "-"; ///< s=
    std::optional<std::string> information, uri;
    std::vector<std::string> emails, phones;
    std::optional<sdp::connection> connection;
    std::vector<bandwidth> bandwidths;
    std::vector<timing> timings{timing{}}; ///< never empty
    std::optional<std::string> time_zones, key;
    // a=
    std::vector<group> groups;
    bool extmap_allow_mixed = false;
    std::optional<std::string> msid_semantic; ///< obsolete: kept as text, with its leading space
    bool ice_lite = false;
    std::optional<std::uint32_t> ice_pacing; ///< milliseconds
    transport_attributes transport;
    bool end_of_candidates = false;
    std::vector<extmap> extmaps;
    std::optional<sdp::direction> direction;
    std::optional<std::string> identity; ///< RFC 8827, kept as text
    std::vector<attribute> attributes;   ///< the rest, in order
    std::vector<media_description> media;

    /// The index of the section with this mid.
    [[nodiscard]] std::optional<std::size_t> find_mid(std::string_view mid) const noexcept;
    /// The first a=group:BUNDLE that names this mid.
    [[nodiscard]] const group* bundle_of(std::string_view mid) const noexcept;

    friend bool operator==(const session_description&, const session_description&) = default;
};

/// What applies to a section: its own values, and those of the session where it has none (RFC 8839 5.4, RFC
/// 8122 5: fingerprints of the section replace those of the session; ice-options add up).
[[nodiscard]] transport_attributes effective_transport(const session_description& session,
                                                       const media_description& section);
/// The section's, the session's, or sendrecv (RFC 8866 6.7).
[[nodiscard]] direction effective_direction(const session_description& session,
                                            const media_description& section);
/// RFC 8285 5: those at session level and the section's.
[[nodiscard]] std::vector<extmap> effective_extmaps(const session_description& session,
                                                    const media_description& section);
/// RFC 8840 8.2: at either level.
[[nodiscard]] bool effective_end_of_candidates(const session_description& session,
                                               const media_description& section);

/// The value of the first attribute of this name ("" for a flag); nullopt if there is none.
[[nodiscard]] std::optional<std::string_view> find_attribute(const std::vector<attribute>& attributes,
                                                             std::string_view name) noexcept;

} // namespace cortc::sdp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sdp/impl/session_description.ipp"
#endif
