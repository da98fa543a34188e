# The extension module and what is installed into the package.
find_package(Python 3.10 COMPONENTS Interpreter Development.Module REQUIRED)
execute_process(COMMAND ${Python_EXECUTABLE} -m nanobind --cmake_dir
  OUTPUT_VARIABLE nanobind_dir OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
set(nanobind_DIR ${nanobind_dir} CACHE PATH "" FORCE)
find_package(nanobind CONFIG REQUIRED)

nanobind_add_module(_native NB_STATIC native/bindings.cc native/host_bindings.cc ${kernel_objects})
if(TARGET nanobind-static)  # its makers foresee that it is compiled as one file, which takes half the time
  set_target_properties(nanobind-static PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
endif()
target_compile_options(_native PRIVATE ${HEADWATER_BASELINE_FLAGS})
target_compile_definitions(_native PRIVATE HW_VERSION="${SKBUILD_PROJECT_VERSION}")
target_link_libraries(_native PRIVATE headwater_flags headwater_pool)
if(TARGET headwater_onednn_library)
  target_link_libraries(_native PRIVATE headwater_onednn_library)
endif()

set(package headwater/backends/cpu)
install(TARGETS _native headwater_pool LIBRARY DESTINATION ${package})
if(HEADWATER_CARRIED_ONEDNN)
  install(FILES ${HEADWATER_CARRIED_ONEDNN} DESTINATION ${package})
endif()
if(NOT SKBUILD_STATE STREQUAL "editable")  # a checkout has its examples beside the package
  install(DIRECTORY examples/ DESTINATION headwater/examples FILES_MATCHING PATTERN "*.py" PATTERN "output" EXCLUDE)
endif()
