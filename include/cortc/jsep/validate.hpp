#pragma once

#include "cortc/jsep/plan.hpp"

/// Does the content of a remote description fit? None of these change anything.
namespace cortc::jsep {

/// RFC 9143 5: a=group:BUNDLE names sections that exist, each in one group. invalid_access.
[[nodiscard]] outcome<void> validate_groups(const sdp::session_description& content);

/// webrtc-pc "set a description": under the policy `require` every RTP section of a peer must multiplex RTCP.
/// Sections that are bundled into another one may leave the attribute to it. invalid_access.
[[nodiscard]] outcome<void> validate_rtcp_mux(const sdp::session_description& content,
                                              const bundle_layout& layout);

/// A remote offer against the last stable state; `tags` is plan_answer()'s. invalid_access.
[[nodiscard]] outcome<void> validate_remote_offer(const model& base, const sdp::session_description& offer,
                                                  const bundle_layout& layout, const section_tags& tags);

/// A remote answer or pranswer against the pending local offer; `base` is the last stable state.
/// invalid_access.
[[nodiscard]] outcome<void> validate_remote_answer(const model& base, const model& now,
                                                   const sdp::session_description& answer,
                                                   const bundle_layout& layout);

/// webrtc-pc "set a description": rids are not negotiated anew. An answer may leave layers out, but has none
/// that was not offered; no description turns the direction of a negotiated one around. invalid_access.
[[nodiscard]] outcome<void> validate_rids(const model& now, const sdp::session_description& content,
                                          sdp_type type);

/// The sections of an answer that fits which say another DTLS role than the first answer did. Our later
/// offers say actpass, and Firefox, GStreamer and webrtc-rs answer that with active though they were passive.
/// With the same fingerprint they mean no new association, so it goes on with the roles that it has.
[[nodiscard]] std::vector<std::size_t> turned_roles(const model& now, const sdp::session_description& answer,
                                                    const bundle_layout& layout);

/// RFC 8842 5.3: our role, once the peer's a=setup in its answer is known.
[[nodiscard]] dtls_role role_from_answer(sdp::setup_role remote_setup) noexcept;

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/validate.ipp"
#include "cortc/jsep/impl/validate_media.ipp"
#endif
