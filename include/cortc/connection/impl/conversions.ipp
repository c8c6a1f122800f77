#pragma once

#include "cortc/connection/conversions.hpp"
#include "cortc/error.hpp"

#include <fmt/format.h>

#include <utility>

namespace cortc::detail {

CORTC_DECL std::exception_ptr to_exception(const jsep::error& error) {
    auto code = errc::operation;
    switch (error.kind) {
    case jsep::error_kind::invalid_state:
        code = errc::invalid_state;
        break;
    case jsep::error_kind::invalid_access:
        code = errc::invalid_access;
        break;
    case jsep::error_kind::invalid_modification:
        code = errc::invalid_modification;
        break;
    case jsep::error_kind::operation:
        code = errc::operation;
        break;
    case jsep::error_kind::type:
        code = errc::type;
        break;
    case jsep::error_kind::range:
        code = errc::range;
        break;
    case jsep::error_kind::not_supported:
        code = errc::not_supported;
        break;
    }
    Error made(code, error.message,
               error.detail == "sdp-syntax-error" ? error_detail::sdp_syntax_error : error_detail::none);
    if (error.line) made.sdp_line_number(static_cast<int>(*error.line));
    return std::make_exception_ptr(std::move(made));
}

CORTC_DECL jsep::sdp_type to_jsep(SdpType type) noexcept {
    switch (type) {
    case SdpType::offer:
        return jsep::sdp_type::offer;
    case SdpType::pranswer:
        return jsep::sdp_type::pranswer;
    case SdpType::answer:
        return jsep::sdp_type::answer;
    case SdpType::rollback:
        return jsep::sdp_type::rollback;
    }
    return jsep::sdp_type::offer;
}

CORTC_DECL SessionDescription from_jsep(jsep::description&& description) {
    auto type = SdpType::offer;
    switch (description.type) {
    case jsep::sdp_type::offer:
        type = SdpType::offer;
        break;
    case jsep::sdp_type::pranswer:
        type = SdpType::pranswer;
        break;
    case jsep::sdp_type::answer:
        type = SdpType::answer;
        break;
    case jsep::sdp_type::rollback:
        type = SdpType::rollback;
        break;
    }
    return {type, std::move(description.sdp)};
}

CORTC_DECL void refuse(std::string_view where, const jsep::error& why) {
    auto said = why;
    said.message = fmt::format("{}: {}", where, why.message);
    std::rethrow_exception(to_exception(said));
}

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

CORTC_DECL SignalingState to_w3c(jsep::signaling_state state) noexcept {
    switch (state) {
    case jsep::signaling_state::stable:
        return SignalingState::stable;
    case jsep::signaling_state::have_local_offer:
        return SignalingState::have_local_offer;
    case jsep::signaling_state::have_remote_offer:
        return SignalingState::have_remote_offer;
    case jsep::signaling_state::have_local_pranswer:
        return SignalingState::have_local_pranswer;
    case jsep::signaling_state::have_remote_pranswer:
        return SignalingState::have_remote_pranswer;
    case jsep::signaling_state::closed:
        return SignalingState::closed;
    }
    return SignalingState::closed;
}

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

} // namespace cortc::detail
