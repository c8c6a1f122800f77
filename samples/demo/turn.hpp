#pragma once

#include "report.hpp"

#include <cstddef>
#include <string>

/// What came of the move from one TURN server to another.
struct turn_results {
    std::string first_relay, second_relay; // "127.0.0.1:50000": the offerer's address at each server
    double restart_ms = 0;                 // from createOffer() until both ends use the second
    std::size_t messages_lost = 0;
    bool first_released = false; // the first server has nothing of them any more
};
[[nodiscard]] std::string to_json(const turn_results& of);

/// Whether all went well; `why` says what did not.
bool play_turn(const report& log, turn_results& outcome, std::string& why);
