#pragma once

#include "cortc/base/config.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// JSON texts (RFC 8259) as short as those of an identity assertion. What reads them is strict and bounded,
/// because a peer wrote them.
namespace cortc::json {

struct limits {
    std::size_t size = 64 * 1024; ///< bytes of the whole text
    std::size_t depth = 16;       ///< of arrays and objects in one another
    std::size_t values = 4096;    ///< in the whole text
};

enum class kind { null, boolean, number, string, array, object };

class value {
  public:
    value() = default;

    [[nodiscard]] kind type() const noexcept { return kind_; }
    /// Of a string, unescaped UTF-8; nullptr for every other kind.
    [[nodiscard]] const std::string* as_string() const noexcept {
        return kind_ == kind::string ? &text_ : nullptr;
    }
    /// Of an array; nullptr for every other kind.
    [[nodiscard]] const std::vector<value>* as_array() const noexcept {
        return kind_ == kind::array ? &items_ : nullptr;
    }
    /// The member of an object; nullptr when it has none of this name, and for every other kind.
    [[nodiscard]] const value* find(std::string_view name) const noexcept;

  private:
    friend class reader;

    kind kind_ = kind::null;
    std::string text_; // of a string; of anything else that has no items, as it was written
    std::vector<value> items_;
    std::vector<std::string> names_; // of an object's items
};

/// None when the text is not JSON, not UTF-8, over a limit, or an object has a name twice (RFC 8259 4 leaves
/// open what that means, so it must not be signed).
[[nodiscard]] std::optional<value> parse(std::string_view text, const limits& bounds = {});

/// Appends a string literal, quotation marks included. What is not UTF-8 becomes U+FFFD.
void append_quoted(std::string& out, std::string_view text);

} // namespace cortc::json

#if defined(CORTC_HEADER_ONLY)
#include "cortc/base/impl/json.ipp"
#endif
