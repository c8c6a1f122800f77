#include "test/memory/heap.hpp"
#include "test/support/loopback.hpp"

#include <cstdio>

using namespace cortc;

namespace {

bool counted() {
    if (!test::heap::counts_calls())
        WARN("NOT COUNTED: the sanitizer's allocator is in use; run this test in a build without one");
    return test::heap::counts_calls();
}

/// Two connections with a channel between them.
struct call {
    explicit call(context where) : offerer(where), answerer(where) {}
    asio::awaitable<void> connect() {
        out = offerer.createDataChannel("flow");
        co_await test::negotiate(offerer, answerer);
        co_await pass_candidates(offerer, answerer);
        co_await pass_candidates(answerer, offerer);
        in = co_await answerer.nextDataChannel();
        co_await out.opened();
    }
    asio::awaitable<void> close() {
        offerer.close();
        answerer.close();
        co_await offerer.closed();
        co_await answerer.closed();
    }
    static asio::awaitable<void> pass_candidates(PeerConnection& from, PeerConnection& to) {
        while (auto candidate = co_await from.nextIceCandidate()) co_await to.addIceCandidate(*candidate);
    }

    PeerConnection offerer, answerer;
    DataChannel out, in;
};

constexpr std::size_t warm_up = 1000, counted_messages = 10000;

asio::awaitable<void> feed(DataChannel out, std::size_t size, const bool& enough) {
    const bytes message(size, std::byte{7});
    while (!enough)
        if (!out.trySend(byte_view(message))) co_await out.writable();
}

asio::awaitable<void> transfer(context where, std::size_t size, std::uint64_t& calls) {
    call pair(where);
    co_await pair.connect();
    bool enough = false;
    test::spawned sender(where.get_executor(), feed(pair.out, size, enough));
    std::vector<Message> batch(64);
    std::size_t received = 0;
    std::uint64_t before = 0;
    bool counting = false;
    while (received < warm_up + counted_messages) {
        received += co_await pair.in.receive(std::span<Message>(batch));
        if (received >= warm_up && !std::exchange(counting, true)) before = test::heap::calls();
    }
    calls = test::heap::calls() - before;
    enough = true;
    while (!sender.done()) (void)co_await pair.in.receive(std::span<Message>(batch));
    sender.rethrow();
    co_await pair.close();
}

asio::awaitable<void> one_by_one(context where, std::size_t size, double& calls) {
    call pair(where);
    co_await pair.connect();
    const bytes message(size, std::byte{7});
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < warm_up + counted_messages; ++i) {
        if (i == warm_up) before = test::heap::calls();
        CHECK(pair.out.trySend(byte_view(message)));
        auto received = co_await pair.in.receive();
        CHECK(received.size() == size);
    }
    calls = static_cast<double>(test::heap::calls() - before) / counted_messages;
    co_await pair.close();
}

/// Asio keeps blocks for the next operation only inside of one run(), so not run_for().
void run_dry(asio::io_context& io, asio::awaitable<void> body) {
    test::spawned task(io.get_executor(), std::move(body));
    io.run();
    REQUIRE(task.done());
    task.rethrow();
}

} // namespace

TEST_CASE("a transfer allocates nothing") {
    const std::size_t size = GENERATE(100u, 300u, 1000u, 1200u, 4000u, 16384u);
    if (!counted()) return;
    asio::io_context io;
    std::uint64_t calls = 0;
    run_dry(io, transfer(context(io.get_executor(), test::loopback_options()), size, calls));
    std::printf("messages of %zu bytes, 1000 to 11000: %llu heap calls\n", size,
                static_cast<unsigned long long>(calls));
    CHECK(calls == 0);
}

TEST_CASE("an awaited receive costs a few allocations") {
    if (!counted()) return;
    asio::io_context io;
    double calls = 0;
    run_dry(io, one_by_one(context(io.get_executor(), test::loopback_options()), 1000, calls));
    // The message goes to the application for good: it is allocated and freed.
    std::printf("heap calls for each trySend() and co_await receive(): %.2f\n", calls);
    CHECK(calls <= 2.5);
}
