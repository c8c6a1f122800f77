#pragma once

#include "cortc/base/random.hpp"
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
};

/// RFC 8839 5.4: a fresh pair, 48 random bits in the ufrag and 144 in the password.
[[nodiscard]] ice_credentials make_credentials(random_source& random, std::string_view ufrag_prefix);

struct offer_plan {
    bool data_wanted = false;
    bool restart = false;                 // replace every generation's credentials
    std::vector<ice_credentials> replace; // ... or those that stand here
};

/// The sections in use and rejected in their places, then a data section if one is wanted and missing.
[[nodiscard]] sdp::session_description build_offer(const model& now, const offer_plan& plan,
                                                   const build_settings& settings, random_source& random);

/// The answer to `now.pending_remote`, section by section.
[[nodiscard]] sdp::session_description build_answer(const model& now, const build_settings& settings,
                                                    random_source& random);

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/build.ipp"
#endif
