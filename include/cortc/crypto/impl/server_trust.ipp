#pragma once

#include "cortc/crypto/backend.hpp"
#include "cortc/crypto/server_trust.hpp"

#include <fstream>
#include <iterator>

namespace cortc::crypto {

namespace detail {

inline constexpr const char* system_roots[] = {
    "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",   // Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",             // openSUSE
    "/etc/ssl/cert.pem",                  // Alpine, BSD
};

CORTC_DECL std::string first_readable() {
    for (const auto* path : system_roots) {
        std::ifstream in(path, std::ios::binary);
        std::string text(std::istreambuf_iterator<char>(in), {});
        if (in.good() || !text.empty()) return text;
    }
    return {};
}

} // namespace detail

CORTC_DECL std::string tls_clients::load() {
    const bool ours = trust_.where() == server_trust::source::pem;
    const auto text = ours ? trust_.text() : detail::first_readable();
    if (text.empty() && !ours)
        return "the system has no certificates of authorities: install ca-certificates, or give them as "
               "context_options::server_trust";
    auto loaded = by_.load_roots(text);
    if (!loaded)
        return (ours ? "context_options::server_trust has no certificate: "
                     : "the system's certificates of authorities cannot be read: ") +
               loaded.error().message;
    roots_ = std::move(*loaded);
    log_.debug("{} authorities are trusted", roots_->size());
    return {};
}

CORTC_DECL result<std::unique_ptr<tls_session>, tls_failed>
tls_clients::make(const std::string& name, bool datagrams, unix_time calendar) {
    const bool verified = trust_.where() != server_trust::source::none;
    if (!verified && !std::exchange(warned_, true))
        log_.warning(
            "certificates of STUN and TURN servers are not verified (server_trust::none): anybody on "
            "the way can read and change what goes to them");
    if (verified && !roots_)
        if (auto why = load(); !why.empty()) return tls_failed{tls_failure::internal, std::move(why)};
    tls_options options;
    options.datagrams = datagrams;
    options.peer = name;
    options.roots = roots_;
    options.calendar = calendar;
    options.mtu = server_mtu;
    options.log = log_;
    return by_.make_tls_session(std::move(options));
}

} // namespace cortc::crypto
