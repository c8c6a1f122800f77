#pragma once

#include "cortc/ice/server_queries.hpp"
#include "cortc/stun/message_writer.hpp"

#include <algorithm>
#include <utility>

namespace cortc::ice {

namespace detail {

inline constexpr duration query_rto = std::chrono::milliseconds(500);
inline constexpr unsigned query_transmissions = 5;
inline constexpr duration query_last_wait = std::chrono::seconds(2);

} // namespace detail

CORTC_DECL void server_queries::ask(const path& server) {
    if (std::ranges::find(queries_, server, &query::to) != queries_.end()) return;
    query made;
    made.to = server;
    random_.fill(made.id);
    made.ticket = table_.add(made.id, *this);
    queries_.push_back(std::move(made));
}

CORTC_DECL void server_queries::clear() noexcept {
    queries_.clear();
    answers_.clear();
}

CORTC_DECL std::optional<transmit> server_queries::poll_transmit(byte_span out, time_point now) {
    auto due = std::ranges::find_if(queries_, [now](const query& each) {
        return each.next <= now && each.transmissions < detail::query_transmissions;
    });
    if (due == queries_.end()) return {};
    if (due->transmissions == 0) { // repetitions keep their own time
        if (!pacing_.ready(now)) return {};
        pacing_.take(now);
    }
    stun::message_writer request(out, stun::message_class::request, stun::method::binding, due->id);
    request.add_fingerprint();
    ++due->transmissions;
    due->next = now + (due->transmissions == detail::query_transmissions
                           ? detail::query_last_wait
                           : detail::query_rto * (1U << (due->transmissions - 1)));
    return transmit{due->to.socket, due->to.remote, request.size()};
}

CORTC_DECL void server_queries::end(std::vector<query>::iterator which, server_answer with) {
    with.asked = which->to;
    queries_.erase(which);
    answers_.push_back(std::move(with));
}

CORTC_DECL void server_queries::handle_response(const path& from, const stun::message& response, time_point) {
    auto at = std::ranges::find(queries_, response.id(), &query::id);
    // RFC 8489 6.3.3, 6.3.4: an answer comes from where the question went.
    if (at == queries_.end() || at->to != from || response.method() != stun::method::binding) return;
    server_answer answer;
    if (!response.unknown_comprehension_required().empty()) {
        answer.code = 701;
        answer.reason = "the server's answer has attributes that must be understood and are not known";
    } else if (response.cls() == stun::message_class::success_response) {
        answer.mapped = response.xor_mapped_address();
        if (!answer.mapped) answer.mapped = response.mapped_address(); // RFC 3489
        if (answer.mapped && !is_reachable(*answer.mapped)) answer.mapped.reset();
        if (!answer.mapped) {
            answer.code = 701;
            answer.reason = "the server's answer has no address that could be used";
        }
    } else {
        const auto error = response.error_code();
        answer.code = error ? static_cast<std::uint16_t>(error->code) : std::uint16_t{701};
        answer.reason = error ? std::string(error->reason) : "an error response without ERROR-CODE";
    }
    end(at, std::move(answer));
}

CORTC_DECL std::optional<server_answer> server_queries::poll_answer() {
    if (answers_.empty()) return {};
    return answers_.pop_front();
}

CORTC_DECL void server_queries::handle_timeout(time_point now) {
    auto over = [now](const query& each) {
        return each.transmissions == detail::query_transmissions && each.next <= now;
    };
    for (auto at = std::ranges::find_if(queries_, over); at != queries_.end();
         at = std::ranges::find_if(queries_, over)) {
        server_answer silent;
        silent.code = 701;
        silent.reason = "the server does not answer";
        end(at, std::move(silent));
    }
}

CORTC_DECL time_point server_queries::next_timeout() const noexcept {
    auto next = never;
    for (const auto& each : queries_)
        next = std::min(next, each.transmissions == 0 ? pacing_.next() : each.next);
    return next;
}

} // namespace cortc::ice
