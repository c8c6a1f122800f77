#include "test/support/injection.hpp"
#include "test/support/outcome.hpp"
#include "test/support/sim_call.hpp"

#include <set>

using namespace cortc;
using namespace std::chrono_literals;
using test::injector;
using test::interrupted;
using texts = std::multiset<std::string>;

namespace {

bool is_candidate(std::string_view line) {
    return line.starts_with("a=candidate:") || line.starts_with("a=end-of-candidates");
}

/// The lines of a description that name candidates, or the others.
texts lines(const std::optional<SessionDescription>& description, bool candidates) {
    texts found;
    std::string_view rest;
    if (description) rest = description->sdp;
    while (!rest.empty()) {
        auto line = rest.substr(0, rest.find('\n') + 1);
        rest.remove_prefix(line.size());
        if (is_candidate(line) == candidates) found.emplace(line.substr(0, line.find('\r')));
    }
    return found;
}
texts candidates_of(const std::optional<SessionDescription>& description) { return lines(description, true); }

/// All that an operation of the chain may change; candidates come and go meanwhile.
texts signaling(const PeerConnection& pc) {
    texts all{std::string(to_string(pc.signalingState()))};
    char which = 'A';
    for (const auto& each : {pc.currentLocalDescription(), pc.pendingLocalDescription(),
                             pc.currentRemoteDescription(), pc.pendingRemoteDescription()}) {
        if (each) all.insert(which + std::string(to_string(each->type)));
        for (const auto& line : lines(each, false)) all.insert(which + line);
        ++which;
    }
    return all;
}

/// A call in all its parts, each operation a step: set-up with trickled candidates, messages, a full send
/// buffer, an offer that is rolled back, an ICE restart, more messages, the end.
class whole_call : public std::enable_shared_from_this<whole_call> {
  public:
    whole_call(injector& steps, const context& first, const context& second, const Configuration& how)
        : steps_(steps)
        , a(std::make_unique<PeerConnection>(first, how))
        , b(std::make_unique<PeerConnection>(second, how)) {}

    static asio::awaitable<void> run(std::shared_ptr<whole_call> self) {
        try {
            co_await self->set_up();
            co_await self->messages(2);
            co_await self->batch();
            co_await self->full_buffer();
            co_await self->rolled_back();
            co_await self->restart();
            co_await self->messages(1);
            co_await self->end();
        } catch (const interrupted&) {
        }
    }

    injector& steps_;
    std::unique_ptr<PeerConnection> a, b;

  private:
    [[nodiscard]] char end_of(const PeerConnection& pc) const { return &pc == a.get() ? 'a' : 'b'; }

    /// Operations that take their places on the chain, do nothing and fail.
    static void queue_ahead(PeerConnection& pc) {
        for (int i = 0; i < 2; ++i)
            pc.addIceCandidate(IceCandidate("candidate:1 1 udp 1 10.0.0.9 9 typ host", "nowhere"),
                               [](std::exception_ptr error) { CHECK(error); });
    }
    /// An operation of the chain of `pc`, behind others, so that it waits.
    template <class Make>
    std::invoke_result_t<Make&> chained(const char* name, PeerConnection& pc, bool changes, Make make) {
        auto behind = [&pc, make]() mutable {
            queue_ahead(pc);
            return make();
        };
        return steps_.step(
            name, end_of(pc), behind, [&pc] { return signaling(pc); }, changes);
    }
    asio::awaitable<SessionDescription> created(PeerConnection& pc, bool offer, OfferOptions options = {}) {
        if (offer)
            return chained("createOffer", pc, false, [&pc, options] { return pc.createOffer(options); });
        return chained("createAnswer", pc, false, [&pc] { return pc.createAnswer(); });
    }
    asio::awaitable<void> set_local(PeerConnection& pc, const SessionDescription& description) {
        return chained("setLocalDescription", pc, true, [&] { return pc.setLocalDescription(description); });
    }
    asio::awaitable<void> set_remote(PeerConnection& pc, const SessionDescription& description) {
        return chained("setRemoteDescription", pc, true,
                       [&] { return pc.setRemoteDescription(description); });
    }

