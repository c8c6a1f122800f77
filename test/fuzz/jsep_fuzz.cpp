#include "test/fuzz/input.hpp"
#include "test/unit/jsep/walk.hpp"

#include <array>

/// Two sessions. Either they follow the perfect negotiation pattern, and must agree whenever everything has
/// arrived; or each is called in any order and gets descriptions that somebody has damaged: what fails
/// changes nothing.
namespace cortc::jsep {

using fuzz::require;

namespace {

/// Short descriptions: what a session does with one codec it does with thirty.
session_options options(fuzz::input& from) {
    static const auto few = [] {
        auto made = default_media_capabilities();
        made.audio.resize(2);
        made.video.resize(4);
        made.audio_extensions.resize(2);
        made.video_extensions.resize(3);
        return std::make_shared<const media_capabilities>(std::move(made));
    }();
    session_options made = with_policy(from.below(3));
    made.media = few;
    return made;
}

void negotiate_perfectly(fuzz::input& from) {
    side alice(1, true, options(from)), bob(2, false, options(from));
    for (int i = 0; i < 150 && !from.empty(); ++i) walk_on(alice, bob, from);
    settle(alice, bob);
}

constexpr std::array<std::string_view, 40> scraps{
    "a=mid:0",
    "a=mid:1",
    "a=group:BUNDLE 0 1 2 3",
    "a=group:BUNDLE",
    "a=group:LS 0 1",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "m=video 0 UDP/TLS/RTP/SAVPF 96 97",
    "m=text 9 RTP/AVP 0",
    "a=bundle-only",
    "a=setup:passive",
    "a=setup:active",
    "a=setup:actpass",
    "a=ice-ufrag:abcd",
    "a=ice-pwd:abcdefghijklmnopqrstuvwx",
    "a=ice-lite",
    "a=ice-options:trickle renomination",
    "a=end-of-candidates",
    "a=candidate:1 1 udp 7 192.0.2.7 5000 typ host ufrag abcd",
    "a=candidate:2 1 tcp 7 2001:db8::7 9 typ host tcptype active",
    "a=sctp-port:0",
    "a=sctp-port:5001",
    "a=max-message-size:0",
    "a=fmtp:97 apt=96",
    "a=fmtp:111 minptime=10;useinbandfec=1",
    "a=rtpmap:96 H264/90000",
    "a=rtpmap:97 rtx/90000",
    "a=rtcp-fb:* nack pli",
    "a=extmap:4 urn:ietf:params:rtp-hdrext:toffset",
    "a=extmap:15 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=extmap-allow-mixed",
    "a=rid:q send pt=96",
    "a=rid:h recv",
    "a=simulcast:send q,h;h",
    "a=simulcast:recv ~q;h",
    "a=inactive",
    "a=recvonly",
    "a=rtcp-mux",
    "a=msid:- track",
    "a=fingerprint:sha-256 00:11",
};

/// Damage that the input chooses.
std::string damaged(std::string text, fuzz::input& from) {
    for (auto rounds = 1 + from.below(4); rounds > 0; --rounds) {
        if (text.size() < 2) return text;
        const auto at = from.u16() % text.size();
        const auto line = std::min(text.find('\n', at), text.size() - 1) + 1;
        switch (from.below(7)) {
        case 0:
            text[at] = static_cast<char>(from.u8());
            break;
        case 1:
            text.erase(at, 1u + from.below(40));
            break;
        case 2:
            text.insert(at, text.substr(from.u16() % text.size(), from.u8()));
            break;
        case 3: { // a line goes
            const auto before = text.rfind('\n', at);
            const auto begin = before == std::string::npos ? 0 : before + 1;
            text.erase(begin, std::max(line, begin) - begin);
            break;
        }
        case 4:
        case 5: // a line from elsewhere comes
            text.insert(line, std::string(from.pick(scraps)) + "\r\n");
            break;
        default:
            text.insert(line, std::string(from.text()) + "\r\n");
        }
    }
    return text;
}

std::string first_value(std::string_view text, std::string_view begin) {
    const auto at = text.find(begin);
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + begin.size());
    return std::string(text.substr(0, text.find('\r')));
}

/// A session and what it has sent.
struct party {
    party(int number, session_options with) : self(number, with) {}
    peer self;
    std::vector<description> sent;
    std::size_t tracks = 0;
    std::set<transport_id> transports;
    bool closed = false;

