#pragma once

#include "cortc/jsep/build.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace cortc::jsep {

namespace detail {

sdp::session_description empty_description(const build_settings& settings);
sdp::media_description rejected_media(const section& from);
sdp::media_description data_media(const section& from, const build_settings& settings);
void write_transport(sdp::media_description& media, const transport_lines& lines,
                     const build_settings& settings);

/// What stands in one place of an offer.
struct offered_section {
    section from;
    const transceiver* which = nullptr; // of an audio or video section
    bool rejected = false;
    bool established = false;  // its transport was negotiated
    std::size_t transport = 0; // index of the section that brings it; its own index: itself
    std::size_t group = 0;     // in the order of the first member
};

/// Puts an offer together: first which section stands where, then who shares a transport, then the lines.
class offer_builder {
  public:
    offer_builder(const model& base, const model& now, const offer_plan& plan, const build_settings& settings,
                  const number_history& numbers, random_source& random)
        : base_(base)
        , now_(now)
        , plan_(plan)
        , settings_(settings)
        , history_(numbers)
        , random_(random)
        , data_missing_(plan.data_wanted && !now.data_section()) {
        for (const auto& each : now.transceivers)
            if (!each.section && !each.ended()) unplaced_.push_back(&each);
    }

    built_offer run();

  private:
    void place();
    void place_old(std::size_t index);
    [[nodiscard]] bool place_new();
    [[nodiscard]] bool is_over(std::size_t index) const;
    [[nodiscard]] bool is_free(std::size_t index) const;
    void share_transports();
    [[nodiscard]] std::size_t bundle_to_join() const;
    [[nodiscard]] bool brings_transport(std::size_t index, std::size_t first) const;
    void group_sections();
    [[nodiscard]] std::vector<group_numbers> numbers() const;
    void number_extensions(std::vector<group_numbers>& numbers) const;
    void write_media(built_offer& offer);
    [[nodiscard]] const transport_state* known_transport(std::size_t index) const;
    [[nodiscard]] std::optional<ice_credentials> kept_credentials(std::size_t index) const;
    [[nodiscard]] std::vector<transport_lines> lines();
    [[nodiscard]] bool is_bundle_only(std::size_t index) const;
    void write_transports(built_offer& offer);
    void tag(built_offer& offer) const;
    void write_groups(sdp::session_description& offer) const;

