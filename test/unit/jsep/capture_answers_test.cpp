#include "cortc/sdp/print.hpp"
#include "test/unit/jsep/capture_answers.hpp"

#include <sstream>

using namespace cortc;
using namespace cortc::jsep;

namespace {

void check_media(const expected_section& wanted, const std::string& section, const std::string& offered) {
    CHECK(lines_with(section, "a=extmap:") == wanted.extmaps);
    CHECK(lines_with(section, "a=rid:") == wanted.rids);
    CHECK(lines_with(section, "a=simulcast:") ==
          (wanted.rids.empty() ? strings{} : strings{"a=simulcast:recv q;h;f"}));
    CHECK(contains(section, "\r\na=" + wanted.direction + "\r\n"));
    CHECK(contains(section, "\r\na=rtcp-mux\r\n"));
    CHECK(contains(section, "\r\na=rtcp-rsize\r\n"));
    CHECK_FALSE(contains(section, "a=msid"));
    CHECK_FALSE(contains(section, "a=ssrc"));
    // What Chromium says about a payload type we say too: it offers nothing that we would change.
    std::istringstream formats(wanted.formats);
    strings said;
    for (std::string format; formats >> format;)
        for (std::string attribute : {"a=rtpmap:", "a=rtcp-fb:", "a=fmtp:"})
            for (const auto& line : lines_with(offered, attribute + format + " ")) said.push_back(line);
    strings saying;
    for (std::string attribute : {"a=rtpmap:", "a=rtcp-fb:", "a=fmtp:"})
        for (const auto& line : lines_with(section, attribute)) saying.push_back(line);
    std::sort(said.begin(), said.end());
    std::sort(saying.begin(), saying.end());
    CHECK(saying == said);
}

} // namespace

TEST_CASE("every captured offer gets its answer, section by section") {
    REQUIRE(captures().size() == expected_answers().size());
    for (const auto& path : captures()) {
        CAPTURE(path.filename().string());
        const auto& wanted = expected_for(path).sections;
        auto text = capture(path);
        peer bob(2);
        bob.jsep.set_remote_description(sdp_type::offer, text).value();
        auto answer_text = bob.set_local();
        auto offered = sections_of(text), answered = sections_of(answer_text);
        REQUIRE(answered.size() == wanted.size());
        REQUIRE(offered.size() == wanted.size());
        std::string group = "a=group:BUNDLE";
        for (const auto& each : wanted) group += " " + each.mid;
        CHECK(lines_with(answer_text, "a=group:") == strings{group});
        CHECK(contains(answer_text, "a=extmap-allow-mixed") == contains(text, "a=extmap-allow-mixed"));
        // Once, for the session (RFC 9429 5.2.1, and 5.3.1 for answers); RFC 8445 10 asks for ice2.
        CHECK(lines_with(answer_text, "a=ice-options:") == strings{"a=ice-options:trickle ice2"});
        CHECK(answer_text.find("a=ice-options:") < answer_text.find("\nm="));
        const auto ufrag = line_value(answered[0], "a=ice-ufrag:"),
                   pwd = line_value(answered[0], "a=ice-pwd:");
        CHECK(ufrag.size() >= 4); // RFC 8839 5.4
        CHECK(pwd.size() >= 22);
        auto setup = contains(text, "a=setup:active") ? "a=setup:passive" : "a=setup:active";
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            CAPTURE(answered[i]);
            auto protocol = wanted[i].media == "application" ? " UDP/DTLS/SCTP " : " UDP/TLS/RTP/SAVPF ";
            CHECK(lines_with(answered[i], "m=") ==
                  strings{"m=" + wanted[i].media + " 9" + protocol + wanted[i].formats});
            CHECK(lines_with(answered[i], "a=mid:") == strings{"a=mid:" + wanted[i].mid});
            CHECK(lines_with(answered[i], "a=setup:") == strings{setup});
            CHECK(lines_with(answered[i], "a=fingerprint:sha-256 02:02:").size() == 1);
            CHECK(lines_with(answered[i], "a=ice-ufrag:") == strings{"a=ice-ufrag:" + ufrag});
            CHECK(lines_with(answered[i], "a=ice-pwd:") == strings{"a=ice-pwd:" + pwd});
            CHECK_FALSE(contains(answered[i], "bundle-only"));
            const bool data = wanted[i].media == "application";
            CHECK(lines_with(answered[i], "a=sctp-port:") ==
                  (data ? strings{"a=sctp-port:5000"} : strings{}));
            CHECK(lines_with(answered[i], "a=max-message-size:") ==
                  (data ? strings{"a=max-message-size:262144"} : strings{}));
            if (!data) check_media(wanted[i], answered[i], offered[i]);
        }
    }
}

