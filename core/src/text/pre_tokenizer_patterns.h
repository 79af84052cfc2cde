// The patterns by which models split text into words, named as GGUF files name them in
// tokenizer.ggml.pre.
//
// Each is what the model's own tokenizer.json states (the Split pre-tokenizers of the Hugging Face
// tokenizers library), or, where that is not at hand, what llama.cpp has for the name (afmoe,
// chameleon, cohere2moe, exaone-moe, granite-embed-multi-97m, spark2_5, superbpe, tiny_aya,
// ufakzeka, youtu), adapted in three ways: the contractions that some spell with (?i:…) list both
// cases, so that no other letter of Unicode folds to them; what is no ASCII is written as a number;
// and where a pattern could look at a run again from each of its places, it says that the run
// begins there, which finds the same and takes linear time.
#pragma once

#include <array>
#include <string_view>

namespace quipu::patterns {

// Contractions and rests that many share; as macros because literals are joined before they are
// values.
#define QUIPU_CONTRACTION R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]))"
#define QUIPU_WORD R"([^\r\n\p{L}\p{N}]?\p{L}+)"
#define QUIPU_SIGNS_LINES_SPACES R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"

inline constexpr const char* gpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr const char* llama3 =
    QUIPU_CONTRACTION "|" QUIPU_WORD R"(|\p{N}{1,3}|)" QUIPU_SIGNS_LINES_SPACES;
inline constexpr const char* qwen2 =
    QUIPU_CONTRACTION "|" QUIPU_WORD R"(|\p{N}|)" QUIPU_SIGNS_LINES_SPACES;
inline constexpr const char* qwen35 =
    QUIPU_CONTRACTION R"(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*)"
                      R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr const char* minicpm5 =
    QUIPU_CONTRACTION "|" QUIPU_WORD R"(|\p{N}+|)" QUIPU_SIGNS_LINES_SPACES;
inline constexpr const char* seed_coder =
    QUIPU_CONTRACTION "|" QUIPU_WORD R"(|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr const char* bailing =
    QUIPU_CONTRACTION "|" QUIPU_WORD R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)";
// After a space that ended a word no line break is left in its run.
inline constexpr const char* jais2 = QUIPU_CONTRACTION
    "|" QUIPU_WORD R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|(?<![^\S\r\n])\s*[\r\n]+)"
    R"(|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S))"
    R"(|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s)";
// Words of o200k_base and its like: capitals and then small letters, or only capitals.
#define QUIPU_CAPITALS R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define QUIPU_SMALL R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
inline constexpr const char* gpt4o =
    R"([^\r\n\p{L}\p{N}]?)" QUIPU_CAPITALS "*" QUIPU_SMALL "+" QUIPU_CONTRACTION
    R"(?|[^\r\n\p{L}\p{N}]?)" QUIPU_CAPITALS "+" QUIPU_SMALL "*" QUIPU_CONTRACTION
    R"(?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr const char* tekken =
    R"([^\r\n\p{L}\p{N}]?)" QUIPU_CAPITALS "*" QUIPU_SMALL R"(+|[^\r\n\p{L}\p{N}]?)" QUIPU_CAPITALS
    "+" QUIPU_SMALL R"(*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// What follows an apostrophe in Turkish stays with its word.
inline constexpr const char* ufakzeka = QUIPU_WORD R"(|\p{N}|)" QUIPU_SIGNS_LINES_SPACES;
// Letters with single spaces between them are one word.
inline constexpr const char* exaone_moe = QUIPU_CONTRACTION
    R"(|[^\r\n\p{L}\p{N}]?\p{L}\p{M}*+(?: ?\p{L}\p{M}*+)*+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?)"
    R"(|\s*[\r\n]|\s+(?!\S)|\s+)";
// As gpt4o, less the characters of Chinese, which are words of their own: the classes list what
// they leave out.
#define QUIPU_CAPITALS_LESS_HAN R"([^\p{Ll}\p{N}\p{P}\p{S}\p{Z}\p{C}\p{sc:Han}])"
#define QUIPU_SMALL_LESS_HAN R"([^\p{Lu}\p{Lt}\p{N}\p{P}\p{S}\p{Z}\p{C}\p{sc:Han}])"
inline constexpr const char* kimi =
    R"(\p{sc:Han}+|[^\r\n\p{L}\p{N}]?)" QUIPU_CAPITALS_LESS_HAN "*" QUIPU_SMALL_LESS_HAN
    "+" QUIPU_CONTRACTION R"(?|[^\r\n\p{L}\p{N}]?)" QUIPU_CAPITALS_LESS_HAN "+" QUIPU_SMALL_LESS_HAN
    "*" QUIPU_CONTRACTION R"(?|\p{N}{1,3}|)" QUIPU_SIGNS_LINES_SPACES;
inline constexpr const char* youtu =
    R"([^\r\n\p{L}\p{N}]?)" QUIPU_CAPITALS "*" QUIPU_SMALL "+" QUIPU_CONTRACTION
    R"(?|[^\r\n\p{L}\p{N}]?)" QUIPU_CAPITALS "+" QUIPU_SMALL "*" QUIPU_CONTRACTION
    R"(?|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
