#pragma once

#include "cmake/pch.hpp"
#include "test/support/catch.hpp"

#if defined(CORTC_HEADER_ONLY) // all bodies are parsed once
#include "cortc/cortc.hpp"
#include "cortc/sim/world.hpp"
#endif
