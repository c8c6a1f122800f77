#include "samples/perfect_negotiation.hpp"
#include "test/support/sim_call.hpp"

#include <boost/asio/experimental/channel.hpp>

#include <limits>

// webrtc-pc 10.7 between two connections, with as much glare as can be had.

using namespace cortc;
using namespace std::chrono_literals;

namespace {

/// One direction of the signaling: messages keep their order, and each is late by a random time.
class mailbox {
  public:
    mailbox(const context& where, std::uint64_t seed, duration most)
        : where_(where)
        , random_(seed)
        , most_(most)
        , arrived_(where.get_executor(), std::numeric_limits<std::size_t>::max()) {}

    static void send(std::shared_ptr<mailbox> self, signaling::message what) {
        if (auto* description = std::get_if<SessionDescription>(&what))
            ++(description->type == SdpType::offer ? self->offers : self->answers);
        const auto now = self->where_.network().now();
        const auto late = duration(self->random_.next() % static_cast<std::uint64_t>(self->most_.count()));
        self->due_ = std::max(self->due_ + 1us, now + late);
        ++self->under_way;
        asio::co_spawn(self->where_.get_executor(), deliver(self, self->due_ - now, std::move(what)),
                       asio::detached);
    }
    auto receive() { return arrived_.async_receive(asio::use_awaitable); }
    void close() { arrived_.close(); }

    int offers = 0, answers = 0, under_way = 0;

  private:
    static asio::awaitable<void> deliver(std::shared_ptr<mailbox> self, duration late,
                                         signaling::message what) {
        timer clock(self->where_);
        co_await clock.wait(late);
        --self->under_way;
        self->arrived_.try_send(boost::system::error_code(), std::move(what));
    }

    context where_;
    sim::seeded_random random_;
    duration most_;
    time_point due_{};
    asio::experimental::channel<void(boost::system::error_code, signaling::message)> arrived_;
};

class wire {
  public:
    wire(std::shared_ptr<mailbox> out, std::shared_ptr<mailbox> in)
        : out_(std::move(out)), in_(std::move(in)) {}
    asio::awaitable<void> send(signaling::message what) {
        mailbox::send(out_, std::move(what));
        co_return;
    }
    auto receive() { return in_->receive(); }

  private:
    std::shared_ptr<mailbox> out_, in_;
};

using peer = perfect_negotiation<wire>;

std::string line_of(const std::optional<SessionDescription>& description, std::string_view prefix) {
    const auto& sdp = description.value().sdp;
    const auto begin = sdp.find(prefix);
    return sdp.substr(begin, sdp.find("\r\n", begin) - begin);
}

struct negotiating : test::two_hosts {
    sim::seeded_random random;
    std::shared_ptr<mailbox> there, back;
    std::shared_ptr<peer> left, right;
    std::vector<std::string> errors;
    std::vector<test::spawned> running;

    explicit negotiating(std::uint64_t seed, duration late)
        : two_hosts(seed, test::link_of(5ms))
        , random(seed)
        , there(std::make_shared<mailbox>(a, seed + 1, late))
        , back(std::make_shared<mailbox>(b, seed + 2, late))
        , left(std::make_shared<peer>(a, wire(there, back), seed % 2 == 0))
        , right(std::make_shared<peer>(b, wire(back, there), seed % 2 == 1)) {
        for (auto& each : {left, right}) {
            each->on_error = [this](const std::exception& error) { errors.emplace_back(error.what()); };
            running.emplace_back(io.get_executor(), each->run());
        }
    }
    [[nodiscard]] bool settled() const {
        return there->under_way == 0 && back->under_way == 0 && quiet(left->pc) && quiet(right->pc);
    }
    static bool quiet(const PeerConnection& pc) { return pc.signalingState() == SignalingState::stable; }

    /// Both ends are stable, nothing is on its way, and they agree on what was negotiated.
    void converge() {
        world.run_for(1ms); // what was asked for begins
        REQUIRE(world.run_until([&] { return settled(); }, 10s));
        world.run_for(50ms); // nothing comes after that
        REQUIRE(settled());
        for (std::string_view line : {"o=", "a=ice-ufrag:"}) {
            CHECK(line_of(left->pc.currentLocalDescription(), line) ==
                  line_of(right->pc.currentRemoteDescription(), line));
            CHECK(line_of(right->pc.currentLocalDescription(), line) ==
                  line_of(left->pc.currentRemoteDescription(), line));
        }
    }
    [[nodiscard]] int glares() const { return there->offers + back->offers - there->answers - back->answers; }
    void finish() {
        left->pc.close();
        right->pc.close();
        there->close();
        back->close();
        CHECK(world.run_dry(1s));
        for (const auto& each : running) {
            REQUIRE(each.done());
            each.rethrow();
        }
    }
};

} // namespace

TEST_CASE("perfect negotiation: both ends begin at once, and restart at once, thousands of times") {
    int glares = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        CAPTURE(seed);
        negotiating run(seed, seed % 4 == 0 ? 1ms : 40ms);
        auto out = run.left->pc.createDataChannel("out", test::channel_init(true, {}, 1));
        auto in = run.right->pc.createDataChannel("in", test::channel_init(true, {}, 1));
        run.converge();
        REQUIRE(run.world.run_until([&] { return in.readyState() == DataChannelState::open; }, 5s));
        for (int round = 0; round < 150; ++round) {
            CAPTURE(round);
            const auto before = line_of(run.left->pc.currentLocalDescription(), "a=ice-ufrag:");
            run.left->pc.restartIce();
            if (round % 3 == 0) run.world.run_for(std::chrono::microseconds(run.random.next() % 40'000));
            if (round % 7 != 0) run.right->pc.restartIce();
            run.converge();
            CHECK(line_of(run.left->pc.currentLocalDescription(), "a=ice-ufrag:") != before);
        }
        auto talk = [&]() -> asio::awaitable<void> {
            co_await timeout(10s, run.left->pc.restarted());
            co_await timeout(10s, run.right->pc.restarted());
            co_await out.send("over the last path");
            auto message = co_await in.receive();
            CHECK(message.text() == "over the last path");
        };
        run.run(talk(), 30s);
        glares += run.glares();
        CHECK(run.errors == std::vector<std::string>());
        run.finish();
    }
    test::figure("{} collisions", glares);
    CHECK(glares > 2000);
}
