#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/endpoint.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace cortc::ice {

struct port_range {
    std::uint16_t first = 0;
    std::uint16_t last = 0; ///< included
};

/// Which ports of a range our own sockets have, on each address: one that is free is found without asking the
/// system for those that are not.
class port_pool : public std::enable_shared_from_this<port_pool> {
  public:
    /// A port that is given back when this goes.
    class lease {
      public:
        lease() = default; ///< of none
        lease(lease&& other) noexcept
            : from_(std::move(other.from_)), address_(other.address_), port_(other.port_) {}
        lease& operator=(lease&& other) noexcept {
            lease moved(std::move(other));
            std::swap(from_, moved.from_);
            std::swap(address_, moved.address_);
            std::swap(port_, moved.port_);
            return *this;
        }
        ~lease() {
            if (from_) from_->give_back(address_, port_);
        }
        [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

      private:
        friend class port_pool;
        lease(std::shared_ptr<port_pool> from, const ip_address& address, std::uint16_t port)
            : from_(std::move(from)), address_(address), port_(port) {}

        std::shared_ptr<port_pool> from_;
        ip_address address_;
        std::uint16_t port_ = 0;
    };

    /// `begin`: where in the range to begin (modulo its size), so that programs that share one do not all
    /// fight for its first port. Always owned by a shared_ptr.
    port_pool(port_range range, std::uint32_t begin) noexcept;

    /// The next one that is free on this address; nothing: there is none, or the range is empty.
    [[nodiscard]] std::optional<lease> take(const ip_address& address);
    [[nodiscard]] std::size_t taken(const ip_address& address) const noexcept;

  private:
    struct table {
        std::vector<bool> taken;
        std::size_t count = 0, next = 0;
    };
    void give_back(const ip_address& address, std::uint16_t port) noexcept;

    port_range range_;
    std::size_t size_, begin_;
    std::map<ip_address, table> tables_; // of addresses that have sockets
};

} // namespace cortc::ice

#if defined(CORTC_HEADER_ONLY)
#include "cortc/ice/impl/port_pool.ipp"
#endif
