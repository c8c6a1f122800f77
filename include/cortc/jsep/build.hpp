#pragma once

#include "cortc/base/random.hpp"
#include "cortc/jsep/capabilities.hpp"
#include "cortc/jsep/model.hpp"

#include <string>
#include <string_view>
#include <vector>

/// Writes descriptions (RFC 9429 5.2, 5.3). Pure: nothing is applied, no transport is made. Candidates are
/// not in them.
namespace cortc::jsep {

/// What every description of a session is made from.
struct build_settings {
    std::vector<sdp::fingerprint> fingerprints;
    std::uint64_t session_id = 0;      // o=, the same for good
    std::uint64_t session_version = 0; // o=, counts up
    std::uint16_t sctp_port = 5000;
    std::uint64_t max_message_size = 262144;
    bool ice_lite = false;
    std::string ufrag_prefix;
    std::shared_ptr<const media_capabilities> media;
};

/// RFC 8839 5.4: a fresh pair, 48 random bits in the ufrag and 144 in the password.
[[nodiscard]] ice_credentials make_credentials(random_source& random, std::string_view ufrag_prefix);

/// The ICE and DTLS lines of a section. Those that share a transport repeat them: RFC 9429 5.2.1 wants them
/// in the tagged section alone, but browsers write and some peers need them in each.
struct transport_lines {
    ice_credentials ice;
    sdp::setup_role setup = sdp::setup_role::actpass;
};
/// An audio or video section as it was negotiated, offered again (RFC 9429 5.2.2); `which` has been
/// negotiated.
[[nodiscard]] sdp::media_description media_offer(const section& from, const transceiver& which,
                                                 const transport_lines& lines,
                                                 const build_settings& settings);
/// The answer to an audio or video section that is accepted (RFC 9429 5.3.1).
[[nodiscard]] sdp::media_description media_answer(const section& from, const transceiver& which,
                                                  const sdp::session_description& offer, std::size_t index,
                                                  const transport_lines& lines,
                                                  const build_settings& settings);
/// "a=msid" of a transceiver that may send (RFC 8830; "-" is no stream).
[[nodiscard]] std::vector<sdp::msid> sent_msids(const transceiver& which);

struct offer_plan {
    bool data_wanted = false;
    bool restart = false;                 // replace every generation's credentials
    std::vector<ice_credentials> replace; // ... or those that stand here
};

/// The sections in use and rejected in their places, then a data section if one is wanted and missing. What
/// shares a transport is one BUNDLE group; a new section joins the first.
[[nodiscard]] sdp::session_description build_offer(const model& now, const offer_plan& plan,
                                                   const build_settings& settings, random_source& random);

/// The answer to `now.pending_remote`, section by section.
[[nodiscard]] sdp::session_description build_answer(const model& now, const build_settings& settings,
                                                    random_source& random);

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/build.ipp"
#include "cortc/jsep/impl/build_media.ipp"
#endif
