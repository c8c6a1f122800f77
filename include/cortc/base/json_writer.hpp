#pragma once

#include "cortc/base/json.hpp"

#include <fmt/format.h>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace cortc::json {

/// Writes JSON (RFC 8259) into a string. Who calls it begins and ends what it opens.
class writer {
  public:
    explicit writer(std::string& out) : out_(out) {}

    void open(char bracket) {
        separate();
        out_ += bracket;
        first_ = true;
    }
    void close(char bracket) {
        out_ += bracket;
        first_ = false;
    }
    void key(std::string_view name) {
        separate();
        quote(name);
        out_ += ':';
        first_ = true; // the value follows at once
    }

    void value(std::string_view text) {
        separate();
        quote(text);
    }
    void value(bool yes) {
        separate();
        out_ += yes ? "true" : "false";
    }
    template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>) void value(T number) {
        separate();
        fmt::format_to(std::back_inserter(out_), "{}", static_cast<std::uint64_t>(number));
    }
    void value(std::nullptr_t) {
        separate();
        out_ += "null";
    }
    /// JSON has no infinities.
    void value(double number) {
        separate();
        if (std::isfinite(number))
            fmt::format_to(std::back_inserter(out_), "{}", number);
        else
            out_ += "null";
    }

    /// Left out when absent.
    template <class T>
    void member(std::string_view name, const T& of) {
        key(name);
        value(of);
    }
    template <class T>
    void member(std::string_view name, const std::optional<T>& of) {
        if (of) member(name, *of);
    }

    /// null when absent.
    template <class T>
    void nullable(std::string_view name, const std::optional<T>& of) {
        if (of)
            member(name, *of);
        else
            member(name, nullptr);
    }

  private:
    void separate() {
        if (!first_) out_ += ',';
        first_ = false;
    }
    void quote(std::string_view text) { append_quoted(out_, text); }

    std::string& out_;
    bool first_ = true;
};

} // namespace cortc::json
