#pragma once

#include "cortc/async/waiter.hpp"

#include <boost/asio/execution_context.hpp>

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace cortc {

namespace detail {

/// What somebody else owns, as long as it lives.
template <class T>
struct living {
    std::vector<std::weak_ptr<T>> known;
    std::size_t purge_at = 16;

    void add(const std::shared_ptr<T>& made) {
        if (known.size() >= purge_at) {
            std::erase_if(known, [](const auto& one) { return one.expired(); });
            purge_at = known.size() * 2 + 16;
        }
        known.push_back(made);
    }
};

} // namespace detail

/// What an execution context (an io_context, a thread_pool) knows of the library's operations: which to
/// destroy with it when it is destroyed. The mutex is taken only when a registry is made, and at the end.
class waiter_service final : public asio::execution_context::service {
  public:
    using key_type = waiter_service;
    inline static asio::execution_context::id id;

    explicit waiter_service(asio::execution_context& owner) : service(owner) {}

    void add(const std::shared_ptr<waiter_registry>& made) {
        std::lock_guard lock(mutex_);
        registries_.add(made);
    }

  private:
    void shutdown() override {
        std::unique_lock lock(mutex_);
        auto registries = std::exchange(registries_, {});
        lock.unlock(); // abandoned handlers may destroy contexts
        for (auto& known : registries.known)
            if (auto registry = known.lock()) registry->abandon();
    }

    std::mutex mutex_;
    detail::living<waiter_registry> registries_;
};

} // namespace cortc
