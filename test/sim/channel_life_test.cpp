#include "test/support/channel_pair.hpp"
#include "test/support/two_hosts.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <map>
#include <set>

using namespace cortc;
using namespace std::chrono_literals;
using test::channel_pair;
using test::failure_of;
using test::thrown_name;

namespace {

std::string numbered(int number, std::size_t size = 8) {
    auto text = std::to_string(number) + ' ';
    text.resize(std::max(size, text.size()), '.');
    return text;
}

// ---- partial reliability

asio::awaitable<void> limited_retransmits(context a, context b, bool ordered) {
    auto executor = co_await asio::this_coro::executor;
    channel_pair pair(a, b);
    DataChannelInit lossy;
    lossy.ordered = ordered;
    lossy.maxRetransmits = 0;
    co_await pair.connect(lossy);
    CHECK(pair.in.maxRetransmits() == 0);
    CHECK_FALSE(pair.in.maxPacketLifeTime());
    CHECK(pair.in.ordered() == ordered);
    auto reliable = pair.left.createDataChannel("reliable");
    auto reliable_in = co_await pair.right.nextDataChannel();
    std::vector<std::string> some, all;
    test::spawned one(executor, test::read_all(pair.in, some)),
        other(executor, test::read_all(reliable_in, all));
    timer clock(a);
    for (int i = 0; i < 500; ++i) {
        auto text = numbered(i, 500);
        co_await pair.out.send(text);
        co_await reliable.send(text);
        co_await clock.wait(20ms); // no more than a link with losses carries
    }
    co_await clock.wait(5s);
    CHECK(all.size() == 500);
    CHECK(some.size() < 480);
    CHECK(some.size() > 350); // a tenth of the packets is lost, each with two or three messages
    CHECK(std::set<std::string>(some.begin(), some.end()).size() == some.size());
    const auto later = [](const std::string& x, const std::string& y) { return std::stoi(x) < std::stoi(y); };
    if (ordered) CHECK(std::is_sorted(some.begin(), some.end(), later));
    co_await pair.close();
}

asio::awaitable<void> limited_life(context a, context b) {
    auto executor = co_await asio::this_coro::executor;
    channel_pair pair(a, b);
    DataChannelInit brief;
    brief.maxPacketLifeTime = 300;
    co_await pair.connect(brief);
    CHECK(pair.in.maxPacketLifeTime() == 300);
    CHECK_FALSE(pair.in.maxRetransmits());
    std::vector<std::string> got;
    test::spawned reader(executor, test::read_all(pair.in, got));
    timer clock(a);
    // 400 KB, of which a link of 1 Mbit/s carries a tenth in the time they have.
    for (int i = 0; i < 400; ++i) CHECK(pair.out.trySend(numbered(i, 1000)));
    co_await clock.wait(5s);
    CHECK(got.size() > 15);
    CHECK(got.size() < 150);
    const auto before = got.size();
    CHECK(pair.out.bufferedAmount() == 0);
    CHECK(pair.out.trySend("fresh"));
    co_await clock.wait(100ms);
    REQUIRE(got.size() == before + 1);
    CHECK(got.back() == "fresh");
    co_await pair.close();
}

asio::awaitable<void> an_outage_longer_than_their_life(test::two_hosts& net) {
    auto executor = co_await asio::this_coro::executor;
    channel_pair pair(net.a, net.b);
    DataChannelInit brief;
    brief.maxPacketLifeTime = 200;
    brief.ordered = false;
    co_await pair.connect(brief);
    std::vector<std::string> got;
    test::spawned reader(executor, test::read_all(pair.in, got));
    timer clock(net.a);
    net.world.partition(net.world.host("a"), net.world.host("b"));
    for (int i = 0; i < 20; ++i) CHECK(pair.out.trySend(numbered(i)));
    co_await clock.wait(2s);
    net.world.partition(net.world.host("a"), net.world.host("b"), false);
    co_await clock.wait(1s);
    CHECK(got.empty());
    CHECK(pair.out.trySend("after"));
    co_await clock.wait(3s);
    REQUIRE(got.size() == 1);
    CHECK(got.front() == "after");
    co_await pair.close();
}

// ---- closing

enum class closer { left, right, both };

asio::awaitable<void> closing(context a, context b, closer who) {
    auto executor = co_await asio::this_coro::executor;
    channel_pair pair(a, b);
    co_await pair.connect(DataChannelInit{});
    const auto id = pair.out.id();
    auto keep = pair.left.createDataChannel("another");
    auto keep_in = co_await pair.right.nextDataChannel();
    std::vector<std::string> there, back;
    test::spawned one(executor, test::read_all(pair.in, there)),
        other(executor, test::read_all(pair.out, back));
    for (int i = 0; i < 50; ++i) {
        CHECK(pair.out.trySend(numbered(i, 3000)));
        CHECK(pair.in.trySend(numbered(i, 3000)));
    }
    if (who != closer::right) pair.out.close();
    if (who != closer::left) pair.in.close();
    CHECK((pair.out.readyState() == DataChannelState::closing) == (who != closer::right));
    co_await pair.out.closed();
    co_await pair.in.closed();
    timer clock(a);
    co_await clock.wait(1s); // for the readers
    // What the closing side had sent arrives.
    if (who == closer::left) CHECK(there.size() == 50);
    if (who == closer::right) CHECK(back.size() == 50);
    CHECK(pair.out.readyState() == DataChannelState::closed);
    CHECK(pair.in.readyState() == DataChannelState::closed);
    CHECK(co_await failure_of(pair.out.opened()) == "InvalidStateError");
    CHECK(co_await failure_of(pair.out.receive()) == "InvalidStateError");
    CHECK(thrown_name([&] { (void)pair.out.trySend("x"); }) == "InvalidStateError");
    CHECK(thrown_name([&] { (void)pair.out.tryReceive(); }) == "InvalidStateError");
    co_await pair.out.readable();
    // The id is free again, and the other channel has noticed nothing.
    auto again = pair.left.createDataChannel("again");
    auto again_in = co_await pair.right.nextDataChannel();
    CHECK(again.id() == id);
    CHECK(again_in.label() == "again");
    for (auto* each : {&keep, &again}) {
        CHECK(each->trySend("still"));
        auto message = co_await (each == &keep ? keep_in : again_in).receive();
        CHECK(message.text() == "still");
    }
    co_await pair.close();
}

asio::awaitable<void> unread_messages_outlive_the_channel(context a, context b) {
    channel_pair pair(a, b);
    co_await pair.connect(DataChannelInit{});
    timer clock(a);
    for (int i = 0; i < 5; ++i) CHECK(pair.out.trySend(numbered(i)));
    pair.out.close();
    co_await pair.in.closed();
    co_await pair.in.readable();
    for (int i = 0; i < 2; ++i) {
        auto message = co_await pair.in.receive();
        CHECK(message.text() == numbered(i));
    }
    auto third = pair.in.tryReceive();
    REQUIRE(third);
    CHECK(third->text() == numbered(2));
    // Also when the connection itself is gone.
    co_await pair.close();
    std::vector<Message> batch(10);
    const auto rest = co_await pair.in.receive(std::span<Message>(batch));
    CHECK(rest == 2);
    CHECK(co_await failure_of(pair.in.receive()) == "InvalidStateError");
}

asio::awaitable<void> the_window_of_unread_messages(context a, context b) {
    auto executor = co_await asio::this_coro::executor;
    channel_pair pair(a, b);
    co_await pair.connect(DataChannelInit{});
    auto second = pair.left.createDataChannel("second");
    auto second_in = co_await pair.right.nextDataChannel();
    timer clock(a);
    // Fill the window with what nobody reads, close, and let the last handle go.
    const std::string block(60000, 'x');
    for (int i = 0; i < 30; ++i) (void)pair.out.trySend(block);
    co_await clock.wait(1s);
    pair.in.close();
    pair.out.close();
    co_await pair.in.closed();
    co_await pair.out.closed();
    pair.in = {};
    std::vector<std::string> got;
    test::spawned reader(executor, test::read_all(second_in, got));
    for (int i = 0; i < 40; ++i) co_await second.send(block);
    co_await clock.wait(2s);
    CHECK(got.size() == 40);
    co_await pair.close();
}

// ---- negotiated channels

asio::awaitable<void> negotiated(context a, context b) {
    channel_pair pair(a, b);
    DataChannelInit agreed;
    agreed.negotiated = true;
    agreed.id = 7;
    auto left = pair.left.createDataChannel("mine", agreed);
    auto right = pair.right.createDataChannel("yours", agreed);
    CHECK(left.id() == 7);
    CHECK(left.negotiated());
    CHECK(thrown_name([&] { (void)pair.left.createDataChannel("x", agreed); }) == "OperationError");
    co_await pair.connect();
    co_await left.opened();
    co_await right.opened();
    CHECK(left.label() == "mine");
    CHECK(right.label() == "yours");
    CHECK(left.trySend("there"));
    auto there = co_await right.receive();
    CHECK(there.text() == "there");
    CHECK(right.trySend("back"));
    auto back = co_await left.receive();
    CHECK(back.text() == "back");
    // Chosen ids keep clear of it, and agreed ones of those.
    std::set<int> ids;
    for (int i = 0; i < 8; ++i) {
        auto made = pair.left.createDataChannel("chosen");
        co_await made.opened();
        ids.insert(made.id().value());
    }
    CHECK(ids.size() == 8);
    CHECK_FALSE(ids.contains(7));
    agreed.id = static_cast<std::uint16_t>(*ids.begin());
    CHECK(thrown_name([&] { (void)pair.left.createDataChannel("x", agreed); }) == "OperationError");
    agreed.id = 65535;
    CHECK(thrown_name([&] { (void)pair.left.createDataChannel("x", agreed); }) == "TypeError");
    right.close();
    co_await left.closed();
    co_await right.closed();
    // The same id again.
    agreed.id = 7;
    left = pair.left.createDataChannel("mine", agreed);
    right = pair.right.createDataChannel("yours", agreed);
    co_await left.opened();
    CHECK(left.trySend("again"));
    auto again = co_await right.receive();
    CHECK(again.text() == "again");
    co_await pair.close();
}

asio::awaitable<void> ids_and_limits_are_known_in_time(context a, context b) {
    channel_pair pair(a, b);
    auto first = pair.left.createDataChannel("first");
    auto second = pair.left.createDataChannel("second");
    CHECK_FALSE(first.id());
    CHECK_FALSE(pair.left.maxChannels());
    CHECK_FALSE(pair.left.maxMessageSize());
    co_await test::negotiate(pair.left, pair.right);
    // The DTLS role is known: the answerer is active, so the offerer's ids are odd (RFC 8832 6).
    CHECK(first.id() == 1);
    CHECK(second.id() == 3);
    CHECK(first.readyState() == DataChannelState::connecting);
    CHECK(pair.left.maxMessageSize() == 262144);
    auto theirs = pair.right.createDataChannel("theirs");
    CHECK(theirs.id() == 0);
    co_await test::pass_candidates(pair.left, pair.right);
    co_await test::pass_candidates(pair.right, pair.left);
    co_await second.opened();
    CHECK(pair.left.maxChannels() == 65535);
    co_await pair.close();
}

// ---- priority

asio::awaitable<void> keep_sending(DataChannel out, const bool& stop) {
    const std::string block(2000, 'x');
    while (!stop) co_await out.send(block);
}
asio::awaitable<void> count_bytes(DataChannel in, std::size_t& sum) {
    std::vector<Message> batch(16);
    try {
        for (;;) {
            const auto count = co_await in.receive(std::span<Message>(batch));
            for (std::size_t i = 0; i < count; ++i) sum += batch[i].size();
        }
    } catch (const Error&) {
    }
}

asio::awaitable<void> priorities(context a, context b) {
    auto executor = co_await asio::this_coro::executor;
    channel_pair pair(a, b);
    std::vector<DataChannel> out, in(4);
    std::array<std::size_t, 4> sums{};
    bool stop = false;
    for (auto priority :
         {PriorityType::very_low, PriorityType::low, PriorityType::medium, PriorityType::high}) {
        DataChannelInit init;
        init.priority = priority;
        out.push_back(pair.left.createDataChannel(std::string(to_string(priority)), init));
    }
    co_await pair.connect();
    for (auto& each : in) each = co_await pair.right.nextDataChannel();
    std::vector<test::spawned> tasks;
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(in[i].priority() == out[i].priority());
        CHECK(in[i].label() == to_string(in[i].priority()));
        tasks.emplace_back(executor, count_bytes(in[i], sums[i]));
        tasks.emplace_back(executor, keep_sending(out[i], stop));
    }
    timer clock(a);
    co_await clock.wait(3s);
    const auto before = sums;
    co_await clock.wait(20s);
    for (std::size_t i = 0; i < 4; ++i) sums[i] -= before[i];
    CAPTURE(sums[0], sums[1], sums[2], sums[3]);
    for (std::size_t i = 1; i < 4; ++i) {
        const auto ratio = static_cast<double>(sums[i]) / static_cast<double>(sums[i - 1]);
        CHECK(ratio > 1.6);
        CHECK(ratio < 2.4);
    }
    stop = true;
    co_await pair.close();
    co_await clock.wait(1s);
}

