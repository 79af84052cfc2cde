# Files of the matmul room, relative to the plugin's folder.
set(QUIPU_CPU_MATMUL_SOURCES
  matmul/activations.cpp
  matmul/float_gemm.cpp
  matmul/float_tiles.cpp
  matmul/matmul.cpp
  matmul/panel.cpp
  matmul/strips.cpp)
set(QUIPU_CPU_MATMUL_KERNELS
  matmul/float_kernels.cpp
  matmul/quantize_kernels.cpp
  matmul/strip_kernels.cpp
  matmul/tile_kernels.cpp)
