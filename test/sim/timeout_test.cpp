#include "test/support/sim_call.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <random>

using namespace cortc;
using namespace std::chrono_literals;
using namespace boost::asio::experimental::awaitable_operators;
using boost::asio::multiple_exceptions;

namespace {

/// Two connections with one open channel.
struct pair {
    PeerConnection a, b;
    DataChannel out, in;

    explicit pair(const test::two_hosts& net) : a(net.a), b(net.b) {}

    asio::awaitable<void> open() {
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        out = a.createDataChannel("numbers");
        co_await test::negotiate(a, b);
        test::spawned there(executor, test::trickle(a, b)), back(executor, test::trickle(b, a));
        in = co_await b.nextDataChannel();
        co_await out.opened();
    }
};

/// What an operation threw, by name; "cancelled" for operation_aborted; empty when nothing.
template <class T>
asio::awaitable<std::string> outcome(asio::awaitable<T> operation) {
    try {
        co_await std::move(operation);
    } catch (const Error& error) {
        co_return error.name();
    } catch (const boost::system::system_error& error) {
        co_return error.code() == asio::error::operation_aborted ? "cancelled" : error.what();
    }
    co_return std::string();
}

// g++ 12 evaluates `CHECK(co_await x)` twice: results are named first.

constexpr int count = 100'000;

asio::awaitable<void> send_numbers(context where, DataChannel out, int messages = count) {
    std::mt19937 random(1);
    timer pause(where);
    for (int i = 0; i < messages; ++i) {
        const auto text = std::to_string(i);
        co_await out.send(text);
        // Times and deadlines are multiples of 10 us, as the link's are: they often meet.
        if (random() % 2 == 0) co_await pause.wait(10us * (random() % 20));
    }
}

asio::awaitable<void> receive_numbers(DataChannel in, int& timeouts) {
    std::mt19937 random(2);
    for (int i = 0; i < count;) {
        const duration limit = 10us * (random() % 15);
        std::optional<Message> message;
        try {
            message.emplace(co_await timeout(limit, in.receive()));
        } catch (const Error& error) {
            if (error.code() != errc::timed_out) throw;
            ++timeouts;
        }
        if (!message) continue;
        if (message->text() != std::to_string(i)) FAIL("expected " << i << ", got " << message->text());
        ++i;
    }
}

asio::awaitable<void> race(test::two_hosts& net) {
    pair call(net);
    co_await call.open();
    int timeouts = 0;
    co_await (send_numbers(net.a, call.out) && receive_numbers(call.in, timeouts));
    CHECK(timeouts > 1000);
    CHECK_FALSE(call.in.tryReceive()); // none twice
}

/// The same without timeout(): `||` discards the value of the loser, also when both are there. What it loses
/// shows that messages and deadlines do meet in the test above.
asio::awaitable<void> receive_naively(context where, DataChannel in, int messages, int& received) {
    std::mt19937 random(2);
    timer clock(where);
    for (int last = -1; last < messages - 1;) {
        const duration limit = 10us * (random() % 15);
        auto first = co_await (in.receive() || clock.wait(limit));
        if (first.index() != 0) {
            if (in.readyState() == DataChannelState::closed) co_return;
            continue;
        }
        last = std::stoi(std::string(std::get<0>(first).text()));
        ++received;
    }
}

asio::awaitable<void> naive_race(test::two_hosts& net) {
    constexpr int messages = count / 5;
    pair call(net);
    co_await call.open();
    int received = 0;
    auto sent = [](test::two_hosts& where, DataChannel out) -> asio::awaitable<void> {
        co_await send_numbers(where.a, out, messages);
        co_await out.bufferedAmountLow();
        out.close(); // the last one may be lost, too
    };
    co_await (sent(net, call.out) && receive_naively(net.b, call.in, messages, received));
    test::figure("{} of {} messages lost", messages - received, messages);
    CHECK(received > messages / 2);
    CHECK(received < messages);
}

/// A call up to the first message, in one coroutine.
struct timed_call {
    PeerConnection a, b;
    DataChannel out, in;

