// The TURN server as the program that it is, and the move from one server to another.
#include "cortc/net/asio_network.hpp"
#include "cortc/turn/server.hpp"
#include "test/support/catch.hpp"
#include "test/support/process.hpp"

#include <boost/asio/io_context.hpp>

#include <regex>

using namespace cortc;
using namespace cortc::test;
using namespace std::chrono_literals;

namespace {

class turn_program {
  public:
    explicit turn_program(std::vector<std::string> options = {}) : program(command(std::move(options))) {
        REQUIRE(program.prints("Ctrl-C ends"));
        std::smatch found;
        REQUIRE(std::regex_search(program.output(), found, std::regex(R"(turn:127\.0\.0\.1:[0-9]+)")));
        url = found[0];
    }
    process program;
    std::string url;

  private:
    static std::vector<std::string> command(std::vector<std::string> options) {
        options.insert(options.begin(),
                       {CORTC_TURN_SERVER, "--port", "0", "--first-port", "0", "--last-port", "0"});
        return options;
    }
};

} // namespace

TEST_CASE("turn server sample: two servers, a connection that moves, and a gentle end") {
    turn_program first({"--user", "user:secret", "--grace", "20"}),
        second({"--user", "user:secret", "--grace", "0", "--tcp", "no"});
    process mover({CORTC_MOVE, "--first", first.url, "--second", second.url});
    const auto code = mover.exits(60s);
    INFO(mover.output());
    REQUIRE(code == 0);
    CHECK(mover.output().find("received: sent after it") != std::string::npos);
    REQUIRE(second.program.prints("is over", 2));
    first.program.signal(SIGTERM);
    CHECK(first.program.exits(20s) == 0);
    INFO(first.program.output());
    CHECK(first.program.output().find("(TCP)") != std::string::npos);
    CHECK(first.program.output().find("stopping: ") != std::string::npos);
    CHECK(first.program.output().find("2 allocations, ") != std::string::npos);
    second.program.signal(SIGINT);
    CHECK(second.program.exits(20s) == 0);
    CHECK(second.program.output().find("(TCP)") == std::string::npos);
}

TEST_CASE("turn server sample: what is wrong with its command line is said") {
    for (const auto& [options, word] : std::vector<std::pair<std::vector<std::string>, std::string>>{
             {{}, "neither users nor rest_secrets"},
             {{"--user", "nobody"}, "NAME:PASSWORD"},
             {{"--secret", "s", "--host", "192.0.2.77"}, "cannot listen at 192.0.2.77"},
             {{"--secret", "s", "--allow", "10.0.0.0/33"}, "allowed_peers[0]"},
             {{"--secret", "s", "--external", "::1"}, "family"},
             {{"--secret", "s", "--what", "x"}, "--what"},
         }) {
        CAPTURE(word);
        auto all = options;
        all.insert(all.begin(), CORTC_TURN_SERVER);
        all.insert(all.end(), {"--port", "0"});
        process program(all);
        CHECK(program.exits(20s) == 1);
        CHECK(program.output().find(word) != std::string::npos);
        CHECK(program.output().find("usage: ") != std::string::npos);
    }
}

TEST_CASE("moving sample: over two servers of an application's own") {
    boost::asio::io_context io;
    net::asio_network network(io.get_executor());
    turn::server_options options;
    options.realm = "example.org";
    options.users = [](std::string_view) { return std::optional(turn::user_secret("secret")); };
    options.allowed_peers = {"127.0.0.0/8"};
    options.first_port = options.last_port = 0;
    const endpoint anywhere{boost::asio::ip::make_address("127.0.0.1"), 0};
    turn::server first(network, options, anywhere), second(network, options, anywhere);
    const auto url = [](const turn::server& of) { return "turn:" + to_string(of.listening().front()); };
    process mover({CORTC_MOVE, "--first", url(first), "--second", url(second)});
    for (int i = 0; i < 6000 && mover.output().find("received: sent after it") == std::string::npos; ++i) {
        io.run_for(10ms);
        mover.prints_more(1ms);
    }
    CHECK(first.statistics().allocations_made == 2);
    CHECK(second.statistics().allocations_made == 2);
    CHECK(first.statistics().packets_to_clients > 0);
    CHECK(second.statistics().packets_to_clients > 0);
    for (int i = 0; i < 1000 && second.allocations() != 0; ++i) io.run_for(10ms);
    CHECK(first.allocations() == 0);
    CHECK(second.allocations() == 0);
    CHECK(mover.exits(20s) == 0);
}
