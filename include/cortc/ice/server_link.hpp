#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/result.hpp"
#include "cortc/crypto/tls_session.hpp"
#include "cortc/ice/server_url.hpp"
#include "cortc/net/network.hpp"
#include "cortc/net/send_batch.hpp"
#include "cortc/turn/framing.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace cortc::ice {

struct server_link_options {
    server_transport transport = server_transport::udp;
    endpoint server;
    std::shared_ptr<crypto::tls_session> session{}; ///< of TLS and DTLS: the client's end, not started
};

/// Who hears of a server_link. Must outlive it. Every call may destroy the link; none comes from inside a
/// call of the link's.
class server_link_user {
  public:
    /// It can be sent over, once. Not told of links that are open from the beginning.
    virtual void on_link_open() = 0;
    /// Whole messages (RFC 8656 3.7, 12.5), as the server sent them; they are gone when this returns.
    virtual void on_link_packets(std::span<const net::datagram> packets) = 0;
    /// The last call: why it could not be opened, or has ended, for a person.
    virtual void on_link_ended(const std::string& why) = 0;

  protected:
    ~server_link_user() = default;
};

/// How a TURN client reaches its server: over UDP, TCP, TLS or DTLS (RFC 8656 3.1, RFC 7350). Whoever uses it
/// need not know which.
class server_link {
  public:
    server_link() = default;
    server_link(const server_link&) = delete;
    server_link& operator=(const server_link&) = delete;
    /// Closes it; of TLS with close_notify.
    virtual ~server_link() = default;

    [[nodiscard]] virtual const endpoint& local() const noexcept = 0;
    [[nodiscard]] virtual bool is_open() const noexcept = 0;
    /// One message. Dropped and counted when it cannot be sent now.
    virtual void send(byte_view message) = 0;
    /// Media: the first `size` bytes of what batch.prepare() returned, with `header` bytes in front. Likewise
    /// dropped; over a stream already when data_limit bytes wait, so that a slow server makes no old packets
    /// and requests still pass.
    virtual void send(net::send_batch& batch, std::size_t header, std::size_t size) = 0;
    /// There is an allocation: from here on ChannelData may come. Before, over a stream, it ends the link.
    virtual void expect_channels() noexcept {}
    /// What waits in the batch for it is not sent.
    virtual void forget(net::send_batch&) noexcept {}
    [[nodiscard]] virtual std::uint64_t send_dropped() const noexcept = 0;

    /// Bytes that may wait in a stream before media is dropped.
    static constexpr std::size_t data_limit = 64 * 1024;
};

/// Begins to open one from `local`. Errors: those of bind(2) and connect(2), and protocol_not_supported where
/// TLS is wanted and there is no session, or it does not start.
[[nodiscard]] result<std::unique_ptr<server_link>> open_server_link(net::network& network,
                                                                    const endpoint& local,
                                                                    const server_link_options& options,
                                                                    server_link_user& user);

/// Takes messages out of a stream (RFC 8656 3.7, 12.5), however it is cut.
class frame_splitter {
  public:
    /// The whole messages that `data` completes, in order, as datagrams of `source`: valid until the next
    /// call, and as long as `data`. False when what follows is no message: nothing on the stream can be
    /// trusted any more.
    [[nodiscard]] bool split(byte_span data, const endpoint& source, std::vector<net::datagram>& into,
                             turn::frames may_be = turn::frames::with_channels);
    /// Bytes of a message that is not whole yet.
    [[nodiscard]] std::size_t waiting() const noexcept { return partial_.size(); }

  private:
    bytes partial_, whole_;
};

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/server_link.ipp"
#endif
