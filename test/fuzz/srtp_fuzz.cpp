#include "cortc/srtp/session.hpp"
#include "test/fuzz/input.hpp"

#include <array>
#include <map>
#include <memory>
#include <set>
#include <vector>

/// Two SRTP sessions with each other's keys. Packets of a few streams go through, late, again, changed, or
/// never were protected. What comes out went in, and comes out once; a packet that is refused is left alone.
namespace cortc::fuzz {

namespace {

using namespace std::chrono_literals;
constexpr std::size_t most_streams = 3;

struct keys {
    crypto::srtp_master_key there, back;
};
keys keys_for(crypto::srtp_profile profile) {
    const auto sizes = crypto::described(profile);
    const auto filled = [&](std::byte with) {
        return crypto::srtp_master_key{crypto::secret<crypto::max_srtp_key>(bytes(sizes.key, with)),
                                       crypto::secret<crypto::max_srtp_salt>(bytes(sizes.salt, with))};
    };
    return {filled(std::byte{1}), filled(std::byte{2})};
}
std::unique_ptr<srtp::session> make(crypto::srtp_profile profile, bool first) {
    const auto both = keys_for(profile);
    srtp::options made;
    made.profile = profile;
    made.max_streams = most_streams;
    made.silence = 5s;
    made.outbound = first ? both.there : both.back;
    made.inbound = first ? both.back : both.there;
    return srtp::session::make(made);
}

struct wire_packet {
    bytes plain, sealed;
    bool rtcp = false;
    bool taken = false;
};

class scene {
  public:
    explicit scene(input& from) : in_(from) {
        std::vector<crypto::srtp_profile> all;
        for (const auto& each : crypto::srtp_profiles)
            if (srtp::session::supports(each.profile)) all.push_back(each.profile);
        profile_ = from.pick(all);
        sender_ = make(profile_, true);
        receiver_ = make(profile_, false);
        require(sender_ && receiver_, "a supported profile makes a session");
    }
    void run() {
        for (int i = 0; i < 500 && !in_.empty(); ++i) operate();
    }

  private:
    bytes packet(bool rtcp) {
        const auto how = in_.u8();
        const auto ssrc = static_cast<std::uint32_t>(1 + (how & 7));
        const std::size_t body = in_.u8();
        bytes made;
        if (rtcp) {
            made.assign(8 + body / 4 * 4, std::byte{0x55});
            byte_writer out(made);
            out.u8(0x80);
            out.u8(200);
            out.u16(static_cast<std::uint16_t>(made.size() / 4 - 1));
            out.u32(ssrc);
            return made;
        }
        made.assign(12 + body, std::byte{0xaa});
        byte_writer out(made);
        out.u8(0x80);
        out.u8(how & 0x80 ? 0x80 | 96 : 96);
        auto& sequence = sequences_[ssrc];
        sequence = static_cast<std::uint16_t>(sequence + (how & 0x40 ? in_.u16() : 1));
        out.u16(sequence);
        out.u32(1000);
        out.u32(ssrc);
        if (how & 0x20 && body >= 12) { // an extension, some contributing sources
            made[0] = static_cast<std::byte>(0x80 | 0x10 | in_.below(16));
            for (std::size_t i = 12; i < 20; ++i) made[i] = static_cast<std::byte>(in_.u8());
        }
        return made;
    }
    void protect(bool rtcp) {
        wire_packet made;
        made.rtcp = rtcp;
        made.plain = packet(rtcp);
        made.sealed = made.plain;
        const auto room = in_.once_in(8) ? in_.below(24) : srtp::session::max_trailer;
        made.sealed.resize(made.plain.size() + room);
        const auto size = rtcp ? sender_->protect_rtcp(made.sealed, made.plain.size())
                               : sender_->protect_rtp(made.sealed, made.plain.size());
        require(sender_->outbound_streams() <= most_streams, "streams are bounded");
        if (!size) {
            require(std::equal(made.plain.begin(), made.plain.end(), made.sealed.begin()),
                    "a refused packet is unchanged");
            return;
        }
        require(*size > made.plain.size() && *size <= made.sealed.size(), "a protected packet is longer");
        made.sealed.resize(*size);
        if (packets_.size() < 64)
            packets_.push_back(std::move(made));
        else
            packets_[next_++ % 64] = std::move(made);
    }
    srtp::session::size_or_reason unprotect(bool rtcp, byte_span packet) {
        auto done = rtcp ? receiver_->unprotect_rtcp(packet) : receiver_->unprotect_rtp(packet);
        require(receiver_->inbound_streams() <= most_streams, "streams are bounded");
        return done;
    }
    void deliver() {
        if (packets_.empty()) return;
        auto& chosen = packets_[in_.u8() % packets_.size()];
        auto data = chosen.sealed;
        const auto size = unprotect(chosen.rtcp, data);
        if (!size)
            return require(size.error() == srtp::drop_reason::wrong_tag || data == chosen.sealed,
                           "a refused packet is unchanged");
        require(!chosen.taken, "a packet is taken once");
        chosen.taken = true;
        require(*size == chosen.plain.size() &&
                    std::equal(chosen.plain.begin(), chosen.plain.end(), data.begin()),
                "what comes out went in");
    }
    void forge() {
        if (packets_.empty()) return;
        const auto& chosen = packets_[in_.u8() % packets_.size()];
        auto data = chosen.sealed;
        const auto rtcp = in_.once_in(4) ? !chosen.rtcp : chosen.rtcp;
        for (int i = 1 + in_.below(3); i > 0 && !data.empty(); --i) {
            if (in_.once_in(4))
                data.resize(in_.u16() % data.size());
            else
                data[in_.u16() % data.size()] ^= static_cast<std::byte>(1u << in_.below(8));
        }
        if (data == chosen.sealed && rtcp == chosen.rtcp) return;
        require(!unprotect(rtcp, data).has_value(), "a forged packet is refused");
    }
    void operate() {
        switch (in_.below(10)) {
        case 0:
        case 1:
        case 2:
            return protect(false);
        case 3:
            return protect(true);
        case 4:
        case 5:
        case 6:
            return deliver();
        case 7:
            return forge();
        case 8: {
            const auto raw = in_.piece();
            bytes data(raw.begin(), raw.end());
            require(!unprotect(in_.once_in(2), data).has_value(), "noise is refused");
            return;
        }
        default:
            now_ += in_.u8() * 100ms;
            sender_->set_time(now_);
            receiver_->set_time(now_);
        }
    }

    input& in_;
    crypto::srtp_profile profile_{};
    std::unique_ptr<srtp::session> sender_, receiver_;
    std::vector<wire_packet> packets_;
    std::map<std::uint32_t, std::uint16_t> sequences_;
    std::size_t next_ = 0;
    time_point now_{1h};
};

} // namespace

} // namespace cortc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    cortc::fuzz::input from(data, size);
    cortc::fuzz::scene(from).run();
    return 0;
}
