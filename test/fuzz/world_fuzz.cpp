#include "cortc/crypto/backend.hpp"
#include "test/fuzz/input.hpp"
#include "test/support/sim_call.hpp"

#include <fmt/chrono.h>

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

/// Two whole connections on a simulated network. The input chooses what their applications do, and what
/// somebody on the path does to each datagram. Only errors with a name come out, what arrives was sent, and
/// after close() nothing is left.
namespace cortc::fuzz {

namespace {

using namespace std::chrono_literals;

/// Made once: its key costs more than a whole connection.
const Certificate& certificate_of(std::size_t which) {
    static const auto made = [] {
        const auto now = std::chrono::sys_days(std::chrono::year(2025) / 12 / 31);
        std::array<Certificate, 2> both;
        for (auto& each : both)
            each = Certificate(
                crypto::default_backend().generate_certificate(crypto::key_type::ecdsa_p256, now).value());
        return both;
    }();
    return made[which];
}
Configuration configuration(std::size_t which, input& from) {
    Configuration made;
    made.certificates = {certificate_of(which)};
    made.bundlePolicy = static_cast<BundlePolicy>(from.below(3));
    return made;
}

bool has_name(const Error& error) {
    static const std::set<std::string_view> names{
        "InvalidStateError", "InvalidAccessError", "InvalidModificationError",
        "OperationError",    "TypeError",          "NetworkError",
        "AbortError",        "RangeError",         "NotSupportedError",
        "SyntaxError",       "DataError"};
    return names.contains(error.name());
}

/// A message says on which channel it went, and as the how manieth.
std::string numbered(const std::string& label, std::size_t number, std::size_t size) {
    auto made = label + ":" + std::to_string(number) + ":";
    made.resize(std::max(size, made.size()), '.');
    return made;
}

class scene {
  public:
    explicit scene(input& from) : in_(from), net_(1, test::link_of(5ms)) {
        ends_[0].emplace(net_.a, configuration(0, from));
        ends_[1].emplace(net_.b, configuration(1, from));
        net_.world.on_datagram([this](sim::transit& datagram) { tap(datagram); });
        for (std::size_t i = 0; i < 2; ++i) {
            spawn(accept(i));
            spawn(trickle(*ends_[i], *ends_[1 - i]));
        }
    }

    void run() {
        for (int i = 0; i < 120 && !in_.empty(); ++i) operate();
        calm_ = true;
        net_.world.set_default_link(test::link_of(5ms));
        net_.world.run_for(40s);
        for (auto& each : ends_) each->close();
        require(net_.world.run_dry(60s), "nothing is left");
        require(net_.world.open_sockets() == 0, "every socket is closed");
        for (const auto& each : tasks_) {
            require(each.done(), "every operation ends");
            each.rethrow();
        }
    }

  private:
    void spawn(asio::awaitable<void> body) { tasks_.emplace_back(net_.io.get_executor(), std::move(body)); }

    asio::awaitable<void> pause(duration time) {
        timer clock(net_.a);
        co_await clock.wait(time);
    }
    asio::awaitable<void> trickle(PeerConnection& from, PeerConnection& to) {
        for (;;) {
            try {
                auto candidate = co_await from.nextIceCandidate();
                while (!to.remoteDescription() && to.signalingState() != SignalingState::closed)
                    co_await pause(20ms);
                if (candidate) co_await to.addIceCandidate(*candidate);
            } catch (const Error& error) {
                require(has_name(error), "an error has a name");
                if (error.code() == errc::aborted) co_return;
            }
        }
    }
    asio::awaitable<void> accept(std::size_t which) {
        try {
            for (;;) {
                auto channel = co_await ends_[which]->nextDataChannel();
                spawn(read(channel));
            }
        } catch (const Error& error) {
            require(has_name(error), "an error has a name");
        }
    }
    asio::awaitable<void> read(DataChannel channel) {
        const auto label = channel.label();
        const bool ordered = channel.ordered(),
                   reliable = !channel.maxRetransmits() && !channel.maxPacketLifeTime();
        std::set<std::size_t> seen;
        try {
            for (;;) {
                auto message = co_await channel.receive();
                const auto text = message.text();
                require(text.starts_with(label + ":"), "a message stays in its channel");
                const auto number =
                    static_cast<std::size_t>(std::stoul(std::string(text.substr(label.size() + 1))));
                require(text == numbered(label, number, text.size()), "a message arrives as it was sent");
                require(number < sent_[label], "only what was sent arrives");
                if (ordered && !seen.empty())
                    require(number > *seen.rbegin(), "ordered messages keep their order");
                if (ordered && reliable)
                    require(number == seen.size(), "nothing reliable is missing in between");
                require(seen.insert(number).second, "a message arrives once");
            }
        } catch (const Error& error) {
            require(has_name(error), "an error has a name");
        }
    }
    /// Each step of a negotiation may fail; the signaling may be slow, or change what it carries.
    asio::awaitable<void> negotiate(PeerConnection& from, PeerConnection& to, OfferOptions options,
                                    duration slow, std::size_t damage) {
        try {
            auto offer = co_await from.createOffer(options);
            co_await from.setLocalDescription(offer);
            co_await pause(slow);
            if (damage % 4 == 1) offer.sdp.erase(damage % offer.sdp.size(), 7);
            co_await to.setRemoteDescription(offer);
            auto answer = co_await to.createAnswer();
            co_await to.setLocalDescription(answer);
            co_await pause(slow);
            if (damage % 4 == 2) answer.sdp.erase(damage % answer.sdp.size(), 7);
            co_await from.setRemoteDescription(answer);
        } catch (const Error& error) {
            require(has_name(error), "an error has a name");
        }
        negotiating_ = false;
    }

