#include "cortc/sctp/association.hpp"
#include "cortc/sctp/wire/crc32c.hpp"
#include "test/fuzz/input.hpp"
#include "test/support/seeded_random.hpp"
#include "test/unit/sctp/packet_check.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <vector>

/// One association, and a peer that sends whatever chunks the input makes: most with the right tag and
/// numbers near the right ones. Everything stays bounded, and when the peer falls silent the association
/// ends.
namespace cortc::sctp {

using fuzz::require;
using namespace std::chrono_literals;

namespace {

class scene {
  public:
    scene() : engine_(configuration(), random_, pool_, fuzz::log_of("sctp")) {}

    void run(fuzz::input& from) {
        set_up(from.below(4));
        for (int i = 0; i < 600 && !from.empty(); ++i) operate(from);
        finish();
    }

  private:
    static association_config configuration() {
        association_config out;
        out.receive_window = 60000;
        out.max_message_size = 100000;
        out.send_buffer = 60000;
        out.initial_tsn = tsn(0xfffffff0);
        out.max_incoming_streams = 1000;
        out.limits.max_waiting_messages = 64;
        out.limits.max_gap_blocks = 32;
        return out;
    }

    /// With another association that keeps to the rules, and that we know everything of.
    void set_up(unsigned how) {
        if (how == 0) return;
        engine_.connect(now_);
        began_ = true;
        if (how == 1) return drain();
        association_config theirs;
        theirs.initial_tsn = tsn(1000);
        buffer_pool pool;
        association honest(theirs, random_, pool);
        honest.connect(now_);
        std::array<std::byte, 2000> out;
        for (int i = 0; i < 4; ++i) {
            drain();
            for (const auto& packet : said_) honest.handle_packet(packet, now_);
            said_.clear();
            while (auto size = honest.poll_transmit(out, now_)) {
                if (auto tag = byte_reader(byte_view(out).subspan(4)).u32(); tag != 0) tag_ = tag;
                engine_.handle_packet(byte_view(out).first(*size), now_);
            }
        }
        drain();
        require(engine_.state() == association_state::established, "an honest peer is taken");
    }

    void drain() {
        std::array<std::byte, 2000> out;
        std::size_t count = 0;
        while (auto size = engine_.poll_transmit(out, now_)) {
            require(++count < 3000, "an instant has an end");
            const auto packet = byte_view(out).first(*size);
            test::check_packet(packet);
            learn(packet);
            if (said_.size() < 16) said_.emplace_back(packet.begin(), packet.end());
        }
        for (bool more = true; more;) {
            more = false;
            while (auto next = engine_.poll_message()) {
                more = true;
                require(!over_, "no message follows `closed`");
                require(!next->data.empty(), "no message is empty");
                require(next->data.size() <= 100000, "a message has its limit");
                held_bytes_ += next->data.size();
                ++held_;
                require(held_bytes_ <= 75000 + 100000 + 65536, "what is held is bounded");
                if (consumes_) consume();
            }
            while (auto next = engine_.poll_event()) {
                more = true;
                require(!over_, "`closed` is the last event");
                if (std::holds_alternative<sctp::connected>(*next))
                    require(!std::exchange(up_, true), "it comes up once");
                if (std::holds_alternative<sctp::closed>(*next)) over_ = true;
                if (auto* reset = std::get_if<incoming_streams_reset>(&*next))
                    require(!reset->streams.empty() && up_, "a reset names its streams");
            }
        }
        require(up_ || held_ == 0, "messages come to an association that is up");
        require(engine_.buffered_amount() <= 60000 + 65536, "the send buffer is bounded");
    }
    void consume() { engine_.consume(std::exchange(held_bytes_, 0), std::exchange(held_, 0)); }

