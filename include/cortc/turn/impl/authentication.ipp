#pragma once

#include "cortc/stun/credentials.hpp"
#include "cortc/turn/authentication.hpp"

#include <algorithm>

namespace cortc::turn {

CORTC_DECL authentication::outcome authentication::challenge(const stun::message& response) {
    auto nonce = response.nonce();
    auto realm = response.realm();
    if (!nonce) return outcome::refused;
    if (!realm && !ready_) return outcome::refused; // a 438 may leave out what does not change
    const auto features = stun::nonce_features(*nonce).value_or(stun::security_features{});
    auto algorithms = response.password_algorithms();
    // RFC 8489 9.2.5: the nonce, which nobody can alter unseen, says what must be there.
    if (features.password_algorithms && !algorithms) return outcome::refused;
    auto algorithm = stun::password_algorithm::md5;
    std::vector<std::byte> offered;
    if (algorithms) {
        auto known = std::ranges::find_if(*algorithms, [](const stun::password_algorithm_entry& each) {
            return each.algorithm == stun::password_algorithm::md5 ||
                   each.algorithm == stun::password_algorithm::sha256;
        });
        if (known == algorithms->end()) return outcome::refused;
        algorithm = known->algorithm;
        const auto bytes = response.find(stun::attribute_type::password_algorithms).value();
        if (bytes.size() > most_offered) return outcome::refused;
        offered.assign(bytes.begin(), bytes.end());
    }
    const bool changed = !ready_ || *nonce != nonce_ || (realm && *realm != realm_);
    nonce_ = *nonce;
    if (realm) realm_ = *realm;
    offered_ = std::move(offered);
    algorithm_ = algorithm;
    anonymous_ = features.username_anonymity;
    ready_ = true;
    derive_key();
    return changed ? outcome::renewed : outcome::unchanged;
}

CORTC_DECL void authentication::derive_key() {
    if (algorithm_ == stun::password_algorithm::sha256) {
        auto key = stun::long_term_key_sha256(username_, realm_, password_);
        key_ = crypto::secret<32>(key);
        crypto::wipe(key);
    } else {
        auto key = stun::long_term_key_md5(username_, realm_, password_);
        key_ = crypto::secret<32>(key);
        crypto::wipe(key);
    }
}

CORTC_DECL void authentication::sign(stun::message_writer& out) const {
    if (!ready_) return;
    if (anonymous_)
        out.add_userhash(stun::userhash(username_, realm_));
    else
        out.add_username(username_);
    out.add_realm(realm_);
    out.add_nonce(nonce_);
    if (offered_.empty()) return out.add_integrity(key_.view());
    out.add(stun::attribute_type::password_algorithms, offered_);
    out.add_password_algorithm(algorithm_);
    out.add_integrity_sha256(key_.view());
}

CORTC_DECL bool authentication::verify(const stun::message& response) const {
    if (!ready_) return false;
    if (response.has_integrity_sha256()) return response.verify_integrity_sha256(key_.view());
    // RFC 8489 9.2.5: who was asked with the better code answers with it, or somebody bids down.
    return offered_.empty() && response.verify_integrity(key_.view());
}

} // namespace cortc::turn
