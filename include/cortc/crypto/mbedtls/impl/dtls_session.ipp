#pragma once

#include "cortc/crypto/mbedtls/compat.hpp"
#include "cortc/crypto/mbedtls/impl/certificate.ipp"
#include "cortc/crypto/mbedtls/impl/client_hello.ipp"
#include "cortc/crypto/mbedtls/impl/peer_certificate.ipp"
#include "cortc/crypto/mbedtls/impl/record_check.ipp"
#include "cortc/crypto/session_base.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cortc::crypto::mbedtls {

class session final : public session_base {
  public:
    /// `own`: those that it may present, the preferred one first.
    session(dtls_options options, std::vector<std::shared_ptr<const certificate>> own);
    ~session() override;

    void start(time_point now) override;
    void handle_packet(byte_view datagram, time_point now) override;
    std::optional<std::size_t> poll_read(byte_span out) override;
    bool write(byte_view data) override;
    std::optional<std::size_t> seal(byte_view data, byte_span out) override;
    time_point next_timeout() const noexcept override;
    void handle_timeout(time_point now) override;
    void shutdown() override;
    const crypto::certificate& local_certificate() const noexcept override { return *presented_; }
    bool wants_whole_client_hello() const noexcept override { return true; }

  private:
    static constexpr duration longest_wait = std::chrono::milliseconds(1600);
    static constexpr std::size_t narrow_mtu = 508; // what every IPv4 path carries
    static constexpr std::size_t aead_overhead =
        13 + 8 + 16; // record header, explicit nonce and tag of AES-GCM

    // What mbedTLS hands out before the handshake is over; erased then.
    struct secrets {
        std::array<unsigned char, 48> master{};
        std::array<unsigned char, 64> randoms{}; // client's, server's
        mbedtls_tls_prf_types prf = MBEDTLS_SSL_TLS_PRF_NONE;
        bool known = false;
        ~secrets() { mbedtls_platform_zeroize(this, sizeof *this); }
    };

    // What the certificates' sessions share, while a step uses it.
    struct step_locks {
        std::unique_lock<std::mutex> first;
        std::vector<std::unique_lock<std::mutex>> others{};
    };
    step_locks step_lock() const;

    // What the peer has shown of itself in the handshake.
    struct shown {
        bool greeted = false;  // by a ClientHello; another one changes nothing
        std::string shortfall; // why its ClientHello has nothing in common with us, if that should come out
        detail::certificate_message_copy certificates;
        bool accepted = false; // these certificates
        detail::peer_chain chain;
    };

    bool set_up();
    bool admits(byte_view datagram);
    bool admits(const detail::message_part& part);
    bool admits_certificate(const detail::message_part& part);
    bool admits_chain(byte_view message);
    void advance();
    void settle();
    void advance_handshake();
    void complete_handshake();
    void note_presented(std::string_view suite);
    void read_ahead();
    void park_unread();
    bool discard_unread();
    bool input_left() const noexcept;
    bool encrypt(byte_view data);
    void take_srtp_keys();
    void give_up(dtls_failed why, unsigned char alert);
    using session_base::fail;
    void fail(int status);
    dtls_failed reason_of(int status) const;
    static unsigned char alert_for(int status, dtls_failure reason) noexcept;
    void peer_closed();
    void release();
    void forget_handshake();
    void keep_mtu(bool keep);
    void set_mtu(std::size_t size) { mbedtls_ssl_set_mtu(&ssl_, static_cast<std::uint16_t>(size)); }

    // What mbedTLS calls.
    void set_callbacks();
    int send(byte_view record);
    bool sent_in_step(byte_view record);
    int receive(std::span<unsigned char> out) noexcept;
    int verify(byte_view der, int depth, std::uint32_t& flags);
    void arm(std::uint32_t intermediate_ms, std::uint32_t final_ms) noexcept;
    int passed() const noexcept;
    static void keys_made(void* self, const unsigned char* master, const unsigned char* client_random,
                          const unsigned char* server_random, mbedtls_tls_prf_types prf) noexcept;
    int keep_secrets(byte_view master, byte_view client_random, byte_view server_random,
                     mbedtls_tls_prf_types prf);

