#include "cortc/cortc.hpp"
#include "test/support/sim_call.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

// The JSON of a report, read by another's strict parser.

using namespace cortc;
using namespace std::chrono_literals;

TEST_CASE("the JSON of a connection's report says what the report says") {
    test::sim_call call;
    const std::string label = "say \"\\ \n\x01 \xc3\xa4 \xff"; // the last byte is no UTF-8
    auto channel = call.offerer->createDataChannel(label);
    StatsReport report;
    auto body = [&]() -> asio::awaitable<void> {
        co_await call.set_up();
        co_await channel.opened();
        co_await call.answerer->nextDataChannel();
        co_await channel.send("hello");
        co_await call.pause(1s);
        report = co_await call.offerer->getStats();
    };
    call.run(body(), 10s);
    boost::system::error_code error;
    const auto read = boost::json::parse(to_json(report), error);
    REQUIRE_FALSE(error);
    const auto& objects = read.as_object();
    REQUIRE(objects.size() == report.size());
    for (const auto& [id, object] : report) {
        const auto& json = objects.at(id).as_object();
        CHECK(json.at("id").as_string() == id);
        CHECK(json.at("type").as_string() == to_string(base(object).type));
        CHECK(json.at("timestamp").to_number<double>() == base(object).timestamp);
        CHECK(boost::json::parse(to_json(object)) == objects.at(id));
    }
    const auto& transport = *report.all<TransportStats>().at(0);
    const auto& json = objects.at(transport.id).as_object();
    CHECK(json.at("bytesSent").to_number<std::uint64_t>() == transport.bytesSent);
    CHECK(json.at("packetsReceived").to_number<std::uint64_t>() == transport.packetsReceived);
    CHECK(json.at("dtlsState").as_string() == "connected");
    CHECK(json.at("selectedCandidatePairId").as_string() == *transport.selectedCandidatePairId);
    CHECK_FALSE(json.contains("srtpCipher"));
    const auto& chat = *report.all<DataChannelStats>().at(0);
    CHECK(objects.at(chat.id).at("label").as_string() == "say \"\\ \n\x01 \xc3\xa4 \xef\xbf\xbd");
    CHECK(objects.at(chat.id).at("messagesSent").to_number<int>() == 1);
    CHECK(objects.at(chat.id).at("bytesSent").to_number<int>() == 5);
    call.finish();
}
