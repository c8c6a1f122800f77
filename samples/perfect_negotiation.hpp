#pragma once

#include "cortc/cortc.hpp"
#include "cortc/signaling/json.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <functional>
#include <memory>
#include <utility>
#include <variant>

/// Perfect negotiation, as webrtc-pc 10.7 has it: both ends run the same code, either may change anything at
/// any time, and when both do at once, the polite one gives way. Exactly one end must be polite.
///
///     auto peer = std::make_shared<perfect_negotiation<cortc::signaling::session>>(context,
///     std::move(session), polite); asio::co_spawn(executor, peer->run(), asio::detached); auto channel =
///     peer->pc.createDataChannel("chat"); // negotiates by itself; so does restartIce()
///
/// Signaling has, as cortc::signaling::session does, awaitable send(cortc::signaling::message), which keeps
/// the order, and receive(). All of it belongs to the context's executor.
template <class Signaling>
class perfect_negotiation : public std::enable_shared_from_this<perfect_negotiation<Signaling>> {
  public:
    template <class T = void>
    using awaitable = boost::asio::awaitable<T>;

    perfect_negotiation(const cortc::context& context, Signaling a_signaling, bool is_polite)
        : pc(context), signaling(std::move(a_signaling)), polite(is_polite) {}

    /// Negotiates until the connection is closed, or signaling ends.
    awaitable<> run() {
        using namespace boost::asio::experimental::awaitable_operators;
        auto self = this->shared_from_this();
        co_await (until_the_end(&perfect_negotiation::offer) ||
                  until_the_end(&perfect_negotiation::trickle) ||
                  until_the_end(&perfect_negotiation::listen));
    }

    cortc::PeerConnection pc;
    Signaling signaling;
    const bool polite;
    /// What an operation failed with; negotiation goes on.
    std::function<void(const std::exception&)> on_error = [](const std::exception&) {};

  private:
    // Let "negotiation needed" make the offers.
    awaitable<> offer() {
        for (;;) {
            co_await pc.negotiationNeeded();
            try {
                making_offer = true;
                co_await pc.setLocalDescription();
                auto description = pc.localDescription().value();
                making_offer = false;
                co_await signaling.send(std::move(description));
            } catch (const std::exception& error) {
                making_offer = false;
                on_error(error);
            }
        }
    }

    // Send our candidates to the other end.
    awaitable<> trickle() {
        for (;;) {
            auto candidate = co_await pc.nextIceCandidate();
            if (candidate) co_await signaling.send(std::move(*candidate));
        }
    }

    // Each message is taken as it comes, whatever the one before it still waits for.
    awaitable<> listen() {
        for (;;) {
            auto message = co_await signaling.receive();
            boost::asio::co_spawn(co_await boost::asio::this_coro::executor,
                                  take(this->shared_from_this(), std::move(message)), boost::asio::detached);
        }
    }

    static awaitable<> take(std::shared_ptr<perfect_negotiation> self, cortc::signaling::message message) {
        try {
            if (auto* description = std::get_if<cortc::SessionDescription>(&message))
                co_await self->take_description(std::move(*description));
            else if (auto* candidate = std::get_if<cortc::IceCandidate>(&message))
                co_await self->take_candidate(std::move(*candidate)); // what is neither is somebody else's
        } catch (const std::exception& error) {
            self->on_error(error);
        }
    }

    awaitable<> take_description(cortc::SessionDescription description) {
        const bool is_offer = description.type == cortc::SdpType::offer;
        // An offer may come in while an answer is being set. We will be stable by the time it is processed.
        const bool ready_for_offer = !making_offer && (pc.signalingState() == cortc::SignalingState::stable ||
                                                       is_setting_remote_answer_pending);
        const bool offer_collision = is_offer && !ready_for_offer;
        ignore_offer = !polite && offer_collision;
        if (ignore_offer) co_return;
        is_setting_remote_answer_pending = description.type == cortc::SdpType::answer;
        co_await pc.setRemoteDescription(std::move(description)); // rolls back as needed
        is_setting_remote_answer_pending = false;
        if (!is_offer) co_return;
        co_await pc.setLocalDescription();
        auto answer = pc.localDescription().value();
        co_await signaling.send(std::move(answer));
    }

    awaitable<> take_candidate(cortc::IceCandidate candidate) {
        try {
            co_await pc.addIceCandidate(std::move(candidate));
        } catch (const cortc::Error&) {
            if (!ignore_offer) throw; // those of an offer that was ignored
        }
    }

    awaitable<> until_the_end(awaitable<> (perfect_negotiation::*task)()) {
        try {
            co_await (this->*task)();
        } catch (const boost::system::system_error&) { // closed, or cancelled by the end of another
        }
    }

    bool making_offer = false;
    bool ignore_offer = false;
    bool is_setting_remote_answer_pending = false;
};
