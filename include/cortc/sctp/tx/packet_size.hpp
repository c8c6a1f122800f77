#pragma once

#include "cortc/base/config.hpp"
#include "cortc/sctp/config.hpp"
#include "cortc/sctp/timers.hpp"
#include "cortc/sctp/wire/chunks.hpp"

#include <algorithm>

namespace cortc::sctp {

/// The most user data in one DATA chunk of an association with packets of `mtu`: a packet holds two or more
/// such chunks. A TSN cannot be cut again once it is sent (RFC 9260 6.9), and IP does not fragment our
/// datagrams. So no chunk is so large that only a full packet carries it: should the path lose these, what
/// was sent goes out again in smaller ones.
[[nodiscard]] constexpr std::size_t largest_fragment(std::size_t mtu) noexcept {
    constexpr std::size_t about = 600;
    const auto count = std::max<std::size_t>(2, mtu / about + (mtu % about != 0 ? 1 : 0));
    return ((mtu - common_header_size) / count - chunk_header_size - data_fields_size) & ~std::size_t{3};
}
/// The packet that holds one of them.
[[nodiscard]] constexpr std::size_t smallest_packet(std::size_t mtu) noexcept {
    return common_header_size + chunk_header_size + data_fields_size + largest_fragment(mtu);
}

/// How large the packets of an association may be, found out by the packets themselves (RFC 8899; RFC 8831 5
/// asks for it): config.mtu at first; the smallest while the path seems to lose larger ones, or is a new one.
/// Then a HEARTBEAT padded to the full size (RFC 4820) asks whether they get through, again and again, ever
/// more seldom.
class packet_size {
  public:
    packet_size(const association_config& config, association_timers& timers) noexcept
        : full_(config.mtu & ~std::size_t{3})
        , smallest_(smallest_packet(config.mtu))
        , first_wait_(config.timings.rto_initial)
        , timers_(&timers) {}

    /// Of the next packet.
    [[nodiscard]] std::size_t limit() const noexcept { return small_ ? smallest_ : full_; }
    [[nodiscard]] std::size_t smallest() const noexcept { return smallest_; }
    [[nodiscard]] bool small() const noexcept { return small_; }

    /// A packet of this size was sent.
    void sent(std::size_t size) noexcept { large_used_ = large_used_ || size > smallest_; }
    /// What was sent does not arrive: it may be for its size.
    void doubt() noexcept;
    /// Something arrived: it is worth to ask for more.
    void works() noexcept;
    /// The path is another one.
    void path_changed() noexcept;

    [[nodiscard]] bool probe_due() const noexcept { return due_; }
    /// The probe, in an empty packet of full size.
    void write_probe(packet_builder& out, time_point now, duration rto) noexcept;
    /// False: not the answer to a probe.
    bool handle_ack(const chunk& from) noexcept;
    /// The probe was not answered in time.
    void probe_timeout() noexcept { due_ = small_; }

  private:
    static constexpr duration longest_wait = std::chrono::minutes(1);

    std::size_t full_;
    std::size_t smallest_;
    duration first_wait_;
    association_timers* timers_;
    std::uint32_t number_ = 0; // of the last probe
    duration wait_{};          // for its answer; zero: none was sent yet
    bool small_ = false;
    bool due_ = false;
    bool large_used_ = false;
};

} // namespace cortc::sctp

#if defined(CORTC_HEADER_ONLY)
#include "cortc/sctp/tx/impl/packet_size.ipp"
#endif
