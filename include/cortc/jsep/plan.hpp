#pragma once

#include "cortc/jsep/capabilities.hpp"
#include "cortc/jsep/model.hpp"

#include <memory>
#include <vector>

/// Which sections of a remote offer are accepted, and which of them share a transport (RFC 9429 5.3.1). Pure.
namespace cortc::jsep {

/// What of a session's configuration decides that.
struct answer_rules {
    std::shared_ptr<const media_capabilities> media; // none: every audio and video section is rejected
    std::size_t max_transports = 16;
    bundle_policy bundle = bundle_policy::balanced;
};

/// For each section the one that stands for its transport, bundle_layout::none for a section to reject: its
/// kind is unknown, nothing is in common, RTCP is not multiplexed, its transceiver is stopped, the bundle
/// policy refuses it a transport of its own, or it would need one transport too many.
using section_tags = std::vector<std::size_t>;
[[nodiscard]] section_tags plan_answer(const model& base, const sdp::session_description& offer,
                                       const bundle_layout& layout, const answer_rules& rules);

/// The same for an answer, which says it by itself. A port of 0 is a rejection.
[[nodiscard]] section_tags tags_of(const sdp::session_description& content, const bundle_layout& layout);

/// RFC 9143 9.3: bundled sections multiplex RTCP as the first of their group does.
[[nodiscard]] bool multiplexes_rtcp(const sdp::session_description& content, const bundle_layout& layout,
                                    std::size_t index);

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/plan.ipp"
#endif
