/* A plugin in plain C, good unless a definition below makes it bad in one way. Its items do
 * nothing. */
#include "quipu/abi/backend.h"

#ifndef FIXTURE_KIND /* a number, as in QUIPU_KIND_*: the preprocessor knows no enum */
#define FIXTURE_KIND 2
#endif
#ifndef FIXTURE_NAME
#define FIXTURE_NAME "test.fixture"
#endif
#ifndef FIXTURE_VERSION
#define FIXTURE_VERSION "1.0"
#endif
#if defined(FIXTURE_PREFERENCE)
#define FIXTURE_PROVIDES FIXTURE_NAME "=" FIXTURE_PREFERENCE
#elif FIXTURE_KIND == 1
#define FIXTURE_PROVIDES "knots@4=4b4e;knots@0=beef"
#elif FIXTURE_KIND == 3
#define FIXTURE_PROVIDES "inca;chimu"
#else
#define FIXTURE_PROVIDES "test:1=first;test:2=second"
#endif
#ifdef FIXTURE_SHORT_TABLE
#define FIXTURE_CODEC_SIZE offsetof(quipu_codec, kernels)
#else
#define FIXTURE_CODEC_SIZE sizeof(quipu_codec)
#endif

#define FIXTURE_MANIFEST                                                                           \
  {                                                                                                \
    .magic = {'Q', 'U', 'I', 'P', 'U', 'P', 'L', '0'}, .size = sizeof(quipu_manifest),             \
    .abi_major = QUIPU_ABI_MAJOR, .abi_minor = QUIPU_ABI_MINOR, .kind = FIXTURE_KIND,              \
    .opset = FIXTURE_KIND >= 3 ? QUIPU_OPSET : 0, .name = FIXTURE_NAME,      \
    .version = FIXTURE_VERSION, .license = "Apache-2.0", .vendor = "tests", .build = __VERSION__,  \
    .target = QUIPU_TARGET, .provides = FIXTURE_PROVIDES                                           \
  }

#ifndef FIXTURE_NO_MANIFEST
__attribute__((visibility("default"), used, section(QUIPU_MANIFEST_SECTION)))
const quipu_manifest quipu_manifest_v0 = FIXTURE_MANIFEST;
#endif
#if defined(FIXTURE_NO_MANIFEST) || defined(FIXTURE_OTHER_MANIFEST)
#undef FIXTURE_VERSION
#define FIXTURE_VERSION "2.0"
static const quipu_manifest other_manifest = FIXTURE_MANIFEST;
#endif

/* For members that must be set and that no test calls. */
__attribute__((unused)) static void unused(void) {}
#define UNUSED(type, member) .member = (__typeof__(((type*)0)->member))unused

#define CODEC(codec_name, codec_type)                                                              \
  {                                                                                                \
    .size = FIXTURE_CODEC_SIZE, .block_columns = 1, .block_bytes = 4,                 \
    .name = codec_name, .type = codec_type, FIXTURE_DEQUANTIZE                                     \
  }
#ifdef FIXTURE_NO_DEQUANTIZE
#define FIXTURE_DEQUANTIZE .dequantize = 0
#else
#define FIXTURE_DEQUANTIZE UNUSED(quipu_codec, dequantize)
#endif

#if FIXTURE_KIND == 1
static const quipu_loader items[] = {
    {.size = sizeof(quipu_loader), .name = FIXTURE_NAME, UNUSED(quipu_loader, probe),
     UNUSED(quipu_loader, open), UNUSED(quipu_loader, close), UNUSED(quipu_loader, metadata_count),
     UNUSED(quipu_loader, metadata), UNUSED(quipu_loader, elements),
     UNUSED(quipu_loader, tensor_count), UNUSED(quipu_loader, tensor),
     UNUSED(quipu_loader, part_count), UNUSED(quipu_loader, part), UNUSED(quipu_loader, describe)}};
#elif FIXTURE_KIND == 3
static const quipu_architecture items[] = {{.size = sizeof(quipu_architecture),
                                            .name = FIXTURE_NAME,
                                            UNUSED(quipu_architecture, claim),
                                            UNUSED(quipu_architecture, build)}};
#elif FIXTURE_KIND == 4
static const quipu_backend items[] = {
    {.size = sizeof(quipu_backend), .name = FIXTURE_NAME, UNUSED(quipu_backend, device_count),
     UNUSED(quipu_backend, device), UNUSED(quipu_backend, open), UNUSED(quipu_backend, close),
     UNUSED(quipu_backend, supports), UNUSED(quipu_backend, plan), UNUSED(quipu_backend, plan_free),
     UNUSED(quipu_backend, facts), UNUSED(quipu_backend, run), UNUSED(quipu_backend, kv_edit),
     UNUSED(quipu_backend, kv_free_cells), UNUSED(quipu_backend, kv_size),
     UNUSED(quipu_backend, kv_save), UNUSED(quipu_backend, kv_load)}};
#else
static const quipu_codec items[] = {CODEC("first", "test:1"),
#ifdef FIXTURE_ITEM_TWICE
                                    CODEC("again", "test:1"),
#endif
#ifndef FIXTURE_ITEM_MISSING
                                    CODEC("second", "test:2")
#endif
};
#endif

#ifdef FIXTURE_UNDEFINED_SYMBOL
void not_there(void);
#endif
#ifdef FIXTURE_MISSING_LIBRARY
void of_missing_library(void);
#endif

static quipu_status init(const quipu_host* host) {
#ifdef FIXTURE_UNDEFINED_SYMBOL
  not_there();
#endif
#ifdef FIXTURE_MISSING_LIBRARY
  of_missing_library();
#endif
#ifdef FIXTURE_INIT_FAILS
  static const char why[] = "no device of that kind";
  return host->fail(host->context, QUIPU_E_UNSUPPORTED, (quipu_str){why, sizeof why - 1});
#else
  static const char greeting[] = FIXTURE_NAME " starts";
  host->log(host->context, QUIPU_LOG_INFO, (quipu_str){greeting, sizeof greeting - 1});
  return QUIPU_OK;
#endif
}

static const void* item(uint32_t index) {
#ifdef FIXTURE_ITEM_NULL
  if (index == 1) return 0;
#endif
  return &items[index];
}

static const quipu_plugin plugin = {
#ifdef FIXTURE_SHORT_PLUGIN
    .size = 16,
#else
    .size = sizeof(quipu_plugin),
#endif
    .item_count = sizeof items / sizeof items[0],
#if defined(FIXTURE_NO_MANIFEST) || defined(FIXTURE_OTHER_MANIFEST)
    .manifest = &other_manifest,
#else
    .manifest = &quipu_manifest_v0,
#endif
    .init = init,
    .item = item,
};

#ifdef FIXTURE_NO_ENTRY
QUIPU_EXPORT const void* quipu_plugin_entry_of_something_else(void);
const void* quipu_plugin_entry_of_something_else(void) { return &plugin; }
#else
const quipu_plugin* quipu_plugin_entry_v0(void) {
#ifdef FIXTURE_ENTRY_NULL
  return (void)plugin, (const quipu_plugin*)0;
#else
  return &plugin;
#endif
}
#endif
