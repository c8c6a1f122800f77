#pragma once

#include "cortc/error.hpp"

namespace cortc {

namespace detail {

CORTC_DECL const char* dom_name(errc code) noexcept {
    switch (code) {
    case errc::closed:
    case errc::invalid_state:
        return "InvalidStateError";
    case errc::invalid_access:
        return "InvalidAccessError";
    case errc::invalid_modification:
        return "InvalidModificationError";
    case errc::syntax:
        return "SyntaxError";
    case errc::not_supported:
        return "NotSupportedError";
    case errc::not_readable:
        return "NotReadableError";
    case errc::operation:
        return "OperationError";
    case errc::type:
        return "TypeError";
    case errc::range:
        return "RangeError";
    case errc::network:
        return "NetworkError";
    case errc::unknown:
        return "UnknownError";
    case errc::aborted:
        return "AbortError";
    case errc::timed_out:
        return "TimeoutError";
    case errc::limit:
        return "QuotaExceededError";
    }
    return "UnknownError";
}

class webrtc_category final : public boost::system::error_category {
  public:
    const char* name() const noexcept override { return "cortc"; }
    std::string message(int value) const override { return dom_name(static_cast<errc>(value)); }
};

} // namespace detail

CORTC_DECL const boost::system::error_category& error_category() noexcept {
    static const detail::webrtc_category instance; // constant after construction
    return instance;
}

CORTC_DECL Error::Error(errc code, std::string message)
    : boost::system::system_error(make_error_code(code)), message_(std::move(message)) {}

CORTC_DECL Error::Error(errc code, std::string message, error_detail detail)
    : boost::system::system_error(make_error_code(code)), message_(std::move(message)), detail_(detail) {}

CORTC_DECL const char* Error::name() const noexcept {
    return detail::dom_name(static_cast<errc>(code().value()));
}

CORTC_DECL const char* Error::errorDetail() const noexcept {
    switch (detail_) {
    case error_detail::none:
        return "";
    case error_detail::peer_closed:
        return "peer-closed";
    case error_detail::ice_failure:
        return "ice-failure";
    case error_detail::data_channel_failure:
        return "data-channel-failure";
    case error_detail::dtls_failure:
        return "dtls-failure";
    case error_detail::fingerprint_failure:
        return "fingerprint-failure";
    case error_detail::sctp_failure:
        return "sctp-failure";
    case error_detail::sdp_syntax_error:
        return "sdp-syntax-error";
    case error_detail::hardware_encoder_not_available:
        return "hardware-encoder-not-available";
    case error_detail::hardware_encoder_error:
        return "hardware-encoder-error";
    case error_detail::idp_bad_script_failure:
        return "idp-bad-script-failure";
    case error_detail::idp_execution_failure:
        return "idp-execution-failure";
    case error_detail::idp_load_failure:
        return "idp-load-failure";
    case error_detail::idp_need_login:
        return "idp-need-login";
    case error_detail::idp_timeout:
        return "idp-timeout";
    case error_detail::idp_tls_failure:
        return "idp-tls-failure";
    case error_detail::idp_token_expired:
        return "idp-token-expired";
    case error_detail::idp_token_invalid:
        return "idp-token-invalid";
    }
    return "";
}

CORTC_DECL std::exception_ptr make_error(errc code, std::string message) {
    return std::make_exception_ptr(Error(code, std::move(message)));
}

} // namespace cortc
