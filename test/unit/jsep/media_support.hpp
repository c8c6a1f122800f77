#pragma once

#include "cortc/sdp/print.hpp"
#include "test/unit/jsep/support.hpp"

/// Offers with audio and video for tests, and two sessions that have negotiated them.
namespace cortc::jsep {

using strings = std::vector<std::string>;

/// The lines of a text that begin so, without CRLF.
inline strings lines_with(std::string_view text, std::string_view begin) {
    strings found;
    while (!text.empty()) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.starts_with(begin)) found.emplace_back(line);
    }
    return found;
}
/// Section by section, each from its m= line on.
inline strings sections_of(const std::string& text) {
    strings found;
    for (auto at = text.find("\nm="); at != std::string::npos;) {
        auto end = text.find("\nm=", at + 1);
        found.push_back(text.substr(at + 1, end == std::string::npos ? end : end - at));
        at = end;
    }
    return found;
}
/// The payload types of an m= line.
inline std::string formats_of(const std::string& section) {
    auto line = section.substr(0, section.find('\r'));
    std::size_t at = 0;
    for (int spaces = 0; spaces < 3; ++spaces) at = line.find(' ', at) + 1;
    return line.substr(at);
}

/// A text offer, section by section.
struct text_offer {
    std::string setup = "actpass";
    int fingerprint = 2;
    std::string group = "BUNDLE 0 1 2";
    std::string session_lines;
    std::string ice(const std::string& ufrag) const {
        return "c=IN IP4 0.0.0.0\r\na=ice-ufrag:" + ufrag + "\r\na=ice-pwd:" + ufrag +
               "0123456789012345678901\r\na=fingerprint:" +
               sdp::print_fingerprint(fingerprint_of(fingerprint)) + "\r\na=setup:" + setup + "\r\n";
    }
    std::string head() const {
        return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n" +
               (group.empty() ? "" : "a=group:" + group + "\r\n") + session_lines;
    }
    std::string audio(const std::string& mid, const std::string& way = "sendrecv",
                      const std::string& ufrag = "aaaa") const {
        return "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\n" + ice(ufrag) + "a=mid:" + mid + "\r\na=" + way +
               "\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 "
               "transport-cc\r\na=fmtp:111 minptime=10\r\n"
               "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n";
    }
    std::string video(const std::string& mid, const std::string& way = "sendrecv",
                      const std::string& ufrag = "aaaa") const {
        return "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\n" + ice(ufrag) + "a=mid:" + mid + "\r\na=" + way +
               "\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\n"
               "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
               "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n";
    }
    std::string data(const std::string& mid, const std::string& ufrag = "aaaa") const {
        return "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n" + ice(ufrag) + "a=mid:" + mid +
               "\r\na=sctp-port:5000\r\n";
    }
    /// Audio 0, video 1 and data 2.
    std::string all() const { return head() + audio("0") + video("1") + data("2"); }
};

/// The parsed answer of a fresh session, which keeps its events.
inline sdp::session_description answered(peer& self, const std::string& offer) {
    self.jsep.set_remote_description(sdp_type::offer, offer).value();
    return sdp::parse(self.set_local()).value();
}

/// alice and bob with audio 0, video 1 and data 2 over one transport; bob is the DTLS client. No event is
/// left.
struct media_pair {
    peer alice{1}, bob{2};
    media_pair() {
        text_offer like_bob; // what alice knows first is written as if bob had offered
        like_bob.setup = "active";
        alice.jsep.set_remote_description(sdp_type::offer, like_bob.all()).value();
        alice.set_local();
        negotiate(alice, bob, {.ice_restart = true});
        alice.events();
        bob.events();
    }
};

inline const transceiver& only_of(const peer& self, media_kind kind) {
    const transceiver* found = nullptr;
    for (const auto& each : self.jsep.transceivers()) {
        if (each.kind != kind) continue;
        REQUIRE_FALSE(found);
        found = &each;
    }
    REQUIRE(found);
    return *found;
}

} // namespace cortc::jsep
