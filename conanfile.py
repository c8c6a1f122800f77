"""cortc for Conan 2. `conan create .` builds, packages and tests it; packaging/README.md has the profile lines for media."""

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir
from conan.tools.scm import Version

required_conan_version = ">=2.19"


class CortcConan(ConanFile):
    name = "cortc"
    license = "BSL-1.0"
    description = "Coroutine WebRTC for C++20 servers, on Boost.Asio"
    topics = ("webrtc", "asio", "coroutines", "ice", "dtls", "sctp", "header-only")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "shared": [True, False],
        "fPIC": [True, False],
        "header_only": [True, False],
        "with_signaling": [True, False],
    }
    default_options = {"shared": False, "fPIC": True, "header_only": False, "with_signaling": True}
    implements = ["auto_shared_fpic", "auto_header_only"]
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*"
    test_package_folder = "test/package/consumer"

    def set_version(self):
        lists = load(self, os.path.join(self.recipe_folder, "CMakeLists.txt"))
        self.version = re.search(r"project\(cortc VERSION ([0-9.]+)", lists).group(1)

    def configure(self):
        if self.options.header_only:
            self.options.rm_safe("shared")
            self.options.rm_safe("fPIC")
            self.options.rm_safe("with_signaling")
        elif self.options.shared:
            self.options.rm_safe("fPIC")

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        self.requires("boost/[>=1.81 <2]", transitive_headers=True)
        # Inline functions of log.hpp format, in the user's program, too.
        self.requires("fmt/[>=9 <13]", transitive_headers=True, transitive_libs=True)
        # Only bodies include mbedTLS and libsrtp: the library's, or those that header_only compiles in its user.
        for each in ("mbedtls/[>=2.28 <4]", "libsrtp/[>=2.3 <3]"):
            self.requires(each, transitive_headers=bool(self.options.header_only))

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("cortc runs on Linux only")
        least = {"gcc": "12", "clang": "19"}
        compiler = str(self.settings.compiler)
        if compiler in least and Version(self.settings.compiler.version) < least[compiler]:
            raise ConanInvalidConfiguration(f"cortc needs {compiler} {least[compiler]} or later")
        if self.options.header_only:
            return
        if self._has("fmt", "header_only"):
            raise ConanInvalidConfiguration("cortc is compiled with fmt's library: set fmt/*:header_only=False")
        if self.options.with_signaling and (self._has("boost", "header_only") or self._has("boost", "without_json")):
            raise ConanInvalidConfiguration("cortc::signaling needs Boost.JSON: set boost/*:header_only=False and "
                                            "boost/*:without_json=False, or cortc/*:with_signaling=False")

    def _has(self, package, option):
        return any(each.ref.name == package and str(each.options.get_safe(option)) == "True"
                   for each in self.dependencies.direct_host.values())

    def generate(self):
        if self.options.header_only:
            return
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["CORTC_SIGNALING"] = bool(self.options.with_signaling)
        toolchain.cache_variables["CORTC_TESTS"] = False
        toolchain.cache_variables["CORTC_SAMPLES"] = False
        toolchain.generate()

    def build(self):
        if self.options.header_only:
            return
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        if self.options.header_only:
            copy(self, "cortc/*", os.path.join(self.source_folder, "include"),
                 os.path.join(self.package_folder, "include"))
            return
        CMake(self).install()
        # Conan's generators write these for the consumer.
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))
        rmdir(self, os.path.join(self.package_folder, "share"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "cortc")
        # The whole package has a target, too; cortc::cortc is the library alone.
        self.cpp_info.set_property("cmake_target_name", "cortc::all")
        self.cpp_info.set_property("cmake_config_version_compat", "SameMinorVersion")
        if self.options.header_only:
            self._component("header_only", "cortc-header-only", ["CORTC_HEADER_ONLY"])
            return
        self._component("cortc", "cortc", ["BOOST_ASIO_SEPARATE_COMPILATION"]).libs = ["cortc"]
        if self.options.with_signaling:
            signaling = self.cpp_info.components["signaling"]
            signaling.set_property("cmake_target_name", "cortc::signaling")
            signaling.set_property("pkg_config_name", "cortc-signaling")
            signaling.libs = ["cortc_signaling"]
            signaling.requires = ["cortc"]
            self._depend(signaling, "boost", "json", ["boost_json"])

    def _component(self, name, pkg_config_name, defines):
        component = self.cpp_info.components[name]
        component.set_property("cmake_target_name", f"cortc::{name}")
        component.set_property("pkg_config_name", pkg_config_name)
        component.defines = ["BOOST_ASIO_NO_DEPRECATED"] + defines
        component.system_libs = ["pthread"]
        self._depend(component, "boost", "headers", [])
        self._depend(component, "fmt", "fmt", ["fmt"])
        self._depend(component, "mbedtls", "mbedtls", ["mbedtls", "mbedx509", "mbedcrypto"])
        self._depend(component, "libsrtp", "libsrtp", ["srtp2"])
        if name == "header_only":
            component.bindirs = component.libdirs = []
        return component

    def _depend(self, component, package, part, libraries):
        """On a package, or where the profile has it in [platform_requires] on the machine's libraries."""
        if package in {each.ref.name for each in self.dependencies.direct_host.values()}:
            component.requires.append(f"{package}::{part}")
        else:
            component.system_libs.extend(libraries)
            if package not in self.cpp_info.ignored_requires:
                self.cpp_info.ignored_requires.append(package)
