/* Architecture: turns metadata into a graph, once per model.
 *
 * A graph is a list of nodes in execution order. Each node's value is a matrix [tokens, width],
 * row-major float32, with a symbolic number of tokens: one row per token of the batch until
 * QUIPU_OP_SELECT_OUTPUTS, one per wanted token after it. Weights are nodes too and may be inputs
 * of the operations that say so. The builder checks every node as it is added. Attention owns no
 * memory: how keys and values are kept is the backend's business.
 */
#ifndef QUIPU_ABI_ARCHITECTURE_H
#define QUIPU_ABI_ARCHITECTURE_H

#include "quipu/abi/loader.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t quipu_node; /* 0 = none */

/** Operations, opset 1. Inputs in order; [name] is optional and 0 when absent; "weight" means a
 * weight node. */
enum {
  QUIPU_OP_WEIGHT = 0, /* made by builder.weight only */
  QUIPU_OP_EMBED = 1,  /* weight [rows, width] -> the row of each token            quipu_embed */
  QUIPU_OP_LINEAR =
      2,             /* x, weight [out, in], [bias [out]] -> x * weight^T + bias   no attributes;
                        or weight [groups, out, in]: each group of columns of x times its own matrix */
  QUIPU_OP_NORM = 3, /* x, [gain], [bias]                                        quipu_norm */
  QUIPU_OP_ROPE = 4, /* x, [factors [pairs]], [long factors [pairs]]             quipu_rope */
  QUIPU_OP_ATTENTION = 5,  /* q, k, v, [sinks [heads]]  quipu_attention */
  QUIPU_OP_ACTIVATION = 6, /* x quipu_activation */
  QUIPU_OP_GLU = 7,  /* gate, up -> activation(gate) * up                        quipu_activation */
  QUIPU_OP_MOE = 8,  /* see quipu_moe                                            quipu_moe */
  QUIPU_OP_ADD = 9,  /* a, b; b may be [tokens, 1] or a weight [width]           no attributes */
  QUIPU_OP_MUL = 10, /* a, b; likewise                                           no attributes */
  QUIPU_OP_SCALE = 11, /* x -> factor * x, or by position                          quipu_scale */
  QUIPU_OP_CLAMP = 12, /* x -> min(max(x, low), high)                              quipu_clamp */
  QUIPU_OP_SOFTCAP =
      13, /* x -> cap * tanh(x / cap)                                 quipu_scale (factor = cap) */
  QUIPU_OP_SPLIT = 14,  /* x -> some columns of each group                          quipu_split */
  QUIPU_OP_CONCAT = 15, /* a, b -> per group a's columns, then b's                  quipu_concat */
  QUIPU_OP_SELECT_OUTPUTS =
      16,            /* x -> the rows of the tokens whose output is wanted       no attributes */
  QUIPU_OP_HOST = 17 /* up to 8 inputs; runs a function of the plugin            quipu_host_op */
};

enum { QUIPU_EMBED_TOKENS = 0, QUIPU_EMBED_POSITIONS = 1, QUIPU_EMBED_TOKEN_TYPES = 2 };
typedef struct quipu_embed {
  uint32_t size;
  uint32_t index; /* QUIPU_EMBED_*; TOKENS takes the batch's embeddings where it has them;
                     TOKEN_TYPES is row 0 */
  int32_t offset; /* added to a position */
} quipu_embed;

enum { QUIPU_NORM_RMS = 0, QUIPU_NORM_LAYER = 1 };
typedef struct quipu_norm {
  uint32_t size;
  uint32_t kind;
  float epsilon;
  uint32_t group; /* columns normalised together, dividing the width; 0 = all. gain and bias are
                     [group], [width] or [width / group, group] */
} quipu_norm;

enum {
  QUIPU_ROPE_ADJACENT = 0,
  QUIPU_ROPE_HALVES = 1
}; /* pairs (2i, 2i+1), or (i, i + rotary/2) */
enum {
  QUIPU_ROPE_SCALING_NONE = 0,
  QUIPU_ROPE_SCALING_LINEAR = 1,
  QUIPU_ROPE_SCALING_YARN = 2,
  QUIPU_ROPE_SCALING_LONG = 3
};
/** Rotary embedding (arXiv:2104.09864) of every head of x. Pair i of a head turns by position *
 * base^(-2i / rotary), divided by factors[i] where there are factors; LINEAR divides the position
 * by `factor`; YARN is arXiv:2309.00071; LONG takes the second factors when the context of the
 * sequence is longer than original_context. */
