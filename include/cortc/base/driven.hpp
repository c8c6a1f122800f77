#pragma once

#include <exception>
#include <utility>

namespace cortc {

/// An engine, and the rule that goes with it: every mutation is followed by a full drain. The owner reads the
/// engine freely and changes it only through change(), whose result drains when it goes out of scope:
///
///     engine_.change(*this)->set_role(role);
///
/// Mutations within the scope of another are drained with it. The owner has `void drain(Engine&)`, which may
/// throw, and which is called for changes within a drain too: the drain that runs goes on until nothing is
/// left.
template <class Engine, class Owner>
class driven {
  public:
    /// One mutation, or several that are drained together.
    class [[nodiscard]] mutation {
      public:
        mutation(driven& what, Owner& owner) noexcept : what_(what), owner_(owner) { ++what_.depth_; }
        mutation(const mutation&) = delete;
        mutation& operator=(const mutation&) = delete;
        ~mutation() noexcept(false) {
            if (--what_.depth_ == 0 && std::uncaught_exceptions() == exceptions_) owner_.drain(what_.engine_);
        }

        Engine* operator->() const noexcept { return &what_.engine_; }

      private:
        driven& what_;
        Owner& owner_;
        int exceptions_ = std::uncaught_exceptions();
    };

    template <class... Args>
    explicit driven(Args&&... args) : engine_(std::forward<Args>(args)...) {}

    mutation change(Owner& owner) noexcept { return {*this, owner}; }
    const Engine* operator->() const noexcept { return &engine_; }
    const Engine& operator*() const noexcept { return engine_; }

  private:
    Engine engine_;
    int depth_ = 0; // of mutations
};

} // namespace cortc
