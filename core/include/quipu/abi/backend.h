/* Backend: turns a graph and weights into logits. */
#ifndef QUIPU_ABI_BACKEND_H
#define QUIPU_ABI_BACKEND_H

#include "quipu/abi/architecture.h"
#include "quipu/abi/codec.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A weight, checked by the core: every row lies within the mapped file. */
typedef struct quipu_tensor {
  uint32_t size;
  uint32_t rank;
  uint64_t shape[4]; /* shape[0] contiguous, unused axes 1 */
  quipu_str name;
  const quipu_codec* codec;
  const void* data;   /* the loader's mapping; outlives every plan */
  uint64_t row_bytes; /* of one row of shape[0] */
} quipu_tensor;

typedef struct quipu_graph_node {
  uint32_t size;
  uint32_t op;
  uint32_t input_count;
  uint32_t width;             /* columns of its value; 0 for weights */
  const quipu_node* inputs;   /* node n is nodes[n - 1] */
  const void* attributes;     /* the struct that architecture.h names for the op */
  const quipu_tensor* weight; /* of QUIPU_OP_WEIGHT */
  uint32_t after_select;      /* 1: one row per wanted token, 0: one per token */
  uint32_t reserved;
} quipu_graph_node;

typedef struct quipu_graph_output {
  quipu_node node;
  uint32_t reserved;
  quipu_str role;
} quipu_graph_output;

/** A checked graph in execution order. Lives as long as the plans made from it. */
typedef struct quipu_graph {
  uint32_t size;
  uint32_t opset;
  uint32_t node_count;
  uint32_t output_count;
  const quipu_graph_node* const* nodes;
  const quipu_graph_output* outputs;
} quipu_graph;

enum { QUIPU_KV_F16 = 0, QUIPU_KV_Q8_0 = 1, QUIPU_KV_F32 = 2 };
enum {
  QUIPU_PLAN_DETERMINISTIC = 1, /* a token's result does not depend on what else is in its batch, or
                                   on how its prefix came */
  QUIPU_PLAN_REPACK = 2 /* weights may be copied into an order that is faster to multiply with
                           several tokens: planning takes time and memory for it. QUIPU_E_MEMORY
                           when there is not so much. A backend without such an order ignores it */
};

/** Somebody who looks at what weights are multiplied with, as for an importance matrix. */
typedef struct quipu_observer {
  uint32_t size;
  uint32_t reserved;
  void* context;
  /* Called in run, by one thread at a time, once or more for every product with a weight matrix of
   * LINEAR and MOE: the rows of activations that it takes, x[rows][columns], successive ones
   * `stride` floats apart and valid during the call. `matrix` is that of a stack (an expert), else
   * 0. */
  void (*product)(void* context, const quipu_tensor* weight, uint32_t matrix, const float* x,
                  uint32_t rows, uint64_t stride) QUIPU_NOEXCEPT;
} quipu_observer;

typedef struct quipu_plan_options {
  uint32_t size;
  uint32_t flags;
  uint32_t context;   /* tokens of the longest sequence; decides LONG rope factors */
  uint32_t batch;     /* most tokens of one run */
  uint32_t sequences; /* sequence ids are 0 … sequences-1 */
  uint32_t kv_type;   /* QUIPU_KV_* */
  uint64_t cells; /* tokens that the cache holds, over all sequences; tokens shared by copies count
                     once */
  const quipu_observer* observer; /* or NULL, and then nothing may take time for it; outlives the
                                     plan. QUIPU_E_UNSUPPORTED from a backend that has no way */
  /* NULL, or called in `plan` with QUIPU_PLAN_REPACK: a weight whose bytes were copied; runs read
   * few of them or none. */
  void (*copied)(void* copied_context, const quipu_tensor* weight) QUIPU_NOEXCEPT;
  void* copied_context;
  uint64_t scratch_goal; /* bytes, or 0: where the results of `batch` tokens take more, a plan may
                            run fewer tokens at a time if that costs little. facts say how many */
} quipu_plan_options;

/** Tokens of any number of sequences; prefill and decode are the same call. A sequence's tokens
 * come in rising order of position. Either tokens or embeddings [count, width] are set. */
typedef struct quipu_batch {
  uint32_t size;
  uint32_t count;
  const int32_t* tokens;
  const float* embeddings;
  const int32_t* positions;
  const uint32_t* sequences;
  const uint8_t* wanted; /* 1: the output of this token is computed */
} quipu_batch;

/** Where run writes: row i belongs to the i-th wanted token. The caller owns it. */
typedef struct quipu_output {
  uint32_t size;
  uint32_t rows;   /* room; at least the number of wanted tokens */
  float* values;   /* [rows, width of the output node] */
  uint64_t stride; /* floats from row to row */
} quipu_output;

/** Edits of the cache. Positions are [first, last); last = -1 means to the end. */
enum {
  QUIPU_KV_REMOVE = 0, /* forget positions [first, last) of `sequence` */
  QUIPU_KV_COPY = 1, /* `sequence` gets positions [first, last) of `argument`, sharing them; it must
                        hold none of them */
  QUIPU_KV_SHIFT =
      2 /* adds `argument` to positions [first, last) and turns their keys accordingly */
};

typedef struct quipu_backend_context quipu_backend_context;
typedef struct quipu_plan quipu_plan;

typedef struct quipu_device {
  uint32_t size;
  uint32_t reserved;
  char name[64];
  char description[192];
  uint64_t memory_total, memory_free; /* bytes; 0 = unknown */
} quipu_device;

typedef struct quipu_backend_options {
  uint32_t size;
  uint32_t device;
  uint32_t threads; /* 0 = one per core that this process may use */
  uint32_t isa;     /* QUIPU_ISA_*, at most the host's */
} quipu_backend_options;

