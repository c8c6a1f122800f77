#pragma once

#include "cortc/context.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

/// The totals of a context (or the sum of several) as Prometheus reads them: the text format 0.0.4, whose
/// content type is "text/plain; version=0.0.4".
class prometheus_text {
  public:
    explicit prometheus_text(const cortc::context_totals& of) {
        gauge("cortc_connections_open", "Connections that are not closed.", of.connections_open());
        counter("cortc_connections_made_total", "Connections that there ever were.", of.connections_made);
        counter("cortc_connections_connected_total", "Connections that were ever connected.",
                of.connections_connected);
        begin("cortc_connections_ended_total", "Connections that are closed, by how they ended.", "counter");
        for (const auto& each : of.ends)
            line("cortc_connections_ended_total{{how=\"{}\"}} {}", each.how, each.count);
        begin("cortc_dtls_handshakes_total", "DTLS handshakes, by how they ended.", "counter");
        line("cortc_dtls_handshakes_total{{result=\"made\"}} {}", of.handshakes_made);
        line("cortc_dtls_handshakes_total{{result=\"failed\"}} {}", of.handshakes_failed);
        both_ways("cortc_packets_total", "UDP datagrams that are not STUN.", of.packets_sent,
                  of.packets_received);
        both_ways("cortc_bytes_total", "Bytes in them.", of.bytes_sent, of.bytes_received);
        counter("cortc_channels_opened_total", "Data channels that were ever open.", of.channels_opened);
        both_ways("cortc_messages_total", "Messages of data channels.", of.messages_sent,
                  of.messages_received);
        both_ways("cortc_message_bytes_total", "Bytes in them.", of.message_bytes_sent,
                  of.message_bytes_received);
        begin("cortc_drops_total", "What had no effect, by the layer and its reason.", "counter");
        for (const auto& each : of.drops)
            line("cortc_drops_total{{layer=\"{}\",reason=\"{}\"}} {}", each.layer, each.reason, each.count);
    }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

  private:
    // None of the labels holds a backslash, a quotation mark or a line break, which would have to be escaped.
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
        text_ += '\n';
    }
    void begin(std::string_view name, std::string_view help, std::string_view type) {
        line("# HELP {} {}", name, help);
        line("# TYPE {} {}", name, type);
    }
    void gauge(std::string_view name, std::string_view help, std::uint64_t value) {
        begin(name, help, "gauge");
        line("{} {}", name, value);
    }
    void counter(std::string_view name, std::string_view help, std::uint64_t value) {
        begin(name, help, "counter");
        line("{} {}", name, value);
    }
    void both_ways(std::string_view name, std::string_view help, std::uint64_t sent, std::uint64_t received) {
        begin(name, help, "counter");
        line("{}{{direction=\"sent\"}} {}", name, sent);
        line("{}{{direction=\"received\"}} {}", name, received);
    }

    std::string text_;
};
