#pragma once

#include "cortc/base/what_of.hpp"
#include "cortc/crypto/datagram_queue.hpp"
#include "cortc/dtls/transport.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <string>
#include <utility>
#include <vector>

namespace cortc::dtls {

/// What a step on the worker keeps alive. While `stepping`, the session and `batch` are the worker's, and so
/// are the kept lines; the rest always belongs to the context.
struct transport::core final : log_sink, std::enable_shared_from_this<core> {
    static constexpr std::size_t input_limit = 65536;
    static constexpr std::size_t kept_lines_limit = 256;

    core(boost::asio::any_io_executor context_executor, boost::asio::any_io_executor worker_executor,
         std::function<void()> ready)
        : context(std::move(context_executor))
        , worker(std::move(worker_executor))
        , on_ready(std::move(ready)) {}

    void open(const crypto::backend& by, crypto::dtls_options options);
    void write(log_level level, std::string_view component, std::string_view message) noexcept override;
    void forward(log_level level, std::string_view message) const;

    [[nodiscard]] bool usable() const noexcept { return session && !stepping && !detached && !broken; }
    [[nodiscard]] bool wants_worker() const {
        return worker && session->state() == crypto::dtls_state::connecting;
    }
    void step(bool timer);
    void run(bool timer, time_point now);
    void returned(const std::exception_ptr& thrown);
    void resume();
    void call_ready() const;

