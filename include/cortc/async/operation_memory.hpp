#pragma once

#include "cortc/base/config.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

/// Memory of operations that end soon, so that a steady flow of them allocates nothing. Asio has a cache of
/// its own, of two blocks; an await of a channel takes five at a time.
namespace cortc::detail {

namespace asio = boost::asio;

/// The blocks of ended operations, kept by each thread for its next ones: at most 18 KiB. A block may be
/// given back on another thread than it was taken on, and on one that is ending: they are all of operator
/// new.
class operation_memory {
  public:
    static void* allocate(std::size_t size);
    static void deallocate(void* block, std::size_t size) noexcept;

  private:
    static constexpr std::size_t granularity = 64, classes = 8, kept = 8;

    struct list {
        std::array<void*, kept> blocks;
        std::size_t count = 0;
    };
    struct cache {
        std::array<list, classes> lists;
        ~cache();
    };
    static std::size_t class_of(std::size_t size) noexcept { return (size - 1) / granularity; }
    /// The list of this thread for the class; null where nothing is kept.
    static list* mine(std::size_t index);
    /// The thread is at its end and has given its blocks back.
    static bool& ended() noexcept;
};

template <class T>
struct operation_allocator {
    using value_type = T;
    operation_allocator() noexcept = default;
    template <class U>
    operation_allocator(const operation_allocator<U>&) noexcept {}

    T* allocate(std::size_t count) {
        static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
        return static_cast<T*>(operation_memory::allocate(count * sizeof(T)));
    }
    void deallocate(T* at, std::size_t count) noexcept {
        operation_memory::deallocate(at, count * sizeof(T));
    }
    friend bool operator==(operation_allocator, operation_allocator) noexcept { return true; }
};

/// The function or handler with this memory, unless it brings an allocator of its own.
template <class Function>
auto with_memory(Function&& function) {
    using plain = std::decay_t<Function>;
    if constexpr (std::is_same_v<asio::associated_allocator_t<plain>, std::allocator<void>>)
        return asio::bind_allocator(operation_allocator<void>(), std::forward<Function>(function));
    else
        return plain(std::forward<Function>(function));
}

/// Calls `use` with the executor, if it is an io_context's with its own type: an any_io_executor takes no
/// allocator.
template <class Use>
void with_concrete(const asio::any_io_executor& executor, Use&& use) {
    using plain = asio::io_context::executor_type;
    using tracked = std::decay_t<decltype(asio::prefer(std::declval<plain>(),
                                                       asio::execution::outstanding_work.tracked))>;
    if (const auto* io = executor.target<plain>())
        use(*io);
    else if (const auto* working = executor.target<tracked>())
        use(*working);
    else
        use(executor);
}

/// asio::post and asio::dispatch of a function.
template <class Function>
void post(const asio::any_io_executor& executor, Function function) {
    with_concrete(executor, [&](const auto& to) { asio::post(to, with_memory(std::move(function))); });
}
template <class Function>
void dispatch(const asio::any_io_executor& executor, Function function) {
    with_concrete(executor, [&](const auto& to) { asio::dispatch(to, with_memory(std::move(function))); });
}

} // namespace cortc::detail

#if defined(CORTC_HEADER_ONLY)
#include "cortc/async/impl/operation_memory.ipp"
#endif
