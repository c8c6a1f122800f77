#include "cortc/turn/server.hpp"
#include "test/support/sim_call.hpp"

#include <stdexcept>

// IceServer::credentials: a coroutine that makes the credentials of each gathering phase.

using namespace cortc;
using namespace std::chrono_literals;

namespace {

endpoint at(std::string_view address) { return {boost::asio::ip::make_address(address), 3478}; }

turn::server_options options() {
    turn::server_options made;
    made.realm = "example.org";
    made.rest_secrets = {"north"};
    made.allowed_peers = {"10.0.0.0/8"};
    return made;
}

/// Holds what a coroutine was destroyed or cancelled with.
struct ending {
    explicit ending(int& a_count) : count(a_count) {}
    ending(const ending&) = delete;
    ending& operator=(const ending&) = delete;
    ~ending() { ++count; }
    int& count;
};

struct provided_call : test::sim_call {
    provided_call() : sim_call(1, test::link_of(10ms)) {}

    sim::host& machine = world.host("server", {"10.0.1.1"});
    turn::server server{machine, options(), at("10.0.1.1")};
    std::vector<IceCredentialsRequest> asked;
    std::vector<IceCandidateError> errors;

    void configure(PeerConnection& which, ice_credentials_provider provider) {
        IceServer one("turn:10.0.1.1");
        one.credentials = std::move(provider);
        Configuration next = which.getConfiguration();
        next.iceServers = {one};
        next.iceTransportPolicy = IceTransportPolicy::relay;
        which.setConfiguration(next);
        CHECK(which.getConfiguration() == next);
    }
    /// Good for a minute, after a moment.
    ice_credentials_provider rest(std::string secret = "north") {
        return [this, secret](IceCredentialsRequest request) { return make(std::move(request), secret); };
    }
    asio::awaitable<IceCredentials> make(IceCredentialsRequest request, std::string secret) {
        asked.push_back(request);
        co_await pause(30ms);
        const auto made = turn::rest_credentials::make("alice", secret, machine.calendar() + 1min);
        co_return IceCredentials(made.username, made.password);
    }
    /// How many relayed candidates come.
    std::size_t gather(duration limit) {
        std::size_t found = 0;
        auto body = [&]() -> asio::awaitable<void> {
            auto channel = offerer->createDataChannel("x");
            co_await offerer->setLocalDescription(co_await offerer->createOffer());
            while (auto next = co_await offerer->nextIceCandidate())
                found += next->candidate.find("typ relay") != std::string::npos;
        };
        run(body(), limit);
        while (auto next = offerer->tryNextIceCandidateError()) errors.push_back(std::move(*next));
        return found;
    }
    void finish_with_server() {
        offerer->close();
        answerer->close();
        CHECK(world.run_until([&] { return world.armed_timers() <= 1 && world.open_sockets() == 1; }, 3s));
        CHECK(server.allocations() == 0);
    }
};

} // namespace

TEST_CASE("credentials: each gathering has its own, however long the connection lives") {
    provided_call run;
    for (auto* each : {&*run.offerer, &*run.answerer}) run.configure(*each, run.rest());
    auto body = [&]() -> asio::awaitable<void> {
        auto out = run.offerer->createDataChannel("x");
        co_await run.set_up();
        co_await out.opened();
        for (int round = 0; round < 3; ++round) {
            co_await run.pause(5min); // the credentials before are over, the allocation is not
            OfferOptions restart;
            restart.iceRestart = true;
            co_await run.negotiate(*run.offerer, *run.answerer, restart);
            co_await timeout(5s, run.offerer->restarted());
            co_await timeout(5s, run.answerer->restarted());
        }
    };
    run.run(body(), 1h);
    CHECK(run.asked.size() == 8);
    for (const auto& each : run.asked) {
        CHECK(each.url == "turn:10.0.1.1");
        CHECK_FALSE(each.refused);
    }
    CHECK(run.server.statistics().authentication_failed == 0);
    CHECK(run.offerer->connectionState() == PeerConnectionState::connected);
    run.finish_with_server();
}