    explicit timed_call(const test::two_hosts& net) : a(net.a), b(net.b) {}

    static asio::awaitable<void> pass(PeerConnection& from, PeerConnection& to) {
        for (;;) {
            auto candidate = co_await from.nextIceCandidate();
            if (!candidate) co_return;
            co_await to.addIceCandidate(*candidate);
        }
    }
    asio::awaitable<void> talk() {
        co_await out.opened();
        co_await out.send("hello");
        in = co_await b.nextDataChannel();
        auto message = co_await in.receive();
        CHECK(message.text() == "hello");
    }
    asio::awaitable<void> run() {
        out = a.createDataChannel("x");
        co_await test::negotiate(a, b);
        co_await (pass(a, b) && pass(b, a) && talk());
    }
};

/// The whole call has this much time, and is closed.
asio::awaitable<void> limited(test::two_hosts& net, timed_call& call, duration limit, bool& in_time) {
    const auto before = net.world.now();
    const std::string ended = co_await outcome(timeout(net.a, limit, call.run()));
    in_time = ended.empty();
    if (!in_time) {
        CHECK(ended == "TimeoutError");
        CHECK(net.world.now() == before + limit);
    }
    call.a.close();
    call.b.close();
    co_await call.a.closed();
    co_await call.b.closed();
    CHECK(net.world.now() <= before + limit);
}

void limit_a_call(bool with_worker) {
    sim::link_options link;
    link.delay = 20ms;
    bool in_time = false;
    duration limit{};
    for (; !in_time; limit += 1ms) {
        INFO(limit.count() / 1'000'000 << " ms");
        test::two_hosts net(1, link);
        if (with_worker) { // workers run on the same thread, later
            context_options options;
            options.worker = net.io.get_executor();
            net.a = context(net.io.get_executor(), net.world.host("a"), options);
            net.b = context(net.io.get_executor(), net.world.host("b"), options);
        }
        timed_call call(net);
        net.run(limited(net, call, limit, in_time), limit);
        REQUIRE(net.world.run_dry()); // at once, and both connections are still there
        REQUIRE(net.world.open_sockets() == 0);
        REQUIRE(limit < 1s);
    }
    test::figure("the call took {} ms", test::milliseconds(limit - 1ms));
    CHECK(limit > 200ms);
}

asio::awaitable<void> errors_at_once(test::two_hosts& net) {
    PeerConnection pc(net.a);
    const auto before = net.world.now();
    std::string ended;
    ended = co_await outcome(timeout(1h, pc.createAnswer()));
    CHECK(ended == "InvalidStateError");
    CHECK(net.world.now() == before);
    auto channel = pc.createDataChannel("x");
    pc.close();
    ended = co_await outcome(timeout(1h, channel.receive()));
    CHECK(ended == "AbortError");
    CHECK(net.world.now() == before);
    // Foreign exceptions pass, too.
    auto throws = []() -> asio::awaitable<int> {
        throw std::runtime_error("own");
        co_return 1;
    };
    std::string what;
    try {
        co_await timeout(1h, throws());
    } catch (const std::runtime_error& error) {
        what = error.what();
    }
    CHECK(what == "own");
}

asio::awaitable<void> deadlines(test::two_hosts& net) {
    PeerConnection pc(net.a);
    const auto before = net.world.now();
    std::string ended;
    ended = co_await outcome(timeout(5s, pc.connected()));
    CHECK(ended == "TimeoutError");
    CHECK(net.world.now() == before + 5s);
    ended = co_await outcome(timeout(net.b, 1s, pc.nextDataChannel()));
    CHECK(ended == "TimeoutError");
    CHECK(net.world.now() == before + 6s);
    // The operation has ended: its stream is free again.
    ended = co_await outcome(timeout(1ms, pc.nextDataChannel()));
    CHECK(ended == "TimeoutError");
    ended = co_await outcome(timeout(-1s, pc.nextDataChannel()));
    CHECK(ended == "TimeoutError");
    // What need not wait wins against any deadline.
    auto offer = co_await timeout(0s, pc.createOffer());
    CHECK(offer.sdp.starts_with("v=0"));
    pc.close();
    co_await timeout(0s, pc.closed());
}

/// Takes `time` to end after it was cancelled, and has a value even then.
asio::awaitable<int> stubborn(context where, duration time) {
    co_await asio::this_coro::throw_if_cancelled(false);
    timer clock(where);
    try {
        co_await clock.wait(1h);
    } catch (const boost::system::system_error&) {
    }
    co_await asio::this_coro::reset_cancellation_state();
    co_await clock.wait(time);
    co_return 7;
}

asio::awaitable<void> late_values(test::two_hosts& net) {
    const auto before = net.world.now();
    const auto value = co_await timeout(1s, stubborn(net.a, 2s));
    CHECK(value == 7);
    CHECK(net.world.now() == before + 3s);
}

asio::awaitable<void> cancelled_from_outside(test::two_hosts& net) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    PeerConnection pc(net.a);
    asio::cancellation_signal signal;
    std::string ended = "not yet";
    asio::co_spawn(executor, outcome(timeout(1h, pc.nextDataChannel())),
                   asio::bind_cancellation_slot(signal.slot(),
                                                [&](std::exception_ptr, std::string how) { ended = how; }));
    timer clock(net.a);
    co_await clock.wait(1s);
    CHECK(ended == "not yet");
    signal.emit(asio::cancellation_type::terminal);
    co_await clock.wait(0s);
    CHECK(ended == "cancelled");
    pc.close();
    ended = co_await outcome(timeout(1h, pc.nextDataChannel()));
    CHECK(ended == "AbortError");
}

