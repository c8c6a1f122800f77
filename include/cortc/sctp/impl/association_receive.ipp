#pragma once

#include "cortc/sctp/association.hpp"

#include <algorithm>
#include <utility>

namespace cortc::sctp {

CORTC_DECL void association::handle_packet(byte_view packet, time_point now) {
    ++stats_.packets_received;
    const auto header = parse_common_header(packet);
    if (!header) {
        drop(header.error() == packet_error::too_short ? drop_reason::short_packet
                                                       : drop_reason::bad_checksum);
        return;
    }
    if (header->source_port != config_.remote_port || header->destination_port != config_.local_port) {
        drop(drop_reason::wrong_port);
        return;
    }
    chunk_reader chunks(packet.subspan(common_header_size));
    auto current = chunks.next();
    if (!current) {
        drop(drop_reason::malformed_chunk);
        return;
    }
    if (!tag_fits(*header, *current)) {
        handle_out_of_the_blue(*header, *current);
        return;
    }
    arrival in;
    in.tag = header->tag;
    in.now = now;
    while (current) {
        if (in.index == config_.limits.max_chunks_per_packet) {
            drop(drop_reason::too_many_chunks);
            break;
        }
        auto following = chunks.next();
        in.last = !following && chunks.ok();
        if (handle_chunk(*current, in) == next_chunk::stop || ended_) break;
        current = following;
        ++in.index;
    }
    if (!chunks.ok()) drop(drop_reason::malformed_chunk);
    if (in.has_re_config) handle_re_configs(packet.subspan(common_header_size), in);
    packet_done(in);
}

/// Control chunks precede DATA (RFC 9260 6.10), but a reset is about everything sent before it: requests are
/// looked at when the packet's DATA has been.
CORTC_DECL void association::handle_re_configs(byte_view chunks, const arrival& in) {
    chunk_reader reader(chunks);
    for (std::size_t i = 0; i <= in.index && !ended_; ++i) {
        const auto found = reader.next();
        if (!found) return;
        if (found->type == chunk_type::re_config) handle_re_config(*found, in.now);
    }
}

/// RFC 9260 8.5. The tag of COOKIE-ECHO is compared with the cookie's later.
CORTC_DECL bool association::tag_fits(const common_header& header, const chunk& first) const noexcept {
    if (ended_) return false;
    const bool reflected = (first.flags & 1) != 0; // the T bit
    switch (first.type) {
    case chunk_type::init:
        return header.tag == 0;
    case chunk_type::cookie_echo:
        return true;
    case chunk_type::abort:
    case chunk_type::shutdown_complete:
        if (reflected) return tcb_->peer_tag != 0 && header.tag == tcb_->peer_tag;
        break;
    default:
        break;
    }
    return state_ != association_state::closed && header.tag == tcb_->local_tag;
}

/// RFC 9260 8.4, as far as it makes sense above DTLS: the peer is authenticated, and it talks to this
/// association or to its predecessor. Before the set-up silence is best (its retransmission will fit); after
/// the end we say so.
CORTC_DECL void association::handle_out_of_the_blue(const common_header& header, const chunk& first) {
    const bool farewell = first.type == chunk_type::abort || first.type == chunk_type::shutdown_complete;
    if (!ended_ || farewell) {
        drop(state_ == association_state::closed ? drop_reason::out_of_the_blue : drop_reason::wrong_tag);
        return;
    }
    drop(drop_reason::out_of_the_blue);
    if (!replies_.empty()) return;
    if (first.type == chunk_type::shutdown_ack) {
        (void)queue_reply(chunk_type::shutdown_complete, 1, header.tag, true, {});
    } else if (first.type == chunk_type::init) {
        if (const auto init = parse_init(first)) (void)queue_reply(chunk_type::abort, 0, init->tag, true, {});
    } else if (first.type != chunk_type::cookie_echo) {
        (void)queue_reply(chunk_type::abort, 1, header.tag, true, {});
    }
}

/// Sent only by an end that is established.
CORTC_DECL bool association::implies_cookie_ack(chunk_type type) noexcept {
    return type == chunk_type::data || type == chunk_type::sack || type == chunk_type::forward_tsn ||
           type == chunk_type::heartbeat || type == chunk_type::re_config;
}

CORTC_DECL association::next_chunk association::handle_chunk(const chunk& from, arrival& in) {
    // RFC 9260 6 has DATA discarded until COOKIE-ACK came, which costs a time-out or more when it was lost.
    // The peer is authenticated, its tag is right: it has had our COOKIE-ECHO.
    if (state_ == association_state::cookie_echoed && implies_cookie_ack(from.type))
        handle_cookie_ack(in.now);
    switch (from.type) {
    case chunk_type::data:
        handle_data(from, in);
        break;
    case chunk_type::sack:
        // Nobody sends two, and each costs time for everything that is outstanding.
        if (std::exchange(in.has_sack, true))
            drop(drop_reason::bad_sack);
        else
            handle_sack(from, in.now);
        break;
    case chunk_type::forward_tsn:
        handle_forward_tsn(from, in);
        break;
    case chunk_type::heartbeat:
        handle_heartbeat(from);
        break;
    case chunk_type::heartbeat_ack:
        handle_heartbeat_ack(from, in.now);
        break;
    case chunk_type::init:
        handle_init(from, in);
        return next_chunk::stop;
    case chunk_type::init_ack:
        handle_init_ack(from, in.now);
        break;
    case chunk_type::cookie_echo:
        handle_cookie_echo(from, in);
        if (in.tag != tcb_->local_tag) return next_chunk::stop;
        break;
    case chunk_type::cookie_ack:
        handle_cookie_ack(in.now);
        break;
    case chunk_type::abort:
        handle_abort(from);
        return next_chunk::stop;
    case chunk_type::shutdown:
        handle_shutdown(from, in.now);
        break;
    case chunk_type::shutdown_ack:
        handle_shutdown_ack(in);
        break;
    case chunk_type::shutdown_complete:
        handle_shutdown_complete();
        return next_chunk::stop;
    case chunk_type::error:
        handle_error(from);
        break;
    case chunk_type::re_config:
        in.has_re_config = true;
        break;
    case chunk_type::pad: // RFC 4820: makes a packet larger, and means nothing
        break;
    default:
        return handle_unknown(from);
    }
    return next_chunk::proceed;
}

CORTC_DECL void association::handle_data(const chunk& from, arrival& in) {
    const bool receiving = state_ == association_state::established ||
                           state_ == association_state::shutdown_pending ||
                           state_ == association_state::shutdown_sent;
    if (!receiving) {
        drop(drop_reason::out_of_the_blue);
        return;
    }
    const auto data = parse_data(from);
    if (!data) {
        // RFC 9260 6.2 has us abort for a DATA chunk without data.
        if (from.value.size() == data_fields_size) return violation("DATA without user data");
        drop(drop_reason::malformed_chunk);
        return;
    }
    in.has_data = true;
    if (state_ == association_state::shutdown_sent) tcb_->shutdown_due = true; // RFC 9260 9.2: with the SACK
    if (data->stream.value() >= tcb_->incoming_streams) {
        drop(drop_reason::bad_stream);
        tcb_->receiver.discard_data(data->number);
        std::array<std::byte, 4> value{};
        byte_writer(value).u16(data->stream.value());
        queue_error(error_cause::invalid_stream, value);
        return;
    }
    if (tcb_->receiver.handle_data(*data) == receiver::verdict::too_large) violation("message too large");
}

CORTC_DECL void association::handle_forward_tsn(const chunk& from, arrival& in) {
    const auto forward = parse_forward_tsn(from);
    if (!forward || !up()) {
        drop(forward ? drop_reason::out_of_the_blue : drop_reason::bad_forward_tsn);
        return;
    }
    in.has_data = true;
    tcb_->receiver.handle_forward_tsn(*forward);
}

CORTC_DECL void association::handle_sack(const chunk& from, time_point now) {
    const auto sack = parse_sack(from);
    if (!sack || !up()) {
        drop(sack ? drop_reason::out_of_the_blue : drop_reason::bad_sack);
        return;
    }
    if (tcb_->sender.handle_sack(*sack, now) == sender::verdict::progress) {
        data_progress();
        tcb_->heartbeat.heard();
    }
    advance_shutdown();
}

CORTC_DECL void association::handle_heartbeat(const chunk& from) {
    if (!up()) return drop(drop_reason::out_of_the_blue);
    // RFC 9260 8.3: the information comes back as it is.
    if (from.value.size() > config_.mtu - common_header_size - chunk_header_size)
        return drop(drop_reason::malformed_chunk);
    (void)queue_reply(chunk_type::heartbeat_ack, 0, tcb_->peer_tag, false, from.value);
}

CORTC_DECL void association::handle_heartbeat_ack(const chunk& from, time_point now) {
    if (tcb_->sender.packet_size().handle_ack(from)) return;
    const auto round_trip = tcb_->heartbeat.handle_ack(from, now);
    if (!round_trip) return drop(drop_reason::out_of_the_blue);
    tcb_->path_answered = true;
    auto& rto = tcb_->rto();
    rto.sample(*round_trip);
    rto.clear_back_off(); // RFC 9260 6.3.3: a round trip that was measured collapses it
    // RFC 9260 8.1: while data is outstanding it is for data to show that it arrives.
    if (!tcb_->sender.outstanding()) tcb_->path_errors = 0;
    tcb_->heartbeat.schedule(now, rto.value());
}

CORTC_DECL void association::handle_error(const chunk& from) {
    log_.debug("peer reports: {}", describe_causes(from.value));
    const auto first = tlv_reader(from.value).next();
    if (first && first->type == static_cast<std::uint16_t>(error_cause::stale_cookie)) handle_stale_cookie();
}

CORTC_DECL association::next_chunk association::handle_unknown(const chunk& from) {
    drop(drop_reason::unknown_chunk);
    const auto rule = rule_for(from.type);
    if (rule.report && up()) queue_error(error_cause::unrecognized_chunk, from.whole);
    return rule.stop ? next_chunk::stop : next_chunk::proceed;
}

CORTC_DECL void association::packet_done(const arrival& in) {
    if (ended_) return;
    if (in.has_data) tcb_->receiver.packet_done(in.now);
}

CORTC_DECL bool association::queue_reply(chunk_type type, std::uint8_t flags, std::uint32_t tag, bool alone,
                                         byte_view value) {
    if (replies_.size() >= config_.limits.max_replies) {
        drop(drop_reason::reply_limit);
        return false;
    }
    auto copy = pool_.acquire(value.size());
    copy.append(value);
    replies_.push_back({type, flags, tag, alone, std::move(copy)});
    return true;
}

CORTC_DECL void association::queue_error(error_cause cause, byte_view value) {
    constexpr std::size_t enough = 512; // the sender of a larger unknown chunk recognizes it by its beginning
    std::array<std::byte, enough + 4> chunk_value;
    byte_writer out(chunk_value);
    const auto size = std::min({value.size(), enough, padded(config_.mtu / 2)});
    write_tlv(out, static_cast<std::uint16_t>(cause), value.first(size));
    (void)queue_reply(chunk_type::error, 0, tcb_->peer_tag, false, out.written().first(4 + size));
}

} // namespace cortc::sctp
