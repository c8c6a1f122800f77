#pragma once

#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace cortc {

/// A first-in first-out queue that is empty most of the time, in one block: nothing is allocated before the
/// first element (an empty std::deque holds more than half a kilobyte, and a connection has dozens of
/// queues), a small block is kept, and what a burst took is given back when it is over.
template <class T>
class fifo {
  public:
    using value_type = T;
    /// Elements that an empty queue keeps room for.
    static constexpr std::size_t kept = sizeof(T) < 128 ? 256 / sizeof(T) : 2;

    [[nodiscard]] bool empty() const noexcept { return head_ == items_.size(); }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size() - head_; }
    [[nodiscard]] T& front() noexcept { return items_[head_]; }
    [[nodiscard]] const T& front() const noexcept { return items_[head_]; }
    [[nodiscard]] T& back() noexcept { return items_.back(); }

    void push_back(T value) {
        if (items_.size() == items_.capacity() && head_ > items_.size() / 2) drop_taken();
        items_.push_back(std::move(value));
    }
    T pop_front() {
        T value = std::move(items_[head_++]);
        if (empty()) clear();
        return value;
    }
    void clear() noexcept {
        head_ = 0;
        if (items_.capacity() > kept)
            std::vector<T>().swap(items_);
        else
            items_.clear();
    }

  private:
    void drop_taken() {
        items_.erase(items_.begin(), std::next(items_.begin(), static_cast<std::ptrdiff_t>(head_)));
        head_ = 0;
    }

    std::vector<T> items_; // those before head_ are taken
    std::size_t head_ = 0;
};

} // namespace cortc
