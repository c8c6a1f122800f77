#pragma once

#include "cortc/base/byte_queue.hpp"
#include "cortc/crypto/callback_guard.hpp"
#include "cortc/crypto/certificate_names.hpp"
#include "cortc/crypto/datagram_queue.hpp"
#include "cortc/crypto/mbedtls/impl/certificate.ipp"
#include "cortc/crypto/mbedtls/impl/record_check.ipp"
#include "cortc/crypto/mbedtls/impl/tls_credentials.ipp"
#include "cortc/crypto/session_base.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <deque>
#include <utility>

namespace cortc::crypto::mbedtls {

class tls_end final : public tls_session {
  public:
    explicit tls_end(tls_options options);
    ~tls_end() override { release(); }

    void start(time_point now) override;
    void handle_input(byte_view data, time_point now) override;
    std::size_t poll_transmit(byte_span out) override;
    std::size_t poll_read(byte_span out) override;
    std::optional<tls_event> poll_event() override;
    bool write(byte_view data) override;
    time_point next_timeout() const noexcept override { return std::min(final_, deadline_); }
    void handle_timeout(time_point now) override;
    void shutdown() override;
    tls_state state() const noexcept override { return state_; }
    const std::string& negotiated() const noexcept override { return negotiated_; }
    const tls_stats& stats() const noexcept override { return stats_; }

  private:
    static constexpr duration longest_wait = std::chrono::seconds(3);
    static constexpr std::uint32_t first_wait = 250; // ms: no peer of ours is nearer than a server may be
    static constexpr std::size_t record_overhead = 64;

    bool set_up();
    int configure();
    void set_callbacks();
    void advance();
    void connected();
    void fail(int status);
    void fail(tls_failed why);
    tls_failed reason_of(int status) const;
    void release();
    void keep_mtu(bool keep);
    [[nodiscard]] bool live() const noexcept { return live_; }

    // What mbedTLS calls.
    int send(byte_view data);
    int receive(std::span<unsigned char> out) noexcept;
    int verify(const mbedtls_x509_crt& given, int depth, std::uint32_t& flags);
    void arm(std::uint32_t intermediate_ms, std::uint32_t final_ms) noexcept;
    int passed() const noexcept;

    tls_options options_;
    tls_state state_ = tls_state::idle;
    tls_stats stats_;
    std::string negotiated_;
    std::deque<tls_event> events_;
    callback_guard guard_;
    std::string objection_; // to the server's certificate
    key_random random_;
    mbedtls_ssl_config config_;
    mbedtls_ssl_context ssl_;
    bool live_ = false; // both can be used
    bool alert_sent_ = false;

    byte_queue input_; // what mbedTLS has not fetched yet; of DTLS one datagram
    byte_queue output_;
    datagram_queue datagrams_{output_limit}; // of DTLS

