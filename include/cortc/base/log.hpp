#pragma once

#include <fmt/core.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace cortc {

/// How much a line matters. `off` is above all of them: as the least level it keeps every line away.
enum class log_level { trace, debug, info, warning, error, off };

/// Which connection a line is about.
struct log_origin {
    std::uint64_t connection = 0; ///< its number in its context, from 1; 0: the line is about none
    std::string label{};          ///< what the application calls it (PeerConnection::log_label)
};

/// Receives the library's log lines. The user implements it, one of the two functions at least; a context
/// holds at most one.
class log_sink {
  public:
    log_sink() = default;
    log_sink(const log_sink&) = delete;
    log_sink& operator=(const log_sink&) = delete;
    virtual ~log_sink() = default;

    /// `component` is a folder's name ("ice", "sctp"). Called on the context's executor; must not throw. The
    /// texts are valid only during the call.
    virtual void write(log_level level, std::string_view component, std::string_view message) noexcept {
        (void)level, (void)component, (void)message;
    }
    /// The same with the connection that the line is about. What is not overridden leaves that out.
    virtual void write_from(const log_origin& origin, log_level level, std::string_view component,
                            std::string_view message) noexcept {
        (void)origin;
        write(level, component, message);
    }
};

/// What an engine holds to log with: a sink (or none), the least level and its component's name. Cheap to
/// copy; a line that is not wanted is not formatted.
class logger {
  public:
    logger() = default;
    /// Writes to `sink` (null: nowhere) what is at least `least`. `component` must outlive the logger.
    logger(log_sink* sink, log_level least, std::string_view component,
           std::shared_ptr<const log_origin> origin = {})
        : sink_(sink)
        , least_(sink ? least : log_level::off)
        , component_(component)
        , origin_(sink ? std::move(origin) : nullptr) {}

    /// The same for another component.
    [[nodiscard]] logger component(std::string_view name) const { return {sink_, least_, name, origin_}; }
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
        if (!wants(level)) return;
        const auto line = fmt::format(format, std::forward<Args>(args)...);
        sink_->write_from(origin_ ? *origin_ : log_origin{}, level, component_, line);
    }

    log_sink* sink_ = nullptr;
    log_level least_ = log_level::off;
    std::string_view component_; // a literal
    std::shared_ptr<const log_origin> origin_;
};

} // namespace cortc
