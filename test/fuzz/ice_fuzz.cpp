#include "test/fuzz/input.hpp"
#include "test/support/flight.hpp"
#include "test/unit/ice/harness.hpp"

#include <array>
#include <vector>

/// A STUN message, read in every way; or two ICE agents: the input chooses what happens to datagrams,
/// restarts generations, and forges datagrams, many with good credentials. When the network is good again, a
/// restart connects.
namespace cortc::ice {

namespace {

using fuzz::require;
using test::node;
using namespace std::chrono_literals;

/// Getters agree with the bytes, and read nothing beyond them.
void read_message(byte_view packet) {
    const auto parsed = stun::message::parse(packet);
    if (!parsed) return;
    require(stun::is_stun(packet), "a message looks like one");
    std::size_t seen = 0;
    const auto text = [&](const std::optional<std::string_view>& value, std::size_t limit) {
        if (!value) return;
        require(value->size() <= limit, "a text has its limit");
        for (char each : *value) seen += static_cast<unsigned char>(each);
    };
    const auto blob = [&](const std::optional<byte_view>& value) {
        if (!value) return;
        for (auto each : *value) seen += std::to_integer<std::size_t>(each);
    };
    text(parsed->username(), 513);
    text(parsed->realm(), 763);
    text(parsed->nonce(), 763);
    text(parsed->software(), 763);
    text(parsed->alternate_domain(), 255);
    if (auto error = parsed->error_code()) text(error->reason, 65535);
    if (auto error = parsed->address_error_code()) text(error->reason, 65535);
    blob(parsed->userhash());
    blob(parsed->data());
    blob(parsed->reservation_token());
    blob(parsed->mobility_ticket());
    if (auto one = parsed->password_algorithm()) blob(one->parameters);
    if (auto many = parsed->password_algorithms())
        for (const auto& each : *many) blob(each.parameters);
    if (auto many = parsed->xor_peer_addresses()) require(!many->empty(), "a list has members");
    for (auto type : parsed->attributes()) {
        require(parsed->has(type), "a listed attribute is found");
        blob(parsed->find(type));
    }
    (void)parsed->mapped_address();
    (void)parsed->xor_mapped_address();
    (void)parsed->xor_relayed_address();
    (void)parsed->unknown_attributes();
    (void)parsed->alternate_server();
    (void)parsed->response_origin();
    (void)parsed->other_address();
    (void)parsed->network_info();
    (void)parsed->icmp();
    (void)parsed->change_request();
    (void)parsed->lifetime();
    (void)parsed->channel_number();
    (void)parsed->requested_transport();
    if (auto priority = parsed->priority()) seen += *priority;
    (void)parsed->unknown_comprehension_required();
    const auto key = as_bytes("key");
    require(parsed->has_integrity() || !parsed->verify_integrity(key), "no integrity is not good integrity");
    require(parsed->has_integrity_sha256() || !parsed->verify_integrity_sha256(key),
            "no integrity is not good integrity");
    require(parsed->has_fingerprint() || !parsed->verify_fingerprint(), "no fingerprint is not a good one");
    require(seen < std::size_t{1} << 48, "what was read is used");
}

struct end : node {
    end(std::uint64_t seed, ice::role as, limits bounds) : node(seed, as, {}, bounds) {}
    transport_state state = transport_state::fresh;
    bool closed = false;
};

limits tight() {
    limits made;
    made.remote_candidates = 8;
    made.pairs = 12;
    made.early_candidates = 4;
    return made;
}

class world {
  public:
    explicit world(fuzz::input& from)
        : a(1, role::controlling, tight())
        , b(2, from.once_in(4) ? role::controlling : role::controlled, tight()) {
        for (int i = 1 + from.below(3); i > 0; --i) a.open(test::at("10.0.0." + std::to_string(i), 1000));
        for (int i = 1 + from.below(3); i > 0; --i) b.open(test::at("10.0.1." + std::to_string(i), 2000));
        a.begin(now);
        b.begin(now);
    }

    time_point now = test::start;
    end a, b;
    std::uint8_t lost = 0, doubled = 0;
    duration delay = 5ms;
    bool translated = false; ///< what a sends comes from another port

