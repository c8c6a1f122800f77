#pragma once

#include "cortc/base/quoted.hpp"
#include "cortc/connection/channel.hpp"
#include "cortc/context/context_core.hpp"

#include <algorithm>
#include <utility>

namespace cortc {

CORTC_DECL channel_impl::channel_impl(std::shared_ptr<context_core> core, std::weak_ptr<channel_owner> owner,
                                      datachannel::channel_id id, datachannel::channel_parameters parameters,
                                      DataChannelState state)
    : core_(std::move(core))
    , owner_(owner.lock().get())
    , lasting_owner_(std::move(owner))
    , past_engines_(owner_ ? owner_->past_engines() : 0)
    , id_(id)
    , parameters_(std::move(parameters))
    , state_(state) {}

// The last handle may go on any thread; what nobody will read opens the peer's window again.
CORTC_DECL channel_impl::~channel_impl() {
    if (received_.empty() || lasting_owner_.expired()) return;
    std::vector<std::size_t> sizes;
    buffer_pool none(0); // the context's belongs to the context's executor
    while (!received_.empty()) sizes.push_back(received_.pop_front(none).size());
    asio::post(core_->executor(), [weak = lasting_owner_, sizes = std::move(sizes), past = past_engines_] {
        if (auto owner = weak.lock())
            for (auto size : sizes) owner->consume(size, past);
    });
}

CORTC_DECL std::optional<sctp::stream_id> channel_impl::stream() const {
    if (parameters_.id || !owner_) return parameters_.id;
    return owner_->engine().stream(id_); // known before the channel is open
}

CORTC_DECL std::size_t channel_impl::buffered_amount() const {
    std::size_t waiting = 0;
    for (std::size_t i = 0; i < sending_.size(); ++i)
        if (!sending_[i].operation->done()) waiting += sending_[i].data.size();
    return waiting + (owner_ ? owner_->engine().buffered_amount(id_) : unsent_);
}

CORTC_DECL std::optional<Error> channel_impl::error() const {
    if (!ended_) return std::nullopt;
    try {
        std::rethrow_exception(ended_);
    } catch (const Error& why) {
        if (why.code() == errc::closed) return std::nullopt;
        return why;
    }
}

CORTC_DECL void channel_impl::low_threshold(std::size_t size) {
    low_threshold_ = size;
    if (owner_) owner_->engine().set_buffered_amount_low_threshold(id_, size);
    on_buffered_amount_low();
}

// ---- levels

CORTC_DECL void channel_impl::opened(waiter_ptr<void> operation) {
    if (state_ == DataChannelState::open)
        operation->succeed();
    else if (ended_)
        operation->fail(ended_);
    else
        opened_.add(std::move(operation));
}

CORTC_DECL void channel_impl::closed(waiter_ptr<void> operation) {
    if (state_ == DataChannelState::closed)
        operation->succeed();
    else
        closed_.add(std::move(operation));
}

CORTC_DECL void channel_impl::state_changed(DataChannelState from, waiter_ptr<DataChannelState> operation) {
    if (auto now = state_; now != from)
        operation->succeed(std::move(now));
    else if (ended_)
        operation->fail(ended_);
    else
        state_changed_.add(std::move(operation));
}

CORTC_DECL void channel_impl::set_state(DataChannelState state) {
    state_ = state;
    state_changed_.succeed_all(state);
}

CORTC_DECL void channel_impl::buffered_amount_low(waiter_ptr<void> operation) {
    if (ended_)
        operation->fail(ended_);
    else if (buffered_amount() <= low_threshold_)
        operation->succeed();
    else
        low_.add(std::move(operation));
}

CORTC_DECL void channel_impl::readable(waiter_ptr<void> operation) {
    if (!received_.empty() || ended_)
        operation->succeed();
    else
        readable_.add(std::move(operation));
}

// ---- sending

CORTC_DECL void channel_impl::require_sendable(std::string_view member, std::string_view argument,
                                               std::size_t size) const {
    if (state_ != DataChannelState::open || !owner_)
        throw Error(errc::invalid_state, fmt::format("{}: the data channel {} is {}, not open", member,
                                                     in_quotes(parameters_.label), to_string(state_)));
    const auto most = owner_->engine().max_message_size();
    if (size > most)
        throw Error(errc::type, fmt::format("{}: {} has {} bytes, and the peer takes no message over {}",
                                            member, argument, size, most));
}

CORTC_DECL bool channel_impl::send_now(bool text, byte_view data) {
    const auto kind = text ? datachannel::message_kind::text : datachannel::message_kind::binary;
    switch (owner_->engine().send(id_, kind, data, core_->network().now())) {
    case datachannel::channel_send::ok:
        owner_->has_output();
        return true;
    case datachannel::channel_send::would_block:
        no_room_ = true;
        return false;
    case datachannel::channel_send::too_large:
    case datachannel::channel_send::not_open: // the association is shutting down
        break;
    }
    throw Error(errc::invalid_state,
                fmt::format("the data channel {} is closing", in_quotes(parameters_.label)));
}

// Cancelled ones stay until they come to the front, or until they are many.
CORTC_DECL void channel_impl::drop_cancelled_sends() {
    while (!sending_.empty() && sending_.front().operation->done()) (void)sending_.pop_front();
    if (sending_.size() < purge_sends_at_) return;
    for (auto left = sending_.size(); left > 0; --left) {
        auto next = sending_.pop_front();
        if (!next.operation->done()) sending_.push_back(std::move(next));
    }
    purge_sends_at_ = 2 * sending_.size() + 8;
}

CORTC_DECL void channel_impl::send(bool text, byte_view data, waiter_ptr<void> operation) {
    require_sendable("send", text ? "text" : "data", data.size());
    drop_cancelled_sends();
    if (sending_.empty() && send_now(text, data)) {
        operation->succeed();
        return;
    }
    operation->on_cancel([this] { // it counted as buffered
        if (low_.empty()) return;
        asio::post(core_->executor(), [self = shared_from_this()] { self->on_buffered_amount_low(); });
    });
    sending_.push_back({text, data, std::move(operation)});
}

CORTC_DECL bool channel_impl::try_send(bool text, byte_view data) {
    require_sendable("trySend", text ? "text" : "data", data.size());
    drop_cancelled_sends();
    return sending_.empty() && send_now(text, data);
}

CORTC_DECL void channel_impl::writable(waiter_ptr<void> operation) {
    require_sendable("writable", {}, 0);
    drop_cancelled_sends();
    if (sending_.empty() && !no_room_)
        operation->succeed();
    else
        writable_.add(std::move(operation));
}

CORTC_DECL void channel_impl::on_writable() {
    no_room_ = false;
    while (!sending_.empty()) {
        auto& first = sending_.front();
        if (!first.operation->done()) {
            try {
                if (!send_now(first.text, first.data)) return;
                first.operation->succeed();
            } catch (const Error&) {
                first.operation->fail(std::current_exception());
            }
        }
        (void)sending_.pop_front();
    }
    if (sending_.capacity() > 16) sending_.shrink();
    writable_.succeed_all();
    on_buffered_amount_low();
}

CORTC_DECL void channel_impl::fail_sends(const std::exception_ptr& why) {
    for (; !sending_.empty(); (void)sending_.pop_front()) sending_.front().operation->fail(why);
    sending_.shrink();
    writable_.fail_all(why);
}

// ---- receiving

CORTC_DECL bool channel_impl::has_reader() const {
    return (reader_ && !reader_->done()) || (batch_reader_.operation && !batch_reader_.operation->done());
}

CORTC_DECL void channel_impl::require_no_reader() const {
    if (has_reader())
        throw Error(errc::invalid_state,
                    fmt::format("another operation already receives from the data channel "
                                "{}; a channel has one reader",
                                in_quotes(parameters_.label)));
}

CORTC_DECL void channel_impl::consumed(std::size_t size) {
    if (owner_)
        owner_->consume(size, past_engines_);
    else if (auto owner = lasting_owner_.lock())
        owner->consume(size, past_engines_);
}

CORTC_DECL Message channel_impl::take_one() {
    auto first = received_.pop_front(core_->pool());
    consumed(first.size());
    return first;
}

CORTC_DECL std::size_t channel_impl::take(std::span<Message> batch) {
    std::size_t count = 0;
    for (; count < batch.size() && !received_.empty(); ++count) {
        core_->pool().release(batch[count].release());
        batch[count] = take_one();
    }
    return count;
}

CORTC_DECL void channel_impl::receive(waiter_ptr<Message> operation) {
    require_no_reader();
    if (!received_.empty())
        operation->succeed(take_one());
    else if (ended_)
        operation->fail(ended_);
    else
        reader_ = std::move(operation);
}

CORTC_DECL void channel_impl::receive(std::span<Message> batch, waiter_ptr<std::size_t> operation) {
    if (batch.empty()) throw Error(errc::type, "receive(batch): the batch has no room for a message");
    require_no_reader();
    if (!received_.empty())
        operation->succeed(take(batch));
    else if (ended_)
        operation->fail(ended_);
    else
        batch_reader_ = {batch, std::move(operation)};
}

CORTC_DECL std::optional<Message> channel_impl::try_receive() {
    if (!received_.empty()) return take_one();
    if (ended_) std::rethrow_exception(ended_);
    return std::nullopt;
}

CORTC_DECL void channel_impl::on_message(Message&& message) {
    if (auto reader = std::exchange(reader_, nullptr); reader && !reader->done()) {
        consumed(message.size());
        reader->succeed(std::move(message));
        return;
    }
    received_.push_back(std::move(message), core_->pool());
    if (batch_reader_.operation && !batch_reader_.operation->done()) {
        // The reader runs after this turn's datagrams: what they bring goes into the same batch.
        if (!std::exchange(batch_ready_, true))
            detail::post(core_->executor(), [self = shared_from_this()] { self->fill_batch(); });
    }
    readable_.succeed_all();
}

CORTC_DECL void channel_impl::fill_batch() {
    batch_ready_ = false;
    auto reader = std::exchange(batch_reader_, {});
    if (!reader.operation || reader.operation->done()) return;
    if (!received_.empty())
        reader.operation->succeed(take(reader.batch));
    else if (ended_)
        reader.operation->fail(ended_);
    else // tryReceive() was quicker
        batch_reader_ = std::move(reader);
}

// ---- the end

CORTC_DECL void channel_impl::begin_closing() {
    set_state(DataChannelState::closing);
    if (!sending_.empty() || !writable_.empty())
        fail_sends(make_error(errc::invalid_state,
                              fmt::format("the data channel {} is closing", in_quotes(parameters_.label))));
    on_buffered_amount_low();
}

CORTC_DECL void channel_impl::close() {
    if (!owner_ || state_ == DataChannelState::closing || state_ == DataChannelState::closed) return;
    begin_closing();
    owner_->engine().close(id_);
    owner_->touch();
}

CORTC_DECL void channel_impl::on_open(sctp::stream_id stream) {
    parameters_.id = stream;
    if (state_ != DataChannelState::connecting) return;
    set_state(DataChannelState::open);
    opened_.succeed_all();
}

CORTC_DECL void channel_impl::on_closing() {
    if (state_ != DataChannelState::closed) begin_closing();
}

CORTC_DECL void channel_impl::on_closed(std::exception_ptr why, std::size_t unsent) {
    if (state_ == DataChannelState::closed) return;
    ended_ = std::move(why);
    unsent_ = unsent;
    set_state(DataChannelState::closed);
    owner_ = nullptr;
    opened_.fail_all(ended_);
    low_.fail_all(ended_);
    fail_sends(ended_);
    if (received_.empty()) { // otherwise the batch reader is about to get them
        if (auto reader = std::exchange(reader_, nullptr)) reader->fail(ended_);
        if (auto reader = std::exchange(batch_reader_, {}).operation) reader->fail(ended_);
    }
    readable_.succeed_all();
    closed_.succeed_all();
    over_.store(true, std::memory_order_release);
}

CORTC_DECL void channel_impl::on_buffered_amount_low() {
    if (!low_.empty() && buffered_amount() <= low_threshold_) low_.succeed_all();
}

} // namespace cortc