    asio::awaitable<void> negotiate(OfferOptions options, bool complete) {
        auto offer = co_await created(*a, true, options);
        co_await set_local(*a, offer);
        if (complete) {
            co_await steps_.step("gatheringComplete", 'a', [&] { return a->gatheringComplete(); });
            offer = *a->localDescription();
        }
        co_await set_remote(*b, offer);
        auto answer = co_await created(*b, false);
        co_await set_local(*b, answer);
        if (complete) {
            co_await steps_.step("gatheringComplete", 'b', [&] { return b->gatheringComplete(); });
            answer = *b->localDescription();
        }
        co_await set_remote(*a, answer);
    }
    /// Until the candidates of the first generation are through. Each is passed on, and none twice.
    static asio::awaitable<void> trickle(std::shared_ptr<whole_call> self, PeerConnection& from,
                                         PeerConnection& to) {
        auto& steps = self->steps_;
        const auto of_from = self->end_of(from), of_to = self->end_of(to);
        texts passed;
        try {
            for (;;) {
                auto next =
                    co_await steps.step("nextIceCandidate", of_from, [&] { return from.nextIceCandidate(); });
                if (!next) break;
                passed.insert(next->candidate.empty() ? "a=end-of-candidates" : "a=" + next->candidate);
                while (!to.remoteDescription()) {
                    const auto state = to.signalingState();
                    co_await steps.step("signalingStateChanged", of_to,
                                        [&] { return to.signalingStateChanged(state); });
                }
                auto add = [&] {
                    queue_ahead(to);
                    return to.addIceCandidate(*next);
                };
                auto taken = [&] { return candidates_of(to.remoteDescription()); };
                co_await steps.step("addIceCandidate", of_to, add, taken, true);
            }
            CHECK(passed.size() == 3);
            CHECK(passed == candidates_of(from.localDescription()));
            CHECK(passed == candidates_of(to.remoteDescription()));
            ++self->trickled_;
        } catch (const interrupted&) {
        }
    }
    static asio::awaitable<void> gathering(std::shared_ptr<whole_call> self) {
        try {
            co_await self->steps_.step("gatheringComplete", 'b',
                                       [&] { return self->b->gatheringComplete(); });
        } catch (const interrupted&) {
        }
    }
    static asio::awaitable<void> watching(std::shared_ptr<whole_call> self) {
        const auto stable = SignalingState::stable;
        try {
            co_await self->steps_.step("signalingStateChanged", 'a',
                                       [&] { return self->a->signalingStateChanged(stable); });
            co_await self->steps_.step("signalingStateChanged", 'b',
                                       [&] { return self->b->signalingStateChanged(stable); });
        } catch (const interrupted&) {
        }
    }
    asio::awaitable<void> set_up() {
        const asio::any_io_executor executor = co_await asio::this_coro::executor;
        auto failed = [](std::exception_ptr error) {
            if (error) std::rethrow_exception(error);
        };
        asio::co_spawn(executor, gathering(shared_from_this()), failed);
        asio::co_spawn(executor, watching(shared_from_this()), failed);
        asio::co_spawn(executor, trickle(shared_from_this(), *a, *b), failed);
        asio::co_spawn(executor, trickle(shared_from_this(), *b, *a), failed);
        out_ = a->createDataChannel("chat");
        co_await steps_.step("negotiationNeeded", 'a', [&] { return a->negotiationNeeded(); });
        co_await negotiate({}, false);
        co_await steps_.step("connected", 'b', [&] { return b->connected(); });
        co_await steps_.step("opened", 'a', [&] { return out_.opened(); });
        in_ = co_await steps_.step("nextDataChannel", 'b', [&] { return b->nextDataChannel(); });
        CHECK(in_.label() == "chat");
    }
    /// Messages are numbered: one that was lost, or sent twice, is noticed by the next.
    std::string number() { return std::to_string(next_++); }
    asio::awaitable<void> messages(int count) {
        for (int i = 0; i < count; ++i) {
            const auto text = number();
            co_await steps_.step("send", 'a', [&] { return out_.send(text); });
            auto there = co_await steps_.step("receive", 'b', [&] { return in_.receive(); });
            CHECK(there.text() == text);
            co_await steps_.step("send", 'b', [&] { return in_.send(there); });
            co_await steps_.step("readable", 'a', [&] { return out_.readable(); });
            auto back = co_await steps_.step("timeout", 'a', [&] { return timeout(1s, out_.receive()); });
            CHECK(back.text() == text);
            const auto more = number();
            co_await steps_.step("send", 'a', [&] { return out_.send(more); });
            auto limited = co_await steps_.step("timeout", 'b', [&] { return timeout(1s, in_.receive()); });
            CHECK(limited.text() == more);
        }
    }
    asio::awaitable<void> received(int first, int count) {
        std::vector<Message> batch(4);
        for (int got = 0; got < count;) {
            const std::span<Message> room(batch);
            const auto some = co_await steps_.step("receive batch", 'b', [&] { return in_.receive(room); });
            for (std::size_t i = 0; i < some; ++i, ++got)
                CHECK(std::stoi(std::string(batch[i].text())) == first + got);
        }
    }
    asio::awaitable<void> batch() {
        const auto first = next_;
        for (int i = 0; i < 2; ++i) {
            const auto text = number();
            co_await steps_.step("send", 'a', [&] { return out_.send(text); });
        }
        co_await received(first, 2);
        co_await steps_.step("bufferedAmountLow", 'a', [&] { return out_.bufferedAmountLow(); });
    }
    /// A send that finds no room, and a wait for room.
    asio::awaitable<void> full_buffer() {
        const auto first = next_;
        auto large = [this] { return number() + std::string(900, ' '); };
        auto text = large();
        while (out_.trySend(text)) text = large();
        co_await steps_.step("send, no room", 'a', [&] { return out_.send(text); });
        for (text = large(); out_.trySend(text);) text = large();
        --next_;
        co_await steps_.step("bufferedAmountLow", 'a', [&] { return out_.bufferedAmountLow(); });
        co_await steps_.step("writable", 'a', [&] { return out_.writable(); });
        co_await received(first, next_ - first);
    }
    asio::awaitable<void> rolled_back() {
        const SessionDescription none(SdpType::rollback, "");
        co_await chained("setLocalDescription", *b, true, [&] { return b->setLocalDescription(); });
        CHECK(b->signalingState() == SignalingState::have_local_offer);
        co_await set_local(*b, none);
        CHECK(b->signalingState() == SignalingState::stable);
    }
    /// The candidates of the second generation are in the descriptions, and in the stream.
    static void all_candidates(PeerConnection& pc) {
        texts found;
        std::optional<std::optional<IceCandidate>> next;
        while ((next = pc.tryNextIceCandidate()) && *next)
            found.insert((*next)->candidate.empty() ? "a=end-of-candidates" : "a=" + (*next)->candidate);
        CHECK(next);
        CHECK(found == candidates_of(pc.localDescription()));
    }
    asio::awaitable<void> restart() {
        OfferOptions options;
        options.iceRestart = true;
        const auto before = b->selectedPair()->local.usernameFragment;
        co_await negotiate(options, true);
        co_await steps_.step("restarted", 'a', [&] { return a->restarted(); });
        co_await steps_.step("restarted", 'b', [&] { return b->restarted(); });
        CHECK(b->selectedPair()->local.usernameFragment != before);
        all_candidates(*a);
        all_candidates(*b);
    }
    asio::awaitable<void> end() {
        CHECK(trickled_ == 2);
        CHECK_FALSE(in_.tryReceive());
        CHECK_FALSE(out_.tryReceive());
        CHECK_FALSE(b->tryNextDataChannel());
        out_.close();
        co_await steps_.step("channel closed", 'a', [&] { return out_.closed(); });
        co_await steps_.step("channel closed", 'b', [&] { return in_.closed(); });
        a->close();
        co_await steps_.step("closed", 'a', [&] { return a->closed(); });
        const auto connected = PeerConnectionState::connected;
        co_await steps_.step("stateChanged", 'b', [&] { return b->stateChanged(connected); });
        b->close();
        co_await steps_.step("closed", 'b', [&] { return b->closed(); });
    }

