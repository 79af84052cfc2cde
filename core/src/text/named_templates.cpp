// The formats are those of the models' own templates; names and small print (what becomes of a
// system message that a format has no place for) are llama.cpp's, src/llama-chat.cpp. No template
// writes the token that begins a text: the tokenizer does.
#include "text/named_templates.h"

namespace quipu {
namespace {

constexpr NamedTemplate all[] = {
    {"chatml", R"(
{%- for m in messages %}
{{- '<|im_start|>' ~ m.role ~ '\n' ~ text(m) ~ '<|im_end|>\n' }}
{%- endfor %}
{{- '<|im_start|>assistant\n' if add_generation_prompt }})"},

    // ---- LLaMA, Mistral

    {"llama2", R"(
{%- for m in messages %}
{%- if loop.first or loop.previtem.role == 'assistant' %}{{ '[INST] ' }}{% endif %}
{%- if m.role == 'system' %}{{ text(m) ~ '\n' }}
{%- elif m.role == 'user' %}{{ text(m) ~ ' [/INST]' }}
{%- else %}{{ text(m) ~ '</s>' }}{% endif %}
{%- endfor %})"},
    {"llama2-sys", R"(
{%- for m in messages %}
{%- if loop.first or loop.previtem.role == 'assistant' %}{{ '[INST] ' }}{% endif %}
{%- if m.role == 'system' %}{{ '<<SYS>>\n' ~ text(m) ~ '\n<</SYS>>\n\n' }}
{%- elif m.role == 'user' %}{{ text(m) ~ ' [/INST]' }}
{%- else %}{{ text(m) ~ '</s>' }}{% endif %}
{%- endfor %})"},
    {"llama2-sys-bos", R"(
{%- for m in messages %}
{%- if loop.first %}{{ '[INST] ' }}
{%- elif loop.previtem.role == 'assistant' %}{{ '<s>[INST] ' }}{% endif %}
{%- if m.role == 'system' %}{{ '<<SYS>>\n' ~ text(m) ~ '\n<</SYS>>\n\n' }}
{%- elif m.role == 'user' %}{{ text(m) ~ ' [/INST]' }}
{%- else %}{{ text(m) ~ '</s>' }}{% endif %}
{%- endfor %})"},
    {"llama2-sys-strip", R"(
{%- for m in messages %}
{%- if loop.first or loop.previtem.role == 'assistant' %}{{ '[INST] ' }}{% endif %}
{%- if m.role == 'system' %}{{ '<<SYS>>\n' ~ text(m)|trim ~ '\n<</SYS>>\n\n' }}
{%- elif m.role == 'user' %}{{ text(m)|trim ~ ' [/INST]' }}
{%- else %}{{ text(m)|trim ~ '</s>' }}{% endif %}
{%- endfor %})"},
    {"llama3", R"(
{%- for m in messages %}
{{- '<|start_header_id|>' ~ m.role ~ '<|end_header_id|>\n\n' ~ text(m)|trim ~ '<|eot_id|>' }}
{%- endfor %}
{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' if add_generation_prompt }})"},
    {"llama4", R"(
{%- for m in messages %}
{{- '<|header_start|>' ~ m.role ~ '<|header_end|>\n\n' ~ text(m)|trim ~ '<|eot|>' }}
{%- endfor %}
{{- '<|header_start|>assistant<|header_end|>\n\n' if add_generation_prompt }})"},
    {"mistral-v1", R"(
{%- for m in messages %}
{%- if loop.first or loop.previtem.role == 'assistant' %}{{ ' [INST] ' }}{% endif %}
{%- if m.role == 'system' %}{{ text(m) ~ '\n\n' }}
{%- elif m.role == 'user' %}{{ text(m) ~ ' [/INST]' }}
{%- else %}{{ ' ' ~ text(m) ~ '</s>' }}{% endif %}
{%- endfor %})"},
    {"mistral-v3", R"(
{%- for m in messages %}
{%- if loop.first or loop.previtem.role == 'assistant' %}{{ '[INST] ' }}{% endif %}
{%- if m.role == 'system' %}{{ text(m) ~ '\n\n' }}
{%- elif m.role == 'user' %}{{ text(m) ~ '[/INST]' }}
{%- else %}{{ ' ' ~ text(m)|trim ~ '</s>' }}{% endif %}
{%- endfor %})"},
    {"mistral-v3-tekken", R"(
{%- for m in messages %}
{%- if loop.first or loop.previtem.role == 'assistant' %}{{ '[INST]' }}{% endif %}
{%- if m.role == 'system' %}{{ text(m) ~ '\n\n' }}
{%- elif m.role == 'user' %}{{ text(m) ~ '[/INST]' }}
{%- else %}{{ text(m) ~ '</s>' }}{% endif %}
{%- endfor %})"},
    {"mistral-v7", R"(
{%- for m in messages %}
{%- if m.role == 'system' %}{{ '[SYSTEM_PROMPT] ' ~ text(m) ~ '[/SYSTEM_PROMPT]' }}
{%- elif m.role == 'user' %}{{ '[INST] ' ~ text(m) ~ '[/INST]' }}
{%- else %}{{ ' ' ~ text(m) ~ '</s>' }}{% endif %}
{%- endfor %})"},
    {"mistral-v7-tekken", R"(
{%- for m in messages %}
{%- if m.role == 'system' %}{{ '[SYSTEM_PROMPT]' ~ text(m) ~ '[/SYSTEM_PROMPT]' }}
{%- elif m.role == 'user' %}{{ '[INST]' ~ text(m) ~ '[/INST]' }}
{%- else %}{{ text(m) ~ '</s>' }}{% endif %}
{%- endfor %})"},

    // ---- others, by name

    {"bailing", R"(
{%- for m in messages %}
{{- '<role>' ~ ('HUMAN' if m.role == 'user' else m.role|upper) ~ '</role>' ~ text(m) }}
{%- endfor %}
{{- '<role>ASSISTANT</role>' if add_generation_prompt }})"},
    {"chatglm3", R"(
{{- '[gMASK]sop' }}
{%- for m in messages %}{{ '<|' ~ m.role ~ '|>\n ' ~ text(m) }}{% endfor %}
{{- '<|assistant|>' if add_generation_prompt }})"},
    {"chatglm4", R"(
{{- '[gMASK]<sop>' }}
{%- for m in messages %}{{ '<|' ~ m.role ~ '|>\n' ~ text(m) }}{% endfor %}
{{- '<|assistant|>\n' if add_generation_prompt }})"},
    {"command-r", R"(
{%- for m in messages %}
{{- '<|START_OF_TURN_TOKEN|><|' ~ ('CHATBOT' if m.role == 'assistant' else m.role|upper) ~ '_TOKEN|>'
    ~ text(m)|trim ~ '<|END_OF_TURN_TOKEN|>' }}
{%- endfor %}
{{- '<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>' if add_generation_prompt }})"},
    {"deepseek", R"(
{%- for m in messages %}
{%- if m.role == 'system' %}{{ text(m) }}
{%- elif m.role == 'user' %}{{ '### Instruction:\n' ~ text(m) ~ '\n' }}
{%- else %}{{ '### Response:\n' ~ text(m) ~ '\n<|EOT|>\n' }}{% endif %}
{%- endfor %}
{{- '### Response:\n' if add_generation_prompt }})"},
    {"deepseek2", R"(
{%- for m in messages %}
{%- if m.role == 'system' %}{{ text(m) ~ '\n\n' }}
{%- elif m.role == 'user' %}{{ 'User: ' ~ text(m) ~ '\n\n' }}
{%- else %}{{ 'Assistant: ' ~ text(m) ~ '<｜end▁of▁sentence｜>' }}{% endif %}
{%- endfor %}
{{- 'Assistant:' if add_generation_prompt }})"},
    {"deepseek3", R"(
{%- for m in messages %}
{%- if m.role == 'system' %}{{ text(m) ~ '\n\n' }}
{%- elif m.role == 'user' %}{{ '<｜User｜>' ~ text(m) }}
{%- else %}{{ '<｜Assistant｜>' ~ text(m) ~ '<｜end▁of▁sentence｜>' }}{% endif %}
{%- endfor %}
{{- '<｜Assistant｜>' if add_generation_prompt }})"},
    {"dots1", R"(
{%- for m in messages %}
{%- set name = {'system': 'system', 'user': 'userprompt'}[m.role] or 'response' %}
{{- '<|' ~ name ~ '|>' ~ text(m) ~ '<|endof' ~ name ~ '|>' }}
{%- endfor %}
{{- '<|response|>' if add_generation_prompt }})"},
    {"exaone3", R"(
{%- for m in messages %}
{{- '[|' ~ m.role ~ '|]' ~ text(m)|trim ~ ('\n' if m.role == 'user' else '[|endofturn|]\n') }}
{%- endfor %}
{{- '[|assistant|]' if add_generation_prompt }})"},
    // The same; its models have a role for what tools give, too.
    {"exaone4", R"(
{%- for m in messages %}
{{- '[|' ~ m.role ~ '|]' ~ text(m)|trim ~ ('\n' if m.role == 'user' else '[|endofturn|]\n') }}
{%- endfor %}
{{- '[|assistant|]' if add_generation_prompt }})"},
    {"falcon3", R"(
{%- for m in messages %}{{ '<|' ~ m.role ~ '|>\n' ~ text(m) ~ '\n' }}{% endfor %}
{{- '<|assistant|>\n' if add_generation_prompt }})"},
    {"gemma", R"(
{%- set system = namespace(text='') %}
{%- for m in messages %}
{%- if m.role == 'system' %}
{%- set system.text = system.text ~ text(m)|trim %}
{%- else %}
{{- '<start_of_turn>' ~ ('model' if m.role == 'assistant' else m.role) ~ '\n' }}
{%- if system.text and m.role != 'assistant' %}
{{- system.text ~ '\n\n' }}
{%- set system.text = '' %}
{%- endif %}
{{- text(m)|trim ~ '<end_of_turn>\n' }}
{%- endif %}
{%- endfor %}
{{- '<start_of_turn>model\n' if add_generation_prompt }})"},
    {"gigachat", R"(
{{- '<s>' }}
{%- for m in messages %}
{%- if m.role == 'system' %}{{ text(m) ~ '<|message_sep|>' }}
{%- elif m.role == 'user' %}
{{- 'user<|role_sep|>' ~ text(m) ~ '<|message_sep|>available functions<|role_sep|>[]<|message_sep|>' }}
{%- else %}{{ 'assistant<|role_sep|>' ~ text(m) ~ '<|message_sep|>' }}{% endif %}
{%- endfor %}
{{- 'assistant<|role_sep|>' if add_generation_prompt }})"},
    {"glmedge", R"(
{%- for m in messages %}{{ '<|' ~ m.role ~ '|>\n' ~ text(m) }}{% endfor %}
{{- '<|assistant|>' if add_generation_prompt }})"},
    {"gpt-oss", R"(
{%- for m in messages %}
{{- '<|start|>' ~ m.role ~ '<|message|>' ~ text(m)
    ~ ('<|return|>' if m.role == 'assistant' else '<|end|>') }}
{%- endfor %}
{{- '<|start|>assistant' if add_generation_prompt }})"},
    {"granite", R"(
{%- for m in messages %}
{{- '<|start_of_role|>' ~ m.role ~ '<|end_of_role|>'
    ~ ('<|tool_call|>' if m.role == 'assistant_tool_call') ~ text(m) ~ '<|end_of_text|>\n' }}
{%- endfor %}
{{- '<|start_of_role|>assistant<|end_of_role|>' if add_generation_prompt }})"},
    {"grok-2", R"(
{%- for m in messages %}
{{- {'system': 'System: ', 'user': 'Human: '}[m.role] or 'Assistant: ' }}
{{- (text(m) if m.role == 'assistant' else text(m)|trim) ~ '<|separator|>\n\n' }}
{%- endfor %}
{{- 'Assistant:' if add_generation_prompt }})"},
    {"hunyuan-dense", R"(
{{- '<｜hy_begin▁of▁sentence｜>' }}
{%- for m in messages %}
{%- if m.role == 'system' %}{{ text(m) ~ '<｜hy_place▁holder▁no▁3｜>' if loop.first }}
{%- elif m.role == 'user' %}{{ '<｜hy_User｜>' ~ text(m) }}
{%- else %}{{ '<｜hy_Assistant｜>' ~ text(m) ~ '<｜hy_place▁holder▁no▁2｜>' }}{% endif %}
{%- endfor %}
{{- '<｜hy_Assistant｜>' if add_generation_prompt else '<｜hy_place▁holder▁no▁8｜>' }})"},
    {"hunyuan-moe", R"(
{%- for m in messages %}
{%- if m.role == 'system' %}{{ '<|startoftext|>' ~ text(m) ~ '<|extra_4|>' }}
{%- elif m.role == 'assistant' %}{{ text(m) ~ '<|eos|>' }}
{%- else %}{{ '<|startoftext|>' ~ text(m) ~ '<|extra_0|>' }}{% endif %}
{%- endfor %})"},
    {"kimi-k2", R"(
{%- for m in messages %}
{{- '<|im_' ~ (m.role if m.role in ['user', 'assistant'] else 'system') ~ '|>' ~ m.role
    ~ '<|im_middle|>' ~ text(m) ~ '<|im_end|>' }}
{%- endfor %}
{{- '<|im_assistant|>assistant<|im_middle|>' if add_generation_prompt }})"},
    {"megrez", R"(
{%- for m in messages %}
{{- '<|role_start|>' ~ m.role ~ '<|role_end|>' ~ text(m) ~ '<|turn_end|>' }}
{%- endfor %}
{{- '<|role_start|>assistant<|role_end|>' if add_generation_prompt }})"},
    {"minicpm", R"(
{%- for m in messages %}
{{- '<用户>' ~ text(m)|trim ~ '<AI>' if m.role == 'user' else text(m)|trim }}
{%- endfor %})"},
    {"monarch", R"(
{%- for m in messages %}
{{- ('' if loop.first else '<s>') ~ m.role ~ '\n' ~ text(m) ~ '</s>\n' }}
{%- endfor %}
{{- '<s>assistant\n' if add_generation_prompt }})"},
    {"openchat", R"(
{%- for m in messages %}
{{- ('GPT4 Correct ' ~ m.role|title ~ ': ' if m.role != 'system') ~ text(m) ~ '<|end_of_turn|>' }}
{%- endfor %}
{{- 'GPT4 Correct Assistant:' if add_generation_prompt }})"},
    {"orion", R"(
{%- set system = namespace(text='') %}
{%- for m in messages %}
{%- if m.role == 'system' %}
{%- set system.text = system.text ~ text(m) %}
{%- elif m.role == 'user' %}
{{- 'Human: ' ~ (system.text ~ '\n\n' if system.text) ~ text(m) ~ '\n\nAssistant: </s>' }}
{%- set system.text = '' %}
{%- else %}{{ text(m) ~ '</s>' }}{% endif %}
{%- endfor %})"},
    {"pangu-embedded", R"(
{%- if messages and messages[0].role != 'system' %}{{ '[unused9]系统：[unused10]' }}{% endif %}
{%- for m in messages %}
{%- set names = {'system': '系统', 'user': '用户', 'tool': '工具', 'function': '方法'} %}
{{- '[unused9]' ~ (names[m.role] or '助手') ~ '：' ~ text(m) ~ '[unused10]' }}
{%- endfor %}
{{- '[unused9]助手：' if add_generation_prompt }})"},
    {"phi3", R"(
{%- for m in messages %}{{ '<|' ~ m.role ~ '|>\n' ~ text(m) ~ '<|end|>\n' }}{% endfor %}
{{- '<|assistant|>\n' if add_generation_prompt }})"},
    {"phi4", R"(
{%- for m in messages %}
{{- '<|im_start|>' ~ m.role ~ '<|im_sep|>' ~ text(m) ~ '<|im_end|>' }}
{%- endfor %}
{{- '<|im_start|>assistant<|im_sep|>' if add_generation_prompt }})"},
    {"rwkv-world", R"(
{%- for m in messages %}
{{- {'system': 'System: ', 'user': 'User: '}[m.role] or 'Assistant: ' }}
{{- text(m)|trim ~ '\n\n' }}
{%- endfor %}
{{- 'Assistant:' if add_generation_prompt }})"},
    {"seed_oss", R"(
{%- for m in messages %}
{{- '<seed:bos>' ~ m.role ~ '\n' ~ (text(m)|trim if m.role == 'assistant' else text(m)) ~ '<seed:eos>' }}
{%- endfor %}
{{- '<seed:bos>assistant\n' if add_generation_prompt }})"},
    {"smolvlm", R"(
{{- '<|im_start|>' }}
{%- for m in messages %}
{%- if m.role == 'system' %}{{ text(m) ~ '\n\n' }}
{%- else %}{{ m.role|title ~ ': ' ~ text(m) ~ '<end_of_utterance>\n' }}{% endif %}
{%- endfor %}
{{- 'Assistant:' if add_generation_prompt }})"},
    {"vicuna", R"(
{%- for m in messages %}
{%- if m.role == 'system' %}{{ text(m) ~ '\n\n' }}
{%- elif m.role == 'user' %}{{ 'USER: ' ~ text(m) ~ '\n' }}
{%- else %}{{ 'ASSISTANT: ' ~ text(m) ~ '</s>\n' }}{% endif %}
{%- endfor %}
{{- 'ASSISTANT:' if add_generation_prompt }})"},
    {"vicuna-orca", R"(
{%- for m in messages %}
{%- if m.role == 'system' %}{{ 'SYSTEM: ' ~ text(m) ~ '\n' }}
{%- elif m.role == 'user' %}{{ 'USER: ' ~ text(m) ~ '\n' }}
{%- else %}{{ 'ASSISTANT: ' ~ text(m) ~ '</s>\n' }}{% endif %}
{%- endfor %}
{{- 'ASSISTANT:' if add_generation_prompt }})"},
    {"yandex", R"(
{{- '<s>' }}
{%- for m in messages if m.role != 'system' %}
{{- (' Пользователь: ' if m.role == 'user' else ' Ассистент: ') ~ text(m) ~ '\n\n' }}
{%- endfor %}
{{- ' Ассистент:[SEP]' if add_generation_prompt }})"},
    // The end is the model's own: </s> of Mistral's tokenizer, <|endoftext|> of StableLM's.
    {"zephyr", R"(
{%- for m in messages %}
{{- '<|' ~ m.role ~ '|>\n' ~ text(m) ~ (eos_token or '<|endoftext|>') ~ '\n' }}
{%- endfor %}
{{- '<|assistant|>\n' if add_generation_prompt }})"},
};

}  // namespace

std::span<const NamedTemplate> named_templates() {
  return all;
}

std::string_view named_template_preamble() {
  return R"(
{%- macro text(m) %}
{%- if m.content is string %}{{ m.content }}
{%- elif m.content %}{{ m.content|selectattr('text', 'defined')|map(attribute='text')|join }}
{%- endif %}
{%- endmacro %})";
}

}  // namespace quipu
