// What no cortc peer does: mbedTLS driven by hand as a client.
#include "test/support/catch.hpp"
#include "test/unit/crypto/dtls_pair.hpp"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/ssl.h>

using namespace cortc;
using namespace cortc::crypto;
using namespace cortc::test;

namespace {

/// A DTLS client without a certificate. It never repeats anything: nothing is lost here.
class bare_client {
  public:
    explicit bare_client(std::vector<int> suites = {}) : suites_(std::move(suites)) {
        mbedtls_entropy_init(&entropy_);
        mbedtls_ctr_drbg_init(&random_);
        mbedtls_ssl_config_init(&config_);
        mbedtls_ssl_init(&ssl_);
        mbedtls_ctr_drbg_seed(&random_, mbedtls_entropy_func, &entropy_, nullptr, 0);
        mbedtls_ssl_config_defaults(&config_, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_DATAGRAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT);
        mbedtls_ssl_conf_rng(&config_, mbedtls_ctr_drbg_random, &random_);
        mbedtls_ssl_conf_authmode(&config_, MBEDTLS_SSL_VERIFY_NONE);
        if (!suites_.empty()) {
            suites_.push_back(0);
            mbedtls_ssl_conf_ciphersuites(&config_, suites_.data());
        }
        mbedtls_ssl_setup(&ssl_, &config_);
        mbedtls_ssl_set_timer_cb(
            &ssl_, this, [](void*, std::uint32_t, std::uint32_t) {}, [](void*) { return 0; });
        mbedtls_ssl_set_bio(
            &ssl_, this,
            [](void* it, const unsigned char* data, std::size_t size) {
                const auto view = std::as_bytes(std::span(data, size));
                static_cast<bare_client*>(it)->out.emplace_back(view.begin(), view.end());
                return static_cast<int>(size);
            },
            [](void* it, unsigned char* to, std::size_t room) {
                auto& queue = static_cast<bare_client*>(it)->in;
                if (queue.empty() || queue.front().size() > room) return MBEDTLS_ERR_SSL_WANT_READ;
                std::ranges::copy(queue.front(), std::as_writable_bytes(std::span(to, room)).begin());
                const auto size = static_cast<int>(queue.front().size());
                queue.pop_front();
                return size;
            },
            nullptr);
    }
    bare_client(const bare_client&) = delete;
    bare_client& operator=(const bare_client&) = delete;
    ~bare_client() {
        mbedtls_ssl_free(&ssl_);
        mbedtls_ssl_config_free(&config_);
        mbedtls_ctr_drbg_free(&random_);
        mbedtls_entropy_free(&entropy_);
    }
    int step() { return mbedtls_ssl_handshake(&ssl_); }

    std::deque<bytes> in, out;

  private:
    std::vector<int> suites_;
    mbedtls_entropy_context entropy_;
    mbedtls_ctr_drbg_context random_;
    mbedtls_ssl_config config_;
    mbedtls_ssl_context ssl_;
};

void run(bare_client& client, dtls_end& server) {
    const time_point now{1h};
    server.session->start(now);
    std::array<std::byte, 2048> space;
    for (int round = 0; round < 10; ++round) {
        (void)client.step();
        for (; !client.out.empty(); client.out.pop_front())
            server.session->handle_packet(client.out.front(), now);
        while (const auto size = server.session->poll_transmit(space))
            client.in.emplace_back(space.begin(), space.begin() + static_cast<std::ptrdiff_t>(*size));
        while (auto event = server.session->poll_event()) server.events.push_back(std::move(*event));
    }
}

} // namespace

TEST_CASE("a client without a certificate is refused, although mbedTLS is content") {
    const auto& by = each_backend();
    bare_client client;
    dtls_end server(options_for(dtls_role::server, by));
    run(client, server);
    CHECK(server.failed(dtls_failure::no_certificate));
    CHECK_FALSE(server.connected());
    CHECK_FALSE(server.session->export_srtp_keys());
    CHECK_FALSE(server.session->write(some_bytes(10)));
}

TEST_CASE("nothing in common is a protocol failure") {
    const auto& by = each_backend();
    bare_client client({MBEDTLS_TLS_RSA_WITH_AES_128_CBC_SHA});
    dtls_end server(options_for(dtls_role::server, by));
    run(client, server);
    CHECK(server.failed(dtls_failure::protocol));
}
