#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/random.hpp"

namespace cortc::crypto {

/// The operating system's cryptographic generator. It keeps no state, so any number of threads may share one
/// and a fork repeats nothing; filling 32 bytes is one system call, well below a microsecond.
class system_random final : public random_source {
  public:
    /// Throws std::system_error when the system has no generator to offer (a kernel without getrandom).
    void fill(byte_span out) override;
};

} // namespace cortc::crypto

#if defined(CORTC_HEADER_ONLY)
#include "cortc/crypto/impl/system_random.ipp"
#endif
