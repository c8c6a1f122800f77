#pragma once

#include "cortc/base/overloaded.hpp"
#include "cortc/transport/engine.hpp"
#include "test/support/catch.hpp"
#include "test/unit/ice/harness.hpp"

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

/// Two transport engines and nothing between them: ICE and SCTP are the real ones, DTLS is by script.
namespace cortc::transport_test {

using namespace std::chrono_literals;
using ice::test::at;

/// DTLS without cryptography. The client says "hello" (a record of type 22), the server answers "hello", and
/// both are connected; a record of type 23 holds application data, one of type 21 is close_notify. While
/// `elsewhere` a step runs on a worker, until back().
class plain_dtls final : public dtls::association {
  public:
    explicit plain_dtls(dtls_role role) : role_(role) {}

    static bytes record(std::uint8_t type, byte_view data = {}) {
        bytes made(1, static_cast<std::byte>(type));
        made.insert(made.end(), data.begin(), data.end());
        return made;
    }

    [[nodiscard]] bool busy() const noexcept override { return elsewhere; }
    void start(time_point) override {
        ++started;
        if (fails_to_start)
            events.push_back(crypto::dtls_failed{crypto::dtls_failure::internal, "no certificate"});
        else if (role_ == dtls_role::client)
            out.push_back(record(22));
    }
    void handle_packet(byte_view datagram, time_point) override {
        if (elsewhere) return waiting.emplace_back(datagram.begin(), datagram.end()), void();
        for (std::size_t i = 0; i < datagram.size(); ++i) { // records of one byte may stand before others
            const auto type = std::to_integer<unsigned>(datagram[i]);
            if (type == 22) {
                if (role_ == dtls_role::server) out.push_back(record(22));
                if (!std::exchange(connected, true)) events.push_back(crypto::dtls_connected{});
            } else if (type == 23) {
                const auto data = datagram.subspan(i + 1);
                return read.emplace_back(data.begin(), data.end()), void();
            } else if (type == 21) {
                connected = false;
                events.push_back(crypto::dtls_closed{});
            }
        }
    }
    [[nodiscard]] std::optional<std::size_t> poll_transmit(byte_span to) override { return take(out, to); }
    [[nodiscard]] std::optional<std::size_t> poll_read(byte_span to) override { return take(read, to); }
    [[nodiscard]] std::optional<crypto::dtls_event> poll_event() override {
        if (elsewhere || events.empty()) return std::nullopt;
        auto next = events.front();
        events.pop_front();
        return next;
    }
    [[nodiscard]] std::optional<std::size_t> seal(byte_view data, byte_span to) override {
        if (elsewhere || !connected) return std::nullopt;
        to[0] = std::byte{23};
        std::ranges::copy(data, to.begin() + 1);
        return data.size() + 1;
    }
    [[nodiscard]] time_point next_timeout() const noexcept override { return elsewhere ? never : deadline; }
    void handle_timeout(time_point) override {
        ++timeouts;
        deadline = never;
    }
    void shutdown() override {
        if (std::exchange(connected, false)) out.push_back(record(21));
    }
    [[nodiscard]] std::optional<crypto::srtp_keys> export_srtp_keys() const override { return keys; }
    [[nodiscard]] std::string cipher_suite() const override { return "none"; }
    void close() override { ++closed; }

    /// The step is done; the owner says so to its engine.
    void back(time_point now) {
        elsewhere = false;
        for (const auto& each : std::exchange(waiting, {})) handle_packet(each, now);
    }

    bool connected = false, elsewhere = false, fails_to_start = false;
    int started = 0, closed = 0, timeouts = 0;
    time_point deadline = never;
    std::optional<crypto::srtp_keys> keys = some_keys();
    std::deque<bytes> out, read, waiting;
    std::deque<crypto::dtls_event> events;