    const std::vector<std::shared_ptr<const certificate>> own_; // never empty
    std::vector<const certificate*> locked_;                    // the same, in the order of their addresses
    const certificate* presented_;
    std::unique_ptr<certificate::configuration> several_; // of more than one
    mbedtls_ssl_config config_; // a shallow copy: all that it points to belongs to own_ or several_
    mbedtls_ssl_context ssl_;
    bool live_ = false; // ssl_ can be used

    time_point now_{};
    time_point intermediate_ = never, final_ = never;
    std::uint32_t wait_ms_ = 0; // what mbedTLS asked for last
    bool in_timeout_ = false;

    byte_view incoming_; // the datagram that mbedTLS has not fetched yet
    byte_span direct_;   // where seal() wants its datagram
    std::size_t direct_size_ = 0;
    bytes held_alert_;
    std::vector<std::uint64_t> sent_; // how the datagrams of this step begin, see sent_in_step()
    std::unique_ptr<secrets> secrets_;
    std::unique_ptr<shown> peer_;
};

CORTC_DECL std::string_view headers_mismatch() noexcept {
    if (srtp_as_in_headers()) return {};
#if defined(MBEDTLS_SSL_DTLS_SRTP)
    return "the mbedTLS that was linked is built without MBEDTLS_SSL_DTLS_SRTP, and cortc is compiled with "
           "it";
#else
    return "the mbedTLS that was linked is built with MBEDTLS_SSL_DTLS_SRTP, and cortc is compiled without "
           "it";
#endif
}

CORTC_DECL session::session(dtls_options options, std::vector<std::shared_ptr<const certificate>> own)
    : session_base(std::move(options), aead_overhead), own_(std::move(own)), presented_(own_.front().get()) {
    for (const auto& each : own_) locked_.push_back(each.get());
    std::sort(locked_.begin(), locked_.end(), std::less<>());
    locked_.erase(std::unique(locked_.begin(), locked_.end()), locked_.end());
    if (srtp_as_in_headers()) mbedtls_ssl_init(&ssl_);
}

CORTC_DECL session::~session() { release(); }

CORTC_DECL session::step_locks session::step_lock() const {
    step_locks held{locked_.front()->step_lock()};
    for (std::size_t i = 1; i < locked_.size(); ++i) held.others.push_back(locked_[i]->step_lock());
    return held;
}

CORTC_DECL bool session::set_up() {
    const auto* shared = own_.size() == 1 ? own_.front()->config(options_.role) : nullptr;
    if (own_.size() > 1) {
        several_ = own_.front()->config(options_.role, {own_.begin() + 1, own_.end()});
        if (several_) shared = &several_->value;
    }
    if (!shared) return false;
    config_ = *shared;
    secrets_ = std::make_unique<secrets>();
    peer_ = std::make_unique<shown>();
    live_ = true;
#if defined(CORTC_MBEDTLS_EXPORT_KEYS)
    on_keys<&session::keys_made>(ssl_, config_, this);
#endif
    if (mbedtls_ssl_setup(&ssl_, &config_) != 0) return false;
    set_callbacks();
    set_mtu(options_.mtu);
#if defined(MBEDTLS_X509_CRT_PARSE_C)
    // No name to send or to compare; 3.6 wants to be told so.
    if (options_.role == dtls_role::client && mbedtls_ssl_set_hostname(&ssl_, nullptr) != 0) return false;
#endif
    return true;
}

