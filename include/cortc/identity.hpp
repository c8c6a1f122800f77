#pragma once

// Identity providers and assertions (RFC 8827, webrtc-identity).
#include "cortc/identity/provider.hpp"