/** Statistics of a plan. */
typedef struct quipu_plan_facts {
  uint32_t size;
  uint32_t threads;
  uint64_t weight_bytes;  /* read for one decoded token */
  uint64_t multiply_adds; /* of the weights for one token, output head excluded */
  uint64_t head_multiply_adds;
  uint64_t cache_bytes, scratch_bytes;
  uint64_t copy_bytes; /* of weights, made for QUIPU_PLAN_REPACK */
  uint32_t batch;      /* most tokens of one run; 0: those of the options */
  uint32_t reserved;
} quipu_plan_facts;

/** What the runs of a plan took while it was profiled. Times are nanoseconds. */
typedef struct quipu_profile {
  uint32_t size;
  uint32_t threads;
  uint64_t runs;
  uint64_t tokens;  /* of all runs */
  uint64_t elapsed; /* within run, without what noting it took. The entries' sum is at most this;
                       the rest was spent before and after the first and last stage */
  uint64_t noting;  /* within run, besides, for noting it */
} quipu_profile;

/** What one job of a stage took. Where it had several kernels to choose from, there is an entry for
 * each that it used. The jobs of a stage run side by side, so its time is split among them: as its
 * threads worked for each. */
typedef struct quipu_profile_entry {
  uint32_t size;
  uint32_t stage;
  quipu_str op; /* what it does, as explain() says it */
  /* The weights that it multiplies with, and how: "dot avx512". */
  uint32_t weight_count;
  uint32_t reserved;
  const quipu_tensor* const* weights;
  const quipu_str* kernels;
  uint64_t calls;   /* runs in which it had anything to do */
  uint64_t elapsed; /* its part of the time from the stage's begin to its end */
  uint64_t busy; /* while threads worked for it, all threads added up: at most elapsed * threads */
  /* Its part of what threads waited for others, added up: each from the end of its last work in the
   * stage to the stage's end. What neither is work nor waiting is the handing out of work. */
  uint64_t waiting;
  uint64_t bytes;         /* of weights or of the cache, each once a call */
  uint64_t multiply_adds; /* of the products with them */
} quipu_profile_entry;

/** A context and its plans are used by one thread at a time; different contexts are independent. */
typedef struct quipu_backend {
  uint32_t size;
  uint32_t opset;
  const char* name;
  uint32_t (*device_count)(void) QUIPU_NOEXCEPT;
  quipu_status (*device)(uint32_t index, quipu_device* device)
      QUIPU_NOEXCEPT; /* device->size is set by the caller */
  quipu_status (*open)(const quipu_backend_options* options,
                       quipu_backend_context** context) QUIPU_NOEXCEPT;
  void (*close)(quipu_backend_context* context) QUIPU_NOEXCEPT;
  /* Whether it runs this node itself. HOST nodes may be refused: the core says which op,
   * architecture and backend. */
  int (*supports)(const quipu_graph_node* node) QUIPU_NOEXCEPT;
  /* Lays out everything once, the cache included; memory that is not yet used is reserved, not
   * touched. */
  quipu_status (*plan)(quipu_backend_context* context, const quipu_graph* graph,
                       const quipu_plan_options* options, quipu_plan** plan) QUIPU_NOEXCEPT;
  void (*plan_free)(quipu_plan* plan) QUIPU_NOEXCEPT;
  void (*facts)(const quipu_plan* plan,
                quipu_plan_facts* facts) QUIPU_NOEXCEPT; /* facts->size is set by the caller */
  /* Runs a batch and stores its keys and values. `role` picks the output: "logits" or "embeddings".
   * One that is meant for speed neither allocates nor locks. On failure the cache is as before.
   * QUIPU_E_MEMORY: the cache has no room for the batch. */
  quipu_status (*run)(quipu_plan* plan, const quipu_batch* batch, quipu_str role,
                      const quipu_output* output) QUIPU_NOEXCEPT;
  quipu_status (*kv_edit)(quipu_plan* plan, uint32_t edit, uint32_t sequence, int32_t first,
                          int32_t last, int64_t argument) QUIPU_NOEXCEPT;
  /* Free cells. */
  uint64_t (*kv_free_cells)(const quipu_plan* plan) QUIPU_NOEXCEPT;
  /* Bytes that a saved sequence takes, saving, and loading into an empty sequence. Loading checks
   * everything. */
  uint64_t (*kv_size)(const quipu_plan* plan, uint32_t sequence) QUIPU_NOEXCEPT;
  quipu_status (*kv_save)(const quipu_plan* plan, uint32_t sequence, void* out,
                          uint64_t bytes) QUIPU_NOEXCEPT;
  quipu_status (*kv_load)(quipu_plan* plan, uint32_t sequence, const void* in,
                          uint64_t bytes) QUIPU_NOEXCEPT;
  /* Optional: a line of text for every stage of the plan. */
  quipu_status (*explain)(const quipu_plan* plan, void* sink,
                          void (*line)(void* sink, quipu_str text) QUIPU_NOEXCEPT) QUIPU_NOEXCEPT;
  /* Optional, the two together. Begins to note what runs take, from nothing, or stops and forgets.
   * A plan begins without, and then no run takes longer for it. */
  quipu_status (*profile)(quipu_plan* plan, int on) QUIPU_NOEXCEPT;
  /* What was noted so far; profile->size is set by the caller. QUIPU_E_ARGUMENT: nothing is noted.
   * An entry is valid during the call; those of a stage follow one another. */
  quipu_status (*read_profile)(const quipu_plan* plan, quipu_profile* profile, void* sink,
                               void (*entry)(void* sink, const quipu_profile_entry* entry)
                                   QUIPU_NOEXCEPT) QUIPU_NOEXCEPT;
} quipu_backend;

#ifdef __cplusplus
}
#endif
#endif
