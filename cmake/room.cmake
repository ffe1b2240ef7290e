# SPDX-License-Identifier: Apache-2.0
# dmarcd_room(name SOURCES a.c … DEPS room|PkgConfig::X …): a room is one static library.
function(dmarcd_room name)
	cmake_parse_arguments(ROOM "" "" "SOURCES;DEPS" ${ARGN})
	add_library(room_${name} STATIC ${ROOM_SOURCES})
	target_link_libraries(room_${name} PUBLIC ${ROOM_DEPS})
endfunction()

# dmarcd_test(room file DEPS …): tests/<room>/test_<file>.c, a cmocka program run by ctest as <room>.<file>.
function(dmarcd_test room file)
	cmake_parse_arguments(T "" "" "DEPS;SOURCES;LABELS" ${ARGN})
	set(target test_${room}_${file})
	add_executable(${target} test_${file}.c ${T_SOURCES})
	target_link_libraries(${target} PRIVATE ${T_DEPS} PkgConfig::CMOCKA)
	set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
	add_test(NAME ${room}.${file} COMMAND ${target})
	set_tests_properties(${room}.${file} PROPERTIES LABELS "${room};${T_LABELS}" TIMEOUT 300)
endfunction()
