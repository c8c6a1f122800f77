#include "cortc/net/impl/asio_timer.hpp"

namespace cortc::net::detail {

struct asio_timer_state::on_time {
    using allocator_type = handler_allocator<void, 2>;

    std::shared_ptr<asio_timer_state> state;
    std::uint64_t wait_number;

    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(state->memory_); }
    void operator()(boost::system::error_code) const { state->ended(wait_number); }
};

CORTC_DECL void asio_timer_state::arm(time_point deadline) {
    if (deadline == never) return cancel();
    deadline_ = deadline;
    if (waiting_until_ > deadline) wait();
}

CORTC_DECL void asio_timer_state::cancel() {
    deadline_ = never;
    if (waiting_until_ == never) return;
    waiting_until_ = never;
    ++wait_number_;
    timer_.cancel();
}

CORTC_DECL void asio_timer_state::wait() {
    waiting_until_ = deadline_;
    timer_.expires_at(std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(deadline_.time_since_epoch())));
    timer_.async_wait(on_time{shared_from_this(), ++wait_number_});
}

CORTC_DECL void asio_timer_state::ended(std::uint64_t wait_number) {
    if (wait_number != wait_number_) return;
    if (deadline_.time_since_epoch() > std::chrono::steady_clock::now().time_since_epoch()) return wait();
    deadline_ = never;
    waiting_until_ = never;
    expired_(); // may destroy the timer; the completed wait keeps the state until it returns
}

} // namespace cortc::net::detail
