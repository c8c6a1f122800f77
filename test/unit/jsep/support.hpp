#pragma once

#include "cortc/jsep/session.hpp"
#include "cortc/sdp/parse.hpp"
#include "test/support/catch.hpp"
#include "test/support/seeded_random.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>
#include <vector>

namespace cortc::jsep {

inline std::ostream& operator<<(std::ostream& out, const error& why) {
    return out << to_string(why.kind) << ": " << why.message;
}

inline std::ostream& operator<<(std::ostream& out, const description& text) {
    return out << to_string(text.type) << "\n" << text.sdp;
}

template <class Tag>
std::ostream& operator<<(std::ostream& out, strong<Tag, std::uint32_t> id) {
    return out << "number " << id.value();
}
inline std::ostream& operator<<(std::ostream& out, const send_parameters& parameters) {
    return out << "parameters " << parameters.transaction_id;
}

using support::seeded_random;

inline sdp::fingerprint fingerprint_of(int fill) {
    return {"sha-256", bytes(32, static_cast<std::byte>(fill))};
}

/// A session with its events drained after every step.
struct peer {
    explicit peer(int number, session_options options = {})
        : random(static_cast<std::uint64_t>(number)), jsep(random, {}, options) {
        jsep.set_fingerprints({fingerprint_of(number)});
    }

    std::string offer(offer_options options = {}) { return jsep.create_offer(options).value().sdp; }
    std::string answer() { return jsep.create_answer().value().sdp; }
    /// setLocalDescription() without arguments; the text that goes out.
    std::string set_local() {
        jsep.set_local_description().value();
        return jsep.local_description()->sdp;
    }
    std::vector<event> events() {
        std::vector<event> all;
        while (auto next = jsep.poll_event()) all.push_back(std::move(*next));
        return all;
    }
    template <class E>
    std::vector<E> events_of() {
        std::vector<E> all;
        for (auto& each : events())
            if (auto* wanted = std::get_if<E>(&each)) all.push_back(std::move(*wanted));
        return all;
    }

    seeded_random random;
    session jsep;
};

/// What an application can see of a transceiver.
struct seen_transceiver {
    transceiver_id id;
    std::string mid;
    sdp::direction direction;
    std::optional<sdp::direction> current_direction, fired_direction;
    bool stopping, stopped;
    std::optional<std::string> track;
    std::vector<std::string> streams, remote_streams;
    std::vector<encoding> encodings;
    std::shared_ptr<const send_parameters> last_parameters;
    std::shared_ptr<const media_parameters> negotiated;
    std::optional<transport_id> transport;

    explicit seen_transceiver(const session& in, const transceiver& of)
        : id(of.id)
        , mid(of.mid)
        , direction(of.direction)
        , current_direction(of.current_direction)
        , fired_direction(of.fired_direction)
        , stopping(of.stopping)
        , stopped(of.stopped)
        , track(of.track)
        , streams(of.streams)
        , remote_streams(of.remote_streams)
        , encodings(of.encodings)
        , last_parameters(of.last_parameters)
        , negotiated(of.negotiated)
        , transport(in.media_transport(of.id)) {}
    friend bool operator==(const seen_transceiver&, const seen_transceiver&) = default;
};

/// Everything that can be seen from outside.
struct observed {
    signaling_state state;
    std::vector<seen_transceiver> transceivers;
    std::optional<transport_id> data_transport;
    std::optional<description> current_local, pending_local, current_remote, pending_remote;
    std::optional<bool> can_trickle, controlling;
    bool negotiation_needed;

    explicit observed(const session& of)
        : state(of.state())
        , transceivers(transceivers_of(of))
        , data_transport(of.data_transport())
        , current_local(of.current_local_description())
        , pending_local(of.pending_local_description())
        , current_remote(of.current_remote_description())
        , pending_remote(of.pending_remote_description())
        , can_trickle(of.can_trickle())
        , controlling(of.controlling())
        , negotiation_needed(of.negotiation_needed()) {}
    friend bool operator==(const observed&, const observed&) = default;

  private:
    static std::vector<seen_transceiver> transceivers_of(const session& of) {
        std::vector<seen_transceiver> all;
        for (const auto& each : of.transceivers()) all.emplace_back(of, each);
        return all;
    }
};

/// One whole exchange; the offerer's events and the answerer's stay queued.
inline void negotiate(peer& offerer, peer& answerer, offer_options options = {}) {
    offerer.jsep.set_local_description(sdp_type::offer, offerer.offer(options)).value();
    answerer.jsep.set_remote_description(sdp_type::offer, offerer.jsep.local_description()->sdp).value();
    answerer.jsep.set_local_description(sdp_type::answer, answerer.answer()).value();
    offerer.jsep.set_remote_description(sdp_type::answer, answerer.jsep.local_description()->sdp).value();
}

/// Two peers with a data section between them and no event left.
struct connected_pair {
    peer alice{1}, bob{2};
    connected_pair() {
        alice.jsep.add_data_section();
        negotiate(alice, bob);
        alice.events();
        bob.events();
    }
};

inline std::string replaced(std::string text, std::string_view what, std::string_view with) {
    auto at = text.find(what);
    REQUIRE(at != std::string::npos);
    return text.replace(at, what.size(), with);
}
/// The text without the first line that begins so.
inline std::string without_line(std::string text, std::string_view begin) {
    auto at = text.find("\n" + std::string(begin));
    REQUIRE(at != std::string::npos);
    return text.erase(at + 1, text.find('\n', at + 1) - at);
}
inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}
/// The value of the first line that begins so.
inline std::string line_value(std::string_view text, std::string_view begin) {
    auto at = text.find("\n" + std::string(begin));
    REQUIRE(at != std::string_view::npos);
    at += 1 + begin.size();
    return std::string(text.substr(at, text.find_first_of("\r\n", at) - at));
}

inline std::string capture(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}
inline std::vector<std::filesystem::path> captures() {
    std::vector<std::filesystem::path> all;
    for (const auto& entry : std::filesystem::directory_iterator(CORTC_TEST_DATA "/sdp"))
        if (entry.path().extension() == ".sdp") all.push_back(entry.path());
    std::sort(all.begin(), all.end());
    return all;
}

} // namespace cortc::jsep