// No exception passes through mbedTLS: what allocates or calls users runs under the guard, the rest throws
// nothing.
CORTC_DECL void session::set_callbacks() {
    mbedtls_ssl_set_bio(
        &ssl_, this,
        [](void* it, const unsigned char* data, std::size_t size) noexcept {
            auto& self = *static_cast<session*>(it);
            return self.guard_.run(MBEDTLS_ERR_SSL_INTERNAL_ERROR,
                                   [&] { return self.send(detail::view_of(data, size)); });
        },
        [](void* it, unsigned char* out, std::size_t size) noexcept {
            return static_cast<session*>(it)->receive({out, size});
        },
        nullptr);
    mbedtls_ssl_set_timer_cb(
        &ssl_, this,
        [](void* it, std::uint32_t intermediate, std::uint32_t final) noexcept {
            static_cast<session*>(it)->arm(intermediate, final);
        },
        [](void* it) noexcept { return static_cast<session*>(it)->passed(); });
    mbedtls_ssl_set_verify(
        &ssl_,
        [](void* it, mbedtls_x509_crt* given, int depth, std::uint32_t* flags) noexcept {
            auto& self = *static_cast<session*>(it);
            return self.guard_.run(MBEDTLS_ERR_SSL_INTERNAL_ERROR, [&] {
                return self.verify(detail::view_of(given->raw.p, given->raw.len), depth, *flags);
            });
        },
        this);
}

CORTC_DECL void session::start(time_point now) {
    if (state() != dtls_state::idle) return;
    now_ = now;
    begin(now);
    const auto lock = step_lock();
    if (!set_up()) {
        const auto why = headers_mismatch();
        fail({dtls_failure::internal,
              why.empty() ? "out of memory, or mbedTLS lacks what DTLS needs" : std::string(why)});
        release();
        return;
    }
    if (options_.role == dtls_role::client) advance();
}

CORTC_DECL void session::handle_packet(byte_view datagram, time_point now) {
    if (!live_) {
        ++stats_.dropped_inactive;
        return;
    }
    now_ = now;
    ++stats_.datagrams_received;
    if (!detail::plausible(datagram, options_.role)) {
        ++stats_.dropped_malformed;
        options_.log.debug("dropped {} bytes that are no DTLS records", datagram.size());
        return;
    }
    const auto lock = step_lock();
    sent_.clear();
    if (state() == dtls_state::connecting && !admits(datagram)) return settle();
    park_unread();
    struct at_end { // by an exception, too
        byte_view& input;
        ~at_end() { input = {}; }
    } const forget{incoming_};
    incoming_ = datagram;
    const auto read_before = mbedtls_ssl_get_bytes_avail(&ssl_);
    if (live_) advance();
    const auto is_data = std::to_integer<std::uint8_t>(datagram[0]) == detail::application_data;
    if (is_data && live_ && read_before == 0 && mbedtls_ssl_get_bytes_avail(&ssl_) == 0)
        ++stats_.dropped_unreadable;
}

// Looks at a handshake's messages before mbedTLS does: what can come to nothing ends here, with its reason,
// and nothing is computed for it. False when the datagram is not to go on.
CORTC_DECL bool session::admits(byte_view datagram) {
    if (const auto description = detail::foreign_alert(datagram)) {
        fail({dtls_failure::alert, fmt::format("the peer sent the fatal alert {}, in a record of another "
                                               "version than DTLS 1.2",
                                               alert_text(*description))});
        return false;
    }
    return detail::each_message(datagram, [this](const detail::message_part& part) { return admits(part); });
}

CORTC_DECL bool session::admits(const detail::message_part& part) {
    if (part.type == detail::certificate_message) return admits_certificate(part);
    if (part.type == detail::client_hello && part.whole() && !std::exchange(peer_->greeted, true)) {
        const auto offer = detail::read_client_hello(part.data);
        if (offer.version) {
            peer_->shortfall = offer.shortfall();
            return true;
        }
        give_up({dtls_failure::unsupported_version, "the peer offers no DTLS 1.2, but " + offer.versions()},
                MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION);
        return false;
    }
    if (part.type == detail::server_key_exchange && part.offset == 0) {
        const auto curve = detail::named_curve(part.data);
        if (!curve || std::ranges::count(group_numbers, *curve) != 0) return true;
        give_up({dtls_failure::nothing_in_common,
                 fmt::format("the peer chose the curve {}, which was not offered", *curve)},
                MBEDTLS_SSL_ALERT_MSG_ILLEGAL_PARAMETER);
        return false;
    }
    return true;
}