    time_point now_{}, deadline_ = never, intermediate_ = never, final_ = never;
    std::uint32_t wait_ms_ = 0;
    bool in_timeout_ = false;
};

// TLS 1.3 has suites of its own (RFC 8446 B.4).
inline constexpr int tls_cipher_suites[] = {
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
#endif
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    0};

CORTC_DECL tls_end::tls_end(tls_options options) : options_(std::move(options)) {
    options_.mtu = std::clamp<std::size_t>(options_.mtu, 256, 1472);
}

CORTC_DECL int tls_end::configure() {
    const bool client = options_.role == tls_role::client;
    auto status = mbedtls_ssl_config_defaults(
        &config_, client ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER,
        options_.datagrams ? MBEDTLS_SSL_TRANSPORT_DATAGRAM : MBEDTLS_SSL_TRANSPORT_STREAM,
        MBEDTLS_SSL_PRESET_DEFAULT);
    if (status != 0) return status;
    if (options_.datagrams) {
        only_dtls_1_2(config_);
        mbedtls_ssl_conf_handshake_timeout(&config_, first_wait, no_maximum_ms);
    } else {
        tls_1_2_or_later(config_);
    }
    set_groups(config_);
    mbedtls_ssl_conf_ciphersuites(&config_, tls_cipher_suites);
    mbedtls_ssl_conf_rng(&config_, &key_random::fill, &random_);
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(&config_, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
#if defined(MBEDTLS_SSL_SESSION_TICKETS) && defined(MBEDTLS_SSL_CLI_C)
    mbedtls_ssl_conf_session_tickets(&config_, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#endif
    if (client) {
        // "Optional" lets a chain pass that leads nowhere; verify() says what it thinks of it.
        mbedtls_ssl_conf_authmode(&config_,
                                  options_.roots ? MBEDTLS_SSL_VERIFY_REQUIRED : MBEDTLS_SSL_VERIFY_OPTIONAL);
        if (options_.roots)
            mbedtls_ssl_conf_ca_chain(
                &config_, static_cast<const root_certificates&>(*options_.roots).chain(), nullptr);
        return 0;
    }
    mbedtls_ssl_conf_authmode(&config_, MBEDTLS_SSL_VERIFY_NONE);
#if defined(MBEDTLS_SSL_DTLS_HELLO_VERIFY)
    if (options_.datagrams) mbedtls_ssl_conf_dtls_cookies(&config_, nullptr, nullptr, nullptr);
#endif
    const auto& own = static_cast<const server_identity&>(*options_.identity);
    return mbedtls_ssl_conf_own_cert(&config_, own.chain(), own.key());
}

CORTC_DECL bool tls_end::set_up() {
    if (!start_library() || !random_.seed()) return false;
    mbedtls_ssl_config_init(&config_);
    mbedtls_ssl_init(&ssl_);
    live_ = true;
    if (configure() != 0 || mbedtls_ssl_setup(&ssl_, &config_) != 0) return false;
    set_callbacks();
    if (options_.datagrams) mbedtls_ssl_set_mtu(&ssl_, static_cast<std::uint16_t>(options_.mtu));
    if (options_.role == tls_role::server) return true;
    boost::system::error_code no_literal;
    (void)boost::asio::ip::make_address(options_.peer, no_literal);
    const bool named = no_literal && !options_.peer.empty(); // RFC 6066 3: no literals
    return mbedtls_ssl_set_hostname(&ssl_, named ? options_.peer.c_str() : nullptr) == 0;
}

// No exception passes through mbedTLS: what allocates runs under the guard, the rest throws nothing.
CORTC_DECL void tls_end::set_callbacks() {
    mbedtls_ssl_set_bio(
        &ssl_, this,
        [](void* it, const unsigned char* data, std::size_t size) noexcept {
            auto& self = *static_cast<tls_end*>(it);
            return self.guard_.run(MBEDTLS_ERR_SSL_INTERNAL_ERROR,
                                   [&] { return self.send(detail::view_of(data, size)); });
        },
        [](void* it, unsigned char* out, std::size_t size) noexcept {
            return static_cast<tls_end*>(it)->receive({out, size});
        },
        nullptr);
    if (options_.datagrams)
        mbedtls_ssl_set_timer_cb(
            &ssl_, this,
            [](void* it, std::uint32_t intermediate, std::uint32_t final) noexcept {
                static_cast<tls_end*>(it)->arm(intermediate, final);
            },
            [](void* it) noexcept { return static_cast<tls_end*>(it)->passed(); });
    if (options_.role == tls_role::client)
        mbedtls_ssl_set_verify(
            &ssl_,
            [](void* it, mbedtls_x509_crt* given, int depth, std::uint32_t* flags) noexcept {
                auto& self = *static_cast<tls_end*>(it);
                return self.guard_.run(MBEDTLS_ERR_SSL_INTERNAL_ERROR,
                                       [&] { return self.verify(*given, depth, *flags); });
            },
            this);
}

CORTC_DECL void tls_end::start(time_point now) {
    if (state_ != tls_state::idle) return;
    now_ = now;
    state_ = tls_state::connecting;
    deadline_ = now + options_.handshake_timeout;
    if (!set_up()) return fail({tls_failure::internal, "out of memory, or mbedTLS lacks what TLS needs"});
    if (options_.role == tls_role::client) advance();
}

CORTC_DECL void tls_end::handle_input(byte_view data, time_point now) {
    if (!live() || data.empty()) return;
    now_ = now;
    stats_.bytes_received += data.size();
    if (options_.datagrams &&
        !detail::plausible(data, options_.role == tls_role::client ? dtls_role::client : dtls_role::server))
        return;
    if (options_.datagrams) input_.drop(input_.size());
    if (input_.size() + data.size() > input_limit)
        return fail({tls_failure::internal, "nobody reads what comes"});
    input_.append(data);
    advance();
}

CORTC_DECL void tls_end::advance() {
    // A datagram holds many records; the bound only guards against a loop without progress.
    for (int round = 0; round < 128 && state_ == tls_state::connecting; ++round) {
        const auto before = input_.size();
        const auto status = mbedtls_ssl_handshake(&ssl_);
        if (status == 0 && !guard_.threw()) return connected();
        const bool waits = status == MBEDTLS_ERR_SSL_WANT_READ || status == MBEDTLS_ERR_SSL_WANT_WRITE;
        const bool forged = options_.datagrams && status == MBEDTLS_ERR_SSL_INVALID_MAC;
        if (guard_.threw() || !(waits || forged)) return fail(status);
        if (before == input_.size() && mbedtls_ssl_check_pending(&ssl_) == 0) return;
    }
}

CORTC_DECL void tls_end::connected() {
    deadline_ = never;
    state_ = tls_state::connected;
    const auto* suite = mbedtls_ssl_get_ciphersuite(&ssl_);
    negotiated_ = std::string(mbedtls_ssl_get_version(&ssl_)) + ", " + (suite ? suite : "?");
    options_.log.debug("{}", negotiated_);
    events_.emplace_back(tls_connected{});
}

CORTC_DECL std::size_t tls_end::poll_read(byte_span out) {
    for (int round = 0; round < 128 && live() && state_ == tls_state::connected && !out.empty(); ++round) {
        const auto status = mbedtls_ssl_read(&ssl_, reinterpret_cast<unsigned char*>(out.data()), out.size());
        if (status > 0) {
            const auto size = static_cast<std::size_t>(status);
            stats_.data_read += size;
            if (options_.datagrams && mbedtls_ssl_get_bytes_avail(&ssl_) != 0) { // cut off
                std::array<unsigned char, 512> waste;
                while (mbedtls_ssl_get_bytes_avail(&ssl_) != 0 &&
                       mbedtls_ssl_read(&ssl_, waste.data(), waste.size()) > 0) {
                }
            }
            return size;
        }
        if (status == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
            (void)mbedtls_ssl_close_notify(&ssl_);
            state_ = tls_state::closed;
            events_.emplace_back(tls_closed{});
            release();
        } else if (status == MBEDTLS_ERR_SSL_WANT_READ || status == MBEDTLS_ERR_SSL_WANT_WRITE) {
            if (input_.empty() && mbedtls_ssl_check_pending(&ssl_) == 0) return 0;
            if (!options_.datagrams) return 0; // a part of a record is in mbedTLS's buffer
        } else if (!is_passing(status) && status != 0) {
            fail(status);
        }
    }
    return 0;
}

CORTC_DECL bool tls_end::write(byte_view data) {
    const auto room = options_.datagrams
                          ? datagrams_.has_room(options_.mtu)
                          : output_.size() + data.size() + data.size() / 64 + record_overhead <= output_limit;
    const auto largest = state_ == tls_state::connected ? mbedtls_ssl_get_max_out_record_payload(&ssl_) : 0;
    if (data.empty() || !room || largest <= 0 ||
        (options_.datagrams && data.size() > static_cast<std::size_t>(largest))) {
        ++stats_.write_refused;
        return false;
    }
    for (auto rest = data; !rest.empty();) {
        const auto status =
            mbedtls_ssl_write(&ssl_, reinterpret_cast<const unsigned char*>(rest.data()), rest.size());
        if (status <= 0) return fail(status), false;
        rest = rest.subspan(static_cast<std::size_t>(status));
    }
    stats_.data_written += data.size();
    return true;
}

CORTC_DECL std::size_t tls_end::poll_transmit(byte_span out) {
    const auto next = options_.datagrams ? datagrams_.front() : output_.front();
    const auto size = std::min(next.size(), out.size());
    std::ranges::copy(next.first(size), out.begin());
    if (options_.datagrams)
        datagrams_.pop();
    else
        output_.drop(size);
    stats_.bytes_sent += size;
    return size;
}

CORTC_DECL std::optional<tls_event> tls_end::poll_event() {
    if (events_.empty()) return std::nullopt;
    auto next = std::move(events_.front());
    events_.pop_front();
    return next;
}

CORTC_DECL void tls_end::handle_timeout(time_point now) {
    if (!live() || now < next_timeout()) return;
    now_ = now;
    if (now >= deadline_)
        return fail({tls_failure::timeout, stats_.bytes_received != 0
                                               ? "the handshake did not end in time"
                                               : "nothing of a handshake came from the peer"});
    keep_mtu(true);
    advance();
    keep_mtu(false);
}

// From its second retransmission on mbedTLS cuts flights to 508 bytes, and goes on to hold what is written
// after the handshake to that. It spares a flight that waited for the configured minimum, so that this is
// what it has waited for while the timer is handled.
CORTC_DECL void tls_end::keep_mtu(bool keep) {
    in_timeout_ = keep;
    if (live()) mbedtls_ssl_conf_handshake_timeout(&config_, keep ? wait_ms_ : first_wait, no_maximum_ms);
}

CORTC_DECL void tls_end::shutdown() {
    if (live() && state_ == tls_state::connected) (void)mbedtls_ssl_close_notify(&ssl_);
    if (state_ != tls_state::failed) state_ = tls_state::closed;
    release();
}

// mbedTLS gives up; where it has not told the peer so, this does.
CORTC_DECL void tls_end::fail(int status) {
    auto why = reason_of(status);
    if (why.reason != tls_failure::alert && !alert_sent_)
        (void)mbedtls_ssl_send_alert_message(&ssl_, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                             MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
    fail(std::move(why));
}

CORTC_DECL void tls_end::fail(tls_failed why) {
    state_ = tls_state::failed;
    options_.log.debug("failed: {}: {}", to_string(why.reason), why.message);
    events_.emplace_back(std::move(why));
    release();
}

CORTC_DECL tls_failed tls_end::reason_of(int status) const {
    if (guard_.threw()) return {tls_failure::internal, "in a call of mbedTLS's: " + guard_.message()};
    const auto flags = mbedtls_ssl_get_verify_result(&ssl_);
    if (status == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED || !objection_.empty()) {
        std::array<char, 256> text{};
        if (objection_.empty()) (void)mbedtls_x509_crt_verify_info(text.data(), text.size(), "", flags);
        std::string why = objection_.empty() ? text.data() : objection_;
        while (!why.empty() && why.back() == '\n') why.pop_back();
        return {tls_failure::certificate, "the server's certificate " + why};
    }
    switch (status) {
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE: {
        const auto* alert = ssl_.CORTC_MBEDTLS_MEMBER(in_msg); // level, description (RFC 5246 7.2)
        return {tls_failure::alert, "the peer sent the fatal alert " + alert_text(alert ? alert[1] : 0)};
    }
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        return {tls_failure::alert, "the peer closed during the handshake"};
    case MBEDTLS_ERR_SSL_TIMEOUT:
        return {tls_failure::timeout, detail::describe(status)};
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
    case MBEDTLS_ERR_SSL_INTERNAL_ERROR:
        return {tls_failure::internal, detail::describe(status)};
    default:
        return {tls_failure::protocol, "TLS failed: " + detail::describe(status)};
    }
}

CORTC_DECL void tls_end::release() {
    deadline_ = intermediate_ = final_ = never;
    if (!std::exchange(live_, false)) return;
    mbedtls_ssl_free(&ssl_);
    mbedtls_ssl_config_free(&config_);
    input_.drop(input_.size());
}

CORTC_DECL int tls_end::send(byte_view data) {
    if (state_ == tls_state::connecting && std::to_integer<std::uint8_t>(data[0]) == detail::alert)
        alert_sent_ = true;
    if (options_.datagrams)
        (void)datagrams_.push(data); // as if the network had lost it
    else
        output_.append(data);
    return static_cast<int>(data.size());
}

CORTC_DECL int tls_end::receive(std::span<unsigned char> out) noexcept {
    const auto next = input_.front();
    if (next.empty()) return MBEDTLS_ERR_SSL_WANT_READ;
    const auto size = std::min(next.size(), out.size());
    std::ranges::copy(next.first(size), std::as_writable_bytes(out).begin());
    input_.drop(options_.datagrams ? next.size() : size);
    return static_cast<int>(size);
}

/// From the root down to the server's own. mbedTLS asks the system's clock, and knows no addresses before
/// 3.0: both are looked at here.
CORTC_DECL int tls_end::verify(const mbedtls_x509_crt& given, int depth, std::uint32_t& flags) {
    flags &= ~std::uint32_t(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE |
                            MBEDTLS_X509_BADCERT_CN_MISMATCH);
    if (!options_.roots) {
        flags = 0;
        return 0;
    }
    std::string why;
    const auto add = [&](std::string_view text) {
        if (!why.empty()) why += "; it ";
        why += text;
    };
    if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0)
        add(depth == 0 && std::ranges::equal(detail::view_of(given.issuer_raw.p, given.issuer_raw.len),
                                             detail::view_of(given.subject_raw.p, given.subject_raw.len))
                ? "is signed by itself, and not among those that are trusted"
                : "is signed by nobody that is trusted");
    else if (flags != 0)
        add("is of a kind that is refused");
    if (options_.calendar > detail::to_unix_time(given.valid_to)) {
        flags |= MBEDTLS_X509_BADCERT_EXPIRED;
        add("has expired");
    }
    if (options_.calendar < detail::to_unix_time(given.valid_from)) {
        flags |= MBEDTLS_X509_BADCERT_FUTURE;
        add("is not valid yet");
    }
    if (depth == 0) {
        const auto names = names_of(detail::view_of(given.raw.p, given.raw.len));
        if (!names.match(options_.peer)) {
            flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
            add("names " + names.text() + ", and not " + options_.peer);
        }
    }
    if (why.empty()) return 0;
    objection_ = depth == 0 ? why : fmt::format("has an issuer (number {}) whose certificate {}", depth, why);
    return 0;
}

CORTC_DECL void tls_end::arm(std::uint32_t intermediate_ms, std::uint32_t final_ms) noexcept {
    const auto after = [this](std::uint32_t wait) {
        return now_ + std::min<duration>(std::chrono::milliseconds(wait), longest_wait);
    };
    if (final_ms != 0) wait_ms_ = final_ms;
    intermediate_ = final_ms == 0 ? never : after(intermediate_ms);
    final_ = final_ms == 0 ? never : after(final_ms);
}

// The values that mbedTLS asks for: -1 not armed, 0 waiting, 1 the first time has passed, 2 both have.
CORTC_DECL int tls_end::passed() const noexcept {
    if (final_ == never) return -1;
    if (now_ >= final_ && in_timeout_) return 2;
    return now_ >= intermediate_ ? 1 : 0;
}

} // namespace cortc::crypto::mbedtls
