# Stops the configuration with one sentence where something is missing or unsuitable.
include(CheckCXXSourceCompiles)

block()
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
check_cxx_source_compiles("
  #include <coroutine>
  #include <span>
  #include <version>
  #if !defined(__cpp_impl_coroutine) || !defined(__cpp_lib_coroutine) || !defined(__cpp_concepts)
  #error
  #endif
  std::suspend_always wait() { return {}; }" CORTC_COMPILER_HAS_COROUTINES)
endblock()
if(NOT CORTC_COMPILER_HAS_COROUTINES)
  unset(CORTC_COMPILER_HAS_COROUTINES CACHE) # another compiler or other flags may come
  message(FATAL_ERROR "cortc needs a compiler with C++20 coroutines, and ${CMAKE_CXX_COMPILER} "
    "(${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}, flags \"${CMAKE_CXX_FLAGS}\") is none: "
    "install g++ 12 or clang 19, or later, and set CMAKE_CXX_COMPILER.")
endif()

if((CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12) OR
   (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)) # as in conanfile.py
  message(FATAL_ERROR "cortc needs g++ 12 or clang 19, or later, and ${CMAKE_CXX_COMPILER} is ${CMAKE_CXX_COMPILER_ID} "
    "${CMAKE_CXX_COMPILER_VERSION}: set CMAKE_CXX_COMPILER.")
endif()

set(cortc_include_folder "${PROJECT_SOURCE_DIR}/include")
set(cortc_wants_signaling OFF)
if(CORTC_COMPILED AND CORTC_SIGNALING)
  set(cortc_wants_signaling ON)
endif()
include(cortc_dependencies)
if(cortc_missing)
  message(FATAL_ERROR "${cortc_missing}")
endif()

# mbedTLS leaves use_srtp (RFC 5764) out unless it is built with MBEDTLS_SSL_DTLS_SRTP, which also changes the
# layout of its structures: its headers and its library must agree.
set(cortc_srtp_function "extern \"C\" int mbedtls_ssl_conf_dtls_srtp_protection_profiles();
  extern \"C\" int mbedtls_ssl_setup();
  int main() { return mbedtls_ssl_setup() + mbedtls_ssl_conf_dtls_srtp_protection_profiles(); }")
set(cortc_srtp_headers "#include <mbedtls/version.h>
  #include <mbedtls/ssl.h>
  #if !defined(MBEDTLS_SSL_DTLS_SRTP)
  #error
  #endif
  int main() {}")
block()
if(CMAKE_BUILD_TYPE AND NOT CMAKE_TRY_COMPILE_CONFIGURATION)
  set(CMAKE_TRY_COMPILE_CONFIGURATION "${CMAKE_BUILD_TYPE}") # Conan's targets have their paths in one configuration only
endif()
set(CMAKE_REQUIRED_LIBRARIES MbedTLS::mbedtls MbedTLS::mbedx509 MbedTLS::mbedcrypto)
check_cxx_source_compiles("${cortc_srtp_headers}" CORTC_MBEDTLS_HEADERS_HAVE_SRTP)
check_cxx_source_compiles("${cortc_srtp_function}" CORTC_MBEDTLS_LIBRARY_HAS_SRTP)
endblock()
set(cortc_srtp_remedy "Conan: tools.build:defines=[\"MBEDTLS_SSL_DTLS_SRTP\"] in the profile; otherwise CFLAGS and CXXFLAGS with -DMBEDTLS_SSL_DTLS_SRTP")
if(CORTC_MBEDTLS_HEADERS_HAVE_SRTP AND NOT CORTC_MBEDTLS_LIBRARY_HAS_SRTP)
  message(FATAL_ERROR "mbedTLS was built without MBEDTLS_SSL_DTLS_SRTP, and cortc is compiled with it: "
    "build mbedTLS with it, too (${cortc_srtp_remedy}).")
elseif(CORTC_MBEDTLS_LIBRARY_HAS_SRTP AND NOT CORTC_MBEDTLS_HEADERS_HAVE_SRTP)
  message(FATAL_ERROR "mbedTLS was built with MBEDTLS_SSL_DTLS_SRTP, and its headers do not say so: "
    "compile cortc with it, too (${cortc_srtp_remedy}).")
elseif(NOT CORTC_MBEDTLS_HEADERS_HAVE_SRTP)
  message(WARNING "This mbedTLS has no MBEDTLS_SSL_DTLS_SRTP: cortc will do data channels only, and throw "
    "NotSupportedError for audio and video. Build mbedTLS and cortc with it (${cortc_srtp_remedy}).")
endif()
