# quipu_add_plugin(NAME KIND loader|codec|architecture|backend SOURCES a.cpp… [KERNELS k.cpp…] [SPECIAL_KERNELS k.cpp…]
#                  [LINK target…])
#
# Builds the plugin library NAME.so. The plugins of the quipu tree and those of others are built by this one function.
#   SOURCES  compiled for the target's baseline; hold the QUIPU_PLUGIN line. QUIPU_PLUGIN_NAME is defined as "NAME".
#   KERNELS  compiled once for each instruction set of the target (x86-64: scalar avx2 avx512; aarch64: scalar neon; any
#            other: scalar), with QUIPU_KERNEL_ISA=<name> and QUIPU_KERNEL_<NAME> defined. They include intrinsics and quipu/sdk/kernel.h, and
#            nothing that could emit shared inline code.
#   SPECIAL_KERNELS  those of KERNELS that are compiled for instruction sets of some processors too (x86-64: avxvnni,
#            avx512bw without VNNI and VBMI, avx512vnni without VBMI, amx; aarch64: i8mm). QUIPU_KERNEL_<NAME> of the set that such a one adds to is defined as well.
#   LINK     libraries that only this plugin needs.
set(QUIPU_PLUGIN_DIRECTORY quipu/plugins-0) # below the library directory; 0 is the ABI major

set(QUIPU_ISAS scalar)
set(QUIPU_SPECIAL_ISAS "")
set(QUIPU_ISA_FLAGS_scalar "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND QUIPU_ISAS avx2 avx512)
  set(QUIPU_ISA_FLAGS_avx2 -mavx2 -mfma -mf16c -mbmi -mbmi2)
  set(QUIPU_ISA_FLAGS_avx512 ${QUIPU_ISA_FLAGS_avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vbmi -mavx512vnni -mprefer-vector-width=512)
  list(APPEND QUIPU_SPECIAL_ISAS avxvnni avx512bw avx512vnni amx)
  set(QUIPU_ISA_BASE_avxvnni avx2)
  set(QUIPU_ISA_FLAGS_avxvnni ${QUIPU_ISA_FLAGS_avx2} -mavxvnni)
  set(QUIPU_ISA_BASE_avx512bw avx2)
  set(QUIPU_ISA_FLAGS_avx512bw ${QUIPU_ISA_FLAGS_avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512)
  set(QUIPU_ISA_BASE_avx512vnni avx2)
  set(QUIPU_ISA_FLAGS_avx512vnni ${QUIPU_ISA_FLAGS_avx512bw} -mavx512vnni)
  set(QUIPU_ISA_BASE_amx avx512)
  set(QUIPU_ISA_FLAGS_amx ${QUIPU_ISA_FLAGS_avx512} -mamx-tile -mamx-int8)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  list(APPEND QUIPU_ISAS neon)
  set(QUIPU_ISA_FLAGS_neon -march=armv8.2-a+dotprod+fp16)
  list(APPEND QUIPU_SPECIAL_ISAS i8mm)
  set(QUIPU_ISA_BASE_i8mm neon)
  set(QUIPU_ISA_FLAGS_i8mm ${QUIPU_ISA_FLAGS_neon}+i8mm)
endif()

function(quipu_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 plugin "" "KIND" "SOURCES;KERNELS;SPECIAL_KERNELS;LINK")
  set(target quipu_${plugin_KIND}_${name})
  add_library(${target} MODULE ${plugin_SOURCES})
  foreach(isa IN LISTS QUIPU_ISAS QUIPU_SPECIAL_ISAS)
    set(kernels ${plugin_KERNELS})
    if(isa IN_LIST QUIPU_SPECIAL_ISAS)
      set(kernels ${plugin_SPECIAL_KERNELS})
    endif()
    if(kernels)
      add_library(${target}_${isa} OBJECT ${kernels})
      target_compile_definitions(${target}_${isa} PRIVATE QUIPU_KERNEL_ISA=${isa})
      foreach(each IN ITEMS ${isa} ${QUIPU_ISA_BASE_${isa}})
        string(TOUPPER ${each} each_upper)
        target_compile_definitions(${target}_${isa} PRIVATE QUIPU_KERNEL_${each_upper})
      endforeach()
      target_compile_options(${target}_${isa} PRIVATE ${QUIPU_ISA_FLAGS_${isa}} -O3 -fno-exceptions -fno-rtti
        -fvisibility=hidden -Wno-maybe-uninitialized -Wno-uninitialized) # gcc 12 warns about its own intrinsics
      set_target_properties(${target}_${isa} PROPERTIES POSITION_INDEPENDENT_CODE ON)
      target_sources(${target} PRIVATE $<TARGET_OBJECTS:${target}_${isa}>)
      list(APPEND targets ${target}_${isa})
    endif()
  endforeach()
  list(APPEND targets ${target})
  foreach(each IN LISTS targets)
    target_link_libraries(${each} PRIVATE quipu::abi)
    if(TARGET quipu_options)
      target_link_libraries(${each} PRIVATE quipu_options)
    endif()
    target_compile_options(${each} PRIVATE -ffp-contract=off $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
    target_include_directories(${each} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_compile_definitions(${each} PRIVATE QUIPU_PLUGIN_NAME="${name}")
  endforeach()
  target_link_libraries(${target} PRIVATE ${plugin_LINK})
  target_link_options(${target} PRIVATE -Wl,--gc-sections -Wl,--exclude-libs,ALL
    -Wl,--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map)
  if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  set_target_properties(${target} PROPERTIES PREFIX "" SUFFIX .so OUTPUT_NAME ${name}
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(DEFINED CMAKE_LIBRARY_OUTPUT_DIRECTORY)
    set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/${QUIPU_PLUGIN_DIRECTORY})
  endif()
  if(NOT DEFINED CMAKE_INSTALL_LIBDIR)
    set(CMAKE_INSTALL_LIBDIR lib)
  endif()
  install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/${QUIPU_PLUGIN_DIRECTORY} COMPONENT plugins)
endfunction()