// Digits in threes from the right: of a run of them first what is left over, then, right behind it,
// three at a time.
inline constexpr const char* threes =
    R"((?<!\p{N})\p{N}{1,3}(?=(?:\p{N}{3})*+(?!\p{N}))|\G(?<=\p{N})\p{N}{3})";
// The same of a run that ends where its word does: \b, as Oniguruma has it.
inline constexpr const char* threes_of_words =
    R"((?<!\d)\d{1,3}(?=(?:\d{3})*+(?![\p{L}\p{M}\p{Nl}\p{Nd}\p{Pc})"
    R"(\x{B2}\x{B3}\x{B9}\x{BC}-\x{BE}\x{24B6}-\x{24E9}]))|\G(?<=\d)\d{3})";
// The same among other numbers, which stay with what is before them.
inline constexpr const char* threes_of_numbers =
    R"((?:\G(?<=\d)\d{3}|(?<!\d)\d{3}(?=(?:\d{3})*+(?!\d)))?+)"
    R"((?:\D++|(?<!\d)\d{1,2}(?=(?:\d{3})*+(?!\d)))*+)";
inline constexpr const char* bloom =
    R"( ?[^(\s|.,!?\x{2026}\x{3002}\x{FF0C}\x{3001}\x{964}\x{6D4}\x{60C})]+)";
inline constexpr const char* deepseek3 =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
    R"(| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr const char* spark =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
    R"(| ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+)";
// Letters with case, as the Unicode of the model's time had them.
inline constexpr const char* deepseek_words =
    R"(\s?[A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF}\x{1C4}-\x{293})"
    R"(\x{295}-\x{2AF}\x{370}-\x{373}\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A})"
    R"(\x{38C}\x{38E}-\x{3A1}\x{3A3}-\x{3F5}\x{3F7}-\x{481}\x{48A}-\x{52F}\x{531}-\x{556})"
    R"(\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF})"
    R"(\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D})"
    R"(\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D}\x{1F5F}-)"
    R"(\x{1F7D}\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4}\x{1FC6}-\x{1FCC})"
    R"(\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC})"
    R"(\x{2102}\x{2107}\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126}\x{2128})"
    R"(\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E})"
    R"(\x{2183}\x{2184}\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3})"
    R"(\x{A640}-\x{A66D}\x{A680}-\x{A69B}\x{A722}-\x{A76F}\x{A771}-\x{A787}\x{A78B}-\x{A78E})"
    R"(\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A})"
    R"(\x{10400}-\x{1044F}\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2}\x{10CC0}-)"
    R"(\x{10CF2}\x{118A0}-\x{118DF}\x{1E900}-\x{1E943}]+)";
inline constexpr const char* deepseek_signs =
    R"(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)";
inline constexpr const char* asian = R"([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)";
inline constexpr const char* chinese_japanese = R"([\x{4E00}-\x{9FA5}\x{3040}-\x{30FF}]+)";
inline constexpr const char* scripts_without_spaces =
    R"([\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{F900}-\x{FAFF}\x{3040}-\x{309F}\x{30A0}-\x{30FF})"
    R"(\x{FF65}-\x{FF9F}\x{2F00}-\x{2FDF}\x{E40}-\x{E7F}\x{E80}-\x{EFF}\x{1780}-\x{17FF})"
    R"(\x{1000}-\x{109F}\x{AA60}-\x{AA7F}\x{A9E0}-\x{A9FF}\x{AC00}-\x{D7AF}\x{1100}-\x{11FF}]+)";
inline constexpr const char* youtu_scripts =
    R"([\x{AC00}-\x{D7A3}\x{3131}-\x{318E}]+|[\x{FF01}\x{2026}\x{201C}\x{201D}\x{2018}\x{2019})"
    R"(\x{2014}\x{FF1A}\x{FF1B}\x{FF0C}\x{3001}-\x{303F}\x{FE30}-\x{FE4F}]+)"
    R"(|[\x{3105}-\x{312F}]+|[\x{4E00}-\x{9FA5}\x{3040}-\x{30FF}]+)";
inline constexpr const char* sentinels = "<sentinel:[0-9]+>";
inline constexpr const char* images = "IMGIMG[A-I]{1,4}Z";
inline constexpr const char* tab_line_two_or_four = R"([\t\n]|    |  )";
inline constexpr const char* sign = R"([\p{P}!-/:-@\[-`{-~])";
inline constexpr const char* spaces_at_end = R"((?<!\s)\s+$)";
inline constexpr const char* line_break = R"([\r\n])";
inline constexpr const char* lines = R"([^\n]+|\n+)";
inline constexpr const char* digit = R"(\p{N})";
inline constexpr const char* digits = R"(\p{N}+)";
inline constexpr const char* three_digits = R"(\p{N}{1,3})";
inline constexpr const char* three_ascii_digits = "[0-9][0-9][0-9]";
inline constexpr const char* falcon_signs = R"([\p{P}\$\+<=>\^~\|`]+)";
inline constexpr const char* default_signs = R"([\p{P}\$\+<=>\^~\|]+)";

