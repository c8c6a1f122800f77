#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/connection/channels.hpp"
#include "cortc/connection/negotiator.hpp"
#include "cortc/connection/part_owner.hpp"
#include "cortc/connection/states.hpp"
#include "cortc/connection/transport_set.hpp"
#include "cortc/stats.hpp"

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cortc {

/// getStats(). It reads what the other parts and their engines count, and changes nothing.
class connection_statistics {
  public:
    connection_statistics(part_owner& owner, const negotiator& negotiating, const transport_set& transports,
                          const connection_channels& channels, const connection_states& states)
        : owner_(owner)
        , negotiator_(negotiating)
        , transports_(transports)
        , channels_(channels)
        , states_(states) {}

    void get(waiter_ptr<StatsReport> operation);
    /// The report that get() gives after close(), which follows.
    void keep();

  private:
    [[nodiscard]] StatsReport collect(bool closing);
    [[nodiscard]] std::string stats_id(std::string_view type, std::initializer_list<std::uint64_t> object);
    [[nodiscard]] std::string transport_stats_id(jsep::transport_id id);
    [[nodiscard]] std::string candidate_stats_id(jsep::transport_id id, const ice::candidate_statistics& of);
    [[nodiscard]] double timestamp(time_point at) const noexcept;
    template <class T>
    void report_object(StatsReport& report, std::string id, T&& object);

    void collect_transport(StatsReport& report, jsep::transport_id id, const transport_set::entry& entry,
                           bool closing);
    void collect_certificates(StatsReport& report, jsep::transport_id id, const transport_set::entry& entry,
                              TransportStats& into);
    [[nodiscard]] std::string collect_certificate(StatsReport& report, byte_view der);
    void collect_pairs(StatsReport& report, jsep::transport_id id, const transport_set::entry& entry,
                       TransportStats& into);
    void collect_candidate(StatsReport& report, jsep::transport_id id, const ice::candidate_statistics& from);
    void collect_sctp(StatsReport& report, jsep::transport_id id);
    void collect_restart(StatsReport& report, jsep::transport_id id, const transport_set::entry& entry);
    void collect_drops(StatsReport& report, jsep::transport_id id, const transport_set::entry& entry);
    void collect_channels(StatsReport& report, bool closing);
    void collect_codecs(StatsReport& report);

    part_owner& owner_;
    const negotiator& negotiator_;
    const transport_set& transports_;
    const connection_channels& channels_;
    const connection_states& states_;
    std::optional<std::uint64_t> salt_; // since the first report
    std::unique_ptr<StatsReport> last_; // since close()
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/statistics.ipp"
#endif