// ---- the send buffer

asio::awaitable<void> buffered_amount(context a, context b) {
    auto executor = co_await asio::this_coro::executor;
    channel_pair pair(a, b);
    co_await pair.connect(DataChannelInit{});
    std::size_t sum = 0;
    test::spawned reader(executor, count_bytes(pair.in, sum));
    CHECK(pair.out.bufferedAmount() == 0);
    co_await pair.out.bufferedAmountLow(); // at once
    CHECK(pair.out.trySend(""));
    CHECK(pair.out.bufferedAmount() == 0); // bytes of the application only
    const std::string block(10000, 'x');
    for (int i = 0; i < 40; ++i) CHECK(pair.out.trySend(block));
    CHECK(pair.out.bufferedAmount() == 400000);
    pair.out.bufferedAmountLowThreshold(100000);
    CHECK(pair.out.bufferedAmountLowThreshold() == 100000);
    timer clock(a);
    const auto start = clock.now();
    co_await pair.out.bufferedAmountLow();
    CHECK(pair.out.bufferedAmount() <= 100000);
    CHECK(pair.out.bufferedAmount() > 80000);
    CHECK(clock.now() - start > 1s); // 300 KB at 1 Mbit/s
    pair.out.bufferedAmountLowThreshold(0);
    co_await pair.out.bufferedAmountLow();
    CHECK(pair.out.bufferedAmount() == 0);
    // trySend() pushes back, writable() says when to go on.
    int sent = 0;
    while (pair.out.trySend(block)) ++sent;
    CHECK(sent >= 70); // the buffer also holds what the link still has
    co_await pair.out.writable();
    CHECK(pair.out.trySend(block));
    co_await pair.out.writable(); // at once
    while (pair.out.trySend(block)) continue;
    test::spawned waiting(executor, pair.out.writable());
    co_await clock.wait(1ms);
    CHECK_FALSE(waiting.done());
    pair.out.close();
    co_await clock.wait(1ms);
    REQUIRE(waiting.done());
    CHECK(thrown_name([&] { waiting.rethrow(); }) == "InvalidStateError");
    CHECK(co_await failure_of(pair.out.writable()) == "InvalidStateError");
    co_await pair.close();
}

