#pragma once

#include "cortc/crypto/system_random.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace cortc::crypto {

CORTC_DECL void system_random::fill(byte_span out) {
    constexpr std::size_t most = 256; // getentropy refuses more at once
    while (!out.empty()) {
        auto part = out.first(std::min(out.size(), most));
        if (::getentropy(part.data(), part.size()) != 0)
            throw std::system_error(errno, std::generic_category(), "getentropy");
        out = out.subspan(part.size());
    }
}

} // namespace cortc::crypto
