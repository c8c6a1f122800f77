#pragma once

#include "cortc/datachannel/data_channels.hpp"
#include "test/support/flight.hpp"
#include "test/support/seeded_random.hpp"
#include "test/unit/sctp/packet_check.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace cortc::sctp::channel_test {

using namespace std::chrono_literals;
using namespace datachannel;
using support::seeded_random;

/// The roles as RFC 8832 6 speaks of them.
struct channel_role {
    static constexpr auto dtls_client = dtls_role::client, dtls_server = dtls_role::server;
};

/// One end of the path: an engine with its pool, random source and what it has reported.
class node {
  public:
    explicit node(std::uint32_t seed) : random(seed) {}
    virtual ~node() = default;
    virtual void handle_packet(byte_view packet, time_point now) = 0;
    virtual std::optional<std::size_t> poll_transmit(byte_span out, time_point now) = 0;
    virtual time_point next_timeout() const = 0;
    virtual void handle_timeout(time_point now) = 0;
    virtual void drain() = 0;

    seeded_random random;
    buffer_pool pool;
};

struct delivered {
    channel_id channel;
    message_kind kind;
    bytes data;
    std::string text() const { return std::string(as_text(data)); }
};

/// A data channel engine whose owner notes everything.
class peer : public node {
  public:
    explicit peer(std::uint32_t seed, data_channels_config config = {})
        : node(seed), engine(std::move(config), random, pool) {}
    void handle_packet(byte_view packet, time_point now) override { engine.handle_packet(packet, now); }
    std::optional<std::size_t> poll_transmit(byte_span out, time_point now) override {
        return engine.poll_transmit(out, now);
    }
    time_point next_timeout() const override { return engine.next_timeout(); }
    void handle_timeout(time_point now) override { engine.handle_timeout(now); }
    void drain() override {
        engine.drain(
            [this](channel_event what) {
                log.push_back(name(what));
                events.push_back(std::move(what));
            },
            [this](incoming_message message) {
                log.push_back("message " + std::to_string(message.data.size()));
                auto view = message.data.view();
                messages.push_back({message.channel, message.kind, bytes(view.begin(), view.end())});
                if (reading)
                    engine.consume(message.data.size());
                else
                    unread.push_back(message.data.size());
                engine.recycle(std::move(message.data));
            });
    }

    template <class T>
    std::vector<T> all() const {
        std::vector<T> found;
        for (const auto& each : events)
            if (auto* one = std::get_if<T>(&each)) found.push_back(*one);
        return found;
    }
    template <class T>
    std::size_t count() const {
        return all<T>().size();
    }
    /// The events of a kind that are about this channel.
    template <class T>
    std::size_t count(channel_id id) const {
        auto found = all<T>();
        return static_cast<std::size_t>(
            std::count_if(found.begin(), found.end(), [&](const T& one) { return one.channel == id; }));
    }
    channel_id open(channel_parameters parameters, time_point now) {
        auto made = engine.open(std::move(parameters), now);
        return made ? *made : channel_id(~std::uint64_t{0}); // no channel's name
    }
    channel_id incoming(std::size_t index = 0) const { return all<channel_incoming>().at(index).channel; }
    void forget() {
        log.clear();
        events.clear();
        messages.clear();
    }

    data_channels engine;
    std::vector<std::string> log;
    std::vector<channel_event> events;
    std::vector<delivered> messages;
    bool reading = true;
    std::vector<std::size_t> unread;

  private:
    static std::string name(const channel_event& what) {
        static const char* const names[] = {"connected",      "closed", "incoming", "open",    "closing",
                                            "channel closed", "error",  "low",      "writable"};
        return names[what.index()];
    }
};

