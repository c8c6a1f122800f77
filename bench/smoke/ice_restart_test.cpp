#include "bench/smoke/program.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

using bench::check_fails;
using bench::check_prints;
using boost::asio::ip::tcp;
using cortc::test::process;

namespace {

process run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), CORTC_ICE_RESTART);
    return process(std::move(arguments));
}

class sample {
  public:
    explicit sample(const char* path) : program_({path, "--port", "0"}) {
        REQUIRE(program_.prints("Ctrl-C ends"));
        std::smatch found;
        REQUIRE(std::regex_search(program_.output(), found, std::regex("http(://[^ ]*)")));
        url = "ws" + found[1].str();
    }
    std::string url;

  private:
    process program_;
};

} // namespace

TEST_CASE("restarts of pairs on loopback, with the old sockets and with new ones, lose nothing") {
    const std::string figures =
        "^restart median_ms=[0-9.]+ .* restarts_per_s=[0-9.]+ .* sent=[0-9]{2,} lost=0\n$";
    check_prints(run({"restart", "3", "6"}), figures);
    check_prints(run({"restart", "2", "4", "new"}), figures);
    check_prints(run({"restart", "2", "4", "trickle"}), figures);
    check_prints(run({"restart", "2", "4", "early"}), figures);
}

TEST_CASE("simulated restarts take virtual time, always the same") {
    auto first = run({"simulated", "200", "0", "3"});
    check_prints(std::move(first), "^simulated median_ms=[2-9][0-9]{2}\\.0000 .* lost=0\n$");
    // Two round trips instead of three.
    check_prints(run({"simulated", "20", "0", "3"}), "^simulated median_ms=60\\.0000 .* lost=0\n$");
    check_prints(run({"simulated", "20", "0", "3", "early"}), "^simulated median_ms=40\\.0000 .* lost=0\n$");
}

TEST_CASE("restarts with the servers of the samples") {
    sample answering(CORTC_SAMPLE_1), negotiating(CORTC_SAMPLE_4);
    const std::string figures = "^peer restarts=5 median_ms=[0-9.]+ .*answered_median_ms=[0-9.]+ .* lost=";
    check_prints(run({"--peer", answering.url, "--count", "5"}), figures + "0\n$");
    check_prints(run({"--peer", negotiating.url, "--count", "5"}), figures + "n/a");
    check_prints(run({"--peer", negotiating.url + "?polite", "--count", "5"}), figures + "n/a");
}

TEST_CASE("a server that refuses, or is silent, and wrong arguments: an error and exit 1") {
    check_fails(run({"--peer", "ws://127.0.0.1:1/"}), "does not answer: Connection refused");
    boost::asio::io_context io;
    tcp::acceptor silent(io, {boost::asio::ip::address_v4::loopback(), 0});
    const auto url = "ws://127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + "/";
    check_fails(run({"--peer", url, "--timeout", "300"}), "the WebSocket's handshake: not within 300 ms");
    check_fails(run({"--peer", url, "--count", "0"}), "--count: is a number of 1..1000000\nusage: ");
    check_fails(run({"restart", "0", "1"}), "usage: ");
}
