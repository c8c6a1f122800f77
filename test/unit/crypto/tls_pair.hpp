#pragma once

#include "cortc/crypto/backend.hpp"
#include "test/unit/crypto/certificate_files.hpp"
#include "test/unit/crypto/dtls_pair.hpp"

#include <deque>
#include <string>
#include <vector>

namespace cortc::test {

inline std::shared_ptr<const crypto::tls_roots>
roots_from(const std::string& name, const crypto::backend& by = crypto::default_backend()) {
    return by.load_roots(file(name)).value();
}
inline std::shared_ptr<const crypto::tls_identity>
identity_from(const std::string& name, const crypto::backend& by = crypto::default_backend()) {
    const auto text = file(name);
    return by.load_identity(text, text).value();
}

/// One end and what it has said.
struct tls_peer {
    std::unique_ptr<crypto::tls_session> session;
    std::string events, data;
    std::optional<crypto::tls_failed> failure;

    void drain() {
        std::array<std::byte, 4096> room;
        while (const auto size = session->poll_read(room)) data += as_text(byte_view(room).first(size));
        while (const auto event = session->poll_event()) {
            events += event->index() == 0 ? "c" : event->index() == 1 ? "x" : "f";
            if (const auto* why = std::get_if<crypto::tls_failed>(&*event)) failure = *why;
        }
    }
    bytes output() {
        bytes all;
        std::array<std::byte, 1500> room;
        while (const auto size = session->poll_transmit(room))
            all.insert(all.end(), room.begin(), room.begin() + static_cast<std::ptrdiff_t>(size));
        return all;
    }
};

/// A client and a server joined by a stream, or by datagrams.
struct tls_pair {
    explicit tls_pair(bool datagrams = false, const crypto::backend& with = crypto::default_backend())
        : by(with) {
        client_options.peer = "turn.example.org";
        client_options.roots = roots_from("tls_root.pem", by);
        client_options.calendar = noon;
        server_options.role = crypto::tls_role::server;
        server_options.identity = identity_from("tls_server.pem", by);
        server_options.calendar = noon;
        client_options.datagrams = server_options.datagrams = datagrams;
    }
    void start() {
        client.session = by.make_tls_session(client_options).value();
        server.session = by.make_tls_session(server_options).value();
        client.session->start(now);
        server.session->start(now);
    }
    /// Carries bytes both ways, in pieces of `piece` bytes, until nothing moves. `change` may alter them.
    void run(std::size_t piece = SIZE_MAX) {
        for (int round = 0; round < 200; ++round) {
            const bool moved = carry(client, server, piece) | carry(server, client, piece);
            if (!moved) return;
        }
        FAIL("it goes on and on");
    }
    bool carry(tls_peer& from, tls_peer& to, std::size_t piece) {
        from.drain();
        bool moved = false;
        std::array<std::byte, 1500> room;
        while (const auto size = from.session->poll_transmit(room)) {
            moved = true;
            auto data = byte_span(room).first(size);
            if (change && !change(&from == &client, data)) continue;
            for (std::size_t at = 0; at < size; at += std::min(piece, size)) {
                to.session->handle_input(data.subspan(at, std::min(piece, size - at)), now);
                to.drain();
            }
        }
        from.drain();
        return moved;
    }
    [[nodiscard]] bool connected() const { return client.events == "c" && server.events == "c"; }
    [[nodiscard]] std::string complaint() const { return client.failure ? client.failure->message : ""; }

    const crypto::backend& by;
    crypto::tls_options client_options, server_options;
    tls_peer client, server;
    time_point now{1h};
    std::function<bool(bool from_client, byte_span)> change; // false: it is lost
};

} // namespace cortc::test
