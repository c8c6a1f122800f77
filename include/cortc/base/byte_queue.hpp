#pragma once

#include "cortc/base/bytes.hpp"

#include <algorithm>

namespace cortc {

/// Bytes that wait, first in, first out. Its memory grows on use and goes when it is empty.
class byte_queue {
  public:
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return storage_.size() - head_; }
    [[nodiscard]] byte_view front() const noexcept { return byte_view(storage_).subspan(head_); }

    void append(byte_view data) {
        if (head_ > storage_.size() / 2) { // what was taken makes room
            storage_.erase(storage_.begin(), storage_.begin() + static_cast<std::ptrdiff_t>(head_));
            head_ = 0;
        }
        storage_.insert(storage_.end(), data.begin(), data.end());
    }
    /// Takes away up to `count` bytes from the front.
    void drop(std::size_t count) {
        head_ += std::min(count, size());
        if (!empty()) return;
        storage_.clear();
        head_ = 0;
        if (storage_.capacity() > kept) storage_.shrink_to_fit();
    }

  private:
    static constexpr std::size_t kept = 4096;

    bytes storage_;
    std::size_t head_ = 0;
};

} // namespace cortc