    void pump() {
        std::array<std::byte, 1500> room;
        for (auto* each : {&a, &b}) {
            while (auto out = each->engine.poll_transmit(room, now)) {
                require(++rounds_ < 5000, "an instant has an end");
                require(out->size > 0 && out->size <= max_message, "a datagram has its limit");
                const auto data = byte_view(room).first(out->size);
                auto from = each->sockets.at(out->socket.value() - 1);
                require(stun::message::parse(data).has_value(), "what is sent is STUN");
                keep(data);
                put(from, out->destination, bytes(data.begin(), data.end()));
            }
            while (auto what = each->engine.poll_event()) {
                require(++rounds_ < 5000, "an instant has an end");
                if (auto* changed = std::get_if<state_changed>(&*what)) {
                    require(changed->from == each->state && changed->to != each->state,
                            "states follow each other");
                    each->state = changed->to;
                }
            }
            check(*each);
        }
    }
    [[nodiscard]] time_point next_event() const {
        return std::min({a.engine.next_timeout(), b.engine.next_timeout(), air_.next()});
    }
    void step() {
        if (now > last_) rounds_ = 0;
        last_ = now;
        require(++rounds_ < 5000, "time moves");
        while (auto arrived = air_.land(now)) receive(arrived->to, arrived->data);
        for (auto* each : {&a, &b})
            if (each->engine.next_timeout() <= now) {
                each->engine.handle_timeout(now);
            }
    }
    void run(duration time) {
        support::run_until(
            *this, [] { return false; }, time);
    }
    void hand(end& to, std::uint8_t socket, const endpoint& from, const bytes& data) {
        if (!stun::is_stun(data)) return;
        to.engine.handle_packet(socket_id(1u + socket % static_cast<std::uint32_t>(to.sockets.size())), from,
                                data, now);
    }
    const std::vector<bytes>& seen() const { return seen_; }
    end& other(end& of) { return &of == &a ? b : a; }

  private:
    struct leg {
        endpoint from, to;
    };
    void put(endpoint from, const endpoint& to, bytes data) {
        if (translated && from.port == 1000) from.port = 1001;
        const auto bit = 1u << (packets_++ % 8);
        if (lost & bit) return;
        if (doubled & bit) air_.send({from, to}, data, now + 2 * delay);
        air_.send({from, to}, std::move(data), now + delay);
    }
    void receive(const leg& by, const bytes& data) {
        auto to = by.to;
        if (translated && to.port == 1001) to.port = 1000;
        for (auto* each : {&a, &b})
            for (std::uint32_t i = 0; i < each->sockets.size(); ++i)
                if (each->sockets[i] == to) each->engine.handle_packet(socket_id(i + 1), by.from, data, now);
    }
    void keep(byte_view data) {
        if (seen_.size() < 32) seen_.emplace_back();
        seen_[kept_++ % 32].assign(data.begin(), data.end());
    }
    static void check(end& at) {
        require(at.engine.state() == at.state, "every change of state is told");
        const auto pairs = at.engine.pairs();
        require(pairs.size() <= 12u * 8u, "pairs are bounded");
        require(at.engine.candidates().size() <= 8u * (8u + 32u + 4u), "candidates are bounded");
        if (auto chosen = at.engine.selected_pair()) require(chosen->valid, "what is selected is valid");
        if (auto way = at.engine.send_path())
            require(at.engine.is_valid_source(way->socket, way->remote), "where data goes it may come from");
    }

