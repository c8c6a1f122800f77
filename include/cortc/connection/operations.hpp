#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/connection/part_owner.hpp"
#include "cortc/identity/provider_call.hpp"
#include "cortc/jsep/operations_chain.hpp"

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace cortc {

/// The operations chain (webrtc-pc 4.4.1.2) with what its operations do. One runs at a time, and stays in the
/// chain until its completion was delivered, so that who awaited it sees what it left, and not what the next
/// one made of it.
class operations {
  public:
    /// What an operation goes on with when it is prepared; with an error it fails.
    using prepared = std::function<void(std::exception_ptr)>;
    /// What an operation waits for when its turn has come. It may call back before it returns; `id` says to
    /// pending() whether anybody still waits.
    using preparation = std::function<void(std::uint64_t id, prepared then)>;

    /// `update_negotiation_needed`: the chain ran empty, and an update had been put off until then.
    operations(part_owner& owner, std::function<void()> update_negotiation_needed)
        : owner_(owner), update_negotiation_needed_(std::move(update_negotiation_needed)) {}

    /// `body` does the operation, all of it, and completes it; what it throws the operation fails with.
    template <class R>
    void chain(waiter_ptr<R> operation, preparation prepare, std::function<void(const waiter_ptr<R>&)> body);

    /// The operation was neither cancelled nor completed.
    [[nodiscard]] bool pending(std::uint64_t id) const { return chained_.contains(id); }
    /// The operation waits for a provider, and lets go of it when it is cancelled or ends.
    void hold(std::uint64_t id, provider_ticket_ptr ticket);
    [[nodiscard]] bool empty() const noexcept { return chain_.empty(); }
    /// False: not now, but when the chain is empty (or never: it is closed).
    [[nodiscard]] bool may_update_negotiation_needed() { return chain_.update_negotiation_needed(); }
    /// No operation begins before what was posted until now has run: who was just told of something finds
    /// the connection as it was told.
    void hold_back();
    /// Every operation fails.
    void close(const std::exception_ptr& why);

  private:
    struct chained {
        std::function<void()> run;
        std::function<void(std::exception_ptr)> fail;
        provider_ticket_ptr provider{};
    };

    [[nodiscard]] jsep::operations_chain::pushed push(chained made, std::uint64_t id);
    void cancelled(std::uint64_t id);
    void done(std::uint64_t id);
    void begin(std::uint64_t id); // when it is its turn (context_core)
    void run(std::uint64_t id);
    void follow(const jsep::operations_chain::step& step);

    part_owner& owner_;
    std::function<void()> update_negotiation_needed_;
    jsep::operations_chain chain_;
    std::map<std::uint64_t, chained> chained_;
    bool held_back_ = false;
    std::optional<std::uint64_t> to_begin_; // when it is not held back any more
    std::uint64_t last_ = 0;
};

template <class R>
void operations::chain(waiter_ptr<R> operation, preparation prepare,
                       std::function<void(const waiter_ptr<R>&)> body) {
    const auto id = ++last_;
    auto run = [this, id, operation, prepare = std::move(prepare), body = std::move(body)] {
        auto proceed = [this, id, operation, body](std::exception_ptr unprepared) {
            try { // whatever happens to one operation, the chain goes on
                if (unprepared) std::rethrow_exception(unprepared);
                body(operation);
            } catch (...) {
                operation->fail(std::current_exception());
            }
            done(id);
        };
        if (prepare)
            prepare(id, std::move(proceed));
        else
            proceed(nullptr);
    };
    auto fail = [operation](std::exception_ptr why) { operation->fail(std::move(why)); };
    operation->on_cancel([weak = owner_.weak_from_this(), this, id] {
        if (const auto self = weak.lock()) cancelled(id);
    });
    switch (push({std::move(run), std::move(fail)}, id)) {
    case jsep::operations_chain::pushed::closed:
        operation->fail(errc::invalid_state, "the connection is closed");
        break;
    case jsep::operations_chain::pushed::runs_now:
        begin(id);
        break;
    case jsep::operations_chain::pushed::waits:
        break;
    }
}

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/operations.ipp"
#endif
