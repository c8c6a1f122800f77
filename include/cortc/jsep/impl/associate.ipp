#pragma once

#include "cortc/jsep/apply.hpp"
#include "cortc/jsep/encodings.hpp"
#include "cortc/jsep/match.hpp"
#include "cortc/jsep/settle.hpp"
#include "cortc/jsep/simulcast.hpp"

#include <algorithm>
#include <utility>

/// What descriptions make of the transceivers.
namespace cortc::jsep {

namespace detail {

CORTC_DECL bool receives(sdp::direction direction) noexcept {
    return (direction & sdp::direction::recvonly) == sdp::direction::recvonly;
}

CORTC_DECL bool sends(sdp::direction direction) noexcept {
    return (direction & sdp::direction::sendonly) == sdp::direction::sendonly;
}

/// What the application made of it stays; its section is another matter.
CORTC_DECL void disassociate(transceiver& which) {
    which.mid.clear();
    which.section.reset();
    which.current_direction.reset();
    which.fired_direction.reset();
    which.remote_msids.clear();
    which.remote_streams.clear();
    which.negotiated.reset();
}

CORTC_DECL void sort_by_age(std::vector<transceiver>& all) {
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
}

/// Transceivers that an offer made which is now gone, and that addTrack used. From now on they are like those
/// that addTrack made.
CORTC_DECL void keep_used(model& next, const model& now) {
    for (const auto& each : now.transceivers) {
        if (!each.used_by_add_track || next.find(each.id)) continue;
        auto kept = each;
        disassociate(kept);
        kept.by_add_track = true;
        next.transceivers.push_back(std::move(kept));
    }
}

/// webrtc-pc "set the associated remote streams": each once.
CORTC_DECL std::vector<std::string> streams_of(const std::vector<sdp::msid>& msids, const issued& ids) {
    if (msids.empty()) return {ids.default_stream};
    std::vector<std::string> streams;
    for (const auto& each : msids)
        if (streams.size() < max_streams && each.stream != "-" &&
            std::find(streams.begin(), streams.end(), each.stream) == streams.end())
            streams.push_back(each.stream);
    return streams;
}

/// webrtc-pc "process remote tracks"; the events follow from what has changed.
CORTC_DECL void process_remote_track(transceiver& which, const sdp::session_description& remote,
                                     const bundle_layout& layout, std::size_t index, const issued& ids) {
    const auto& media = remote.media[index];
    auto direction = sdp::reverse(sdp::effective_direction(remote, media));
    if (layout.rejected(index)) direction = sdp::direction::inactive;
    which.fired_direction = direction;
    which.remote_msids = receives(direction) ? media.msids : std::vector<sdp::msid>{};
    which.remote_streams = receives(direction) ? streams_of(media.msids, ids) : std::vector<std::string>{};
}

/// Finds the transceivers of an offer's sections (RFC 9429 5.10).
class association {
  public:
    association(model& next, const model* pending, const sdp::session_description& offer,
                const bundle_layout& layout, issued& ids)
        : next_(next), pending_(pending), offer_(offer), layout_(layout), ids_(ids) {}

    void run();

  private:
    [[nodiscard]] bool has_transceiver(std::size_t index) const;
    void give_back(std::size_t index);
    void find_or_make(std::size_t index);
    [[nodiscard]] transceiver* find_added(media_kind kind);

