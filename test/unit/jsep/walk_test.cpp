#include "test/unit/jsep/media_support.hpp"

#include <deque>
#include <map>
#include <set>

/// Two engines under the perfect negotiation pattern (webrtc-pc 10.7), whatever the application does
/// meanwhile.
using namespace cortc;
using namespace cortc::jsep;

namespace {

session_options with_policy(std::size_t number) {
    session_options options;
    options.bundle = static_cast<bundle_policy>(number % 3);
    return options;
}

/// In each BUNDLE group a number means one thing.
bool numbers_are_clear(const sdp::session_description& content) {
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
    side(int number, bool is_polite, bundle_policy policy)
        : self(number, with_policy(static_cast<std::size_t>(policy))), polite(is_polite) {}

    peer self;
    bool polite;
    std::deque<description> inbox;
    std::size_t most_sections = 0; // of the stable states
    std::size_t next_track = 0;
    std::set<transport_id> transports;
    std::map<transceiver_id, std::set<std::string>> streams;
    std::map<std::string, std::size_t> places; // of mids, for good
    std::string read_text[2];                  // local, remote: each text is read once
    sdp::session_description read[2];

    void drain();
    void check();
    const sdp::session_description& content(std::size_t at, const std::string& text);
};

const sdp::session_description& side::content(std::size_t at, const std::string& text) {
    if (read_text[at] == text) return read[at];
    auto content = sdp::parse(text);
    REQUIRE(content.has_value());
    REQUIRE(sdp::print(*content) == text);
    REQUIRE(numbers_are_clear(*content));
    read_text[at] = text;
    return read[at] = std::move(*content);
}

void side::drain() {
    for (auto& each : self.events()) {
        if (auto* added = std::get_if<transport_added>(&each)) {
            REQUIRE(transports.insert(added->transport).second);
        } else if (auto* removed = std::get_if<transport_removed>(&each)) {
            REQUIRE(transports.erase(removed->transport) == 1);
        } else if (auto* ice = std::get_if<local_ice>(&each)) {
            REQUIRE(transports.contains(ice->transport));
        } else if (auto* pair = std::get_if<remote_ice>(&each)) {
            REQUIRE(transports.contains(pair->transport));
        } else if (auto* left = std::get_if<remote_track_left>(&each)) {
            REQUIRE(streams[left->transceiver].erase(left->stream) == 1);
        } else if (auto* joined = std::get_if<remote_track_joined>(&each)) {
            REQUIRE(streams[joined->transceiver].insert(joined->stream).second);
        } else if (auto* track = std::get_if<remote_track>(&each)) {
            REQUIRE(self.jsep.find(track->transceiver));
        }
    }
}

void side::check() {
    drain();
    for (const auto& each : self.jsep.transceivers()) {
        REQUIRE(each.mid.empty() == !each.section.has_value());
        REQUIRE_FALSE(each.encodings.empty());
        REQUIRE_FALSE(each.sender_id.empty());
        std::set<std::string> now(each.remote_streams.begin(), each.remote_streams.end());
        REQUIRE(streams[each.id] == now);
        if (auto transport = self.jsep.media_transport(each.id)) REQUIRE(transports.contains(*transport));
    }
    auto local = self.jsep.local_description(), remote = self.jsep.remote_description();
    if (local) REQUIRE(content(0, local->sdp).media.size() >= most_sections);
    if (remote) REQUIRE(content(1, remote->sdp).media.size() >= most_sections);
    if (self.jsep.state() != signaling_state::stable || !local) return;
    const auto& media = content(0, local->sdp).media;
    most_sections = media.size();
    for (std::size_t i = 0; i < media.size(); ++i)
        if (media[i].mid) REQUIRE(places.emplace(*media[i].mid, i).first->second == i);
}

/// What an application may do at any time.
void change(side& at, seeded_random& random) {
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
        REQUIRE(jsep.add_transceiver(kind, init));
        return;
    }
    case 1:
    case 2:
        if (!many) REQUIRE(jsep.add_track(kind, "t" + std::to_string(at.next_track++), {stream}));
        return;
    case 3:
        REQUIRE(jsep.remove_track(some));
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
        REQUIRE(jsep.set_codec_preferences(some, list));
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

void send(side& from, side& to) {
    REQUIRE(from.self.jsep.set_local_description());
    to.inbox.push_back(*from.self.jsep.local_description());
}

/// The negotiationneeded event, and its handler.
bool offer_if_needed(side& from, side& to) { // whether it did
    auto needed = from.self.jsep.update_negotiation_needed();
    if (needed) send(from, to);
    return needed;
}

/// An offer that has not left yet is taken back.
void think_again(side& from, side& to) {
    if (from.self.jsep.state() != signaling_state::have_local_offer || to.inbox.empty() ||
        to.inbox.back().type != sdp_type::offer)
        return;
    to.inbox.pop_back();
    REQUIRE(from.self.jsep.set_local_description(sdp_type::rollback));
    from.check();
    send(from, to);
}

/// The next message arrives; `random` none: nothing unusual happens.
void receive(side& at, side& other, seeded_random* random) {
    if (at.inbox.empty()) return;
    auto message = std::move(at.inbox.front());
    at.inbox.pop_front();
    auto& jsep = at.self.jsep;
    if (message.type == sdp_type::offer) {
        if (jsep.state() != signaling_state::stable && !at.polite) return; // glare: the other one gives way
        auto set = [&] {
            auto done = jsep.set_remote_description(sdp_type::offer, message.sdp);
            if (!done) FAIL(done.error().message << "\n" << message.sdp);
            at.check();
        };
        set();
        if (random && random->below(5) == 0) {
            REQUIRE(jsep.set_remote_description(sdp_type::rollback, ""));
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
    if (!done) FAIL(done.error().message << "\n" << message.sdp);
}

void check_agreement(side& alice, side& bob) {
    for (auto* each : {&alice, &bob}) {
        REQUIRE(each->self.jsep.state() == signaling_state::stable);
        REQUIRE_FALSE(each->self.jsep.negotiation_needed());
    }
    std::map<std::string, const transceiver*> by_mid;
    std::size_t found = 0;
    for (const auto& each : alice.self.jsep.transceivers())
        if (each.section && !each.stopped) REQUIRE(by_mid.emplace(each.mid, &each).second);
    for (const auto& theirs : bob.self.jsep.transceivers()) {
        if (!theirs.section) continue; // stopped before it had one
        ++found;
        REQUIRE(by_mid.contains(theirs.mid));
        const auto& ours = *by_mid[theirs.mid];
        REQUIRE(ours.kind == theirs.kind);
        REQUIRE(ours.section == theirs.section);
        REQUIRE(ours.current_direction);
        REQUIRE(*ours.current_direction == sdp::reverse(*theirs.current_direction));
        REQUIRE(ours.negotiated->codecs.size() == theirs.negotiated->codecs.size());
        REQUIRE(ours.negotiated->rids.size() == theirs.negotiated->rids.size());
        REQUIRE(ours.negotiated->extensions.size() == theirs.negotiated->extensions.size());
    }
    REQUIRE(found == by_mid.size());
    REQUIRE(alice.transports.size() == bob.transports.size());
    REQUIRE(alice.self.jsep.data_transport().has_value() == bob.self.jsep.data_transport().has_value());
}

void settle(side& alice, side& bob) {
    bool idle = false;
    for (int round = 0; round < 60 && !idle; ++round) {
        idle = true;
        for (auto* each : {&alice, &bob}) {
            auto& other = each == &alice ? bob : alice;
            idle = !offer_if_needed(*each, other) && each->inbox.empty() && idle;
            receive(*each, other, nullptr);
            each->check();
        }
    }
    REQUIRE(alice.inbox.empty());
    REQUIRE(bob.inbox.empty());
    check_agreement(alice, bob);
}

} // namespace

TEST_CASE("a random walk under perfect negotiation ends in agreement, time and again") {
    std::size_t agreements = 0, simulcast = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        seeded_random random(seed);
        side alice(1, true, static_cast<bundle_policy>(random.below(3)));
        side bob(2, false, static_cast<bundle_policy>(random.below(3)));
        for (int i = 0; i < 120; ++i) {
            CAPTURE(i);
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
            if (random.below(20) != 0) continue;
            settle(alice, bob);
            ++agreements;
        }
        settle(alice, bob);
        for (const auto& each : alice.self.jsep.transceivers()) simulcast += each.encodings.size() > 1;
    }
    CHECK(agreements > 60);
    CHECK(simulcast > 0);
}
