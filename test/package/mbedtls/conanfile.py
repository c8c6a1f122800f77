"""A package of mbedTLS 3 with the names of ConanCenter's, from upstream's sources beside it: for test/matrix.sh."""

import os

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import rmdir


class MbedTLSConan(ConanFile):
    name = "mbedtls"
    package_type = "static-library"
    settings = "os", "arch", "compiler", "build_type"
    languages = "C"
    exports_sources = "*", "!conanfile.py"

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["ENABLE_TESTING"] = False
        toolchain.cache_variables["ENABLE_PROGRAMS"] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "MbedTLS")
        self.cpp_info.set_property("cmake_target_name", "MbedTLS::mbedtls")
        previous = None
        for name, library in (("mbedcrypto", "mbedcrypto"), ("mbedx509", "mbedx509"), ("libembedtls", "mbedtls")):
            component = self.cpp_info.components[name]
            component.set_property("cmake_target_name", f"MbedTLS::{library}")
            component.libs = [library]
            component.requires = [previous] if previous else []
            previous = name