    support::flight<leg> air_;
    std::vector<bytes> seen_;
    std::size_t rounds_ = 0, kept_ = 0;
    unsigned packets_ = 0;
    time_point last_{};
};

/// A datagram that somebody makes up, or changes on its way.
void forge(world& in, end& to, fuzz::input& from) {
    auto& peer = in.other(to);
    const endpoint source =
        from.once_in(2) ? peer.sockets.front() : test::at("192.0.2." + std::to_string(from.below(32)), 3000);
    const auto socket = from.u8();
    switch (from.below(5)) {
    case 0: {
        test::request_options options;
        const auto how = from.u8();
        options.id = from.u8();
        options.controlling = how & 1;
        options.tie_breaker = how & 2 ? 0 : ~std::uint64_t{0};
        options.use_candidate = how & 4;
        options.priority = how & 8;
        options.both_roles = (how & 0x30) == 0x30;
        options.unknown_attribute = (how & 0xc0) == 0xc0;
        const auto whom = from.once_in(4) ? std::string(from.text().substr(0, 200)) : to.local.ufrag;
        const auto who = from.once_in(2) ? "else" + std::to_string(from.below(12)) : peer.local.ufrag;
        return in.hand(to, socket, source, test::make_request(whom + ":" + who, to.local.pwd, options));
    }
    case 1:
    case 2: { // the answer to something that was sent
        if (in.seen().empty()) return;
        const auto& sent = in.seen()[from.u8() % in.seen().size()];
        const auto message = stun::message::parse(sent);
        const auto key = from.once_in(4) ? std::string() : peer.local.pwd;
        const auto mapped = test::at("198.51.100." + std::to_string(from.below(16)), 4000);
        static constexpr std::array<std::uint16_t, 6> codes{400, 401, 420, 487, 500, 300};
        const auto made = from.once_in(2) ? test::make_success(message->id(), mapped, key)
                                          : test::make_error(message->id(),
                                                             static_cast<stun::error>(from.pick(codes)), key);
        return in.hand(to, socket, source, made);
    }
    case 3: { // an old one, changed
        if (in.seen().empty()) return;
        auto changed = in.seen()[from.u8() % in.seen().size()];
        for (int i = from.below(4); i > 0; --i)
            changed[from.u16() % changed.size()] = static_cast<std::byte>(from.u8());
        return in.hand(to, socket, source, changed);
    }
    default: {
        const auto raw = from.piece();
        return in.hand(to, socket, source, bytes(raw.begin(), raw.end()));
    }
    }
}

sdp::candidate made_up(fuzz::input& from) {
    auto made = sdp::parse_candidate("candidate:1 1 udp 1000 192.0.2.1 3000 typ host").value();
    made.priority = from.once_in(4) ? from.u32() : made.priority;
    made.port = static_cast<std::uint16_t>(3000 + from.below(16));
    if (from.once_in(8)) made.component = from.u8();
    return made;
}

void operate(world& in, fuzz::input& from) {
    const auto choice = from.u8();
    auto& at = choice & 1 ? in.b : in.a;
    auto& peer = in.other(at);
    switch ((choice >> 1) % 18) {
    case 0:
    case 1:
    case 2:
    case 3:
        forge(in, at, from);
        return in.pump();
    case 4:
    case 5:
        return in.run(from.u8() * 2ms);
    case 6:
        return in.run(from.u8() * 200ms);
    case 7: // the peer's description
        at.engine.set_remote(at.latest, peer.local, {from.once_in(8)}, in.now);
        break;
    case 8:
        for (const auto& each : peer.signaled) at.engine.add_remote_candidate(at.latest, each, in.now);
        break;
    case 9:
        at.engine.remote_candidates_done(at.latest, in.now);
        break;
    case 10:
        at.engine.add_remote_candidate(at.latest, made_up(from), in.now);
        break;
    case 11:
        if (from.once_in(2)) at.begin(in.now, !from.once_in(4));
        break;
    case 12:
        if (from.once_in(4)) at.engine.remove_generation(at.latest, in.now);
        break;
    case 13:
        in.lost = from.u8();
        return;
    case 14:
        in.doubled = from.u8();
        return;
    case 15:
        in.delay = from.u8() * 2ms;
        in.translated = from.once_in(4);
        return;
    case 16:
        at.engine.note_received(socket_id(1), peer.sockets.front(), in.now);
        break;
    default:
        if (from.once_in(16)) {
            at.engine.close();
            at.closed = true;
        }
    }
    in.pump();
}

void finish(world& in) {
    in.lost = in.doubled = 0;
    in.delay = 5ms;
    in.translated = false;
    in.run(1s);
    if (in.a.closed || in.b.closed) return;
    in.a.begin(in.now);
    in.b.begin(in.now);
    test::signal(in.a, in.b, in.now);
    test::signal(in.b, in.a, in.now);
    in.run(60s);
    for (auto* each : {&in.a, &in.b}) {
        require(each->usable(), "a restart connects");
        const auto chosen = each->engine.selected_pair();
        require(chosen && chosen->generation == each->latest, "it selects a pair of its own");
    }
    require(in.a.engine.role() != in.b.engine.role(), "one is controlling");
}

void run(fuzz::input& from) {
    if (from.once_in(8)) return read_message(from.rest());
    world in(from);
    for (int i = 0; i < 300 && !from.empty(); ++i) operate(in, from);
    finish(in);
}

} // namespace

} // namespace cortc::ice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    cortc::fuzz::input from(data, size);
    cortc::ice::run(from);
    return 0;
}
