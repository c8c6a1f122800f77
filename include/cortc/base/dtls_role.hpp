#pragma once

#include <cstdint>
#include <string_view>

namespace cortc {

/// Who sends the ClientHello, and who waits for it; negotiated by a=setup (RFC 8842 5: active and passive).
/// Data channel ids go by it, too (RFC 8832 6).
enum class dtls_role : std::uint8_t { client, server };

[[nodiscard]] constexpr std::string_view to_string(dtls_role role) noexcept {
    return role == dtls_role::client ? "client" : "server";
}

} // namespace cortc
