include_guard()

add_custom_target(aic-headers)   # every tablegen'd header
add_custom_target(aic-doc)       # every tablegen'd markdown page

# One precompiled header shared by every AIC library that includes MLIR.
if(AIC_USE_PCH)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/aic-pch.cpp CONTENT "")
  add_library(aic-pch OBJECT ${CMAKE_BINARY_DIR}/aic-pch.cpp)
  llvm_update_compile_flags(aic-pch)
  # ccache takes a precompiled header only without its time stamp (CCACHE_SLOPPINESS in utils/build.sh).
  target_compile_options(aic-pch PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  target_precompile_headers(aic-pch PRIVATE ${CMAKE_SOURCE_DIR}/include/aic/Support/Precompiled.h)
endif()

# add_aic_tablegen(<target> <file.td> <out> <gen> [<out> <gen>]...)
function(add_aic_tablegen target td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  while(ARGN)
    list(POP_FRONT ARGN out gen)
    separate_arguments(gen)
    mlir_tablegen(${out} ${gen})
  endwhile()
  add_public_tablegen_target(${target})
  add_dependencies(aic-headers ${target})
endfunction()

# add_aic_doc(<td without suffix> <page under build/docs> <generator> [args...])
function(add_aic_doc td output command)
  set(LLVM_TARGET_DEFINITIONS ${td}.td)
  string(MAKE_C_IDENTIFIER ${output} id)
  tablegen(MLIR ${id}.md ${command} ${ARGN})
  set(page ${CMAKE_BINARY_DIR}/docs/${output}.md)
  add_custom_command(OUTPUT ${page}
    COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_BINARY_DIR}/${id}.md ${page}
    DEPENDS ${CMAKE_CURRENT_BINARY_DIR}/${id}.md)
  add_custom_target(${id}DocGen DEPENDS ${page})
  add_dependencies(aic-doc ${id}DocGen)
endfunction()

# add_aic_library(<name> srcs... [DEPENDS ...] [AIC_LIBS ...] [MLIR_LIBS ...])
# A library that includes MLIR. MLIR_LIBS are names of upstream's static libraries;
# with AIC_LINK_MLIR_DYLIB they all mean libMLIR.so. Every .cpp of the folder must be listed: a folder with two
# libraries names the other one's sources in LLVM_OPTIONAL_SOURCES.
function(add_aic_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;AIC_LIBS;MLIR_LIBS" ${ARGN})
  add_mlir_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS}
    DISABLE_INSTALL EXCLUDE_FROM_LIBMLIR
    DEPENDS aic-headers ${ARG_DEPENDS})
  target_link_libraries(${name} PUBLIC ${ARG_AIC_LIBS})
  mlir_target_link_libraries(${name} PUBLIC ${ARG_MLIR_LIBS})
  if(AIC_USE_PCH)
    target_compile_options(${name} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    target_precompile_headers(${name} REUSE_FROM aic-pch)
  endif()
  set_property(GLOBAL APPEND PROPERTY AIC_ALL_LIBS ${name})
endfunction()

# add_aic_plain_library(<name> srcs... [AIC_LIBS ...])
# A library that includes neither LLVM nor MLIR.
function(add_aic_plain_library name)
  cmake_parse_arguments(ARG "" "" "AIC_LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC ${ARG_AIC_LIBS})
  set_property(GLOBAL APPEND PROPERTY AIC_ALL_LIBS ${name})
endfunction()

# add_aic_tool(<name> srcs... [AIC_LIBS ...] [MLIR_LIBS ...])
function(add_aic_tool name)
  cmake_parse_arguments(ARG "" "" "AIC_LIBS;MLIR_LIBS" ${ARGN})
  add_llvm_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  llvm_update_compile_flags(${name})
  target_link_libraries(${name} PRIVATE ${ARG_AIC_LIBS})
  mlir_target_link_libraries(${name} PRIVATE ${ARG_MLIR_LIBS})
endfunction()
