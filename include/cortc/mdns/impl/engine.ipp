#pragma once

#include "cortc/mdns/engine.hpp"

#include <algorithm>
#include <utility>

namespace cortc::mdns {

CORTC_DECL engine::engine(random_source& random, engine_limits limits) : random_(random), limits_(limits) {}

CORTC_DECL bool engine::add_link(link_id id, std::string interface) {
    if (links_.size() >= limits_.links) return false;
    links_.push_back({id, std::move(interface)});
    return true;
}

CORTC_DECL void engine::remove_link(link_id id) {
    std::erase_if(links_, [id](const link& each) { return each.id == id; });
    for (auto& [name, of] : names_)
        std::erase_if(of.links, [&](const told& each) {
            if (each.over != id) return false;
            if (each.waits) --waiting_;
            return true;
        });
    fifo<outgoing> rest;
    while (!out_.empty())
        if (auto next = out_.pop_front(); next.over != id) rest.push_back(std::move(next));
    out_ = std::move(rest);
}

// ---- asking

CORTC_DECL std::optional<query_id> engine::ask(std::string_view name, time_point now) {
    if (!is_candidate_name(name)) return drop(drop_reason::unwelcome_name), std::nullopt;
    if (queries_.size() >= limits_.queries) return drop(drop_reason::query_limit), std::nullopt;
    constexpr auto first = std::chrono::seconds(1);
    const query_id id(++last_query_);
    queries_.push_back({id, small(name), now + query_limit, now + first, 2 * first});
    send(queries_.back());
    return id;
}

CORTC_DECL void engine::cancel(query_id id) {
    std::erase_if(queries_, [id](const query& each) { return each.id == id; });
}

CORTC_DECL void engine::send(const query& what) {
    for (const auto& over : links_)
        for (const auto type : {kind::query_a, kind::query_aaaa}) out_.push_back({over.id, type, what.name});
}

/// The first answer is taken: nobody can tell who has the name. Whoever is elsewhere has no loopback address
/// for us.
CORTC_DECL void engine::handle_response(const message& what, const endpoint& source) {
    const auto credible = [&](const ip_address& address) {
        return is_reachable({address, port}) && (!address.is_loopback() || source.address.is_loopback());
    };
    std::vector<query> open;
    for (auto& each : std::exchange(queries_, {})) {
        std::vector<ip_address> found;
        for (const auto& record : what.addresses) {
            if (record.name != each.name || record.goodbye) continue;
            if (!credible(record.address)) {
                drop(drop_reason::wrong_address);
                continue;
            }
            const bool known = std::ranges::find(found, record.address) != found.end();
            if (!known && found.size() < limits_.addresses) found.push_back(record.address);
        }
        if (found.empty())
            open.push_back(std::move(each));
        else
            events_.push_back({each.id, std::move(found)});
    }
    queries_ = std::move(open);
}

// ---- answering

CORTC_DECL std::optional<std::string> engine::publish(const ip_address& address, std::string interface) {
    if (names_.size() >= limits_.names) return {};
    return names_.emplace(make_candidate_name(random_), published{address, std::move(interface)})
        .first->first;
}

CORTC_DECL void engine::withdraw(std::string_view name) {
    const auto at = names_.find(name);
    if (at == names_.end()) return;
    for (const auto& each : at->second.links) { // those where somebody has heard of it
        if (each.waits) --waiting_;
        out_.push_back({each.over, kind::goodbye, at->first, at->second.address});
    }
    names_.erase(at);
}

CORTC_DECL void engine::handle_query(const link& from, const message& what, time_point now) {
    std::map<names::value_type*, bool> asked; // and whether for another type alone
    for (const auto& each : what.questions) {
        const auto at = names_.find(each.name);
        if (at == names_.end() || at->second.interface != from.interface) continue;
        const auto ours = at->second.address.is_v6() ? record_type::aaaa : record_type::a;
        const bool other = each.type != static_cast<std::uint16_t>(ours) &&
                           each.type != static_cast<std::uint16_t>(record_type::any);
        auto& only_that = asked.try_emplace(&*at, true).first->second;
        only_that = only_that && other;
    }
    for (const auto& [name, only_that] : asked) answer(from, *name, only_that, now);
}

CORTC_DECL void engine::answer(const link& from, names::value_type& name, bool only_that, time_point now) {
    auto& links = name.second.links;
    auto at = std::ranges::find(links, from.id, &told::over);
    if (at == links.end()) at = links.insert(at, {from.id, now, now});
    if (!at->waits) {
        if (waiting_ >= limits_.answers) return drop(drop_reason::answers_limit);
        ++waiting_;
        at->waits = true;
        at->only_that = only_that;
    }
    at->only_that = at->only_that && only_that;
    if (at->due() <= now) tell(name, *at, now);
}

CORTC_DECL void engine::tell(const names::value_type& name, told& where, time_point now) {
    where.waits = false;
    --waiting_;
    const auto what = where.only_that ? kind::no_address : kind::answer;
    out_.push_back({where.over, what, name.first, name.second.address});
    (where.only_that ? where.nothing : where.address) = now + answer_interval;
}

// ---- in and out

CORTC_DECL void engine::handle_packet(link_id from, const endpoint& source, byte_view packet,
                                      time_point now) {
    const auto at = std::ranges::find(links_, from, &link::id);
    if (at == links_.end()) return;
    if (source.port != port) return drop(drop_reason::wrong_port);
    const auto read = parse(packet);
    if (!read) return drop(read.error());
    if (read->response)
        handle_response(*read, source);
    else
        handle_query(*at, *read, now);
}

CORTC_DECL std::optional<engine::transmit> engine::poll_transmit(byte_span out) {
    while (!out_.empty()) {
        const auto next = out_.pop_front();
        std::size_t size = 0;
        switch (next.what) {
        case kind::query_a:
            size = write_query(out, next.name, record_type::a);
            break;
        case kind::query_aaaa:
            size = write_query(out, next.name, record_type::aaaa);
            break;
        case kind::goodbye:
            size = write_goodbye(out, next.name, next.address);
            break;
        default:
            size = write_answer(out, next.name, next.address, next.what == kind::no_address);
        }
        if (size != 0) return transmit{next.over, size};
    }
    return {};
}

CORTC_DECL std::optional<answered> engine::poll_event() {
    if (events_.empty()) return {};
    return events_.pop_front();
}

CORTC_DECL time_point engine::next_timeout() const noexcept {
    auto next = never;
    for (const auto& each : queries_) next = std::min({next, each.next, each.ends});
    if (waiting_ == 0) return next;
    for (const auto& [name, of] : names_)
        for (const auto& each : of.links)
            if (each.waits) next = std::min(next, each.due());
    return next;
}

CORTC_DECL void engine::handle_timeout(time_point now) {
    std::erase_if(queries_, [&](const query& each) {
        if (each.ends > now) return false;
        events_.push_back({each.id, {}});
        return true;
    });
    for (auto& each : queries_) {
        if (each.next > now) continue;
        each.next = now + each.step;
        each.step *= 2;
        send(each);
    }
    if (waiting_ == 0) return;
    for (auto& name : names_)
        for (auto& each : name.second.links)
            if (each.waits && each.due() <= now) tell(name, each, now);
}

} // namespace cortc::mdns
