#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/log.hpp"
#include "cortc/base/result.hpp"
#include "cortc/mdns/engine.hpp"
#include "cortc/net/network.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cortc::mdns {

struct service_options {
    /// Where it asks and answers.
    std::function<std::vector<net::interface_address>()> interfaces;
    /// Is told how many messages had no effect; may be empty.
    std::function<void(drop_reason, std::size_t)> dropped = {};
    logger log = {};
    engine_limits limits = {};
};

/// A name that stands for an address as long as this lives.
class published_name {
  public:
    published_name() = default;
    published_name(const published_name&) = delete;
    published_name& operator=(const published_name&) = delete;
    virtual ~published_name() = default;

    [[nodiscard]] virtual const std::string& name() const noexcept = 0;
};

/// Names ending in `.local` over a network's multicast: the engine, with its sockets and its timer. Sockets
/// are open only while a name is asked for or published.
class service final : public std::enable_shared_from_this<service>, private net::datagram_handler {
  public:
    /// The network must outlive it.
    service(net::network& network, service_options options);
    service(const service&) = delete;
    service& operator=(const service&) = delete;
    ~service();

    /// Finds the addresses of a name, or that there are none, within query_limit. `done` is called once,
    /// never from inside, unless what is returned is destroyed before. Null, and nothing is called, when it
    /// is not asked for: see engine::ask(), or there is no way to ask.
    [[nodiscard]] std::unique_ptr<net::resolution> resolve(std::string_view name, net::resolved done);
    /// A new name for the address. Errors: that of network::open_multicast(), and no_buffer_space when there
    /// are too many.
    [[nodiscard]] result<std::unique_ptr<published_name>> publish(const net::interface_address& what);

    [[nodiscard]] const engine& state() const noexcept { return engine_; }
    [[nodiscard]] std::size_t open_links() const noexcept { return links_.size(); }

  private:
    class asking;
    class telling;
    struct link {
        link_id id;
        std::string interface;
        bool v6;
        std::unique_ptr<net::udp_socket> socket;
    };

    void update_links();
    void handle_batch(net::udp_socket& socket, std::span<const net::datagram> batch) override;
    void drain();
    void count_drops();
    void forget(asking& which) noexcept;
    /// drain(), for who cannot be told an error.
    void settle() noexcept;

    net::network& network_;
    service_options options_;
    engine engine_;
    std::vector<link> links_;
    boost::system::error_code why_not_; // there are none
    std::vector<asking*> asking_;
    std::unique_ptr<net::timer> timer_;
    std::array<std::uint64_t, static_cast<std::size_t>(drop_reason::count)> counted_{};
    std::uint32_t last_link_ = 0;
};

} // namespace cortc::mdns

#if defined(CORTC_HEADER_ONLY)
#include "cortc/mdns/impl/service.ipp"
#endif
