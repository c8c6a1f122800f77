#include "cortc/stun/message_writer.hpp"
#include "cortc/turn/framing.hpp"
#include "cortc/turn/server_engine.hpp"
#include "test/fuzz/input.hpp"
#include "test/support/seeded_random.hpp"

#include <array>
#include <map>
#include <set>
#include <vector>

/// A TURN server, and clients that know the password and send whatever they like: requests with any
/// attributes, signed or not, data, and bytes on a stream. Sockets come, or do not; time passes.
namespace cortc::fuzz {

namespace {

using namespace std::chrono_literals;
using stun::attribute_type;
using stun::method;

constexpr std::array methods{method::allocate,     method::refresh, method::create_permission,
                             method::channel_bind, method::binding, method::connect};
constexpr std::array attributes{attribute_type::lifetime,
                                attribute_type::requested_transport,
                                attribute_type::requested_address_family,
                                attribute_type::additional_address_family,
                                attribute_type::even_port,
                                attribute_type::reservation_token,
                                attribute_type::channel_number,
                                attribute_type::xor_peer_address,
                                attribute_type::dont_fragment,
                                attribute_type::data,
                                attribute_type::password_algorithm,
                                attribute_type::password_algorithms,
                                attribute_type::username,
                                attribute_type::icmp,
                                attribute_type(0x7001),
                                attribute_type(0x9001)};

ip_address address(const char* text) { return boost::asio::ip::make_address(text); }

turn::server_options options() {
    turn::server_options made;
    made.realm = "r";
    made.users = [](std::string_view name) -> std::optional<turn::user_secret> {
        if (name != "u" && name != "v") return {};
        return turn::user_secret("p");
    };
    made.relays = {turn::relay_address(address("192.0.2.1")), turn::relay_address(address("2001:db8::1"))};
    made.first_port = 50000;
    made.last_port = 50015;
    made.limit.allocations_per_user = 4;
    made.limit.permissions = 4;
    made.limit.channels = 4;
    made.limit.reservations = 2;
    return made;
}

class world {
  public:
    explicit world(byte_view data)
        : in_(reinterpret_cast<const std::uint8_t*>(data.data()), data.size())
        , engine_(random_, log_of("turn"), options(), [] { return unix_time(1s); }, {address("192.0.2.1")}) {}

    void run() {
        while (!in_.empty()) step();
        check();
        engine_.close_all(now_);
        drain();
        require(open_.empty(), "all sockets are closed in the end");
        require(engine_.statistics().allocations == 0, "no allocation is left");
        now_ += 31s; // reservations
        engine_.handle_timeout(now_);
        require(engine_.next_timeout() == never, "nothing is waited for");
    }

