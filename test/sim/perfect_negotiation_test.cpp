#include "test/support/sim_call.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/channel.hpp>

#include <limits>

// webrtc-pc 10.7 between two connections, with as much glare as can be had.

using namespace cortc;
using namespace std::chrono_literals;

namespace {

/// What the application's peers say beside descriptions and candidates.
struct remark {
    std::string text;
};
using signal = std::variant<SessionDescription, IceCandidate, remark>;

/// One direction of the signaling: messages keep their order, and each is late by a random time.
class mailbox {
  public:
    mailbox(const context& where, std::uint64_t seed, duration most)
        : where_(where)
        , random_(seed)
        , most_(most)
        , arrived_(where.get_executor(), std::numeric_limits<std::size_t>::max()) {}

    static void send(std::shared_ptr<mailbox> self, signal what) {
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
    /// What receive() fails with.
    void fail(boost::system::error_code why) { arrived_.try_send(why, signal()); }

    int offers = 0, answers = 0, under_way = 0;

  private:
    static asio::awaitable<void> deliver(std::shared_ptr<mailbox> self, duration late, signal what) {
        timer clock(self->where_);
        co_await clock.wait(late);
        --self->under_way;
        self->arrived_.try_send(boost::system::error_code(), std::move(what));
    }

    context where_;
    sim::seeded_random random_;
    duration most_;
    time_point due_{};
    asio::experimental::channel<void(boost::system::error_code, signal)> arrived_;
};

class wire {
  public:
    wire(std::shared_ptr<mailbox> out, std::shared_ptr<mailbox> in)
        : out_(std::move(out)), in_(std::move(in)) {}
    asio::awaitable<void> send(signal what) {
        mailbox::send(out_, std::move(what));
        co_return;
    }
    auto receive() { return in_->receive(); }

  private:
    std::shared_ptr<mailbox> out_, in_;
};

struct peer {
    peer(const context& where, wire a_signaling, bool is_polite)
        : pc(where), signaling(std::move(a_signaling)), polite(is_polite) {}

    asio::awaitable<void> run() {
        std::function<void(const std::exception&)> note = [this](const std::exception& error) {
            errors.emplace_back(error.what());
        };
        end = co_await perfect_negotiation(pc, signaling, polite, std::move(note), [this](remark what) {
            if (what.text == "throw") throw std::runtime_error("enough");
            others.push_back(what.text);
        });
    }

    PeerConnection pc;
    wire signaling;
    bool polite;
    std::vector<std::string> errors, others;
    std::optional<negotiation_end> end;
};

std::string line_of(const std::optional<SessionDescription>& description, std::string_view prefix) {
    const auto& sdp = description.value().sdp;
    const auto begin = sdp.find(prefix);
    return sdp.substr(begin, sdp.find("\r\n", begin) - begin);
}

struct negotiating : test::two_hosts {
    sim::seeded_random random;
    std::shared_ptr<mailbox> there, back;
    std::shared_ptr<peer> left, right;
    std::vector<test::spawned> running;

