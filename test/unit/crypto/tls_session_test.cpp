#include "test/unit/crypto/tls_pair.hpp"

#include "cortc/crypto/certificate_names.hpp"

using namespace cortc;
using namespace cortc::crypto;
using namespace cortc::test;

TEST_CASE("TLS connects to a server whose chain and name are good, and carries data both ways") {
    const bool datagrams = GENERATE(false, true);
    const auto* certificate = GENERATE("tls_server.pem", "tls_server_rsa.pem");
    const auto* peer =
        GENERATE("turn.example.org", "TURN.Example.ORG.", "a.wild.example.org", "192.0.2.1", "2001:db8::1");
    CAPTURE(datagrams, certificate, peer);
    tls_pair ends(datagrams);
    ends.client_options.peer = peer;
    ends.server_options.identity = identity_from(certificate);
    ends.start();
    CHECK_FALSE(ends.client.session->write(as_bytes("too early")));
    ends.run();
    INFO(ends.complaint());
    REQUIRE(ends.connected());
    CHECK(ends.client.session->state() == tls_state::connected);
    CHECK(ends.client.session->negotiated() == ends.server.session->negotiated());
    CHECK(ends.client.session->write(as_bytes("hello")));
    CHECK(ends.server.session->write(as_bytes("welcome")));
    ends.run();
    CHECK(ends.server.data == "hello");
    CHECK(ends.client.data == "welcome");
    CHECK(ends.client.session->stats().data_written == 5);
    CHECK(ends.client.session->stats().data_read == 7);
    CHECK(ends.client.session->stats().write_refused == 1);
    CHECK(ends.client.session->stats().bytes_sent == ends.server.session->stats().bytes_received);
    CHECK(ends.client.session->next_timeout() == never);
    ends.client.session->shutdown();
    ends.run();
    CHECK(ends.server.events == "cx");
    CHECK(ends.client.events == "c");
    CHECK(ends.server.session->state() == tls_state::closed);
    CHECK_FALSE(ends.server.session->write(as_bytes("late")));
    ends.client.session->shutdown();
}

TEST_CASE("a server's certificate is refused, with the reason") {
    const bool datagrams = GENERATE(false, true);
    tls_pair ends(datagrams);
    std::string expected;
    SECTION("another name") {
        ends.client_options.peer = "turn.example.com";
        expected = "names turn.example.org, *.wild.example.org, localhost, 192.0.2.1, 2001:db8::1, ..., and "
                   "not turn.example.com";
    }
    SECTION("a wildcard stands for one label") {
        ends.client_options.peer = "a.b.wild.example.org";
        expected = "and not a.b.wild.example.org";
    }
    SECTION("and not for none") {
        ends.client_options.peer = "wild.example.org";
        expected = "and not wild.example.org";
    }
    SECTION("another address") {
        ends.client_options.peer = "192.0.2.2";
        expected = "and not 192.0.2.2";
    }
    SECTION("a name that only its subject has") {
        ends.server_options.identity = identity_from("tls_server_nameless.pem");
        expected = "names nothing in its subjectAltName, and not turn.example.org";
    }
    SECTION("expired") {
        ends.client_options.calendar = std::chrono::sys_days(std::chrono::year(2046) / 1 / 1);
        expected = "has expired";
    }
    SECTION("not valid yet") {
        ends.client_options.calendar = std::chrono::sys_days(std::chrono::year(2024) / 1 / 1);
        expected = "is not valid yet";
    }
    SECTION("signed by itself") {
        ends.server_options.identity = identity_from("tls_self_signed.pem");
        expected = "is signed by itself, and not among those that are trusted";
    }
    SECTION("an unknown root") {
        ends.client_options.roots = roots_from("tls_other_root.pem");
        expected = "is signed by nobody that is trusted";
    }
    SECTION("the authority between is missing") {
        ends.server_options.identity = identity_from("tls_server_without_authority.pem");
        expected = "is signed by nobody that is trusted";
    }
    ends.start();
    ends.run();
    REQUIRE(ends.client.events == "f");
    CHECK(ends.client.failure->reason == tls_failure::certificate);
    INFO(ends.complaint());
    CHECK(ends.complaint().find(expected) != std::string::npos);
    CHECK(ends.client.session->state() == tls_state::failed);
    CHECK(ends.server.events == "f"); // it was told
    // In TLS 1.3 a client's alert may come before its keys, and is no record then.
    const auto heard = ends.server.failure->reason;
    CHECK((heard == tls_failure::alert || heard == tls_failure::protocol));
}