    /// What the events say fits together.
    bool take_events() {
        bool any = false;
        while (auto next = self.jsep.poll_event()) {
            any = true;
            if (auto* added = std::get_if<transport_added>(&*next))
                require(transports.insert(added->transport).second, "a transport is added once");
            else if (auto* removed = std::get_if<transport_removed>(&*next))
                require(transports.erase(removed->transport) == 1, "a transport that goes was there");
            else if (auto* local = std::get_if<local_ice>(&*next))
                require(transports.contains(local->transport), "ICE has its transport");
            else if (auto* remote = std::get_if<remote_ice>(&*next))
                require(transports.contains(remote->transport), "ICE has its transport");
            else if (auto* candidate = std::get_if<remote_candidate>(&*next))
                require(transports.contains(candidate->transport), "a candidate has its transport");
            else if (auto* dtls = std::get_if<dtls_parameters>(&*next))
                require(transports.contains(dtls->transport) && !dtls->fingerprints.empty(),
                        "DTLS has its transport");
            else if (auto* sctp = std::get_if<sctp_parameters>(&*next))
                require(transports.contains(sctp->transport), "SCTP has its transport");
        }
        require(transports.size() <= 32, "transports are bounded");
        return any;
    }
    void check() {
        take_events();
        for (const auto& each : self.jsep.transceivers()) {
            require(each.mid.empty() == !each.section.has_value(), "who has a section has a mid");
            require(!each.encodings.empty() && !each.sender_id.empty(), "a transceiver has its sender");
            if (auto transport = self.jsep.media_transport(each.id))
                require(transports.contains(*transport), "media has its transport");
        }
        if (auto data = self.jsep.data_transport())
            require(transports.contains(*data), "data has its transport");
        if (const auto text = self.jsep.local_description()) {
            const auto content = sdp::parse(text->sdp);
            require(content && sdp::print(*content) == text->sdp, "our own description is good");
        }
        if (const auto text = self.jsep.remote_description())
            require(sdp::parse(text->sdp).has_value(), "a remote description that was taken is good");
    }
};

candidate_init some_candidate(fuzz::input& from) {
    static constexpr std::array<std::string_view, 5> texts{
        "candidate:1 1 udp 7 192.0.2.7 5000 typ host", "",
        "candidate:1 2 tcp 7 name.local 9 typ host tcptype so",
        "a=candidate:1 1 udp 7 ::1 5000 typ srflx raddr 0.0.0.0 rport 0 ufrag abcd", "candidate:"};
    candidate_init made;
    made.candidate = from.once_in(4) ? std::string(from.text()) : std::string(from.pick(texts));
    if (from.once_in(2)) made.sdp_mline_index = from.below(5);
    if (from.once_in(2))
        made.sdp_mid = from.once_in(4) ? std::string(from.text()) : std::to_string(from.below(4));
    if (from.once_in(4)) made.username_fragment = std::string(from.text());
    return made;
}

/// The text that somebody sends: what the other end said last or earlier, or a foreign offer; whole or
/// damaged.
description some_text(party& other, fuzz::input& from) {
    description made;
    if (const auto now = other.self.jsep.local_description()) made = *now;
    if (from.once_in(4) && !other.sent.empty()) made = other.sent[from.u8() % other.sent.size()];
    if (from.once_in(8) || made.sdp.empty()) {
        text_offer foreign;
        foreign.setup = from.pick(std::array<const char*, 3>{"actpass", "active", "passive"});
        made = {from.once_in(2) ? sdp_type::answer : sdp_type::offer, foreign.all()};
    }
    if (from.once_in(3)) made.sdp = damaged(std::move(made.sdp), from);
    if (from.once_in(8)) made.type = static_cast<sdp_type>(from.below(4));
    return made;
}

/// A call that is atomic: what fails changes nothing, and tells nothing.
template <class Call>
bool atomic(party& at, Call&& call) {
    at.take_events();
    const observed before(at.self.jsep);
    const auto done = call(at.self.jsep);
    if (done) return true;
    require(!done.error().message.empty(), "a failure says why");
    require(observed(at.self.jsep) == before, "what fails changes nothing");
    require(!at.take_events(), "what fails tells nothing");
    return false;
}

void media_call(party& at, fuzz::input& from) {
    auto& jsep = at.self.jsep;
    const auto kind = from.once_in(2) ? media_kind::audio : media_kind::video;
    const auto some = transceiver_id(static_cast<std::uint32_t>(1 + from.below(8)));
    switch (from.below(9)) {
    case 0: {
        if (jsep.transceivers().size() > 8) return;
        transceiver_init init;
        init.direction = static_cast<sdp::direction>(from.below(4));
        if (from.once_in(2)) init.streams = {std::string(from.text())};
        for (int i = from.below(4); i > 0; --i) {
            auto& added = init.send_encodings.emplace_back();
            added.rid = from.once_in(4) ? std::string(from.text()) : std::to_string(i);
            if (from.once_in(4)) added.scale_resolution_down_by = from.below(4);
        }
        if (from.once_in(4)) init.receive_rids = {"x", std::string(from.text())};
        atomic(at, [&](session& on) { return on.add_transceiver(kind, init); });
        return;
    }
    case 1:
        if (jsep.transceivers().size() > 8) return;
        atomic(at,
               [&](session& on) { return on.add_track(kind, "t" + std::to_string(at.tracks++ % 5), {"s"}); });
        return;
    case 2:
        atomic(at, [&](session& on) { return on.remove_track(some); });
        return;
    case 3:
        atomic(at, [&](session& on) {
            return on.set_direction(some, static_cast<sdp::direction>(from.below(4)));
        });
        return;
    case 4:
        return jsep.stop(some);
    case 5:
        atomic(at, [&](session& on) { return on.set_streams(some, {"a", std::string(from.text())}); });
        return;
    case 6: {
        auto list = jsep.codecs(kind);
        std::rotate(list.begin(), list.begin() + from.u8() % static_cast<int>(list.size()), list.end());
        list.resize(from.below(static_cast<unsigned>(list.size())));
        atomic(at, [&](session& on) { return on.set_codec_preferences(some, list); });
        return;
    }
    case 7: {
        auto parameters = jsep.get_parameters(some);
        if (!parameters) return;
        if (from.once_in(2)) parameters->encodings.front().active = from.once_in(2);
        if (from.once_in(4)) parameters->encodings.pop_back();
        atomic(at, [&](session& on) { return on.set_parameters(some, *parameters); });
        return;
    }
    default:
        atomic(at, [&](session& on) { return on.replace_track(some, "r" + std::to_string(from.below(3))); });
    }
}

void operate(party& at, party& other, fuzz::input& from) {
    auto& jsep = at.self.jsep;
    switch (from.below(16)) {
    case 0:
    case 1:
        return media_call(at, from);
    case 2:
        return jsep.add_data_section();
    case 3:
        return from.once_in(2) ? jsep.restart_ice() : jsep.set_needs_ice_restart();
    case 4:
        (void)jsep.create_offer({.ice_restart = from.once_in(2)});
        return;
    case 5:
        (void)jsep.create_answer();
        return;
    case 6:
    case 7: {
        if (atomic(at, [](session& on) { return on.set_local_description(); }))
            if (auto text = jsep.local_description(); text && at.sent.size() < 16) at.sent.push_back(*text);
        return;
    }
    case 8:
        atomic(at,
               [&](session& on) { return on.set_local_description(static_cast<sdp_type>(from.below(4))); });
        return;
    case 9:
    case 10:
    case 11: {
        const auto text = some_text(other, from);
        if (text.type == sdp_type::offer && jsep.state() == signaling_state::have_local_offer)
            (void)jsep.set_remote_description(text.type, text.sdp); // glare is no single step
        else
            atomic(at, [&](session& on) { return on.set_remote_description(text.type, text.sdp); });
        return;
    }
    case 12:
        atomic(at, [&](session& on) { return on.add_remote_candidate(some_candidate(from)); });
        return;
    case 13: {
        if (at.transports.empty()) return;
        const auto text = jsep.local_description();
        const auto which = *at.transports.begin();
        const auto ufrag = text ? first_value(text->sdp, "a=ice-ufrag:") : std::string();
        if (from.once_in(3)) {
            (void)jsep.end_of_local_candidates(which, ufrag);
        } else if (auto made = sdp::parse_candidate("candidate:1 1 udp 7 192.0.2.9 5000 typ host")) {
            made->port = static_cast<std::uint16_t>(1 + from.u8());
            (void)jsep.add_local_candidate(which, ufrag, *made);
        }
        return;
    }
    case 14:
        (void)jsep.update_negotiation_needed();
        return;
    default:
        if (from.once_in(16)) {
            jsep.close();
            at.closed = true;
        }
    }
}

/// Whatever happened: an offer can be made, and a stranger takes it and answers.
void check_offer(party& at) {
    auto& jsep = at.self.jsep;
    if (at.closed) return require(!jsep.create_offer(), "a closed session makes no offer");
    const auto state = jsep.state();
    if (state == signaling_state::have_local_offer || state == signaling_state::have_remote_offer)
        require(jsep.set_remote_description(sdp_type::rollback, "").has_value(),
                "an offer can be taken back");
    at.check();
    if (jsep.state() != signaling_state::stable) return;
    const auto offer = jsep.create_offer();
    require(offer.has_value(), "a stable session makes an offer");
    peer stranger(3);
    require(stranger.jsep.set_remote_description(sdp_type::offer, offer->sdp).has_value(),
            "our offer is good");
    require(stranger.jsep.set_local_description().has_value(), "our offer can be answered");
}

void quarrel(fuzz::input& from) {
    party alice(1, options(from)), bob(2, options(from));
    for (int i = 0; i < 120 && !from.empty(); ++i) {
        const auto first = from.once_in(2);
        auto& at = first ? alice : bob;
        operate(at, first ? bob : alice, from);
        at.check();
    }
    check_offer(alice);
    check_offer(bob);
}

void run(fuzz::input& from) { from.once_in(2) ? negotiate_perfectly(from) : quarrel(from); }

} // namespace

} // namespace cortc::jsep

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    cortc::fuzz::input from(data, size);
    cortc::jsep::run(from);
    return 0;
}
