# cortc::cortc (compiled) and cortc::header_only: one code base, two targets.
add_library(cortc_flags INTERFACE)
target_compile_options(cortc_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 takes Asio's coroutine frame allocator for a mismatched pair (GCC bug 103993).
  target_compile_options(cortc_flags INTERFACE -Wno-mismatched-new-delete)
  # Its garbage collector takes a tenth of the time where it begins at the default of 128 MB.
  target_compile_options(cortc_flags INTERFACE "SHELL:--param ggc-min-heapsize=400000")
  if(CORTC_SANITIZE)
    # With sanitizers it takes Asio's use_future for uninitialized, among others.
    target_compile_options(cortc_flags INTERFACE -Wno-maybe-uninitialized)
  endif()
elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # std::stable_sort of libstdc++ 12 uses std::get_temporary_buffer, which is deprecated.
  target_compile_options(cortc_flags INTERFACE -Wno-deprecated-declarations)
endif()
if(CORTC_WERROR)
  target_compile_options(cortc_flags INTERFACE -Werror)
endif()
if(CORTC_SANITIZE)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU") # instrumented code confuses g++ 12's flow analysis
    target_compile_options(cortc_flags INTERFACE -Wno-maybe-uninitialized)
  endif()
  target_compile_options(cortc_flags INTERFACE -fsanitize=${CORTC_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  target_link_options(cortc_flags INTERFACE -fsanitize=${CORTC_SANITIZE})
  if(CORTC_SANITIZE MATCHES "thread")
    # ThreadSanitizer does not see the fences by which Asio orders handlers, and the ends of shared executors.
    # Without std::atomic it counts references by Boost's atomic_count, which has none.
    target_compile_definitions(cortc_flags INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK BOOST_ASIO_DISABLE_STD_ATOMIC)
  endif()
endif()
# Coroutines in GCC need no flag from C++20 on; symbols for traces in every preset.
find_program(CORTC_MOLD mold)
if(CORTC_MOLD AND PROJECT_IS_TOP_LEVEL)
  target_link_options(cortc_flags INTERFACE -fuse-ld=mold)
endif()

set(cortc_links Threads::Threads Boost::headers fmt::fmt MbedTLS::mbedtls MbedTLS::mbedx509 MbedTLS::mbedcrypto
  libSRTP::srtp2)

function(cortc_includes target scope)
  target_include_directories(${target} ${scope}
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
  target_compile_features(${target} ${scope} cxx_std_20)
  target_compile_definitions(${target} ${scope} BOOST_ASIO_NO_DEPRECATED)
endfunction()

add_library(cortc_header_only INTERFACE)
add_library(cortc::header_only ALIAS cortc_header_only)
set_target_properties(cortc_header_only PROPERTIES EXPORT_NAME header_only)
cortc_includes(cortc_header_only INTERFACE)
target_link_libraries(cortc_header_only INTERFACE ${cortc_links})
target_compile_definitions(cortc_header_only INTERFACE CORTC_HEADER_ONLY)
if(NOT CORTC_COMPILED)
  return()
endif()

# A shared library shows what cmake/cortc.map names. Compiled code is the same as for a static one.
function(cortc_library target name)
  add_library(${target} ${ARGN})
  add_library(cortc::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} DEFINE_SYMBOL "" INSTALL_RPATH "\$ORIGIN"
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "SHARED_LIBRARY")
    set(map "${PROJECT_SOURCE_DIR}/cmake/cortc.map")
    target_link_options(${target} PRIVATE "LINKER:--version-script,${map}")
    set_property(TARGET ${target} PROPERTY LINK_DEPENDS "${map}")
  endif()
  cortc_includes(${target} PUBLIC)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:cortc_flags>)
endfunction()

file(GLOB cortc_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/*.cpp")
list(FILTER cortc_sources EXCLUDE REGEX "/signaling\\.cpp$")
cortc_library(cortc cortc ${cortc_sources})
target_link_libraries(cortc PUBLIC ${cortc_links})
target_compile_definitions(cortc PUBLIC BOOST_ASIO_SEPARATE_COMPILATION)
if(PROJECT_IS_TOP_LEVEL)
  target_precompile_headers(cortc PRIVATE "${PROJECT_SOURCE_DIR}/cmake/pch.hpp")
  set_source_files_properties("${PROJECT_SOURCE_DIR}/src/asio.cpp" PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endif()

if(CORTC_SIGNALING)
  cortc_library(cortc_signaling signaling "${PROJECT_SOURCE_DIR}/src/signaling.cpp")
  target_link_libraries(cortc_signaling PUBLIC cortc Boost::json)
endif()
