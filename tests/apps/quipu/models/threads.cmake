# Logits are the same bytes with 1, 2 and 3 threads.
foreach(threads IN ITEMS 1 2 3)
  set(file ${OUT}/logits_${threads}.npy)
  execute_process(COMMAND ${QUIPU} logits ${MODEL} --tokens 1,5,9,200,33,7,8,20,21,22,23,24 --threads ${threads} --output ${file}
    COMMAND_ERROR_IS_FATAL ANY)
  file(SHA256 ${file} hash)
  list(APPEND hashes ${hash})
endforeach()
list(REMOVE_DUPLICATES hashes)
list(LENGTH hashes count)
if(NOT count EQUAL 1)
  message(FATAL_ERROR "logits depend on the number of threads")
endif()
