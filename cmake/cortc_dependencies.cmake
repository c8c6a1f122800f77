# What cortc stands on, found in one place. A dependency that is missing stops here with one sentence.
find_package(Threads REQUIRED)
find_package(PkgConfig QUIET)

find_package(Boost 1.81 QUIET)
if(NOT Boost_FOUND)
  message(FATAL_ERROR "cortc needs Boost 1.81 or later (Asio): install libboost1.81-dev.")
endif()
find_package(fmt QUIET)
if(NOT fmt_FOUND)
  message(FATAL_ERROR "cortc needs fmt: install libfmt-dev.")
endif()

find_package(MbedTLS QUIET CONFIG)
if(NOT TARGET MbedTLS::mbedtls)
  find_path(MBEDTLS_INCLUDE_DIR mbedtls/ssl.h)
  find_library(MBEDTLS_LIBRARY mbedtls)
  find_library(MBEDX509_LIBRARY mbedx509)
  find_library(MBEDCRYPTO_LIBRARY mbedcrypto)
  if(NOT MBEDTLS_INCLUDE_DIR OR NOT MBEDTLS_LIBRARY)
    message(FATAL_ERROR "cortc needs mbedTLS 2.28 or 3.x: install libmbedtls-dev.")
  endif()
  add_library(MbedTLS::mbedtls INTERFACE IMPORTED)
  set_target_properties(MbedTLS::mbedtls PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${MBEDTLS_INCLUDE_DIR}"
    INTERFACE_LINK_LIBRARIES "${MBEDTLS_LIBRARY};${MBEDX509_LIBRARY};${MBEDCRYPTO_LIBRARY}")
endif()
