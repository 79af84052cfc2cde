# Every source file is as clang-format lays it out.
file(GLOB_RECURSE files ${ROOT}/core/*.h ${ROOT}/core/*.cpp ${ROOT}/plugins/*.h ${ROOT}/plugins/*.cpp
  ${ROOT}/apps/*.h ${ROOT}/apps/*.cpp ${ROOT}/tests/*.h ${ROOT}/tests/*.cpp ${ROOT}/sdk/*.h ${ROOT}/sdk/*.cpp)
list(FILTER files EXCLUDE REGEX "/tests/data/")
execute_process(COMMAND ${CLANG_FORMAT} --dry-run --Werror ${files} RESULT_VARIABLE result ERROR_VARIABLE output)
if(result)
  message(FATAL_ERROR "${output}")
endif()
