#pragma once

#include "cortc/base/config.hpp"
#include "cortc/base/random.hpp"

namespace cortc::net {

/// The operating system's generator, getrandom(2), asked for a few hundred bytes at a time: a connection
/// needs small numbers often, and a call of the system for each is dear. What was given out is wiped, and a
/// process that fork(2) made begins with none of its parent's. Throws boost::system::system_error where the
/// generator is missing.
///
/// @par Thread safety
/// One thread at a time.
class os_random final : public random_source {
  public:
    os_random();
    ~os_random() override;
    void fill(byte_span out) override;

  private:
    struct store;

    store* kept_; // on a page of its own; null: there is none, and every call asks the system
};

} // namespace cortc::net

#if defined(CORTC_HEADER_ONLY)
#include "cortc/net/impl/os_random.ipp"
#endif