asio::awaitable<void> operators(test::two_hosts& net) {
    pair call(net);
    co_await call.open();
    timer clock(net.a);
    // The loser is cancelled and has taken nothing.
    auto first = co_await (call.in.readable() || clock.wait(1s));
    CHECK(first.index() == 1);
    co_await call.out.send("one");
    auto second = co_await (call.in.readable() || clock.wait(1s));
    CHECK(second.index() == 0);
    auto message = call.in.tryReceive();
    REQUIRE(message);
    CHECK(message->text() == "one");
    auto both = co_await (call.out.send("two") && call.in.receive());
    CHECK(both.text() == "two");
    // An error of one operand of && cancels the other, which leaves its stream free.
    bool failed = false;
    try {
        co_await (call.a.createAnswer() && call.in.receive());
    } catch (const multiple_exceptions&) { // the error, and the cancellation
        failed = true;
    }
    CHECK(failed);
    co_await call.out.send("three");
    message.emplace(co_await call.in.receive());
    CHECK(message->text() == "three");
}

/// Every stream has a level and a try.
asio::awaitable<void> levels_and_tries(test::two_hosts& net) {
    PeerConnection a(net.a), b(net.b);
    CHECK_FALSE(a.tryNegotiationNeeded());
    CHECK_FALSE(a.tryNextIceCandidate());
    CHECK_FALSE(b.tryNextDataChannel());
    auto out = a.createDataChannel("x");
    co_await a.negotiationNeededReadable();
    co_await a.negotiationNeededReadable(); // a level
    CHECK(a.tryNegotiationNeeded());
    CHECK_FALSE(a.tryNegotiationNeeded());
    co_await test::negotiate(a, b);
    auto pass = [](PeerConnection& from, PeerConnection& to) -> asio::awaitable<void> {
        for (;;) {
            co_await from.iceCandidateReadable();
            while (auto candidate = from.tryNextIceCandidate()) {
                if (!*candidate) co_return;
                co_await to.addIceCandidate(**candidate);
            }
        }
    };
    co_await (pass(a, b) && pass(b, a));
    co_await b.dataChannelReadable();
    auto in = b.tryNextDataChannel();
    REQUIRE(in);
    co_await out.opened();
    CHECK_FALSE(in->tryReceive());
    CHECK(out.trySend("hello"));
    co_await in->readable();
    auto message = in->tryReceive();
    REQUIRE(message);
    CHECK(message->text() == "hello");
    // At the end a level holds, and a try throws what the read would: a loop of the two ends.
    out.close();
    co_await in->closed();
    co_await in->readable();
    CHECK(test::thrown_name([&] { (void)in->tryReceive(); }) == "InvalidStateError");
    b.close();
    co_await b.dataChannelReadable();
    co_await b.iceCandidateReadable();
    co_await b.negotiationNeededReadable();
    CHECK(test::thrown_name([&] { (void)b.tryNextDataChannel(); }) == "AbortError");
    CHECK(test::thrown_name([&] { (void)b.tryNextIceCandidate(); }) == "AbortError");
    CHECK(test::thrown_name([&] { (void)b.tryNegotiationNeeded(); }) == "AbortError");
}

