#pragma once

#include <cstdint>

namespace cortc::crypto {

/// Who sends the ClientHello; negotiated by a=setup (RFC 8842 5).
enum class dtls_role : std::uint8_t { client, server };

} // namespace cortc::crypto