    const model& base_;
    const model& now_;
    const offer_plan& plan_;
    const build_settings& settings_;
    const number_history& history_;
    random_source& random_;
    bool data_missing_;
    std::vector<const transceiver*> unplaced_; // what is left of them
    std::size_t next_mid_ = 0;
    std::vector<offered_section> sections_;
    std::size_t groups_ = 0;
};

/// RFC 9429 5.2.2: rejected, or its transceiver stops.
CORTC_DECL bool offer_builder::is_over(std::size_t index) const {
    const auto& each = now_.sections[index];
    const auto* which = now_.transceiver_of(index);
    return each.rejected() || (each.media != "application" && (!which || which->ended()));
}

/// RFC 9429 5.2.2: what is rejected in a current description is used again before a section is added.
CORTC_DECL bool offer_builder::is_free(std::size_t index) const {
    const auto* which = now_.transceiver_of(index);
    return index < base_.sections.size() && base_.sections[index].rejected() &&
           now_.sections[index].rejected() && !(which && !which->stopped);
}

/// The next of what has no section yet.
CORTC_DECL bool offer_builder::place_new() {
    offered_section made;
    if (!unplaced_.empty()) {
        made.which = unplaced_.front();
        unplaced_.erase(unplaced_.begin());
        made.from.media = made.which->kind == media_kind::audio ? "audio" : "video";
        made.from.protocol = "UDP/TLS/RTP/SAVPF";
    } else if (std::exchange(data_missing_, false)) {
        made.from.media = "application";
        made.from.protocol = "UDP/DTLS/SCTP";
    } else {
        return false;
    }
    next_mid_ = now_.unused_mid(nullptr, next_mid_);
    made.from.mid = std::to_string(next_mid_++);
    sections_.push_back(std::move(made));
    return true;
}

CORTC_DECL void offer_builder::place_old(std::size_t index) {
    offered_section made;
    made.from = now_.sections[index];
    made.from.mid_given = true; // RFC 9429 5.2.1: in our offers every section has one
    made.rejected = is_over(index);
    made.established =
        !made.rejected && index < base_.sections.size() && base_.sections[index].transport.has_value();
    if (!made.rejected) made.which = now_.transceiver_of(index);
    sections_.push_back(std::move(made));
}

CORTC_DECL void offer_builder::place() {
    next_mid_ = plan_.first_mid;
    for (std::size_t i = 0; i < now_.sections.size(); ++i)
        if (!is_free(i) || !place_new()) place_old(i);
    while (place_new()) continue;
}

/// The first section of a negotiated bundle, which new sections join.
CORTC_DECL std::size_t offer_builder::bundle_to_join() const {
    for (std::size_t i = 0; i < sections_.size(); ++i)
        if (!sections_[i].rejected && sections_[i].established && sections_[i].from.bundled) return i;
    return sections_.size();
}

/// RFC 9429 4.1.1; `first` is the first new section.
CORTC_DECL bool offer_builder::brings_transport(std::size_t index, std::size_t first) const {
    if (settings_.bundle == bundle_policy::max_compat || index == first) return true;
    if (settings_.bundle == bundle_policy::max_bundle) return false;
    for (auto i = first; i < index; ++i)
        if (!sections_[i].rejected && !sections_[i].established &&
            sections_[i].from.media == sections_[index].from.media)
            return false;
    return true;
}

CORTC_DECL void offer_builder::share_transports() {
    const auto bundle = bundle_to_join();
    std::map<transport_id, std::size_t> first_of;
    auto first_new = sections_.size();
    for (std::size_t i = 0; i < sections_.size(); ++i) {
        auto& each = sections_[i];
        if (each.rejected) continue;
        if (each.established) {
            each.transport = first_of.emplace(*each.from.transport, i).first->second;
        } else if (bundle != sections_.size()) {
            each.transport = bundle;
        } else {
            first_new = std::min(first_new, i);
            each.transport = brings_transport(i, first_new) ? i : first_new;
        }
    }
}

/// What is negotiated is grouped by its transport; what is new is one group.
CORTC_DECL void offer_builder::group_sections() {
    std::map<std::size_t, std::size_t> of_transport;
    const auto bundle = bundle_to_join();
    for (auto& each : sections_) {
        if (each.rejected) continue;
        auto key = each.established || bundle != sections_.size() ? each.transport : sections_.size();
        each.group = of_transport.emplace(key, of_transport.size()).first->second;
    }
    groups_ = of_transport.size();
}

CORTC_DECL std::vector<group_numbers> offer_builder::numbers() const {
    const auto* remote = now_.current_remote ? now_.current_remote->content.get() : nullptr;
    std::vector<group_numbers> all(groups_, group_numbers(history_, remote));
    for (const auto& each : sections_)
        if (!each.rejected && each.which && each.which->negotiated)
            all[each.group].take(*each.which->negotiated);
    number_extensions(all);
    return all;
}

/// The most wanted of every section come first, whichever section that is: ids may be few.
CORTC_DECL void offer_builder::number_extensions(std::vector<group_numbers>& numbers) const {
    if (!settings_.media) return;
    const auto& media = *settings_.media;
    const auto longest = std::max(media.audio_extensions.size(), media.video_extensions.size());
    for (std::size_t rank = 0; rank < longest; ++rank)
        for (const auto& each : sections_) {
            if (each.rejected || !each.which) continue;
            const auto& wanted = media.extensions(each.which->kind);
            if (rank < wanted.size()) (void)numbers[each.group].extension_id(wanted[rank]);
        }
}

/// What no codec is left for is rejected after all.
CORTC_DECL void offer_builder::write_media(built_offer& offer) {
    auto numbers_of = numbers();
    for (auto& each : sections_) {
        sdp::media_description media;
        if (!each.rejected)
            media = each.which ? media_offer(each.from, *each.which, settings_, numbers_of[each.group])
                               : data_media(each.from, settings_);
        each.rejected = each.rejected || (each.which && media.codecs.empty());
        if (each.rejected) media = rejected_media(each.from);
        offer.content.media.push_back(std::move(media));
        offer.places.owners.emplace_back();
        if (each.which) offer.places.owners.back() = each.which->id;
    }
}

/// The transport that a section brings, if there is one already.
CORTC_DECL const transport_state* offer_builder::known_transport(std::size_t index) const {
    const auto& each = sections_[index];
    const auto* known = each.from.transport ? now_.find(*each.from.transport) : nullptr;
    // One that a pending offer gave to another section stays there.
    return known && (each.established || known->section == index) ? known : nullptr;
}

/// Those of a transport that goes on, unless they are to be replaced.
CORTC_DECL std::optional<ice_credentials> offer_builder::kept_credentials(std::size_t index) const {
    const auto* known = known_transport(index);
    if (!known || plan_.restart || known->local.ufrag.empty() ||
        std::find(plan_.replace.begin(), plan_.replace.end(), known->local) != plan_.replace.end())
        return {};
    return known->local;
}

/// For the sections that bring a transport. All that are new have the same credentials.
CORTC_DECL std::vector<transport_lines> offer_builder::lines() {
    std::vector<transport_lines> all(sections_.size());
    std::optional<ice_credentials> of_new;
    const auto brings = [&](std::size_t i) { return !sections_[i].rejected && sections_[i].transport == i; };
    for (std::size_t i = 0; i < all.size(); ++i)
        if (brings(i) && !sections_[i].established && !of_new) of_new = kept_credentials(i);
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!brings(i)) continue;
        auto kept = sections_[i].established ? kept_credentials(i) : of_new;
        all[i].ice = kept ? *kept : make_credentials(random_, settings_.ufrag_prefix);
        if (!sections_[i].established) of_new = all[i].ice;
    }
    return all;
}

