#include "cortc/sctp/association.hpp"
#include "test/fuzz/input.hpp"
#include "test/support/flight.hpp"
#include "test/support/seeded_random.hpp"
#include "test/unit/sctp/packet_check.hpp"

#include <fmt/chrono.h>

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

/// Two associations. The input chooses their configurations, what their applications do, and what becomes of
/// packets. In the end the path is good again: what was reliable has been delivered, or the association has
/// ended at both.
namespace cortc::sctp {

using fuzz::require;
using namespace std::chrono_literals;

namespace {

constexpr std::array<std::size_t, 8> sizes{8, 40, 300, 1100, 1200, 5000, 20000, 70000};

struct sent_message {
    std::size_t size = 0;
    bool ordered = true;
    bool may_be_lost = false;
    bool delivered = false;
};
/// What one end has sent on a stream, and what came of it.
struct stream_record {
    std::vector<sent_message> sent;
    std::deque<std::size_t>
        resets; ///< how many had been sent when the reset was asked for; not yet seen by the peer
    bool resetting = false;
    std::optional<std::size_t> last_ordered;

    void forget_promises() {
        for (auto& each : sent) each.may_be_lost = true;
        resets.clear();
        resetting = false;
    }
};

struct end {
    end(const association_config& with, std::uint64_t seed)
        : config(with), random(seed), engine(std::in_place, config, random, pool, fuzz::log_of("sctp")) {}

    association_config config;
    support::seeded_random random;
    buffer_pool pool;
    std::optional<association> engine;
    std::map<std::uint16_t, stream_record> streams; ///< of what it sends
    bool reads = true, consumes = true;
    std::size_t held_bytes = 0, held_messages = 0;
    std::size_t connects = 0;
    bool begun = false, blocked = false, restarted = false;
    std::optional<close_reason> over;
    // What becomes of the packets that it sends, by their number.
    std::uint8_t lost = 0, doubled = 0, late = 0;
    std::size_t largest = 65535;
    duration delay = 5ms;
    unsigned packets = 0;
};

association_config configuration(fuzz::input& from) {
    association_config out;
    out.mtu = from.pick(std::array<std::size_t, 4>{1171, 256, 600, 1500});
    out.receive_window = from.pick(std::array<std::size_t, 4>{1 << 20, 6000, 30000, 200000});
    out.send_buffer = from.pick(std::array<std::size_t, 3>{1 << 20, 3000, 50000});
    out.outgoing_streams = out.max_incoming_streams = from.pick(std::array<std::uint16_t, 3>{65535, 6, 1});
    out.max_message_size = from.pick(std::array<std::size_t, 2>{262144, 6000});
    out.timings.sack_delay = from.pick(std::array<duration, 2>{20ms, 200ms});
    if (from.once_in(2)) out.initial_tsn = tsn(0xffffffff - from.u8());
    out.limits.max_waiting_messages = from.pick(std::array<std::size_t, 2>{2048, 8});
    out.limits.max_gap_blocks = from.pick(std::array<std::size_t, 2>{512, 4});
    return out;
}

bytes message(std::size_t number, std::size_t size) {
    bytes out(size);
    byte_writer(out).u32(static_cast<std::uint32_t>(number));
    for (std::size_t i = 4; i < size; ++i) out[i] = static_cast<std::byte>((number * 31 + i * 7) & 0xff);
    return out;
}

class world {
  public:
    explicit world(fuzz::input& from) : a(configuration(from), 1), b(configuration(from), 2) {
        for (auto* each : {&a, &b}) {
            each->config.remote_max_message_size = other(*each).config.max_message_size;
            each->engine->set_remote_max_message_size(each->config.remote_max_message_size);
        }
    }

    time_point now{1h};
    end a, b;

