#pragma once

#include "cortc/jsep/build.hpp"
#include "cortc/jsep/validate.hpp"

#include <algorithm>
#include <array>

namespace cortc::jsep {

namespace detail {

CORTC_DECL std::string random_ice_chars(random_source& random, std::size_t size) {
    constexpr std::string_view ice_chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text(size, ' ');
    random.fill(std::as_writable_bytes(std::span(text.data(), text.size())));
    for (auto& c : text) c = ice_chars[static_cast<unsigned char>(c) % ice_chars.size()];
    return text;
}

/// Everything above the first m= line (RFC 9429 5.2.1).
CORTC_DECL sdp::session_description empty_description(const build_settings& settings) {
    sdp::session_description content;
    content.origin.session_id = settings.session_id;
    content.origin.session_version = settings.session_version;
    content.transport.ice_options = {"trickle", "ice2"};
    content.ice_lite = settings.ice_lite;
    return content;
}

CORTC_DECL sdp::media_description rejected_media(const section& from) {
    sdp::media_description media;
    media.media = from.media;
    media.port = 0;
    media.protocol = from.protocol;
    media.formats = {
        from.formats.empty() ? "0" : from.formats.front()}; // RFC 3264 6: one at least, its value is ignored
    media.connections = {sdp::connection{}};
    if (from.mid_given) media.mid = from.mid;
    if (media.is_rtp()) media.direction = sdp::direction::inactive;
    return media;
}

CORTC_DECL void write_transport(sdp::media_description& media, const transport_lines& lines,
                                const build_settings& settings) {
    media.transport.ice_ufrag = lines.ice.ufrag;
    media.transport.ice_pwd = lines.ice.pwd;
    media.transport.fingerprints = settings.fingerprints;
    media.transport.setup = lines.setup;
}

/// A section for data channels, in the form of RFC 8841 or in the older one that the peer began with.
CORTC_DECL sdp::media_description data_media(const section& from, const transport_lines& lines,
                                             const build_settings& settings) {
    sdp::media_description media;
    media.media = from.media;
    media.protocol = from.protocol;
    media.connections = {sdp::connection{}};
    write_transport(media, lines, settings);
    if (from.mid_given) media.mid = from.mid;
    if (from.protocol == "DTLS/SCTP") {
        media.formats = {std::to_string(settings.sctp_port)};
        media.sctpmap = sdp::sctpmap{settings.sctp_port, "webrtc-datachannel", 65535};
    } else {
        media.formats = {"webrtc-datachannel"};
        media.sctp_port = settings.sctp_port;
    }
    media.max_message_size = settings.max_message_size;
    return media;
}

CORTC_DECL section new_data_section(std::string mid) {
    section added;
    added.mid = std::move(mid);
    added.media = "application";
    added.protocol = "UDP/DTLS/SCTP";
    return added;
}

/// RFC 9143 7.4: the sections of one transport are one group, which the tagged one leads; `order` is that of
/// the transports by their first section.
CORTC_DECL void offer_bundle(sdp::session_description& offer, const std::vector<transport_id>& order,
                             const std::vector<std::optional<transport_id>>& shared, const model& now) {
    for (auto id : order) {
        sdp::group bundle{"BUNDLE", {}};
        const auto* known = now.find(id);
        auto add = [&](std::size_t i) {
            if (i < shared.size() && shared[i] == id) bundle.mids.push_back(*offer.media[i].mid);
        };
        auto tag = known ? known->section : shared.size();
        add(tag);
        for (std::size_t i = 0; i < shared.size(); ++i)
            if (i != tag) add(i);
        offer.groups.push_back(std::move(bundle));
    }
}

/// RFC 9143 7.3: the answer's groups are the offered ones without the sections that it rejects.
CORTC_DECL void answer_bundle(sdp::session_description& answer, const sdp::session_description& offer) {
    for (const auto& offered : offer.groups) {
        if (offered.semantics != "BUNDLE") continue;
        sdp::group bundle{"BUNDLE", {}};
        for (const auto& mid : offered.mids) {
            auto index = offer.find_mid(mid);
            if (index && answer.media[*index].port != 0) bundle.mids.push_back(mid);
        }
        if (!bundle.mids.empty()) answer.groups.push_back(std::move(bundle));
    }
}

/// RFC 8842 5.3: the roles stay once negotiated; a free choice makes us the client, which saves a round trip.
CORTC_DECL sdp::setup_role answered_setup(const transport_state& transport, sdp::setup_role offered) {
    auto client = transport.role ? *transport.role == dtls_role::client : offered != sdp::setup_role::active;
    return client ? sdp::setup_role::active : sdp::setup_role::passive;
}

/// RFC 8839 4.4.1.1: an answer to a restart has new credentials, any other keeps those in use.
CORTC_DECL ice_credentials answered_credentials(const transport_state& transport,
                                                const sdp::transport_attributes& offered,
                                                std::string_view ufrag_prefix, random_source& random) {
    auto keeps = transport.remote && !transport.local.ufrag.empty() &&
                 transport.remote->credentials == ice_credentials{*offered.ice_ufrag, *offered.ice_pwd};
    return keeps ? transport.local : make_credentials(random, ufrag_prefix);
}

} // namespace detail

CORTC_DECL ice_credentials make_credentials(random_source& random, std::string_view ufrag_prefix) {
    auto ufrag = std::string(ufrag_prefix) + detail::random_ice_chars(random, 8);
    return {std::move(ufrag), detail::random_ice_chars(random, 24)};
}

namespace detail {

/// Puts an offer together section by section.
class offer_builder {
  public:
    offer_builder(const model& now, const offer_plan& plan, const build_settings& settings,
                  random_source& random)
        : now_(now)
        , plan_(plan)
        , settings_(settings)
        , random_(random)
        , needs_data_(plan.data_wanted && !now.data_section())
        , offer_(empty_description(settings)) {}

