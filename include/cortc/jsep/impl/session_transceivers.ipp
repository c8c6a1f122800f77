#pragma once

#include "cortc/jsep/session.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cortc::jsep {

namespace detail {

error refused(error_kind kind, std::string message);

CORTC_DECL error is_closed() { return refused(error_kind::invalid_state, "the connection is closed"); }

CORTC_DECL error is_stopped() { return refused(error_kind::invalid_state, "the transceiver is stopped"); }

/// Each once; the standard's set of ids keeps their order.
CORTC_DECL outcome<std::vector<std::string>> stream_ids(const std::vector<std::string>& given) {
    std::vector<std::string> ids;
    for (const auto& each : given) {
        if (!is_msid(each) || each == "-")
            return refused(error_kind::type,
                           "streams: an id is a token of 1 to 64 characters (RFC 8830), and not \"-\"");
        if (std::find(ids.begin(), ids.end(), each) == ids.end()) ids.push_back(each);
    }
    if (ids.size() > max_streams)
        return refused(error_kind::type,
                       fmt::format("streams: {} are more than {}", ids.size(), max_streams));
    return ids;
}

CORTC_DECL outcome<void> validate_receive_rids(media_kind kind, const std::vector<std::string>& rids) {
    if (!rids.empty() && kind == media_kind::audio)
        return refused(error_kind::type, "receive_rids: only video has layers");
    if (rids.size() > max_simulcast_layers)
        return refused(error_kind::type, fmt::format("receive_rids: more than {}", max_simulcast_layers));
    for (std::size_t i = 0; i < rids.size(); ++i) {
        auto twice = std::find(rids.begin() + static_cast<std::ptrdiff_t>(i) + 1, rids.end(), rids[i]);
        if (!is_rid(rids[i]) || twice != rids.end())
            return refused(error_kind::type, fmt::format("receive_rids[{}]: malformed or doubled", i));
    }
    return {};
}

/// One that stopped, for good or before it had a section, is no sender any more.
CORTC_DECL bool holds_track(const transceiver& which) {
    return which.track && !which.stopped && !(which.stopping && !which.section);
}

CORTC_DECL void let_send(transceiver& which) { which.direction = which.direction | sdp::direction::sendonly; }

} // namespace detail

CORTC_DECL const std::vector<codec_capability>& session::codecs(media_kind kind) const noexcept {
    static const std::vector<codec_capability> none;
    return options_.media ? options_.media->codecs(kind) : none;
}

CORTC_DECL std::optional<transport_id> session::media_transport(transceiver_id which) const {
    // webrtc-pc 4.4.1.5: a remote offer gives none; what was there before it stays until the answer.
    const auto& decided = state() == signaling_state::have_remote_offer ? base() : model_;
    const auto *now = model_.find(which), *found = decided.find(which);
    if (!now || now->stopped || !found || found->stopped || !found->section) return {};
    return decided.sections[*found->section].transport;
}

CORTC_DECL std::optional<transport_id> session::data_transport() const {
    auto section = model_.data_section();
    if (!section) return {};
    return model_.sections[*section].transport;
}

/// Like everything that the application decides it holds in the last stable state, too.
CORTC_DECL transceiver_id session::insert(transceiver made) {
    made.id = transceiver_id(ids_.transceiver++);
    if (stable_) stable_->transceivers.push_back(made);
    model_.transceivers.push_back(std::move(made));
    ++revision_;
    return model_.transceivers.back().id;
}

