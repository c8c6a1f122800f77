#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/dtls_role.hpp"
#include "cortc/base/result.hpp"
#include "cortc/base/strong.hpp"

#include <boost/assert/source_location.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cortc::jsep {

/// One ICE + DTLS transport of a connection. Ids are never used twice by one session.
using transport_id = strong<struct transport_id_tag, std::uint32_t>;
/// One audio or video section's transceiver. Never used twice by one session.
using transceiver_id = strong<struct transceiver_id_tag, std::uint32_t>;

enum class media_kind { audio, video };

enum class signaling_state {
    stable,
    have_local_offer,
    have_remote_offer,
    have_local_pranswer,
    have_remote_pranswer,
    closed
};
enum class sdp_type { offer, pranswer, answer, rollback };
enum class rtcp_mux_policy { require, negotiate };
/// RFC 9429 4.1.1: which sections of an offer bring a transport of their own, in case the peer does not
/// bundle; balanced: the first of each kind; max_compat: all; max_bundle: the first alone. The others are
/// bundle-only.
enum class bundle_policy { balanced, max_compat, max_bundle };

/// The W3C's spelling: "have-local-offer", "pranswer".
std::string_view to_string(signaling_state state) noexcept;
std::string_view to_string(sdp_type type) noexcept;

struct description {
    sdp_type type = sdp_type::offer;
    std::string sdp;

    friend bool operator==(const description&, const description&) = default;
};

/// The DOMException that the W3C asks for.
enum class error_kind {
    invalid_state,
    invalid_access,
    invalid_modification,
    operation,
    type,
    range,
    not_supported
};

/// "InvalidStateError" ...
std::string_view to_string(error_kind kind) noexcept;

struct error {
    error_kind kind = error_kind::operation;
    std::string message;             // what is wrong, where, and what would be right
    std::string detail;              // RTCErrorDetailType ("sdp-syntax-error"), else empty
    std::optional<std::size_t> line; // RTCError.sdpLineNumber: the first line is 1
};

/// Lets `outcome<T>::value()` throw; found by argument-dependent lookup.
[[noreturn]] inline void throw_exception_from_error(const error& why, const boost::source_location&) {
    throw std::runtime_error(std::string(to_string(why.kind)) + ": " + why.message);
}

template <class T>
using outcome = cortc::result<T, error>;

struct offer_options {
    bool ice_restart = false;
};

/// RTCIceCandidateInit. An empty candidate means end-of-candidates.
struct candidate_init {
    std::string candidate;
    std::optional<std::string> sdp_mid;
    std::optional<std::uint16_t> sdp_mline_index;
    std::optional<std::string> username_fragment;
};

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/types.ipp"
#endif