struct outcome {
    bool done = false;
    std::string error;
    asio::cancellation_signal cancel;

    auto handler() {
        return asio::bind_cancellation_slot(cancel.slot(), [this](std::exception_ptr failed) {
            done = true;
            if (failed) error = thrown(failed);
        });
    }
    static std::string thrown(const std::exception_ptr& failed) {
        try {
            std::rethrow_exception(failed);
        } catch (const Error& what) {
            return what.name();
        } catch (const boost::system::system_error& what) {
            return what.code() == asio::error::operation_aborted ? "cancelled" : what.what();
        }
    }
};

asio::awaitable<void> waiting_sends(context a, context b) {
    channel_pair pair(a, b);
    co_await pair.connect(DataChannelInit{});
    timer clock(a);
    int filled = 0;
    while (pair.out.trySend(numbered(filled, 10000))) ++filled;
    co_await clock.wait(1us); // the first packets go
    std::array<outcome, 6> sends;
    std::vector<std::string> texts;
    for (int i = 0; i < 6; ++i) texts.push_back("waiting " + std::to_string(i));
    const auto before = pair.out.bufferedAmount();
    for (std::size_t i = 0; i < 6; ++i) pair.out.send(std::string_view(texts[i]), sends[i].handler());
    co_await clock.wait(1ms);
    for (auto& each : sends) CHECK_FALSE(each.done);
    CHECK(pair.out.bufferedAmount() == before + 6 * texts[0].size());
    CHECK_FALSE(pair.out.trySend("must not overtake"));
    const std::string too_large(300000, 'x');
    CHECK(thrown_name([&] { (void)pair.out.trySend(too_large); }) == "TypeError");
    CHECK(co_await failure_of(pair.out.send(too_large)) == "TypeError"); // at once, before those that wait
    // The first, one in the middle and the last are cancelled: the others keep their order.
    for (auto i : {0u, 2u, 5u}) sends[i].cancel.emit(asio::cancellation_type::terminal);
    co_await clock.wait(1ms);
    for (auto i : {0u, 2u, 5u}) CHECK(sends[i].error == "cancelled");
    CHECK(pair.out.bufferedAmount() == before + 3 * texts[0].size());
    std::vector<std::string> got;
    auto executor = co_await asio::this_coro::executor;
    test::spawned reader(executor, test::read_all(pair.in, got));
    co_await clock.wait(30s);
    for (auto i : {1u, 3u, 4u}) {
        CHECK(sends[i].done);
        CHECK(sends[i].error.empty());
    }
    REQUIRE(got.size() == static_cast<std::size_t>(filled) + 3);
    CHECK(got[got.size() - 3] == texts[1]);
    CHECK(got[got.size() - 2] == texts[3]);
    CHECK(got[got.size() - 1] == texts[4]);
    co_await pair.close();
}

