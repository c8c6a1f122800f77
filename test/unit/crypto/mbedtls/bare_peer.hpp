#pragma once

#include "test/unit/crypto/dtls_pair.hpp"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#include <deque>
#include <string>
#include <vector>

namespace cortc::test {

/// mbedTLS driven by hand: a DTLS end that does what no cortc does. It never repeats anything: nothing is
/// lost here.
class bare_peer {
  public:
    struct options {
        dtls_role role = dtls_role::client;
        std::vector<int> suites{};         ///< none: mbedTLS's own
        std::vector<unsigned> groups{};    ///< numbers of TLS; none: mbedTLS's own
        std::string certificates{}, key{}; ///< PEM; none: it presents no certificate
    };

    bare_peer() : bare_peer(options()) {}
    explicit bare_peer(options with) : with_(std::move(with)) {
        mbedtls_entropy_init(&entropy_);
        mbedtls_ctr_drbg_init(&random_);
        mbedtls_ssl_config_init(&config_);
        mbedtls_ssl_init(&ssl_);
        mbedtls_x509_crt_init(&chain_);
        mbedtls_pk_init(&key_);
        mbedtls_ctr_drbg_seed(&random_, mbedtls_entropy_func, &entropy_, nullptr, 0);
        const bool client = with_.role == dtls_role::client;
        mbedtls_ssl_config_defaults(&config_, client ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER,
                                    MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT);
        mbedtls_ssl_conf_rng(&config_, mbedtls_ctr_drbg_random, &random_);
        mbedtls_ssl_conf_authmode(&config_, client ? MBEDTLS_SSL_VERIFY_NONE : MBEDTLS_SSL_VERIFY_OPTIONAL);
#if defined(MBEDTLS_SSL_DTLS_HELLO_VERIFY) && defined(MBEDTLS_SSL_SRV_C)
        if (!client) mbedtls_ssl_conf_dtls_cookies(&config_, nullptr, nullptr, nullptr);
#endif
        set_suites();
        set_groups();
        set_certificate();
        mbedtls_ssl_setup(&ssl_, &config_);
        if (client) mbedtls_ssl_set_hostname(&ssl_, nullptr);
        mbedtls_ssl_set_mtu(&ssl_, 1200);
        mbedtls_ssl_set_timer_cb(
            &ssl_, this, [](void*, std::uint32_t, std::uint32_t) {}, [](void*) { return 0; });
        mbedtls_ssl_set_bio(
            &ssl_, this,
            [](void* it, const unsigned char* data, std::size_t size) {
                const auto view = std::as_bytes(std::span(data, size));
                static_cast<bare_peer*>(it)->out.emplace_back(view.begin(), view.end());
                return static_cast<int>(size);
            },
            [](void* it, unsigned char* to, std::size_t room) {
                auto& queue = static_cast<bare_peer*>(it)->in;
                if (queue.empty() || queue.front().size() > room) return MBEDTLS_ERR_SSL_WANT_READ;
                std::ranges::copy(queue.front(), std::as_writable_bytes(std::span(to, room)).begin());
                const auto size = static_cast<int>(queue.front().size());
                queue.pop_front();
                return size;
            },
            nullptr);
    }
    bare_peer(const bare_peer&) = delete;
    bare_peer& operator=(const bare_peer&) = delete;
    ~bare_peer() {
        mbedtls_ssl_free(&ssl_);
        mbedtls_ssl_config_free(&config_);
        mbedtls_x509_crt_free(&chain_);
        mbedtls_pk_free(&key_);
        mbedtls_ctr_drbg_free(&random_);
        mbedtls_entropy_free(&entropy_);
    }
    int step() { return mbedtls_ssl_handshake(&ssl_); }
    /// Shakes hands with a session, as far as that goes.
    void run(dtls_end& other) {
        const time_point now{1h};
        other.session->start(now);
        std::array<std::byte, 2048> space;
        for (int round = 0; round < 10; ++round) {
            const bool over = last != 0 && last != MBEDTLS_ERR_SSL_WANT_READ;
            if (!over && (round > 0 || with_.role == dtls_role::client)) last = step();
            for (; !out.empty(); out.pop_front()) other.session->handle_packet(out.front(), now);
            while (const auto size = other.session->poll_transmit(space))
                in.emplace_back(space.begin(), space.begin() + static_cast<std::ptrdiff_t>(*size));
            while (auto event = other.session->poll_event()) other.events.push_back(std::move(*event));
        }
    }

    std::deque<bytes> in, out;
    int last = 0; ///< what mbedTLS said last; after an error it is over

  private:
    void set_suites() {
        if (with_.suites.empty()) return;
        with_.suites.push_back(0);
        mbedtls_ssl_conf_ciphersuites(&config_, with_.suites.data());
    }
    void set_groups() {
        if (with_.groups.empty()) return;
#if MBEDTLS_VERSION_NUMBER >= 0x03010000
        for (auto each : with_.groups) groups_.push_back(static_cast<std::uint16_t>(each));
        groups_.push_back(0);
        mbedtls_ssl_conf_groups(&config_, groups_.data());
#else
        for (auto each : with_.groups)
            groups_.push_back(mbedtls_ecp_curve_info_from_tls_id(static_cast<std::uint16_t>(each))->grp_id);
        groups_.push_back(MBEDTLS_ECP_DP_NONE);
        mbedtls_ssl_conf_curves(&config_, groups_.data());
#endif
    }
    void set_certificate() {
        if (with_.key.empty()) return;
        const auto text = [](const std::string& pem) {
            return reinterpret_cast<const unsigned char*>(pem.c_str());
        };
        REQUIRE(mbedtls_x509_crt_parse(&chain_, text(with_.certificates), with_.certificates.size() + 1) ==
                0);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
        REQUIRE(mbedtls_pk_parse_key(&key_, text(with_.key), with_.key.size() + 1, nullptr, 0,
                                     mbedtls_ctr_drbg_random, &random_) == 0);
#else
        REQUIRE(mbedtls_pk_parse_key(&key_, text(with_.key), with_.key.size() + 1, nullptr, 0) == 0);
#endif
        mbedtls_ssl_conf_own_cert(&config_, &chain_, &key_);
    }

    options with_;
#if MBEDTLS_VERSION_NUMBER >= 0x03010000
    std::vector<std::uint16_t> groups_;
#else
    std::vector<mbedtls_ecp_group_id> groups_;
#endif
    mbedtls_entropy_context entropy_;
    mbedtls_ctr_drbg_context random_;
    mbedtls_ssl_config config_;
    mbedtls_ssl_context ssl_;
    mbedtls_x509_crt chain_;
    mbedtls_pk_context key_;
};

} // namespace cortc::test
