#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/configuration.hpp"
#include "cortc/connection/channels.hpp"
#include "cortc/connection/configuration.hpp"
#include "cortc/connection/identity.hpp"
#include "cortc/connection/media.hpp"
#include "cortc/connection/negotiator.hpp"
#include "cortc/connection/part_owner.hpp"
#include "cortc/connection/states.hpp"
#include "cortc/connection/statistics.hpp"
#include "cortc/connection/transport_set.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace cortc {

/// What a PeerConnection owns: its parts, and the order in which they hear of what happens.
class connection final : public part_owner, private negotiator::listener, private transport_set::listener {
  public:
    /// webrtc-pc 4.4.1.1. What it throws comes before anything has been started.
    connection(std::shared_ptr<context_core> core, Configuration configuration);
    ~connection();

    [[nodiscard]] negotiator& negotiating() noexcept { return negotiator_; }
    [[nodiscard]] connection_identity& identity() noexcept { return identity_; }
    [[nodiscard]] transport_set& transports() noexcept { return transports_; }
    [[nodiscard]] connection_channels& channels() noexcept { return channels_; }
    [[nodiscard]] connection_media& media() noexcept { return media_; }
    [[nodiscard]] connection_states& states() noexcept { return states_; }
    [[nodiscard]] connection_statistics& statistics() noexcept { return statistics_; }

    /// Once, behind the constructor: gathers what is to be there ahead.
    void begin() { fill_pool(); }
    void set_configuration(Configuration next);
    [[nodiscard]] const Configuration& configuration() const noexcept { return settings_.get(); }

    void close();
    void closed(waiter_ptr<void> operation);
    /// On any thread: it is closed, and every task of it has ended.
    [[nodiscard]] bool over() const noexcept { return over_.load(std::memory_order_acquire); }

  private:
    // negotiator::listener
    void apply_session() override;
    void apply(jsep::event&& event);
    void remove_transport(jsep::transport_id id);
    void fill_pool();
    void place_media();

    // transport_set::listener
    void on_transport_state(std::string_view why) override;
    void on_gathering() override;
    void on_selected_pair(const std::optional<SelectedPair>& pair) override;
    void on_transports_ended() override;
    void end();

    connection_settings settings_;
    connection_identity identity_;
    connection_states states_;
    negotiator negotiator_;
    connection_channels channels_;
    transport_set transports_;
    connection_media media_;
    connection_statistics statistics_;
    std::optional<std::uint64_t> applied_; // the session's revision that the parts have seen
    waiter_list<void> until_over_;
    std::atomic<bool> over_ = false;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/connection.ipp"
#endif
