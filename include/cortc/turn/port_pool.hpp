#pragma once

#include "cortc/base/random.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace cortc::turn {

/// The ports of relayed addresses: one is drawn at random (RFC 8656 7.2, 21.1.2: nobody guesses it) without
/// looking for it, however many are taken.
class port_pool {
  public:
    port_pool() = default;
    /// Both included.
    port_pool(std::uint16_t first, std::uint16_t last)
        : first_(first), free_(last - first + 1U), place_(last - first + 1U) {
        for (std::size_t i = 0; i < free_.size(); ++i) {
            free_[i] = static_cast<std::uint16_t>(first + i);
            place_[i] = static_cast<std::uint32_t>(i);
        }
    }

    [[nodiscard]] std::size_t available() const noexcept { return free_.size(); }

    /// Any free one; nothing when all are taken.
    [[nodiscard]] std::optional<std::uint16_t> take(random_source& random) {
        if (free_.empty()) return {};
        const auto port = free_[random.u32() % free_.size()];
        remove(port);
        return port;
    }
    /// An even one, with the next one if asked, which is then taken too. Nothing when a number of draws does
    /// not find one.
    [[nodiscard]] std::optional<std::uint16_t> take_even(random_source& random, bool next) {
        constexpr int draws = 64;
        for (int i = 0; i < draws && !free_.empty(); ++i) {
            const auto port = static_cast<std::uint16_t>(free_[random.u32() % free_.size()] & 0xfffe);
            const auto odd = static_cast<std::uint16_t>(port + 1);
            if (!is_free(port) || (next && !is_free(odd))) continue;
            remove(port);
            if (next) remove(odd);
            return port;
        }
        return {};
    }
    void give_back(std::uint16_t port) {
        if (port < first_ || port - first_ >= static_cast<int>(place_.size()) || is_free(port)) return;
        place_[port - first_] = static_cast<std::uint32_t>(free_.size());
        free_.push_back(port);
    }

  private:
    static constexpr std::uint32_t taken = 0xffffffff;

    [[nodiscard]] bool is_free(std::uint16_t port) const noexcept {
        return port >= first_ && port - first_ < static_cast<int>(place_.size()) &&
               place_[port - first_] != taken;
    }
    void remove(std::uint16_t port) {
        const auto at = std::exchange(place_[port - first_], taken);
        if (free_.back() != port) {
            free_[at] = free_.back();
            place_[free_[at] - first_] = at;
        }
        free_.pop_back();
    }

    std::uint16_t first_ = 0;
    std::vector<std::uint16_t> free_;  // in no order
    std::vector<std::uint32_t> place_; // of each port in free_
};

} // namespace cortc::turn
