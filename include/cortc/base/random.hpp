#pragma once

#include "cortc/base/bytes.hpp"

#include <cstdint>

namespace cortc {

/// Where an engine's random numbers come from: the operating system's generator in production, one seed in a
/// simulation. Cryptographic keys never come from here (crypto has its own generator).
class random_source {
  public:
    random_source() = default;
    random_source(const random_source&) = delete;
    random_source& operator=(const random_source&) = delete;
    virtual ~random_source() = default;

    /// Overwrites all of `out` with random bytes.
    virtual void fill(byte_span out) = 0;

    ///@{
    /// Any number of so many bits, each as likely as the others.
    std::uint64_t u64() {
        std::uint64_t value = 0;
        fill(std::as_writable_bytes(std::span(&value, 1)));
        return value;
    }
    std::uint32_t u32() { return static_cast<std::uint32_t>(u64()); }
    std::uint16_t u16() { return static_cast<std::uint16_t>(u64()); }
    ///@}
};

} // namespace cortc