    DataChannel out_, in_;
    int next_ = 0;
    int trickled_ = 0;
};

/// Two hosts, and a call between them that is disturbed once.
class disturbed_call {
  public:
    /// Handshakes and certificates are computed at once, or on a shelf, when nothing else is ready.
    disturbed_call(duration delay, bool on_shelf) : net_(1, test::link_of(delay), small_buffers()) {
        if (on_shelf) {
            net_.a = with_worker("a");
            net_.b = with_worker("b");
        } else {
            configuration_.certificates = {kept_certificate()};
        }
    }

    /// The connections are gone before the hosts are.
    ~disturbed_call() { call_.reset(); }
    disturbed_call(const disturbed_call&) = delete;
    disturbed_call& operator=(const disturbed_call&) = delete;

    /// Calls `disturb` at the end of each turn until it returns true. False when the call was over first.
    bool run_until(const std::function<bool(const injector&)>& disturb) {
        call_ = std::make_shared<whole_call>(steps_, net_.a, net_.b, configuration_);
        task_.emplace(net_.io.get_executor(), whole_call::run(call_));
        deadline_ = net_.world.now() + 60s;
        bool disturbed = false;
        while (!disturbed && !task_->done()) {
            const bool busy = turns_.turn([&] { disturbed = disturb(steps_); });
            if (!busy && !disturbed) REQUIRE(turns_.go_on(deadline_));
        }
        return disturbed;
    }
    /// The operations have ended: no time passed, and no worker did anything.
    void check_over(const test::pending_steps& which) {
        auto over = [&] { return std::ranges::all_of(which, [](const auto& each) { return each->over; }); };
        for (unsigned i = 0; i < most_turns && !over(); ++i) turns_.turn();
        for (const auto& each : which) {
            INFO(each->name << " of " << each->end << ", step " << each->number);
            CHECK(each->over);
        }
    }
    /// To the end of the call, which leaves nothing.
    void go_on() {
        while (!task_->done())
            if (!turns_.turn() && !task_->done()) REQUIRE(turns_.go_on(deadline_));
        task_->rethrow();
        CHECK(steps_.waiting().empty());
        CHECK(call_.use_count() == 1); // every coroutine is gone
        CHECK(net_.world.run_dry());   // both ends said that they are closed; no time passes
        call_->a.reset();
        call_->b.reset();
        CHECK(net_.world.run_dry());
    }
    /// The connections were destroyed: the program unwinds.
    void unwind() {
        check_over(steps_.waiting());
        for (unsigned i = 0; i < most_turns && !task_->done(); ++i) turns_.turn();
        REQUIRE(task_->done());
        task_->rethrow();
        CHECK(call_.use_count() == 1);
        shelf_.restart();
        shelf_.poll(); // what was computed is for nobody
        CHECK(net_.world.run_dry());
    }
    void run_for(duration time) {
        const auto until = net_.world.now() + time;
        while (turns_.turn() || turns_.go_on(until)) {
        }
    }