    end& other(end& of) { return &of == &a ? b : a; }
    void pump() {
        for (bool more = true; more;) {
            more = drain(a);
            more = drain(b) || more;
            require(++rounds_ < 100000, "an instant has an end");
        }
    }
    [[nodiscard]] time_point next_event() const {
        return std::min({a.engine->next_timeout(), b.engine->next_timeout(), air_.next()});
    }
    void step() {
        if (now > last_) rounds_ = 0;
        last_ = now;
        require(++rounds_ < 100000, "time moves");
        while (auto arrived = air_.land(now)) arrived->to->engine->handle_packet(arrived->data, now);
        for (auto* each : {&a, &b}) {
            if (each->engine->next_timeout() > now) continue;
            each->engine->handle_timeout(now);
        }
    }
    void run(duration time) {
        support::run_until(
            *this, [] { return false; }, time);
    }
    void connect(end& at) {
        at.begun = true;
        at.engine->connect(now);
    }
    void send(end& from, fuzz::input& by) {
        const auto stream = by.below(6);
        auto& record = from.streams[stream];
        sent_message made;
        made.size = by.pick(sizes);
        const auto how = by.u8();
        send_options options;
        options.unordered = how & 1;
        if (how & 2) options.max_retransmits = how >> 4;
        if (how & 4) options.lifetime = (how >> 4) * 20ms;
        made.ordered = !options.unordered;
        made.may_be_lost = options.max_retransmits || options.lifetime;
        const auto done = from.engine->send(stream_id(stream), ppid(53),
                                            message(record.sent.size(), made.size), options, now);
        require(!record.resetting || !from.reads || done != send_result::ok,
                "what is being reset sends nothing");
        if (done == send_result::ok) record.sent.push_back(made);
        if (done == send_result::would_block) from.blocked = true;
        if (done == send_result::too_large)
            require(made.size > from.engine->max_send_size(),
                    "a message that is not too large is not refused so");
        require(from.engine->buffered_amount() <= from.config.send_buffer + sizes.back(),
                "the send buffer is bounded");
    }
    void reset(end& from, std::uint16_t stream) {
        auto& record = from.streams[stream];
        if (!from.reads) return; // what has ended may wait behind messages, and we would not know
        if (!from.engine->reset_stream(stream_id(stream)) || record.resetting) return;
        record.resetting = true;
        record.resets.push_back(record.sent.size());
    }
    void discard(end& from, std::uint16_t stream) {
        for (auto& each : from.streams[stream].sent) each.may_be_lost = true;
        from.engine->discard_unsent(stream_id(stream));
    }
    void consume(end& at) {
        if (at.held_messages == 0) return;
        at.engine->consume(std::exchange(at.held_bytes, 0), std::exchange(at.held_messages, 0));
    }
    /// It has lost its state, and begins again.
    void restart(end& at) {
        at.engine.emplace(at.config, at.random, at.pool, fuzz::log_of("sctp"));
        for (auto* each : {&a, &b}) {
            each->restarted = true;
            for (auto& [id, record] : each->streams) record.forget_promises();
        }
        at.held_bytes = at.held_messages = 0;
        at.blocked = false;
        at.connects = 0;
        at.over.reset();
        connect(at);
    }

