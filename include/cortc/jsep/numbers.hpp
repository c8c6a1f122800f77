#pragma once

#include "cortc/jsep/capabilities.hpp"
#include "cortc/jsep/parameters.hpp"
#include "cortc/sdp/session_description.hpp"

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Payload types and header extension ids in our offers. RFC 3264 8.3.2: a number keeps its meaning for the
/// whole session. RFC 9143 9.1 and RFC 8285 5: it means the same in every section of a BUNDLE group.
namespace cortc::jsep {

/// What the numbers in our applied descriptions meant when they were first used.
class number_history {
  public:
    void note(const sdp::session_description& ours);

    [[nodiscard]] const std::map<std::uint8_t, sdp::codec>& codecs() const noexcept { return codecs_; }
    [[nodiscard]] const std::map<std::uint16_t, std::string>& extensions() const noexcept {
        return extensions_;
    }

  private:
    std::map<std::uint8_t, sdp::codec> codecs_; // without feedback
    std::map<std::uint16_t, std::string> extensions_;
};

/// The numbers of one BUNDLE group while an offer is put together.
class group_numbers {
  public:
    /// `remote`: the peer's present description, whose numbers are left alone; may be nullptr.
    group_numbers(const number_history& history, const sdp::session_description* remote);

    /// What a section of the group has negotiated stays. All of them come before the first question.
    void take(const media_parameters& negotiated);

    /// A codec of the group that this capability matches.
    [[nodiscard]] std::optional<sdp::codec> find(const codec_capability& ours) const;
    /// The number of a codec whatever its own is: the one that means it already, else one that never meant
    /// anything. None: all are taken. `urgent`: then one that meant something else outside of the group.
    [[nodiscard]] std::optional<std::uint8_t> payload_type(const sdp::codec& wanted, bool urgent);
    /// None: those that the peer is known to take are given out.
    [[nodiscard]] std::optional<std::uint16_t> extension_id(std::string_view uri);

  private:
    [[nodiscard]] std::optional<std::uint8_t> known_payload_type(const sdp::codec& wanted) const;
    [[nodiscard]] std::optional<std::uint8_t> free_payload_type(const sdp::codec& wanted, bool urgent) const;
    [[nodiscard]] std::optional<std::uint16_t> free_extension_id() const;

    const number_history& history_;
    std::map<std::uint8_t, sdp::codec> codecs_;
    std::map<std::uint16_t, std::string> extensions_;
    std::bitset<128> remote_codecs_;
    std::bitset<256> remote_extensions_;
    std::uint16_t last_extension_ = 14;
};

/// The codecs of a section that we offer: those negotiated keep their numbers and come first, in the order of
/// the last answer, then all others that we have (RFC 9429 5.2.2), each with retransmission, and redundancy
/// and events where `ours` has them. `preferred`: the order is that of `ours`.
[[nodiscard]] std::vector<sdp::codec> offer_codecs(const std::vector<codec_capability>& ours, bool preferred,
                                                   const media_parameters* negotiated,
                                                   group_numbers& numbers);
[[nodiscard]] std::vector<sdp::extmap> offer_extensions(const std::vector<std::string>& ours,
                                                        const media_parameters* negotiated,
                                                        group_numbers& numbers);
/// Into the order of the application's preferences; a retransmission follows what it repeats.
void order_codecs(std::vector<sdp::codec>& codecs, const std::vector<codec_capability>& preferred);

} // namespace cortc::jsep

#if defined(CORTC_HEADER_ONLY)
#include "cortc/jsep/impl/numbers.ipp"
#include "cortc/jsep/impl/offer_codecs.ipp"
#endif
