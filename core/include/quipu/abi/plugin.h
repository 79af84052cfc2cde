/* The plugin boundary, shared part: strings, status codes, the manifest, the host's services and
 * the entry point.
 *
 * Plain C, so that a plugin may be built by any compiler, with any standard library, in any
 * language.
 *  - Every table begins with its size in bytes and only ever grows at the end. Read a member of a
 * table that the other side wrote through QUIPU_HAS(). quipu_str and quipu_value are frozen and
 * carry no size.
 *  - Functions never throw across this boundary: they return a status and describe a failure with
 * host->fail().
 *  - What a plugin returns by pointer lives as long as the object it came from; what it is given
 * lives for the call, unless a comment says more.
 *  - While the ABI major is 0, host and plugin must have the same minor.
 */
#ifndef QUIPU_ABI_PLUGIN_H
#define QUIPU_ABI_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define QUIPU_NOEXCEPT                                                                             \
  noexcept /* part of the type in C++: a function that may throw cannot be assigned */
#else
#define QUIPU_NOEXCEPT
#endif

#define QUIPU_ABI_MAJOR 0
#define QUIPU_ABI_MINOR 1

/** Version of the graph operations of architecture.h. */
#define QUIPU_OPSET 1

#define QUIPU_EXPORT __attribute__((visibility("default")))

/** True when table *t, written by the other side, is long enough to hold member m and m is set. */
#define QUIPU_HAS(t, m) ((t)->size >= offsetof(__typeof__(*(t)), m) + sizeof((t)->m) && (t)->m)

/** UTF-8 text or bytes, not terminated. */
typedef struct quipu_str {
  const char* data;
  size_t size;
} quipu_str;

typedef int32_t quipu_status;
enum {
  QUIPU_OK = 0,
  QUIPU_E_ARGUMENT,    /* the caller broke the contract */
  QUIPU_E_INVALID,     /* a model or file is damaged or contradicts itself */
  QUIPU_E_UNSUPPORTED, /* well formed, but not something that this plugin can do */
  QUIPU_E_MEMORY,
  QUIPU_E_IO,
  QUIPU_E_CANCELLED,
  QUIPU_E_INTERNAL
};

/** What a plugin provides; one kind per library, any number of items. */
enum {
  QUIPU_KIND_LOADER = 1,   /* items: quipu_loader */
  QUIPU_KIND_CODEC,        /* items: quipu_codec */
  QUIPU_KIND_ARCHITECTURE, /* items: quipu_architecture */
  QUIPU_KIND_BACKEND       /* items: quipu_backend */
};

/** Instruction-set levels, each including the ones before it on the same processor family. A codec
 * or backend has at most one variant per level; QUIPU_ISA=scalar|avx2|avx512|neon in the
 * environment lowers the level the host reports. */
enum {
  QUIPU_ISA_SCALAR = 0, /* the baseline of the target */
  QUIPU_ISA_AVX2 = 1,   /* AVX2, FMA, F16C, BMI2 */
  QUIPU_ISA_AVX512 = 2, /* AVX-512 F BW DQ VL, VBMI, VNNI */
  QUIPU_ISA_NEON = 16   /* Armv8.2 with dot product */
};

#if defined(__x86_64__)
#define QUIPU_TARGET "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define QUIPU_TARGET "aarch64-linux-gnu"
#else
#error "quipu has no name for this target"
#endif

/** Identity of a plugin: no pointers, so the file and the loaded image hold the same bytes. It lies
 * in the ELF section
 *  ".quipu_mf", where it is read without running any plugin code, and is exported as the symbol
 * quipu_manifest_v0. */
typedef struct quipu_manifest {
  char magic[8];      /* "QUIPUPL0" */
  uint32_t size;      /* 1024 */
  uint16_t abi_major; /* of the headers it was built with */
  uint16_t abi_minor;
  uint16_t kind;
  uint16_t reserved0;
  uint32_t opset; /* architecture: the opset it needs; backend: the opset it runs; else 0 */
  char name[48];  /* "quant.q4_k": unique; letters, digits, '.', '_', '-' */
  char version[24];
  char license[32]; /* SPDX identifier */
  char vendor[48];
  char build[96];  /* compiler, shown and never compared */
  char target[24]; /* QUIPU_TARGET, compared */
  /* Items, separated by ';', so that a host knows which plugin to load without loading it:
   *   loader        "gguf@0=47475546"    name, offset and hexadecimal bytes that its files hold
   * there codec         "gguf:12=q4_k"       type as loaders spell it, and the codec's name
   *   architecture  "mine"               values of general.architecture that it wants to be asked
   * about backend       "cpu=100"            name and preference; the highest is the default */
  char provides[656];
  char reserved[72];
} quipu_manifest;

enum { QUIPU_LOG_DEBUG, QUIPU_LOG_INFO, QUIPU_LOG_WARNING, QUIPU_LOG_ERROR };

/** Services of the host. Outlives every plugin. All members are set and may be called from any
 * thread. */
typedef struct quipu_host {
  uint32_t size;
  uint16_t abi_major, abi_minor;
  void* context;
  uint32_t isa; /* QUIPU_ISA_* level to use at most */
  uint32_t reserved;
  void (*log)(void* context, int level, quipu_str message) QUIPU_NOEXCEPT;
  /* Keeps the message as the calling thread's error text and returns the status. The message names
   * the thing, what was expected and what was found. */
  quipu_status (*fail)(void* context, quipu_status status, quipu_str message) QUIPU_NOEXCEPT;
} quipu_host;

typedef struct quipu_plugin {
  uint32_t size;
  uint32_t item_count;
  const quipu_manifest* manifest; /* equal, byte for byte, to what the file holds */
  quipu_status (*init)(const quipu_host* host)
      QUIPU_NOEXCEPT;                                /* called once, before anything else */
  const void* (*item)(uint32_t index)QUIPU_NOEXCEPT; /* static tables of the manifest's kind */
  void (*shutdown)(void) QUIPU_NOEXCEPT;             /* joins threads; may be called twice */
} quipu_plugin;

/** The one function a plugin exports. A new ABI major has a new name. */
typedef const quipu_plugin* (*quipu_plugin_entry)(void);
QUIPU_EXPORT const quipu_plugin* quipu_plugin_entry_v0(void);
#define QUIPU_ENTRY_SYMBOL "quipu_plugin_entry_v0"
#define QUIPU_MANIFEST_SYMBOL "quipu_manifest_v0"
#define QUIPU_MANIFEST_SECTION ".quipu_mf"
#define QUIPU_MANIFEST_MAGIC "QUIPUPL0"

#ifdef __cplusplus
}
static_assert(sizeof(quipu_manifest) == 1024);
#endif
#endif