typedef struct quipu_rope {
  uint32_t size;
  uint32_t heads;
  uint32_t head_width;
  uint32_t rotary;  /* columns of a head that turn, even, from the first; the rest pass through */
  uint32_t pairing; /* QUIPU_ROPE_ADJACENT or HALVES */
  uint32_t scaling; /* QUIPU_ROPE_SCALING_* */
  float base;
  float factor;        /* LINEAR, YARN: how many times longer the context became */
  float magnitude;     /* every turned value is multiplied by it; 1 = none. YARN's own magnitude is
                          included here */
  float extrapolation; /* YARN: 1, or 0 for plain interpolation */
  float beta_fast, beta_slow; /* YARN: 32, 1 */
  uint32_t original_context;  /* YARN, LONG */
  uint32_t sections[4];       /* multi-axis positions; 0 = one axis */
} quipu_rope;

enum { QUIPU_WINDOW_SLIDING = 0, QUIPU_WINDOW_CHUNKED = 1 };
/** Softmax attention over the tokens of the same sequence.
 *  q is [tokens, heads * key_width], k [tokens, kv_heads * key_width], v [tokens, kv_heads *
 * value_width]; the result is [tokens, heads * value_width]. Query head h reads key head h / (heads
 * / kv_heads). */
typedef struct quipu_attention {
  uint32_t size;
  uint32_t layer; /* names the cache; two nodes with the same layer share it. k = v = 0 reads what
                     the first one wrote */
  uint32_t heads, kv_heads;
  uint32_t key_width, value_width; /* per head */
  uint32_t causal;                 /* 1: only positions up to its own */
  uint32_t window; /* 0 = all; SLIDING: positions p - window + 1 … p; CHUNKED: positions of the same
                      chunk */
  uint32_t window_kind;
  float scale;          /* of q.k, usually 1 / sqrt(key_width) */
  float softcap;        /* scores -> softcap * tanh(score / softcap); 0 = none */
  float alibi_max_bias; /* ALiBi (arXiv:2108.12409), 8 in most models; 0 = none */
} quipu_attention;

enum {
  QUIPU_ACT_SILU = 0,
  QUIPU_ACT_GELU_ERF = 1,
  QUIPU_ACT_GELU_TANH = 2,
  QUIPU_ACT_GELU_QUICK = 3,
  QUIPU_ACT_RELU = 4,
  QUIPU_ACT_RELU_SQUARED = 5,
  QUIPU_ACT_SIGMOID = 6,
  QUIPU_ACT_TANH = 7,
  QUIPU_ACT_SWIGLU_CLAMPED = 8 /* GLU of gpt-oss: g = min(gate, limit), u = clamp(up, limit); g *
                                  sigmoid(alpha * g) * (u + 1) */
};
typedef struct quipu_activation {
  uint32_t size;
  uint32_t kind;
  float alpha, limit; /* of SWIGLU_CLAMPED */
} quipu_activation;

enum {
  QUIPU_ROUTER_SOFTMAX = 0, /* softmax over all experts, then the top */
  QUIPU_ROUTER_SIGMOID = 1,
  QUIPU_ROUTER_SOFTMAX_TOP = 2 /* the top by logit, then softmax over them */
};
/** Mixture of experts. Inputs: 0 x; 1 router [experts, width]; 2 [router bias [experts]]; 3
 * [selection bias [experts]], added for choosing only; 4 gate [experts, hidden, width] or 0 for
 * experts without one; 5 up; 6 down [experts, width, hidden]; 7 [gate bias [experts, hidden]]; 8
 * [up bias]; 9 [down bias [experts, width]]; 10 [per-expert scale [experts]]; 11 [router input],
 * when the router reads something other than x. A shared expert is ordinary nodes and an ADD. */
typedef struct quipu_moe {
  uint32_t size;
  uint32_t experts, used;
  uint32_t router;              /* QUIPU_ROUTER_* */
  uint32_t renormalise;         /* 1: the chosen weights are divided by their sum */
  uint32_t weight_input;        /* 1: weights multiply the expert's input, 0: its output */
  uint32_t groups, groups_used; /* choose among the experts of the best groups (arXiv:2412.19437); 0
                                   = no groups */
  float scale;                  /* of the chosen weights, after renormalising */
  uint32_t activation;          /* QUIPU_ACT_* */
  float alpha, limit;
  uint32_t group_best; /* a group is worth the sum of its so many best experts; 0 = 2 */
} quipu_moe;