  private:
    bool drain(end& from) {
        bool any = false;
        std::array<std::byte, 2000> out;
        while (auto size = from.engine->poll_transmit(out, now)) {
            any = true;
            require(++rounds_ < 100000, "an instant has an end");
            require(*size <= from.config.mtu, "a packet fits");
            const auto data = byte_view(out).first(*size);
            test::check_packet(data);
            put(from, bytes(data.begin(), data.end()));
        }
        for (bool more = true; more;) {
            more = false;
            while (from.reads) {
                auto next = from.engine->poll_message();
                if (!next) break;
                more = any = true;
                take(from, std::move(*next));
            }
            while (auto next = from.engine->poll_event()) {
                more = any = true;
                require(!from.over, "`closed` is the last event");
                std::visit([&](const auto& what) { on(from, what); }, *next);
            }
        }
        return any;
    }
    void put(end& from, bytes data) {
        const auto bit = 1u << (from.packets++ % 8);
        if ((from.lost & bit) || data.size() > from.largest) return;
        const auto arrives = now + from.delay * ((from.late & bit) ? 3 : 1);
        auto* to = &other(from);
        if (from.doubled & bit) air_.send(to, data, arrives + from.delay);
        air_.send(to, std::move(data), arrives);
    }
    void take(end& at, received_message&& got) {
        require(!at.over, "no message follows `closed`");
        auto& record = other(at).streams[got.stream.value()];
        const auto number = static_cast<std::size_t>(byte_reader(got.data.view()).u32());
        require(number < record.sent.size(), "only what was sent is delivered");
        auto& sent = record.sent[number];
        require(!sent.delivered, "a message is delivered once");
        sent.delivered = true;
        require(sent.ordered == !got.unordered, "ordered stays ordered");
        require(std::ranges::equal(got.data.view(), message(number, sent.size)),
                "a message arrives as it was sent");
        if (sent.ordered) {
            require(!record.last_ordered || *record.last_ordered < number,
                    "ordered messages keep their order");
            record.last_ordered = number;
        }
        at.held_bytes += got.data.size();
        ++at.held_messages;
        require(at.held_bytes <= at.config.receive_window + at.config.receive_window / 4 +
                                     at.config.max_message_size + 65536,
                "what is held is bounded");
        if (at.consumes) consume(at);
        at.engine->recycle(std::move(got.data));
    }
    static bool all_there(const stream_record& of, std::size_t count) {
        return std::all_of(of.sent.begin(), of.sent.begin() + static_cast<std::ptrdiff_t>(count),
                           [](const sent_message& each) { return each.delivered || each.may_be_lost; });
    }
    void on(end& at, const sctp::connected& what) {
        require(++at.connects == 1, "an association comes up once");
        for (auto& [id, record] : at.streams)
            if (id >= what.outgoing_streams) record.forget_promises(); // the peer does not have so many
    }
    void on(end& at, const sctp::closed& what) {
        at.over = what.reason;
        require(what.reason != close_reason::protocol_violation, "neither end violates the protocol");
    }
    void on(end& at, const sctp::restarted&) {
        require(at.restarted, "nobody restarted");
        for (auto& [id, record] : at.streams) record.forget_promises();
        at.blocked = false;
    }
    void on(end& at, const incoming_streams_reset& what) {
        require(!what.streams.empty(), "a reset names its streams");
        for (auto stream : what.streams) {
            auto& record = other(at).streams[stream.value()];
            if (record.resets.empty()) {
                require(at.restarted, "a reset is seen once, and only if it was asked for");
                continue;
            }
            require(all_there(record, record.resets.front()), "a reset follows what was sent before it");
            record.resets.pop_front();
        }
    }
    void on(end& at, const outgoing_streams_reset& what) {
        require(!what.streams.empty(), "a reset names its streams");
        for (auto stream : what.streams)
            require(std::exchange(at.streams[stream.value()].resetting, false),
                    "a reset that ends was asked for");
    }
    void on(end& at, const stream_reset_failed& what) {
        for (auto stream : what.streams) {
            auto& record = at.streams[stream.value()];
            require(std::exchange(record.resetting, false), "a reset that fails was asked for");
            if (!record.resets.empty()) record.resets.pop_back();
        }
    }
    void on(end& at, const writable&) { at.blocked = false; }
    void on(end&, const buffered_amount_low&) {}