    /// What a peer knows.
    void learn(byte_view packet) {
        chunk_reader chunks(packet.subspan(common_header_size));
        while (auto each = chunks.next()) {
            if (each->type == chunk_type::init || each->type == chunk_type::init_ack) {
                if (auto init = parse_init(*each)) {
                    tag_ = init->tag;
                    if (auto parameters = parse_setup_parameters(init->parameters))
                        if (!parameters->cookie.empty())
                            cookie_.assign(parameters->cookie.begin(), parameters->cookie.end());
                }
            }
            if (each->type == chunk_type::data)
                if (auto data = parse_data(*each)) theirs_ = data->number.value();
            if (each->type == chunk_type::heartbeat) beat_.assign(each->value.begin(), each->value.end());
            if (each->type == chunk_type::re_config) {
                tlv_reader parameters(each->value);
                while (auto parameter = parameters.next())
                    if (parameter->type == static_cast<std::uint16_t>(parameter_type::outgoing_reset_request))
                        their_reset_ = byte_reader(parameter->value).u32();
            }
        }
    }

    void chunk(chunk_type type, std::uint8_t flags, byte_view value) {
        if (!packet_.fits(value.size())) send(tag_);
        packet_.add(type, flags, value);
    }
    void send(std::uint32_t tag) {
        if (packet_.empty()) return;
        byte_writer(byte_span(storage_).subspan(4)).u32(tag);
        engine_.handle_packet(byte_view(storage_).first(packet_.finish()), now_);
        packet_ = packet_builder(byte_span(storage_).first(1200), {5000, 5000, 0});
        drain();
    }
    static std::int8_t near(fuzz::input& from) { return static_cast<std::int8_t>(from.u8()); }