    explicit negotiating(std::uint64_t seed, duration late)
        : two_hosts(seed, test::link_of(5ms))
        , random(seed)
        , there(std::make_shared<mailbox>(a, seed + 1, late))
        , back(std::make_shared<mailbox>(b, seed + 2, late))
        , left(std::make_shared<peer>(a, wire(there, back), seed % 2 == 0))
        , right(std::make_shared<peer>(b, wire(back, there), seed % 2 == 1)) {
        for (auto& each : {left, right}) running.emplace_back(io.get_executor(), each->run());
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
        CHECK(world.run_dry(1s));
        for (const auto& each : running) {
            REQUIRE(each.done());
            each.rethrow();
        }
        for (const auto& each : {left, right}) CHECK(each->end);
    }
    /// Until one has ended, which it does by itself.
    const negotiation_end& end_of(const peer& which) {
        REQUIRE(world.run_until([&] { return which.end.has_value(); }, 5s));
        return *which.end;
    }
    void send_left(signal what) { mailbox::send(back, std::move(what)); }
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
        CHECK(run.left->errors == std::vector<std::string>());
        CHECK(run.right->errors == std::vector<std::string>());
        run.finish();
        CHECK(run.left->end->outcome == negotiation_outcome::closed);
    }
    test::figure("{} collisions", glares);
    CHECK(glares > 2000);
}

TEST_CASE("perfect negotiation: both ends change directions whenever they like, and agree in the end") {
    using enum RtpTransceiverDirection;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        CAPTURE(seed);
        negotiating run(seed, seed % 3 == 0 ? 1ms : 15ms);
        const RtpTransceiverInit init(sendonly);
        auto ours = run.left->pc.addTransceiver(MediaKind::audio, init);
        auto theirs = run.right->pc.addTransceiver(MediaKind::video, init);
        run.converge();
        for (int round = 0; round < 60; ++round) {
            CAPTURE(round);
            for (int change = 0; change < 4; ++change) {
                ours.direction(ours.direction() == sendonly ? inactive : sendonly);
                run.world.run_for(std::chrono::microseconds(run.random.next() % 6'000));
                theirs.direction(theirs.direction() == sendonly ? inactive : sendonly);
                run.world.run_for(std::chrono::microseconds(run.random.next() % 30'000));
            }
            if (round % 2 == 0) ours.direction(ours.direction() == sendonly ? inactive : sendonly);
            run.converge();
            CHECK(ours.currentDirection() == ours.direction()); // nothing that was needed got lost
            CHECK(theirs.currentDirection() == theirs.direction());
        }
        CHECK(run.left->errors == std::vector<std::string>());
        CHECK(run.right->errors == std::vector<std::string>());
        run.finish();
    }
}

TEST_CASE("perfect negotiation: the end of the signaling, and whose it was, is a value") {
    using enum negotiation_outcome;
    const auto [why, outcome] = GENERATE(table<boost::system::error_code, negotiation_outcome>({
        {make_error_code(errc::closed), left},
        {make_error_code(errc::network), broke},
        {asio::error::make_error_code(asio::error::eof), broke},
        {make_error_code(errc::syntax), nonsense},
        {make_error_code(errc::limit), nonsense},
        {make_error_code(errc::aborted), closed},
    }));
    CAPTURE(why.message());
    negotiating run(1, 1ms);
    auto channel = run.left->pc.createDataChannel("x");
    run.converge();
    run.back->fail(why);
    const auto& end = run.end_of(*run.left);
    CHECK(end.outcome == outcome);
    CHECK(to_string(end.outcome) == to_string(outcome));
    CHECK_FALSE(end.text.empty());
    CHECK(run.left->pc.signalingState() == SignalingState::stable); // it is not closed by that
    CHECK(run.left->errors.empty());
    run.finish();
}

TEST_CASE("perfect negotiation: what is neither description nor candidate is the application's") {
    negotiating run(2, 1ms);
    auto channel = run.left->pc.createDataChannel("x");
    const std::vector<std::string> said{"my name is Ada", "a hand is up"};
    for (const auto& text : said) run.send_left(remark{text});
    run.converge();
    CHECK(run.left->others == said);
    CHECK(run.right->others.empty());
    CHECK_FALSE(run.left->end);
    run.send_left(remark{"throw"});
    CHECK(run.end_of(*run.left).outcome == negotiation_outcome::broke);
    CHECK(run.left->end->text == "enough");
    run.finish();
}

TEST_CASE("perfect negotiation: a peer whose descriptions are none sends nonsense") {
    negotiating run(2, 1ms);
    auto channel = run.left->pc.createDataChannel("x");
    run.converge();
    SECTION("it does not parse") {
        run.send_left(SessionDescription(SdpType::offer, "v=0\r\nnonsense\r\n"));
        CHECK(run.end_of(*run.left).text.find("line") != std::string::npos);
    }
    SECTION("it does not fit") {
        auto offer = run.left->pc.currentRemoteDescription().value();
        offer.type = SdpType::offer;
        offer.sdp.erase(offer.sdp.find("a=ice-pwd:"), 2);
        run.send_left(offer);
        run.end_of(*run.left);
    }
    CHECK(run.left->end->outcome == negotiation_outcome::nonsense);
    CHECK_FALSE(run.left->end->text.empty());
    CHECK(run.left->errors.empty());
    run.finish();
}

TEST_CASE("perfect negotiation: what cannot be used and does no harm is told, each, and it goes on") {
    negotiating run(3, 1ms);
    auto channel = run.left->pc.createDataChannel("x");
    run.converge();
    auto answer = run.left->pc.currentRemoteDescription().value();
    answer.type = SdpType::answer;
    run.send_left(answer); // to nothing
    const int many = 1000; // more than are taken at a time
    for (int i = 0; i < many; ++i) run.send_left(IceCandidate("candidate:nonsense", "0", 0));
    REQUIRE(run.world.run_until([&] { return run.left->errors.size() == many + 1; }, 5s));
    const auto before = line_of(run.left->pc.currentLocalDescription(), "a=ice-ufrag:");
    run.right->pc.restartIce();
    run.converge();
    CHECK(line_of(run.left->pc.currentLocalDescription(), "a=ice-ufrag:") != before);
    CHECK_FALSE(run.left->end);
    run.finish();
}

TEST_CASE("perfect negotiation: what on_error throws comes out, and nothing is left") {
    test::two_hosts hosts(4, test::link_of(5ms));
    auto out = std::make_shared<mailbox>(hosts.a, 1, 1ms), in = std::make_shared<mailbox>(hosts.a, 2, 1ms);
    PeerConnection pc(hosts.a);
    wire signaling(out, in);
    mailbox::send(in, IceCandidate("candidate:nonsense", "0", 0));
    auto body = [&]() -> asio::awaitable<void> {
        std::function<void(const std::exception&)> strict = [](const std::exception&) {
            throw std::runtime_error("enough");
        };
        std::string thrown;
        try {
            (void)co_await perfect_negotiation(pc, signaling, true, std::move(strict));
        } catch (const std::runtime_error& error) {
            thrown = error.what();
        }
        CHECK(thrown == "enough");
    };
    hosts.run(body(), 5s);
    pc.close();
    CHECK(hosts.world.run_dry(1s));
}

TEST_CASE("perfect negotiation: cancelled at any moment it ends as a value, and the connection can go on") {
    for (int i = 0; i < 60; ++i) {
        CAPTURE(i);
        negotiating run(5 + static_cast<std::uint64_t>(i % 2), 10ms);
        peer third(run.a, wire(run.there, run.back), run.left->polite);
        run.left->pc.close(); // the third takes its place
        REQUIRE(run.end_of(*run.left).outcome == negotiation_outcome::closed);
        auto channel = third.pc.createDataChannel("x");
        auto restart = run.right->pc.createDataChannel("y");
        auto body = [&]() -> asio::awaitable<void> { co_await timeout(i * 1ms, third.run()); };
        run.run(body(), 5s);
        REQUIRE(third.end);
        CHECK(third.end->outcome == negotiation_outcome::cancelled);
        CHECK(third.end->text.empty());
        CHECK(third.errors.empty());
        const auto offers = run.there->offers;
        run.world.run_for(100ms);
        CHECK(run.there->offers == offers); // nothing of it runs
        // It can be taken up again.
        third.end.reset();
        third.pc.restartIce();
        test::spawned again(run.io.get_executor(), third.run());
        run.world.run_for(1s);
        third.pc.close();
        run.right->pc.close();
        CHECK(run.world.run_dry(1s));
        REQUIRE(again.done());
        REQUIRE(third.end);
        CHECK(third.end->outcome == negotiation_outcome::closed);
    }
}
