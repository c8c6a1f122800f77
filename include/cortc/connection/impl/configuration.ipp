#pragma once

#include "cortc/base/utf8.hpp"
#include "cortc/connection/configuration.hpp"
#include "cortc/error.hpp"
#include "cortc/ice/server.hpp"
#include "cortc/transport/credentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cortc::detail {

inline constexpr std::size_t max_ice_servers = 64; // the W3C asks for 32 at least

CORTC_DECL void check_types(const Configuration& next) {
    if (next.iceCandidatePoolSize < 0 || next.iceCandidatePoolSize > 255)
        throw Error(errc::type,
                    fmt::format("iceCandidatePoolSize is {}; it can be 0 to 255", next.iceCandidatePoolSize));
    for (std::size_t i = 0; i < next.certificates.size(); ++i)
        if (!next.certificates[i])
            throw Error(errc::type, fmt::format("certificates[{}] is empty; use generateCertificate or "
                                                "Certificate::from_pem",
                                                i));
}

CORTC_DECL void check_modification(const Configuration& old, const Configuration& next,
                                   const std::optional<std::string>& target_identity,
                                   bool local_description_asked) {
    const auto fail = [](std::string message) {
        throw Error(errc::invalid_modification, std::move(message));
    };
    if (next.peerIdentity && next.peerIdentity != target_identity)
        fail(fmt::format(
            "peerIdentity \"{}\" is not the identity of this connection's peer, {}; it cannot be "
            "changed",
            *next.peerIdentity, target_identity ? '"' + *target_identity + '"' : "of which none is set"));
    if (next.certificates.size() != old.certificates.size())
        fail(fmt::format("{} certificates, where the connection was made with {}; they cannot be changed",
                         next.certificates.size(), old.certificates.size()));
    for (std::size_t i = 0; i < next.certificates.size(); ++i)
        if (next.certificates[i] != old.certificates[i])
            fail(
                fmt::format("certificates[{}] is not the one that the connection was made with; certificates "
                            "cannot be changed",
                            i));
    if (next.bundlePolicy != old.bundlePolicy)
        fail(fmt::format(
            "bundlePolicy \"{}\", where the connection was made with \"{}\"; it cannot be changed",
            to_string(next.bundlePolicy), to_string(old.bundlePolicy)));
    if (next.rtcpMuxPolicy != old.rtcpMuxPolicy)
        fail(fmt::format(
            "rtcpMuxPolicy \"{}\", where the connection was made with \"{}\"; it cannot be changed",
            to_string(next.rtcpMuxPolicy), to_string(old.rtcpMuxPolicy)));
    if (next.iceCandidatePoolSize != old.iceCandidatePoolSize && local_description_asked)
        fail(fmt::format("iceCandidatePoolSize {}, where {} is set; it cannot be changed after "
                         "setLocalDescription",
                         next.iceCandidatePoolSize, old.iceCandidatePoolSize));
}

CORTC_DECL bool is_credential(std::string_view text) noexcept {
    if (text.empty()) return false;
    while (!text.empty()) {
        const auto size = utf8_sequence(text);
        const auto first = static_cast<unsigned char>(text[0]);
        const bool c1 = size == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
        if (size == 0 || first < 0x20 || first == 0x7f || c1) return false;
        text.remove_prefix(size);
    }
    return true;
}

CORTC_DECL void check_turn_credentials(const std::optional<std::string>& username,
                                       const std::optional<std::string>& credential,
                                       const std::string& where) {
    constexpr std::size_t longest = 508; // RFC 8489 14.3: fewer than 509 bytes
    const auto check = [&](std::string_view name, const std::optional<std::string>& value) {
        if (!value)
            throw Error(errc::invalid_access,
                        fmt::format("{}: a TURN server needs a username and a credential; the {} is missing",
                                    where, name));
        if (!is_credential(*value))
            throw Error(errc::invalid_access,
                        fmt::format("{}: the {} must be UTF-8 without control characters, and not empty",
                                    where, name));
    };
    check("username", username);
    check("credential", credential);
    if (username->size() > longest)
        throw Error(errc::invalid_access,
                    fmt::format("{}: the username has {} bytes, at most {} are possible", where,
                                username->size(), longest));
}

/// The application's function, asked for one URL after the other.
class credentials_of_application final : public credential_coroutine {
  public:
    explicit credentials_of_application(ice_credentials_provider provider) : provider_(std::move(provider)) {}
    [[nodiscard]] asio::awaitable<ice::credentials_answer> ask(std::string url, bool refused) override {
        return run(provider_.function(), std::move(url), refused);
    }

  private:
    using function_ptr = std::shared_ptr<const ice_credentials_provider::function_type>;

    static asio::awaitable<ice::credentials_answer> run(function_ptr function, std::string url,
                                                        bool refused) {
        IceCredentialsRequest request(url, refused);
        const auto made = co_await (*function)(std::move(request));
        check_turn_credentials(made.username, made.credential, "what IceServer::credentials gave");
        ice::credentials_answer answer;
        answer.username = made.username;
        answer.credential = made.credential;
        co_return answer;
    }

    ice_credentials_provider provider_;
};

/// webrtc-pc 4.4.1.5 "validate an ICE server URL".
CORTC_DECL ice::server read_server(const IceServer& server, std::size_t server_index, std::size_t url_index) {
    const auto& text = server.urls[url_index];
    const auto where = fmt::format("iceServers[{}].urls[{}] \"{}\"", server_index, url_index, text);
    auto url = ice::parse_server_url(text);
    if (url.has_error())
        throw Error(url.error().what == ice::server_url_error::kind::syntax ? errc::syntax
                                                                            : errc::not_supported,
                    where + ": " + url.error().message);
    ice::server read{std::move(*url), text, {}, {}};
    if (read.url.scheme == ice::server_scheme::turn || read.url.scheme == ice::server_scheme::turns) {
        if (server.credentials) {
            read.source = std::make_shared<credentials_of_application>(server.credentials);
            return read;
        }
        check_turn_credentials(server.username, server.credential, where);
        read.username = *server.username;
        read.credential = *server.credential;
    }
    return read;
}

CORTC_DECL ice::gather_settings read_gather_settings(const Configuration& next) {
    if (next.rtcpMuxPolicy == RtcpMuxPolicy::negotiate)
        throw Error(errc::not_supported, "rtcpMuxPolicy \"negotiate\" is not supported; \"require\" is");
    ice::gather_settings settings;
    settings.policy = next.iceTransportPolicy == IceTransportPolicy::relay ? ice::transport_policy::relay
                                                                           : ice::transport_policy::all;
    const auto count = std::min(next.iceServers.size(), max_ice_servers);
    for (std::size_t i = 0; i < count; ++i) {
        const auto& server = next.iceServers[i];
        if (server.urls.empty())
            throw Error(errc::syntax, fmt::format("iceServers[{}].urls is empty; a server needs a URL", i));
        for (std::size_t j = 0; j < server.urls.size(); ++j)
            settings.servers.push_back(read_server(server, i, j));
    }
    return settings;
}

} // namespace cortc::detail

namespace cortc {

CORTC_DECL void connection_settings::set(Configuration next,
                                         const std::optional<std::string>& target_identity) {
    detail::check_types(next);
    detail::check_modification(configuration_, next, target_identity, local_description_asked_);
    auto settings = std::make_shared<const ice::gather_settings>(detail::read_gather_settings(next));
    gathering_ = std::move(settings);
    configuration_ = std::move(next);
}

CORTC_DECL void connection_settings::read() {
    gathering_ = std::make_shared<const ice::gather_settings>(detail::read_gather_settings(configuration_));
}

} // namespace cortc
