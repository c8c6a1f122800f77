#pragma once

#include "test/unit/jsep/media_support.hpp"

#include <array>
#include <deque>
#include <map>
#include <set>
#include <source_location>
#include <stdexcept>

/// Two engines under the perfect negotiation pattern (webrtc-pc 10.7), whatever the application does
/// meanwhile. Choices come from anything with below(limit): dice, or a fuzzer's input.
namespace cortc::jsep {

/// Not REQUIRE: there is no test around a fuzzer's input.
inline void must(bool good, std::source_location where = std::source_location::current()) {
    if (!good) throw std::logic_error("walk.hpp:" + std::to_string(where.line()));
}

inline session_options with_policy(std::size_t number) {
    session_options options;
    options.bundle = static_cast<bundle_policy>(number % 3);
    return options;
}

/// In each BUNDLE group a number means one thing.
inline bool numbers_are_clear(const sdp::session_description& content) {
    const bundle_layout layout(content);
    auto clear = true;
    std::map<std::pair<std::size_t, int>, std::string> codecs, extensions;
    for (std::size_t i = 0; i < content.media.size(); ++i) {
        if (layout.rejected(i) || !content.media[i].is_rtp()) continue;
        auto group = layout.members(i).front();
        for (const auto& each : content.media[i].codecs) {
            auto meaning = each.name + "/" + std::to_string(each.clock_rate);
            clear = clear &&
                    codecs.emplace(std::pair{group, each.payload_type}, meaning).first->second == meaning;
        }
        for (const auto& each : content.media[i].extmaps)
            clear =
                clear && extensions.emplace(std::pair{group, each.id}, each.uri).first->second == each.uri;
    }
    return clear;
}

/// One end, and what an application would know of it from the events alone.
struct side {
    side(int number, bool is_polite, session_options options) : self(number, options), polite(is_polite) {}

    peer self;
    bool polite;
    std::deque<description> inbox;
    std::size_t most_sections = 0; // of the stable states
    std::size_t next_track = 0;
    std::set<transport_id> transports;
    std::map<transceiver_id, std::set<std::string>> streams;
    std::map<std::string, std::size_t> places; // of mids, for good
    std::array<std::optional<description>, 2> checked;
    signaling_state checked_in = signaling_state::closed;

