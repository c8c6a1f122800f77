#pragma once

#include "cortc/base/endpoint.hpp"
#include "cortc/base/time.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace cortc::turn {

/// So many a second for each source address (of IPv6: each /64), with as many at once, in a memory that does
/// not grow: addresses share a place where their hashes do.
class source_limit {
  public:
    static constexpr std::size_t places = 4096;

    /// 0: none at all.
    explicit source_limit(std::uint32_t per_second) : burst_(per_second), free_at_(places) {}

    /// Whether one more is within the limit, which then counts it.
    [[nodiscard]] bool take(const ip_address& source, time_point now) noexcept {
        if (burst_ == 0) return false;
        const duration second = std::chrono::seconds(1), each = second / burst_;
        auto& free_at = free_at_[place(source)];
        const auto begin = free_at < now ? now : free_at;
        if (begin + each > now + second) return false;
        free_at = begin + each;
        return true;
    }

  private:
    [[nodiscard]] static std::size_t place(const ip_address& source) noexcept {
        if (source.is_v4()) return spread(source.to_v4().to_uint()) % places;
        const auto bytes = source.to_v6().to_bytes();
        std::uint64_t network = 0;
        for (std::size_t i = 0; i < 8; ++i) network = network << 8 | bytes[i];
        return spread(network) % places;
    }
    /// Neighbours are far apart.
    [[nodiscard]] static std::size_t spread(std::uint64_t value) noexcept {
        return static_cast<std::size_t>((value * 0x9e3779b97f4a7c15ULL) >> 40);
    }

    std::uint32_t burst_;
    std::vector<time_point> free_at_;
};

} // namespace cortc::turn
