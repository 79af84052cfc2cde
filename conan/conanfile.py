import os

from conan import ConanFile
from conan.tools.cmake import CMake, CMakeToolchain, cmake_layout
from conan.tools.files import copy


class Quipu(ConanFile):
    name = "quipu"
    version = "0.1.0"
    license = "Apache-2.0"
    description = "Runs language models from GGUF files; everything that knows a format is a plugin"
    package_type = "shared-library"
    settings = "os", "arch", "compiler", "build_type"

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "..")
        for pattern in ("CMakeLists.txt", "core/*", "plugins/*", "apps/*", "sdk/*"):
            copy(self, pattern, root, self.export_sources_folder)

    def requirements(self):
        self.requires("boost/[>=1.81 <2]")
        self.requires("pcre2/[>=10.40 <11]")
        self.requires("utf8proc/[>=2.8 <3]")
        self.requires("editline/[>=3.1 <4]")
        self.requires("libcurl/[>=7.85 <9]")
        self.requires("openssl/[>=3 <4]")

    def layout(self):
        self.folders.root = ".."
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["BUILD_TESTING"] = False
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()

    def package_info(self):
        # Consumers use the package's own config, so that quipu_add_plugin() is there.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = ["lib/cmake/quipu"]
        self.cpp_info.libs = ["quipu"]