    void drain();
    void check();
};

inline void side::drain() {
    for (auto& each : self.events()) {
        if (auto* added = std::get_if<transport_added>(&each)) {
            must(transports.insert(added->transport).second);
        } else if (auto* removed = std::get_if<transport_removed>(&each)) {
            must(transports.erase(removed->transport) == 1);
        } else if (auto* ice = std::get_if<local_ice>(&each)) {
            must(transports.contains(ice->transport));
        } else if (auto* pair = std::get_if<remote_ice>(&each)) {
            must(transports.contains(pair->transport));
        } else if (auto* left = std::get_if<remote_track_left>(&each)) {
            must(streams[left->transceiver].erase(left->stream) == 1);
        } else if (auto* joined = std::get_if<remote_track_joined>(&each)) {
            must(streams[joined->transceiver].insert(joined->stream).second);
        } else if (auto* track = std::get_if<remote_track>(&each)) {
            must(self.jsep.find(track->transceiver));
        }
    }
}

inline void side::check() {
    drain();
    for (const auto& each : self.jsep.transceivers()) {
        must(each.mid.empty() == !each.section.has_value());
        must(!each.encodings.empty());
        must(!each.sender_id.empty());
        std::set<std::string> now(each.remote_streams.begin(), each.remote_streams.end());
        must(streams[each.id] == now);
        if (auto transport = self.jsep.media_transport(each.id)) must(transports.contains(*transport));
    }
    const std::array texts{self.jsep.local_description(), self.jsep.remote_description()};
    if (checked == texts && checked_in == self.jsep.state()) return;
    checked = texts;
    checked_in = self.jsep.state();
    for (const auto& text : texts) {
        if (!text) continue;
        auto content = sdp::parse(text->sdp);
        must(content.has_value());
        must(sdp::print(*content) == text->sdp);
        must(content->media.size() >= most_sections);
        must(numbers_are_clear(*content));
    }
    if (self.jsep.state() != signaling_state::stable || !self.jsep.local_description()) return;
    auto content = sdp::parse(self.jsep.local_description()->sdp).value();
    most_sections = content.media.size();
    for (std::size_t i = 0; i < content.media.size(); ++i)
        if (content.media[i].mid) must(places.emplace(*content.media[i].mid, i).first->second == i);
}

/// What an application may do at any time.
template <class Random>
void change(side& at, Random& random) {
    auto& jsep = at.self.jsep;
    auto kind = random.below(2) ? media_kind::audio : media_kind::video;
    auto some = transceiver_id(static_cast<std::uint32_t>(1 + random.below(12)));
    auto many = jsep.transceivers().size() > 6;
    auto stream = "s" + std::to_string(random.below(4));
    switch (random.below(13)) {
    case 0: {
        if (many) return;
        transceiver_init init;
        init.direction = static_cast<sdp::direction>(random.below(4));
        init.streams = {stream};
        if (kind == media_kind::video && random.below(2))
            for (std::string rid : {"q", "h", "f"}) init.send_encodings.emplace_back().rid = rid;
        if (kind == media_kind::video && random.below(4) == 0) init.receive_rids = {"x", "y"};
        (void)jsep.add_transceiver(kind, init).value();
        return;
    }
    case 1:
    case 2:
        if (!many) (void)jsep.add_track(kind, "t" + std::to_string(at.next_track++), {stream}).value();
        return;
    case 3:
        jsep.remove_track(some).value();
        return;
    case 4:
    case 5:
        (void)jsep.set_direction(some, static_cast<sdp::direction>(random.below(4)));
        return;
    case 6:
        jsep.stop(some);
        return;
    case 7:
        jsep.restart_ice();
        return;
    case 8:
        jsep.add_data_section();
        return;
    case 9:
        (void)jsep.set_streams(some, {stream, "both"});
        return;
    case 10: {
        const auto* known = jsep.find(some);
        if (!known) return;
        auto list = jsep.codecs(known->kind);
        std::rotate(list.begin() + 1,
                    list.begin() + 1 + static_cast<std::ptrdiff_t>(random.below(list.size() - 1)),
                    list.end());
        list.resize(1 + random.below(list.size())); // the first stays, so that both ends have one in common
        jsep.set_codec_preferences(some, list).value();
        return;
    }
    case 11: {
        auto parameters = jsep.get_parameters(some);
        if (!parameters) return;
        parameters->encodings.front().active = random.below(2) == 0;
        (void)jsep.set_parameters(some, *parameters);
        return;
    }
    default:
        (void)jsep.create_offer({.ice_restart = random.below(2) == 0});
        (void)jsep.create_answer();
    }
}

inline void send(side& from, side& to) {
    from.self.jsep.set_local_description().value();
    to.inbox.push_back(*from.self.jsep.local_description());
}

/// The negotiationneeded event, and its handler.
inline bool offer_if_needed(side& from, side& to) {
    if (!from.self.jsep.update_negotiation_needed()) return false;
    send(from, to);
    return true;
}

/// An offer that has not left yet is taken back.
inline void think_again(side& from, side& to) {
    if (from.self.jsep.state() != signaling_state::have_local_offer || to.inbox.empty() ||
        to.inbox.back().type != sdp_type::offer)
        return;
    to.inbox.pop_back();
    from.self.jsep.set_local_description(sdp_type::rollback).value();
    from.check();
    send(from, to);
}

/// The next message arrives; `random` none: nothing unusual happens.
template <class Random>
void receive(side& at, side& other, Random* random) {
    if (at.inbox.empty()) return;
    auto message = std::move(at.inbox.front());
    at.inbox.pop_front();
    auto& jsep = at.self.jsep;
    if (message.type == sdp_type::offer) {
        if (jsep.state() != signaling_state::stable && !at.polite) return; // glare: the other one gives way
        auto set = [&] {
            auto done = jsep.set_remote_description(sdp_type::offer, message.sdp);
            if (!done) throw std::logic_error(done.error().message + "\n" + message.sdp);
            at.check();
        };
        set();
        if (random && random->below(5) == 0) {
            jsep.set_remote_description(sdp_type::rollback, "").value();
            at.check();
            if (random->below(2)) change(at, *random);
            set();
        }
        if (random && random->below(3) == 0) change(at, *random);
        if (random && random->below(6) == 0) set();
        return send(at, other);
    }
    if (jsep.state() != signaling_state::have_local_offer) return; // to an offer that gave way
    auto done = jsep.set_remote_description(message.type, message.sdp);
    if (!done) throw std::logic_error(done.error().message + "\n" + message.sdp);
}

inline void check_agreement(side& alice, side& bob) {
    for (auto* each : {&alice, &bob}) {
        must(each->self.jsep.state() == signaling_state::stable);
        must(!each->self.jsep.negotiation_needed());
    }
    std::map<std::string, const transceiver*> by_mid;
    std::size_t found = 0;
    for (const auto& each : alice.self.jsep.transceivers())
        if (each.section && !each.stopped) must(by_mid.emplace(each.mid, &each).second);
    for (const auto& theirs : bob.self.jsep.transceivers()) {
        if (!theirs.section) continue; // stopped before it had one
        ++found;
        must(by_mid.contains(theirs.mid));
        const auto& ours = *by_mid[theirs.mid];
        must(ours.kind == theirs.kind);
        must(ours.section == theirs.section);
        must(ours.current_direction.has_value());
        must(*ours.current_direction == sdp::reverse(*theirs.current_direction));
        must(ours.negotiated->codecs.size() == theirs.negotiated->codecs.size());
        must(ours.negotiated->rids.size() == theirs.negotiated->rids.size());
        must(ours.negotiated->extensions.size() == theirs.negotiated->extensions.size());
    }
    must(found == by_mid.size());
    must(alice.transports.size() == bob.transports.size());
    must(alice.self.jsep.data_transport().has_value() == bob.self.jsep.data_transport().has_value());
}

inline void settle(side& alice, side& bob) {
    int rounds = 0;
    for (bool more = true; more;) {
        more = false;
        for (auto* each : {&alice, &bob}) {
            auto& other = each == &alice ? bob : alice;
            const bool offers = offer_if_needed(*each, other);
            if (!offers && each->inbox.empty()) continue;
            must(++rounds <= 120);
            receive<seeded_random>(*each, other, nullptr);
            each->check();
            more = true;
        }
    }
    check_agreement(alice, bob);
}

/// One thing that happens, and its checks; when everything that is under way has arrived, both agree.
template <class Random>
bool walk_on(side& alice, side& bob, Random& random) {
    auto first = random.below(2) == 0;
    auto& at = first ? alice : bob;
    auto& other = first ? bob : alice;
    switch (random.below(6)) {
    case 0:
    case 1:
        change(at, random);
        break;
    case 2:
    case 3:
        offer_if_needed(at, other);
        break;
    case 4:
        receive(at, other, &random);
        break;
    default:
        think_again(at, other);
    }
    at.check();
    if (random.below(20) != 0) return false;
    settle(alice, bob);
    return true;
}

} // namespace cortc::jsep