/// A peer that speaks SCTP and says what it likes on it.
class hostile_peer : public node {
  public:
    explicit hostile_peer(std::uint32_t seed, association_config config = {})
        : node(seed), engine(config, random, pool) {}
    void handle_packet(byte_view packet, time_point now) override { engine.handle_packet(packet, now); }
    std::optional<std::size_t> poll_transmit(byte_span out, time_point now) override {
        return engine.poll_transmit(out, now);
    }
    time_point next_timeout() const override { return engine.next_timeout(); }
    void handle_timeout(time_point now) override { engine.handle_timeout(now); }
    void drain() override {
        for (bool more = true; more;) {
            more = false;
            while (auto what = engine.poll_event()) {
                more = true;
                if (auto* in = std::get_if<incoming_streams_reset>(&*what))
                    for (auto stream : in->streams) reset_by_other.push_back(stream.value());
            }
            while (auto message = engine.poll_message()) {
                more = true;
                engine.consume(message->data.size());
                messages.push_back(std::move(*message));
            }
        }
    }
    send_result say(std::uint16_t stream, ppid protocol, byte_view data, time_point now) {
        return engine.send(stream_id(stream), protocol, data, {}, now);
    }
    send_result say_open(std::uint16_t stream, std::string_view label, time_point now) {
        dcep::open_message open;
        open.label = label;
        bytes out(dcep::size_of(open));
        dcep::write(open, out);
        return say(stream, dcep::control, out, now);
    }
    std::size_t resets_of(std::uint16_t stream) const {
        return static_cast<std::size_t>(std::count(reset_by_other.begin(), reset_by_other.end(), stream));
    }

    association engine;
    std::vector<std::uint16_t> reset_by_other;
    std::vector<received_message> messages;
};

/// Two nodes and a path between them in virtual time.
class path {
  public:
    path(node& left, node& right) : ends_{&left, &right} {}

    void run(duration time) {
        run_until([] { return false; }, time);
    }
    /// Until the condition holds; false when it does not within the time.
    bool run_until(const std::function<bool()>& done, duration limit = 60s) {
        return support::run_until(*this, done, limit);
    }

    time_point now{1s};
    duration delay = 10ms;
    /// Told the sending end and the number of the packet; true: it is lost.
    std::function<bool(int, std::size_t)> lose;

    void pump() {
        std::array<std::byte, 2048> out{};
        for (int from : {0, 1}) {
            ends_[from]->drain();
            while (auto size = ends_[from]->poll_transmit(out, now)) {
                test::check_packet(byte_view(out).first(*size));
                if (lose && lose(from, sent_++)) continue;
                flying_.send(ends_[1 - from], bytes(out.begin(), out.begin() + *size), now + delay);
            }
            ends_[from]->drain();
        }
    }
    [[nodiscard]] time_point next_event() const {
        return std::min({flying_.next(), ends_[0]->next_timeout(), ends_[1]->next_timeout()});
    }
    void step() {
        while (auto arrived = flying_.land(now)) {
            arrived->to->handle_packet(arrived->data, now);
            pump();
        }
        for (auto* end : ends_)
            if (end->next_timeout() <= now) end->handle_timeout(now);
    }

  private:
    std::array<node*, 2> ends_;
    support::flight<node*> flying_;
    std::size_t sent_ = 0;
};

/// Two engines, the left one the DTLS client.
struct two_peers {
    explicit two_peers(data_channels_config left_config = {}, data_channels_config right_config = {})
        : left(1, std::move(left_config)), right(2, std::move(right_config)), way(left, right) {}
    void connect() {
        left.engine.set_role(dtls_role::client, way.now);
        right.engine.set_role(dtls_role::server, way.now);
        left.engine.connect(way.now);
        right.engine.connect(way.now);
    }
    bool connected() {
        connect();
        return way.run_until(
            [&] { return left.count<sctp::connected>() == 1 && right.count<sctp::connected>() == 1; });
    }
    channel_id open(peer& from, channel_parameters parameters = {}) {
        return from.open(std::move(parameters), way.now);
    }
    channel_send say(peer& from, channel_id channel, std::string_view text) {
        return from.engine.send(channel, message_kind::text, as_bytes(text), way.now);
    }

    peer left, right;
    path way;
};

} // namespace cortc::sctp::channel_test
