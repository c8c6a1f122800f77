#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

namespace cortc {

/// How much a line matters. `off` is above all of them: as the least level it keeps every line away.
enum class log_level { trace, debug, info, warning, error, off };

/// Receives the library's log lines. The user implements it; a context holds at most one.
class log_sink {
  public:
    log_sink() = default;
    log_sink(const log_sink&) = delete;
    log_sink& operator=(const log_sink&) = delete;
    virtual ~log_sink() = default;

    /// `component` is a folder's name ("ice", "sctp"). Called on the context's executor; must not throw. Both
    /// texts are valid only during the call.
    virtual void write(log_level level, std::string_view component, std::string_view message) noexcept = 0;
};

/// What an engine holds to log with: a sink (or none), the least level and its component's name. Cheap to
/// copy; a line that is not wanted is not formatted.
class logger {
  public:
    logger() = default;
    /// Writes to `sink` (null: nowhere) what is at least `least`. `component` must outlive the logger.
    logger(log_sink* sink, log_level least, std::string_view component)
        : sink_(sink), least_(sink ? least : log_level::off), component_(component) {}

    /// The same for another component.
    [[nodiscard]] logger component(std::string_view name) const { return {sink_, least_, name}; }
    /// Whether a line of this level would be written.
    [[nodiscard]] bool wants(log_level level) const noexcept { return level >= least_; }

    ///@{
    /// A line of this level, formatted by {fmt}.
    template <class... Args>
    void trace(fmt::format_string<Args...> format, Args&&... args) const {
        write(log_level::trace, format, std::forward<Args>(args)...);
    }
    template <class... Args>
    void debug(fmt::format_string<Args...> format, Args&&... args) const {
        write(log_level::debug, format, std::forward<Args>(args)...);
    }
    template <class... Args>
    void info(fmt::format_string<Args...> format, Args&&... args) const {
        write(log_level::info, format, std::forward<Args>(args)...);
    }
    template <class... Args>
    void warning(fmt::format_string<Args...> format, Args&&... args) const {
        write(log_level::warning, format, std::forward<Args>(args)...);
    }
    ///@}

  private:
    template <class... Args>
    void write(log_level level, fmt::format_string<Args...> format, Args&&... args) const {
        if (wants(level)) sink_->write(level, component_, fmt::format(format, std::forward<Args>(args)...));
    }

    log_sink* sink_ = nullptr;
    log_level least_ = log_level::off;
    std::string_view component_; // a literal
};

} // namespace cortc
