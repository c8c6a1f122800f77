#pragma once

#include "cortc/base/config.hpp"
#include "cortc/net/network.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/udp.hpp>

#include <memory>
#include <string>

namespace cortc::net::detail {

/// Outlives the resolution while getaddrinfo(3) runs.
class asio_resolution_state : public std::enable_shared_from_this<asio_resolution_state> {
  public:
    asio_resolution_state(const boost::asio::any_io_executor& executor, resolved done)
        : resolver_(executor), done_(std::move(done)) {}

    void start(const std::string& host);
    void cancel();

  private:
    void ended(const boost::system::error_code& error,
               const boost::asio::ip::udp::resolver::results_type& found);

    boost::asio::ip::udp::resolver resolver_;
    resolved done_; // null: cancelled, or told
};

class asio_resolution final : public resolution {
  public:
    explicit asio_resolution(std::shared_ptr<asio_resolution_state> state) : state_(std::move(state)) {}
    ~asio_resolution() override { state_->cancel(); }

  private:
    std::shared_ptr<asio_resolution_state> state_;
};

} // namespace cortc::net::detail
