# What every target of the project shares, and the few target shapes there are.

add_library(nt_options INTERFACE)
target_compile_features(nt_options INTERFACE c_std_11)
target_compile_definitions(nt_options INTERFACE _GNU_SOURCE)
target_compile_options(nt_options INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings
  -Wformat=2 -Wundef -Wvla -Wcast-qual
  $<$<BOOL:${NT_WERROR}>:-Werror>
  -fvisibility=hidden -fno-semantic-interposition)
if(CMAKE_BUILD_TYPE STREQUAL "Release" OR CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo")
  target_compile_definitions(nt_options INTERFACE _FORTIFY_SOURCE=2)
  target_compile_options(nt_options INTERFACE -fstack-protector-strong)
  target_link_options(nt_options INTERFACE LINKER:-z,relro)
endif()
# Fuzzing without a sanitizer finds little, and what is instrumented needs the runtime of one to link.
if(NT_FUZZ AND NOT NT_SANITIZE)
  set(NT_SANITIZE "address,undefined")
endif()
if(NT_SANITIZE)
  target_compile_options(nt_options INTERFACE -fsanitize=${NT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(nt_options INTERFACE -fsanitize=${NT_SANITIZE})
endif()
if(NT_FUZZ)
  target_compile_options(nt_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# nt_stage(NAME SOURCES a.c … [LINK target …]): one folder of plugin/ as a static, position independent library `stage_NAME`.
# A second build of the same sources with the fault points compiled in (`stage_NAME_fault`) is for the crash tests.
function(nt_stage name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  foreach(variant "" "_fault")
    if(variant AND NOT NT_TESTS)
      continue()
    endif()
    set(target stage_${name}${variant})
    add_library(${target} STATIC ${ARG_SOURCES})
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/plugin)
    target_link_libraries(${target} PRIVATE nt_options)
    foreach(dependency ${ARG_LINK})
      if(dependency MATCHES "^stage_")
        target_link_libraries(${target} PUBLIC ${dependency}${variant})
      else()
        target_link_libraries(${target} PUBLIC ${dependency})
      endif()
    endforeach()
    if(variant)
      target_compile_definitions(${target} PUBLIC NT_FAULT_POINTS)
      set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
    endif()
  endforeach()
endfunction()

# nt_install_link(LINK TARGET): a link in the installation, relative; both are paths below the prefix.
function(nt_install_link link target)
  get_filename_component(folder "/${link}" DIRECTORY)
  file(RELATIVE_PATH target "${folder}" "/${target}")
  install(CODE "
    file(MAKE_DIRECTORY \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}${folder}\")
    file(CREATE_LINK ${target} \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${link}\" SYMBOLIC)")
endfunction()
