#pragma once

#include "cortc/base/random.hpp"

#include <cstdint>
#include <random>

namespace cortc::support {

/// Repeats from one seed: the random source of an engine, or the dice of a test.
class seeded_random final : public random_source {
  public:
    explicit seeded_random(std::uint64_t seed) : engine_(seed) {}
    void fill(byte_span out) override {
        for (auto& byte : out) byte = static_cast<std::byte>(engine_() & 0xff);
    }
    bool chance(double probability) { return std::uniform_real_distribution<>(0, 1)(engine_) < probability; }
    /// 0 .. limit - 1.
    std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }

  private:
    std::mt19937_64 engine_;
};

} // namespace cortc::support
