// For programs of whole connections, beside pch.hpp.
#pragma once

#include "cortc/cortc.hpp"
#include "cortc/sim/world.hpp"
