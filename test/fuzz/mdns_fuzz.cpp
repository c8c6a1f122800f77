#include "cortc/mdns/engine.hpp"
#include "test/fuzz/input.hpp"
#include "test/support/seeded_random.hpp"

#include <array>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

/// Names are asked for and published, and everybody on the network says what he likes.
namespace cortc::fuzz {

namespace {

using namespace std::chrono_literals;

class network_of_names {
  public:
    explicit network_of_names(input in) : in_(in), engine_(random_, limits()) {
        engine_.add_link(mdns::link_id(1), "eth0");
        engine_.add_link(mdns::link_id(2), "eth1");
    }
    void run() {
        for (int steps = 0; !in_.empty() && steps < 2000; ++steps) {
            step();
            drain();
        }
        now_ += mdns::query_limit;
        engine_.handle_timeout(now_);
        drain();
        require(asked_.empty(), "every question ends in time");
        for (const auto& each : names_) engine_.withdraw(each);
        drain();
        require(engine_.idle(), "nothing is left");
        require(engine_.next_timeout() == never, "nor waited for");
    }

  private:
    static mdns::engine_limits limits() {
        mdns::engine_limits made;
        made.queries = made.names = made.answers = 4;
        return made;
    }
    void step() {
        switch (in_.below(7)) {
        case 0:
            return receive(in_.piece());
        case 1:
            if (const auto id = engine_.ask(in_.once_in(8) ? in_.text() : name(), now_))
                require(asked_.emplace(*id, now_ + mdns::query_limit).second, "a question is one");
            return;
        case 2:
            if (const auto made = engine_.publish(ip_address(boost::asio::ip::address_v4(in_.u32())), "eth0"))
                names_.push_back(*made);
            return;
        case 3:
            if (names_.empty()) return;
            engine_.withdraw(names_.back());
            return names_.pop_back();
        case 4: {
            std::array<std::byte, 512> room;
            const ip_address where(boost::asio::ip::address_v4(in_.u32()));
            return receive(byte_view(room).first(mdns::write_answer(room, name(), where, in_.once_in(4))));
        }
        case 5: {
            std::array<std::byte, 512> room;
            const auto type = static_cast<mdns::record_type>(in_.u8());
            return receive(byte_view(room).first(mdns::write_query(room, name(), type)));
        }
        default:
            now_ += std::chrono::milliseconds(in_.u8() * 10);
            engine_.handle_timeout(now_);
        }
    }
    std::string name() {
        if (!names_.empty() && in_.once_in(2)) return in_.pick(names_);
        return "0b1c2d3e-0000-4000-8000-00000000000" + std::to_string(in_.below(8)) + ".local";
    }
    void receive(byte_view packet) {
        const endpoint from{boost::asio::ip::make_address("192.0.2.9"),
                            in_.once_in(8) ? in_.u16() : mdns::port};
        engine_.handle_packet(mdns::link_id(in_.below(4)), from, packet, now_);
    }
    void drain() {
        std::array<std::byte, 1024> room;
        while (const auto next = engine_.poll_transmit(room)) {
            const auto read = mdns::parse(byte_view(room).first(next->size));
            require(read.has_value(), "what is sent can be read");
            for (const auto& each : read->addresses) {
                if (each.goodbye) continue;
                require(next->over == mdns::link_id(1), "a name is told on its own interface");
                auto& last = told_[each.name];
                require(last == time_point() || now_ >= last + mdns::answer_interval, "once a second");
                last = now_;
            }
        }
        while (const auto event = engine_.poll_event()) {
            const auto at = asked_.find(event->query);
            require(at != asked_.end(), "who was told had asked");
            require(!event->addresses.empty() || now_ >= at->second, "no question ends early");
            for (const auto& each : event->addresses)
                require(is_reachable({each, 1}), "what is found is an address");
            asked_.erase(at);
        }
        require(asked_.size() <= 4, "questions are bounded");
    }

    input in_;
    support::seeded_random random_{1};
    mdns::engine engine_;
    time_point now_ = time_point() + 1h;
    std::vector<std::string> names_;
    std::map<mdns::query_id, time_point> asked_;
    std::map<std::string, time_point> told_;
};

} // namespace
} // namespace cortc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    cortc::fuzz::begin();
    cortc::fuzz::network_of_names(cortc::fuzz::input(data, size)).run();
    return 0;
}
