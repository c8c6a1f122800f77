#pragma once

#include "cmake/pch.hpp"
#include "test/support/catch.hpp"
