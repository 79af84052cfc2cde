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

typedef struct quipu_file quipu_file;     /* the loader's own */
typedef struct quipu_writer quipu_writer; /* the loader's own */

/** A metadata key to write. */
typedef struct quipu_key {
  quipu_str key;
  quipu_value value;           /* of an array only type, element_type and count */
  const quipu_value* elements; /* [value.count] of an array, else NULL */
} quipu_key;

/** A mix: which format each tensor of a model gets, under a name that people know ("q4_k_m"). */
typedef struct quipu_mix {
  const char* name;
  const char* type; /* that most weights get: "gguf:12"; NULL: every tensor keeps its own */
} quipu_mix;

enum {
  QUIPU_CHOICE_PURE = 1,      /* all weights that are quantised get `type`, none a better one */
  QUIPU_CHOICE_IMPORTANCE = 2 /* there will be an importance matrix */
};

/** What types are chosen for. */
typedef struct quipu_choice {
  uint32_t size;
  uint32_t flags;       /* QUIPU_CHOICE_* */
  const quipu_mix* mix; /* of quipu_loader.mixes, or NULL */
  quipu_str type;       /* that of the mix, or what is wanted where there is none */
  void* context;
  /* Columns of a block of a type; 0 when there is no codec for it. */
  uint32_t (*block_columns)(void* context, quipu_str type) QUIPU_NOEXCEPT;
} quipu_choice;

/** What a new file holds. */
typedef struct quipu_contents {
  uint32_t size;
  uint32_t part_count;      /* 1, or more: then the path names all by the container's custom */
  const quipu_file* source; /* open in the same loader: its metadata is copied; or NULL */
  const quipu_mix* mix;     /* that the tensors are converted to; NULL: what the source says of its
                               own no longer holds */
  uint64_t key_count;
  const quipu_key* keys; /* take the place of those of the source, or follow them */
  uint64_t tensor_count;
  const quipu_tensor_entry* tensors; /* `available` is the size of the data in bytes; those of one
                                        `file` follow each other, rising; data and offset unused */
} quipu_contents;

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
  /* Optional: memory that holds these bytes of a tensor's data may serve others; reading them again
   * takes longer. */
  void (*release)(quipu_file* file, const void* data, uint64_t bytes) QUIPU_NOEXCEPT;

  /* Optional: mixes that the container knows, and the types that one means for the tensors of a
   * file: types[tensor_count], in the order of `tensor`. What the caller has set in it stays, a
   * type that is wanted for one tensor; empty elements are chosen. Where the rows of a tensor are
   * not whole blocks of what it should get, it gets a type of similar size. Texts are static.
   * needs_importance[tensor_count]: 1 where the type is of no use without an importance matrix. */
  uint32_t mix_count;
  const quipu_mix* mixes;
  quipu_status (*choose_types)(const quipu_file* file, const quipu_choice* choice, quipu_str* types,
                               uint8_t* needs_importance) QUIPU_NOEXCEPT;

  /* Optional, all four or none: writing. `create` begins a new file, `append` takes the data of all
   * tensors in their order, in pieces of any size, and `finish` gives the file its name, replacing
   * one that had it; until then that one is as it was. `writer_close` ends every writer; an
   * unfinished one leaves nothing behind. The strings and arrays of `contents` are needed during
   * `create` only, the source until writer_close. */
  quipu_status (*create)(quipu_str path, const quipu_contents* contents,
                         quipu_writer** writer) QUIPU_NOEXCEPT;
  quipu_status (*append)(quipu_writer* writer, const void* bytes, uint64_t count) QUIPU_NOEXCEPT;
  quipu_status (*finish)(quipu_writer* writer) QUIPU_NOEXCEPT;
  void (*writer_close)(quipu_writer* writer) QUIPU_NOEXCEPT;
} quipu_loader; /* re-entrant per file once open; open and close may run in parallel for different
                   files */

#ifdef __cplusplus
}
#endif
#endif
