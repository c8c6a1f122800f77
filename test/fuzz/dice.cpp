#include <cstddef>
#include <cstdint>

/// mbedTLS draws from one generator that nothing can tell apart from chance. The programs of libFuzzer put
/// this in its place: an input does the same each time.
namespace {

std::uint64_t state = 1;

} // namespace

extern "C" {

int mbedtls_ctr_drbg_random(void*, unsigned char* out, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        state = state * 6364136223846793005 + 1442695040888963407;
        out[i] = static_cast<unsigned char>(state >> 56);
    }
    return 0;
}

/// Begins again; called before each input.
void cortc_fuzz_begin() { state = 1; }
}
