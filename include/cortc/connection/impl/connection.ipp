#pragma once

#include "cortc/connection/configuration.hpp"
#include "cortc/connection/connection.hpp"
#include "cortc/crypto/dtls_session.hpp"

#include <algorithm>
#include <utility>

namespace cortc {

namespace detail {

CORTC_DECL jsep::bundle_policy to_jsep(BundlePolicy policy) noexcept {
    switch (policy) {
    case BundlePolicy::balanced:
        return jsep::bundle_policy::balanced;
    case BundlePolicy::max_compat:
        return jsep::bundle_policy::max_compat;
    case BundlePolicy::max_bundle:
        return jsep::bundle_policy::max_bundle;
    }
    return jsep::bundle_policy::balanced;
}

CORTC_DECL jsep::session_options session_options(const context_core& core,
                                                 const Configuration& configuration) {
    jsep::session_options options;
    options.bundle = to_jsep(configuration.bundlePolicy);
    options.max_message_size = core.options().limits.max_message_size;
    options.max_remote_candidates = core.options().limits.remote_candidates;
    if (!crypto::dtls_srtp_available()) options.media = nullptr; // offered audio and video are rejected
    return options;
}

} // namespace detail

// webrtc-pc 4.4.1.1. What it throws comes before anything has been started.
CORTC_DECL connection::connection(std::shared_ptr<context_core> core, Configuration configuration)
    : core_(std::move(core))
    , log_(core_->log("connection"))
    , configuration_(std::move(configuration))
    , session_(core_->network().random(), core_->log("jsep"), detail::session_options(*core_, configuration_))
    , incoming_channels_(core_->options().limits.unread_channels) {
    detail::check_types(configuration_);
    if (const auto why = crypto::dtls_headers_mismatch(); !why.empty())
        throw Error(errc::not_supported, fmt::format("PeerConnection: {}; compile both the same way", why));
    check_certificates();
    gather_settings_ =
        std::make_shared<const ice::gather_settings>(detail::read_gather_settings(configuration_));
    our_identity_ = std::make_shared<authenticating_party>(core_, identity_report_);
    their_identity_ = std::make_shared<relying_party>(core_, identity_report_, configuration_.peerIdentity);
    if (!configuration_.certificates.empty()) use_certificate(configuration_.certificates.front().inner());
}

CORTC_DECL connection::~connection() = default;

// ---- transports

CORTC_DECL void connection::add_transport(jsep::transport_id id, const std::string& mid) {
    auto made = std::make_shared<transport>(core_, static_cast<transport_observer&>(*this));
    if (auto role = session_.controlling())
        made->set_role(*role ? ice::role::controlling : ice::role::controlled);
    made->start();
    auto& entry = transports_[id] = transport_entry{std::move(made), mid, {}, {}};
    entry.view = std::make_shared<transport_impl>(core_, shared_from_this(), id);
}

CORTC_DECL void connection::remove_transport(jsep::transport_id id) {
    auto at = transports_.find(id);
    if (at == transports_.end()) return;
    auto gone = at->second.where;
    at->second.view->end();
    transports_.erase(at);
    end_transport(gone);
    if (sctp_transport_ ==
        gone) { // the data section ended: its channels with it, and a later one starts afresh
        sctp_transport_ = nullptr;
        touch_sctp();
        past_channels_.channels_opened += sctp_->stats().channels_opened;
        past_channels_.channels_closed += sctp_->stats().channels_opened;
        sctp_.reset();
    }
}

CORTC_DECL void connection::end_transport(const std::shared_ptr<transport>& which) {
    ++ending_;
    which->close(shared_from_this());
}

CORTC_DECL void connection::on_transport_ended(transport&) {
    --ending_;
    if (closed_ && ending_ == 0) over_.succeed_all();
}

CORTC_DECL std::map<jsep::transport_id, connection::transport_entry>::iterator
connection::find(const transport& which) {
    return std::find_if(transports_.begin(), transports_.end(),
                        [&](const auto& each) { return each.second.where.get() == &which; });
}

// ---- the end

// webrtc-pc 4.4.1.6 "close the connection", in its order.
CORTC_DECL void connection::close() {
    if (std::exchange(closed_, true)) return;
    auto self = shared_from_this();
    const auto why = make_error(errc::aborted, "the connection was closed");
    session_.close();
    chain_.close();
    for (auto& [id, operation] : std::exchange(chained_, {})) operation.fail(why);
    close_identity(why);
    if (sctp_view_) sctp_view_->end();
    for (auto& [id, entry] : transports_) entry.view->end();
    for (auto& [id, entry] : std::exchange(transports_, {})) end_transport(entry.where);
    sctp_transport_ = nullptr;
    for (auto& [id, each] : std::exchange(channels_, {})) each->on_closed(why);
    channel_errors_.clear();
    end_media(why);
    update_states();
    gathered_.fail_all(why);
    gathering_changed_.fail_all(why);
    restarted_.fail_all(why);
    pair_changed_.fail_all(why);
    signaling_changed_.succeed_all(SignalingState::closed);
    negotiation_events_.clear(); // nothing is needed any more
    negotiation_events_.end(why);
    local_candidates_.end(why);
    incoming_channels_.end(why);
    track_events_.end(why);
    if (ending_ == 0) over_.succeed_all();
}

CORTC_DECL void connection::closed(waiter_ptr<void> operation) {
    if (closed_ && ending_ == 0)
        operation->succeed();
    else
        over_.add(std::move(operation));
}

} // namespace cortc