    sdp::session_description run();

  private:
    void add(section each, std::size_t index);
    void add_data();
    void push(sdp::media_description media, std::optional<transport_id> transport);
    [[nodiscard]] bool is_over(const section& each, std::size_t index) const;
    const ice_credentials& credentials(transport_id transport);

    const model& now_;
    const offer_plan& plan_;
    const build_settings& settings_;
    random_source& random_;
    bool needs_data_;
    sdp::session_description offer_;
    std::vector<std::optional<transport_id>> shared_; // by section
    std::vector<transport_id> order_;
    std::vector<ice_credentials> credentials_; // of each in order_
};

CORTC_DECL const ice_credentials& offer_builder::credentials(transport_id transport) {
    auto found = std::find(order_.begin(), order_.end(), transport);
    if (found != order_.end()) return credentials_[static_cast<std::size_t>(found - order_.begin())];
    order_.push_back(transport);
    const auto* known = now_.find(transport);
    auto replaced =
        plan_.restart || !known || known->local.ufrag.empty() ||
        std::find(plan_.replace.begin(), plan_.replace.end(), known->local) != plan_.replace.end();
    credentials_.push_back(replaced ? make_credentials(random_, settings_.ufrag_prefix) : known->local);
    return credentials_.back();
}

CORTC_DECL void offer_builder::push(sdp::media_description media, std::optional<transport_id> transport) {
    offer_.media.push_back(std::move(media));
    shared_.push_back(transport);
}

/// RFC 9429 5.2.2: rejected, or its transceiver stops.
CORTC_DECL bool offer_builder::is_over(const section& each, std::size_t index) const {
    const auto* which = now_.transceiver_of(index);
    return each.rejected() || (which && (which->ended() || !which->negotiated));
}

CORTC_DECL void offer_builder::add_data() {
    needs_data_ = false;
    // The first transport that goes on, or, under an id that no transport has, a new one.
    auto transport = transport_id(0);
    for (std::size_t i = now_.sections.size(); i-- > 0;)
        if (!is_over(now_.sections[i], i)) transport = *now_.sections[i].transport;
    auto added = new_data_section(std::to_string(now_.unused_mid()));
    push(data_media(added, {credentials(transport), sdp::setup_role::actpass}, settings_), transport);
}

CORTC_DECL void offer_builder::add(section each, std::size_t index) {
    each.mid_given = true; // RFC 9429 5.2.1: in our offers every section has one
    if (is_over(each, index)) {
        // RFC 9429 5.2.2: a rejected section is used again, under a new mid, before one is added.
        if (needs_data_ && each.rejected()) return add_data();
        return push(rejected_media(each), std::nullopt);
    }
    // RFC 8842 5.5: actpass in every offer; after the first answer it keeps the roles.
    const transport_lines lines{credentials(*each.transport), sdp::setup_role::actpass};
    const auto* which = now_.transceiver_of(index);
    push(which ? media_offer(each, *which, lines, settings_) : data_media(each, lines, settings_),
         each.transport);
}

CORTC_DECL sdp::session_description offer_builder::run() {
    offer_.extmap_allow_mixed = !now_.transceivers.empty();
    for (std::size_t i = 0; i < now_.sections.size(); ++i) add(now_.sections[i], i);
    if (needs_data_) add_data();
    offer_bundle(offer_, order_, shared_, now_);
    return std::move(offer_);
}

} // namespace detail

CORTC_DECL sdp::session_description build_offer(const model& now, const offer_plan& plan,
                                                const build_settings& settings, random_source& random) {
    return detail::offer_builder(now, plan, settings, random).run();
}

CORTC_DECL sdp::session_description build_answer(const model& now, const build_settings& settings,
                                                 random_source& random) {
    const auto& offer = *now.pending_remote->content;
    const bundle_layout layout(offer);
    auto answer = detail::empty_description(settings);
    answer.extmap_allow_mixed = offer.extmap_allow_mixed;
    std::vector<transport_lines> lines; // of each transport
    for (const auto& transport : now.transports) {
        auto offered = transport_of(offer, layout, transport.section);
        auto& made = lines.emplace_back();
        auto used = now.sections[transport.section].transport == transport.id;
        if (!used) continue; // the offer ends it
        made.ice = detail::answered_credentials(transport, offered, settings.ufrag_prefix, random);
        made.setup = detail::answered_setup(transport, *offered.setup);
    }
    for (std::size_t i = 0; i < offer.media.size(); ++i) {
        const auto& each = now.sections[i];
        if (each.rejected()) {
            answer.media.push_back(detail::rejected_media(each));
            continue;
        }
        const auto& own = lines[static_cast<std::size_t>(now.find(*each.transport) - now.transports.data())];
        const auto* which = now.transceiver_of(i);
        answer.media.push_back(which ? media_answer(each, *which, offer, i, own, settings)
                                     : detail::data_media(each, own, settings));
    }
    detail::answer_bundle(answer, offer);
    return answer;
}

} // namespace cortc::jsep
