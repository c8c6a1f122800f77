// What happens when C++ throws below a C library.
#include "cortc/crypto/callback_guard.hpp"
#include "test/support/catch.hpp"
#include "test/unit/crypto/dtls_pair.hpp"
#include "test/unit/crypto/failing_allocations.hpp"

#include <stdexcept>

using namespace cortc;
using namespace cortc::crypto;
using namespace cortc::test;

TEST_CASE("a callback guard answers for what throws, and keeps the first of it") {
    callback_guard guard;
    CHECK(guard.run(-1, [] { return 7; }) == 7);
    CHECK_FALSE(guard.threw());
    CHECK(guard.message().empty());
    CHECK(guard.run(-1, []() -> int { throw std::runtime_error("first"); }) == -1);
    CHECK(guard.run(-1, []() -> int { throw 5; }) == -1);
    CHECK(guard.threw());
    CHECK(guard.message() == "first");
    callback_guard other;
    CHECK(other.run(-1, []() -> int { throw 5; }) == -1);
    CHECK_FALSE(other.message().empty());
}

TEST_CASE("a key log that throws ends its session, and the peer's by an alert") {
    const auto& by = each_backend();
    for (auto role : {dtls_role::client, dtls_role::server}) {
        auto client = options_for(dtls_role::client, by), server = options_for(dtls_role::server, by);
        auto& its = role == dtls_role::client ? client : server;
        its.keys = [](std::string_view) { throw std::runtime_error("the disk is full"); };
        dtls_pair pair(client, server);
        REQUIRE_NOTHROW(pair.run_until_connected());
        auto& end = role == dtls_role::client ? pair.client : pair.server;
        auto& peer = role == dtls_role::client ? pair.server : pair.client;
        REQUIRE(end.failed(dtls_failure::internal));
        CHECK(end.failure()->message.find("the disk is full") != std::string::npos);
        CHECK_FALSE(end.connected());
        CHECK_FALSE(end.session->export_srtp_keys());
        CHECK(end.session->next_timeout() == never);
        CHECK((peer.failed(dtls_failure::alert) || peer.closed()));
    }
}

// The network and the harness allocate, too: only the sessions' own calls are watched.
TEST_CASE("each allocation of a handshake may fail: it is reported, or the session fails") {
    const auto& by = each_backend();
    std::size_t caught = 0, reported = 0;
    for (std::size_t which = 0; which < 2000; ++which) {
        dtls_pair pair(by);
        failing_allocation fails(which);
        pair.around_packet = [&](const std::function<void()>& step) {
            try {
                fails.run(step);
            } catch (const std::bad_alloc&) {
                ++reported;
            }
        };
        pair.start();
        pair.run(31s);
        if (!fails.happened()) {
            CHECK(pair.client.connected());
            CHECK(pair.server.connected());
            break;
        }
        for (const auto* end : {&pair.client, &pair.server})
            if (end->failed(dtls_failure::internal)) {
                CHECK(end->failure()->message.find("bad_alloc") != std::string::npos);
                ++caught;
            }
    }
    CHECK(caught > 0);   // below mbedTLS
    CHECK(reported > 0); // in C++ alone
}
