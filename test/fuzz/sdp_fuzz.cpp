#include "cortc/sdp/candidate.hpp"
#include "cortc/sdp/parse.hpp"
#include "cortc/sdp/print.hpp"
#include "test/fuzz/input.hpp"

/// The input is a text: of a description, or after "candidate:" of a candidate. What is refused has a reason
/// and a line; what is taken is printed, and read again as the same.
using namespace cortc;
using fuzz::require;

namespace {

void try_candidate(std::string_view text) {
    const auto parsed = sdp::parse_candidate(text);
    if (!parsed) {
        require(!parsed.error().message.empty(), "a refused candidate has a reason");
        return;
    }
    const auto printed = sdp::print_candidate(*parsed);
    const auto again = sdp::parse_candidate(printed);
    require(again.has_value() && *again == *parsed, "a printed candidate is read as the same");
    require(sdp::print_candidate(*again) == printed, "printing a candidate is stable");
}

void try_description(std::string_view text) {
    const auto parsed = sdp::parse(text);
    if (!parsed) {
        const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
        require(!parsed.error().message.empty(), "a refused description has a reason");
        require(parsed.error().line >= 1 && parsed.error().line <= lines + 1,
                "a refused description has a line");
        return;
    }
    const auto printed = sdp::print(*parsed);
    const auto again = sdp::parse(printed);
    require(again.has_value(), "what is printed is read");
    require(*again == *parsed, "a printed description is read as the same");
    require(sdp::print(*again) == printed, "printing a description is stable");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = as_text(byte_view(reinterpret_cast<const std::byte*>(data), size));
    text.starts_with("candidate:") ? try_candidate(text) : try_description(text);
    return 0;
}
