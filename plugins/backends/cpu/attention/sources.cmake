# Files of the attention room, relative to the plugin's folder.
set(QUIPU_CPU_ATTENTION_SOURCES
  attention/alibi.cpp
  attention/attention.cpp
  attention/attention_kernels.cpp
  attention/kv_cache.cpp
  attention/kv_edit.cpp
  attention/kv_state.cpp)
set(QUIPU_CPU_ATTENTION_KERNELS
  attention/few_rows.cpp
  attention/many_rows.cpp
  attention/scalar_attention.cpp
  attention/vector_attention.cpp)
