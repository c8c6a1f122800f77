"""Conan's test of the package: this folder's programs against it."""

import os

from conan import ConanFile
from conan.tools.build import can_run
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout


class TestPackage(ConanFile):
    settings = "os", "arch", "compiler", "build_type"
    generators = "CMakeDeps", "VirtualRunEnv"

    def requirements(self):
        self.requires(self.tested_reference_str)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        options = self.dependencies["cortc"].options
        if options.header_only:
            targets = ["header_only"]
        elif options.with_signaling:
            targets = ["cortc", "signaling"]
        else:
            targets = ["cortc"]
        toolchain.cache_variables["TARGETS"] = ";".join(targets)
        media = os.environ.get("CORTC_TEST_MEDIA")  # "with" or "without": what test/matrix.sh expects
        if media:
            toolchain.cache_variables["MEDIA"] = media
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def test(self):
        if can_run(self):
            self.run("ctest --output-on-failure --no-tests=error", cwd=self.cpp.build.bindir, env="conanrun")
