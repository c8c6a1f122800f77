#pragma once

#include "cortc/base/what_of.hpp"
#include "cortc/turn/rest_credentials.hpp"
#include "cortc/turn/server_engine.hpp"

#include <algorithm>
#include <exception>

namespace cortc::turn {

/// RFC 8489 9.2.4, in the order that is cheapest: what a stranger sends costs one HMAC of a nonce at most.
CORTC_DECL std::optional<server_engine::credential>
server_engine::authenticate(asked& what, const stun::message& request, time_point now) {
    if (!request.has_integrity() && !request.has_integrity_sha256())
        return challenge(what, stun::error::unauthenticated, now), std::nullopt;
    const auto username = request.username(), realm = request.realm(), nonce = request.nonce();
    if ((!username && !request.userhash()) || !realm || !nonce)
        return refuse_stranger(what, stun::error::bad_request, now), std::nullopt;
    if (!nonces_.valid(*nonce, what.from.client.address, now))
        return challenge(what, stun::error::stale_nonce, now), std::nullopt;
    const auto algorithm = algorithm_of(request);
    if (!algorithm) return refuse_stranger(what, stun::error::bad_request, now), std::nullopt;

    const auto fail = [&] {
        ++statistics_.authentication_failed;
        challenge(what, stun::error::unauthenticated, now);
        return std::nullopt;
    };
    if (!username || *realm != options_.realm) return fail(); // the nonce announces no user hashes
    // A password counts for the life of the allocation that was made with it.
    if (const auto* const of = find(what.from);
        of && of->owner.username == *username && of->owner.algorithm == *algorithm)
        return verify(what, request, of->owner) ? std::optional(of->owner) : fail();
    std::vector<user_secret> secrets;
    try {
        secrets = secrets_of(*username);
    } catch (...) {
        log_.warning("the secret of a user cannot be looked up: {}", what_of(std::current_exception()));
        return refuse_stranger(what, stun::error::server_error, now), std::nullopt;
    }
    for (const auto& each : secrets) {
        const auto key = key_of(*username, each, *algorithm);
        if (!key) continue;
        credential found{std::string(*username), *algorithm, *key};
        if (verify(what, request, found)) return found;
    }
    return fail();
}

CORTC_DECL std::optional<stun::password_algorithm>
server_engine::algorithm_of(const stun::message& request) const {
    const auto& ours = options_.password_algorithms;
    const auto among = [&](stun::password_algorithm which) {
        return std::ranges::find(ours, which) != ours.end() ? std::optional(which) : std::nullopt;
    };
    const bool list = request.has(stun::attribute_type::password_algorithms);
    const bool choice = request.has(stun::attribute_type::password_algorithm);
    if (!detail::announces(options_) || (!list && !choice)) return among(stun::password_algorithm::md5);
    const auto theirs = request.password_algorithms();
    const auto chosen = request.password_algorithm();
    // RFC 8489 9.2.4: the list must be as it was sent, or somebody has shortened it on the way.
    if (!theirs || !chosen || theirs->size() != ours.size()) return {};
    for (std::size_t i = 0; i < ours.size(); ++i)
        if ((*theirs)[i].algorithm != ours[i] || !(*theirs)[i].parameters.empty()) return {};
    return among(chosen->algorithm);
}

CORTC_DECL bool server_engine::verify(asked& what, const stun::message& request,
                                      const credential& with) const {
    what.sha256 = request.has_integrity_sha256();
    if (!(what.sha256 ? request.verify_integrity_sha256(with.key.view())
                      : request.verify_integrity(with.key.view())))
        return false;
    what.is_signed = true;
    what.key = with.key;
    return true;
}

CORTC_DECL std::vector<user_secret> server_engine::secrets_of(std::string_view username) const {
    std::vector<user_secret> found;
    if (!options_.rest_secrets.empty() && rest_credentials::expiry_of(username)) {
        const auto now = calendar_();
        for (const auto& each : options_.rest_secrets)
            if (auto password = rest_credentials::password_of(username, each, now))
                found.emplace_back(std::move(*password));
    } else if (options_.users) {
        if (auto secret = options_.users(username)) found.push_back(std::move(*secret));
    }
    return found;
}

CORTC_DECL std::optional<crypto::secret<32>> server_engine::key_of(std::string_view username,
                                                                   const user_secret& of,
                                                                   stun::password_algorithm algorithm) const {
    const bool md5 = algorithm == stun::password_algorithm::md5;
    if (const auto* const password = std::get_if<std::string>(&of)) {
        if (password->empty()) return {};
        return md5 ? crypto::secret<32>(stun::long_term_key_md5(username, options_.realm, *password))
                   : crypto::secret<32>(stun::long_term_key_sha256(username, options_.realm, *password));
    }
    if (const auto* const key = std::get_if<crypto::md5_digest>(&of); key && md5)
        return crypto::secret<32>(*key);
    if (const auto* const key = std::get_if<crypto::sha256_digest>(&of); key && !md5)
        return crypto::secret<32>(*key);
    return {};
}

CORTC_DECL void server_engine::challenge(const asked& what, stun::error code, time_point now) {
    if (!challenges_.take(what.from.client.address, now)) {
        ++statistics_.challenges_suppressed;
        return;
    }
    ++statistics_.challenges;
    answer(what, stun::message_class::error_response, [&](stun::message_writer& out) {
        out.add_error_code(code);
        out.add_realm(options_.realm);
        out.add_nonce(nonces_.make(what.from.client.address, now));
        if (detail::announces(options_)) out.add_password_algorithms(options_.password_algorithms);
    });
}

CORTC_DECL void server_engine::refuse_stranger(const asked& what, stun::error code, time_point now) {
    if (challenges_.take(what.from.client.address, now))
        refuse(what, code);
    else
        ++statistics_.challenges_suppressed;
}

} // namespace cortc::turn
