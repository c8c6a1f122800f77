#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <unistd.h>

/// What the demo prints: one line an event, the time since the start before it. Colours on a terminal only.
class report {
  public:
    explicit report(bool quiet)
        : quiet_(quiet), colours_(isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR")) {}

    using clock = std::chrono::steady_clock;
    [[nodiscard]] double ms() const { return ms(start_); }
    [[nodiscard]] static double ms(clock::time_point since) {
        return std::chrono::duration<double, std::milli>(clock::now() - since).count();
    }

    template <class... Args>
    void line(std::string_view who, std::string_view what, fmt::format_string<Args...> detail,
              Args&&... args) const {
        if (quiet_) return;
        const auto text = fmt::format(detail, std::forward<Args>(args)...);
        auto line = fmt::format("{}{:9.2f} ms{}  {}{:8}{}  {:11} {}", colour("\033[2m"), ms(),
                                colour("\033[0m"), colour(who == "offerer" ? "\033[36m" : "\033[35m"), who,
                                colour("\033[0m"), what, text);
        line.resize(line.find_last_not_of(' ') + 1);
        fmt::print("{}\n", line);
    }

  private:
    [[nodiscard]] std::string_view colour(std::string_view code) const { return colours_ ? code : ""; }

    bool quiet_;
    bool colours_;
    clock::time_point start_ = clock::now();
};
