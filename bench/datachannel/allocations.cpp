// Counts what an awaited receive() allocates (bench/README.md): a program of its own, because it replaces
// malloc, and counting must not slow down what the others measure.
// Prints one line of key=value for a command.
#include "bench/support/pair.hpp"
#include "test/memory/heap.hpp"

#include <cstdio>

using namespace bench;
using namespace cortc;

namespace {

/// One message at a time, so that every receive() has to wait for it.
asio::awaitable<void> receive(context where, int count) {
    pair p(where, where);
    co_await connect(p);
    const bytes message(1000, std::byte{7});
    constexpr int warm_up = 1000;
    std::uint64_t before = 0;
    for (int i = 0; i < warm_up + count; ++i) {
        if (i == warm_up) before = test::heap::allocations();
        if (!p.a.channel.trySend(byte_view(message))) std::abort();
        (void)co_await p.b.channel.receive();
    }
    const auto made = test::heap::allocations() - before;
    std::printf("receive allocations=%.3f\n", static_cast<double>(made) / count);
    co_await disconnect(p);
}

} // namespace

int main(int argc, char** argv) {
    const int count = argc == 3 && argv[1] == std::string_view("receive") ? std::atoi(argv[2]) : 0;
    if (count < 1) {
        std::fputs("usage: datachannel_allocations receive COUNT\n", stderr);
        return 2;
    }
    asio::io_context io(1);
    asio::co_spawn(io, receive(context(io.get_executor(), loopback()), count), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
    });
    io.run();
}
