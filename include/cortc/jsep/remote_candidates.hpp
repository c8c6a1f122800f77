#pragma once

#include "cortc/base/fifo.hpp"
#include "cortc/base/log.hpp"
#include "cortc/jsep/events.hpp"
#include "cortc/jsep/model.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cortc::jsep {

/// The peer's candidates: which section and generation each belongs to, and what ICE was told of them. Where
/// they go is worked out once for each change of the model, so that one that trickles in costs no more than
/// itself.
class remote_candidates {
  public:
    /// `limit`: for each use that candidates have, of one section, and of those that ICE is told of one
    /// generation; 16 times that of one description. What comes beyond it is ignored.
    remote_candidates(logger log, std::size_t limit) : log_(log), limit_(limit) {}

    /// After every change: tells what the applied remote descriptions hold for paired generations and was not
    /// told yet. `base` is the last stable state.
    void follow(const model& now, const model& base, fifo<event>& events);
    /// addIceCandidate, once there is a remote description. operation, in the W3C's order: no such section;
    /// no such generation; malformed. One that ICE cannot use joins the text and is not told.
    [[nodiscard]] outcome<void> add(const model& now, const candidate_init& init, fifo<event>& events);

  private:
    /// What ICE knows of a remote generation.
    struct told {
        transport_id transport;
        std::string ufrag;
        std::vector<std::string> candidates;
        trickled_candidates::count count{};
        bool done = false;
    };
    /// A generation that a section of a description brings candidates for.
    struct feed {
        std::size_t known = 0; // in told_
        bool ends = false;     // its end of candidates counts
    };
    struct place {
        std::optional<std::string_view> ufrag; // of the section's generation, in the description's content
        bool takes = false;                    // it is accepted, or serves the transport of one that is
        std::vector<feed> feeds;
    };
    static constexpr std::array<std::optional<applied> model::*, 2> slots{&model::current_remote,
                                                                          &model::pending_remote};
    /// A description keeps as many as this many full sections. Each has a text of some kilobytes at most.
    static constexpr std::size_t sections_of_limit = 16;
    /// A section of an applied remote description.
    struct target {
        std::size_t slot = 0;
        std::size_t section = 0;
    };

    void forget(const model& now, const model& base);
    void find_places(const model& now, std::size_t slot, const bundle_layout& layout);
    void connect(const transport_state& transport, const applied& remote, std::size_t slot,
                 const bundle_layout& layout, std::size_t tag, fifo<event>& events);
    [[nodiscard]] std::size_t told_of(const transport_state& transport);
    void tell(told& known, const sdp::candidate& candidate, fifo<event>& events);
    void tell_end(told& known, fifo<event>& events);

    [[nodiscard]] static std::size_t latest(const model& now) noexcept { return now.pending_remote ? 1 : 0; }
    [[nodiscard]] outcome<std::vector<std::size_t>> sections_of(const model& now,
                                                                const candidate_init& init) const;
    [[nodiscard]] std::vector<target> targets(const model& now, const std::vector<std::size_t>& sections,
                                              std::optional<std::string_view> ufrag) const;
    void add_at(const model& now, const target& where, const sdp::candidate& candidate, fifo<event>& events);
    void keep(const applied& remote, std::size_t section, const sdp::candidate& candidate) const;
    void end_at(const model& now, const std::vector<target>& where, fifo<event>& events);

    logger log_;
    std::size_t limit_;
    std::vector<told> told_;
    std::array<std::vector<place>, 2> places_; // by slot and section
};

/// RFC 8839 5.1 lets candidates be written that no agent here can use: another component than 1 (RTCP is
/// multiplexed), an unknown transport or type, TCP without a tcptype, an address with a zone or in brackets,
/// one that nothing can be sent to.
[[nodiscard]] candidate_use use_of(const sdp::candidate& candidate);

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/remote_candidates.ipp"
#endif
