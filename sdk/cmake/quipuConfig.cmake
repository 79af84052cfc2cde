# find_package(quipu CONFIG): targets quipu::abi (headers of the plugin boundary) and quipu::core (the library),
# function quipu_add_plugin().
include(${CMAKE_CURRENT_LIST_DIR}/quipuTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/QuipuPlugin.cmake)
