#pragma once

#include "cortc/jsep/events.hpp"
#include "cortc/jsep/model.hpp"
#include "cortc/jsep/plan.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What a description that fits makes of the model. Pure: the caller swaps the result in.
namespace cortc::jsep {

using content_ptr = std::shared_ptr<const sdp::session_description>;

/// What a session gives out. Numbers count up and are never given twice.
struct issued {
    std::uint32_t transport = 1;
    std::uint32_t transceiver = 1;
    std::string default_stream; // of tracks whose sections name no stream (RFC 9429 5.8)
};
/// What the content of an offer of ours does not say of its sections.
struct offer_places {
    std::vector<std::optional<transceiver_id>> owners; // the transceivers that they were written for
    section_tags tags; // for each the one that stands for its transport; a group may have several
};

/// `base` is the last stable state, `now` the present one: an offer that replaces a pending one of the same
/// side keeps the transports and transceivers that were made for it.
[[nodiscard]] model apply_local_offer(const model& base, const model& now, content_ptr offer,
                                      const offer_places& places, issued& ids);
/// `tags` is plan_answer()'s.
[[nodiscard]] model apply_remote_offer(const model& base, const model& now, content_ptr offer,
                                       const section_tags& tags, bool we_are_lite, issued& ids);

/// An answer or pranswer, ours or the peer's, to the pending offer of the other side.
[[nodiscard]] model apply_answer(const model& now, content_ptr answer, sdp_type type, bool ours,
                                 bool we_are_lite, const issued& ids);
/// The last stable state, with the transceivers that addTrack used since.
[[nodiscard]] model roll_back(const model& base, const model& now);
/// webrtc-pc 5.4 "stop the RTCRtpTransceiver".
void stop_for_good(transceiver& which);
/// In stable: transceivers that are stopped, and whose section is rejected or never was, are gone.
void drop_stopped(model& stable);

/// What the transports and the application are to be told: first what begins, then what ended.
struct changes {
    std::vector<event> begun;
    std::vector<event> ended;
    std::vector<event> tracks; // what comes after the signaling state
};
/// From `before` to `after`; `base` is the stable state behind `before` (`before` itself if that was stable).
[[nodiscard]] changes compare(const model& base, const model& before, const model& after,
                              std::uint16_t sctp_port);

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/apply.ipp"
#include "cortc/jsep/impl/associate.ipp"
#include "cortc/jsep/impl/compare.ipp"
#endif
