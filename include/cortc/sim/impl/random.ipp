#include "cortc/sim/random.hpp"

namespace cortc::sim {

CORTC_DECL std::uint64_t seeded_random::next() noexcept {
    state_ += 0x9e3779b97f4a7c15; // Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators
    auto mixed = state_;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

CORTC_DECL void seeded_random::fill(byte_span out) {
    while (!out.empty()) {
        auto number = next();
        const auto count = out.size() < 8 ? out.size() : 8;
        for (std::size_t i = 0; i < count; ++i, number >>= 8) out[i] = static_cast<std::byte>(number & 0xff);
        out = out.subspan(count);
    }
}

} // namespace cortc::sim
