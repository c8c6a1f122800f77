#pragma once

#include "cortc/base/bytes.hpp"
#include "cortc/base/config.hpp"
#include "cortc/base/endpoint.hpp"
#include "cortc/base/random.hpp"
#include "cortc/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Names ending in `.local` (RFC 6762), as ICE uses them (draft-ietf-mmusic-mdns-ice-candidates): a host
/// candidate may have a random name in place of its address, which only who is on the same network finds out.
namespace cortc::mdns {

inline constexpr std::uint16_t port = 5353; ///< RFC 6762 3
/// 224.0.0.251, or ff02::fb.
[[nodiscard]] ip_address group(bool v6);

inline constexpr std::size_t max_message = 9000 - 48; ///< RFC 6762 17, less the headers of IPv6 and UDP
inline constexpr std::size_t max_name = 255;          ///< bytes of a name in a message (RFC 1035 3.1)
inline constexpr std::size_t max_questions = 64;      ///< of a message that are read; more make it malformed
inline constexpr std::size_t max_records = 256;       ///< likewise

/// RFC 1035 3.2.2 and RFC 4034 4. Those that are not named here are passed over.
enum class record_type : std::uint16_t { a = 1, aaaa = 28, nsec = 47, any = 255 };

struct question {
    std::string name; ///< in small letters, without a dot at its end
    std::uint16_t type = 0;

    friend bool operator==(const question&, const question&) = default;
};

/// The address of a name.
struct address_record {
    std::string name; ///< likewise
    ip_address address;
    bool goodbye = false; ///< it holds no longer (RFC 6762 10.1)

    friend bool operator==(const address_record&, const address_record&) = default;
};

/// What this library wants to know of a message: questions of class IN, and the addresses in any section.
struct message {
    bool response = false;
    std::vector<question> questions;
    std::vector<address_record> addresses;
};

/// Why a message had no effect.
enum class drop_reason : std::uint8_t {
    too_long,
    malformed,      ///< cut short, a name that never ends, a record of the wrong size, too many of them
    unexpected,     ///< another operation than a query, or an error (RFC 6762 18.3, 18.11)
    wrong_port,     ///< not from port 5353 (RFC 6762 6.7 and 11)
    wrong_address,  ///< a name that was asked for is said to be where nobody can be sent to, or at a
                    ///< stranger's loopback
    answers_limit,  ///< too many answers wait
    query_limit,    ///< a name that was not asked for: too many are
    unwelcome_name, ///< a name that was not asked for: it is no random one
    count
};
std::string_view to_string(drop_reason reason) noexcept;

/// Reads what anybody on the network may have sent.
[[nodiscard]] result<message, drop_reason> parse(byte_view data);

/// Whether a name is one that an ICE agent makes: a UUID and `.local`. Others are never asked for, so that no
/// peer can use a server to look for the devices of its network.
[[nodiscard]] bool is_candidate_name(std::string_view name) noexcept;
/// In small letters: names are compared like that (RFC 6762 16).
[[nodiscard]] std::string small(std::string_view name);
/// A new one (RFC 9562 5.4).
[[nodiscard]] std::string make_candidate_name(random_source& random);

///@{
/// Write a message of one name, and return its size; 0 when it has no room. A query asks for one type: some
/// responders read no more than one question. An answer tells what it is, and that there is nothing else
/// (RFC 6762 6.1); `only_that` leaves the address out.
std::size_t write_query(byte_span out, std::string_view name, record_type type);
std::size_t write_answer(byte_span out, std::string_view name, const ip_address& address, bool only_that);
std::size_t write_goodbye(byte_span out, std::string_view name, const ip_address& address);
///@}

} // namespace cortc::mdns

#if defined(CORTC_HEADER_ONLY)
#include "cortc/mdns/impl/message.ipp"
#endif
