#pragma once

#include <exception>
#include <string>
#include <utility>

namespace cortc::crypto {

/// Stands where a C library calls back, since nothing that is thrown there may pass through its frames. The
/// library gets the answer that stands for a failure; whoever drives it asks afterwards whether something was
/// thrown. The first exception is kept.
class callback_guard {
  public:
    /// What `body` returns, or `if_thrown`.
    template <class Answer, class Body>
    Answer run(Answer if_thrown, Body&& body) noexcept {
        try {
            return std::forward<Body>(body)();
        } catch (...) {
            if (!thrown_) thrown_ = std::current_exception();
            return if_thrown;
        }
    }

    [[nodiscard]] bool threw() const noexcept { return thrown_ != nullptr; }
    /// What the exception says, for a person.
    [[nodiscard]] std::string message() const {
        try {
            if (thrown_) std::rethrow_exception(thrown_);
            return {};
        } catch (const std::exception& what) {
            return what.what();
        } catch (...) {
            return "an exception of unknown type";
        }
    }

  private:
    std::exception_ptr thrown_;
};

} // namespace cortc::crypto
