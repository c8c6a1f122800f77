#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/stun/types.hpp"

#include <cstddef>
#include <optional>

namespace cortc::turn {

/// What may come over a stream to a TURN server, or from it.
enum class frames { stun_only, with_channels };

/// RFC 8656 3.7, 12.5: what begins with `start` on a stream to a server is a STUN message or ChannelData
/// padded to a multiple of four. Its size with the padding; 0 when it is neither, after which nothing on the
/// stream can be trusted; nothing while fewer than four bytes are there. At most 65,540. Before there is an
/// allocation there are no channels: what looks like one ("HTTP/1.1", say) is neither.
[[nodiscard]] inline std::optional<std::size_t> frame_size(byte_view start,
                                                           frames may_be = frames::with_channels) noexcept {
    if (start.size() < 4) return {};
    if (may_be == frames::stun_only || std::to_integer<unsigned>(start[0]) >> 6 != 1)
        return stun::framed_size(start).value_or(0);
    byte_reader in(start.subspan(2));
    return 4 + (std::size_t(in.u16()) + 3) / 4 * 4;
}

} // namespace cortc::turn
