"""The machine's library as a package that has the components, targets and options of ConanCenter's, and nothing in it.
`--name` says which one."""

import os
import subprocess

from conan import ConanFile


class Machine(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    options = {"header_only": [True, False], "without_json": [True, False]}
    default_options = {"header_only": False, "without_json": False}
    package_type = "static-library"  # so that users of a shared cortc link it only where the recipe says so

    def package_info(self):
        self.cpp_info.includedirs = self.cpp_info.libdirs = self.cpp_info.bindirs = []
        getattr(self, "_" + self.name)()

    def _component(self, name, target, libraries=(), requires=()):
        component = self.cpp_info.components[name]
        component.includedirs = component.libdirs = component.bindirs = []
        component.set_property("cmake_target_name", target)
        component.system_libs = list(libraries)
        component.requires = list(requires)
        return component

    def _boost(self):
        self.cpp_info.set_property("cmake_file_name", "Boost")
        self._component("headers", "Boost::headers")
        self._component("json", "Boost::json", ["boost_json"], ["headers"])

    def _fmt(self):
        self.cpp_info.set_property("cmake_file_name", "fmt")
        self.cpp_info.set_property("cmake_target_name", "fmt::fmt")
        component = self._component("_fmt", "fmt::fmt")
        component.defines = ["FMT_SHARED"]
        # Conan keeps a package's libraries from those who do not need them; system_libs it gives to everybody.
        component.libs = ["fmt"]
        found = subprocess.check_output(["g++", "-print-file-name=libfmt.so"], text=True).strip()
        component.libdirs = [os.path.dirname(os.path.realpath(found))]

    def _mbedtls(self):
        self.cpp_info.set_property("cmake_file_name", "MbedTLS")
        self.cpp_info.set_property("cmake_target_name", "MbedTLS::mbedtls")
        self._component("mbedcrypto", "MbedTLS::mbedcrypto", ["mbedcrypto"])
        self._component("mbedx509", "MbedTLS::mbedx509", ["mbedx509"], ["mbedcrypto"])
        self._component("libembedtls", "MbedTLS::mbedtls", ["mbedtls"], ["mbedx509"])

    def _libsrtp(self):
        self.cpp_info.set_property("pkg_config_name", "libsrtp2")
        self.cpp_info.system_libs = ["srtp2"]
