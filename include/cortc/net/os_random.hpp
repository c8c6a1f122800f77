#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/random.hpp"

namespace cortc::net {

/// The operating system's generator, getrandom(2). Throws boost::system::system_error where it is missing.
class os_random final : public random_source {
  public:
    void fill(byte_span out) override;
};

} // namespace cortc::net

#if defined(CORTC_HEADER_ONLY)
#include "cortc/net/impl/os_random.ipp"
#endif
