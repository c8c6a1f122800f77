#pragma once

#include "cortc/configuration.hpp"
#include "cortc/ice/server.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// What "set the configuration" (webrtc-pc 4.4.1.5) checks. Everything here throws Error, or changes nothing.
namespace cortc::detail {

/// What WebIDL's conversion would refuse.
void check_types(const Configuration& next);
/// What cannot change once it is set.
void check_modification(const Configuration& old, const Configuration& next,
                        const std::optional<std::string>& target_identity, bool local_description_asked);
/// The servers, validated in their order, and the policy.
ice::gather_settings read_gather_settings(const Configuration& next);
/// UTF-8 without control characters, not empty: RFC 8265 4.1 as far as it does without tables of Unicode.
bool is_credential(std::string_view text) noexcept;

} // namespace cortc::detail

namespace cortc {

/// The configuration that is set, and what gathering reads from it. Every throw comes before every write.
class connection_settings {
  public:
    /// Throws what WebIDL's conversion would, and for servers and policy what setConfiguration does.
    /// `before_servers` runs between the two, as webrtc-pc 4.4.1.1 orders it.
    template <class Check>
    connection_settings(Configuration initial, Check&& before_servers) : configuration_(std::move(initial)) {
        detail::check_types(configuration_);
        before_servers(configuration_);
        read();
    }

    /// webrtc-pc 4.4.2 setConfiguration. `target_identity` is the one that the peer must have, as configured
    /// or proved.
    void set(Configuration next, const std::optional<std::string>& target_identity);
    /// setLocalDescription was called: iceCandidatePoolSize is fixed.
    void local_description_asked() noexcept { local_description_asked_ = true; }
    /// Transports to gather before they are needed; nothing: it grows no more.
    [[nodiscard]] std::optional<std::size_t> pool_size() const noexcept {
        if (local_description_asked_) return {};
        return static_cast<std::size_t>(configuration_.iceCandidatePoolSize);
    }

    [[nodiscard]] const Configuration& get() const noexcept { return configuration_; }
    [[nodiscard]] const std::shared_ptr<const ice::gather_settings>& gathering() const noexcept {
        return gathering_;
    }

  private:
    void read();

    Configuration configuration_;
    std::shared_ptr<const ice::gather_settings> gathering_;
    bool local_description_asked_ = false;
};

} // namespace cortc

#if defined(CORTC_HEADER_ONLY)
#include "cortc/connection/impl/configuration.ipp"
#endif