    boost::asio::any_io_executor context, worker;
    std::function<void()> on_ready;
    logger log;
    crypto::key_log keys;
    std::unique_ptr<crypto::dtls_session> session;
    crypto::dtls_failed not_made;       // why there is none, or none any more
    std::optional<front_filter> filter; // of a server that wants it
    bool broken = false;                // a step threw: not_made says what
    bool stepping = false, detached = false, shutdown_wanted = false, missing_reported = true;
    time_point latest{};
    crypto::datagram_queue input{input_limit}; // came while stepping
    crypto::datagram_queue batch{input_limit}; // what the step works on
    std::size_t queue = 0, queued = 0;         // how many datagrams may be, are in input
    std::uint64_t dropped_while_busy = 0;
    crypto::dtls_state last_state = crypto::dtls_state::idle;
    crypto::dtls_stats last_stats;
    std::vector<std::pair<log_level, std::string>> kept_lines;
    std::vector<std::string> kept_keys;
};

CORTC_DECL void transport::core::open(const crypto::backend& by, crypto::dtls_options options) {
    log = options.log;
    keys = std::move(options.keys);
    const auto role = options.role;
    // The session logs through this object, which keeps lines written on the worker.
    options.log = {};
    for (auto level : {log_level::trace, log_level::debug, log_level::info, log_level::warning}) {
        if (!log.wants(level)) continue;
        options.log = logger(this, level, "dtls");
        break;
    }
    options.keys = nullptr;
    if (keys)
        options.keys = [this](std::string_view line) {
            if (stepping)
                kept_keys.emplace_back(line);
            else
                keys(line);
        };
    auto made = by.make_dtls_session(std::move(options));
    if (made.has_error()) {
        not_made = made.error();
        return;
    }
    session = std::move(*made);
    if (role == dtls_role::server && session->wants_whole_client_hello()) filter.emplace(log);
}

CORTC_DECL void transport::core::write(log_level level, std::string_view, std::string_view message) noexcept {
    if (!stepping)
        forward(level, message);
    else if (kept_lines.size() < kept_lines_limit)
        kept_lines.emplace_back(level, message);
}

CORTC_DECL void transport::core::forward(log_level level, std::string_view message) const {
    switch (level) {
    case log_level::trace:
        return log.trace("{}", message);
    case log_level::debug:
        return log.debug("{}", message);
    case log_level::info:
        return log.info("{}", message);
    default:
        return log.warning("{}", message);
    }
}

// Hands the input so far to the worker.
CORTC_DECL void transport::core::step(bool timer) {
    last_state = session->state();
    last_stats = session->stats();
    stepping = true;
    queued = 0;
    std::swap(input, batch);
    boost::asio::post(worker, [self = shared_from_this(), work = boost::asio::make_work_guard(context), timer,
                               now = latest] {
        std::exception_ptr thrown;
        try {
            self->run(timer, now);
        } catch (...) { // told on the context
            thrown = std::current_exception();
        }
        boost::asio::post(self->context, [self, thrown] { self->returned(thrown); });
    });
}

CORTC_DECL void transport::core::run(bool timer, time_point now) {
    for (; !batch.empty(); batch.pop()) session->handle_packet(batch.front(), now);
    if (timer) session->handle_timeout(now);
}

CORTC_DECL void transport::core::returned(const std::exception_ptr& thrown) {
    if (detached) return;
    stepping = false;
    if (thrown) {
        broken = true;
        missing_reported = false;
        not_made = {crypto::dtls_failure::internal, "a step of the handshake threw: " + what_of(thrown)};
    }
    for (const auto& [level, line] : std::exchange(kept_lines, {})) forward(level, line);
    for (const auto& line : std::exchange(kept_keys, {})) keys(line);
    if (std::exchange(shutdown_wanted, false) && !broken) session->shutdown();
    call_ready();
    resume();
}

// The owner has drained; now for what came meanwhile.
CORTC_DECL void transport::core::resume() {
    if (detached || stepping || broken || input.empty()) return;
    if (wants_worker()) return step(false);
    queued = 0;
    std::swap(input, batch);
    run(false, latest);
    call_ready();
}

// A copy, because the owner may destroy the transport from it.
CORTC_DECL void transport::core::call_ready() const {
    if (const auto ready = on_ready) ready();
}

CORTC_DECL transport::transport(const crypto::backend& by, crypto::dtls_options options,
                                boost::asio::any_io_executor context, boost::asio::any_io_executor worker,
                                std::function<void()> on_ready, std::size_t queue)
    : core_(std::make_shared<core>(std::move(context), std::move(worker), std::move(on_ready))) {
    core_->queue = queue;
    core_->open(by, std::move(options));
}

CORTC_DECL transport::~transport() { close(); }

CORTC_DECL bool transport::busy() const noexcept { return core_->stepping && !core_->detached; }

CORTC_DECL void transport::start(time_point now) {
    core_->latest = now;
    if (!core_->session) core_->missing_reported = false;
    if (core_->usable()) core_->session->start(now);
}

CORTC_DECL void transport::handle_packet(byte_view datagram, time_point now) {
    auto& it = *core_;
    if (!it.session || it.detached || it.broken) return;
    it.latest = now;
    if (it.filter) {
        const auto passed = it.filter->filter(datagram);
        if (!passed) return;
        datagram = *passed;
    }
    if (!it.stepping && !it.wants_worker()) return it.session->handle_packet(datagram, now);
    const bool room = !it.stepping || it.queued < it.queue; // the first is not waiting
    if (room && it.input.push(datagram))
        ++it.queued;
    else
        ++it.dropped_while_busy;
    if (!it.stepping) it.step(false);
}

CORTC_DECL std::optional<std::size_t> transport::poll_transmit(byte_span out) {
    return core_->usable() ? core_->session->poll_transmit(out) : std::nullopt;
}

CORTC_DECL std::optional<std::size_t> transport::poll_read(byte_span out) {
    return core_->usable() ? core_->session->poll_read(out) : std::nullopt;
}

CORTC_DECL std::optional<crypto::dtls_event> transport::poll_event() {
    if ((!core_->session || core_->broken) && !core_->detached &&
        !std::exchange(core_->missing_reported, true))
        return core_->not_made;
    return core_->usable() ? core_->session->poll_event() : std::nullopt;
}

CORTC_DECL bool transport::write(byte_view data) { return core_->usable() && core_->session->write(data); }

CORTC_DECL std::optional<std::size_t> transport::seal(byte_view data, byte_span out) {
    return core_->usable() ? core_->session->seal(data, out) : std::nullopt;
}

CORTC_DECL std::size_t transport::max_payload() const noexcept {
    return core_->usable() ? core_->session->max_payload() : 0;
}

CORTC_DECL time_point transport::next_timeout() const noexcept {
    return core_->usable() ? core_->session->next_timeout() : never;
}

CORTC_DECL void transport::handle_timeout(time_point now) {
    auto& it = *core_;
    if (!it.usable() || now < it.session->next_timeout()) return;
    it.latest = now;
    if (it.wants_worker())
        it.step(true);
    else
        it.session->handle_timeout(now);
}

CORTC_DECL void transport::shutdown() {
    if (busy())
        core_->shutdown_wanted = true;
    else if (core_->usable())
        core_->session->shutdown();
}

CORTC_DECL void transport::close() {
    auto& it = *core_;
    if (std::exchange(it.detached, true)) return;
    if (it.session && !it.stepping) it.session->shutdown(); // gives its memory back
    it.on_ready = nullptr;
}

CORTC_DECL crypto::dtls_state transport::state() const noexcept {
    if (core_->detached) return crypto::dtls_state::closed;
    if (!core_->session || core_->broken) return crypto::dtls_state::failed;
    return core_->stepping ? core_->last_state : core_->session->state();
}

CORTC_DECL std::optional<crypto::srtp_keys> transport::export_srtp_keys() const {
    return core_->usable() ? core_->session->export_srtp_keys() : std::nullopt;
}

CORTC_DECL byte_view transport::local_certificate() const noexcept {
    return core_->session && !core_->stepping ? core_->session->local_certificate().der() : byte_view();
}

CORTC_DECL byte_view transport::remote_certificate() const noexcept {
    return core_->session && !core_->stepping ? core_->session->remote_certificate() : byte_view();
}

CORTC_DECL std::string transport::cipher_suite() const {
    return core_->session && !core_->stepping ? core_->session->cipher_suite() : std::string();
}

CORTC_DECL const crypto::dtls_stats& transport::stats() const noexcept {
    return core_->session && !core_->stepping ? core_->session->stats() : core_->last_stats;
}

CORTC_DECL const front_filter::statistics& transport::filter_stats() const noexcept {
    static constexpr front_filter::statistics none{};
    return core_->filter ? core_->filter->stats() : none;
}

CORTC_DECL std::uint64_t transport::dropped_while_busy() const noexcept { return core_->dropped_while_busy; }

} // namespace cortc::dtls
