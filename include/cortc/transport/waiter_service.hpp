#pragma once

#include "cortc/base/config.hpp"
#include "cortc/transport/waiter.hpp"

#include <boost/asio/execution_context.hpp>

#include <mutex>
#include <vector>

namespace cortc {

/// Tells the contexts of an execution context when it is being destroyed, so that operations still suspended
/// are destroyed with it. The mutex is taken only when a context is made or goes.
class waiter_service final : public asio::execution_context::service {
  public:
    using key_type = waiter_service;
    inline static asio::execution_context::id id;

    explicit waiter_service(asio::execution_context& owner) : service(owner) {}

    void add(std::shared_ptr<waiter_registry> registry) {
        std::lock_guard lock(mutex_);
        std::erase_if(registries_, [](const auto& known) { return known.expired(); });
        registries_.push_back(std::move(registry));
    }

  private:
    void shutdown() override {
        std::unique_lock lock(mutex_);
        auto registries = std::exchange(registries_, {});
        lock.unlock(); // abandoned handlers may destroy contexts
        for (auto& known : registries)
            if (auto registry = known.lock()) registry->abandon();
    }

    std::mutex mutex_;
    std::vector<std::weak_ptr<waiter_registry>> registries_;
};

} // namespace cortc