CORTC_DECL bool session::admits_certificate(const detail::message_part& part) {
    using enum detail::certificate_message_copy::verdict;
    switch (peer_->certificates.add(part)) {
    case more:
        return true;
    case whole:
        return peer_->accepted || admits_chain(peer_->certificates.body());
    case too_long:
        give_up({dtls_failure::bad_certificate,
                 fmt::format("the peer's certificates take {} bytes", part.length)},
                MBEDTLS_SSL_ALERT_MSG_BAD_CERT);
        return false;
    case contradicts:
        ++stats_.dropped_malformed;
        return false;
    }
    return false;
}

CORTC_DECL bool session::admits_chain(byte_view message) {
    const auto first = detail::peer_chain::first_of(message);
    if (!first) {
        give_up({dtls_failure::protocol, "the peer's certificates are not a list"},
                MBEDTLS_SSL_ALERT_MSG_DECODE_ERROR);
        return false;
    }
    if (first->empty()) {
        give_up({dtls_failure::no_certificate, "the peer presented no certificate"},
                MBEDTLS_SSL_ALERT_MSG_BAD_CERT);
        return false;
    }
    if (!accepts(*first)) {
        give_up(*refusal(), MBEDTLS_SSL_ALERT_MSG_BAD_CERT); // RFC 8122 6.2
        return false;
    }
    if (const auto fault = peer_->chain.fault(message)) {
        give_up({dtls_failure::bad_certificate, "the peer's certificate " + *fault},
                MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT);
        return false;
    }
    peer_->chain.trust(config_);
    return peer_->accepted = true;
}

// One step of mbedTLS with whatever input there is.
CORTC_DECL void session::advance() {
    if (state() == dtls_state::connecting) advance_handshake();
    if (state() == dtls_state::connected) read_ahead();
    settle();
}

CORTC_DECL void session::settle() {
    if (!held_alert_.empty() && !output_.push(held_alert_)) ++stats_.dropped_output;
    held_alert_.clear();
    if (state() == dtls_state::closed || state() == dtls_state::failed) release();
}

CORTC_DECL bool session::input_left() const noexcept {
    return !incoming_.empty() || mbedtls_ssl_check_pending(&ssl_) != 0;
}

CORTC_DECL void session::advance_handshake() {
    // A datagram holds at most a hundred records of 13 bytes; the bound only guards against a loop without
    // progress.
    for (int round = 0; round < 128; ++round) {
        const auto status = mbedtls_ssl_handshake(&ssl_);
        if (guard_.threw()) return give_up(reason_of(status), MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR);
        if (status == 0) return complete_handshake();
        if (status == MBEDTLS_ERR_SSL_INVALID_MAC) {
            // mbedTLS gives up over a forged record just before Finished, where RFC 6347 4.1.2.7 says to
            // discard it.
            held_alert_.clear();
            ++stats_.dropped_unreadable;
        } else if (status != MBEDTLS_ERR_SSL_WANT_READ && status != MBEDTLS_ERR_SSL_WANT_WRITE) {
            return fail(status);
        }
        if (!input_left()) return;
    }
}