    model& next_;
    const model* pending_; // the offer that this one replaces
    const sdp::session_description& offer_;
    const bundle_layout& layout_;
    issued& ids_;
};

CORTC_DECL bool association::has_transceiver(std::size_t index) const {
    return !layout_.rejected(index) && rtp_kind(offer_.media[index]);
}

/// A section of the offer that this one replaces keeps its transceiver.
CORTC_DECL void association::give_back(std::size_t index) {
    const auto* before = pending_->transceiver_of(index);
    if (!before || next_.transceiver_of(index) || before->kind != *rtp_kind(offer_.media[index]) ||
        before->mid != next_.sections[index].mid)
        return;
    auto* known = next_.find(before->id);
    if (known && known->section) return;
    if (!known) known = &next_.transceivers.emplace_back(*before);
    known->section = index;
}

/// Only what addTrack made can be found: for the application's own transceivers we offer sections.
CORTC_DECL transceiver* association::find_added(media_kind kind) {
    for (auto& each : next_.transceivers)
        if (each.by_add_track && each.kind == kind && !each.section && !each.ended()) return &each;
    return nullptr;
}

CORTC_DECL void association::find_or_make(std::size_t index) {
    if (next_.transceiver_of(index)) return;
    auto kind = *rtp_kind(offer_.media[index]);
    auto* found =
        receives(sdp::effective_direction(offer_, offer_.media[index])) ? find_added(kind) : nullptr;
    if (!found) {
        found = &next_.transceivers.emplace_back();
        found->id = transceiver_id(ids_.transceiver++);
        found->kind = kind;
        found->encodings = first_encodings(kind, {}, {}).value();
    }
    found->section = index;
}

CORTC_DECL void association::run() {
    const auto count = offer_.media.size();
    // The stopped one of a place that is used again has let go of it.
    for (auto& each : next_.transceivers)
        if (each.stopped && each.section && each.mid != next_.sections[*each.section].mid) disassociate(each);
    if (pending_) {
        for (std::size_t i = 0; i < count; ++i)
            if (has_transceiver(i)) give_back(i);
        keep_used(next_, *pending_);
        sort_by_age(next_.transceivers);
    }
    for (std::size_t i = 0; i < count; ++i)
        if (has_transceiver(i)) find_or_make(i);
    sort_by_age(next_.transceivers);
}

/// webrtc-pc "set a description": an offer to receive simulcast is taken up by a sender that has none yet.
CORTC_DECL void propose_encodings(transceiver& which, const sdp::media_description& offered) {
    auto proposed = proposed_encodings(which.kind, offered);
    if (proposed.empty() || which.encodings.size() != 1 || !which.encodings.front().rid.empty()) return;
    which.encodings = std::move(proposed);
    which.last_parameters.reset();
}

CORTC_DECL void associate(model& next, const model* pending, const sdp::session_description& offer,
                          const bundle_layout& layout, issued& ids) {
    association(next, pending, offer, layout, ids).run();
    for (auto& each : next.transceivers) {
        // What setParameters did to proposed encodings stays while an offer replaces another.
        if (const auto* before = pending ? pending->find(each.id) : nullptr) {
            each.encodings = before->encodings;
            each.last_parameters = before->last_parameters;
        }
        if (!each.section || *each.section >= offer.media.size()) continue;
        each.mid = next.sections[*each.section].mid;
        if (each.stopped) continue;
        process_remote_track(each, offer, layout, *each.section, ids);
        if (layout.rejected(*each.section) || !rtp_kind(offer.media[*each.section]))
            stop_for_good(each);
        else
            propose_encodings(each, offer.media[*each.section]);
    }
}

/// RFC 9429 5.9: the sections of our own offer.
CORTC_DECL void place_owners(model& next, const std::vector<std::optional<transceiver_id>>& owners) {
    for (std::size_t i = 0; i < owners.size(); ++i) {
        auto* owner = owners[i] ? next.find(*owners[i]) : nullptr;
        if (!owner || owner->section) continue;
        owner->section = i;
        owner->mid = next.sections[i].mid;
    }
}

/// A hold does not narrow simulcast for good: only an answer that lets us send does.
CORTC_DECL void settle_sender(transceiver& each) {
    each.last_parameters.reset();
    if (!sends(*each.current_direction)) return;
    each.has_sent = true;
    narrow_encodings(each.encodings, {each.negotiated->rids, each.negotiated->simulcast});
}

CORTC_DECL void settle_transceiver(transceiver& each, const sdp::session_description& local,
                                   const sdp::session_description& remote, bool ours) {
    const auto index = *each.section;
    auto own = sdp::effective_direction(local, local.media[index]);
    auto theirs = sdp::reverse(sdp::effective_direction(remote, remote.media[index]));
    each.current_direction = own & theirs;
    if (!receives(*each.current_direction)) {
        each.remote_msids.clear();
        each.remote_streams.clear();
    }
    each.fired_direction = *each.current_direction;
    auto settled = settle_media(local, remote, index, ours);
    if (!each.negotiated || *each.negotiated != settled)
        each.negotiated = std::make_shared<const media_parameters>(std::move(settled));
    settle_sender(each);
}

/// webrtc-pc "set a description": an encoding's codec that was not negotiated is no choice any more.
CORTC_DECL void drop_codec_choices(transceiver& each) {
    if (!each.negotiated || each.negotiated->codecs.empty()) return;
    for (auto& encoding : each.encodings) {
        const auto& codecs = each.negotiated->codecs;
        if (encoding.codec && std::none_of(codecs.begin(), codecs.end(), [&](const auto& known) {
                return matches_symmetric(*encoding.codec, known.codec);
            }))
            encoding.codec.reset();
    }
}

CORTC_DECL void settle_transceivers(model& next, const sdp::session_description& local,
                                    const sdp::session_description& remote,
                                    const sdp::session_description& answer, bool final_answer,
                                    const issued& ids) {
    const auto ours = &answer == &local;
    const bundle_layout layout(remote);
    for (auto& each : next.transceivers) {
        if (!each.section || each.stopped) continue;
        const auto index = *each.section;
        if (answer.media[index].port == 0) {
            if (final_answer) stop_for_good(each);
            continue;
        }
        if (next.sections[index].rejected()) continue;
        if (!ours) process_remote_track(each, remote, layout, index, ids);
        settle_transceiver(each, local, remote, ours);
        if (final_answer) drop_codec_choices(each);
    }
}

} // namespace detail

CORTC_DECL void stop_for_good(transceiver& which) {
    which.stopped = true;
    which.direction = sdp::direction::inactive;
    which.current_direction.reset();
    which.fired_direction = sdp::direction::inactive;
    which.remote_msids.clear();
    which.remote_streams.clear();
}

CORTC_DECL model roll_back(const model& base, const model& now) {
    auto next = base;
    detail::keep_used(next, now);
    detail::sort_by_age(next.transceivers);
    for (auto& each : next.transceivers) {
        const auto* before = now.find(each.id);
        // Encodings that a remote offer proposed go with it; what the application set stays.
        if (before && !same_rids(each.encodings, before->encodings)) each.last_parameters.reset();
    }
    return next;
}

CORTC_DECL void drop_stopped(model& stable) {
    std::erase_if(stable.transceivers, [&](const transceiver& each) {
        return each.stopped && (!each.section || stable.sections[*each.section].rejected());
    });
}

} // namespace cortc::jsep
