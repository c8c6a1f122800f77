#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/log.hpp"
#include "cortc/connection/channel.hpp"
#include "cortc/connection/negotiation.hpp"
#include "cortc/connection/part_owner.hpp"
#include "cortc/connection/transport_set.hpp"
#include "cortc/connection/transport_view.hpp"
#include "cortc/data_channel.hpp"
#include "cortc/datachannel/data_channels.hpp"
#include "cortc/jsep/session.hpp"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace cortc {

/// The data channels of a connection and the SctpTransport under them. There is an engine from the first
/// channel or the first data section on; it is replaced when the data section's transport went.
class connection_channels final : public channel_owner, public channel_events, private totals_source {
  public:
    connection_channels(part_owner& owner, negotiation& negotiating, jsep::session& session);

    /// createDataChannel.
    std::shared_ptr<channel_impl> create(std::string label, DataChannelInit init);
    [[nodiscard]] event_stream<DataChannel>& incoming() noexcept { return incoming_; }

    // What descriptions do.
    /// `role`: of the transport's DTLS (RFC 8832 6: it decides over stream ids), when it is known.
    void attach(const std::shared_ptr<transport>& where, std::optional<dtls_role> role,
                const jsep::sctp_parameters& parameters);
    /// The data section is gone, its transport goes on with the others: the channels close.
    void end();
    /// A transport was closed: if it was ours, the channels went with it, and a later one starts afresh.
    void transport_removed(const std::shared_ptr<transport>& gone);
    /// webrtc-pc 4.4.1.5 "set a description": the SctpTransport comes with the offer that describes one, and
    /// goes with the answer that rejects it or the rollback that takes the offer back. `over`: null when
    /// there is no data section.
    void sync(const std::shared_ptr<transport_impl>& over);
    /// First at close(), before the transports end: the SctpTransport is over, and what channels have
    /// buffered stays so.
    void begin_close();
    /// Every channel closes.
    void close(const std::exception_ptr& why);
    /// After that, when the transports have ended too: nothing is counted any more.
    void leave() noexcept { counts_.leave(); }

    // What can be asked.
    [[nodiscard]] std::optional<std::uint16_t> max_channels() const;
    [[nodiscard]] std::optional<std::size_t> max_message_size() const;
    /// Null while there is no data section.
    [[nodiscard]] const std::shared_ptr<sctp_impl>& view() const noexcept { return view_; }

    // For reports.
    /// Null without an engine.
    [[nodiscard]] const datachannel::data_channels* engine_or_null() const noexcept { return engine_.get(); }
    [[nodiscard]] bool runs_over(const transport& which) const noexcept { return transport_.get() == &which; }
    [[nodiscard]] const std::unordered_map<datachannel::channel_id, std::shared_ptr<channel_impl>>&
    all() const noexcept {
        return channels_;
    }
    /// Of this engine and those that are gone.
    [[nodiscard]] std::uint64_t opened() const noexcept;
    [[nodiscard]] std::uint64_t closed() const noexcept;
    /// Of this engine.
    void append_drops(std::vector<drop_count>& into) const;

  private:
    void add_to(context_totals& all) const override;
    // channel_owner
    [[nodiscard]] datachannel::data_channels& engine() override;
    void touch() override;
    void has_output() override;
    [[nodiscard]] std::uint64_t past_engines() const noexcept override { return past_engines_; }
    void consume(std::size_t bytes, std::uint64_t past_engines) override;
    // channel_events
    void on_channel_event(datachannel::channel_event&& event) override;
    void on_channel_message(datachannel::incoming_message&& message) override;
    void on_dtls_over(const std::shared_ptr<transport_impl>& view) override;

    void end_view();
    [[nodiscard]] std::shared_ptr<channel_impl> find(datachannel::channel_id id) const;
    void adopt(datachannel::channel_incoming&& incoming);
    void end_channel(const datachannel::channel_closed& closed);
    void keep_buffered();
    void drop_engine();

    part_owner& owner_;
    negotiation& negotiation_;
    jsep::session& session_;
    logger log_;
    std::unique_ptr<datachannel::data_channels> engine_;
    std::shared_ptr<transport> transport_; // that the engine is attached to
    std::shared_ptr<sctp_impl> view_;
    std::unordered_map<datachannel::channel_id, std::shared_ptr<channel_impl>> channels_;
    /// What was not sent when the engine was ended.
    std::unordered_map<datachannel::channel_id, std::size_t> unsent_;
    std::unordered_map<datachannel::channel_id, std::exception_ptr> errors_; // of channels about to close
    std::uint64_t past_engines_ = 0;
    std::uint64_t past_opened_ = 0; // of engines that are gone
    std::uint64_t past_closed_ = 0;
    context_totals past_; // of engines that are gone
    event_stream<DataChannel> incoming_;
    totals_entry counts_;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/channels.ipp"
#endif
