# The export set, a version file, and pkg-config files. All can be moved with their prefix.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
if(POLICY CMP0174)
  cmake_policy(SET CMP0174 NEW) # arguments may be empty
endif()

set(cortc_installed cortc_header_only)
if(CORTC_COMPILED)
  list(APPEND cortc_installed cortc)
endif()
if(TARGET cortc_signaling)
  list(APPEND cortc_installed cortc_signaling)
endif()

install(TARGETS ${cortc_installed} EXPORT cortc)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/cortc" TYPE INCLUDE
  FILES_MATCHING PATTERN "*.hpp" PATTERN "*.ipp" PATTERN "*.md")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" TYPE DOC)

set(cortc_cmake_folder "${CMAKE_INSTALL_LIBDIR}/cmake/cortc")
install(EXPORT cortc NAMESPACE cortc:: FILE cortcTargets.cmake DESTINATION "${cortc_cmake_folder}")
configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/cortcConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/cortcConfig.cmake" INSTALL_DESTINATION "${cortc_cmake_folder}"
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/cortcConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/cortcConfig.cmake" "${PROJECT_BINARY_DIR}/cortcConfigVersion.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/cortc_dependencies.cmake" DESTINATION "${cortc_cmake_folder}")

# pkg-config. fmt is used by inline functions of the headers, mbedTLS and libsrtp only inside the library, unless
# that is static or there is none. Debian 12's mbedTLS has no .pc file, and naming one that does not exist fails.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig"
  OUTPUT_VARIABLE cortc_pc_prefix)
find_package(PkgConfig QUIET)
set(cortc_pc_mbedtls_requires "")
set(cortc_pc_mbedtls_libs "-lmbedtls -lmbedx509 -lmbedcrypto")
set(cortc_pc_srtp_requires "")
set(cortc_pc_srtp_libs "-lsrtp2")
if(PkgConfig_FOUND)
  pkg_check_modules(CORTC_MBEDTLS_PC QUIET mbedtls)
  if(CORTC_MBEDTLS_PC_FOUND)
    set(cortc_pc_mbedtls_requires "mbedtls mbedx509 mbedcrypto")
    set(cortc_pc_mbedtls_libs "")
  endif()
  pkg_check_modules(CORTC_SRTP2_PC QUIET libsrtp2)
  if(CORTC_SRTP2_PC_FOUND)
    set(cortc_pc_srtp_requires "libsrtp2")
    set(cortc_pc_srtp_libs "")
  endif()
endif()
set(cortc_pc_boost "")
get_target_property(cortc_boost_includes Boost::headers INTERFACE_INCLUDE_DIRECTORIES)
foreach(folder IN LISTS cortc_boost_includes)
  if(IS_ABSOLUTE "${folder}" AND NOT folder IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
    string(APPEND cortc_pc_boost " -I${folder}")
  endif()
endforeach()

function(cortc_pkg_config file description)
  cmake_parse_arguments(PARSE_ARGV 2 pc "" "REQUIRES;REQUIRES_PRIVATE;LIBS;LIBS_PRIVATE;CFLAGS" "")
  set(pc_name ${file})
  set(pc_description "${description}")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/cortc.pc.in" "${PROJECT_BINARY_DIR}/${file}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${file}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endfunction()

cortc_pkg_config(cortc-header-only "${PROJECT_DESCRIPTION}, header-only"
  REQUIRES "fmt ${cortc_pc_mbedtls_requires} ${cortc_pc_srtp_requires}"
  LIBS "${cortc_pc_mbedtls_libs} ${cortc_pc_srtp_libs} -pthread" CFLAGS "-DCORTC_HEADER_ONLY")
if(CORTC_COMPILED)
  cortc_pkg_config(cortc "${PROJECT_DESCRIPTION}"
    REQUIRES "fmt" REQUIRES_PRIVATE "${cortc_pc_mbedtls_requires} ${cortc_pc_srtp_requires}"
    LIBS "-L\${libdir} -lcortc -pthread" LIBS_PRIVATE "${cortc_pc_mbedtls_libs} ${cortc_pc_srtp_libs}" CFLAGS "-DBOOST_ASIO_SEPARATE_COMPILATION")
endif()
if(TARGET cortc_signaling)
  cortc_pkg_config(cortc-signaling "Descriptions and candidates as JSON over WebSockets and HTTP, for cortc"
    REQUIRES "cortc" LIBS "-L\${libdir} -lcortc_signaling" LIBS_PRIVATE "-lboost_json")
endif()
