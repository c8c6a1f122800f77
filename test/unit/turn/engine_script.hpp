#pragma once

#include "cortc/stun/credentials.hpp"
#include "cortc/stun/message.hpp"
#include "cortc/stun/message_writer.hpp"
#include "cortc/turn/rest_credentials.hpp"
#include "cortc/turn/server_engine.hpp"
#include "test/support/catch.hpp"
#include "test/support/seeded_random.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cortc::turn::engine_test {

using namespace std::chrono_literals;

using packet = std::vector<std::byte>;
using stun::error;
using stun::method;
using writer = stun::message_writer;

inline packet bytes_of(std::string_view text) {
    const auto bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}
inline endpoint at(std::string_view address, std::uint16_t port) {
    return {boost::asio::ip::make_address(address), port};
}

inline server_options usual_options() {
    server_options options;
    options.realm = "example.org";
    options.users = [](std::string_view name) -> std::optional<user_secret> {
        if (name == "user" || name == "other") return user_secret("secret of " + std::string(name));
        return {};
    };
    options.relays = {relay_address(boost::asio::ip::make_address("192.0.2.1"))};
    return options;
}

/// A client of the engine: its name, and what the last challenge said.
struct user {
    std::string name = "user", password = "secret of user", realm = "example.org", nonce;
    bool sha256 = false;
    [[nodiscard]] packet key() const {
        const auto copy = [](const auto& digest) { return packet(digest.begin(), digest.end()); };
        return sha256 ? copy(stun::long_term_key_sha256(name, realm, password))
                      : copy(stun::long_term_key_md5(name, realm, password));
    }
};

/// A server's engine, its clock, and sockets that are a port each.
struct engine_script {
    explicit engine_script(server_options options = usual_options(),
                           std::vector<ip_address> own = {boost::asio::ip::make_address("192.0.2.1")},
                           logger log = {})
        : engine(
              random, std::move(log), std::move(options), [this] { return calendar; }, own) {}

