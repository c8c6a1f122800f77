#pragma once

#include "cortc/base/buffer.hpp"

#include <string_view>
#include <utility>

namespace cortc {

/// A message received on a data channel: text (UTF-8 as the peer sent it, not validated) or binary. Owns its
/// bytes; move-only.
class Message {
  public:
    Message() = default;
    /// Takes the bytes over.
    Message(bool is_text, buffer data) noexcept : data_(std::move(data)), is_text_(is_text) {}

    [[nodiscard]] bool is_text() const noexcept { return is_text_; } ///< false: binary
    ///@{
    /// What it holds, whatever is_text() says; valid until the message changes or goes.
    [[nodiscard]] std::string_view text() const noexcept { return as_text(data_.view()); }
    [[nodiscard]] byte_view data() const noexcept { return data_.view(); }
    ///@}
    /// Bytes; 0 for an empty message.
    [[nodiscard]] std::size_t size() const noexcept { return data_.size(); }

    /// Takes the storage out; the message is empty afterwards.
    [[nodiscard]] buffer release() noexcept { return std::move(data_); }

  private:
    buffer data_;
    bool is_text_ = false;
};

} // namespace cortc