TEST_CASE("credentials: those that the server refuses are asked for once more") {
    provided_call run;
    const bool good = GENERATE(true, false);
    run.configure(*run.offerer, [&](IceCredentialsRequest request) {
        return run.make(request, request.refused && good ? "north" : "south");
    });
    CHECK(run.gather(9s) == (good ? 1 : 0));
    REQUIRE(run.asked.size() == 2);
    CHECK_FALSE(run.asked[0].refused);
    CHECK(run.asked[1].refused);
    REQUIRE(run.errors.size() == (good ? 0 : 1));
    if (!good) CHECK(run.errors[0].errorCode == 401);
    run.finish_with_server();
}

TEST_CASE("credentials: a provider that fails is an icecandidateerror, and nothing else") {
    provided_call run;
    std::string what;
    std::uint16_t code = 701;
    SECTION("it throws") {
        what = "the vault is closed";
        run.configure(*run.offerer, [](IceCredentialsRequest) -> asio::awaitable<IceCredentials> {
            throw std::runtime_error("the vault is closed");
            co_return IceCredentials();
        });
    }
    SECTION("it is no coroutine, and throws") {
        what = "unknown type";
        run.configure(*run.offerer,
                      [](IceCredentialsRequest) -> asio::awaitable<IceCredentials> { throw 5; });
    }
    SECTION("what it gives is nothing") {
        what = "the username must be";
        run.configure(*run.offerer, [](IceCredentialsRequest) -> asio::awaitable<IceCredentials> {
            co_return IceCredentials();
        });
    }
    SECTION("what it gives is too long") {
        what = "at most 508";
        run.configure(*run.offerer, [](IceCredentialsRequest) -> asio::awaitable<IceCredentials> {
            co_return IceCredentials(std::string(509, 'x'), "y");
        });
    }
    SECTION("it fails the second time") {
        code = 401;
        what = "only once";
        run.configure(*run.offerer, [&](IceCredentialsRequest request) {
            if (request.refused) throw std::runtime_error("only once");
            return run.make(request, "south");
        });
    }
    Configuration more = run.offerer->getConfiguration();
    const auto made = turn::rest_credentials::make("bob", "north", run.machine.calendar() + 1min);
    more.iceServers.push_back(IceServer("turn:10.0.1.1:3478", made.username, made.password));
    run.offerer->setConfiguration(more);
    CHECK(run.gather(9s) == 1); // the other server's
    REQUIRE(run.errors.size() == 1);
    CHECK(run.errors[0].errorCode == code);
    CHECK(run.errors[0].url == "turn:10.0.1.1");
    CHECK(run.errors[0].errorText.find(what) != std::string::npos);
    run.finish_with_server();
}

TEST_CASE("credentials: a provider that does not answer is cancelled with its gathering") {
    provided_call run;
    int begun = 0, ended = 0, cancelled = 0;
    run.configure(*run.offerer, [&](IceCredentialsRequest) -> asio::awaitable<IceCredentials> {
        ++begun;
        const ending end(ended);
        timer clock(run.a);
        try {
            co_await clock.wait(24h);
        } catch (const boost::system::system_error& error) {
            cancelled += error.code() == asio::error::operation_aborted;
            throw;
        }
        co_return IceCredentials();
    });
    SECTION("after ten seconds") {
        const auto begin = run.world.now();
        CHECK(run.gather(11s) == 0);
        CHECK(run.world.now() - begin == 10s);
        REQUIRE(run.errors.size() == 1);
        CHECK(run.errors[0].errorCode == 701);
    }
    SECTION("by close(), at once") {
        auto body = [&]() -> asio::awaitable<void> {
            auto channel = run.offerer->createDataChannel("x");
            co_await run.offerer->setLocalDescription(co_await run.offerer->createOffer());
            co_await run.pause(100ms);
        };
        run.run(body(), 1s);
        CHECK(begun == 1);
        run.offerer->close();
        run.world.run_for(1ms);
    }
    CHECK(begun == 1);
    CHECK(ended == 1);
    CHECK(cancelled == 1);
    run.finish_with_server();
}

TEST_CASE("credentials: a server with a provider needs no others, and copies are equal") {
    IceServer one("turn:example.org");
    CHECK_FALSE(one.credentials);
    one.credentials = [](IceCredentialsRequest) -> asio::awaitable<IceCredentials> {
        co_return IceCredentials("user", "secret");
    };
    IceServer other = one;
    CHECK(other == one);
    other.credentials = ice_credentials_provider();
    CHECK(other != one);
    CHECK_FALSE(ice_credentials_provider(ice_credentials_provider::function_type()));
}