    support::seeded_random random{1};
    time_point now = time_point() + 1h;
    unix_time calendar = unix_time(std::chrono::seconds(1'000'000'000));
    server_engine engine;
    client_path from{server_socket(0), at("198.51.100.7", 4000)};
    user who;
    std::map<relay_id, endpoint> open; // sockets
    std::vector<std::uint16_t> busy;   // ports that somebody else has
    bool sockets = true;               // can be had
    std::uint16_t next_port = 30000;   // where the system chooses
    std::size_t opened = 0;
    std::vector<std::pair<client_path, packet>> sent;
    packet given;

    void drain() {
        while (auto event = engine.poll_event()) {
            if (const auto* wanted = std::get_if<open_relay>(&*event)) {
                auto local = wanted->local;
                if (local.port == 0) local.port = next_port++;
                if (!sockets || std::ranges::find(busy, local.port) != busy.end()) {
                    engine.relay_refused(wanted->which, now);
                    continue;
                }
                ++opened;
                REQUIRE(open.emplace(wanted->which, local).second);
                engine.relay_opened(wanted->which, local, now);
            } else {
                REQUIRE(open.erase(std::get<close_relay>(*event).which) == 1);
            }
        }
        std::array<std::byte, server_engine::max_answer> out;
        while (const auto answer = engine.poll_transmit(out))
            sent.emplace_back(answer->to, packet(out.begin(), out.begin() + std::ptrdiff_t(answer->size)));
    }
    void pass(duration time) {
        const auto until = now + time;
        for (int i = 0; engine.next_timeout() <= until; ++i) {
            REQUIRE(i < 100000);
            now = std::max(now, engine.next_timeout());
            engine.handle_timeout(now);
            drain();
        }
        now = until;
    }
    std::optional<server_engine::outbound> give(const packet& what) {
        given = what; // the payload is inside
        auto out = engine.handle_packet(from, given, now);
        drain();
        return out;
    }

    using add = std::function<void(writer&)>;
    packet request(method which, const add& with = {}, bool is_signed = true,
                   stun::message_class cls = stun::message_class::request) {
        stun::transaction_id id;
        random.fill(id);
        packet out(2400);
        writer message(out, cls, which, id);
        if (with) with(message);
        if (is_signed) sign(message);
        out.resize(message.size());
        REQUIRE(!out.empty());
        return out;
    }
    void sign(writer& message) {
        message.add_username(who.name);
        message.add_realm(who.realm);
        message.add_nonce(who.nonce);
        if (who.sha256) {
            constexpr std::array algorithms{stun::password_algorithm::sha256, stun::password_algorithm::md5};
            message.add_password_algorithms(algorithms);
            message.add_password_algorithm(stun::password_algorithm::sha256);
            message.add_integrity_sha256(who.key());
        } else {
            message.add_integrity(who.key());
        }
    }
    /// The one answer to this.
    std::optional<packet> answer(const packet& what) {
        sent.clear();
        give(what);
        if (sent.empty()) return {};
        REQUIRE(sent.size() == 1);
        CHECK(sent[0].first == from);
        CHECK(stun::message::parse(sent[0].second)->id() == stun::message::parse(what)->id());
        return sent[0].second;
    }
    /// 0 for success, and the error's code otherwise; -1: no answer.
    int code(const packet& what) {
        const auto got = answer(what);
        if (!got) return -1;
        last = *got;
        const auto parsed = stun::message::parse(last).value();
        if (parsed.cls() == stun::message_class::success_response) return 0;
        return static_cast<int>(parsed.error_code()->code);
    }
    packet last; // answer
    [[nodiscard]] std::size_t last_size() const { return last.size(); }
    [[nodiscard]] stun::message answered() const { return stun::message::parse(last).value(); }
    /// What answers to a signed request have to show.
    [[nodiscard]] bool is_authentic() const {
        const auto parsed = answered();
        return who.sha256 ? parsed.verify_integrity_sha256(who.key()) : parsed.verify_integrity(who.key());
    }
    void challenge() {
        REQUIRE(code(request(method::allocate, udp, false)) == 401);
        who.nonce = *answered().nonce();
    }
    static void udp(writer& out) { out.add_requested_transport(stun::transport_protocol::udp); }
    /// With a challenge before. 0, or why not.
    int allocate(const add& with = {}) {
        challenge();
        return code(request(method::allocate, [&](writer& out) {
            udp(out);
            if (with) with(out);
        }));
    }
    int permit(std::string_view peer) {
        return code(
            request(method::create_permission, [&](writer& out) { out.add_xor_peer_address(at(peer, 0)); }));
    }
    int bind(std::uint16_t number, const endpoint& peer) {
        return code(request(method::channel_bind, [&](writer& out) {
            out.add_channel_number(number);
            out.add_xor_peer_address(peer);
        }));
    }
    int refresh(std::optional<std::chrono::seconds> lifetime) {
        return code(request(method::refresh, [&](writer& out) {
            if (lifetime) out.add_lifetime(*lifetime);
        }));
    }
    packet indication(const endpoint& peer, std::string_view payload) {
        return request(
            method::send,
            [&](writer& out) {
                out.add_xor_peer_address(peer);
                out.add_data(as_bytes(payload));
            },
            false, stun::message_class::indication);
    }
    static packet channel_data(std::uint16_t number, std::string_view payload) {
        packet out(4 + payload.size());
        byte_writer in(out);
        in.u16(number);
        in.u16(static_cast<std::uint16_t>(payload.size()));
        in.put(as_bytes(payload));
        return out;
    }
    /// What reaches the client of a peer's payload: the whole packet.
    std::optional<packet> from_peer(relay_id relay, const endpoint& peer, std::string_view payload) {
        std::array<std::byte, server_engine::max_header> before;
        std::array<std::byte, server_engine::max_padding> after;
        const auto got = engine.handle_relayed(relay, peer, as_bytes(payload), before, after, now);
        if (!got) return {};
        packet out(before.end() - std::ptrdiff_t(got->header), before.end());
        const auto data = as_bytes(payload);
        out.insert(out.end(), data.begin(), data.end());
        out.insert(out.end(), after.begin(), after.begin() + std::ptrdiff_t(got->padding));
        return out;
    }
    /// The relayed address of the last answer.
    [[nodiscard]] endpoint relayed() const { return answered().xor_relayed_address().value(); }
};

} // namespace cortc::turn::engine_test