    support::flight<end*> air_;
    std::size_t rounds_ = 0;
    time_point last_{};
};

void operate(world& in, fuzz::input& from) {
    const auto choice = from.u8();
    auto& at = choice & 1 ? in.b : in.a;
    fuzz::log_of("fuzz").debug("{:%T}: {} does {}", in.now.time_since_epoch(), choice & 1 ? 'b' : 'a',
                               (choice >> 1) % 24);
    switch ((choice >> 1) % 24) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
        return in.send(at, from);
    case 5:
        for (int i = 0, many = from.u8(); i < many; ++i) { // the same again and again
            auto same = from;
            in.send(at, same);
        }
        return;
    case 6:
    case 7:
        return in.run(from.u8() * 1ms);
    case 8:
        return in.run(from.u8() * 40ms);
    case 9:
        return in.pump();
    case 10:
        return in.reset(at, from.below(6));
    case 11:
        return in.discard(at, from.below(6));
    case 12:
        at.lost = from.u8();
        return;
    case 13:
        at.late = from.u8();
        return;
    case 14:
        at.doubled = from.u8();
        return;
    case 15:
        at.delay = from.u8() * 2ms;
        return;
    case 16:
        at.largest = from.pick(std::array<std::size_t, 3>{65535, 576, 1000});
        return;
    case 17:
        at.reads = !at.reads;
        return in.pump();
    case 18:
        at.consumes = !at.consumes;
        return in.consume(at);
    case 19: {
        const auto stream = stream_id(from.below(6));
        at.engine->set_weight(stream, static_cast<std::uint8_t>(1 + from.below(8)));
        at.engine->set_buffered_amount_low_threshold(stream, from.u8() * 10u);
        return;
    }
    case 20:
        return from.once_in(2) ? at.engine->path_changed() : at.engine->path_restored(in.now);
    case 21:
        if (from.once_in(2)) at.engine->shutdown(in.now);
        return;
    case 22:
        if (from.once_in(4)) at.engine->abort("enough");
        return;
    default:
        if (from.once_in(4)) in.restart(at);
    }
}

/// The path is good, and everybody reads.
void settle(world& in) {
    for (auto* each : {&in.a, &in.b}) {
        each->lost = each->doubled = each->late = 0;
        each->largest = 65535;
        each->delay = 5ms;
        each->reads = each->consumes = true;
        in.consume(*each);
    }
    in.run(180s);
}

void check_delivered(const end& from) {
    for (const auto& [id, record] : from.streams)
        for (std::size_t i = 0; i < record.sent.size(); ++i)
            if (const auto& each = record.sent[i]; !each.delivered && !each.may_be_lost)
                fuzz::log_of("fuzz").debug("message {} of {} bytes on stream {} is not there", i, each.size,
                                           id);
    for (const auto& [id, record] : from.streams)
        for (const auto& each : record.sent)
            require(each.delivered || each.may_be_lost, "what is reliable is delivered");
}

void finish(world& in) {
    settle(in);
    if (!in.a.over && !in.b.over && in.a.connects + in.b.connects > 0) {
        require(in.a.connects && in.b.connects, "both ends are up");
        for (auto* each : {&in.a, &in.b}) {
            check_delivered(*each);
            require(each->engine->buffered_amount() == 0, "nothing is left to send");
            require(!each->blocked, "`writable` follows");
        }
        in.a.engine->shutdown(in.now);
        in.run(60s);
        for (auto* each : {&in.a, &in.b})
            require(each->over == close_reason::shutdown, "a shutdown comes to its end");
    }
    if (!in.a.over && !in.b.over) return; // it never began
    in.run(20min);
    for (auto* each : {&in.a, &in.b})
        require(each->over || !each->connects, "when one end is over, so is the other");
    if (in.a.over == close_reason::shutdown && in.b.over == close_reason::shutdown)
        for (auto* each : {&in.a, &in.b}) check_delivered(*each);
    for (auto* each : {&in.a, &in.b})
        require(each->engine->next_timeout() == never, "the end waits for nothing");
}

void run(fuzz::input& from) {
    world in(from);
    const auto begins = from.below(4);
    if (begins != 1) in.connect(in.a);
    if (begins != 2) in.connect(in.b);
    if (begins < 3) in.run(1s); // else the input's losses meet the set-up
    for (int i = 0; i < 400 && !from.empty(); ++i) operate(in, from);
    finish(in);
}

} // namespace

} // namespace cortc::sctp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    cortc::fuzz::input from(data, size);
    cortc::sctp::run(from);
    return 0;
}
