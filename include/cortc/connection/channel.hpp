#pragma once

#include "cortc/async/waiter.hpp"
#include "cortc/base/block_queue.hpp"
#include "cortc/base/ring.hpp"
#include "cortc/datachannel/data_channels.hpp"
#include "cortc/message.hpp"
#include "cortc/states.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <span>

namespace cortc {

class context_core;

/// Where a channel's messages go, as far as the channel knows it.
class channel_owner {
  public:
    /// The engine of every channel that lives.
    [[nodiscard]] virtual datachannel::data_channels& engine() = 0;
    /// The engine was given something to do.
    virtual void touch() = 0;
    /// The same when no event can have come of it: a message to send.
    virtual void has_output() = 0;
    /// How many engines there were before this one.
    [[nodiscard]] virtual std::uint64_t past_engines() const noexcept = 0;
    /// The application has a message of this size, from the engine that came after so many others: what is
    /// left of an engine that is gone does not open the window of the next one.
    virtual void consume(std::size_t bytes, std::uint64_t past_engines) = 0;

  protected:
    ~channel_owner() = default;
};

/// What DataChannel handles refer to. Belongs to the context's executor. The connection owns it while the
/// channel lives and tells it when that ends; afterwards it only keeps what is still to be read.
class channel_impl : public std::enable_shared_from_this<channel_impl> {
  public:
    channel_impl(std::shared_ptr<context_core> core, std::weak_ptr<channel_owner> owner,
                 datachannel::channel_id id, datachannel::channel_parameters parameters,
                 DataChannelState state);
    ~channel_impl();

    [[nodiscard]] const std::shared_ptr<context_core>& core() const noexcept { return core_; }
    [[nodiscard]] const datachannel::channel_parameters& parameters() const noexcept { return parameters_; }
    [[nodiscard]] std::optional<sctp::stream_id> stream() const;
    [[nodiscard]] DataChannelState state() const noexcept { return state_; }
    /// None while it lives, and after it was closed in order.
    [[nodiscard]] std::optional<Error> error() const;
    [[nodiscard]] std::size_t buffered_amount() const;
    [[nodiscard]] std::size_t low_threshold() const noexcept { return low_threshold_; }
    void low_threshold(std::size_t bytes);

    void opened(waiter_ptr<void> operation);
    void closed(waiter_ptr<void> operation);
    /// On any thread: it is closed.
    [[nodiscard]] bool over() const noexcept { return over_.load(std::memory_order_acquire); }
    void state_changed(DataChannelState from, waiter_ptr<DataChannelState> operation);
    void buffered_amount_low(waiter_ptr<void> operation);
    void send(bool text, byte_view data, waiter_ptr<void> operation);
    bool try_send(bool text, byte_view data);
    void writable(waiter_ptr<void> operation);
    void receive(waiter_ptr<Message> operation);
    void receive(std::span<Message> batch, waiter_ptr<std::size_t> operation);
    std::optional<Message> try_receive();
    void readable(waiter_ptr<void> operation);
    void close();

    // What the connection reports.
    void on_open(sctp::stream_id stream);
    void on_closing();
    /// `why`: what reads and opened() fail with from now on, once everything received was read. `unsent`:
    /// what buffered_amount() is from now on.
    void on_closed(std::exception_ptr why, std::size_t unsent);
    void on_message(Message&& message);
    void on_writable();
    void on_buffered_amount_low();

  private:
    struct waiting_send {
        bool text = false;
        byte_view data{};
        waiter_ptr<void> operation{};
    };
    struct batch_reader {
        std::span<Message> batch;
        waiter_ptr<std::size_t> operation;
    };

    void set_state(DataChannelState state);
    /// Throws what `member` fails with at once; `argument` is what it is to send.
    void require_sendable(std::string_view member, std::string_view argument, std::size_t size) const;
    /// False: no room.
    bool send_now(bool text, byte_view data);
    void drop_cancelled_sends();
    /// Sends that wait, and writable().
    void fail_sends(const std::exception_ptr& why);
    void begin_closing();
    std::size_t take(std::span<Message> batch);
    void fill_batch();
    Message take_one();
    /// The application has a message of this size.
    void consumed(std::size_t size);
    [[nodiscard]] bool has_reader() const;
    void require_no_reader() const;

    std::shared_ptr<context_core> core_;
    channel_owner* owner_;                       // null once the channel is closed
    std::weak_ptr<channel_owner> lasting_owner_; // whose window unread messages still occupy
    std::uint64_t past_engines_;                 // before the one whose window it is
    datachannel::channel_id id_;
    datachannel::channel_parameters parameters_;
    DataChannelState state_;
    std::size_t low_threshold_ = 0;
    std::size_t unsent_ = 0;        // once it is closed
    block_queue<Message> received_; // empty while a single reader waits
    ring<waiting_send> sending_;
    std::size_t purge_sends_at_ = 8;
    waiter_ptr<Message> reader_;
    batch_reader batch_reader_;
    bool batch_ready_ = false;
    bool no_room_ = false; // the engine will say when there is
    waiter_list<void> opened_, closed_, low_, readable_, writable_;
    waiter_list<DataChannelState> state_changed_;
    std::exception_ptr ended_;
    std::atomic<bool> over_ = false;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/channel.ipp"
#endif
