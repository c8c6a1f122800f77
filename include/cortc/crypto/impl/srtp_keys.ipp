#pragma once

#include "cortc/crypto/srtp_keys.hpp"

namespace cortc::crypto {

CORTC_DECL srtp_keys split_srtp_keys(srtp_profile profile, byte_view material) noexcept {
    const auto sizes = described(profile);
    byte_reader in(material);
    srtp_keys keys;
    keys.profile = profile;
    keys.client.key = secret<max_srtp_key>(in.take(sizes.key));
    keys.server.key = secret<max_srtp_key>(in.take(sizes.key));
    keys.client.salt = secret<max_srtp_salt>(in.take(sizes.salt));
    keys.server.salt = secret<max_srtp_salt>(in.take(sizes.salt));
    return keys;
}

} // namespace cortc::crypto
