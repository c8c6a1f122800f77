#include "test/memory/heap.hpp"
#include "test/support/channel_pair.hpp"
#include "test/support/two_hosts.hpp"

#include <cstdio>

using namespace cortc;
using namespace std::chrono_literals;
namespace heap = test::heap;

namespace {

asio::awaitable<void> idle_channels(context a, context b, std::size_t count) {
    test::channel_pair pair(a, b);
    co_await pair.connect(DataChannelInit{});
    timer clock(a);
    auto crowd = [&](std::vector<DataChannel>& out, std::vector<DataChannel>& in) -> asio::awaitable<void> {
        for (std::size_t i = 0; i < count; ++i) out.push_back(pair.left.createDataChannel("channel"));
        for (std::size_t i = 0; i < count; ++i) in.push_back(co_await pair.right.nextDataChannel());
        for (auto& each : out) {
            co_await each.send("hello");
        }
        for (auto& each : in) (void)co_await each.receive();
    };
    std::vector<DataChannel> out, in;
    out.reserve(count);
    in.reserve(count);
    co_await clock.wait(200s); // what the set-up needed is given back
    const auto before = heap::live();
    co_await crowd(out, in);
    const auto fresh = heap::live() - before;
    co_await clock.wait(200s);
    const auto idle = heap::live() - before;
    // Each channel has two ends here.
    std::printf("an idle channel: %zu bytes an end; before idle queues are given back %zu\n",
                idle / 2 / count, fresh / 2 / count);
    CHECK(idle / 2 / count < 1200);
    for (auto& each : out) each.close();
    for (auto& each : in) co_await each.closed();
    for (auto& each : out) co_await each.closed();
    out.clear();
    in.clear();
    out.shrink_to_fit();
    in.shrink_to_fit();
    co_await clock.wait(200s);
    const auto left = heap::live() > before ? heap::live() - before : 0;
    // While one channel is left the table keeps its slots, for the next ones.
    std::printf("when they are closed %zu bytes of each are left\n", left / 2 / count);
    CHECK(left / 2 / count < 500);
    co_await pair.close();
}

} // namespace

TEST_CASE("an idle channel costs little, a closed one less") {
    test::two_hosts net;
    net.run(idle_channels(net.a, net.b, 2000), 3600s);
}
