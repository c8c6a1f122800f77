#pragma once

#include "cortc/context/context_core.hpp"

#include <boost/asio/post.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace cortc {

/// The connection, as its parts know it: it keeps them alive, and says whether it is over. Belongs to the
/// context's executor, as everything in this folder does.
class part_owner : public std::enable_shared_from_this<part_owner> {
  public:
    explicit part_owner(std::shared_ptr<context_core> core) : core_(std::move(core)) {
        origin_->connection = core_->next_connection();
    }
    part_owner(const part_owner&) = delete;
    part_owner& operator=(const part_owner&) = delete;

    [[nodiscard]] const std::shared_ptr<context_core>& core() const noexcept { return core_; }
    [[nodiscard]] bool is_closed() const noexcept { return closed_; }

    /// A logger whose lines name the connection.
    [[nodiscard]] logger log(std::string_view component) const { return core_->log(component, origin_); }
    [[nodiscard]] const std::shared_ptr<log_origin>& origin() const noexcept { return origin_; }

    /// A part, as somebody refers to it who does not keep the connection alive.
    template <class Part>
    [[nodiscard]] std::weak_ptr<Part> weak(Part& part) {
        return std::shared_ptr<Part>(shared_from_this(), &part);
    }
    /// Runs `what` in a task of its own, unless the connection is gone by then.
    template <class What>
    void post(What what) {
        asio::post(core_->executor(), [owner = weak_from_this(), what = std::move(what)]() mutable {
            if (const auto self = owner.lock()) what();
        });
    }

  protected:
    ~part_owner() = default;
    /// False: it was closed before.
    bool close_once() noexcept { return !std::exchange(closed_, true); }

  private:
    std::shared_ptr<context_core> core_;
    std::shared_ptr<log_origin> origin_ = std::make_shared<log_origin>();
    bool closed_ = false;
};

} // namespace cortc
