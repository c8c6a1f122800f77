#pragma once

#include "cortc/jsep/session.hpp"
#include "cortc/jsep/validate.hpp"
#include "cortc/sdp/parse.hpp"

#include <algorithm>
#include <iterator>

namespace cortc::jsep {

CORTC_DECL sdp_type session::implicit_type() const noexcept {
    switch (state()) {
    case signaling_state::stable:
    case signaling_state::have_local_offer:
    case signaling_state::have_remote_pranswer:
        return sdp_type::offer;
    default:
        return sdp_type::answer;
    }
}

/// webrtc-pc 4.3.1, RFC 9429 4.1.10: which description each state takes from each side.
CORTC_DECL std::optional<error> session::wrong_state(sdp_type type, bool local) const {
    using enum signaling_state;
    auto in = [this](signaling_state one, signaling_state other) {
        return state() == one || state() == other;
    };
    auto fits = false;
    if (type == sdp_type::rollback)
        fits = in(have_local_offer, have_remote_offer);
    else if (type == sdp_type::offer)
        fits = in(stable, local ? have_local_offer : have_remote_offer);
    else
        fits =
            local ? in(have_remote_offer, have_local_pranswer) : in(have_local_offer, have_remote_pranswer);
    if (fits) return {};
    auto who = type == sdp_type::rollback ? "" : local ? "local " : "remote ";
    return error{error_kind::invalid_state,
                 fmt::format("description.type: a {}{} does not fit the signaling state {}", who,
                             to_string(type), to_string(state())),
                 {},
                 {}};
}

CORTC_DECL outcome<void> session::set_local_description(std::optional<sdp_type> given, std::string_view sdp) {
    if (state() == signaling_state::closed)
        return error{error_kind::invalid_state, "the connection is closed", {}, {}};
    auto type = given.value_or(implicit_type());
    if (type == sdp_type::rollback) return roll_back();
    const auto& last = type == sdp_type::offer ? last_offer_ : last_answer_;
    if (!sdp.empty() && !(last && last->text == sdp))
        return error{
            error_kind::invalid_modification,
            fmt::format("description.sdp is not the {} that {} returned last; set that unchanged, or none",
                        to_string(type), type == sdp_type::offer ? "createOffer" : "createAnswer"),
            {},
            {}};
    if (auto wrong = wrong_state(type, true)) return *wrong;
    if (sdp.empty() && !(last && last->revision == revision_)) {
        auto made = type == sdp_type::offer ? create_offer() : create_answer();
        if (!made) return made.error();
    }
    return set_local(type, *last);
}

CORTC_DECL outcome<void> session::set_local(sdp_type type, const created& from) {
    auto before = model_.transports;
    if (type == sdp_type::offer) {
        commit(apply_local_offer(base(), model_, from.content, from.places, ids_));
        note_restart(before);
        return {};
    }
    if (from.remote_offer != remote_offer_)
        return error{
            error_kind::invalid_access,
            "description.sdp was created for an earlier offer; createAnswer makes an answer to this one",
            {},
            {}};
    commit(apply_answer(model_, from.content, type, true, options_.ice_lite, ids_));
    note_restart(before);
    return {};
}

/// RFC 9429 3.5.1: new credentials, in an offer or an answer, are the restart that was needed.
CORTC_DECL void session::note_restart(const std::vector<transport_state>& before) {
    for (const auto& was : before) {
        const auto* now = model_.find(was.id);
        if (now && !was.local.ufrag.empty() && now->local != was.local) needs_ice_restart_ = false;
    }
}

CORTC_DECL outcome<void> session::set_remote_description(sdp_type type, std::string_view sdp) {
    if (type == sdp_type::rollback) return roll_back();
    // Glare. As in the W3C a step of its own, which a failure of the offer does not undo.
    if (type == sdp_type::offer && state() == signaling_state::have_local_offer)
        commit(jsep::roll_back(*stable_, model_));
    if (auto wrong = wrong_state(type, false)) return *wrong;
    auto parsed = sdp::parse(sdp, options_.sdp_limits);
    if (!parsed)
        return error{error_kind::operation,
                     fmt::format("description.sdp, line {}: {}", parsed.error().line, parsed.error().message),
                     "sdp-syntax-error", parsed.error().line};
    auto done = set_content(type, std::make_shared<const sdp::session_description>(std::move(*parsed)), sdp);
    if (done) return done;
    auto why = done.error();
    why.message = "description.sdp: " + why.message;
    return why;
}

/// What it says is measured in the W3C's order.
CORTC_DECL outcome<void> session::set_content(sdp_type type, content_ptr content, std::string_view text) {
    if (options_.rtcp_mux == rtcp_mux_policy::require)
        if (auto muxed = validate_rtcp_mux(*content, bundle_layout(*content)); !muxed) return muxed;
    if (options_.ice_lite && content->ice_lite)
        return error{error_kind::not_supported,
                     "a=ice-lite: both ends are ICE-lite, and nobody would check; one of them is to be full",
                     {},
                     {}};
    // A repeated offer is measured as if from stable.
    auto rids = validate_rids(type == sdp_type::offer ? base() : model_, *content, type);
    if (!rids) return rids;
    if (auto grouped = validate_groups(*content); !grouped) return grouped;
    return type == sdp_type::offer ? set_remote_offer(std::move(content), text)
                                   : set_remote_answer(type, std::move(content));
}

CORTC_DECL outcome<void> session::set_remote_offer(content_ptr offer, std::string_view text) {
    const bundle_layout layout(*offer);
    const auto tags = plan_answer(base(), *offer, layout, rules());
    if (auto fits = validate_remote_offer(base(), *offer, layout, tags); !fits) return fits;
    if (remote_offer_text_ != text)
        ++remote_offer_; // else what was created for it fits, after a rollback, too
    remote_offer_text_ = text;
    commit(apply_remote_offer(base(), model_, std::move(offer), tags, options_.ice_lite, ids_));
    return {};
}

CORTC_DECL outcome<void> session::set_remote_answer(sdp_type type, content_ptr answer) {
    const bundle_layout layout(*answer);
    if (auto fits = validate_remote_answer(base(), model_, *answer, layout); !fits) return fits;
    for (auto index : turned_roles(model_, *answer, layout))
        log_.info("section {}: a=setup of the answer turns the DTLS roles around; the association and its "
                  "roles stay",
                  index);
    commit(apply_answer(model_, std::move(answer), type, false, options_.ice_lite, ids_));
    return {};
}

CORTC_DECL outcome<void> session::roll_back() {
    if (auto wrong = wrong_state(sdp_type::rollback, true)) return *wrong;
    commit(jsep::roll_back(*stable_, model_));
    return {};
}

/// What an answer settles beyond the model. A rollback comes here too, with the description that was current
/// before.
CORTC_DECL void session::forget_answered(const model& before) {
    auto same = before.current_local && before.current_local->content == model_.current_local->content;
    if (!model_.current_local || same) return;
    last_offer_.reset();
    last_answer_.reset();
    remote_offer_text_.clear();
    auto stands = [this](const ice_credentials& old) {
        const auto& media = model_.current_local->content->media;
        return std::any_of(media.begin(), media.end(), [&](const auto& m) {
            return m.transport.ice_ufrag == old.ufrag && m.transport.ice_pwd == old.pwd;
        });
    };
    if (std::none_of(to_replace_.begin(), to_replace_.end(), stands)) to_replace_.clear();
    // A data section that the negotiation ended is not wanted until somebody creates a data channel again.
    auto had = before.data_section() || std::any_of(before.transports.begin(), before.transports.end(),
                                                    [](const auto& transport) { return transport.sctp; });
    if (had && !model_.data_section()) data_wanted_ = false;
}

/// The one step that changes the negotiation; nothing in it fails.
CORTC_DECL void session::commit(model next) {
    auto news = compare(base(), model_, next, options_.sctp_port);
    auto before = std::exchange(model_, std::move(next));
    ++revision_;
    name_senders();
    for (const auto* ours : {&model_.pending_local, &model_.current_local})
        if (*ours) numbers_.note(*(*ours)->content);
    if (before.state == signaling_state::stable && model_.state != before.state)
        stable_ = std::make_unique<model>(before);
    keep_stopped();
    if (model_.state == signaling_state::stable) {
        stable_.reset();
        drop_stopped(model_);
        remember_mids();
        negotiation_needed_ = false; // webrtc-pc: cleared here, then checked again
        forget_answered(before);
    }
    keep_gathered();
    for (auto& each : news.begun) events_.push_back(std::move(each));
    remote_candidates_.follow(model_, base(), events_);
    for (auto& each : news.ended) events_.push_back(std::move(each));
    if (before.state != model_.state) {
        log_.debug("signaling state {} -> {}", to_string(before.state), to_string(model_.state));
        events_.push_back(signaling_state_changed{model_.state});
    }
    for (auto& each : news.tracks) events_.push_back(std::move(each));
}

} // namespace cortc::jsep