enum {
  QUIPU_SCALE_CONSTANT = 0,
  QUIPU_SCALE_POSITION = 1 /* 1 + factor * log(1 + floor(position / period)) */
};
typedef struct quipu_scale {
  uint32_t size;
  uint32_t kind;
  float factor;
  float period;
} quipu_scale;

typedef struct quipu_clamp {
  uint32_t size;
  float low, high;
} quipu_clamp;

/** x as `groups` equal groups of columns; takes columns first … first + count - 1 of each. */
typedef struct quipu_split {
  uint32_t size;
  uint32_t groups, first, count;
} quipu_split;

/** a and b as `groups` equal groups; with `shared`, b is one group that joins each of a's. */
typedef struct quipu_concat {
  uint32_t size;
  uint32_t groups;
  uint32_t shared; /* 0 or 1 */
} quipu_concat;

/** An operation of the plugin's own. `run` computes rows 0 … rows-1 of out [rows, width] from its
 * inputs [rows, input widths]; weights among them are given as float rows. Must be re-entrant. */
typedef struct quipu_host_op {
  uint32_t size;
  uint32_t width; /* of the result */
  const char* name;
  void (*run)(const void* state, const float* const* inputs, uint64_t rows,
              float* out) QUIPU_NOEXCEPT;
  const void* state; /* lives as long as the plugin */
} quipu_host_op;

/** Read access to a model's metadata and tensor names. */
typedef struct quipu_description {
  uint32_t size;
  uint32_t reserved;
  const void* context;
  /* QUIPU_E_INVALID without an error text when the key is absent. */
  quipu_status (*get)(const void* context, quipu_str key, quipu_value* value) QUIPU_NOEXCEPT;
  quipu_status (*elements)(const void* context, const quipu_value* array, uint64_t first,
                           uint64_t count, quipu_value* out) QUIPU_NOEXCEPT;
  /* 1 and the shape (shape[0] contiguous) when the model has the tensor, else 0. */
  int (*tensor)(const void* context, quipu_str name, uint64_t shape[4]) QUIPU_NOEXCEPT;
} quipu_description;

enum { QUIPU_WEIGHT_OPTIONAL = 1 /* absent: weight() gives node 0 */ };

/** Implemented by the core. A problem (a missing tensor, shapes that do not fit) is noted with the
 * tensor's or the node's name and building goes on with the value that was meant, so that one pass
 * finds every problem; when there are too many, or nothing sensible can be meant, the call fails
 * and the plugin should return. */
typedef struct quipu_builder {
  uint32_t size;
  uint32_t opset;
  void* context;
  /* A tensor of the model. shape[rank] in the container's order, shape[0] contiguous: a matrix
   * [out, in] is {in, out}. */
  quipu_status (*weight)(void* context, quipu_str name, const uint64_t* shape, uint32_t rank,
                         uint32_t flags, quipu_node* node) QUIPU_NOEXCEPT;
  quipu_status (*op)(void* context, uint32_t op, const quipu_node* inputs, uint32_t input_count,
                     const void* attributes, quipu_node* node) QUIPU_NOEXCEPT;
  /* role: "logits" or "embeddings". */
  quipu_status (*output)(void* context, quipu_node node, quipu_str role) QUIPU_NOEXCEPT;
  /* Tensors of the file that the graph rightly leaves alone (a cached mask, say): not reported as
   * unused. */
  quipu_status (*ignore)(void* context, quipu_str name) QUIPU_NOEXCEPT;
} quipu_builder;

/** What people and the scheduler want to know of a model; 0 where it has no meaning. */
typedef struct quipu_model_facts {
  uint32_t size;
  uint32_t layers;
  uint32_t width;
  uint32_t heads, kv_heads;
  uint32_t context; /* tokens it was trained for */
  uint32_t vocabulary;
  uint32_t experts, experts_used;
} quipu_model_facts;

typedef struct quipu_architecture {
  uint32_t size;
  uint32_t reserved;
  const char* name;
  /* How well it fits, 0 (no) to 100. The highest claim gets the model; a tie is an error that names
   * both. */
  int (*claim)(const quipu_description* model) QUIPU_NOEXCEPT;
  /* An error text may have several lines, a problem each. */
  quipu_status (*build)(const quipu_description* model, const quipu_builder* builder,
                        quipu_model_facts* facts) QUIPU_NOEXCEPT;
} quipu_architecture;

#ifdef __cplusplus
}
#endif
#endif
