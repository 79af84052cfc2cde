# The arrows of the design, judged by what files include and name: apps -> core <- plugins.
set(broken "")

function(forbid pattern reason)
  foreach(file IN LISTS ARGN)
    file(STRINGS ${file} lines REGEX "${pattern}")
    foreach(line IN LISTS lines)
      file(RELATIVE_PATH name ${ROOT} ${file})
      string(APPEND broken "${name}: ${reason}: ${line}\n")
    endforeach()
  endforeach()
  set(broken "${broken}" PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE apps ${ROOT}/apps/*.h ${ROOT}/apps/*.cpp)
file(GLOB_RECURSE core ${ROOT}/core/src/*.h ${ROOT}/core/src/*.cpp)
file(GLOB_RECURSE plugins ${ROOT}/plugins/*.h ${ROOT}/plugins/*.cpp)
file(GLOB_RECURSE public ${ROOT}/core/include/*.h)
file(GLOB_RECURSE abi ${ROOT}/core/include/quipu/abi/*.h)
file(GLOB_RECURSE sdk ${ROOT}/core/include/quipu/sdk/*.h)

forbid("#include *\"quipu/sdk/" "an app uses the plugin authors' headers" ${apps})
forbid("#include *[<\"].*plugins/" "an app or core includes a plugin" ${apps} ${core})
forbid("#include *\"quipu/[a-z_]+\\.h\"" "a plugin includes more than quipu/abi and quipu/sdk" ${plugins} ${sdk} ${abi})
forbid("#include *<(boost|pcre2|curl|openssl|utf8proc|histedit)" "a plugin or public header includes a third-party header" ${plugins} ${public})
forbid("#include *\"quipu/sdk/" "the boundary depends on its C++ face" ${abi})

set(outside_plugin_room ${core})
list(FILTER outside_plugin_room EXCLUDE REGEX "/core/src/plugin/")
forbid("#include *<boost/dll" "Boost.DLL is used outside core/src/plugin" ${outside_plugin_room} ${apps})

# Core and apps name no architecture and no quant format. Tokenizers carry the names of families, and the cache types
# f32, f16 and q8_0 are formats of their own.
set(names "")
file(GLOB folders RELATIVE ${ROOT}/plugins ${ROOT}/plugins/architectures/* ${ROOT}/plugins/quants/*)
foreach(folder IN LISTS folders)
  get_filename_component(name ${folder} NAME)
  if(IS_DIRECTORY ${ROOT}/plugins/${folder} AND NOT name MATCHES "^(f32|f16|q8_0|shared)$")
    list(APPEND names ${name})
  endif()
endforeach()
if(names)
  list(JOIN names "|" names)
  set(neutral ${core} ${apps})
  list(FILTER neutral EXCLUDE REGEX "/core/src/text/")
  forbid("(^|[^A-Za-z0-9_])(${names})([^A-Za-z0-9_.]|$)" "core or an app names a plugin" ${neutral})
endif()

# A family is known to its own folder alone. The rules by which a GGUF file's quantisation mixes choose types go by
# families, too; those are the container's.
file(GLOB families RELATIVE ${ROOT}/plugins/architectures ${ROOT}/plugins/architectures/*)
set(others ${core} ${apps} ${plugins} ${public})
list(FILTER others EXCLUDE REGEX "/core/src/text/|/plugins/loaders/gguf/mix_rules")
foreach(family IN LISTS families)
  set(outside ${others})
  list(FILTER outside EXCLUDE REGEX "/plugins/architectures/${family}/")
  if(family STREQUAL "llama") # what files of Mistral call themselves
    list(FILTER outside EXCLUDE REGEX "/plugins/architectures/mistral/")
  endif()
  string(REPLACE "_" "[-_]" spelled ${family})
  forbid("\"${spelled}\"" "a file outside plugins/architectures/${family} names the family" ${outside})
endforeach()

# The docs have every family.
file(READ ${ROOT}/sdk/docs/model_families.md table)
foreach(family IN LISTS families)
  string(REPLACE "_" "-" spelled ${family})
  if(NOT table MATCHES "\\| ${spelled} \\|")
    string(APPEND broken "sdk/docs/model_families.md: expected a row of the plugin ${spelled}\n")
  endif()
endforeach()

if(broken)
  message(FATAL_ERROR "${broken}")
endif()