    [[nodiscard]] injector& steps() noexcept { return steps_; }
    [[nodiscard]] whole_call& call() noexcept { return *call_; }

  private:
    static constexpr unsigned most_turns = 8;

    /// Calls that make none of their own share it: it takes a while.
    static const Certificate& kept_certificate() {
        static std::optional<Certificate> kept;
        if (kept) return *kept;
        test::two_hosts net;
        generateCertificate(net.a, [](std::exception_ptr, Certificate made) { kept = std::move(made); });
        net.world.run_until_idle(1s);
        REQUIRE(kept);
        return *kept;
    }
    static context_options small_buffers() {
        context_options options;
        options.limits.send_buffer = 4096;
        return options;
    }
    context with_worker(std::string_view host) {
        auto options = small_buffers();
        options.worker = shelf_.get_executor();
        return context(net_.io.get_executor(), net_.world.host(host), options);
    }

    injector steps_;
    test::two_hosts net_;
    asio::io_context shelf_;
    test::turns turns_{net_, shelf_};
    Configuration configuration_;
    std::shared_ptr<whole_call> call_;
    std::optional<test::spawned> task_;
    time_point deadline_{};
};

struct setting {
    duration delay;
    bool on_shelf;
};

/// How often each operation was told to stop while it was under way, at least, and how it ended. What waits
/// for a handshake waits for more turns with some versions of mbedTLS than with others.
struct bound {
    const char* name;
    std::size_t cancelled, completed;
};
constexpr bound bounds[] = {
    {"addIceCandidate", 16, 6},
    {"bufferedAmountLow", 1, 2},
    {"channel closed", 8, 2},
    {"closed", 2, 2},
    {"connected", 20, 1},
    {"createAnswer", 7, 2},
    {"createOffer", 4, 2},
    {"gatheringComplete", 20, 3},
    {"negotiationNeeded", 1, 1},
    {"nextDataChannel", 2, 1},
    {"nextIceCandidate", 31, 8},
    {"opened", 5, 1},
    {"readable", 6, 3},
    {"receive", 6, 3},
    {"receive batch", 3, 4},
    {"restarted", 6, 2},
    {"send", 0, 11},
    {"send, no room", 6, 1},
    {"setLocalDescription", 15, 6},
    {"setRemoteDescription", 8, 4},
    {"signalingStateChanged", 2, 2},
    {"stateChanged", 2, 1},
    {"timeout", 6, 12},
    {"writable", 5, 1},
};

class tally {
  public:
    void add(const test::verdicts& some) {
        ++calls_;
        for (const auto& [name, each] : some) {
            seen_[name].cancelled += each.cancelled;
            seen_[name].completed += each.completed;
        }
    }
    void check() const {
        test::figure("{} calls", calls_);
        CHECK(seen_.size() == std::size(bounds));
        for (const auto& [name, cancelled, completed] : bounds) {
            INFO(name);
            const auto found = seen_.find(name);
            REQUIRE(found != seen_.end());
            test::figure("    {:22} {:4} cancelled {:4} completed", name, found->second.cancelled,
                         found->second.completed);
            CHECK(found->second.cancelled >= cancelled);
            CHECK(found->second.completed >= completed);
        }
    }

