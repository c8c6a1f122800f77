#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/endpoint.hpp"
#include "cortc/net/network.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cortc::net {

/// Datagrams of one socket that another thread goes on with: a copy.
/// @private
struct parcel {
    /// @private
    struct piece {
        std::size_t begin = 0, size = 0;
        endpoint source;
        ecn mark = ecn::not_ect;
    };
    unsigned to = 0;              ///< the member, which send() fills in
    ip_address local;             ///< of the socket that received them
    std::optional<endpoint> lost; ///< that is another member's now
    bytes storage;
    std::vector<piece> pieces;

    void add(const datagram& packet);
    /// What it holds, as a socket would have it; valid as long as the parcel.
    void open(std::vector<datagram>& into);
};

/// Contexts on several threads that share one UDP port. The system gives each 5-tuple to the socket of any of
/// them, and the same one every time; who has the connection may be another. The first letter of its ICE user
/// name says who, so that the first check is passed on; who owns the 5-tuple is known to all from then on.
///
/// @par Thread safety
/// All members may be called from any thread, and none blocks for longer than another's look at a table.
class port_group {
  public:
    static constexpr unsigned most_members = 64; ///< contexts
    static constexpr std::size_t most_waiting =
        4096; ///< datagrams on their way to a member; more are dropped

    port_group() = default; ///< Nobody is a member yet: contexts join when they are made.
    port_group(const port_group&) = delete;
    port_group& operator=(const port_group&) = delete;

    ///@{
    /// @private what contexts do
    /// Takes what arrived at another member, and is called on that one's thread. Must not call the group.
    using receiver = std::function<void(parcel)>;
    /// The new member's number; nothing: there are as many as there can be.
    std::optional<unsigned> join(receiver to);
    /// `to` is not called any more when this returns.
    void leave(unsigned member);

    [[nodiscard]] bool has(unsigned member) const;

    /// The letter that its user names begin with (an ice-char).
    [[nodiscard]] static std::string prefix_of(unsigned member);
    [[nodiscard]] static std::optional<unsigned> member_of(std::string_view ufrag) noexcept;

    /// Datagrams from there to this address are the member's from now on. Returns whose they were, if another
    /// one's: it is to be told.
    std::optional<unsigned> claim(const ip_address& local, const endpoint& source, unsigned member);
    /// If they are still its own.
    void disclaim(const ip_address& local, const endpoint& source, unsigned member);
    [[nodiscard]] std::optional<unsigned> owner_of(const ip_address& local, const endpoint& source) const;

    /// False (and they are lost, as datagrams may be): there is no such member, or too many wait for it.
    bool send(unsigned to, parcel what);
    /// The member has taken so many of them.
    void taken(unsigned member, std::size_t datagrams);
    ///@}

  private:
    struct place {
        mutable std::mutex mutex;
        receiver to;
        std::size_t waiting = 0;
    };
    /// Of the owners: a stripe of the table, so that members seldom wait for each other.
    struct stripe {
        mutable std::mutex mutex;
        std::unordered_map<endpoint, std::vector<std::pair<ip_address, unsigned>>> owners; // by source
    };
    [[nodiscard]] stripe& stripe_of(const endpoint& source) noexcept {
        return stripes_[std::hash<endpoint>{}(source) % stripes_.size()];
    }
    [[nodiscard]] const stripe& stripe_of(const endpoint& source) const noexcept {
        return stripes_[std::hash<endpoint>{}(source) % stripes_.size()];
    }

    std::array<place, most_members> members_;
    std::array<stripe, 16> stripes_;
};

} // namespace cortc::net

#if defined(CORTC_HEADER_ONLY)
#include "cortc/net/impl/port_group.ipp"
#endif