TEST_CASE("the answer to Chromium's audio, line by line") {
    auto offer = capture(CORTC_TEST_DATA "/sdp/chromium_default_avdc_pre.sdp");
    peer bob(2);
    bob.jsep.set_remote_description(sdp_type::offer, offer).value();
    auto section = sections_of(bob.set_local()).front();
    auto ours = [&](const std::string& begin) { return begin + line_value(section, begin) + "\r\n"; };
    CHECK(section == "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 110 126\r\n"
                     "c=IN IP4 0.0.0.0\r\n" +
                         ours("a=ice-ufrag:") + ours("a=ice-pwd:") + ours("a=fingerprint:") +
                         "a=setup:active\r\n"
                         "a=mid:0\r\n"
                         "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
                         "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"
                         "a=extmap:3 "
                         "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
                         "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
                         "a=recvonly\r\n"
                         "a=rtcp-mux\r\n"
                         "a=rtcp-rsize\r\n"
                         "a=rtpmap:111 opus/48000/2\r\n"
                         "a=rtcp-fb:111 transport-cc\r\n"
                         "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
                         "a=rtpmap:63 red/48000/2\r\n"
                         "a=fmtp:63 111/111\r\n"
                         "a=rtpmap:9 G722/8000\r\n"
                         "a=rtpmap:0 PCMU/8000\r\n"
                         "a=rtpmap:8 PCMA/8000\r\n"
                         "a=rtpmap:110 telephone-event/48000\r\n"
                         "a=rtpmap:126 telephone-event/8000\r\n");
}

TEST_CASE("every captured offer: one transport, its candidates, its transceivers") {
    for (const auto& path : captures()) {
        CAPTURE(path.filename().string());
        const auto& wanted = expected_for(path).sections;
        auto text = capture(path);
        peer bob(2);
        bob.jsep.set_remote_description(sdp_type::offer, text).value();
        bob.set_local();
        std::map<std::size_t, std::size_t> count;
        for (const auto& each : bob.events()) {
            ++count[each.index()];
            if (auto* ice = std::get_if<remote_ice>(&each))
                CHECK(ice->ufrag == line_value(text, "a=ice-ufrag:"));
            if (auto* added = std::get_if<transport_added>(&each)) CHECK(added->mid == wanted.front().mid);
        }
        const auto media = expected_for(path).media();
        auto tally = [&](const event& like) { return count[like.index()]; };
        CHECK(tally(transport_added{}) == 1);
        CHECK(tally(local_ice{}) == 1);
        CHECK(tally(remote_ice{}) == 1);
        CHECK(tally(dtls_parameters{}) == 1);
        CHECK(tally(sctp_parameters{}) == (wanted.back().media == "application" ? 1 : 0));
        const auto& all = bob.jsep.transceivers();
        CHECK(all.size() == media);
        CHECK(std::all_of(all.begin(), all.end(), [](const auto& each) { return each.negotiated; }));
        CHECK(tally(remote_candidate{}) == expected_for(path).candidates);
        CHECK(bob.jsep.can_trickle() == true);
        CHECK_FALSE(bob.jsep.negotiation_needed());
    }
}

