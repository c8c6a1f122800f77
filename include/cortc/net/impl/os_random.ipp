#include "cortc/net/os_random.hpp"

#include <boost/system/system_error.hpp>

#include <cerrno>

#include <sys/random.h>

namespace cortc::net {

CORTC_DECL void os_random::fill(byte_span out) {
    while (!out.empty()) {
        const auto got = ::getrandom(out.data(), out.size(), 0);
        if (got >= 0)
            out = out.subspan(static_cast<std::size_t>(got));
        else if (errno != EINTR)
            throw boost::system::system_error(errno, boost::system::system_category(), "getrandom");
    }
}

} // namespace cortc::net