/// What addTransceiver and addTrack have in common.
CORTC_DECL outcome<transceiver> session::new_transceiver(media_kind kind, transceiver_init init) {
    if (state() == signaling_state::closed) return detail::is_closed();
    if (codecs(kind).empty())
        return detail::refused(error_kind::not_supported, "no codec of this kind is configured");
    auto encodings = first_encodings(kind, std::move(init.send_encodings), codecs(kind));
    if (!encodings) return encodings.error();
    auto streams = detail::stream_ids(init.streams);
    if (!streams) return streams.error();
    if (auto fits = detail::validate_receive_rids(kind, init.receive_rids); !fits) return fits.error();
    transceiver made;
    made.kind = kind;
    made.direction = init.direction;
    made.track = std::move(init.track);
    made.sender_id = made.track && is_msid(*made.track) ? *made.track : detail::make_uuid(random_);
    made.streams = std::move(*streams);
    made.encodings = std::move(*encodings);
    made.receive_rids = std::move(init.receive_rids);
    for (const auto& each : made.encodings) // RFC 8851 4: a rid names one stream of the section
        if (std::find(made.receive_rids.begin(), made.receive_rids.end(), each.rid) !=
            made.receive_rids.end())
            return detail::refused(error_kind::type,
                                   fmt::format("receive_rids: {} is the rid of an encoding", each.rid));
    return made;
}

CORTC_DECL outcome<transceiver_id> session::add_transceiver(media_kind kind, transceiver_init init) {
    auto made = new_transceiver(kind, std::move(init));
    if (!made) return made.error();
    return insert(std::move(*made));
}

CORTC_DECL outcome<transceiver_id> session::add_track(media_kind kind, std::string track,
                                                      std::vector<std::string> streams) {
    if (state() == signaling_state::closed) return detail::is_closed();
    const auto& all = model_.transceivers;
    if (std::any_of(all.begin(), all.end(),
                    [&](const auto& each) { return each.track == track && detail::holds_track(each); }))
        return detail::refused(error_kind::invalid_access, "the track is one that a sender has already");
    if (codecs(kind).empty())
        return detail::refused(error_kind::not_supported, "no codec of this kind is configured");
    auto ids = detail::stream_ids(streams);
    if (!ids) return ids.error();
    auto reusable = std::find_if(all.begin(), all.end(), [&](const auto& each) {
        return !each.track && each.kind == kind && !each.ended() && !each.has_sent;
    });
    if (reusable != all.end()) {
        auto which = reusable->id;
        change_transceiver(which, [&](transceiver& each) {
            each.track = track;
            each.streams = *ids;
            each.used_by_add_track = true;
            detail::let_send(each);
        });
        return which;
    }
    transceiver_init init;
    init.track = std::move(track);
    init.streams = std::move(*ids);
    auto made = new_transceiver(kind, std::move(init));
    if (!made) return made.error();
    made->by_add_track = made->used_by_add_track = true;
    return insert(std::move(*made));
}

CORTC_DECL outcome<void> session::remove_track(transceiver_id which) {
    if (state() == signaling_state::closed) return detail::is_closed();
    const auto* found = model_.find(which);
    if (!found || found->ended() || !found->track) return {};
    change_transceiver(which, [](transceiver& each) {
        each.track.reset();
        each.direction = each.direction & sdp::direction::recvonly;
    });
    return {};
}

CORTC_DECL outcome<void> session::replace_track(transceiver_id which, std::optional<std::string> track) {
    if (state() == signaling_state::closed) return detail::is_closed();
    const auto* found = model_.find(which);
    if (!found || found->ended()) return detail::is_stopped();
    change_transceiver(which, [&](transceiver& each) { each.track = track; });
    return {};
}

CORTC_DECL outcome<void> session::set_direction(transceiver_id which,
                                                std::optional<sdp::direction> direction) {
    const auto* found = model_.find(which);
    if (!found || found->ended()) return detail::is_stopped();
    if (found->direction == direction) return {};
    if (!direction)
        return detail::refused(error_kind::type, "direction: stopped is none to ask for; call stop()");
    change_transceiver(which, [&](transceiver& each) { each.direction = *direction; });
    return {};
}

CORTC_DECL void session::stop(transceiver_id which) {
    const auto* found = model_.find(which);
    if (!found || found->ended()) return;
    change_transceiver(which, [](transceiver& each) {
        each.stopping = true;
        each.direction = sdp::direction::inactive;
    });
}

