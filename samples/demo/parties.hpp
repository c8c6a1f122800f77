#pragma once

#include "cortc/cortc.hpp"
#include "report.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <vector>

// What both scenes are made of: two ends, the signaling between them, and numbered messages.

namespace asio = boost::asio;
using asio::awaitable;
using namespace std::chrono_literals;
using clock_type = report::clock;

/// One end, and what is watched of it.
class party {
  public:
    party(std::string_view a_name, const cortc::context& where, const report& a_log)
        : name(a_name), pc(where), log(a_log) {}

    std::string_view name;
    cortc::PeerConnection pc;
    const report& log;
};

/// The words of "candidate:F 1 udp PRIORITY ADDRESS PORT typ TYPE".
inline std::vector<std::string> words_of(const cortc::IceCandidate& candidate) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < candidate.candidate.size();) {
        const auto end = std::min(candidate.candidate.find(' ', at), candidate.candidate.size());
        words.push_back(candidate.candidate.substr(at, end - at));
        at = end + 1;
    }
    words.resize(std::max<std::size_t>(words.size(), 8));
    return words;
}

/// "127.0.0.1 port 50000 (host)".
inline std::string address_of(const cortc::IceCandidate& candidate) {
    const auto words = words_of(candidate);
    return fmt::format("{} port {} ({})", words[4], words[5], words[7]);
}

/// Offer and answer, and signaling as short as it can be. Each description is given to the other side before
/// it is set here, because setting it begins to make candidates, and a candidate must not come before its
/// description.
inline awaitable<void> negotiate(party& offerer, party& answerer, cortc::OfferOptions options) {
    auto offer = co_await offerer.pc.createOffer(options);
    co_await answerer.pc.setRemoteDescription(offer);
    co_await offerer.pc.setLocalDescription(offer);
    auto answer = co_await answerer.pc.createAnswer();
    co_await offerer.pc.setRemoteDescription(answer);
    co_await answerer.pc.setLocalDescription(answer);
}

inline awaitable<void> trickle(party& from, party& to) {
    for (;;) {
        auto candidate = co_await from.pc.nextIceCandidate();
        if (!candidate) continue;
        if (!candidate->candidate.empty())
            from.log.line(from.name, "candidate", "{}", address_of(*candidate));
        co_await to.pc.addIceCandidate(*candidate);
    }
}

inline awaitable<void> watch_pair(party& who) {
    for (;;) {
        auto pair = co_await who.pc.selectedPairChanged();
        who.log.line(who.name, "pair", "{} to {}", address_of(pair.local), address_of(pair.remote));
    }
}

/// Numbered messages in one direction, a thousand a second, and which of them arrived.
class flow {
  public:
    flow(const cortc::context& where, cortc::DataChannel from, cortc::DataChannel to)
        : from_(std::move(from)), to_(std::move(to)), clock_(where) {}

    awaitable<void> send() {
        for (auto next = clock_.now(); sending_; next += 1ms) {
            auto number = std::to_string(arrived_.size());
            arrived_.push_back(false);
            co_await from_.send(number);
            co_await clock_.wait(next + 1ms - clock_.now());
        }
    }
    awaitable<void> receive() {
        for (;;) {
            auto message = co_await to_.receive();
            std::size_t number = 0;
            const auto text = message.text();
            std::from_chars(text.data(), text.data() + text.size(), number);
            if (number < arrived_.size()) arrived_[number] = true;
        }
    }
    void stop() { sending_ = false; }

    [[nodiscard]] std::size_t sent() const { return arrived_.size(); }
    [[nodiscard]] std::size_t lost() const {
        return static_cast<std::size_t>(std::count(arrived_.begin(), arrived_.end(), false));
    }

  private:
    cortc::DataChannel from_, to_;
    cortc::timer clock_;
    std::vector<bool> arrived_;
    bool sending_ = true;
};
