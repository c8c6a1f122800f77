#pragma once

#include "cortc/base/config.hpp"

#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace cortc {

/// What went wrong, in the terms of the W3C (WebIDL's DOMException names) and a few that only C++ needs.
enum class errc {
    invalid_state = 1,    ///< InvalidStateError
    invalid_access,       ///< InvalidAccessError
    invalid_modification, ///< InvalidModificationError
    syntax,               ///< SyntaxError
    not_supported,        ///< NotSupportedError
    not_readable,         ///< NotReadableError
    operation,            ///< OperationError; Error has the RTCError fields
    type,                 ///< TypeError
    range,                ///< RangeError
    network,              ///< NetworkError: the connection failed
    unknown,              ///< UnknownError
    aborted,              ///< AbortError: the connection was closed meanwhile
    closed,               ///< InvalidStateError: a channel or stream ended in order; nothing more will come
    timed_out,            ///< TimeoutError: cortc::timeout's deadline passed
    limit,                ///< QuotaExceededError: one of context_options::limits was reached
};

/// The category of errc, "cortc". Its messages are the DOMException names.
const boost::system::error_category& error_category() noexcept;

/// Lets `error.code() == errc::aborted` compile.
inline boost::system::error_code make_error_code(errc code) noexcept {
    return {static_cast<int>(code), error_category()};
}

/// RTCErrorDetailType, for errc::operation (webrtc-pc 11), and for errc::not_readable when it was an identity
/// provider that could not be read.
enum class error_detail {
    none,
    data_channel_failure,
    dtls_failure,
    fingerprint_failure,
    sctp_failure,
    sdp_syntax_error,
    hardware_encoder_not_available,
    hardware_encoder_error,
    // RTCErrorDetailTypeIdp (webrtc-identity)
    idp_bad_script_failure,
    idp_execution_failure,
    idp_load_failure,
    idp_need_login,
    idp_timeout,
    idp_tls_failure,
    idp_token_expired,
    idp_token_invalid,
    // Beyond the W3C: how a connection failed (PeerConnection::failure), which may be dtls_failure or
    // fingerprint_failure, too.
    peer_closed, ///< "peer-closed": the peer has ended it in order
    ice_failure, ///< "ice-failure": no way to the peer works (any more)
};

/// Thrown by every operation of the W3C surface, and what it completes with. (A cancelled one completes with
/// boost::system::system_error, asio::error::operation_aborted.) code() compares with cortc::errc; name() is
/// the DOMException's name; what() says what is wrong, where, and what would be right.
class Error : public boost::system::system_error {
  public:
    ///@{
    /// `message` is what what() returns. For applications, too: identity providers and handlers of
    /// cortc/signaling/http.hpp throw them.
    Error(errc code, std::string message);
    Error(errc code, std::string message, error_detail detail);
    ///@}

    /// "InvalidStateError", "OperationError" ...
    [[nodiscard]] const char* name() const noexcept;
    /// For people: the member, the argument that is wrong, and what would be right.
    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
    /// RTCError.errorDetail as the specification spells it ("sdp-syntax-error"), empty for none.
    [[nodiscard]] const char* errorDetail() const noexcept;
    [[nodiscard]] error_detail detail() const noexcept { return detail_; } ///< the same to switch on
    /// With "sdp-syntax-error": the line of the description, from 1.
    [[nodiscard]] std::optional<int> sdpLineNumber() const noexcept { return sdp_line_number_; }
    /// With "sctp-failure": the cause code of the ABORT that ended the association (RFC 9260 3.3.10), if it
    /// had one.
    [[nodiscard]] std::optional<std::uint16_t> sctpCauseCode() const noexcept { return sctp_cause_code_; }
    /// With "idp-load-failure": what the provider's server answered (webrtc-identity).
    [[nodiscard]] std::optional<int> httpRequestStatusCode() const noexcept {
        return http_request_status_code_;
    }

    ///@{
    /// Sets what the member with the W3C's spelling returns.
    Error& sdp_line_number(int line) {
        sdp_line_number_ = line;
        return *this;
    }
    Error& sctp_cause_code(std::uint16_t code) {
        sctp_cause_code_ = code;
        return *this;
    }

    Error& http_request_status_code(int code) {
        http_request_status_code_ = code;
        return *this;
    }
    ///@}

  private:
    std::string message_;
    error_detail detail_ = error_detail::none;
    std::optional<int> sdp_line_number_;
    std::optional<std::uint16_t> sctp_cause_code_;
    std::optional<int> http_request_status_code_;
};

/// An Error as operations complete with it.
std::exception_ptr make_error(errc code, std::string message);

} // namespace cortc

namespace boost::system {
template <>
struct is_error_code_enum<cortc::errc> : std::true_type {};
} // namespace boost::system

#if defined(CORTC_HEADER_ONLY)
#include "cortc/impl/error.ipp"
#endif