CORTC_DECL bool offer_builder::is_bundle_only(std::size_t index) const {
    const auto& each = sections_[index];
    return !each.established && each.transport != index && !sections_[each.transport].established;
}

CORTC_DECL void offer_builder::write_transports(built_offer& offer) {
    const auto all = lines();
    for (std::size_t i = 0; i < sections_.size(); ++i) {
        const auto& each = sections_[i];
        auto& media = offer.content.media[i];
        if (each.rejected) continue;
        write_transport(media, all[each.transport], settings_);
        if (is_bundle_only(i)) { // RFC 9143 6
            media.port = 0;
            media.bundle_only = true;
        } else if (each.which && !each.which->negotiated) {
            media.rtcp = sdp::rtcp_port{9, sdp::connection{}};
            media.rtcp_mux_only = settings_.rtcp_mux == rtcp_mux_policy::require;
        }
    }
}

/// Which section stands for each transport: the one that did, else the first that has it.
CORTC_DECL void offer_builder::tag(built_offer& offer) const {
    std::map<std::size_t, std::size_t> tag_of; // by the section that brings it
    const auto use = [&](std::size_t i) { tag_of.emplace(sections_[i].transport, i); };
    for (std::size_t i = 0; i < sections_.size(); ++i) {
        if (sections_[i].rejected || !sections_[i].established) continue;
        const auto before = now_.find(*sections_[i].from.transport)->section;
        if (before < sections_.size() && !sections_[before].rejected &&
            sections_[before].transport == sections_[i].transport)
            use(before);
    }
    auto& tags = offer.places.tags;
    tags.assign(sections_.size(), bundle_layout::none);
    offer.bearers.resize(sections_.size());
    for (std::size_t i = 0; i < sections_.size(); ++i) {
        if (sections_[i].rejected) continue;
        use(i);
        tags[i] = tag_of[sections_[i].transport];
        if (tags[i] != i) continue;
        if (const auto* known = known_transport(sections_[i].transport)) offer.bearers[i] = known->id;
    }
}

/// RFC 9143 7.2, 7.4: the section that stands for a negotiated transport leads its group.
CORTC_DECL void offer_builder::write_groups(sdp::session_description& offer) const {
    for (std::size_t group = 0; group < groups_; ++group) {
        sdp::group bundle{"BUNDLE", {}};
        auto tag = sections_.size();
        for (std::size_t i = 0; i < sections_.size() && tag == sections_.size(); ++i)
            if (!sections_[i].rejected && sections_[i].group == group && sections_[i].established)
                tag = now_.find(*sections_[i].from.transport)->section;
        auto add = [&](std::size_t i) {
            if (!sections_[i].rejected && sections_[i].group == group)
                bundle.mids.push_back(sections_[i].from.mid);
        };
        if (tag < sections_.size()) add(tag);
        for (std::size_t i = 0; i < sections_.size(); ++i)
            if (i != tag) add(i);
        if (!bundle.mids.empty()) offer.groups.push_back(std::move(bundle));
    }
}

CORTC_DECL built_offer offer_builder::run() {
    built_offer offer;
    offer.content = empty_description(settings_);
    place();
    share_transports();
    group_sections();
    offer.content.extmap_allow_mixed =
        std::any_of(sections_.begin(), sections_.end(), [](const auto& each) { return each.which; });
    write_media(offer);
    share_transports(); // again, without what is rejected after all
    tag(offer);
    write_transports(offer);
    write_groups(offer.content);
    return offer;
}

} // namespace detail

CORTC_DECL built_offer build_offer(const model& base, const model& now, const offer_plan& plan,
                                   const build_settings& settings, const number_history& numbers,
                                   random_source& random) {
    return detail::offer_builder(base, now, plan, settings, numbers, random).run();
}

} // namespace cortc::jsep