asio::awaitable<void> many_cancelled_sends(context a, context b) {
    channel_pair pair(a, b);
    co_await pair.connect(DataChannelInit{});
    timer clock(a);
    while (pair.out.trySend(numbered(0, 10000))) continue;
    std::array<outcome, 2> first;
    pair.out.send(std::string_view("first"), first[0].handler());
    for (int i = 0; i < 10000; ++i) {
        outcome next;
        pair.out.send(std::string_view("cancelled"), next.handler());
        next.cancel.emit(asio::cancellation_type::total);
        if (i % 100 == 0) co_await clock.wait(1us);
        while (!next.done) co_await clock.wait(1us);
    }
    // A level that waits for these learns that they are gone.
    pair.out.bufferedAmountLowThreshold(pair.out.bufferedAmount());
    pair.out.send(std::string_view("one more"), first[1].handler());
    outcome low;
    pair.out.bufferedAmountLow(low.handler());
    co_await clock.wait(1us);
    CHECK_FALSE(low.done);
    first[1].cancel.emit(asio::cancellation_type::terminal);
    co_await clock.wait(1us);
    CHECK(low.done);
    pair.left.close();
    co_await clock.wait(1us);
    CHECK(first[0].error == "AbortError");
    co_await pair.close();
}

asio::awaitable<void> sends_that_wait_when_the_channel_closes(context a, context b, bool here) {
    channel_pair pair(a, b);
    co_await pair.connect(DataChannelInit{});
    timer clock(a);
    while (pair.out.trySend(numbered(0, 10000))) continue;
    std::array<outcome, 3> sends;
    for (auto& each : sends) pair.out.send(std::string_view("waits"), each.handler());
    co_await clock.wait(1ms);
    if (here) {
        pair.out.close();
        co_await clock.wait(1us);
    } else {
        pair.in.close();
        co_await clock.wait(2s);
    }
    for (auto& each : sends) CHECK(each.error == "InvalidStateError");
    outcome late;
    pair.out.send(std::string_view("late"), late.handler());
    co_await clock.wait(1us);
    CHECK(late.error == "InvalidStateError");
    co_await pair.close();
}

