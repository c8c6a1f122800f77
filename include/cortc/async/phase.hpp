#pragma once

#include "cortc/async/waiter.hpp"

namespace cortc {

/// Something that happens once and that a task waits for: reached, or failed for good.
class phase {
  public:
    explicit phase(std::shared_ptr<waiter_home> home) : home_(std::move(home)) {}

    [[nodiscard]] bool reached() const noexcept { return reached_; }
    void reach() {
        reached_ = true;
        waiting_.succeed_all();
    }
    void fail(std::exception_ptr why) {
        failed_ = std::move(why);
        waiting_.fail_all(failed_);
    }
    /// An awaitable, for the tasks of the library. The phase must outlive it.
    template <class Token>
    auto wait(Token&& token) {
        return initiate<void>(home_, std::forward<Token>(token), [this](waiter_ptr<void> operation) {
            if (failed_)
                operation->fail(failed_);
            else if (reached_)
                operation->succeed();
            else
                waiting_.add(std::move(operation));
        });
    }

  private:
    std::shared_ptr<waiter_home> home_;
    waiter_list<void> waiting_;
    std::exception_ptr failed_;
    bool reached_ = false;
};

} // namespace cortc