TEST_CASE("a certificate signed by itself is good when it is the one that is trusted") {
    tls_pair ends;
    ends.server_options.identity = identity_from("tls_self_signed.pem");
    ends.client_options.roots = roots_from("tls_self_signed.pem");
    ends.start();
    ends.run();
    INFO(ends.complaint());
    CHECK(ends.connected());
}

TEST_CASE("without roots every certificate is good") {
    const bool datagrams = GENERATE(false, true);
    tls_pair ends(datagrams);
    ends.client_options.roots = nullptr;
    ends.client_options.peer = GENERATE("", "somebody.else");
    ends.client_options.calendar = {};
    ends.server_options.identity = identity_from("tls_self_signed.pem");
    ends.start();
    ends.run();
    CHECK(ends.connected());
}

TEST_CASE("TLS is split anywhere, and much passes whole") {
    tls_pair ends;
    ends.start();
    ends.run(1);
    REQUIRE(ends.connected());
    std::string text;
    for (int i = 0; text.size() < 100'000; ++i) text += std::to_string(i) + ' ';
    CHECK(ends.client.session->write(as_bytes(text)));
    CHECK(ends.server.session->write(as_bytes(text)));
    ends.run(777);
    CHECK(ends.server.data == text);
    CHECK(ends.client.data == text);
    const std::string big(tls_session::output_limit, 'x');
    CHECK_FALSE(ends.client.session->write(as_bytes(big))); // all or nothing
    const auto most = std::string_view(big).substr(0, tls_session::output_limit / 2);
    CHECK(ends.client.session->write(as_bytes(most)));
    CHECK_FALSE(ends.client.session->write(as_bytes(most))); // nobody drained
    ends.server.data.clear();
    ends.run();
    CHECK(ends.server.data == most);
    CHECK(ends.connected());
}

TEST_CASE("a DTLS write is one record, which a short reader cuts off") {
    tls_pair ends(true);
    ends.start();
    ends.run();
    REQUIRE(ends.connected());
    CHECK_FALSE(ends.client.session->write(some_bytes(1200))); // above the MTU with its record
    CHECK(ends.client.session->write(some_bytes(1100)));
    CHECK(ends.client.session->write(as_bytes("second")));
    std::array<std::byte, 1500> out;
    std::array<std::byte, 10> in;
    const auto size = ends.client.session->poll_transmit(out);
    CHECK(size > 1100);
    ends.server.session->handle_input(byte_view(out).first(size), ends.now);
    CHECK(ends.server.session->poll_read(in) == 10);
    CHECK(ends.server.session->poll_read(in) == 0);
    ends.run();
    CHECK(ends.server.data == "second");
}

TEST_CASE("a lossy path: DTLS flights are sent again, and full packets leave afterwards") {
    tls_pair ends(true);
    int lost = 0;
    ends.change = [&](bool, byte_span) { return ++lost % 3 == 0; }; // two of three are lost
    ends.start();
    for (int i = 0; i < 40; ++i) {
        ends.run();
        if (ends.connected()) break;
        const auto next = std::min(ends.client.session->next_timeout(), ends.server.session->next_timeout());
        REQUIRE(next != never);
        ends.now = std::max(ends.now, next);
        ends.client.session->handle_timeout(ends.now);
        ends.server.session->handle_timeout(ends.now);
        if (i > 2) ends.change = nullptr;
    }
    INFO(ends.complaint());
    REQUIRE(ends.connected());
    CHECK(ends.client.session->write(some_bytes(1100)));
    ends.run();
    CHECK(ends.server.data.size() == 1100);
}

TEST_CASE("a server that says nothing is given up in time") {
    const bool datagrams = GENERATE(false, true);
    tls_pair ends(datagrams);
    ends.start();
    const auto begin = ends.now;
    for (int i = 0; i < 100 && ends.client.events.empty(); ++i) {
        ends.now = ends.client.session->next_timeout();
        REQUIRE(ends.now != never);
        ends.client.session->handle_timeout(ends.now);
        ends.client.drain();
    }
    REQUIRE(ends.client.events == "f");
    CHECK(ends.client.failure->reason == tls_failure::timeout);
    CHECK(ends.now - begin == ends.client_options.handshake_timeout);
    CHECK(ends.client.session->next_timeout() == never);
}

TEST_CASE("garbage at any point of a TLS handshake ends it, and nothing else") {
    const bool from_client = GENERATE(true, false);
    std::size_t length = 0; // of what that side sends in all
    {
        tls_pair ends;
        ends.change = [&](bool by_client, byte_span data) {
            if (by_client == from_client) length += data.size();
            return true;
        };
        ends.start();
        ends.run();
        REQUIRE(ends.connected());
    }
    for (std::size_t at = 0; at < length; at += 1 + length / 150) {
        CAPTURE(from_client, at);
        tls_pair ends;
        std::size_t seen = 0;
        ends.change = [&](bool by_client, byte_span data) {
            if (by_client != from_client) return true;
            if (seen <= at && at < seen + data.size()) data[at - seen] ^= std::byte{0x5a};
            seen += data.size();
            return true;
        };
        ends.start();
        ends.run();
        // A length that grew waits for more; else both know, unless what was changed stands for nothing.
        ends.now += ends.client_options.handshake_timeout;
        ends.client.session->handle_timeout(ends.now);
        ends.server.session->handle_timeout(ends.now);
        ends.client.drain();
        ends.server.drain();
        CHECK_FALSE(ends.client.session->state() == tls_state::connecting);
        CHECK_FALSE(ends.server.session->state() == tls_state::connecting);
        const auto& events = ends.client.events; // in TLS 1.3 a client is connected before its server
        CHECK((events == "c" || events == "f" || events == "cf"));
    }
}

TEST_CASE("what is no TLS at all fails at once") {
    for (const auto* text :
         {"HTTP/1.1 400 Bad Request\r\n\r\n", "\x16\x03\x03\xff\xff", "\x15\x03\x03\x00\x02\x02\x28"}) {
        const std::string garbage = text[0] == '\x15' ? std::string("\x15\x03\x03\x00\x02\x02\x28", 7) : text;
        tls_pair ends;
        ends.start();
        ends.client.session->handle_input(as_bytes(garbage), ends.now);
        ends.client.drain();
        CHECK(ends.client.events == "f");
    }
    tls_pair ends;
    ends.start();
    const std::string alert("\x15\x03\x03\x00\x02\x02\x28", 7);
    ends.client.session->handle_input(as_bytes(alert), ends.now);
    ends.client.drain();
    REQUIRE(ends.client.failure);
    CHECK(ends.client.failure->reason == tls_failure::alert);
    CHECK(ends.client.failure->message.find("handshake_failure (40)") != std::string::npos);
}

TEST_CASE("DTLS drops datagrams that are none, and goes on") {
    tls_pair ends(true);
    ends.start();
    for (std::size_t size : {1, 12, 13, 100, 1400}) {
        ends.client.session->handle_input(bytes(size, std::byte{0x80}), ends.now);
        ends.server.session->handle_input(bytes(size, std::byte{0x80}), ends.now);
    }
    ends.run();
    CHECK(ends.connected());
}

TEST_CASE("a session that is wrongly asked for is refused by name") {
    const auto& by = default_backend();
    tls_options server;
    server.role = tls_role::server;
    CHECK(by.make_tls_session(server).error().message == "a server has no certificate to present");
    tls_options client;
    client.roots = roots_from("tls_root.pem");
    CHECK(by.make_tls_session(client).error().message == "there is no name that the certificate has to have");
    CHECK(by.load_roots("no PEM").error().reason == certificate_failure::not_pem);
    CHECK(by.load_identity(file("tls_server.pem"), file("tls_self_signed.pem")).error().reason ==
          certificate_failure::mismatch);
    const auto all = by.load_roots(file("tls_root.pem") + file("tls_other_root.pem"));
    REQUIRE(all.has_value());
    CHECK((*all)->size() == 2);
}

TEST_CASE("the names of a certificate are read out of its extension") {
    const auto read = names_of(certificates_in(file("tls_server.pem")).at(0));
    CHECK(read.names == std::vector<std::string>{"turn.example.org", "*.wild.example.org", "localhost"});
    CHECK(read.addresses.size() == 5);
    CHECK(read.match("10.0.0.9"));
    CHECK_FALSE(read.match("10.0.0.8"));
    CHECK_FALSE(read.match(""));
    CHECK_FALSE(read.match("."));
    CHECK_FALSE(read.match(".wild.example.org"));
    CHECK_FALSE(certificate_names{{"*.org", "*"}, {}}.match("example.org")); // too wide
    CHECK_FALSE(certificate_names{{"192.0.2.1"}, {}}.match("192.0.2.1"));    // an address is no name
    CHECK(certificate_names{{"a\nb\x7f"}, {}}.text() == "a?b?");

    const auto der = certificates_in(file("tls_server.pem")).at(0);
    for (std::size_t size = 0; size < der.size(); ++size) (void)names_of(byte_view(der).first(size));
    for (std::size_t at = 0; at < der.size(); ++at) { // whatever it says, it is read within bounds
        auto changed = der;
        changed[at] ^= std::byte{0xff};
        (void)names_of(changed);
    }
}
