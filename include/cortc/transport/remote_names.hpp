#pragma once

#include "cortc/base/config.hpp"
#include "cortc/mdns/service.hpp"
#include "cortc/sdp/candidate.hpp"

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cortc {

/// Remote candidates that have a name in place of an address, until it is found, or not: its peer's checks
/// may still tell where it is. That there are no more candidates waits for them.
class remote_names {
  public:
    /// A candidate with the ufrag that it came with, and its address, if that was found.
    using found = std::function<void(const std::string&, const sdp::candidate&, std::optional<ip_address>)>;
    using ended = std::function<void(const std::string&)>;

    remote_names(std::size_t limit, found on_found, ended on_ended)
        : limit_(limit), found_(std::move(on_found)), ended_(std::move(on_ended)) {}
    remote_names(const remote_names&) = delete;
    remote_names& operator=(const remote_names&) = delete;

    /// Whether it is a host candidate for UDP that has a name: those are for add().
    [[nodiscard]] static bool is_named(const sdp::candidate& candidate) noexcept;
    /// False when it is not asked for: there are too many, or `by` does not.
    bool add(mdns::service& by, const std::string& ufrag, const sdp::candidate& candidate);
    /// True when some are asked for still: ended() follows.
    [[nodiscard]] bool hold_end(const std::string& ufrag);
    void clear() noexcept;

  private:
    struct waiting {
        std::string ufrag;
        sdp::candidate candidate;
        std::unique_ptr<net::resolution> asked{};
    };

    void take(std::list<waiting>::iterator at, const result<std::vector<ip_address>>& what);
    [[nodiscard]] bool waits(std::string_view ufrag) const noexcept;

    std::size_t limit_;
    found found_;
    ended ended_;
    std::list<waiting> waiting_;
    std::vector<std::string> over_; // ufrags whose end waits
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/transport/impl/remote_names.ipp"
#endif
