#pragma once

#include "cortc/sdp/session_description.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cortc::jsep {

/// Who shares a transport with whom in one description (RFC 9143), worked out once: descriptions of hundreds
/// of sections cost no more than their length.
class bundle_layout {
  public:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    explicit bundle_layout(const sdp::session_description& content);

    /// RFC 9143 7.1.3: port 0, unless it is bundle-only inside a group.
    [[nodiscard]] bool rejected(std::size_t index) const noexcept { return places_[index].rejected; }
    /// The sections of its BUNDLE group in the group's order; itself alone if it has none.
    [[nodiscard]] std::span<const std::size_t> members(std::size_t index) const noexcept;
    [[nodiscard]] bool grouped(std::size_t index) const noexcept { return places_[index].group != none; }
    [[nodiscard]] bool same_group(std::size_t a, std::size_t b) const noexcept {
        return a == b || (grouped(a) && places_[a].group == places_[b].group);
    }
    /// The section whose ICE and DTLS lines and candidates serve this one: itself, or, when it has none or is
    /// bundle-only, the first of its group with a port.
    [[nodiscard]] std::size_t source(std::size_t index) const noexcept { return places_[index].source; }
    /// For each section the one that stands for its transport: the first of its group that is `accepted`
    /// (RFC 9143 7.3.1: the tagged section), itself without a group, `none` where it is not accepted.
    [[nodiscard]] std::vector<std::size_t> tags(const std::vector<bool>& accepted) const;

  private:
    struct entry {
        std::size_t self = 0;
        std::size_t group = none;
        std::size_t source = 0;
        bool rejected = false;
    };
    void find_groups(const sdp::session_description& content);

    std::vector<entry> places_;
    std::vector<std::vector<std::size_t>> groups_;
};

/// The ufrag that holds for a section, session level included.
[[nodiscard]] const std::optional<std::string>& ufrag_of(const sdp::session_description& content,
                                                         const bundle_layout& layout, std::size_t index);
/// All ICE and DTLS attributes that hold for it.
[[nodiscard]] sdp::transport_attributes transport_of(const sdp::session_description& content,
                                                     const bundle_layout& layout, std::size_t index);

/// Which sections of a description bring candidates for the transport whose tagged section is `tag`: those
/// that it serves, and, when the peer's own tagged section was rejected, that one too, because a peer with
/// max-bundle gathers for it alone.
[[nodiscard]] std::vector<std::size_t> candidate_sections(const sdp::session_description& content,
                                                          const bundle_layout& layout, std::size_t tag);

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/bundle.ipp"
#endif
