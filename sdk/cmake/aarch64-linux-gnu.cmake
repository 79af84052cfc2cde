# Toolchain: Linux on 64-bit Arm from another machine, with Debian's packages g++-aarch64-linux-gnu and qemu-user. Programs of
# the build, tests among them, run in the emulator where there is one.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)

find_program(QUIPU_AARCH64_EMULATOR NAMES qemu-aarch64 qemu-aarch64-static)
if(QUIPU_AARCH64_EMULATOR)
  set(CMAKE_CROSSCOMPILING_EMULATOR ${QUIPU_AARCH64_EMULATOR} -L /usr/aarch64-linux-gnu)
endif()
