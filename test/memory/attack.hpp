#pragma once

#include "test/memory/association_peer.hpp"
#include "test/memory/heap.hpp"
#include "test/support/two_hosts.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace cortc::test {

using namespace std::chrono_literals;

constexpr std::size_t kilobyte = 1024, megabyte = kilobyte * kilobyte;

using cpu_time = std::chrono::nanoseconds;
/// What this thread has computed so far: a busy machine makes it wait, not compute.
inline cpu_time cpu_now() {
    std::timespec at{};
    REQUIRE(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at) == 0);
    return std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec);
}
/// What one packet of an attacker may cost: far above what any needs, far below what work in the square of
/// something that a peer can make grow would take.
constexpr cpu_time patience = 200us;
/// Less than this is not compared.
constexpr cpu_time negligible = 2ms;

/// A connection with one channel of its own, and a peer that says anything to it.
struct attack {
    explicit attack(context_options options = {})
        : net(1, fast(), options), peer(net.io, net.world.host("b")) {
        victim.emplace(net.a);
        net.run(connect(), 10s);
        settle();
        begin();
    }
    static sim::link_options fast() {
        sim::link_options link;
        link.delay = 1ms;
        link.queue_limit = 64 << 20;
        return link;
    }
    asio::awaitable<void> connect() {
        own = victim->createDataChannel("own");
        auto offer = co_await victim->createOffer();
        co_await victim->setLocalDescription(offer);
        co_await victim->gatheringComplete();
        auto answer = SessionDescription(SdpType::answer, peer.answer(victim->localDescription()->sdp));
        co_await victim->setRemoteDescription(answer);
        co_await victim->connected();
        co_await own.opened();
    }
    void settle(duration time = 2s) { net.world.run_for(time); }
    /// Lets what was sent arrive before more is: what is under way costs the simulation memory.
    void pace() {
        if (peer.packets_sent < paced + 10) return;
        paced = peer.packets_sent;
        settle(1ms);
    }
    /// From here on the heap is watched, and packets are counted.
    void begin() {
        live_before = heap::live();
        heap::reset_peak();
        received_before = peer.packets_received;
        sent_before = peer.packets_sent;
    }
    [[nodiscard]] static std::size_t above(std::size_t bytes, std::size_t before) {
        return bytes > before ? bytes - before : 0;
    }
    [[nodiscard]] std::size_t grown() const { return above(heap::live(), live_before); }
    [[nodiscard]] std::uint64_t answers() const { return peer.packets_received - received_before; }
    /// Calls `round` with 0 .. `rounds` - 1, in two halves, and checks that the second, with all that the
    /// first has left behind, costs the processor no more than three times as much, and no packet too much.
    /// What a packet costs; it holds the attacker's own work and the simulation's.
    template <class Round>
    cpu_time flood(std::uint32_t rounds, Round&& round) {
        const auto first = half(0, rounds / 2, round), second = half(rounds / 2, rounds, round);
        std::printf("%s: %.1f ms of the processor, then %.1f; %.1f us a packet, %.1f\n",
                    Catch::getResultCapture().getCurrentTestName().c_str(), first.total.count() / 1e6,
                    second.total.count() / 1e6, first.each().count() / 1e3, second.each().count() / 1e3);
        CHECK(second.total <= 3 * std::max(first.total, negligible));
        if (heap::counts_calls()) { // a sanitizer makes everything slower
            CHECK(first.each() < patience);
            CHECK(second.each() < patience);
        }
        return second.each();
    }
    /// What the peer did cost the connection no more memory than `most` (the attacker's own included), its
    /// context meanwhile a stock of buffers beside it, and no more packets than the peer itself has sent.
    void check_bounds(std::size_t most) {
        const auto sent = peer.packets_sent - sent_before, answered = answers();
        const auto peak = above(heap::peak(), live_before);
        settle(30s); // the stock goes when it is not used
        std::printf("%s: %llu packets, %llu answers; heap grown by %zu KiB, %zu at the peak\n",
                    Catch::getResultCapture().getCurrentTestName().c_str(),
                    static_cast<unsigned long long>(sent), static_cast<unsigned long long>(answered),
                    grown() / 1024, peak / 1024);
        CHECK(grown() < most);
        CHECK(peak < most + (12 << 20)); // what a buffer_pool keeps, with its lists
        CHECK(answered <= sent + 100);
    }
    /// The connection still does its work.
    void still_alive() {
        CHECK(victim->connectionState() == PeerConnectionState::connected);
        CHECK(own.readyState() == DataChannelState::open);
        peer.messages.clear();
        REQUIRE(own.trySend("alive"));
        settle();
        REQUIRE_FALSE(peer.messages.empty());
        CHECK(as_text(peer.messages.back().data.view()) == "alive");
    }
    std::vector<DataChannel> incoming() {
        std::vector<DataChannel> found;
        while (auto next = victim->tryNextDataChannel()) found.push_back(std::move(*next));
        return found;
    }

    two_hosts net;
    association_peer peer;
    std::optional<PeerConnection> victim;
    DataChannel own;
    std::uint64_t received_before = 0, sent_before = 0, paced = 0;
    std::size_t live_before = 0;

  private:
    struct cost {
        cpu_time total{};
        std::uint64_t packets = 0; ///< of both ends
        [[nodiscard]] cpu_time each() const { return total / std::max<std::uint64_t>(packets, 1); }
    };
    template <class Round>
    cost half(std::uint32_t from, std::uint32_t to, Round& round) {
        const auto packets = peer.packets_sent + peer.packets_received;
        const auto begin = cpu_now();
        for (; from < to; ++from) round(from);
        peer.send_packet();
        settle(10ms);
        return {cpu_now() - begin, peer.packets_sent + peer.packets_received - packets};
    }
};

} // namespace cortc::test
