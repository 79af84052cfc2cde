/* Instruction-set levels above those of plugin.h, which only backends have variants for. A codec's
 * best variant for such a level is that of the one below it. */
#ifndef QUIPU_ABI_ISA_H
#define QUIPU_ABI_ISA_H

#include "quipu/abi/plugin.h"

enum {
  QUIPU_ISA_AMX = 3,  /* AMX TILE and INT8, with the system's permission to use them */
  QUIPU_ISA_I8MM = 17 /* NEON's products of matrices of bytes */
};

#endif