// ---- readers

asio::awaitable<void> one_reader(context a, context b) {
    auto executor = co_await asio::this_coro::executor;
    channel_pair pair(a, b);
    co_await pair.connect(DataChannelInit{});
    timer clock(a);
    std::vector<Message> batch(4), none;
    CHECK(co_await failure_of(pair.in.receive(std::span<Message>(none))) == "TypeError");
    std::size_t count = 0;
    outcome read, second;
    pair.in.receive(
        std::span<Message>(batch),
        asio::bind_cancellation_slot(read.cancel.slot(), [&](std::exception_ptr failed, std::size_t n) {
            read.done = true;
            if (failed) read.error = outcome::thrown(failed);
            count = n;
        }));
    co_await clock.wait(1us);
    CHECK(co_await failure_of(pair.in.receive()) == "InvalidStateError");
    CHECK(co_await failure_of(pair.in.receive(std::span<Message>(batch))) == "InvalidStateError");
    // Messages of one burst come in one batch, at most as many as it holds.
    for (int i = 0; i < 6; ++i) CHECK(pair.out.trySend(numbered(i)));
    co_await clock.wait(1s);
    CHECK(read.done);
    CHECK(count == 4);
    for (int i = 0; i < 4; ++i) CHECK(batch[static_cast<std::size_t>(i)].text() == numbered(i));
    const auto rest = co_await pair.in.receive(std::span<Message>(batch));
    CHECK(rest == 2);
    // A cancelled reader takes nothing with it.
    read.done = false;
    pair.in.receive(
        std::span<Message>(batch),
        asio::bind_cancellation_slot(read.cancel.slot(), [&](std::exception_ptr failed, std::size_t) {
            read.done = true;
            if (failed) read.error = outcome::thrown(failed);
        }));
    co_await clock.wait(1us);
    CHECK(pair.out.trySend("x"));
    read.cancel.emit(asio::cancellation_type::terminal);
    co_await clock.wait(1s);
    CHECK(read.error == "cancelled");
    auto message = pair.in.tryReceive();
    REQUIRE(message);
    CHECK(message->text() == "x");
    CHECK_FALSE(pair.in.tryReceive());
    // readable() is for messages that no reader takes.
    test::spawned level(executor, pair.in.readable());
    test::spawned reader(executor, [](DataChannel from) -> asio::awaitable<void> {
        auto taken = co_await from.receive();
        CHECK(taken.text() == "taken");
    }(pair.in));
    co_await clock.wait(1us);
    CHECK(pair.out.trySend("taken"));
    co_await clock.wait(1s);
    CHECK(reader.done());
    CHECK_FALSE(level.done());
    CHECK(pair.out.trySend("left"));
    co_await clock.wait(1s);
    CHECK(level.done());
    CHECK(pair.in.tryReceive().has_value());
    // tryReceive() before the batch reader's turn leaves it waiting.
    read.done = false;
    pair.in.receive(std::span<Message>(batch), [&](std::exception_ptr, std::size_t n) {
        read.done = true;
        count = n;
    });
    co_await clock.wait(1us);
    CHECK(pair.out.trySend("y"));
    std::optional<Message> quick;
    while (!quick && !read.done) {
        quick = pair.in.tryReceive();
        if (!quick) co_await clock.wait(100us);
    }
    CHECK(pair.out.trySend("z"));
    co_await clock.wait(1s);
    CHECK(read.done);
    CHECK(count == 1);
    co_await pair.close();
}

} // namespace

