#pragma once

#include "cortc/certificate.hpp"
#include "cortc/connection/configuration.hpp"
#include "cortc/connection/connection.hpp"

#include <utility>

namespace cortc {

namespace detail {

CORTC_DECL std::vector<sdp::fingerprint> sdp_fingerprints(const crypto::certificate& of) {
    std::vector<sdp::fingerprint> fingerprints;
    for (auto& each : of.promised_fingerprints())
        fingerprints.push_back({std::string(to_string(each.algorithm)), std::move(each.value)});
    return fingerprints;
}

} // namespace detail

// webrtc-pc 4.4.2 setConfiguration. Every throw comes before every write.
CORTC_DECL void connection::set_configuration(Configuration next) {
    if (closed_) throw Error(errc::invalid_state, "setConfiguration: the connection is closed");
    detail::check_types(next);
    detail::check_modification(configuration_, next, their_identity_->target(), local_description_asked_);
    auto settings = std::make_shared<const ice::gather_settings>(detail::read_gather_settings(next));
    gather_settings_ = std::move(settings);
    configuration_ = std::move(next);
}

// webrtc-pc 4.4.1.1: of the constructor.
CORTC_DECL void connection::check_certificates() const {
    const auto now = core_->network().calendar();
    for (std::size_t i = 0; i < configuration_.certificates.size(); ++i)
        if (configuration_.certificates[i].expires() < now)
            throw Error(
                errc::invalid_access,
                fmt::format("certificates[{}] has expired; make another with generateCertificate", i));
}

CORTC_DECL void connection::use_certificate(std::shared_ptr<const crypto::certificate> certificate) {
    certificate_ = std::move(certificate);
    session_.set_fingerprints(detail::sdp_fingerprints(*certificate_));
}

} // namespace cortc
