#pragma once

#include "cortc/base/random.hpp"
#include "cortc/jsep/apply.hpp"
#include "cortc/jsep/capabilities.hpp"
#include "cortc/jsep/model.hpp"
#include "cortc/jsep/numbers.hpp"

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
    std::vector<std::string> ice_options;
    std::string ufrag_prefix;
    std::shared_ptr<const media_capabilities> media;
    bundle_policy bundle = bundle_policy::balanced;
    rtcp_mux_policy rtcp_mux = rtcp_mux_policy::require;
    std::optional<std::string> identity; // RFC 8827: a=identity
};

/// RFC 8839 5.4: a fresh pair, 48 random bits in the ufrag and 144 in the password.
[[nodiscard]] ice_credentials make_credentials(random_source& random, std::string_view ufrag_prefix);

/// The ICE and DTLS lines of a section. Those that share a transport repeat them, and the sections of a first
/// offer that an answer may bundle have one set of credentials among them, bundle-only ones included. RFC
/// 9429 5.2.1 and RFC 9143 7.1.3 want none in bundle-only sections, other ones in each of the rest, and later
/// the tagged section's alone. Browsers write them as we do, and their peers rely on it: Chromium and
/// GStreamer reject all that follows a section without a fingerprint, and Pion takes no group with several
/// credentials.
struct transport_lines {
    ice_credentials ice;
    sdp::setup_role setup = sdp::setup_role::actpass;
};
/// An audio or video section of an offer, still without them (RFC 9429 5.2.1, 5.2.2).
[[nodiscard]] sdp::media_description media_offer(const section& from, const transceiver& which,
                                                 const build_settings& settings, group_numbers& numbers);
/// The answer to an audio or video section that is accepted (RFC 9429 5.3.1). Without codecs when the
/// application's preferences leave none of those that were offered: then it is to be rejected after all.
[[nodiscard]] sdp::media_description media_answer(const section& from, const transceiver& which,
                                                  const sdp::session_description& offer, std::size_t index,
                                                  const build_settings& settings);
/// "a=msid" of a transceiver that may send (RFC 8830; "-" is no stream).
[[nodiscard]] std::vector<sdp::msid> sent_msids(const transceiver& which);

struct offer_plan {
    bool data_wanted = false;
    bool restart = false;                 // replace every generation's credentials
    std::vector<ice_credentials> replace; // ... or those that stand here
    std::size_t first_mid = 0;            // of new sections: smaller numbers were mids before
};

struct built_offer {
    sdp::session_description content;
    offer_places places;
    transport_bearers bearers; // of the transports that there are already
};
/// The sections in use and rejected in their places, then, in places that were given up or behind them, the
/// transceivers that have no section yet and a data section if one is wanted and missing. What shares a
/// transport is one BUNDLE group, which new sections join; without one they are a group of their own, with
/// transports as the bundle policy says. `base` is the last stable state, `now` the present one.
[[nodiscard]] built_offer build_offer(const model& base, const model& now, const offer_plan& plan,
                                      const build_settings& settings, const number_history& numbers,
                                      random_source& random);

/// The answer to `now.pending_remote`, section by section.
[[nodiscard]] sdp::session_description build_answer(const model& now, const build_settings& settings,
                                                    random_source& random);

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/build.ipp"
#include "cortc/jsep/impl/build_media.ipp"
#include "cortc/jsep/impl/build_offer.ipp"
#endif