    void data(fuzz::input& from) {
        const auto flags = from.u8();
        const auto delta = near(from);
        static constexpr std::array<std::uint16_t, 8> streams{0, 1, 2, 3, 500, 999, 1000, 65535};
        static constexpr std::array<std::size_t, 8> sizes{1, 4, 20, 100, 500, 1000, 1150, 1160};
        bytes value(data_fields_size + from.pick(sizes), std::byte{7});
        byte_writer out(value);
        const auto number = next_ + static_cast<std::uint32_t>(delta);
        out.u32(number);
        out.u16(from.pick(streams));
        out.u16(static_cast<std::uint16_t>(near(from)));
        out.u32(flags & 0x80 ? 50 : 53);
        if (delta == 0) ++next_;
        chunk(chunk_type::data, flags & 0x0f, value);
    }
    /// Many small ones, in order: what fills tables.
    void flood(fuzz::input& from) {
        const auto flags = from.u8(), step = static_cast<std::uint8_t>(1 + from.below(3));
        for (int i = from.u8(); i > 0; --i) {
            bytes value(data_fields_size + 4, std::byte{1});
            byte_writer out(value);
            out.u32(next_);
            out.u16(flags & 0x40 ? static_cast<std::uint16_t>(i) : 1);
            out.u16(flags & 0x20 ? static_cast<std::uint16_t>(i) : 0);
            out.u32(53);
            next_ += step;
            chunk(chunk_type::data, flags & 0x07, value);
        }
    }
    void sack(fuzz::input& from) {
        const auto gaps = from.below(5), duplicates = from.below(3);
        bytes value(sack_fields_size + 4u * gaps + 4u * duplicates);
        byte_writer out(value);
        out.u32(theirs_ + static_cast<std::uint32_t>(near(from)));
        out.u32(from.once_in(2) ? from.u16() : 1u << from.below(32));
        out.u16(gaps);
        out.u16(duplicates);
        for (unsigned i = 0, at = 1; i < gaps; ++i) {
            out.u16(static_cast<std::uint16_t>(at += from.below(6)));
            out.u16(static_cast<std::uint16_t>(at += from.below(6)));
        }
        for (unsigned i = 0; i < duplicates; ++i) out.u32(theirs_ + static_cast<std::uint32_t>(near(from)));
        chunk(chunk_type::sack, 0, value);
    }
    void init(fuzz::input& from, chunk_type type) {
        bytes value(1000);
        byte_writer out(value);
        out.u32(from.once_in(8) ? 0 : 0x01020304u + from.u8());
        out.u32(from.once_in(8) ? 0 : 100000);
        out.u16(from.u16());
        out.u16(from.u16());
        out.u32(from.once_in(2) ? next_ : from.u32());
        if (type == chunk_type::init_ack && !from.once_in(8)) write_tlv(out, 7, from.piece());
        for (int i = from.below(4); i > 0; --i) {
            static constexpr std::array<std::uint16_t, 6> types{0x8008, 0xc000, 5, 12, 0x4123, 0xc123};
            write_tlv(out, from.once_in(4) ? from.u16() : from.pick(types), from.take(from.below(40)));
        }
        send(tag_); // alone
        chunk(type, from.u8(), out.written());
        send(type == chunk_type::init && !from.once_in(8) ? 0 : tag_);
    }
    void re_config(fuzz::input& from) {
        bytes value(600);
        byte_writer out(value);
        for (int i = 1 + from.below(2); i > 0; --i) {
            std::array<std::byte, 256> space;
            byte_writer parameter(space);
            const auto type = static_cast<std::uint16_t>(13 + from.below(6));
            const auto sequence = type == 16 ? their_reset_ : reset_;
            const auto delta = near(from);
            parameter.u32(sequence + static_cast<std::uint32_t>(delta));
            if (type == 13) {
                parameter.u32(their_reset_);
                parameter.u32(next_ - 1 + static_cast<std::uint32_t>(near(from)));
            }
            if (type == 16) parameter.u32(from.below(8));
            if (type == 17 || type == 18) parameter.u32(from.u32());
            if (type == 13 || type == 14)
                for (int count = from.below(8); count > 0; --count) parameter.u16(from.below(6));
            if (delta == 0 && type != 16) ++reset_;
            write_tlv(out, type, parameter.written());
        }
        chunk(chunk_type::re_config, 0, out.written());
    }
    void forward(fuzz::input& from) {
        bytes value(64);
        byte_writer out(value);
        const auto delta = near(from);
        out.u32(next_ + static_cast<std::uint32_t>(delta));
        if (delta > 0) next_ += static_cast<std::uint32_t>(delta) + 1;
        for (int i = from.below(6); i > 0; --i) {
            out.u16(from.below(6));
            out.u16(static_cast<std::uint16_t>(near(from)));
        }
        chunk(chunk_type::forward_tsn, 0, out.written());
    }
    void other(fuzz::input& from) {
        switch (from.below(12)) {
        case 0:
            return init(from, chunk_type::init);
        case 1:
            return init(from, chunk_type::init_ack);
        case 2: {
            auto cookie = cookie_;
            if (from.once_in(4) && !cookie.empty()) cookie[from.u8() % cookie.size()] ^= std::byte{1};
            return chunk(chunk_type::cookie_echo, 0, cookie);
        }
        case 3:
            return chunk(chunk_type::cookie_ack, from.u8(), from.piece());
        case 4:
            return chunk(chunk_type::heartbeat, 0, from.piece());
        case 5:
            return chunk(chunk_type::heartbeat_ack, 0, from.once_in(4) ? from.piece() : byte_view(beat_));
        case 6: {
            std::array<std::byte, 4> value;
            byte_writer(value).u32(theirs_ + static_cast<std::uint32_t>(near(from)));
            return chunk(chunk_type::shutdown, 0, value);
        }
        case 7:
            return chunk(chunk_type::shutdown_ack, from.u8(), {});
        case 8:
            if (from.once_in(4)) chunk(chunk_type::shutdown_complete, from.u8(), {});
            return;
        case 9:
            return chunk(chunk_type::error, 0, from.piece());
        case 10:
            if (from.once_in(8)) chunk(chunk_type::abort, from.u8(), from.piece());
            return;
        default:
            return chunk(static_cast<chunk_type>(from.u8()), from.u8(), from.piece());
        }
    }
    void pass(duration time) {
        const auto until = now_ + time;
        for (int i = 0; engine_.next_timeout() <= until; ++i) {
            require(i < 20000, "time moves");
            now_ = std::max(now_, engine_.next_timeout());
            engine_.handle_timeout(now_);
            require(engine_.next_timeout() > now_, "what was due is done");
            drain();
        }
        now_ = until;
    }
    void application(fuzz::input& from) {
        const auto stream = stream_id(from.below(6));
        switch (from.below(10)) {
        case 0:
        case 1:
        case 2: {
            const auto how = from.u8();
            send_options options;
            options.unordered = how & 1;
            if (how & 2) options.max_retransmits = how >> 4;
            if (how & 4) options.lifetime = (how >> 4) * 20ms;
            static constexpr std::array<std::size_t, 4> sizes{1, 200, 3000, 50000};
            (void)engine_.send(stream, ppid(53), bytes(from.pick(sizes)), options, now_);
            break;
        }
        case 3:
        case 4:
            (void)engine_.reset_stream(stream);
            break;
        case 5:
            engine_.discard_unsent(stream);
            break;
        case 6:
            consumes_ = !consumes_;
            consume();
            break;
        case 7:
            engine_.path_changed();
            break;
        case 8:
            if (from.once_in(4)) engine_.shutdown(now_);
            break;
        default:
            engine_.connect(now_);
            began_ = true;
        }
        drain();
    }
    void operate(fuzz::input& from) {
        const auto choice = from.below(16);
        if (choice < 4)
            data(from);
        else if (choice == 4)
            flood(from);
        else if (choice < 7)
            sack(from);
        else if (choice == 7)
            re_config(from);
        else if (choice == 8)
            forward(from);
        else if (choice < 11)
            other(from);
        else if (choice == 11)
            send(from.once_in(8) ? from.u32() : tag_);
        else if (choice == 12)
            raw(from);
        else if (choice == 13)
            pass(from.u8() * 10ms);
        else
            application(from);
        if (choice < 11 && from.once_in(3)) send(tag_);
    }
    /// Behind a good header, anything.
    void raw(fuzz::input& from) {
        const auto body = from.piece();
        bytes packet(common_header_size);
        byte_writer out(packet);
        out.u16(5000);
        out.u16(5000);
        out.u32(tag_);
        out.u32(0);
        packet.insert(packet.end(), body.begin(), body.end());
        auto sum = crc32c(packet);
        for (std::size_t i = 8; i < 12; ++i, sum >>= 8) packet[i] = static_cast<std::byte>(sum & 0xff);
        engine_.handle_packet(packet, now_);
        drain();
    }
    void finish() {
        consumes_ = true;
        consume();
        send(tag_);
        pass(1h);
        if (began_ || up_) require(over_, "an association whose peer is silent ends");
        require(engine_.next_timeout() == never, "what has ended waits for nothing");
    }

    time_point now_{1h};
    support::seeded_random random_{1};
    buffer_pool pool_;
    association engine_;
    std::array<std::byte, 2000> storage_{};
    packet_builder packet_{byte_span(storage_).first(1200), {5000, 5000, 0}};
    std::vector<bytes> said_;
    bytes cookie_, beat_;
    std::uint32_t tag_ = 0;             // of packets to the engine
    std::uint32_t next_ = 1000;         // our next TSN
    std::uint32_t theirs_ = 0xffffffef; // the engine's last
    std::uint32_t reset_ = 1000;        // our next request to reset
    std::uint32_t their_reset_ = 0xfffffff0;
    std::size_t held_bytes_ = 0, held_ = 0;
    bool consumes_ = true, began_ = false, up_ = false, over_ = false;
};

void run(fuzz::input& from) { scene().run(from); }

} // namespace

} // namespace cortc::sctp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    cortc::fuzz::input from(data, size);
    cortc::sctp::run(from);
    return 0;
}