  private:
    test::verdicts seen_;
    std::size_t calls_ = 0;
};

/// One call; `choose` says at the end of each turn which operations are cancelled. False when it named none.
bool cancel(setting how, tally& all, std::size_t& steps,
            const std::function<test::pending_steps(const injector&)>& choose) {
    disturbed_call call(how.delay, how.on_shelf);
    test::pending_steps chosen;
    const bool reached = call.run_until([&](const injector& now) {
        chosen = choose(now);
        injector::cancel(chosen);
        return !chosen.empty();
    });
    call.check_over(chosen);
    call.go_on();
    steps = call.steps().steps();
    all.add(call.steps().seen());
    return reached;
}

/// Each step alone, in each turn that it waits.
void cancel_each(setting how) {
    tally all;
    std::size_t steps = 1;
    for (std::size_t number = 0; number < steps; ++number) {
        bool more = true;
        for (std::size_t turn = 0; more; ++turn) {
            INFO("step " << number << ", its turn " << turn);
            std::size_t waited = 0;
            more = cancel(how, all, steps, [&](const injector& now) {
                for (const auto& each : now.waiting())
                    if (each->number == number && waited++ == turn) return test::pending_steps{each};
                return test::pending_steps{};
            });
            if (turn == 0) CHECK(more);
        }
    }
    CHECK(steps >= 75);
    all.check();
}

/// All that wait together, at each turn of the call.
void cancel_all(setting how) {
    tally all;
    std::size_t steps = 0;
    bool more = true;
    for (std::size_t turn = 0; more; ++turn) {
        INFO("turn " << turn);
        std::size_t at = 0;
        more = cancel(how, all, steps, [&](const injector& now) {
            return at++ < turn ? test::pending_steps{} : now.waiting();
        });
    }
    all.check();
}

/// One end or both are destroyed at a turn of the call; false when the call was over before. The operations
/// of who is destroyed end at once.
bool destroy_at(setting how, std::size_t turn, std::string_view ends) {
    disturbed_call call(how.delay, how.on_shelf);
    auto has = [&](char end) { return ends.find(end) != ends.npos; };
    std::size_t at = 0;
    test::pending_steps theirs;
    const bool reached = call.run_until([&](const injector& now) {
        if (at++ != turn) return false;
        for (const auto& each : now.waiting()) {
            each->told_under_way = each->begun;
            if (has(each->end)) theirs.push_back(each);
        }
        call.steps().stop();
        if (has('a')) call.call().a.reset();
        if (has('b')) call.call().b.reset();
        return true;
    });
    if (!reached) return false;
    call.check_over(theirs);
    for (const auto& each : theirs) {
        INFO(each->name << " of " << each->end << ", step " << each->number << ": "
                        << test::told(each->error));
        if (each->told_under_way && each->error) CHECK(test::told(each->error) == "AbortError");
    }
    if (ends.size() == 1) call.run_for(1s); // the other end may not know for longer than that
    call.call().a.reset();
    call.call().b.reset();
    call.unwind();
    return true;
}

void destroy(setting how) {
    for (auto ends : {"a", "b", "ab"}) {
        std::size_t turn = 0;
        for (bool more = true; more; ++turn) {
            INFO("turn " << turn << ", " << ends);
            more = destroy_at(how, turn, ends);
        }
        CHECK(turn > 150);
    }
}

constexpr setting at_once{1ms, false};
constexpr setting by_worker{20ms, true};

} // namespace

TEST_CASE("cancelled at every suspension, in every turn of it, a call goes on") { cancel_each(at_once); }
TEST_CASE("cancelled at every suspension, a call with handshakes on a worker goes on") {
    cancel_each(by_worker);
}
TEST_CASE("everything that waits is cancelled, in every turn of a call, and it goes on") {
    cancel_all(at_once);
}
TEST_CASE("everything that waits is cancelled, and a call with handshakes on a worker goes on") {
    cancel_all(by_worker);
}
TEST_CASE("connections can be destroyed in every turn of a call") { destroy(at_once); }
TEST_CASE("connections with handshakes on a worker can be destroyed in every turn of a call") {
    destroy(by_worker);
}
TEST_CASE("an io_context can be destroyed in every turn of a call") {
    for (const auto& how : {at_once, by_worker}) {
        bool more = true;
        for (std::size_t turn = 0; more; ++turn) {
            std::size_t at = 0;
            disturbed_call call(how.delay, how.on_shelf);
            more = call.run_until([&](const injector&) { return at++ == turn; });
        }
    }
}
