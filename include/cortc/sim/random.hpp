#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/random.hpp"

namespace cortc::sim {

/// SplitMix64: the same numbers from the same seed, on every machine. For simulations only.
class seeded_random final : public random_source {
  public:
    explicit seeded_random(std::uint64_t seed) noexcept : state_(seed) {} ///< any number will do

    void fill(byte_span out) override;
    std::uint64_t next() noexcept; ///< any number, each as likely as the others
    /// Evenly in [0, 1).
    double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    /// True with this probability; draws nothing when it is 0.
    bool chance(double probability) noexcept { return probability > 0 && unit() < probability; }

  private:
    std::uint64_t state_;
};

} // namespace cortc::sim

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sim/impl/random.ipp"
#endif
