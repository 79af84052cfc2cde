// How answers are drawn: what the command line, the model and llama.cpp's defaults say, in this
// order.
#pragma once

#include "command.h"

namespace quipu::app {

/// Declares --temp, --top-k and all other options of sampling, --ban and --ignore-eos.
void add_sampling_options(Options& options);

/// What was asked for; else what the model ships (general.sampling.*), said with -v; else the
/// defaults of SamplerOptions. A key of the model that makes no sense is a warning and not used.
SamplerOptions sampler_options(const Options& options, const Model& model);

/// Sets the request's sampling, as above, and what it bans.
void set_sampling(const Options& options, const Model& model, Request& request);

}  // namespace quipu::app
