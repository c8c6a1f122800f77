#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/context/context_core.hpp"
#include "cortc/error.hpp"
#include "cortc/perfect_negotiation.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>

namespace cortc {

CORTC_DECL std::string_view to_string(negotiation_outcome outcome) noexcept {
    switch (outcome) {
    case negotiation_outcome::closed:
        return "closed";
    case negotiation_outcome::left:
        return "left";
    case negotiation_outcome::broke:
        return "broke";
    case negotiation_outcome::nonsense:
        return "nonsense";
    case negotiation_outcome::cancelled:
        return "cancelled";
    }
    return "broke";
}

namespace detail {

/// What the end of the signaling says.
CORTC_DECL negotiation_outcome outcome_of(const std::exception& error) noexcept {
    const auto* known = dynamic_cast<const boost::system::system_error*>(&error);
    if (!known) return negotiation_outcome::broke;
    if (known->code() == errc::closed) return negotiation_outcome::left;
    if (known->code() == errc::syntax || known->code() == errc::limit) return negotiation_outcome::nonsense;
    if (known->code() == errc::aborted) return negotiation_outcome::closed;
    return negotiation_outcome::broke;
}

/// A description does not parse, or does not fit: it is no use to wait for what comes next. (One out of turn
/// does no harm; a peer that is less than perfect sends such.)
CORTC_DECL bool is_nonsense(const Error& error) noexcept {
    const auto code = error.code();
    return code == errc::syntax || code == errc::type || code == errc::invalid_access ||
           (code == errc::operation && std::string_view(error.errorDetail()) == "sdp-syntax-error");
}

/// One perfect_negotiation(), as long as that is awaited. Its tasks run beside it, and have ended before it
/// does.
class negotiation_tasks {
  public:
    negotiation_tasks(PeerConnection& pc, std::shared_ptr<negotiation_link> link, bool polite,
                      std::function<void(const std::exception&)> on_error)
        : pc_(pc)
        , home_(pc.get_context().core())
        , link_(std::move(link))
        , polite_(polite)
        , on_error_(std::move(on_error)) {}
    negotiation_tasks(const negotiation_tasks&) = delete;
    negotiation_tasks& operator=(const negotiation_tasks&) = delete;

    void start() {
        run(make_offers());
        run(trickle());
        run(listen());
    }
    /// Completes when one has ended.
    asio::awaitable<void> over() { return wait(over_, &negotiation_tasks::is_over); }
    void cancel() {
        cancelling_ = true;
        const auto all = running_;
        for (const auto& each : all) each->emit(asio::cancellation_type::terminal);
    }
    asio::awaitable<void> ended() { return wait(ended_, &negotiation_tasks::has_ended); }
    /// None: it was cancelled.
    std::optional<negotiation_end> take_end() {
        if (thrown_) std::rethrow_exception(thrown_);
        return std::move(end_);
    }

  private:
    using signal = std::shared_ptr<asio::cancellation_signal>;
    static constexpr std::size_t most_messages = 64; // of the peer, that wait for those before them

    [[nodiscard]] bool is_over() const noexcept { return end_ || thrown_; }
    [[nodiscard]] bool has_ended() const noexcept { return running_.empty(); }
    [[nodiscard]] bool has_room() const noexcept { return taking_ < most_messages; }
    asio::awaitable<void> wait(waiter_list<void>& whom, bool (negotiation_tasks::*holds)() const noexcept) {
        return initiate<void>(home_, asio::use_awaitable, [this, &whom, holds](waiter_ptr<void> operation) {
            if ((this->*holds)())
                operation->succeed();
            else
                whom.add(std::move(operation));
        });
    }

    void run(asio::awaitable<void> task) {
        auto its = std::make_shared<asio::cancellation_signal>();
        running_.insert(its);
        asio::co_spawn(home_->executor(), std::move(task),
                       asio::bind_cancellation_slot(its->slot(), [this, its](const std::exception_ptr& why) {
                           running_.erase(its);
                           if (why && !thrown_) { // on_error has thrown
                               thrown_ = why;
                               over_.succeed_all();
                           }
                           if (running_.empty()) ended_.succeed_all();
                       }));
    }

    void end(negotiation_outcome how, const std::exception& error) {
        if (is_over() || cancelling_) return;
        end_.emplace();
        end_->outcome = pc_.signalingState() == SignalingState::closed ? negotiation_outcome::closed : how;
        end_->text = error.what();
        over_.succeed_all();
    }
    /// Nothing is left to tell it of when all is over.
    void report(const std::exception& error) {
        const bool over = is_over() || cancelling_ || pc_.signalingState() == SignalingState::closed;
        if (!over && on_error_) on_error_(error);
    }

    asio::awaitable<void> send(negotiation_message what) {
        try {
            co_await link_->send(std::move(what));
        } catch (const Error& error) {
            // When signaling is over, who listens to it knows why.
            if (error.code() != errc::invalid_state && outcome_of(error) == negotiation_outcome::broke)
                report(error);
        } catch (const std::exception& error) {
            report(error);
        }
    }

