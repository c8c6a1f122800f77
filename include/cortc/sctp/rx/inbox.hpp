#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/ring.hpp"
#include "cortc/sctp/config.hpp"
#include "cortc/sctp/events.hpp"
#include "cortc/sctp/stats.hpp"

namespace cortc::sctp {

/// Complete messages until the application is done with them, and the events among them. It outlives what a
/// restart of the peer replaces: what has arrived stays to be polled.
class inbox {
  public:
    inbox(const association_config& config, association_stats& stats) : config_(&config), stats_(&stats) {}

    /// Where messages are delivered to; account() has to follow.
    [[nodiscard]] ring<received_message>& messages() noexcept { return messages_; }
    void account();
    /// `in_order`: the event keeps its place among the messages.
    void emit(event what, bool in_order);

    [[nodiscard]] std::optional<received_message> poll_message();
    [[nodiscard]] std::optional<event> poll_event();
    /// Whether an event waits, perhaps for the messages before it.
    [[nodiscard]] bool has_events() const noexcept { return !events_.empty(); }

    /// What the messages that were delivered and not consumed take of the receive window.
    [[nodiscard]] std::size_t cost() const noexcept { return cost_; }
    void consume(std::size_t bytes, std::size_t messages) noexcept;
    void shrink() { messages_.shrink(); }

  private:
    struct queued_event {
        event what;
        std::uint64_t after = 0; ///< messages that have to be polled before
        bool in_order = false;
    };

    [[nodiscard]] std::uint64_t polled() const noexcept { return delivered_ - messages_.size(); }

    const association_config* config_;
    association_stats* stats_;
    ring<received_message> messages_;
    ring<queued_event> events_;
    ring<std::uint64_t> barriers_; // queued_event::after of the events that keep their place
    std::uint64_t delivered_ = 0;  // ever
    std::size_t accounted_ = 0;    // messages that are in cost_
    std::size_t cost_ = 0;
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/rx/impl/inbox.ipp"
#endif
