#pragma once

#include "cortc/connection/connection.hpp"
#include "cortc/sdp/parse.hpp"

#include <algorithm>
#include <utility>

// What the handles of transports show, and what they ask for.
namespace cortc {

namespace detail {

CORTC_DECL IceTransportState to_w3c(ice::transport_state state) noexcept {
    switch (state) {
    case ice::transport_state::fresh:
        return IceTransportState::new_;
    case ice::transport_state::checking:
        return IceTransportState::checking;
    case ice::transport_state::connected:
        return IceTransportState::connected;
    case ice::transport_state::completed:
        return IceTransportState::completed;
    case ice::transport_state::disconnected:
        return IceTransportState::disconnected;
    case ice::transport_state::failed:
        return IceTransportState::failed;
    case ice::transport_state::closed:
        return IceTransportState::closed;
    }
    return IceTransportState::closed;
}

CORTC_DECL DtlsTransportState to_w3c(dtls_transport_state state) noexcept {
    switch (state) {
    case dtls_transport_state::fresh:
        return DtlsTransportState::new_;
    case dtls_transport_state::connecting:
        return DtlsTransportState::connecting;
    case dtls_transport_state::connected:
        return DtlsTransportState::connected;
    case dtls_transport_state::closed:
        return DtlsTransportState::closed;
    case dtls_transport_state::failed:
        return DtlsTransportState::failed;
    }
    return DtlsTransportState::closed;
}

CORTC_DECL std::optional<sdp::session_description>
parsed(const std::optional<jsep::description>& description) {
    if (!description) return std::nullopt;
    auto read = sdp::parse(description->sdp);
    if (!read) return std::nullopt;
    return std::move(*read);
}

} // namespace detail

// ---- what changes

CORTC_DECL std::shared_ptr<transport_impl> connection::transport_view(jsep::transport_id id) const {
    auto at = transports_.find(id);
    return at == transports_.end() ? nullptr : at->second.view;
}

CORTC_DECL void connection::show_ice_state(const transport_entry& entry, ice::transport_state state) {
    if (!entry.where->agent().selected_pair()) entry.view->pair.set(std::nullopt); // it lost its consent
    entry.view->ice.set(detail::to_w3c(state));
}

CORTC_DECL void connection::show_dtls_state(const transport_entry& entry, dtls_transport_state state,
                                            const std::string& why) {
    if (state == dtls_transport_state::failed) {
        const auto mismatch = entry.where->dtls_failure() == crypto::dtls_failure::fingerprint_mismatch;
        entry.view->dtls_error.emplace(
            errc::operation, why, mismatch ? error_detail::fingerprint_failure : error_detail::dtls_failure);
    }
    entry.view->dtls.set(detail::to_w3c(state));
    // Without DTLS the association is over, or never begins (RFC 8261 6.1).
    if (sctp_view_ && sctp_view_->over == entry.view &&
        (state == dtls_transport_state::failed || state == dtls_transport_state::closed))
        sctp_view_->end();
}

CORTC_DECL void connection::show_gathering(const transport_entry& entry) {
    entry.view->gathering.set(!entry.gathering.empty()    ? IceGathererState::gathering
                              : entry.local_ufrag.empty() ? IceGathererState::new_
                                                          : IceGathererState::complete);
}

CORTC_DECL void connection::sync_media_transports() {
    for (const auto& each : transceivers_) {
        const auto where = session_.media_transport(each->id());
        each->transport(where ? transport_view(*where) : nullptr);
        if (!where) continue;
        if (auto at = transports_.find(*where); at != transports_.end()) at->second.where->expect_media();
    }
}

/// webrtc-pc 4.4.1.5 "set a description": the SctpTransport comes with the offer that describes one, and goes
/// with the answer that rejects it or the rollback that takes the offer back.
CORTC_DECL void connection::sync_sctp() {
    const auto where = session_.data_transport();
    const auto over = where ? transport_view(*where) : nullptr;
    if (!over) {
        if (sctp_view_) std::exchange(sctp_view_, nullptr)->end();
        return;
    }
    if (!sctp_view_) sctp_view_ = std::make_shared<sctp_impl>(over);
    sctp_view_->over = over;
    if (auto size = max_message_size()) sctp_view_->max_message_size = size;
}

CORTC_DECL void connection::show_sctp_connected() {
    if (!sctp_view_) return;
    sctp_view_->max_channels = max_channels();
    sctp_view_->state.set(SctpTransportState::connected);
}

// ---- what can be asked

CORTC_DECL std::optional<SelectedPair> connection::pair_of(jsep::transport_id id,
                                                           const transport_entry& entry) const {
    const auto& selected = entry.where->selected_pair();
    if (!selected) return std::nullopt;
    const auto place = session_.place_of(id);
    const auto mid = place ? place->mid : entry.mid;
    std::optional<std::uint16_t> index;
    if (place) index = place->mline_index;
    std::optional<std::string> remote_ufrag;
    if (auto ufrag = selected->remote.ufrag(); ufrag && !ufrag->empty()) remote_ufrag = *ufrag;
    return SelectedPair(
        IceCandidate(sdp::print_candidate(selected->local), mid, index, selected->local_ufrag),
        IceCandidate(sdp::print_candidate(selected->remote), mid, index, remote_ufrag));
}

/// The descriptions hold every candidate that was signaled.
CORTC_DECL std::vector<IceCandidate> connection::candidates(jsep::transport_id which, side of) const {
    const auto current =
        of == side::local ? session_.current_local_description() : session_.current_remote_description();
    const auto pending =
        of == side::local ? session_.pending_local_description() : session_.pending_remote_description();
    std::vector<IceCandidate> all;
    for (const auto* description : {&current, &pending}) {
        const auto read = detail::parsed(*description);
        if (!read) continue;
        for (auto index : session_.sections_on(which)) {
            if (index >= read->media.size()) continue;
            const auto& section = read->media[index];
            const auto ufrag = sdp::effective_transport(*read, section).ice_ufrag;
            for (const auto& each : section.candidates) {
                auto text = sdp::print_candidate(each);
                // The sections of a bundle may repeat one, and so may the pending description.
                if (std::any_of(all.begin(), all.end(), [&](const auto& known) {
                        return known.candidate == text && known.usernameFragment == ufrag;
                    }))
                    continue;
                all.emplace_back(std::move(text), section.mid, static_cast<std::uint16_t>(index), ufrag);
            }
        }
    }
    return all;
}

CORTC_DECL std::optional<IceParameters> connection::ice_parameters(jsep::transport_id which, side of) const {
    const auto read =
        detail::parsed(of == side::local ? session_.local_description() : session_.remote_description());
    const auto place = session_.place_of(which);
    if (!read || !place || place->mline_index >= read->media.size()) return std::nullopt;
    const auto found = sdp::effective_transport(*read, read->media[place->mline_index]);
    if (!found.ice_ufrag || !found.ice_pwd) return std::nullopt;
    return IceParameters(*found.ice_ufrag, *found.ice_pwd);
}

CORTC_DECL IceRole connection::ice_role(jsep::transport_id which) const {
    auto at = transports_.find(which);
    if (at == transports_.end() || !session_.controlling()) return IceRole::unknown;
    return at->second.where->agent().role() == ice::role::controlling ? IceRole::controlling
                                                                      : IceRole::controlled;
}

CORTC_DECL std::vector<bytes> connection::remote_certificates(jsep::transport_id which) const {
    auto at = transports_.find(which);
    const auto* dtls = at == transports_.end() ? nullptr : at->second.where->dtls();
    if (!dtls || dtls->busy() || dtls->state() == crypto::dtls_state::connecting) return {};
    const auto der = dtls->remote_certificate();
    if (der.empty()) return {};
    return {bytes(der.begin(), der.end())};
}

} // namespace cortc
