# The same tests for 64-bit Arm, hence of the NEON kernels: built by a cross compiler, run in an emulator.
find_program(QUIPU_AARCH64_COMPILER aarch64-linux-gnu-g++)
find_program(QUIPU_AARCH64_EMULATOR NAMES qemu-aarch64 qemu-aarch64-static)
if(NOT QUIPU_AARCH64_COMPILER OR NOT QUIPU_AARCH64_EMULATOR)
  message(STATUS "NEON kernels are not tested: aarch64-linux-gnu-g++ or qemu-aarch64 is missing")
  return()
endif()

include(ExternalProject)
ExternalProject_Add(quipu_neon_tests
  SOURCE_DIR ${PROJECT_SOURCE_DIR}/tests/cross
  BINARY_DIR ${CMAKE_CURRENT_BINARY_DIR}/neon
  CMAKE_ARGS
    -DCMAKE_TOOLCHAIN_FILE=${PROJECT_SOURCE_DIR}/sdk/cmake/aarch64-linux-gnu.cmake
    -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}
    -DQUIPU_BOOST_HEADERS=${Boost_INCLUDE_DIRS}
  BUILD_ALWAYS ON
  INSTALL_COMMAND "")

set(neon_options_quantize --run_test=blocks_*) # no kernels: that the bytes are those of llama.cpp here too is enough
foreach(test IN LISTS tests)
  add_test(NAME neon_${test}
    COMMAND ${QUIPU_AARCH64_EMULATOR} -L /usr/aarch64-linux-gnu
      ${CMAKE_CURRENT_BINARY_DIR}/neon/test_quants_${test} ${neon_options_${test}})
  set_tests_properties(neon_${test} PROPERTIES TIMEOUT 60 LABELS neon)
endforeach()
add_test(NAME neon_cpu_matmul
  COMMAND ${QUIPU_AARCH64_EMULATOR} -L /usr/aarch64-linux-gnu ${CMAKE_CURRENT_BINARY_DIR}/neon/test_cpu_matmul)
set_tests_properties(neon_cpu_matmul PROPERTIES TIMEOUT 180 LABELS neon)
