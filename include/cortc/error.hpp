#pragma once

// cortc::errc, cortc::Error: how operations fail.
#include "cortc/transport/error.hpp"
