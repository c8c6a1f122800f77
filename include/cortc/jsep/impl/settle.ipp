#pragma once

#include "cortc/jsep/match.hpp"
#include "cortc/jsep/settle.hpp"
#include "cortc/jsep/simulcast.hpp"
#include "cortc/sdp/detail/text.hpp"

#include <algorithm>
#include <utility>

namespace cortc::jsep {

namespace detail {

/// Finds for each answered codec the offered one that it answers.
class codec_pairing {
  public:
    codec_pairing(const std::vector<sdp::codec>& offered, const std::vector<sdp::codec>& answered);

    /// nullptr: it answers none.
    [[nodiscard]] const sdp::codec* partner(std::size_t answered) const { return partners_[answered]; }

  private:
    template <class Fits>
    void pair(Fits fits);
    [[nodiscard]] bool retransmission_fits(const sdp::codec& offered, const sdp::codec& answered) const;

    const std::vector<sdp::codec>& offered_;
    const std::vector<sdp::codec>& answered_;
    std::vector<bool> taken_; // of those offered
    std::vector<const sdp::codec*> partners_;
};

CORTC_DECL codec_pairing::codec_pairing(const std::vector<sdp::codec>& offered,
                                        const std::vector<sdp::codec>& answered)
    : offered_(offered), answered_(answered), taken_(offered.size()), partners_(answered.size()) {
    const auto same_number = [](const auto& a, const auto& b) { return a.payload_type == b.payload_type; };
    const auto plain = [](const auto& codec) { return !codec.is("rtx"); };
    // What an answer leaves out, its number tells; the last try is for those that get it wrong.
    pair([&](const auto& a, const auto& b) {
        return plain(b) && same_number(a, b) && same_format(a, b, true);
    });
    pair([&](const auto& a, const auto& b) { return plain(b) && same_format(a, b); });
    pair([&](const auto& a, const auto& b) { return plain(b) && same_number(a, b) && same_encoding(a, b); });
    pair([&](const auto& a, const auto& b) { return b.is("rtx") && retransmission_fits(a, b); });
}

template <class Fits>
void codec_pairing::pair(Fits fits) {
    for (std::size_t i = 0; i < answered_.size(); ++i)
        for (std::size_t k = 0; k < offered_.size() && !partners_[i]; ++k)
            if (!taken_[k] && fits(offered_[k], answered_[i])) {
                taken_[k] = true;
                partners_[i] = &offered_[k];
            }
}

/// RFC 4588 8.1: both repeat the same codec, whatever each side calls it.
CORTC_DECL bool codec_pairing::retransmission_fits(const sdp::codec& offered,
                                                   const sdp::codec& answered) const {
    if (!same_encoding(offered, answered)) return false;
    const auto number = [](std::optional<std::string_view> text) {
        return text ? sdp::detail::to_number<std::uint8_t>(*text, 0, 127) : std::nullopt;
    };
    const auto written = answered.parameter("apt");
    if (!written) return offered.payload_type == answered.payload_type;
    const auto primary = number(written);
    const auto repeated = number(offered.parameter("apt"));
    for (std::size_t i = 0; i < answered_.size(); ++i)
        if (partners_[i] && answered_[i].payload_type == primary)
            return partners_[i]->payload_type == repeated;
    return false;
}

CORTC_DECL std::vector<negotiated_codec> settle_codecs(const sdp::media_description& local,
                                                       const sdp::media_description& remote, bool ours) {
    const auto offered = listed_codecs(ours ? remote : local);
    const auto answered = listed_codecs(ours ? local : remote);
    const codec_pairing pairs(offered, answered);
    std::vector<negotiated_codec> settled;
    for (std::size_t i = 0; i < answered.size(); ++i) {
        const auto* counterpart = pairs.partner(i);
        if (!counterpart) continue;
        auto own = ours ? answered[i] : *counterpart;
        const auto& theirs = ours ? *counterpart : answered[i];
        own.rtcp_fb = common_feedback(own.rtcp_fb, remote, theirs);
        settled.push_back({std::move(own), theirs.fmtp, theirs.payload_type});
    }
    return settled;
}

CORTC_DECL std::vector<sdp::extmap> settle_extensions(const std::vector<sdp::extmap>& local,
                                                      const std::vector<sdp::extmap>& remote) {
    std::vector<sdp::extmap> settled;
    for (auto own : local) {
        auto found = std::find_if(remote.begin(), remote.end(), [&](const auto& other) {
            return other.id == own.id && other.uri == own.uri;
        });
        if (found == remote.end()) continue;
        if (found->way) own.way = own.way.value_or(sdp::direction::sendrecv) & sdp::reverse(*found->way);
        settled.push_back(std::move(own));
    }
    return settled;
}

} // namespace detail

CORTC_DECL media_parameters settle_media(const sdp::session_description& local,
                                         const sdp::session_description& remote, std::size_t index,
                                         bool ours) {
    const auto& own = local.media[index];
    const auto& theirs = remote.media[index];
    media_parameters settled;
    settled.codecs = detail::settle_codecs(own, theirs, ours);
    settled.extensions = detail::settle_extensions(own.extmaps, sdp::effective_extmaps(remote, theirs));
    settled.rtcp_reduced_size = own.rtcp_rsize && theirs.rtcp_rsize;
    auto layers = common_layers(own, theirs);
    settled.rids = std::move(layers.rids);
    settled.simulcast = std::move(layers.simulcast);
    return settled;
}

} // namespace cortc::jsep
