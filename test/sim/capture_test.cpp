#include "test/support/two_hosts.hpp"
#include "test/unit/jsep/capture_answers.hpp"

using namespace cortc;
using namespace std::chrono_literals;

namespace {

asio::awaitable<void> answer_it(PeerConnection& pc, std::string text, std::string& answer_text) {
    const SessionDescription offer(SdpType::offer, std::move(text));
    auto reply = co_await answer(pc, offer);
    CHECK(reply.type == SdpType::answer);
    answer_text = reply.sdp;
}

void check_sections(const jsep::expected_answer& wanted, const std::string& answer_text) {
    const auto answered = jsep::sections_of(answer_text);
    REQUIRE(answered.size() == wanted.sections.size());
    for (std::size_t i = 0; i < answered.size(); ++i) {
        const auto& each = wanted.sections[i];
        CAPTURE(answered[i]);
        CHECK(answered[i].starts_with("m=" + each.media + " "));
        CHECK_FALSE(answered[i].starts_with("m=" + each.media + " 0 "));
        CHECK(jsep::formats_of(answered[i]) == each.formats);
        CHECK(jsep::lines_with(answered[i], "a=mid:") == jsep::strings{"a=mid:" + each.mid});
        if (!each.direction.empty()) CHECK(jsep::contains(answered[i], "\r\na=" + each.direction + "\r\n"));
        // One transport for all, gathered to the end: its candidates stand in the section that is tagged.
        CHECK(jsep::lines_with(answered[i], "a=candidate:").size() == (i == 0 ? 2 : 0)); // IPv4 and IPv6
        CHECK(jsep::lines_with(answered[i], "a=end-of-candidates").size() == (i == 0 ? 1 : 0));
    }
}

void check_transceivers(const jsep::expected_answer& wanted, const PeerConnection& pc) {
    const auto transceivers = pc.getTransceivers();
    REQUIRE(transceivers.size() == wanted.media());
    for (std::size_t i = 0; i < transceivers.size(); ++i) {
        const auto direction = transceivers[i].currentDirection();
        CHECK(transceivers[i].mid() == wanted.sections[i].mid);
        CHECK((direction ? to_string(*direction) : "") == wanted.sections[i].direction);
    }
    CHECK(pc.sctp().has_value() == (wanted.media() < wanted.sections.size()));
}

} // namespace

TEST_CASE("answer: every captured offer, through a connection") {
    for (const auto& path : jsep::captures()) {
        CAPTURE(path.filename().string());
        const auto& wanted = jsep::expected_for(path);
        test::two_hosts net;
        PeerConnection pc(net.a);
        std::string answer_text;
        net.run(answer_it(pc, jsep::capture(path), answer_text), 1s);
        check_sections(wanted, answer_text);
        check_transceivers(wanted, pc);
        CHECK(pc.signalingState() == SignalingState::stable);
        pc.close();
        CHECK(net.world.run_dry(1s));
        CHECK(net.world.open_sockets() == 0);
    }
}
