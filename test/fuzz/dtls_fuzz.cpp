#include "cortc/dtls/front_filter.hpp"
#include "test/fuzz/input.hpp"
#include "test/unit/crypto/dtls_pair.hpp"

#include <array>
#include <set>
#include <vector>

/// A DTLS client and a server behind its filter. The input chooses what becomes of datagrams, and changes or
/// makes up others. What is read was written, and is read once; a handshake ends.
namespace cortc::fuzz {

namespace {

using namespace std::chrono_literals;

/// The filter alone: what it lets through first is one whole ClientHello.
void filter_only(input& from) {
    dtls::front_filter filter;
    for (int i = 0; i < 200 && !from.empty(); ++i) {
        const auto raw = from.piece();
        bytes datagram(raw.begin(), raw.end());
        if (from.once_in(2) && raw.size() > 12) { // a good record around it
            datagram.assign(25, std::byte{0});
            byte_writer to(datagram);
            to.u8(22);
            to.u16(0xfefd);
            to.u64(from.u8());
            to.u16(static_cast<std::uint16_t>(12 + raw.size()));
            to.u8(1);
            to.u24(from.once_in(8) ? from.u32() & 0xffffff : 16u * (1u + from.below(20)));
            to.u16(from.below(2));
            to.u24(16u * from.below(20));
            to.u24(static_cast<std::uint32_t>(raw.size()));
            datagram.insert(datagram.end(), raw.begin(), raw.end());
        }
        const bool before = filter.open();
        const auto out = filter.filter(datagram);
        if (!out || before) continue;
        require(filter.open(), "what passes first opens the filter");
        require(out->size() >= 25 && (*out)[0] == std::byte{22} && (*out)[13] == std::byte{1},
                "it is a ClientHello");
        byte_reader head(*out);
        head.skip(14);
        const auto length = head.u24();
        head.skip(2);
        require(head.u24() == 0 && head.u24() == length && out->size() == 25 + length, "it is whole");
    }
}

class scene {
  public:
    explicit scene(input& from)
        : in_(from), client_(options(dtls_role::client, from)), server_(options(dtls_role::server, from)) {
        server_.session->start(now);
        client_.session->start(now);
    }

    time_point now{1h};

    void run() {
        for (int i = 0; i < 200 && !in_.empty(); ++i) operate();
        lost_ = doubled_ = changed_ = 0;
        pass(40s);
        for (auto* each : {&client_, &server_}) {
            const auto state = each->session->state();
            require(state != crypto::dtls_state::connecting, "a handshake ends");
            require(each->session->next_timeout() == never, "who is done waits for nothing");
            require(each->connected() + (each->failure() != nullptr) <= 2, "events fit");
        }
    }

    void pump() {
        for (auto* each : {&client_, &server_}) {
            std::array<std::byte, 2048> space;
            while (const auto size = each->session->poll_transmit(space)) {
                require(++rounds_ < 20000, "an instant has an end");
                require(*size <= 1472, "a datagram has its limit");
                put(*each, bytes(space.begin(), space.begin() + static_cast<std::ptrdiff_t>(*size)));
            }
            while (const auto size = each->session->poll_read(space)) {
                const auto text = std::string(as_text(byte_view(space).first(*size)));
                require(written_[each == &client_].erase(text) == 1,
                        "what is read was written, and is read once");
            }
            while (auto event = each->session->poll_event()) each->events.push_back(std::move(*event));
        }
    }
    [[nodiscard]] time_point next_event() const {
        return std::min({client_.session->next_timeout(), server_.session->next_timeout(), air_.next()});
    }
    void step() {
        if (now > last_) rounds_ = 0;
        last_ = now;
        require(++rounds_ < 20000, "time moves");
        while (auto arrived = air_.land(now)) {
            hand(*arrived->to, arrived->data);
            pump();
        }
        client_.session->handle_timeout(now);
        server_.session->handle_timeout(now);
    }

