#pragma once

// cortc::context, context_options, limits: what the connections of one executor share.
#include "cortc/context/context.hpp"