TEST_CASE("after every captured offer our own goes to another session, and its answer comes back") {
    for (const auto& path : captures()) {
        CAPTURE(path.filename().string());
        auto text = capture(path);
        const auto& wanted = expected_for(path).sections;
        peer bob(2), carol(3);
        bob.jsep.set_remote_description(sdp_type::offer, text).value();
        bob.set_local();
        // carol takes the browser's place: the same certificate and DTLS role, new ICE credentials.
        carol.jsep.set_fingerprints(sdp::parse(text).value().media[0].transport.fingerprints);
        auto offer = bob.offer({.ice_restart = true});
        bob.jsep.set_local_description(sdp_type::offer, offer).value();
        carol.jsep.set_remote_description(sdp_type::offer, offer).value();
        auto answer = carol.set_local();
        if (!contains(text, "a=setup:active"))
            for (auto at = answer.find("a=setup:active"); at != std::string::npos;
                 at = answer.find("a=setup:active"))
                answer.replace(at, 14, "a=setup:passive");
        auto before = bob.jsep.transceivers();
        bob.jsep.set_remote_description(sdp_type::answer, answer).value();
        auto offered = sections_of(offer), answered = sections_of(answer);
        REQUIRE(offered.size() == wanted.size());
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            // What was negotiated comes first, then everything else that we have (RFC 9429 5.2.2).
            CHECK(formats_of(offered[i]).starts_with(wanted[i].formats));
            CHECK(formats_of(answered[i]) == formats_of(offered[i]));
            CHECK(lines_with(offered[i], "a=mid:") == strings{"a=mid:" + wanted[i].mid});
            auto extensions = lines_with(offered[i], "a=extmap:");
            CHECK(lines_with(answered[i], "a=extmap:") == extensions);
            extensions.resize(std::min(extensions.size(), wanted[i].extmaps.size()));
            CHECK(extensions == wanted[i].extmaps);
            if (wanted[i].media != "application") CHECK(contains(offered[i], "\r\na=recvonly\r\n"));
            if (wanted[i].media != "application") CHECK(contains(answered[i], "\r\na=inactive\r\n"));
        }
        CHECK(lines_with(answer, "a=group:") == lines_with(offer, "a=group:"));
        REQUIRE(bob.jsep.transceivers().size() == before.size());
        for (std::size_t i = 0; i < before.size(); ++i) {
            const auto& after = bob.jsep.transceivers()[i];
            CHECK(after.id == before[i].id);
            CHECK(after.current_direction == sdp::direction::inactive);
            auto begins_with = [](auto longer, const auto& shorter) {
                longer.resize(std::min(longer.size(), shorter.size()));
                return longer == shorter;
            };
            auto without_feedback = [](const media_parameters& of) { // we offer all of it again
                auto codecs = of.codecs;
                for (auto& each : codecs) each.codec.rtcp_fb.clear();
                return codecs;
            };
            CHECK(begins_with(without_feedback(*after.negotiated), without_feedback(*before[i].negotiated)));
            CHECK(begins_with(after.negotiated->extensions, before[i].negotiated->extensions));
            CHECK(after.negotiated->rtcp_reduced_size);
        }
        CHECK(bob.jsep.state() == signaling_state::stable);
    }
}

TEST_CASE("Chromium's answer to audio, video and data fits our offer") {
    auto answer = capture(CORTC_TEST_DATA "/sdp/chromium_default_answer_to_avdc.sdp");
    auto begin = sdp::parse(capture(CORTC_TEST_DATA "/sdp/chromium_default_avdc_pre.sdp")).value();
    for (auto& media : begin.media) { // as if the one that answers now had offered first
        media.transport.fingerprints = sdp::parse(answer).value().media[0].transport.fingerprints;
        media.transport.setup = sdp::setup_role::active;
    }
    peer bob(2);
    answered(bob, sdp::print(begin));
    for (auto id : {bob.jsep.transceivers()[0].id, bob.jsep.transceivers()[1].id})
        bob.jsep.set_direction(id, sdp::direction::sendrecv).value();
    bob.jsep.set_local_description(sdp_type::offer, bob.offer({.ice_restart = true})).value();
    bob.events();
    bob.jsep.set_remote_description(sdp_type::answer, answer).value();
    CHECK(bob.events_of<remote_candidate>().size() == 4); // two over UDP, two over TCP, all of audio's
    const auto& video = only_of(bob, media_kind::video);
    CHECK(video.current_direction == sdp::direction::sendrecv);
    CHECK(video.negotiated->codecs.size() == 23);
    CHECK(video.negotiated->codecs[0].codec.rtcp_fb.size() == 5);
    CHECK(video.negotiated->extensions.size() == 11);
    CHECK(video.remote_msids == std::vector<sdp::msid>{{"7e83da5e-8f76-4ad2-af22-de86e99196af",
                                                        "99baec6d-9dab-4179-ad5f-54fca5efe474"}});
    CHECK(only_of(bob, media_kind::audio).negotiated->codecs.size() == 7);
    CHECK_FALSE(bob.jsep.negotiation_needed());
}
