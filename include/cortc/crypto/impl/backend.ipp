#pragma once

#include "cortc/crypto/backend.hpp"
#include "cortc/crypto/mbedtls/backend.hpp"
#include "cortc/crypto/pem.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace cortc::crypto {

CORTC_DECL result<certificate_ptr> backend::generate_certificate(key_type type, unix_time now,
                                                                 std::chrono::seconds validity) const {
    using namespace std::chrono;
    constexpr unix_time earliest = sys_days(year(1951) / 1 / 1), latest = sys_days(year(9999) / 12 / 31);
    if (now < earliest || now > latest || validity <= seconds(0) || validity > floor<seconds>(latest - now))
        return boost::system::errc::make_error_code(boost::system::errc::invalid_argument);
    // X.509 counts whole seconds: it is good for a moment longer, and never for a shorter time.
    return new_certificate(type, floor<seconds>(now) - days(1), ceil<seconds>(now + validity));
}

CORTC_DECL result<certificate_ptr, certificate_error>
backend::parse_certificate(std::string_view certificate_pem, std::string_view key_pem) const {
    const auto key = find_key(key_pem);
    if (key.has_error()) return key.error();
    const auto found = find_certificate(certificate_pem);
    if (found.has_error()) return found.error();
    return load_certificate(*found, *key);
}

CORTC_DECL result<std::unique_ptr<dtls_session>, dtls_failed>
backend::make_dtls_session(dtls_options options) const {
    if (!options.cert) return dtls_failed{dtls_failure::internal, "no certificate to present"};
    auto all = options.more_certs;
    all.insert(all.begin(), options.cert);
    for (const auto& each : all)
        if (const auto& made_by = each->made_by(); &made_by != this)
            return dtls_failed{
                dtls_failure::internal,
                fmt::format("the certificate was made by {}, and the session is {}'s: both must be "
                            "of one backend",
                            made_by.name(), name())};
    return new_dtls_session(std::move(options));
}

CORTC_DECL result<std::shared_ptr<const tls_roots>, certificate_error>
backend::load_roots(std::string_view) const {
    return certificate_error{certificate_failure::unsupported_key, std::string(name()) + " has no TLS here"};
}

CORTC_DECL result<std::shared_ptr<const tls_identity>, certificate_error>
backend::load_identity(std::string_view, std::string_view) const {
    return certificate_error{certificate_failure::unsupported_key, std::string(name()) + " has no TLS here"};
}

CORTC_DECL std::unique_ptr<tls_session> backend::new_tls_session(tls_options) const { return nullptr; }

CORTC_DECL result<std::unique_ptr<tls_session>, tls_failed>
backend::make_tls_session(tls_options options) const {
    const auto internal = [](std::string why) { return tls_failed{tls_failure::internal, std::move(why)}; };
    if ((options.roots && &options.roots->made_by() != this) ||
        (options.identity && &options.identity->made_by() != this))
        return internal("roots and identity must be of the session's backend");
    if (options.role == tls_role::server && !options.identity)
        return internal("a server has no certificate to present");
    if (options.role == tls_role::client && options.roots && options.peer.empty())
        return internal("there is no name that the certificate has to have");
    if (const auto why = headers_mismatch(); !why.empty()) return internal(std::string(why));
    auto made = new_tls_session(std::move(options));
    if (!made) return internal(std::string(name()) + " has no TLS here");
    return made;
}

CORTC_DECL std::span<const backend* const> backends() noexcept {
    static const std::array<const backend*, 1> linked{&mbedtls::backend()};
    return linked;
}

CORTC_DECL const backend& default_backend() noexcept { return *backends().front(); }

} // namespace cortc::crypto