  private:
    void step() {
        path_.client = {address(in_.below(8) == 7 ? "2001:db8:2::1" : "198.51.100.1"),
                        static_cast<std::uint16_t>(4000 + in_.below(4))};
        path_.stream = path_.client.port == 4003;
        switch (in_.below(8)) {
        case 0:
            return give(in_.piece());
        case 1:
        case 2:
        case 3:
            return request();
        case 4:
            return data();
        case 5:
            return relayed();
        case 6:
            sockets_ = in_.below(4) != 3;
            now_ += std::chrono::seconds(in_.u8()) * in_.below(4);
            engine_.handle_timeout(now_);
            return drain();
        default:
            return stream(in_.piece());
        }
    }
    endpoint peer() {
        constexpr std::array peers{"203.0.113.1", "203.0.113.2",   "192.0.2.1",
                                   "10.0.0.1",    "2001:db8:3::1", "2001:db8::1"};
        const auto* const text = in_.pick(peers);
        return {address(text), static_cast<std::uint16_t>(50000 + in_.below(16))};
    }
    void attribute(stun::message_writer& out) {
        switch (in_.below(8)) {
        case 0:
            return out.add(in_.pick(attributes), in_.take(in_.below(40)));
        case 1:
            return out.add_requested_transport(stun::transport_protocol::udp);
        case 2:
        case 3:
            return out.add_xor_peer_address(peer());
        case 4:
            return out.add_channel_number(static_cast<std::uint16_t>(0x4000 + in_.below(8)));
        case 5:
            return out.add_lifetime(std::chrono::seconds(in_.u16()));
        case 6:
            return out.add_even_port(in_.below(2) == 1);
        default:
            return token_.empty() ? out.add_additional_address_family() : out.add_reservation_token(token_);
        }
    }
    void request() {
        std::array<std::byte, 1500> bytes;
        stun::transaction_id id{};
        if (in_.below(4) == 0)
            id.fill(std::byte{1}); // one that is repeated
        else
            random_.fill(id);
        const auto which = in_.pick(methods);
        const auto flags = in_.u8();
        stun::message_writer out(bytes, stun::message_class::request, which, id);
        if (which == method::allocate && flags & 4)
            out.add_requested_transport(stun::transport_protocol::udp);
        for (auto count = in_.below(4); count > 0; --count) attribute(out);
        if (flags & 3) {
            const std::string_view name = flags & 8 ? "v" : "u";
            out.add_username(name);
            out.add_realm("r");
            out.add_nonce(nonce_);
            out.add_integrity(stun::long_term_key_md5(name, "r", flags & 16 ? "wrong" : "p"));
        }
        give(out.written());
    }
    void data() {
        std::array<std::byte, 400> bytes;
        if (in_.below(2) == 0) {
            byte_writer out(bytes);
            out.u16(static_cast<std::uint16_t>(0x4000 + in_.below(8)));
            const auto payload = in_.piece();
            out.u16(static_cast<std::uint16_t>(payload.size()));
            out.put(payload);
            return give(out.written());
        }
        stun::message_writer out(bytes, stun::message_class::indication, method::send, {});
        out.add_xor_peer_address(peer());
        out.add_data(in_.take(in_.below(64)));
        give(out.written());
    }
    void relayed() {
        const auto at = turn::relay_id(in_.below(16));
        to_client(at, peer(), in_.piece());
    }
    void to_client(turn::relay_id at, const endpoint& from, byte_view payload) {
        std::array<std::byte, turn::server_engine::max_header> before;
        std::array<std::byte, turn::server_engine::max_padding> after;
        const auto got = engine_.handle_relayed(at, from, payload, before, after, now_);
        if (!got) return;
        require(open_.contains(at), "data of a socket that is open");
        require(got->header <= before.size() && got->padding <= after.size(), "a header that fits");
        require(!got->to->stream || (got->header + payload.size() + got->padding) % 4 == 0,
                "a stream's frames are padded");
    }
    /// What a server does with a stream's bytes.
    void stream(byte_view bytes) {
        while (const auto size = turn::frame_size(bytes)) {
            if (*size == 0 || *size > bytes.size()) return;
            give(bytes.first(*size));
            bytes = bytes.subspan(*size);
        }
    }
    void give(byte_view packet) {
        const std::vector<std::byte> copy(packet.begin(), packet.end()); // reads behind it are seen
        if (const auto out = engine_.handle_packet(path_, copy, now_)) {
            require(open_.contains(out->relay), "only sockets that are open send");
            require(out->payload.size() <= copy.size(), "a payload is a part of its packet");
            require(out->peer.port != 0, "a peer has a port");
            if (out->straight)
                to_client(out->relay, out->peer, out->payload);
            else
                require(out->peer.address != address("10.0.0.1") &&
                            out->peer.address != address("192.0.2.1") &&
                            out->peer.address != address("2001:db8::1"),
                        "what is denied is not reached");
        }
        drain();
        check();
    }
    void drain() {
        while (auto event = engine_.poll_event()) {
            if (const auto* wanted = std::get_if<turn::open_relay>(&*event)) {
                if (!sockets_) {
                    engine_.relay_refused(wanted->which, now_);
                    continue;
                }
                require(ports_.insert(wanted->local).second, "a port is given once");
                require(open_.emplace(wanted->which, wanted->local).second, "a socket is opened once");
                engine_.relay_opened(wanted->which, wanted->local, now_);
            } else {
                const auto at = open_.find(std::get<turn::close_relay>(*event).which);
                require(at != open_.end(), "what is closed was open");
                ports_.erase(at->second);
                open_.erase(at);
            }
        }
        std::array<std::byte, turn::server_engine::max_answer> out;
        while (const auto answer = engine_.poll_transmit(out)) {
            const auto parsed = stun::message::parse(byte_view(out).first(answer->size));
            require(parsed.has_value() && parsed->is_response(), "answers are STUN");
            require(answer->to == path_, "an answer goes the way the question came");
            if (const auto nonce = parsed->nonce()) nonce_ = *nonce;
            if (const auto token = parsed->reservation_token()) token_.assign(token->begin(), token->end());
        }
    }
    void check() {
        require(engine_.statistics().allocations <= 8, "quotas hold");
        require(open_.size() <= 16, "sockets are bounded");
    }

    input in_;
    support::seeded_random random_{1};
    turn::server_engine engine_;
    turn::client_path path_;
    time_point now_ = time_point() + 1h;
    bool sockets_ = true;
    std::string nonce_ = "n";
    std::vector<std::byte> token_;
    std::map<turn::relay_id, endpoint> open_;
    std::set<endpoint> ports_;
};

} // namespace
} // namespace cortc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    cortc::fuzz::begin();
    cortc::fuzz::world({reinterpret_cast<const std::byte*>(data), size}).run();
    return 0;
}