  private:
    static crypto::srtp_keys some_keys() {
        constexpr auto profile = crypto::srtp_profile::aes128_cm_sha1_80;
        bytes material(crypto::srtp_material_size(profile));
        for (std::size_t i = 0; i < material.size(); ++i) material[i] = static_cast<std::byte>(i);
        return crypto::split_srtp_keys(profile, material);
    }
    [[nodiscard]] std::optional<std::size_t> take(std::deque<bytes>& from, byte_span to) const {
        if (elsewhere || from.empty()) return std::nullopt;
        const auto size = from.front().size();
        std::ranges::copy(from.front(), to.begin());
        from.pop_front();
        return size;
    }
    dtls_role role_;
};

/// What is sent, in order.
class sent_list final : public datagram_sink {
  public:
    struct datagram {
        ice::path to;
        bytes data;
    };
    byte_span prepare() override { return room_; }
    void commit(const ice::path& to, std::size_t size) override {
        all.push_back({to, bytes(room_.begin(), room_.begin() + static_cast<std::ptrdiff_t>(size))});
    }
    std::vector<datagram> all;

  private:
    std::array<std::byte, 1472> room_;
};

/// The chunk types of the SCTP packet in a record of plain_dtls (RFC 9260 3.2).
inline std::vector<int> chunks(const bytes& record) {
    std::vector<int> types;
    byte_reader in(byte_view(record).subspan(1 + 12));
    while (in.remaining() >= 4) {
        types.push_back(in.u8());
        in.skip(1);
        const auto length = in.u16();
        if (length < 4) break;
        in.skip(std::min<std::size_t>((length - 4u + 3u) / 4u * 4u, in.remaining()));
    }
    return types;
}

/// What a datagram is, in a word: "stun", "hello", "INIT", "SACK DATA", "close".
inline std::string word(const bytes& data) {
    switch (protocol_of(data)) {
    case protocol::stun:
        return "stun";
    case protocol::dtls:
        break;
    default:
        return "?";
    }
    if (data[0] == std::byte{22}) return "hello";
    if (data[0] == std::byte{21}) return "close";
    static const std::vector<std::pair<int, std::string>> names = {
        {0, "DATA"},         {1, "INIT"},        {2, "INIT-ACK"},  {3, "SACK"},  {6, "ABORT"},
        {10, "COOKIE-ECHO"}, {11, "COOKIE-ACK"}, {4, "HEARTBEAT"}, {64, "DATA"}, {5, "HEARTBEAT-ACK"}};
    std::string out;
    for (auto type : chunks(data))
        for (const auto& [number, name] : names)
            if (number == type) out += (out.empty() ? "" : " ") + name;
    return out;
}

/// An engine and what its owner has: channels, the socket's address, and everything that was reported.
class end {
  public:
    end(std::uint64_t seed, ice::role as, const char* address, dtls_role of)
        : random(seed)
        , where(at(address, 1000))
        , role(of)
        , channels({}, random, pool)
        , scratch(65536)
        , engine(config()) {
        engine.set_role(as);
    }

    void begin(time_point now) {
        engine.add_generation(ufrag(), pwd(), now);
        ice::local_candidate host;
        host.socket = ice::socket_id(1);
        host.base = where;
        candidate = engine.add_local_candidate(ufrag(), host, now).value();
        engine.end_local_candidates(ufrag(), now);
    }
    void pair(const end& with, time_point now) {
        engine.pair_generation(ufrag(), {with.ufrag(), with.pwd()}, {}, now);
        engine.add_remote_candidate(with.ufrag(), with.candidate, now);
        engine.end_remote_candidates(with.ufrag(), now);
    }
    void set_dtls(time_point now) {
        auto made = std::make_unique<plain_dtls>(role);
        dtls = made.get();
        if (before_dtls) before_dtls(*made);
        engine.set_dtls(std::move(made), role, now);
    }
    void attach(time_point now) {
        channels.set_role(role, now);
        engine.attach(channels, now);
    }
    void receive(byte_view data, time_point now, const endpoint& from, net::ecn mark = net::ecn::not_ect) {
        bytes copy(data.begin(), data.end());
        engine.handle_datagram(ice::socket_id(1), {copy, from, mark}, now);
    }
    void drain() {
        engine.drain(overloaded{
            [this](ice::state_changed&& what) { note("ice " + std::string(ice::to_string(what.to))); },
            [this](ice::role_changed&& what) { note("role " + std::string(ice::to_string(what.now))); },
            [this](path_selected&& what) { note("selected " + what.what.local_ufrag); },
            [this](generation_gone&& what) { note("gone " + what.local_ufrag); },
            [this](ice::server_answer&& what) {
                note("server " + (what.mapped ? cortc::to_string(*what.mapped) : std::to_string(what.code)));
            },
            [this](dtls_state_changed&& what) {
                static const char* const names[] = {"fresh", "connecting", "connected", "closed", "failed"};
                note("dtls " + std::string(names[static_cast<std::size_t>(what.to)]));
            },
            [this](datachannel::channel_event&& what) {
                if (const auto* opened = std::get_if<datachannel::channel_incoming>(&what))
                    incoming = opened->channel;
                note("channel " + std::to_string(what.index()));
            },
            [this](datachannel::incoming_message&& what) {
                const auto size = what.data.size();
                note("message " + std::string(as_text(what.data.view())));
                channels.consume(size);
            },
        });
    }
    /// What it sends now, in words.
    std::vector<std::string> transmit(time_point now) {
        sent.all.clear();
        engine.transmit(sent, now);
        std::vector<std::string> words;
        for (const auto& each : sent.all) words.push_back(word(each.data));
        return words;
    }
    [[nodiscard]] bool reported(const std::string& what) const {
        return std::ranges::find(log, what) != log.end();
    }
    [[nodiscard]] std::string ufrag() const { return "uf" + to_string(where.address); }
    [[nodiscard]] std::string pwd() const { return "a-password-of-22-and-more" + ufrag(); }

