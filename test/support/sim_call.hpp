#pragma once

#include "test/support/two_hosts.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Parts that whole-connection tests in virtual time are made of.
namespace cortc::test {

/// What a message of this size and number holds; every number gives another one.
inline bytes pattern(std::size_t size, std::uint64_t number) {
    bytes made(size);
    auto state = number * 0x9e3779b97f4a7c15 + 1;
    for (auto& each : made) {
        state = state * 6364136223846793005 + 1442695040888963407;
        each = static_cast<std::byte>(state >> 56);
    }
    return made;
}

/// A datagram of DTLS application data: SCTP, once the connection is up (RFC 6347 4.1).
inline bool is_application_data(byte_view datagram) {
    return !datagram.empty() && datagram[0] == std::byte{23};
}
inline bool is_dtls(byte_view datagram) {
    return !datagram.empty() && datagram[0] >= std::byte{20} && datagram[0] <= std::byte{63};
}

/// Figures are printed when CORTC_FIGURES is set.
template <class... Args>
void figure(fmt::format_string<Args...> text, Args&&... args) {
    static const bool wanted = std::getenv("CORTC_FIGURES") != nullptr;
    if (wanted) std::puts(fmt::format(text, std::forward<Args>(args)...).c_str());
}
inline double milliseconds(duration time) { return std::chrono::duration<double, std::milli>(time).count(); }
inline double seconds(duration time) { return std::chrono::duration<double>(time).count(); }

/// Two connections on two hosts, and the signaling between them.
struct sim_call : two_hosts {
    std::optional<PeerConnection> offerer, answerer;
    duration signaling_delay{}; ///< of a description or candidate, one way
    bool rolls_back = false;    ///< candidates of offers that are gone are to be expected, and ignored
    std::vector<spawned> trickling;

    template <class... Args>
    explicit sim_call(Args&&... args) : two_hosts(std::forward<Args>(args)...) {
        offerer.emplace(a);
        answerer.emplace(b);
    }
    void links(const sim::link_options& there, const sim::link_options& back) {
        world.set_link(world.host("a"), world.host("b"), there);
        world.set_link(world.host("b"), world.host("a"), back);
    }
    void partition(bool cut = true) { world.partition(world.host("a"), world.host("b"), cut); }

    asio::awaitable<void> pause(duration time) {
        timer clock(a);
        co_await clock.wait(time);
    }
    test::spawned spawn(asio::awaitable<void> body) { return {io.get_executor(), std::move(body)}; }
    bool run_until_state(const PeerConnection& which, PeerConnectionState state, duration limit) {
        return world.run_until([&] { return which.connectionState() == state; }, limit);
    }
    asio::awaitable<void> signal() {
        if (signaling_delay > duration::zero()) co_await pause(signaling_delay);
    }
    /// Offer and answer, `from` is the offerer. Candidates follow by trickle(), not here.
    asio::awaitable<void> negotiate(PeerConnection& from, PeerConnection& to, OfferOptions options = {}) {
        auto offer = co_await from.createOffer(options);
        co_await from.setLocalDescription(offer);
        co_await signal();
        co_await to.setRemoteDescription(offer);
        auto answer = co_await to.createAnswer();
        co_await to.setLocalDescription(answer);
        co_await signal();
        co_await from.setRemoteDescription(answer);
    }
    asio::awaitable<void> trickle(PeerConnection& from, PeerConnection& to) {
        for (;;) {
            try {
                auto candidate = co_await from.nextIceCandidate();
                co_await signal();
                if (candidate) co_await to.addIceCandidate(*candidate);
            } catch (const boost::system::system_error& error) {
                if (error.code() == errc::aborted || error.code() == errc::invalid_state) co_return;
                if (!rolls_back || error.code() != errc::operation) throw;
            }
        }
    }
    /// The first negotiation, with the candidates of both.
    asio::awaitable<void> set_up() {
        co_await negotiate(*offerer, *answerer);
        trickling.emplace_back(io.get_executor(), trickle(*offerer, *answerer));
        trickling.emplace_back(io.get_executor(), trickle(*answerer, *offerer));
    }
    /// Closes both; nothing may remain.
    void finish() {
        offerer->close();
        answerer->close();
        CHECK(world.run_dry(signaling_delay + std::chrono::seconds(1)));
        for (const auto& each : trickling) {
            CHECK(each.done());
            if (each.done()) each.rethrow();
        }
        CHECK(world.open_sockets() == 0);
    }
};

inline DataChannelInit channel_init(bool ordered, std::optional<std::uint16_t> retransmits = {},
                                    std::optional<std::uint16_t> negotiated = {}) {
    DataChannelInit init;
    init.ordered = ordered;
    init.maxRetransmits = retransmits;
    init.negotiated = negotiated.has_value();
    init.id = negotiated;
    return init;
}

} // namespace cortc::test
