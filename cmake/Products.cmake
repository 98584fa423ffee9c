# build/livelambda, with everything it needs inside: both stubs and the language loaders.

# The stubs have flags, an architecture and a static link of their own: each is a build of its own, under build/stub/.
foreach(architecture x86_64 aarch64)
  add_custom_target(stub_${architecture}
    COMMAND ${PROJECT_SOURCE_DIR}/scripts/build stub-${architecture} bootstrap
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    BYPRODUCTS ${PROJECT_SOURCE_DIR}/build/stub/${architecture}/bootstrap
    COMMENT "Building the stub for ${architecture}"
    USES_TERMINAL VERBATIM)
endforeach()

add_executable(livelambda ${PROJECT_SOURCE_DIR}/src/cli/main.cc ${PROJECT_BINARY_DIR}/generated/embedded.cc)
livelambda_target_options(livelambda)
target_link_libraries(livelambda PRIVATE cli)
foreach(architecture x86_64 aarch64)
  livelambda_embed(livelambda ll_stub_${architecture} ${PROJECT_SOURCE_DIR}/build/stub/${architecture}/bootstrap)
  add_dependencies(livelambda stub_${architecture})
endforeach()

file(GLOB loader_files RELATIVE ${PROJECT_SOURCE_DIR}/runtimes CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/runtimes/nodejs/*.mjs
     ${PROJECT_SOURCE_DIR}/runtimes/nodejs/*.cjs ${PROJECT_SOURCE_DIR}/runtimes/python/*.py
     ${PROJECT_SOURCE_DIR}/runtimes/ruby/*.rb ${PROJECT_SOURCE_DIR}/runtimes/java/*.gradle)
list(FILTER loader_files EXCLUDE REGEX "\\.test\\.")
foreach(name ${loader_files})
  string(MAKE_C_IDENTIFIER "ll_loader_${name}" symbol)
  livelambda_embed(livelambda ${symbol} ${PROJECT_SOURCE_DIR}/runtimes/${name})
  string(APPEND loader_declarations "extern const char ${symbol}_begin[], ${symbol}_end[];\n")
  string(APPEND loader_entries "  assets.loaders.push_back({\"${name}\", view(${symbol}_begin, ${symbol}_end)});\n")
endforeach()
configure_file(${PROJECT_SOURCE_DIR}/src/cli/embedded.cc.in ${PROJECT_BINARY_DIR}/generated/embedded.cc @ONLY)

# Static in development too, so that what is tested is what is released; the sanitizers' runtimes want a dynamic libc.
if(NOT LIVELAMBDA_SANITIZE)
  target_link_options(livelambda PRIVATE -static)
endif()
if(NOT LIVELAMBDA_STATIC AND NOT LIVELAMBDA_SANITIZE)
  set_target_properties(livelambda PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_SOURCE_DIR}/build)
endif()
