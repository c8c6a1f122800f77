#pragma once

#include "cortc/crypto/backend.hpp"
#include "test/support/catch.hpp"
#include "test/support/flight.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

namespace cortc::test {

using namespace std::chrono_literals;

inline constexpr unix_time noon = std::chrono::sys_days(std::chrono::year(2026) / 11 / 20) + 12h;

/// Runs the test once for each backend that is linked. At most once in a test.
inline const crypto::backend& each_backend() {
    const auto& by = *GENERATE(from_range(crypto::backends()));
    UNSCOPED_INFO(by.name());
    return by;
}

/// Certificates, each made once per program and backend.
inline crypto::certificate_ptr some_certificate(std::size_t which,
                                                const crypto::backend& by = crypto::default_backend()) {
    static std::map<std::pair<const crypto::backend*, std::size_t>, crypto::certificate_ptr> made;
    auto& it = made[{&by, which}];
    if (!it) it = by.generate_certificate(crypto::key_type::ecdsa_p256, noon).value();
    return it;
}

inline std::vector<crypto::fingerprint> fingerprints_of(const crypto::certificate& from) {
    return {{crypto::hash_algorithm::sha256, from.fingerprint(crypto::hash_algorithm::sha256)}};
}

/// Options with which `role` accepts the other side's certificate.
inline crypto::dtls_options options_for(dtls_role role,
                                        const crypto::backend& by = crypto::default_backend()) {
    const auto client = role == dtls_role::client;
    crypto::dtls_options options;
    options.role = role;
    options.cert = some_certificate(client ? 1 : 2, by);
    options.remote_fingerprints = fingerprints_of(*some_certificate(client ? 2 : 1, by));
    return options;
}

inline bytes some_bytes(std::size_t size, unsigned seed = 1) {
    bytes out(size);
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>((i * 31 + seed) & 0xff);
    return out;
}

/// A session of its certificate's backend, and what came out of it.
struct dtls_end {
    explicit dtls_end(const crypto::dtls_options& options)
        : cert(options.cert), session(cert->made_by().make_dtls_session(options).value()) {}

    [[nodiscard]] bool connected() const { return has<crypto::dtls_connected>(); }
    [[nodiscard]] bool closed() const { return has<crypto::dtls_closed>(); }
    [[nodiscard]] const crypto::dtls_failed* failure() const {
        for (const auto& one : events)
            if (const auto* it = std::get_if<crypto::dtls_failed>(&one)) return it;
        return nullptr;
    }
    [[nodiscard]] bool failed(crypto::dtls_failure reason) const {
        return failure() && failure()->reason == reason;
    }

    crypto::certificate_ptr cert;
    std::unique_ptr<crypto::dtls_session> session;
    std::vector<crypto::dtls_event> events;
    std::vector<bytes> received;

  private:
    template <class Event>
    bool has() const {
        return std::ranges::any_of(events,
                                   [](const auto& one) { return std::holds_alternative<Event>(one); });
    }
};

/// A client and a server with a network of one millisecond between them, in virtual time.
class dtls_pair {
  public:
    /// What happens to the `index`-th datagram of a side: when it arrives; none: it is lost. May change it,
    /// or post others.
    using network =
        std::function<std::vector<duration>(bool from_client, std::size_t index, bytes& datagram)>;

    explicit dtls_pair(const crypto::backend& by)
        : dtls_pair(options_for(dtls_role::client, by), options_for(dtls_role::server, by)) {}
    dtls_pair(const crypto::dtls_options& client_options, const crypto::dtls_options& server_options)
        : client(client_options), server(server_options) {}
    dtls_pair(const dtls_pair&) = delete;
    dtls_pair& operator=(const dtls_pair&) = delete;

    void start() {
        server.session->start(now);
        client.session->start(now);
    }
    /// Until nothing more happens before `limit` has passed.
    void run(duration limit = 60s) {
        support::run_until(
            *this, [] { return false; }, limit);
    }
    void run_until_connected() {
        start();
        run(5s);
    }
    void post(bool to_server, bytes datagram, duration after = 1ms) {
        wire_.send(to_server ? &server : &client, std::move(datagram), now + after);
    }
    void pump() {
        drain(client, true);
        drain(server, false);
    }
    [[nodiscard]] time_point next_event() const {
        return std::min({client.session->next_timeout(), server.session->next_timeout(), wire_.next()});
    }
    void step() {
        if (auto arrived = wire_.land(now))
            return around_packet([&] { arrived->to->session->handle_packet(arrived->data, now); });
        client.session->handle_timeout(now);
        server.session->handle_timeout(now);
    }

    time_point now{1h};
    network fate = [](bool, std::size_t, bytes&) { return std::vector<duration>{1ms}; };
    /// Calls its argument, which lets a session handle a datagram.
    std::function<void(const std::function<void()>&)> around_packet = [](const auto& step) { step(); };
    dtls_end client, server;
    std::size_t sent[2] = {0, 0}; // by the server, by the client
    std::vector<time_point> times[2];

  private:
    void drain(dtls_end& from, bool is_client) {
        std::array<std::byte, 2048> space;
        while (const auto size = from.session->poll_transmit(space)) {
            bytes datagram(space.begin(), space.begin() + static_cast<std::ptrdiff_t>(*size));
            times[is_client].push_back(now);
            for (auto after : fate(is_client, sent[is_client]++, datagram)) post(is_client, datagram, after);
        }
        while (const auto size = from.session->poll_read(space))
            from.received.emplace_back(space.begin(), space.begin() + static_cast<std::ptrdiff_t>(*size));
        while (auto event = from.session->poll_event()) from.events.push_back(std::move(*event));
    }

    support::flight<dtls_end*> wire_;
};

/// Changes a datagram the way a broken network, or somebody who means harm, would.
inline bytes mutate(bytes datagram, std::mt19937& random) {
    const auto pick = [&](std::size_t limit) { return limit == 0 ? 0 : random() % limit; };
    const auto rounds = 1 + pick(4);
    for (std::size_t i = 0; i < rounds && !datagram.empty(); ++i) {
        switch (pick(6)) {
        case 0:
            datagram[pick(datagram.size())] ^= static_cast<std::byte>(1u << pick(8));
            break;
        case 1: // the headers, where it hurts
            datagram[pick(std::min<std::size_t>(datagram.size(), 25))] = static_cast<std::byte>(pick(256));
            break;
        case 2:
            datagram.resize(pick(datagram.size()));
            break;
        case 3:
            datagram.resize(datagram.size() + pick(40), static_cast<std::byte>(pick(256)));
            break;
        case 4: {
            const auto more = datagram;
            if (datagram.size() < 4000) datagram.insert(datagram.end(), more.begin(), more.end());
            break;
        }
        default:
            datagram[0] = static_cast<std::byte>(20 + pick(5));
            break;
        }
    }
    return datagram;
}

} // namespace cortc::test