    ice::test::seeded_random random;
    endpoint where;
    dtls_role role;
    buffer_pool pool;
    datachannel::data_channels channels;
    std::vector<std::byte> scratch;
    transport_engine engine;
    plain_dtls* dtls = nullptr;
    std::function<void(plain_dtls&)> before_dtls;
    sdp::candidate candidate;
    datachannel::channel_id incoming; ///< the latest that the peer opened
    sent_list sent;
    std::vector<std::string> log;
    std::function<void(const std::string&)> on_note;

  private:
    static std::string to_string(const ip_address& address) {
        auto text = address.to_string();
        std::ranges::replace(text, '.', '+'); // ice-chars
        return text;
    }
    transport_engine_config config() {
        transport_engine_config made(random);
        made.scratch = scratch;
        return made;
    }
    void note(const std::string& what) {
        log.push_back(what);
        if (on_note) on_note(what);
    }
};

/// Two of them. `b` is the DTLS client.
struct two {
    end a{1, ice::role::controlling, "192.0.2.1", dtls_role::server};
    end b{2, ice::role::controlled, "192.0.2.2", dtls_role::client};
    time_point now = ice::test::start;

    void begin() {
        for (auto* each : {&a, &b}) each->begin(now);
        a.pair(b, now);
        b.pair(a, now);
    }
    /// One turn of an end: it drains, and what it sends arrives at once.
    bool turn(end& from, end& to) {
        from.drain();
        const auto words = from.transmit(now);
        for (const auto& each : std::exchange(from.sent.all, {})) to.receive(each.data, now, from.where);
        from.drain();
        return !words.empty();
    }
    /// Until nobody has anything to say at this moment.
    void settle() {
        for (bool more = true; more;) {
            more = turn(a, b);
            more = turn(b, a) || more;
        }
    }
    /// Virtual time; both ends are told only what is due.
    void run_for(duration time) {
        const auto end = now + time;
        settle();
        for (auto next = next_timeout(); next <= end; next = next_timeout()) {
            now = std::max(now, next);
            for (auto* each : {&a, &b})
                if (each->engine.next_timeout() <= now) each->engine.handle_timeout(now);
            settle();
        }
        now = end;
    }
    [[nodiscard]] time_point next_timeout() const {
        return std::min(a.engine.next_timeout(), b.engine.next_timeout());
    }
    /// Connected, with an association.
    void connect() {
        begin();
        for (auto* each : {&a, &b}) {
            each->set_dtls(now);
            each->attach(now);
        }
        run_for(1s);
        REQUIRE(a.channels.up());
        REQUIRE(b.channels.up());
    }
    /// A channel from a to b; its name at a.
    datachannel::channel_id open() {
        datachannel::channel_parameters parameters;
        parameters.label = "a";
        const auto id = *a.channels.open(parameters, now);
        run_for(1s);
        REQUIRE(b.reported("channel 2")); // channel_incoming
        return id;
    }
    void send(datachannel::channel_id channel, std::string_view text) {
        REQUIRE(a.channels.send(channel, datachannel::message_kind::text, as_bytes(text), now) ==
                datachannel::channel_send::ok);
    }
};

} // namespace cortc::transport_test
