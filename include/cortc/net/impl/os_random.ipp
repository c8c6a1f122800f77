#include "cortc/net/os_random.hpp"

#include <boost/system/system_error.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include <sys/mman.h>
#include <sys/random.h>

namespace cortc::net {

/// All zero after fork(2), and so empty.
struct os_random::store {
    std::size_t left;
    std::array<std::byte, 512> bytes; // the first `left` were not given out
};

namespace detail {

CORTC_DECL void ask_system(byte_span out) {
    while (!out.empty()) {
        const auto got = ::getrandom(out.data(), out.size(), 0);
        if (got >= 0)
            out = out.subspan(static_cast<std::size_t>(got));
        else if (errno != EINTR)
            throw boost::system::system_error(errno, boost::system::system_category(), "getrandom");
    }
}

} // namespace detail

CORTC_DECL os_random::os_random() : kept_(nullptr) {
    auto* page = ::mmap(nullptr, sizeof(store), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    if (::madvise(page, sizeof(store), MADV_WIPEONFORK) == 0)
        kept_ = ::new (page) store{};
    else
        ::munmap(page, sizeof(store));
}

CORTC_DECL os_random::~os_random() {
    if (!kept_) return;
    ::explicit_bzero(kept_, sizeof(store));
    ::munmap(kept_, sizeof(store));
}

CORTC_DECL void os_random::fill(byte_span out) {
    if (!kept_ || out.size() > kept_->bytes.size()) return detail::ask_system(out);
    if (out.size() > kept_->left) {
        kept_->left = 0; // what the system refuses leaves nothing half fresh
        detail::ask_system(kept_->bytes);
        kept_->left = kept_->bytes.size();
    }
    kept_->left -= out.size();
    auto* from = kept_->bytes.data() + kept_->left;
    std::memcpy(out.data(), from, out.size());
    ::explicit_bzero(from, out.size());
}

} // namespace cortc::net
