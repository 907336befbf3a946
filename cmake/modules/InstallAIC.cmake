# `cmake --install build --prefix DIR`: the tools, the headers, the libraries and what find_package(AIC) reads.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

get_property(tools GLOBAL PROPERTY AIC_ALL_TOOLS)
foreach(tool ${tools})
  # libMLIR and libLLVM stay where they are.
  set_target_properties(${tool} PROPERTIES INSTALL_RPATH "${LLVM_LIBRARY_DIR}")
  install(TARGETS ${tool} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endforeach()

# Every library of AIC's, and what these need of the other targets here.
get_property(open GLOBAL PROPERTY AIC_ALL_LIBS)
set(AIC_EXPORTED)
while(NOT open STREQUAL "")
  list(POP_FRONT open library)
  if(TARGET ${library} AND NOT library IN_LIST AIC_EXPORTED)
    get_target_property(imported ${library} IMPORTED)
    if(NOT imported)
      list(APPEND AIC_EXPORTED ${library})
      get_target_property(needed ${library} INTERFACE_LINK_LIBRARIES)
      string(REGEX REPLACE "\\$<LINK_ONLY:([^>]*)>" "\\1" needed "${needed}")
      if(needed)
        list(APPEND open ${needed})
      endif()
    endif()
  endif()
endwhile()
# Folders of the build tree are of no use to others.
foreach(library ${AIC_EXPORTED})
  get_target_property(folders ${library} INTERFACE_INCLUDE_DIRECTORIES)
  if(folders)
    set_property(TARGET ${library} PROPERTY INTERFACE_INCLUDE_DIRECTORIES "$<BUILD_INTERFACE:${folders}>")
  endif()
endforeach()
install(TARGETS ${AIC_EXPORTED} EXPORT AICTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/aic ${CMAKE_BINARY_DIR}/include/aic
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h" PATTERN "*.td" PATTERN "*.inc"
  PATTERN CMakeFiles EXCLUDE)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/aic)
install(EXPORT AICTargets DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/AICConfig.cmake.in ${CMAKE_BINARY_DIR}/cmake/AICConfig.cmake
  INSTALL_DESTINATION ${package_dir} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/cmake/AICConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/cmake/AICConfig.cmake ${CMAKE_BINARY_DIR}/cmake/AICConfigVersion.cmake
  DESTINATION ${package_dir})
