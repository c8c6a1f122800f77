#pragma once

#include "cortc/jsep/session.hpp"

#include <algorithm>

namespace cortc::jsep {

namespace detail {

transport_bearers bearers(const model& next, const section_tags& tags);

} // namespace detail

CORTC_DECL session::session(random_source& random, logger log, session_options options)
    : random_(random)
    , log_(log)
    , options_(std::move(options))
    , session_id_(random.u64() >> 1) // RFC 9429 5.2.1: below 2^63
    , cname_(detail::make_uuid(random))
    , remote_candidates_(log, options_.max_remote_candidates) {
    ids_.default_stream = detail::make_uuid(random);
}

CORTC_DECL void session::set_fingerprints(std::vector<sdp::fingerprint> fingerprints) {
    fingerprints_ = std::move(fingerprints);
    ++revision_;
}

CORTC_DECL std::optional<error> session::cannot_create() const {
    if (!fingerprints_.empty()) return {};
    return error{error_kind::operation,
                 "there is no certificate fingerprint yet; set_fingerprints() comes first",
                 {},
                 {}};
}

CORTC_DECL build_settings session::next_settings() {
    build_settings settings;
    settings.fingerprints = fingerprints_;
    settings.session_id = session_id_;
    settings.session_version = ++session_version_; // RFC 9429 5.2.2 lets every call count
    settings.sctp_port = options_.sctp_port;
    settings.max_message_size = options_.max_message_size;
    settings.ice_lite = options_.ice_lite;
    settings.ice_options = options_.ice_options;
    settings.ufrag_prefix = options_.ufrag_prefix;
    settings.media = options_.media;
    settings.bundle = options_.bundle;
    settings.rtcp_mux = options_.rtcp_mux;
    settings.identity = identity_;
    return settings;
}

CORTC_DECL session::created session::make(sdp::session_description content, transport_bearers bearers) {
    created made;
    made.content = std::make_shared<const sdp::session_description>(std::move(content));
    made.text = print_local(*made.content, bearers, gathered_);
    made.revision = revision_;
    made.remote_offer = remote_offer_;
    return made;
}

CORTC_DECL outcome<description> session::create_offer(offer_options options) {
    if (state() != signaling_state::stable && state() != signaling_state::have_local_offer)
        return error{
            error_kind::invalid_state,
            fmt::format("createOffer in the signaling state {}; stable or have-local-offer would be right",
                        to_string(state())),
            {},
            {}};
    if (auto missing = cannot_create()) return *missing;
    offer_plan plan;
    plan.data_wanted = data_wanted_;
    plan.restart = options.ice_restart || needs_ice_restart_;
    plan.replace = to_replace_;
    plan.first_mid = first_mid_;
    auto built = build_offer(base(), model_, plan, next_settings(), numbers_, random_);
    last_offer_ = make(std::move(built.content), std::move(built.bearers));
    last_offer_->places = std::move(built.places);
    return description{sdp_type::offer, last_offer_->text};
}

CORTC_DECL outcome<description> session::create_answer() {
    if (state() != signaling_state::have_remote_offer && state() != signaling_state::have_local_pranswer)
        return error{error_kind::invalid_state,
                     fmt::format("createAnswer in the signaling state {}; have-remote-offer or "
                                 "have-local-pranswer would be right",
                                 to_string(state())),
                     {},
                     {}};
    if (auto missing = cannot_create()) return *missing;
    auto content = build_answer(model_, next_settings(), random_);
    auto bearers = detail::bearers(model_, tags_of(content, bundle_layout(content)));
    last_answer_ = make(std::move(content), std::move(bearers));
    return description{sdp_type::answer, last_answer_->text};
}

CORTC_DECL void session::add_data_section() {
    if (data_wanted_) return;
    data_wanted_ = true;
    ++revision_;
}

CORTC_DECL void session::restart_ice() {
    to_replace_.clear();
    for (const auto* local : {&model_.current_local, &model_.pending_local}) {
        if (!*local) continue;
        for (const auto& media : (*local)->content->media) {
            if (!media.transport.ice_ufrag) continue;
            ice_credentials used{*media.transport.ice_ufrag, media.transport.ice_pwd.value_or("")};
            if (std::find(to_replace_.begin(), to_replace_.end(), used) == to_replace_.end())
                to_replace_.push_back(std::move(used));
        }
    }
    ++revision_;
}

CORTC_DECL void session::set_needs_ice_restart() {
    if (needs_ice_restart_ || !(model_.current_local || model_.pending_local)) return;
    needs_ice_restart_ = true;
    ++revision_;
}

CORTC_DECL bool session::negotiation_needed() const {
    const auto& stable = base();
    return !to_replace_.empty() || (data_wanted_ && !stable.data_section()) ||
           std::any_of(stable.transceivers.begin(), stable.transceivers.end(),
                       [&](const auto& each) { return transceiver_needs_negotiation(stable, each); });
}

CORTC_DECL bool session::update_negotiation_needed() {
    if (state() != signaling_state::stable) return false;
    if (!negotiation_needed()) {
        negotiation_needed_ = false;
        return false;
    }
    return !std::exchange(negotiation_needed_, true);
}

CORTC_DECL void session::close() {
    log_.debug("signaling state {} -> closed", to_string(state()));
    model_.state = signaling_state::closed;
    for (auto& each : model_.transceivers) stop_for_good(each);
    events_.clear();
}

CORTC_DECL signaling_state session::state() const noexcept { return model_.state; }

CORTC_DECL std::optional<description> session::text_of(const std::optional<applied>& of, bool local) const {
    if (!of) return {};
    return description{of->type,
                       local ? print_local(*of->content, of->bearers, gathered_) : print_remote(*of)};
}

CORTC_DECL std::optional<description> session::current_local_description() const {
    return text_of(model_.current_local, true);
}
CORTC_DECL std::optional<description> session::pending_local_description() const {
    return text_of(model_.pending_local, true);
}
CORTC_DECL std::optional<description> session::current_remote_description() const {
    return text_of(model_.current_remote, false);
}
CORTC_DECL std::optional<description> session::pending_remote_description() const {
    return text_of(model_.pending_remote, false);
}

CORTC_DECL std::optional<description> session::local_description() const {
    return model_.pending_local ? pending_local_description() : current_local_description();
}

CORTC_DECL std::optional<description> session::remote_description() const {
    return model_.pending_remote ? pending_remote_description() : current_remote_description();
}

CORTC_DECL std::optional<bool> session::can_trickle() const {
    const auto& remote = model_.pending_remote ? model_.pending_remote : model_.current_remote;
    if (!remote) return {};
    const auto& content = *remote->content;
    return content.transport.has_ice_option("trickle") ||
           std::any_of(content.media.begin(), content.media.end(),
                       [](const auto& media) { return media.transport.has_ice_option("trickle"); });
}

CORTC_DECL std::optional<bool> session::controlling() const noexcept { return model_.controlling; }

CORTC_DECL std::optional<session::section_place> session::place_of(transport_id transport) const {
    const auto* known = model_.find(transport);
    if (!known || model_.sections[known->section].transport != transport) return {};
    return section_place{model_.sections[known->section].mid, static_cast<std::uint16_t>(known->section)};
}

CORTC_DECL std::vector<std::size_t> session::sections_on(transport_id transport) const {
    std::vector<std::size_t> indexes;
    for (std::size_t i = 0; i < model_.sections.size(); ++i)
        if (model_.sections[i].transport == transport) indexes.push_back(i);
    return indexes;
}

CORTC_DECL std::optional<event> session::poll_event() {
    if (events_.empty()) return {};
    return events_.pop_front();
}

} // namespace cortc::jsep
