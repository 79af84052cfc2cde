/* Loader: turns files into metadata and named tensors. It knows a container, not what the tensors
 * mean. */
#ifndef QUIPU_ABI_LOADER_H
#define QUIPU_ABI_LOADER_H

#include "quipu/abi/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  QUIPU_VALUE_UNSIGNED = 1,
  QUIPU_VALUE_SIGNED,
  QUIPU_VALUE_FLOAT,
  QUIPU_VALUE_BOOL,
  QUIPU_VALUE_STRING,
  QUIPU_VALUE_ARRAY
};

/** One metadata value. Integers and floats of every width are widened. Arrays stay in the file:
 * read them with quipu_loader.elements. Frozen: carries no size. */
typedef struct quipu_value {
  uint32_t type;         /* QUIPU_VALUE_* */
  uint32_t element_type; /* of an array; arrays of arrays are refused by loaders */
  uint64_t count;        /* elements of an array, else 1 */
  union {
    uint64_t u; /* UNSIGNED; BOOL as 0 or 1 */
    int64_t i;
    double f;
    quipu_str s;
    const void* array; /* for the loader only */
  } as;
} quipu_value;

/** A tensor as the container describes it. */
typedef struct quipu_tensor_entry {
  uint32_t size;
  uint32_t rank;     /* 1 to 4 */
  uint64_t shape[4]; /* shape[0] is the contiguous axis; unused axes are 1 */
  quipu_str name;
  quipu_str type; /* "gguf:12": the key by which codecs announce themselves */
  const void*
      data; /* first byte, mapped read-only; NULL when the file has no data section for it */
  uint64_t available; /* bytes from data to the end of its file; the core checks the tensor's extent
                         against it */
  uint32_t file;      /* index of the part that holds it */
  uint32_t reserved;
  uint64_t offset; /* of data within that file, for messages */
} quipu_tensor_entry;

typedef struct quipu_file quipu_file; /* the loader's own */

typedef struct quipu_loader {
  uint32_t size;
  uint32_t reserved;
  const char* name;
  /* How sure the loader is, 0 (no) to 100, from the first bytes of a file alone. */
  int (*probe)(const uint8_t* head, size_t count, quipu_str path) QUIPU_NOEXCEPT;
  /* Opens and checks one model: `path` is its only file or its first part; the loader finds the
   * others. Everything that the container says is checked here, so that later calls cannot meet
   * damage; a failure names the part, the key or tensor, and the byte. Never reads a device, FIFO
   * or directory. */
  quipu_status (*open)(quipu_str path, quipu_file** file) QUIPU_NOEXCEPT;
  void (*close)(quipu_file* file) QUIPU_NOEXCEPT;
  /* Metadata in file order; keys are GGUF's canonical ones ("general.architecture"). Unique. */
  uint64_t (*metadata_count)(const quipu_file* file) QUIPU_NOEXCEPT;
  quipu_status (*metadata)(const quipu_file* file, uint64_t index, quipu_str* key,
                           quipu_value* value) QUIPU_NOEXCEPT;
  /* Copies elements first … first+count-1 of an array into out[count]; strings point into the file.
   */
  quipu_status (*elements)(const quipu_file* file, const quipu_value* array, uint64_t first,
                           uint64_t count, quipu_value* out) QUIPU_NOEXCEPT;
  uint64_t (*tensor_count)(const quipu_file* file) QUIPU_NOEXCEPT;
  /* `entry->size` is set by the caller. */
  quipu_status (*tensor)(const quipu_file* file, uint64_t index,
                         quipu_tensor_entry* entry) QUIPU_NOEXCEPT;
  /* Parts of the model: path and size in bytes of each. */
  uint32_t (*part_count)(const quipu_file* file) QUIPU_NOEXCEPT;
  quipu_status (*part)(const quipu_file* file, uint32_t index, quipu_str* path,
                       uint64_t* bytes) QUIPU_NOEXCEPT;
  /* Container as a person would name it: "GGUF v3". */
  quipu_status (*describe)(const quipu_file* file, quipu_str* text) QUIPU_NOEXCEPT;
  /* Optional: brings the mapped tensor data into memory with the given number of threads. */
  quipu_status (*populate)(quipu_file* file, uint32_t threads) QUIPU_NOEXCEPT;
} quipu_loader; /* re-entrant per file once open; open and close may run in parallel for different
                   files */

#ifdef __cplusplus
}
#endif
#endif