CORTC_DECL void session::complete_handshake() {
    deadline_ = never;
    set_mtu(options_.mtu);
    take_srtp_keys();
    forget_handshake();
    if (auto why = objection()) {
        const bool anonymous = why->reason == dtls_failure::no_certificate;
        return give_up(std::move(*why),
                       anonymous ? MBEDTLS_SSL_ALERT_MSG_BAD_CERT : MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
    }
    std::string suite;
    if (const auto* name = mbedtls_ssl_get_ciphersuite(&ssl_)) suite = name;
    note_presented(suite);
    std::replace(suite.begin(), suite.end(), '-', '_'); // as IANA has it
    const auto largest = mbedtls_ssl_get_max_out_record_payload(&ssl_);
    connected(std::move(suite), largest > 0 ? static_cast<std::size_t>(largest) : max_payload());
}

/// A server's key is of the kind that the suite names, and mbedTLS has taken the first such.
CORTC_DECL void session::note_presented(std::string_view suite) {
    if (options_.role == dtls_role::client) return;
    const bool rsa = suite.find("-RSA-") != std::string_view::npos;
    const auto at =
        std::find_if(own_.begin(), own_.end(), [rsa](const auto& each) { return each->is_rsa() == rsa; });
    if (at != own_.end()) presented_ = at->get();
}

CORTC_DECL void session::take_srtp_keys() {
#if defined(CORTC_MBEDTLS_SRTP)
    mbedtls_dtls_srtp_info chosen{};
    mbedtls_ssl_get_dtls_srtp_negotiation_result(&ssl_, &chosen);
    const auto profile = chosen.CORTC_MBEDTLS_MEMBER(chosen_dtls_srtp_profile);
    if (profile == MBEDTLS_TLS_SRTP_UNSET || !secrets_ || !secrets_->known) return;
    const auto which = static_cast<srtp_profile>(profile); // both have the numbers of use_srtp
    srtp_material material(srtp_material_size(which));
    const auto out = material.span();
    if (mbedtls_ssl_tls_prf(secrets_->prf, secrets_->master.data(), secrets_->master.size(),
                            srtp_exporter_label.data(), secrets_->randoms.data(), secrets_->randoms.size(),
                            reinterpret_cast<unsigned char*>(out.data()), out.size()) == 0)
        keep_srtp_keys(which, material);
#endif
}

// Goes on until an application datagram waits for poll_read() or the input is used up.
CORTC_DECL void session::read_ahead() {
    for (int round = 0; round < 128; ++round) {
        if (mbedtls_ssl_get_bytes_avail(&ssl_) != 0) return;
        unsigned char nothing = 0;
        const auto status = mbedtls_ssl_read(&ssl_, &nothing, 0); // only opens the record
        if (status == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return peer_closed();
        if (status == 0) continue; // it is open, or was empty
        if (status != MBEDTLS_ERR_SSL_WANT_READ && status != MBEDTLS_ERR_SSL_WANT_WRITE) return fail(status);
        if (!input_left()) return;
    }
}

// Keeps what nobody read before mbedTLS is given the next datagram.
CORTC_DECL void session::park_unread() {
    while (live_) {
        const auto size = mbedtls_ssl_get_bytes_avail(&ssl_);
        if (size == 0) return;
        auto place = unread_.prepare(size);
        if (place.empty()) {
            ++stats_.dropped_input;
            if (!discard_unread()) return;
        } else {
            (void)mbedtls_ssl_read(&ssl_, reinterpret_cast<unsigned char*>(place.data()), place.size());
        }
        advance();
    }
}

CORTC_DECL bool session::discard_unread() {
    std::array<unsigned char, 512> waste;
    while (mbedtls_ssl_get_bytes_avail(&ssl_) != 0)
        if (mbedtls_ssl_read(&ssl_, waste.data(), waste.size()) <= 0) return false;
    return true;
}

CORTC_DECL std::optional<std::size_t> session::poll_read(byte_span out) {
    if (const auto size = read_parked(out)) return size;
    while (live_) {
        const auto size = mbedtls_ssl_get_bytes_avail(&ssl_);
        if (size == 0) return std::nullopt;
        const auto lock = step_lock();
        if (size > out.size()) {
            ++stats_.dropped_too_long;
            if (!discard_unread()) return std::nullopt;
        } else {
            (void)mbedtls_ssl_read(&ssl_, reinterpret_cast<unsigned char*>(out.data()), out.size());
            ++stats_.records_read;
        }
        advance();
        if (size <= out.size()) return size;
    }
    return std::nullopt;
}

CORTC_DECL bool session::encrypt(byte_view data) {
    if (state() != dtls_state::connected || data.empty() || data.size() > max_payload()) return false;
    const auto lock = step_lock();
    const auto status =
        mbedtls_ssl_write(&ssl_, reinterpret_cast<const unsigned char*>(data.data()), data.size());
    if (status == static_cast<int>(data.size())) {
        ++stats_.records_written;
        return true;
    }
    fail(status);
    release();
    return false;
}

CORTC_DECL bool session::write(byte_view data) { return output_.has_room(options_.mtu) && encrypt(data); }

CORTC_DECL std::optional<std::size_t> session::seal(byte_view data, byte_span out) {
    if (out.size() < options_.mtu) return std::nullopt;
    direct_ = out;
    direct_size_ = 0;
    const auto done = encrypt(data);
    direct_ = {};
    if (!done || direct_size_ == 0) return std::nullopt;
    ++stats_.datagrams_sent;
    return direct_size_;
}

CORTC_DECL time_point session::next_timeout() const noexcept { return std::min(final_, deadline_); }

CORTC_DECL void session::handle_timeout(time_point now) {
    if (!live_ || now < next_timeout()) return;
    now_ = now;
    if (overdue(now)) return release();
    ++stats_.retransmissions;
    sent_.clear();
    const auto lock = step_lock();
    // RFC 6347 4.1.1.1: twice in vain, perhaps for the size. mbedTLS cuts a flight anew each time.
    if (stats_.retransmissions == 2) set_mtu(std::min(options_.mtu, narrow_mtu));
    keep_mtu(true);
    advance();
    keep_mtu(false);
}

// From its second retransmission on mbedTLS cuts flights to 508 bytes (RFC 6347 4.1.1.1), and still holds
// what is written after the handshake to that: on a path slower than our first waits, or a lossy one, no full
// packet would ever leave. So it is we who cut them, for as long as the handshake lasts. mbedTLS spares a
// flight that waited for the configured minimum, so that this is what it has waited for while the timer is
// handled. Nothing arrives meanwhile, or the next flight would begin with that wait.
CORTC_DECL void session::keep_mtu(bool keep) {
    in_timeout_ = keep;
    if (live_) mbedtls_ssl_conf_handshake_timeout(&config_, keep ? wait_ms_ : first_wait_ms, no_maximum_ms);
}

CORTC_DECL void session::shutdown() {
    if (state() == dtls_state::closed || state() == dtls_state::failed) return;
    if (state() == dtls_state::connected) {
        const auto lock = step_lock();
        (void)mbedtls_ssl_close_notify(&ssl_);
    }
    set_state(dtls_state::closed);
    release();
}

CORTC_DECL void session::peer_closed() {
    (void)mbedtls_ssl_close_notify(&ssl_);
    closed_by_peer();
}

// Ends a handshake that mbedTLS finds good and cortc does not.
CORTC_DECL void session::give_up(dtls_failed why, unsigned char alert) {
    (void)mbedtls_ssl_send_alert_message(&ssl_, MBEDTLS_SSL_ALERT_LEVEL_FATAL, alert);
    why.message += fmt::format("; it was sent the alert {}", alert_text(alert));
    fail(std::move(why));
}

// mbedTLS gives up; where it has not told the peer so, this does.
CORTC_DECL void session::fail(int status) {
    auto why = reason_of(status);
    const bool told_by_peer = why.reason == dtls_failure::alert;
    if (state() != dtls_state::connecting || told_by_peer) return fail(std::move(why));
    constexpr std::size_t description = 14; // behind the record's header and the alert's level
    if (held_alert_.size() <= description) return give_up(std::move(why), alert_for(status, why.reason));
    const auto alert = std::to_integer<std::uint8_t>(held_alert_[description]);
    const bool readable = std::to_integer<unsigned>(held_alert_[3]) == 0 && held_alert_[4] == std::byte{0};
    if (readable) why.message += fmt::format("; it was sent the alert {}", alert_text(alert));
    fail(std::move(why));
}

CORTC_DECL unsigned char session::alert_for(int status, dtls_failure reason) noexcept {
    switch (reason) {
    case dtls_failure::unsupported_version:
        return MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION;
    case dtls_failure::bad_certificate:
        return MBEDTLS_SSL_ALERT_MSG_BAD_CERT;
    case dtls_failure::internal:
        return MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR;
    default:
        return is_bad_signature(status) ? MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR
                                        : MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE;
    }
}

CORTC_DECL dtls_failed session::reason_of(int status) const {
    if (refusal()) return *refusal();
    if (guard_.threw()) return {dtls_failure::internal, "in a call of mbedTLS's: " + guard_.message()};
    if (is_version_mismatch(status))
        return {dtls_failure::unsupported_version, "the peer has no DTLS 1.2: " + detail::describe(status)};
    if (is_nothing_in_common(status))
        return {dtls_failure::nothing_in_common, peer_ && !peer_->shortfall.empty()
                                                     ? "no " + peer_->shortfall + " in common"
                                                     : detail::describe(status)};
    if (is_bad_certificate(status)) return {dtls_failure::bad_certificate, detail::describe(status)};
    if (is_bad_signature(status))
        return {dtls_failure::protocol,
                "the peer does not hold its certificate's key: " + detail::describe(status)};
    switch (status) {
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE: {
        const auto* alert = ssl_.CORTC_MBEDTLS_MEMBER(in_msg); // level, description (RFC 5246 7.2)
        return {dtls_failure::alert,
                fmt::format("the peer sent the fatal alert {}", alert_text(alert ? alert[1] : 0))};
    }
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        return {dtls_failure::alert, "the peer closed during the handshake"};
    case MBEDTLS_ERR_SSL_TIMEOUT:
        return {dtls_failure::timeout, detail::describe(status)};
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
    case MBEDTLS_ERR_SSL_INTERNAL_ERROR:
    case MBEDTLS_ERR_SSL_COUNTER_WRAPPING:
        return {dtls_failure::internal, detail::describe(status)};
    default:
        return {dtls_failure::protocol, detail::describe(status)};
    }
}

// Nothing is left to do: gives mbedTLS's 33 KiB of buffers back. Not from inside of mbedTLS.
CORTC_DECL void session::release() {
    if (!std::exchange(live_, false)) return;
    mbedtls_ssl_free(&ssl_);
    mbedtls_ssl_init(&ssl_);
    forget_handshake();
    deadline_ = intermediate_ = final_ = never;
}

CORTC_DECL void session::forget_handshake() {
    secrets_.reset();
    sent_ = {};
    mbedtls_ssl_conf_ca_chain(&config_, nullptr, nullptr); // it was the peer's certificate
    peer_.reset();
}

CORTC_DECL int session::send(byte_view record) {
    const auto size = static_cast<int>(record.size());
    if (!direct_.empty()) {
        if (record.size() <= direct_.size()) {
            std::ranges::copy(record, direct_.begin());
            direct_size_ = record.size();
        }
        return size;
    }
    // An alert during the handshake waits until it is clear that it is meant, see advance_handshake().
    const auto is_alert = std::to_integer<std::uint8_t>(record[0]) == detail::alert;
    if (is_alert && state() == dtls_state::connecting)
        held_alert_.assign(record.begin(), record.end());
    else if (sent_in_step(record) || !output_.push(record))
        ++stats_.dropped_output; // as if the network had lost it
    return size;
}

// mbedTLS repeats its flight for each message of the peer's last one that comes again, and a datagram holds a
// hundred of them. One copy is the answer to a datagram. What begins alike is the same: the message and the
// offset of a record in the clear, or the kind of one that is encrypted.
CORTC_DECL bool session::sent_in_step(byte_view record) {
    byte_reader in(record);
    const std::uint64_t type = in.u8();
    if (type != detail::handshake && type != detail::change_cipher_spec) return false;
    in.skip(2);
    const std::uint64_t epoch = in.u16();
    in.skip(6 + 2);
    std::uint64_t start = type << 56 | (epoch & 0xff) << 48;
    if (type == detail::handshake && epoch == 0) {
        in.skip(4);
        start |= std::uint64_t{in.u16()} << 24;
        start |= in.u24();
    }
    if (std::ranges::count(sent_, start) != 0) return true;
    sent_.push_back(start);
    return false;
}

CORTC_DECL int session::receive(std::span<unsigned char> out) noexcept {
    if (incoming_.empty()) return MBEDTLS_ERR_SSL_WANT_READ;
    const auto datagram = std::exchange(incoming_, {});
    if (datagram.size() > out.size()) {
        ++stats_.dropped_malformed;
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    std::ranges::copy(datagram, std::as_writable_bytes(out).begin());
    return static_cast<int>(datagram.size());
}

// mbedTLS has verified a signature for each step up from the first certificate, which is the one that was
// found good; the others mean nothing (RFC 8122 6.2).
CORTC_DECL int session::verify(byte_view der, int depth, std::uint32_t& flags) {
    if (depth > peer_->chain.links()) return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    if (depth == 0 && !std::ranges::equal(der, remote_certificate()))
        return MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;
    flags = 0; // signed by nobody, perhaps expired: the fingerprint is all that counts (RFC 8827 5.6)
    return 0;
}

CORTC_DECL void session::arm(std::uint32_t intermediate_ms, std::uint32_t final_ms) noexcept {
    const auto after = [this](std::uint32_t wait) {
        return now_ + std::min<duration>(std::chrono::milliseconds(wait), longest_wait);
    };
    if (final_ms != 0) wait_ms_ = final_ms;
    intermediate_ = final_ms == 0 ? never : after(intermediate_ms);
    final_ = final_ms == 0 ? never : after(final_ms);
}

// The values that mbedTLS asks for: -1 not armed, 0 waiting, 1 the first time has passed, 2 both have. The
// last is for handle_timeout() alone: with a datagram at hand there is no need to give up on it.
CORTC_DECL int session::passed() const noexcept {
    if (final_ == never) return -1;
    if (now_ >= final_ && in_timeout_) return 2;
    return now_ >= intermediate_ ? 1 : 0;
}

CORTC_DECL void session::keys_made(void* self, const unsigned char* master,
                                   const unsigned char* client_random, const unsigned char* server_random,
                                   mbedtls_tls_prf_types prf) noexcept {
    auto& it = *static_cast<session*>(self);
    it.guard_.run(0, [&] {
        return it.keep_secrets(detail::view_of(master, 48), detail::view_of(client_random, 32),
                               detail::view_of(server_random, 32), prf);
    });
}

CORTC_DECL int session::keep_secrets(byte_view master, byte_view client_random, byte_view server_random,
                                     mbedtls_tls_prf_types prf) {
    if (!secrets_) return 0;
    byte_writer(std::as_writable_bytes(std::span(secrets_->master))).put(master);
    byte_writer randoms(std::as_writable_bytes(std::span(secrets_->randoms)));
    randoms.put(client_random);
    randoms.put(server_random);
    secrets_->prf = prf;
    secrets_->known = true;
    if (options_.keys) options_.keys(fmt::format("CLIENT_RANDOM {} {}", hex(client_random), hex(master)));
    return 0;
}

} // namespace cortc::crypto::mbedtls
