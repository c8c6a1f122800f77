#pragma once

#include <cstddef>
#include <utility>

namespace cortc::test {

/// Makes one call of operator new throw std::bad_alloc: the `which`-th (the first is 0) of those inside of
/// run(). C libraries, which call malloc, go on.
class failing_allocation {
  public:
    explicit failing_allocation(std::size_t which) noexcept : left_(which) {}

    template <class Body>
    void run(Body&& body) {
        struct counting {
            explicit counting(failing_allocation* it) noexcept { current = it; }
            counting(const counting&) = delete;
            counting& operator=(const counting&) = delete;
            ~counting() { current = nullptr; }
        } const here(this);
        std::forward<Body>(body)();
    }

    /// It has thrown.
    [[nodiscard]] bool happened() const noexcept { return happened_; }
    /// Called by operator new: whether this call is the one.
    [[nodiscard]] static bool now() noexcept {
        if (!current || current->happened_ || current->left_-- != 0) return false;
        return current->happened_ = true;
    }

  private:
    static thread_local failing_allocation* current;

    std::size_t left_;
    bool happened_ = false;
};

} // namespace cortc::test