    void tap(sim::transit& datagram) {
        if (calm_) return;
        if (kept_.size() < 24) kept_.push_back(datagram.data);
        const auto bit = 1u << (datagrams_++ % 8);
        if (lost_ & bit) datagram.copies = 0;
        if (doubled_ & bit) datagram.copies = 2;
        if (late_ & bit) datagram.extra_delay = 30ms;
        if (!(changed_ & bit) || datagram.data.empty()) return;
        auto& data = datagram.data;
        switch (change_ % 5) {
        case 0:
            data[place_ % data.size()] ^= static_cast<std::byte>(1 + change_ / 5);
            break;
        case 1:
            data.resize(place_ % data.size());
            break;
        case 2:
            data.insert(data.end(), 1u + place_ % 40, static_cast<std::byte>(change_));
            break;
        case 3:
            data = kept_[place_ % kept_.size()];
            break;
        default:
            data[0] = static_cast<std::byte>(change_ / 5 * 5 % 70);
        }
    }

    void operate() {
        const auto choice = in_.u8();
        const std::size_t which = choice & 1;
        auto& at = *ends_[which];
        fuzz::log_of("fuzz").debug("{:%T}: {} does {}", net_.world.now().time_since_epoch(), which,
                                   (choice >> 1) % 20);
        try {
            act(at, which, (choice >> 1) % 20);
        } catch (const Error& error) {
            require(has_name(error), "an error has a name");
        }
    }
    void act(PeerConnection& at, std::size_t which, unsigned what) {
        switch (what) {
        case 0:
        case 1:
            return create(at, which);
        case 2:
        case 3:
        case 4:
            return send();
        case 5:
            if (!channels_.empty()) channels_[in_.u8() % channels_.size()].close();
            return;
        case 6:
        case 7: {
            if (std::exchange(negotiating_, true)) return;
            OfferOptions options;
            options.iceRestart = in_.once_in(3);
            const auto slow = in_.below(4) * 20ms;
            return spawn(negotiate(at, *ends_[1 - which], options, slow, in_.once_in(8) ? in_.u16() : 0u));
        }
        case 8:
        case 9:
            return net_.world.run_for(in_.u8() * 1ms);
        case 10:
            return net_.world.run_for(in_.u8() * 50ms);
        case 11:
            lost_ = in_.u8();
            return;
        case 12:
            doubled_ = in_.u8();
            return;
        case 13:
            late_ = in_.u8();
            return;
        case 14:
        case 15:
            changed_ = in_.u8();
            change_ = in_.u8();
            place_ = in_.u16();
            return;
        case 16:
            return at.restartIce();
        case 17:
            if (media_++ < 4) (void)at.addTransceiver(in_.once_in(2) ? MediaKind::audio : MediaKind::video);
            return;
        case 18: {
            auto link = test::link_of(in_.below(100) * 1ms);
            link.mtu = in_.once_in(2) ? 1500 : 1000;
            link.bandwidth = in_.once_in(2) ? 0 : 200000;
            return net_.world.set_default_link(link);
        }
        default:
            if (in_.once_in(8)) at.close();
        }
    }
    void create(PeerConnection& at, std::size_t which) {
        if (channels_.size() >= 8) return;
        DataChannelInit init;
        const auto how = in_.u8();
        init.ordered = !(how & 1);
        if (how & 2) init.maxRetransmits = static_cast<std::uint16_t>(how >> 5);
        if ((how & 6) == 4) init.maxPacketLifeTime = static_cast<std::uint16_t>(10 * (how >> 5));
        const auto label = std::to_string(which) + "/" + std::to_string(labels_++);
        channels_.push_back(at.createDataChannel(label, init));
        spawn(read(channels_.back()));
    }
    void send() {
        if (channels_.empty()) return;
        auto& chosen = channels_[in_.u8() % channels_.size()];
        static constexpr std::array<std::size_t, 4> sizes{1, 500, 5000, 60000};
        const auto label = chosen.label();
        if (chosen.trySend(numbered(label, sent_[label], in_.pick(sizes)))) ++sent_[label];
    }

    input& in_;
    test::two_hosts net_;
    std::array<std::optional<PeerConnection>, 2> ends_;
    std::vector<DataChannel> channels_;
    std::map<std::string, std::size_t> sent_;
    std::vector<test::spawned> tasks_;
    std::vector<bytes> kept_;
    std::size_t labels_ = 0, media_ = 0, datagrams_ = 0;
    bool calm_ = false, negotiating_ = false;
    std::uint8_t lost_ = 0, doubled_ = 0, late_ = 0, changed_ = 0, change_ = 0;
    std::uint16_t place_ = 0;
};

} // namespace

} // namespace cortc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    (void)cortc::fuzz::certificate_of(0);
    cortc::fuzz::begin();
    cortc::fuzz::input from(data, size);
    cortc::fuzz::scene(from).run();
    return 0;
}