  private:
    static crypto::dtls_options options(dtls_role role, input& from) {
        auto made = test::options_for(role);
        made.mtu = from.pick(std::array<std::size_t, 3>{1200, 300, 1472});
        made.log = log_of(role == dtls_role::client ? "client" : "server");
        return made;
    }
    void pass(duration time) {
        support::run_until(
            *this, [] { return false; }, time);
    }
    void hand(test::dtls_end& to, byte_view datagram) {
        if (&to == &client_ || !to.session->wants_whole_client_hello())
            return to.session->handle_packet(datagram, now);
        if (const auto passed = filter_.filter(datagram)) to.session->handle_packet(*passed, now);
    }
    test::dtls_end& other(const test::dtls_end& of) { return &of == &client_ ? server_ : client_; }
    void put(test::dtls_end& from, bytes datagram) {
        if (kept_.size() < 24) kept_.push_back(datagram);
        const auto bit = 1u << (datagrams_++ % 8);
        if (changed_ & bit) change(datagram);
        if (lost_ & bit) return;
        if (doubled_ & bit) air_.send(&other(from), datagram, now + 15ms);
        air_.send(&other(from), std::move(datagram), now + 5ms);
    }
    void change(bytes& datagram) const {
        if (datagram.empty()) return;
        const auto at = place_ % datagram.size();
        switch (how_ % 4) {
        case 0:
            datagram[at] ^= static_cast<std::byte>(1 + how_ / 4);
            break;
        case 1:
            datagram.resize(at);
            break;
        case 2:
            datagram.insert(datagram.begin() + static_cast<std::ptrdiff_t>(at), 1u + how_ / 4, std::byte{0});
            break;
        default: { // two in one
            const auto& more = kept_[place_ % kept_.size()];
            datagram.insert(datagram.end(), more.begin(), more.end());
        }
        }
    }
    void operate() {
        const auto choice = in_.u8();
        auto& at = choice & 1 ? client_ : server_;
        switch ((choice >> 1) % 12) {
        case 0:
        case 1: {
            const auto text = std::to_string(number_++) + std::string(in_.u8() * 4u, '.');
            if (at.session->write(as_bytes(text))) written_[&at != &client_].insert(text);
            break;
        }
        case 2:
            return pass(in_.u8() * 1ms);
        case 3:
            return pass(in_.u8() * 20ms);
        case 4:
            lost_ = in_.u8();
            return;
        case 5:
            doubled_ = in_.u8();
            return;
        case 6:
        case 7:
            changed_ = in_.u8();
            how_ = in_.u8();
            place_ = in_.u16();
            return;
        case 8: { // an old one, of either direction, perhaps changed
            if (kept_.empty()) return;
            auto old = kept_[in_.u8() % kept_.size()];
            how_ = in_.u8();
            place_ = in_.u16();
            if (how_ & 0x80) change(old);
            hand(at, old);
            break;
        }
        case 9: {
            const auto raw = in_.piece();
            hand(at, raw);
            break;
        }
        case 10: { // a record with a good head
            const auto body = in_.piece();
            bytes made(13);
            byte_writer to(made);
            to.u8(static_cast<std::uint8_t>(20 + in_.below(5)));
            to.u16(in_.once_in(8) ? 0xfeff : 0xfefd);
            to.u16(in_.below(2));
            to.u48(in_.u8());
            to.u16(static_cast<std::uint16_t>(body.size()));
            made.insert(made.end(), body.begin(), body.end());
            hand(at, made);
            break;
        }
        default:
            if (in_.once_in(8)) at.session->shutdown();
        }
        pump();
    }

    input& in_;
    test::dtls_end client_, server_;
    dtls::front_filter filter_;
    support::flight<test::dtls_end*> air_;
    std::vector<bytes> kept_;
    std::array<std::set<std::string>, 2> written_; // for the server, for the client
    std::size_t rounds_ = 0, number_ = 0;
    unsigned datagrams_ = 0;
    time_point last_{};
    std::uint8_t lost_ = 0, doubled_ = 0, changed_ = 0, how_ = 0;
    std::uint16_t place_ = 0;
};

} // namespace

} // namespace cortc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    (void)cortc::test::some_certificate(1);
    (void)cortc::test::some_certificate(2);
    cortc::fuzz::begin();
    cortc::fuzz::input from(data, size);
    if (from.once_in(8))
        cortc::fuzz::filter_only(from);
    else
        cortc::fuzz::scene(from).run();
    return 0;
}