TEST_CASE("maxRetransmits 0 loses some messages and holds up none") {
    const bool ordered = GENERATE(false, true);
    test::two_hosts net(1, test::link_of(20ms, 0.1));
    net.run(limited_retransmits(net.a, net.b, ordered), 60s);
}

TEST_CASE("maxPacketLifeTime drops what waited too long") {
    test::two_hosts net(1, test::link_of(10ms, 0, 1000000));
    net.run(limited_life(net.a, net.b), 60s);
}

TEST_CASE("messages whose life ended in an outage do not come after it") {
    test::two_hosts net(1, test::link_of(10ms));
    net.run(an_outage_longer_than_their_life(net), 60s);
}

TEST_CASE("a channel closes from either side, and from both at once") {
    const auto who = GENERATE(closer::left, closer::right, closer::both);
    const double loss = GENERATE(0.0, 0.1);
    test::two_hosts net(3, test::link_of(10ms, loss));
    net.run(closing(net.a, net.b, who), 120s);
    CHECK(net.world.run_dry(10s));
}

TEST_CASE("what was received can be read after the channel is closed") {
    test::two_hosts net;
    net.run(unread_messages_outlive_the_channel(net.a, net.b), 30s);
}

TEST_CASE("what nobody will read any more gives its window back") {
    test::two_hosts net;
    net.run(the_window_of_unread_messages(net.a, net.b), 60s);
}

