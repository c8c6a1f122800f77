#pragma once

#include "cortc/base/config.hpp"
#include "cortc/transport/waiter.hpp"

#include <boost/asio/execution_context.hpp>

#include <mutex>
#include <vector>

namespace cortc {

class context_core;

/// What an execution context (an io_context, a thread_pool) knows of the library: whose operations to destroy
/// with it when it is destroyed, and the contexts that run on it. The mutex is taken only when something is
/// made, goes or is looked up.
class waiter_service final : public asio::execution_context::service {
  public:
    using key_type = waiter_service;
    inline static asio::execution_context::id id;

    explicit waiter_service(asio::execution_context& owner) : service(owner) {}

    void add(const std::shared_ptr<waiter_registry>& made) {
        std::lock_guard lock(mutex_);
        registries_.add(made);
    }
    void add(const std::shared_ptr<context_core>& made) {
        std::lock_guard lock(mutex_);
        contexts_.add(made);
    }
    /// The first context for which `wanted` holds; without one, the first there is; null when there is none.
    template <class Wanted>
    [[nodiscard]] std::shared_ptr<context_core> find(Wanted wanted) {
        std::shared_ptr<context_core> any;
        std::lock_guard lock(mutex_);
        for (const auto& known : contexts_.known) {
            auto core = known.lock();
            if (core && wanted(*core)) return core;
            if (!any) any = std::move(core);
        }
        return any;
    }

  private:
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

    void shutdown() override {
        std::unique_lock lock(mutex_);
        auto registries = std::exchange(registries_, {});
        lock.unlock(); // abandoned handlers may destroy contexts
        for (auto& known : registries.known)
            if (auto registry = known.lock()) registry->abandon();
    }

    std::mutex mutex_;
    living<waiter_registry> registries_;
    living<context_core> contexts_;
};

} // namespace cortc
