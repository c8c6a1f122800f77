#pragma once

#include <compare>
#include <cstddef>
#include <functional>

namespace cortc {

/// A number that is not interchangeable with other numbers: `using socket_id = strong<struct socket_id_tag,
/// uint32_t>`.
template <class Tag, class T>
class strong {
  public:
    using value_type = T;

    constexpr strong() noexcept = default;
    constexpr explicit strong(T value) noexcept : value_(value) {}
    [[nodiscard]] constexpr T value() const noexcept { return value_; }
    friend constexpr auto operator<=>(strong, strong) noexcept = default;

  private:
    T value_{};
};

} // namespace cortc

template <class Tag, class T>
struct std::hash<cortc::strong<Tag, T>> {
    std::size_t operator()(cortc::strong<Tag, T> id) const noexcept { return std::hash<T>{}(id.value()); }
};
