#include "cortc/stats.hpp"

#include "test/support/catch.hpp"

#include <limits>

using namespace cortc;

namespace {

PeerConnectionStats figures(std::string id) {
    PeerConnectionStats made;
    made.id = std::move(id);
    made.timestamp = 1763689345678.5;
    made.dataChannelsOpened = 18446744073709551615U;
    return made;
}

DataChannelStats labelled(std::string label) {
    DataChannelStats made;
    made.id = "DC";
    made.label = std::move(label);
    return made;
}
/// How a label is written.
std::string written(std::string label) {
    const auto text = to_json(labelled(std::move(label)));
    const auto begin = text.find("\"label\":") + 8;
    return text.substr(begin, text.find(",\"protocol\"") - begin);
}

} // namespace

TEST_CASE("stats: a report is a map of dictionaries by id") {
    StatsReport report;
    CHECK(report.empty());
    CHECK(to_json(report) == "{}");
    report.add(figures("b"));
    report.add(figures("a"));
    IceCandidateStats remote(StatsType::remote_candidate), local;
    remote.id = "c";
    local.id = "d";
    report.add(remote);
    report.add(local);
    CHECK(report.size() == 4);
    std::string order;
    for (const auto& [id, object] : report) {
        CHECK(base(object).id == id);
        order += id;
    }
    CHECK(order == "abcd");
    CHECK(report.all<PeerConnectionStats>().size() == 2);
    CHECK(report.all<IceCandidateStats>().size() == 2);
    REQUIRE(report.all(StatsType::remote_candidate).size() == 1);
    CHECK(base(*report.all(StatsType::remote_candidate).front()).id == "c");
    CHECK(report.all(StatsType::transport).empty());
    REQUIRE(report.get<PeerConnectionStats>("a"));
    CHECK(report.get<PeerConnectionStats>("a")->dataChannelsOpened == 18446744073709551615U);
    CHECK_FALSE(report.get<TransportStats>("a"));
    CHECK_FALSE(report.get<PeerConnectionStats>("nobody"));
    CHECK(report.find("c"));
    auto replaced = figures("a");
    replaced.dataChannelsOpened = 1;
    report.add(replaced);
    CHECK(report.size() == 4);
    CHECK(report.get<PeerConnectionStats>("a")->dataChannelsOpened == 1);
}

TEST_CASE("stats: the address of a candidate that was not signaled is null in JSON") {
    StatsReport report;
    IceCandidateStats unsignaled(StatsType::remote_candidate), signaled(StatsType::remote_candidate);
    unsignaled.id = "a";
    unsignaled.candidateType = IceCandidateType::prflx;
    signaled.id = "b";
    signaled.address = "192.0.2.1";
    report.add(unsignaled);
    CHECK(to_json(report).find(R"("address":null,)") != std::string::npos);
    report.add(signaled);
    CHECK(to_json(report).find(R"("address":"192.0.2.1",)") != std::string::npos);
}

TEST_CASE("stats: JSON has the members that there are") {
    StatsReport report;
    report.add(figures("PC1"));
    CHECK(to_json(report) == R"({"PC1":{"id":"PC1","timestamp":1763689345678.5,"type":"peer-connection",)"
                             R"("dataChannelsOpened":18446744073709551615,"dataChannelsClosed":0}})");
    report.add(figures("PC2"));
    CHECK(to_json(report).find("}},{") == std::string::npos);
    CHECK(to_json(report).find("},\"PC2\":{") != std::string::npos);

    DropStats drops;
    drops.id = "DR";
    drops.transportId = "T";
    CHECK(to_json(drops) ==
          R"({"id":"DR","timestamp":0,"type":"cortc-drops","transportId":"T","total":0,"drops":[]})");
    drops.total = 3;
    drops.drops = {{"ice", "unknown ufrag", 1}, {"sctp", "bad checksum", 2}};
    CHECK(to_json(drops).ends_with(R"("total":3,"drops":[{"layer":"ice","reason":"unknown ufrag","count":1},)"
                                   R"({"layer":"sctp","reason":"bad checksum","count":2}]})"));
    CHECK(drops.of("sctp", "bad checksum") == 2);
    CHECK(drops.of("ice", "bad checksum") == 0);

    IceRestartStats restart;
    restart.usernameFragment = "abcd";
    restart.generation = 2;
    restart.localDescriptionTimestamp = 5.5;
    restart.selectedTimestamp = 7.25;
    CHECK(
        to_json(restart) ==
        R"({"id":"","timestamp":0,"type":"cortc-ice-restart","transportId":"","usernameFragment":"abcd",)"
        R"("generation":2,"restartsCompleted":0,"localDescriptionTimestamp":5.5,"selectedTimestamp":7.25})");

    IceCandidatePairStats pair;
    pair.state = IceCandidatePairState::in_progress;
    pair.nominated = true;
    CHECK(to_json(pair).find(R"("state":"in-progress","nominated":true,)") != std::string::npos);
    CHECK(to_json(pair).find("currentRoundTripTime") == std::string::npos);
    pair.currentRoundTripTime = 0.0125;
    CHECK(to_json(pair).find(R"("currentRoundTripTime":0.0125,)") != std::string::npos);
}

TEST_CASE("stats: JSON has no numbers that are none") {
    IceCandidatePairStats pair;
    pair.totalRoundTripTime = std::numeric_limits<double>::infinity();
    pair.currentRoundTripTime = std::numeric_limits<double>::quiet_NaN();
    const auto text = to_json(pair);
    CHECK(text.find(R"("totalRoundTripTime":null,"currentRoundTripTime":null)") != std::string::npos);
}

TEST_CASE("stats: whatever the peer puts into a label, the JSON is JSON in UTF-8") {
    CHECK(written("chat") == R"("chat")");
    CHECK(written("") == R"("")");
    CHECK(written("a\"b\\c/d") == R"("a\"b\\c/d")");
    CHECK(written(std::string("\0\n\x1f\x7f", 4)) == "\"\\u0000\\u000a\\u001f\x7f\"");
    CHECK(written("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80") == "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
    const std::string no = "\xef\xbf\xbd";
    CHECK(written("\xff") == '"' + no + '"');
    CHECK(written("x\x80y") == "\"x" + no + "y\"");
    CHECK(written("\xc3") == '"' + no + '"');                            // cut off
    CHECK(written("\xe2\x82") == '"' + no + no + '"');                   // cut off
    CHECK(written("\xc0\xaf") == '"' + no + no + '"');                   // overlong
    CHECK(written("\xe0\x80\xaf") == '"' + no + no + no + '"');          // overlong
    CHECK(written("\xf0\x80\x80\xaf") == '"' + no + no + no + no + '"'); // overlong
    CHECK(written("\xed\xa0\x80") == '"' + no + no + no + '"');          // a surrogate
    CHECK(written("\xf4\x90\x80\x80") == '"' + no + no + no + no + '"'); // beyond U+10FFFF
    CHECK(written("\xc3\"") == '"' + no + "\\\"\"");
}
