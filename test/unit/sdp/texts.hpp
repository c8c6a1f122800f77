#pragma once

#include "cortc/sdp/parse.hpp"
#include "cortc/sdp/print.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace cortc::sdp::test {

/// The shortest session part; line 5 is the first after it.
inline const std::string head = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
/// The same and one section; line 6 is the first after it.
inline const std::string audio = head + "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\n";
inline const std::string data = head + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";

inline std::vector<std::filesystem::path> captures() {
    std::vector<std::filesystem::path> out;
    for (const auto& each : std::filesystem::directory_iterator(CORTC_TEST_DATA "/sdp"))
        if (each.path().extension() == ".sdp") out.push_back(each.path());
    std::sort(out.begin(), out.end());
    return out;
}

inline std::string read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// The lines of each section, sorted; the session part is the first.
inline std::vector<std::vector<std::string>> sections(std::string_view text) {
    std::vector<std::vector<std::string>> out(1);
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        auto line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.starts_with("m=")) out.emplace_back();
        out.back().emplace_back(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    for (auto& each : out) std::sort(each.begin(), each.end());
    return out;
}

/// "" if the text parses, else "<line>: <message>".
inline std::string refusal(std::string_view text, const limits& bounds = {}) {
    const auto parsed = parse(text, bounds);
    return parsed ? "" : std::to_string(parsed.error().line) + ": " + parsed.error().message;
}

} // namespace cortc::sdp::test