    // Let "negotiation needed" make the offers.
    asio::awaitable<void> make_offers() {
        try {
            for (;;) {
                co_await pc_.negotiationNeeded();
                co_await make_offer();
            }
        } catch (const boost::system::system_error& error) {
            end(negotiation_outcome::closed, error);
        }
    }
    asio::awaitable<void> make_offer() {
        making_offer_ = true;
        co_await set_local(SdpType::offer);
        making_offer_ = false;
        if (pc_.signalingState() != SignalingState::have_local_offer) co_return; // the peer's came first
        auto offer = pc_.localDescription();
        if (offer) co_await send(std::move(*offer));
    }
    /// The type is said, unlike in the W3C's example: behind an offer of the peer that waits on the chain,
    /// "whatever is due" is the answer, which has its own task, and that would be left with an offer. What
    /// comes too late for its state is not missed: negotiation is needed again if it still is.
    asio::awaitable<bool> set_local(SdpType type) {
        const SessionDescription due(type, "");
        try {
            co_await pc_.setLocalDescription(due);
        } catch (const Error& error) {
            if (error.code() != errc::invalid_state) report(error);
            co_return false;
        } catch (const boost::system::system_error&) { // cancelled
            co_return false;
        }
        co_return true;
    }

    // Send our candidates to the other end.
    asio::awaitable<void> trickle() {
        try {
            for (;;) {
                auto candidate = co_await pc_.nextIceCandidate();
                if (candidate) co_await send(std::move(*candidate));
            }
        } catch (const boost::system::system_error& error) {
            end(negotiation_outcome::closed, error);
        }
    }

    // Each message is taken as it comes, whatever the one before it still waits for.
    asio::awaitable<void> listen() {
        try {
            for (;;) {
                auto message = co_await link_->receive();
                ++taking_;
                run(take(std::move(message)));
                if (!has_room()) co_await wait(room_, &negotiation_tasks::has_room);
            }
        } catch (const std::exception& error) {
            end(outcome_of(error), error);
        }
    }

    asio::awaitable<void> take(negotiation_message message) {
        try {
            if (auto* description = std::get_if<SessionDescription>(&message))
                co_await take_description(std::move(*description));
            else
                co_await take_candidate(std::get<IceCandidate>(std::move(message)));
        } catch (const boost::system::system_error& error) {
            report(error);
        }
        --taking_;
        room_.succeed_all();
    }

    asio::awaitable<void> take_description(SessionDescription description) {
        const bool is_offer = description.type == SdpType::offer;
        // An offer may come in while an answer is being set. We will be stable by the time it is processed.
        const bool ready_for_offer = !making_offer_ && (pc_.signalingState() == SignalingState::stable ||
                                                        is_setting_remote_answer_pending_);
        const bool offer_collision = is_offer && !ready_for_offer;
        ignore_offer_ = !polite_ && offer_collision;
        if (ignore_offer_) co_return;
        is_setting_remote_answer_pending_ = description.type == SdpType::answer;
        const bool applied = co_await apply(std::move(description)); // rolls back as needed
        is_setting_remote_answer_pending_ = false;
        if (!applied || !is_offer) co_return;
        const bool answered = co_await set_local(SdpType::answer);
        if (!answered) co_return;
        // The pending one may be an offer of ours already.
        auto answer = pc_.currentLocalDescription();
        if (answer) co_await send(std::move(*answer));
    }
    /// False: it could not be, and that was told.
    asio::awaitable<bool> apply(SessionDescription description) {
        try {
            co_await pc_.setRemoteDescription(std::move(description));
        } catch (const Error& error) {
            if (is_nonsense(error))
                end(negotiation_outcome::nonsense, error);
            else
                report(error);
            co_return false;
        }
        co_return true;
    }
    asio::awaitable<void> take_candidate(IceCandidate candidate) {
        try {
            co_await pc_.addIceCandidate(std::move(candidate));
        } catch (const Error& error) {
            if (!ignore_offer_) report(error); // those of an offer that was ignored
        }
    }

    PeerConnection& pc_;
    std::shared_ptr<waiter_home> home_;
    std::shared_ptr<negotiation_link> link_;
    const bool polite_;
    std::function<void(const std::exception&)> on_error_;
    bool making_offer_ = false;
    bool ignore_offer_ = false;
    bool is_setting_remote_answer_pending_ = false;
    bool cancelling_ = false;
    std::size_t taking_ = 0;
    std::set<signal> running_;
    std::optional<negotiation_end> end_;
    std::exception_ptr thrown_;
    waiter_list<void> over_, ended_, room_;
};

CORTC_DECL asio::awaitable<negotiation_end> negotiate(PeerConnection& pc,
                                                      std::shared_ptr<negotiation_link> link, bool polite,
                                                      std::function<void(const std::exception&)> on_error) {
    negotiation_tasks tasks(pc, std::move(link), polite, std::move(on_error));
    tasks.start();
    try {
        co_await tasks.over();
    } catch (const boost::system::system_error&) { // cancelled; what it has begun ends all the same
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    tasks.cancel();
    co_await tasks.ended();
    auto end = tasks.take_end();
    if (!end) {
        end.emplace();
        end->outcome = negotiation_outcome::cancelled;
    }
    co_return std::move(*end);
}

} // namespace detail

} // namespace cortc
