#pragma once

#include "cortc/base/config.hpp"
#include "cortc/net/impl/handler_memory.hpp"
#include "cortc/net/network.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace cortc::net::detail {

/// The part of a timer that its pending wait keeps. A wait that ends before the deadline (it moved later
/// meanwhile) is started again; only a deadline that moves earlier costs a new one.
class asio_timer_state final : public std::enable_shared_from_this<asio_timer_state> {
  public:
    asio_timer_state(const boost::asio::any_io_executor& executor, std::function<void()> expired)
        : timer_(executor), expired_(std::move(expired)) {}

    void arm(time_point deadline);
    void cancel();

  private:
    struct on_time;

    void wait();
    void ended(std::uint64_t wait_number);

    boost::asio::steady_timer timer_;
    std::function<void()> expired_;
    time_point deadline_ = never;
    time_point waiting_until_ = never; // never: no wait is pending
    std::uint64_t wait_number_ = 0;    // completions of older waits are stale
    handler_memory<2> memory_;         // a cancelled wait may still be queued beside the current one
};

class asio_timer final : public timer {
  public:
    asio_timer(const boost::asio::any_io_executor& executor, std::function<void()> expired)
        : state_(std::make_shared<asio_timer_state>(executor, std::move(expired))) {}
    ~asio_timer() override { state_->cancel(); }

    void arm(time_point deadline) override { state_->arm(deadline); }
    void cancel() override { state_->cancel(); }

  private:
    std::shared_ptr<asio_timer_state> state_;
};

} // namespace cortc::net::detail