TEST_CASE("negotiated channels") {
    test::two_hosts net;
    net.run(negotiated(net.a, net.b), 30s);
}

TEST_CASE("ids are known with the DTLS role, maxChannels with the association") {
    test::two_hosts net;
    net.run(ids_and_limits_are_known_in_time(net.a, net.b), 30s);
}

TEST_CASE("channels that send all they can share a link by their priorities") {
    test::two_hosts net(1, test::link_of(20ms, 0, 10000000));
    net.run(priorities(net.a, net.b), 60s);
}

TEST_CASE("bufferedAmount, its low level, and writable()") {
    test::two_hosts net(1, test::link_of(10ms, 0, 1000000));
    net.run(buffered_amount(net.a, net.b), 120s);
}

TEST_CASE("sends that wait keep their order, cancelled or not") {
    test::two_hosts net(1, test::link_of(10ms, 0, 10000000));
    net.run(waiting_sends(net.a, net.b), 120s);
}

TEST_CASE("cancelled sends leave nothing behind") {
    test::two_hosts net(1, test::link_of(100ms, 0, 1000000));
    net.run(many_cancelled_sends(net.a, net.b), 120s);
}

TEST_CASE("sends that wait fail when the channel begins to close") {
    const bool here = GENERATE(true, false);
    test::two_hosts net(1, test::link_of(10ms, 0, 1000000));
    net.run(sends_that_wait_when_the_channel_closes(net.a, net.b, here), 120s);
}

TEST_CASE("one reader, in batches or one by one") {
    test::two_hosts net;
    net.run(one_reader(net.a, net.b), 120s);
}
