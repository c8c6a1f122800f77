#pragma once

#include "cortc/base/what_of.hpp"
#include "cortc/transport/credentials.hpp"
#include "cortc/transport/transport.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cortc {

namespace detail {

ice::gather_options gather_options(context_core& core);

} // namespace detail

template <class Step>
void transport::attempt(Step&& step) {
    std::exception_ptr thrown;
    try {
        step();
    } catch (...) { // told below
        thrown = std::current_exception();
    }
    if (thrown && !closed_) give_up(what_of(thrown));
}

/// One generation's gathering phase, and what becomes of its events. Whoever calls it keeps it: it may be
/// cancelled meanwhile.
class transport::gathering final : public std::enable_shared_from_this<gathering>,
                                   private ice::gathering_events {
  public:
    gathering(transport& owner, std::string ufrag)
        : owner_(owner), ufrag_(std::move(ufrag)), task_(owner.sockets_, *this, options_of(owner)) {}
    gathering(const gathering&) = delete;
    gathering& operator=(const gathering&) = delete;

    [[nodiscard]] bool of(std::string_view ufrag) const noexcept { return ufrag_ == ufrag; }
    void start(const ice::gather_settings& settings) { task_.start(settings); }
    /// The same for no generation yet: what is found is kept for adopt().
    void start_ahead(const ice::gather_settings& settings) {
        kept_.emplace();
        task_.start(settings);
    }
    /// It is of this generation: tells what was found, and goes on.
    void adopt(const std::string& ufrag) {
        ufrag_ = ufrag;
        if (!kept_) return;
        const auto found = std::move(*kept_);
        kept_.reset();
        for (const auto& each : found.candidates)
            if (!cancelled_) on_candidate(each);
        for (const auto& each : found.errors)
            if (!cancelled_) on_error(each);
        if (found.done && !cancelled_) on_done();
    }
    void cancel() noexcept {
        cancelled_ = true;
        task_.cancel();
    }
    /// What was found there, and not told yet, is not there any more.
    void forget(ice::socket_id socket) {
        if (kept_) std::erase_if(kept_->candidates, [&](const auto& each) { return each.socket == socket; });
    }
    void answer(const ice::server_answer& what) { task_.handle_answer(what); }
    [[nodiscard]] bool uses(ice::socket_id socket) const noexcept {
        const auto found = [&](const auto& each) { return each.socket == socket; };
        return task_.uses(socket) || (kept_ && std::ranges::any_of(kept_->candidates, found));
    }
    void give_up() {
        if (kept_) return cancel();
        if (task_.over()) return;
        task_.cancel();
        on_done();
    }

  private:
    static ice::gather_options options_of(transport& owner) {
        auto options = detail::gather_options(*owner.core_);
        if (owner.core_->options().mdns.publish)
            options.name_of = [&owner](const net::interface_address& local) { return owner.name_of(local); };
        return options;
    }
    [[nodiscard]] std::shared_ptr<void> keep() override { return shared_from_this(); }
    void ask_server(const ice::path& server) override { owner_.change()->ask_server(server); }
    [[nodiscard]] std::shared_ptr<void>
    ask_credentials(const ice::server& whom, bool refused,
                    std::function<void(ice::credentials_answer)> done) override {
        const auto source = std::dynamic_pointer_cast<credential_coroutine>(whom.source);
        if (!source) return nullptr;
        // The answer ends in an owner that may be gone by then, but for the ticket.
        const auto call = std::make_shared<credential_call>(owner_.core_, std::move(done));
        call->start(source, whom.text, refused);
        return {call.get(), [call](void*) { call->stop(); }};
    }
    void on_candidate(const ice::local_candidate& candidate) override {
        if (kept_) return kept_->candidates.push_back(candidate);
        if (auto signaled = owner_.change()->add_local_candidate(ufrag_, candidate, owner_.now()))
            owner_.observer_.on_local_candidate(owner_, ufrag_, candidate, *signaled);
    }
    void on_error(const ice::gathering_error& error) override {
        if (kept_) return kept_->errors.push_back(error);
        owner_.observer_.on_gathering_error(owner_, ufrag_, error);
    }
    void on_done() override {
        if (kept_) {
            kept_->done = true;
            return;
        }
        owner_.change()->end_local_candidates(ufrag_, owner_.now());
        std::erase_if(owner_.gathering_, [this](const auto& each) { return each.get() == this; });
        owner_.observer_.on_gathering_done(owner_, ufrag_);
    }

    transport& owner_;
    /// For whom it gathers is not known yet.
    struct kept {
        std::vector<ice::local_candidate> candidates{};
        std::vector<ice::gathering_error> errors{};
        bool done = false;
    };
    std::string ufrag_;
    std::optional<kept> kept_;
    bool cancelled_ = false;
    ice::gatherer task_;
};

} // namespace cortc
