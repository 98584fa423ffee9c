# livelambda_embed(<target> <symbol> <file> [DEPENDS …]): the file's bytes inside the target, as
# `extern "C" const char <symbol>_begin[], <symbol>_end[]`.
function(livelambda_embed target symbol file)
  cmake_parse_arguments(arg "" "" "DEPENDS" ${ARGN})
  set(assembly ${PROJECT_BINARY_DIR}/generated/${symbol}.S)
  file(CONFIGURE OUTPUT ${assembly} @ONLY CONTENT
".section .rodata
.global @symbol@_begin
.global @symbol@_end
.balign 16
@symbol@_begin:
.incbin \"@file@\"
@symbol@_end:
.byte 0
.section .note.GNU-stack,\"\",%progbits
")
  set_source_files_properties(${assembly} PROPERTIES OBJECT_DEPENDS "${file};${arg_DEPENDS}")
  target_sources(${target} PRIVATE ${assembly})
endfunction()