asio::awaitable<void> one_reader_even_if_messages_wait(test::two_hosts& net) {
    pair call(net);
    co_await call.open();
    std::vector<Message> batch(4);
    std::size_t taken = 0;
    call.in.receive(std::span<Message>(batch), [&](std::exception_ptr, std::size_t n) { taken = n; });
    co_await call.out.send("x");
    const std::string ended = co_await outcome(call.in.receive());
    CHECK(ended == "InvalidStateError");
    timer clock(net.a);
    co_await clock.wait(1s);
    CHECK(taken == 1);
}

void run(asio::awaitable<void> (*body)(test::two_hosts&), duration limit) {
    sim::link_options link;
    link.delay = 100us;
    test::two_hosts net(1, link);
    net.run(body(net), limit);
    CHECK(net.world.run_dry());
}

} // namespace

TEST_CASE("a hundred thousand messages against deadlines: none lost, none twice") { run(race, 1h); }
TEST_CASE("twenty thousand of the same messages under || with the same deadlines: some are lost") {
    run(naive_race, 1h);
}
TEST_CASE("timeout: a whole call in no matter how little time, and nothing is left") { limit_a_call(false); }
TEST_CASE("timeout: a whole call with handshakes on a worker, and nothing is left") { limit_a_call(true); }
TEST_CASE("timeout: an error surfaces at once") { run(errors_at_once, 1s); }
TEST_CASE("timeout: the deadline is on the context's clock, and the operation has ended") {
    run(deadlines, 10s);
}
TEST_CASE("timeout: an operation that ends with a value after the deadline has won") {
    run(late_values, 10s);
}
TEST_CASE("timeout: cancelling it cancels the operation") { run(cancelled_from_outside, 10s); }
TEST_CASE("operations under || and &&") { run(operators, 10s); }
TEST_CASE("every stream has a level and a try") { run(levels_and_tries, 10s); }
TEST_CASE("a batch reader is the one reader") { run(one_reader_even_if_messages_wait, 10s); }

TEST_CASE("timeout: how long consent lasts is chosen, within RFC 7675's bounds") {
    for (const auto& [chosen, least, most] :
         {std::tuple(12s, 11s, 14s), std::tuple(1s, 9s, 12s), std::tuple(300s, 29s, 32s)}) {
        context_options options;
        options.limits.consent_expiry = chosen;
        test::sim_call call(1, test::link_of(5ms), options);
        auto channel = call.offerer->createDataChannel("x");
        auto begin = [&]() -> asio::awaitable<void> {
            co_await call.set_up();
            co_await channel.opened();
        };
        call.run(begin(), 10s);
        call.partition();
        const auto begun = call.world.now();
        REQUIRE(call.run_until_state(*call.offerer, PeerConnectionState::failed, 60s));
        CHECK(call.world.now() - begun <= most);
        CHECK(call.world.now() - begun >= least - 7s); // since the last answer before
        call.finish();
    }
}