CORTC_DECL outcome<void> session::set_streams(transceiver_id which, std::vector<std::string> streams) {
    if (state() == signaling_state::closed) return detail::is_closed();
    const auto* found = model_.find(which);
    if (!found || found->stopped) return detail::is_stopped();
    auto ids = detail::stream_ids(streams);
    if (!ids) return ids.error();
    change_transceiver(which, [&](transceiver& each) { each.streams = *ids; });
    return {};
}

CORTC_DECL outcome<void> session::set_codec_preferences(transceiver_id which,
                                                        std::vector<codec_capability> wanted) {
    const auto* found = model_.find(which);
    if (!found) return detail::is_stopped();
    auto preferred = codec_preferences(std::move(wanted), codecs(found->kind));
    if (!preferred) return preferred.error();
    change_transceiver(which, [&](transceiver& each) { each.preferred_codecs = *preferred; });
    return {};
}

CORTC_DECL outcome<send_parameters> session::get_parameters(transceiver_id which) {
    auto* found = model_.find(which);
    if (!found) return detail::is_stopped();
    if (!found->last_parameters) {
        send_parameters made;
        made.transaction_id = detail::make_uuid(random_);
        made.encodings = found->encodings;
        made.cname = cname_;
        if (const auto& negotiated = found->negotiated) {
            made.codecs = negotiated->codecs;
            made.header_extensions = negotiated->extensions;
            made.rtcp_reduced_size = negotiated->rtcp_reduced_size;
        }
        found->last_parameters = std::make_shared<const send_parameters>(std::move(made));
        // An offer that replaces the pending one starts from the stable state.
        auto* before = stable_ ? stable_->find(which) : nullptr;
        if (before && same_rids(before->encodings, found->encodings))
            before->last_parameters = found->last_parameters;
    }
    return *found->last_parameters;
}

CORTC_DECL outcome<std::vector<encoding>> session::check_parameters(transceiver_id which,
                                                                    send_parameters parameters) const {
    const auto* found = model_.find(which);
    if (!found || found->ended()) return detail::is_stopped();
    if (!found->last_parameters)
        return detail::refused(error_kind::invalid_state,
                               "what getParameters returned is outdated; call it again first");
    return next_encodings(found->kind, std::move(parameters), *found->last_parameters, codecs(found->kind));
}

CORTC_DECL void session::apply_parameters(transceiver_id which, const std::vector<encoding>& next) {
    for (auto* of : {&model_, stable_.get()}) {
        auto* found = of ? of->find(which) : nullptr;
        if (!found) continue;
        found->last_parameters.reset();
        for (auto& each : found->encodings) {
            auto known = std::find_if(next.begin(), next.end(),
                                      [&](const auto& other) { return other.rid == each.rid; });
            if (known != next.end()) each = *known;
        }
    }
}

CORTC_DECL outcome<void> session::set_parameters(transceiver_id which, send_parameters parameters) {
    auto next = check_parameters(which, std::move(parameters));
    if (!next) return next.error();
    apply_parameters(which, *next);
    return {};
}

CORTC_DECL outcome<void> session::set_identity_assertion(std::optional<std::string> assertion) {
    auto fits =
        !assertion || (!assertion->empty() && std::all_of(assertion->begin(), assertion->end(), [](char c) {
            return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z') || ('0' <= c && c <= '9') || c == '+' ||
                   c == '/' || c == '=';
        }));
    if (!fits) return detail::refused(error_kind::type, "an identity assertion is base64");
    if (identity_ == assertion) return {};
    identity_ = std::move(assertion);
    ++revision_;
    return {};
}

CORTC_DECL std::optional<std::string> session::remote_identity() const {
    const auto& remote = model_.pending_remote ? model_.pending_remote : model_.current_remote;
    return remote ? remote->content->identity : std::nullopt;
}

} // namespace cortc::jsep
