#pragma once

#include "cortc/stun/credentials.hpp"
#include "cortc/stun/message.hpp"
#include "cortc/stun/message_writer.hpp"
#include "cortc/turn/client.hpp"
#include "test/support/catch.hpp"
#include "test/support/seeded_random.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace cortc::turn::test {

using namespace std::chrono_literals;
using support::seeded_random;

using packet = std::vector<std::byte>;

inline packet bytes_of(std::string_view text) {
    auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}
inline std::string text_of(byte_view bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline endpoint at(std::string_view address, std::uint16_t port) {
    return {boost::asio::ip::make_address(address), port};
}

/// A client, its clock, and the other end played by the test: what the client sends is taken apart here, and
/// answers are written as a server would.
struct script {
    static client_config with(random_source& source) {
        client_config config(source);
        config.username = "user";
        config.password = "secret";
        return config;
    }
    explicit script(client_config config) : client(std::move(config)) {}
    script() : script(with(random)) {}

    seeded_random random{1};
    time_point now = time_point() + 1h;
    std::string realm = "example.org", nonce = "n1";
    std::string username = "user", password = "secret";
    bool sha256 = false;
    endpoint relay = at("203.0.113.1", 50000);
    turn::client client;
    std::vector<packet> sent; // not taken yet
    std::vector<client_event> events;

    void drain() {
        std::array<std::byte, max_message> out;
        while (auto size = client.poll_transmit(out, now))
            sent.emplace_back(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(*size));
        while (auto event = client.poll_event()) events.push_back(std::move(*event));
    }
    /// The time goes on to the client's own deadlines, until `until`.
    void pass(duration time) {
        const auto until = now + time;
        drain();
        for (int i = 0; client.next_timeout() <= until; ++i) {
            REQUIRE(i < 100000);
            now = std::max(now, client.next_timeout());
            client.handle_timeout(now);
            drain();
        }
        now = until;
    }
    packet take() {
        drain();
        REQUIRE(!sent.empty());
        auto first = std::move(sent.front());
        sent.erase(sent.begin());
        return first;
    }
    /// The first request of this method that was sent; what was sent before it stays.
    packet take(stun::method which) {
        drain();
        auto first = std::ranges::find_if(sent, [which](const packet& each) {
            auto parsed = stun::message::parse(each);
            return parsed && parsed->is(stun::message_class::request, which);
        });
        REQUIRE(first != sent.end());
        auto taken = std::move(*first);
        sent.erase(first);
        return taken;
    }
    [[nodiscard]] packet key() const {
        auto copy = [](const auto& digest) { return packet(digest.begin(), digest.end()); };
        return sha256 ? copy(stun::long_term_key_sha256(username, realm, password))
                      : copy(stun::long_term_key_md5(username, realm, password));
    }
    [[nodiscard]] bool is_signed(const packet& request) const {
        auto parsed = stun::message::parse(request).value();
        if (parsed.nonce() != nonce || parsed.realm() != realm) return false;
        return sha256 ? parsed.verify_integrity_sha256(key()) : parsed.verify_integrity(key());
    }

    enum class integrity { right, wrong, none };
    /// An answer to `request`, with what `add` writes.
    template <class Add>
    packet answer(const packet& request, stun::message_class cls, integrity how, Add add) {
        auto parsed = stun::message::parse(request).value();
        packet out(2048);
        stun::message_writer writer(out, cls, parsed.method(), parsed.id());
        add(writer);
        auto with = key();
        if (how == integrity::wrong) with[0] ^= std::byte{1};
        if (how != integrity::none) sha256 ? writer.add_integrity_sha256(with) : writer.add_integrity(with);
        out.resize(writer.size());
        REQUIRE(!out.empty());
        return out;
    }
    template <class Add>
    packet success(const packet& request, Add add, integrity how = integrity::right) {
        return answer(request, stun::message_class::success_response, how, add);
    }
    packet error(const packet& request, std::uint16_t code, integrity how = integrity::right) {
        return answer(request, stun::message_class::error_response, how, [&](stun::message_writer& out) {
            out.add_error_code(static_cast<stun::error>(code), "because");
        });
    }
    packet challenge(const packet& request, std::uint16_t code = 401) {
        return answer(request, stun::message_class::error_response, integrity::none,
                      [&](stun::message_writer& out) {
                          out.add_error_code(static_cast<stun::error>(code));
                          out.add_realm(realm);
                          out.add_nonce(nonce);
                          if (sha256)
                              out.add_password_algorithms(std::array{stun::password_algorithm::sha256,
                                                                     stun::password_algorithm::md5});
                      });
    }
    packet allocation(const packet& request, std::chrono::seconds lifetime = 600s) {
        return success(request, [&](stun::message_writer& out) {
            out.add_xor_relayed_address(relay);
            out.add_xor_mapped_address(at("198.51.100.7", 4000));
            out.add_lifetime(lifetime);
        });
    }
    packet plain_success(const packet& request) {
        return success(request, [](stun::message_writer&) {});
    }
    std::optional<relayed> give(const packet& bytes) {
        auto got = client.handle_packet(bytes, now);
        drain();
        return got;
    }

    void allocate(std::chrono::seconds lifetime = 600s) {
        client.start(now);
        give(challenge(take(stun::method::allocate)));
        auto again = take(stun::method::allocate);
        REQUIRE(is_signed(again));
        give(allocation(again, lifetime));
        REQUIRE(client.state() == client_state::allocated);
        events.clear();
    }
    /// What goes out for a payload at once; empty: nothing.
    packet wrap(const endpoint& peer, std::string_view payload) {
        packet room(max_header + payload.size() + max_padding, std::byte{0xee});
        auto bytes = bytes_of(payload);
        std::ranges::copy(bytes, room.begin() + max_header);
        byte_span whole(room);
        auto around = client.wrap(peer, whole.first(max_header), whole.subspan(max_header, bytes.size()),
                                  whole.subspan(max_header + bytes.size()), now);
        drain();
        if (!around) return {};
        auto from = room.begin() + static_cast<std::ptrdiff_t>(max_header - around->header);
        return {from, from + static_cast<std::ptrdiff_t>(around->header + bytes.size() + around->padding)};
    }
    void permit(const endpoint& peer) {
        REQUIRE(wrap(peer, "first").empty());
        give(plain_success(take(stun::method::create_permission)));
    }
    template <class Event>
    const Event* last_event() const {
        return events.empty() ? nullptr : std::get_if<Event>(&events.back());
    }
};

} // namespace cortc::turn::test