#undef QUIPU_CONTRACTION
#undef QUIPU_WORD
#undef QUIPU_SIGNS_LINES_SPACES
#undef QUIPU_CAPITALS
#undef QUIPU_SMALL
#undef QUIPU_CAPITALS_LESS_HAN
#undef QUIPU_SMALL_LESS_HAN

struct Named {
  std::string_view name;
  /// Each splits further what those before it found and what they left between.
  std::array<const char*, 6> patterns;
  bool whole_words = false, adds_bos = false;
};

inline constexpr Named named[] = {
    // Also of files that name none: converters wrote this before they knew the models' patterns.
    {"default", {default_signs, gpt2, digits, three_ascii_digits}},
    {"gpt-2", {gpt2}},
    {"gpt2", {gpt2}},
    {"phi-2", {gpt2}},
    {"mpt", {gpt2}},
    {"olmo", {gpt2}},
    {"jais", {gpt2}},
    {"trillion", {gpt2}},
    {"granite-docling", {gpt2}},
    {"gigachat", {gpt2}},
    {"a.x-4.0", {gpt2}},
    {"mellum", {gpt2}},
    {"exaone4", {gpt2}},
    {"modern-bert", {gpt2}},
    {"roberta-bpe", {gpt2}},
    {"jina-es", {gpt2}},
    {"jina-de", {gpt2}},
    {"jina-v1-en", {gpt2}},
    {"jina-v2-es", {gpt2}},
    {"jina-v2-de", {gpt2}},
    {"jina-v2-code", {gpt2}},
    {"llama3", {llama3}, true, true},
    {"llama-v3", {llama3}, true, true},
    {"llama-bpe", {llama3}, true, true},
    {"falcon3", {llama3}, true, true},
    {"falcon-h1", {llama3}, true, true},
    {"pixtral", {llama3}, true, true},
    {"midm-2.0", {llama3}, true, true},
    {"lfm2", {llama3}, true, true},
    {"jina-v5-nano", {llama3}, true, true},
    {"dbrx", {llama3}},
    {"smaug-bpe", {llama3}},
    {"chatglm-bpe", {llama3}},
    {"glm4", {llama3}},
    {"qwen2", {qwen2}},
    {"deepseek-r1-qwen", {qwen2}},
    {"kormo", {qwen2}},
    {"f2llmv2", {qwen2}},
    {"stablelm2", {qwen2}},
    {"hunyuan", {qwen2}},
    {"solar-open", {qwen2}},
    {"megrez", {qwen2}},
    {"grok-2", {qwen2}},
    {"qwen35", {qwen35}},
    {"laguna", {lines, qwen2}},
    {"smollm", {digit, gpt2}},
    {"starcoder", {digit, gpt2}},
    {"refact", {digit, gpt2}},
    {"command-r", {digit, gpt2}},
    {"codeshell", {digit, gpt2}},
    {"exaone", {digit, gpt2}},
    {"minerva-7b", {digit, gpt2}},
    {"mellum2", {digit, gpt2}},
    {"gpt-4o", {gpt4o}},
    {"llama4", {gpt4o}},
    {"kanana2", {gpt4o}},
    {"talkie", {gpt4o}},
    {"minimax-m2", {gpt4o}},
    {"tekken", {tekken}, true, true},
    {"deepseek-llm", {line_break, deepseek_words, deepseek_signs, spaces_at_end, asian, digits}},
    {"deepseek-coder", {line_break, R"(\s?\p{L}+)", R"(\s?\p{P}+)", asian, digit}},
    {"deepseek-v3", {three_digits, chinese_japanese, deepseek3}},
    {"hunyuan-dense", {three_digits, chinese_japanese, deepseek3}},
    {"joyai-llm", {three_digits, chinese_japanese, deepseek3}},
    {"hy_v4", {three_digits, chinese_japanese, deepseek3}},
    {"falcon", {falcon_signs, gpt2, three_ascii_digits}},
    {"bloom", {bloom}},
    {"gpt3-finnish", {bloom}},
    {"poro-chat", {bloom}},
    {"viking", {bloom, digit}},
    {"bailingmoe", {bailing}},
    {"bailingmoe2", {bailing}},
    {"llada-moe", {bailing}},
    {"seed-coder", {seed_coder}},
    {"minicpm5", {three_digits, minicpm5}, true},
    {"jais-2", {jais2}},
    {"ufakzeka", {ufakzeka}},
    {"exaone-moe", {exaone_moe}},
    {"kimi-k2", {kimi}},
    {"kimi-k25", {kimi}},
    {"youtu", {youtu_scripts, youtu}, true},
    {"granite-embed-multi-97m", {gpt4o}, true},
    {"tiny_aya", {threes_of_words, gpt4o}},
    {"cohere2moe", {threes_of_words, gpt4o}},
    {"superbpe", {digits, threes_of_numbers}},
    {"afmoe", {threes, scripts_without_spaces, deepseek3}},
    {"spark2_5", {three_digits, chinese_japanese, spark, digit}},
    {"chameleon", {sentinels, images, tab_line_two_or_four, digit, sign, gpt2}, false, true},
};

}  // namespace quipu::patterns
