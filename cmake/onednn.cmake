# Finds oneDNN >= 3.2 and prepares the copy that the package carries: stripped, under a name of its own, and with its
# OpenMP calls bound to libhwpool.so. Defines the target headwater_onednn_library.

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
set(carried ${CMAKE_BINARY_DIR}/libhwnn.so.3)
add_custom_command(
  OUTPUT ${carried}
  COMMAND ${CMAKE_STRIP} --strip-unneeded -o ${carried}.stripped ${dnnl_library}
  COMMAND ${Python_EXECUTABLE} ${CMAKE_SOURCE_DIR}/cmake/adopt_onednn.py ${carried}.stripped ${carried}
  COMMAND ${CMAKE_COMMAND} -E rm ${carried}.stripped
  DEPENDS ${dnnl_library} ${CMAKE_SOURCE_DIR}/cmake/adopt_onednn.py
  COMMENT "Preparing oneDNN"
  VERBATIM)
add_custom_target(headwater_onednn_copy DEPENDS ${carried})

add_library(headwater_onednn_file SHARED IMPORTED)
set_target_properties(headwater_onednn_file PROPERTIES
  IMPORTED_LOCATION ${carried} IMPORTED_SONAME libhwnn.so.3)
add_library(headwater_onednn_library INTERFACE)
add_dependencies(headwater_onednn_library headwater_onednn_copy)
target_include_directories(headwater_onednn_library SYSTEM INTERFACE ${dnnl_include})
target_link_libraries(headwater_onednn_library INTERFACE headwater_onednn_file)
set(HEADWATER_CARRIED_ONEDNN ${carried})
