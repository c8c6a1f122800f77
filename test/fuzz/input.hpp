#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/log.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string_view>

/// dice.cpp, where it is linked.
extern "C" [[gnu::weak]] void cortc_fuzz_begin();

/// What the programs of test/fuzz share. Each is one LLVMFuzzerTestOneInput(), whose input decides everything
/// that happens: an input that fails once fails always.
namespace cortc::fuzz {

/// Ends the program, and names the rule that was broken.
inline void require(bool good, const char* rule,
                    std::source_location where = std::source_location::current()) {
    if (good) return;
    std::fprintf(stderr, "%s:%u: broken: %s\n", where.file_name(), static_cast<unsigned>(where.line()), rule);
    std::abort();
}

/// Everything random begins again; keys that are made once are to be made before.
inline void begin() {
    if (cortc_fuzz_begin) cortc_fuzz_begin();
}

/// The log of an engine, when the environment variable CORTC_TEST_LOG is set: to see what an input does.
inline logger log_of(std::string_view name) {
    class printer final : public log_sink {
        void write(log_level, std::string_view component, std::string_view text) noexcept override {
            std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(component.size()), component.data(),
                         static_cast<int>(text.size()), text.data());
        }
    };
    static printer sink;
    static const bool wanted = std::getenv("CORTC_TEST_LOG") != nullptr;
    return wanted ? logger(&sink, log_level::trace, name) : logger();
}

/// The input, taken apart from its front. When there is no more, numbers are zero and texts empty.
class input {
  public:
    input(const std::uint8_t* data, std::size_t size)
        : rest_(reinterpret_cast<const std::byte*>(data), size) {}

    [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }
    std::uint8_t u8() noexcept {
        if (rest_.empty()) return 0;
        const auto first = std::to_integer<std::uint8_t>(rest_.front());
        rest_ = rest_.subspan(1);
        return first;
    }
    std::uint16_t u16() noexcept {
        const auto high = u8();
        return static_cast<std::uint16_t>(high << 8 | u8());
    }
    std::uint32_t u32() noexcept {
        const auto high = u16();
        return static_cast<std::uint32_t>(high) << 16 | u16();
    }
    /// 0 .. limit - 1; the limit is at most 256.
    std::uint8_t below(unsigned limit) noexcept { return static_cast<std::uint8_t>(u8() % limit); }
    /// One time in `many`.
    bool once_in(unsigned many) noexcept { return below(many) == many - 1; }
    /// As many as there are, at most.
    byte_view take(std::size_t size) noexcept {
        const auto front = rest_.first(std::min(size, rest_.size()));
        rest_ = rest_.subspan(front.size());
        return front;
    }
    /// Its length is the first byte.
    byte_view piece() noexcept { return take(u8()); }
    std::string_view text() noexcept { return as_text(piece()); }
    byte_view rest() noexcept { return take(rest_.size()); }

    template <class List>
    const auto& pick(const List& from) noexcept {
        return *(std::begin(from) + below(static_cast<unsigned>(std::size(from))));
    }

  private:
    byte_view rest_;
};

} // namespace cortc::fuzz
