# $CMAKE_TOOLCHAIN_FILE of test/package, so that the commands of README.md can be run as they are, and all ways compile
# cortc with the same flags: those that Conan passes, without optimization and precompiled headers.
set(CMAKE_CXX_FLAGS_INIT "-m64")
set(CMAKE_CXX_FLAGS_RELEASE "-O0 -DNDEBUG" CACHE STRING "")
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_DISABLE_PRECOMPILE_HEADERS ON)
