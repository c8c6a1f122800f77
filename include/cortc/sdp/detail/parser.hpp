#pragma once

#include "cortc/sdp/limits.hpp"
#include "cortc/sdp/session_description.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace cortc::sdp::detail {

/// One pass over a description, a line at a time. Every step returns false once it has said why in error_.
class parser {
  public:
    parser(std::string_view text, const limits& bounds) : rest_(text), bounds_(bounds) {}

    result<session_description, error> run();

  private:
    using handler = bool (parser::*)(std::string_view value);
    /// Where an attribute goes; without a handler for the level it stands at, it is kept as unknown.
    struct entry {
        std::string_view name;
        handler session = nullptr;
        handler media = nullptr;
        bool has_value = true;
    };
    static const entry* find_entry(std::string_view name) noexcept;

    bool fail(std::string message);
    bool adopt(error why);
    bool fail_duplicate(std::string_view what);
    template <class T>
    bool set(std::optional<T>& place, std::string_view what, T value);
    template <class T>
    bool append(std::vector<T>& list, result<T, error> value);
    template <class T>
    bool assign(std::optional<T>& place, std::string_view what, result<T, error> value);
    bool set_text(std::optional<std::string>& place, std::string_view what, std::string_view value);

    // lines (parse.ipp)
    bool next_line(std::string_view& line);
    bool check_line(std::string_view line);
    bool leading_line(char type, std::string_view value);
    bool session_line(char type, std::string_view value);
    bool media_line(char type, std::string_view value);
    bool finish_session_part();
    bool origin_line(std::string_view value);
    bool timing_line(std::string_view value);
    bool bandwidth_line(std::vector<bandwidth>& list, std::string_view value);
    bool start_section(std::string_view value);
    bool section_port(std::string_view text, media_description& section);
    bool section_format(std::string_view format);
    bool attribute_line(std::string_view value);

    // attributes (parse_attributes.ipp)
    transport_attributes& transport() { return section_ ? section_->transport : out_.transport; }
    codec* codec_for(std::string_view payload_type);
    bool keep(std::string_view value);
    bool mark(bool& flag);

    bool on_group(std::string_view value);
    bool on_msid_semantic(std::string_view value);
    bool on_ice_lite(std::string_view value);
    bool on_ice_pacing(std::string_view value);
    bool on_identity(std::string_view value);
    bool on_extmap_allow_mixed(std::string_view value);
    bool on_extmap(std::string_view value);
    bool on_direction(std::string_view value);
    bool on_end_of_candidates(std::string_view value);
    bool on_ice_ufrag(std::string_view value);
    bool on_ice_pwd(std::string_view value);
    bool on_ice_options(std::string_view value);
    bool on_fingerprint(std::string_view value);
    bool on_tls_id(std::string_view value);
    bool on_setup(std::string_view value);
    bool on_rtcp(std::string_view value);
    bool on_candidate(std::string_view value);
    bool on_mid(std::string_view value);
    bool on_bundle_only(std::string_view value);
    bool on_msid(std::string_view value);
    bool on_rtcp_mux(std::string_view value);
    bool on_rtcp_mux_only(std::string_view value);
    bool on_rtcp_rsize(std::string_view value);
    bool on_rtcp_xr(std::string_view value);
    bool on_rtpmap(std::string_view value);
    bool on_fmtp(std::string_view value);
    bool on_rtcp_fb(std::string_view value);
    bool on_ssrc_group(std::string_view value);
    bool on_ssrc(std::string_view value);
    bool on_rid(std::string_view value);
    bool on_simulcast(std::string_view value);
    bool on_sctp_port(std::string_view value);
    bool on_max_message_size(std::string_view value);
    bool on_sctpmap(std::string_view value);

    static constexpr std::int16_t no_codec = -1;

    std::string_view rest_;
    limits bounds_;
    error error_;
    session_description out_;
    media_description* section_ = nullptr; ///< the one being filled; null at session level
    bool section_is_rtp_ = false;
    std::size_t attributes_ = 0;                  ///< in this section, or at session level
    std::string_view attribute_;                  ///< the whole a= line being parsed, after "a="
    std::array<std::int16_t, 128> codec_index_{}; ///< payload type to place in section_->codecs
    std::unordered_set<std::string_view> mids_;
};

template <class T>
bool parser::set(std::optional<T>& place, std::string_view what, T value) {
    if (place) return *place == value || fail_duplicate(what); // the same again says nothing new
    place = std::move(value);
    return true;
}

template <class T>
bool parser::append(std::vector<T>& list, result<T, error> value) {
    if (!value) return adopt(value.error());
    list.push_back(std::move(*value));
    return true;
}

template <class T>
bool parser::assign(std::optional<T>& place, std::string_view what, result<T, error> value) {
    if (!value) return adopt(value.error());
    return set(place, what, std::move(*value));
}

} // namespace cortc::sdp::detail
