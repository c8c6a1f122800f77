#pragma once

#include "cortc/base/config.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace cortc::signaling::detail {

/// "ws://host:port/path?query" taken apart.
class url {
  public:
    std::string text; // as it was given
    std::string host; // as the Host header has it, with the port if there was one
    std::string name; // to be resolved
    std::uint16_t port = 80;
    std::string target = "/";
};

/// `scheme` is the one that is wanted, "ws" or "http". Throws errc::syntax, and errc::not_supported for the
/// same over TLS.
url parse_url(std::string_view text, std::string_view scheme);

/// Opens the TCP connection that a URL tells of. Owned by whichever of its steps is pending.
class dial : public std::enable_shared_from_this<dial> {
  public:
    /// What failed ("does not answer") and why; no error: the stream is connected.
    using outcome = std::function<void(std::string_view what, boost::system::error_code)>;

    /// `done` keeps the stream alive.
    dial(boost::beast::tcp_stream& stream, outcome done)
        : stream_(stream), resolver_(stream.get_executor()), done_(std::move(done)) {}

    void start(const url& where);
    /// The stream is the owner's to close.
    void cancel() {
        cancelled_ = true;
        resolver_.cancel();
    }

  private:
    void connect(const boost::asio::ip::tcp::resolver::results_type& addresses);

    boost::beast::tcp_stream& stream_;
    boost::asio::ip::tcp::resolver resolver_;
    outcome done_;
    bool cancelled_ = false;
};

} // namespace cortc::signaling::detail
