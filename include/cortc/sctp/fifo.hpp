#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace cortc::sctp::detail {

/// A queue in one block that is kept: a queue that is drained as it is filled allocates nothing (std::deque
/// would, every few hundred bytes). After a large burst the block is given back.
template <class T>
class fifo {
  public:
    [[nodiscard]] bool empty() const noexcept { return first_ == items_.size(); }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size() - first_; }
    [[nodiscard]] T& front() noexcept { return items_[first_]; }
    [[nodiscard]] const T& front() const noexcept { return items_[first_]; }
    void push(T item) {
        if (first_ > 64 && first_ > items_.size() / 2) {
            items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(first_));
            first_ = 0;
        }
        items_.push_back(std::move(item));
    }
    T pop() {
        T item = std::move(items_[first_]);
        if (++first_ == items_.size()) clear();
        return item;
    }
    void clear() {
        first_ = 0;
        items_.clear();
        if (items_.capacity() * sizeof(T) > 32768) std::vector<T>().swap(items_);
    }

  private:
    std::vector<T> items_;
    std::size_t first_ = 0;
};

} // namespace cortc::sctp::detail
