#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace cortc {

/// A double-ended queue in one block that keeps its capacity, so that a steady flow allocates nothing.
template <class T>
class ring {
  public:
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return slots_.size(); }
    [[nodiscard]] T& operator[](std::size_t index) noexcept { return slots_[place(index)]; }
    [[nodiscard]] const T& operator[](std::size_t index) const noexcept { return slots_[place(index)]; }
    [[nodiscard]] T& front() noexcept { return (*this)[0]; }
    [[nodiscard]] const T& front() const noexcept { return (*this)[0]; }
    [[nodiscard]] T& back() noexcept { return (*this)[size_ - 1]; }

    void push_back(T value) {
        if (size_ == slots_.size()) grow();
        slots_[place(size_)] = std::move(value);
        ++size_;
    }
    T pop_front() {
        auto value = std::exchange(slots_[head_], T{});
        head_ = place(1);
        --size_;
        return value;
    }
    void clear() {
        while (!empty()) (void)pop_front();
    }
    /// Frees the block of an empty queue.
    void shrink() {
        if (empty()) std::vector<T>().swap(slots_);
        if (empty()) head_ = 0;
    }

  private:
    [[nodiscard]] std::size_t place(std::size_t index) const noexcept {
        return (head_ + index) & (slots_.size() - 1);
    }
    void grow() {
        std::vector<T> larger(slots_.empty() ? 2 : 2 * slots_.size()); // a power of two
        for (std::size_t i = 0; i < size_; ++i) larger[i] = std::move((*this)[i]);
        slots_ = std::move(larger);
        head_ = 0;
    }

    std::vector<T> slots_;
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

} // namespace cortc
