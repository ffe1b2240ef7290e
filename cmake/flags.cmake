# SPDX-License-Identifier: Apache-2.0
# One set of flags for every room: warnings, hardening, sanitizers.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
add_compile_definitions(_GNU_SOURCE DMARCD_VERSION="${PROJECT_VERSION}")
include_directories(${CMAKE_SOURCE_DIR})

add_compile_options(-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
	-Wswitch-enum -Wformat=2 -Wformat-security -Wpointer-arith -Wwrite-strings -Wundef
	-fno-common -fvisibility=hidden)
if(DMARCD_WERROR)
	add_compile_options(-Werror)
endif()

add_compile_options(-fstack-protector-strong -fstack-clash-protection -ftrivial-auto-var-init=zero)
if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
	add_compile_options(-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
	add_compile_options(-Qunused-arguments)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64|i.86")
	add_compile_options(-fcf-protection=full)
	# Every object of ours is marked for CET; Debian 12's start files are not, and would take the
	# mark off the whole program.
	add_link_options(-Wl,-z,ibt -Wl,-z,shstk)
endif()
add_link_options(-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)

if(DMARCD_SANITIZE)
	add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
	add_link_options(-fsanitize=address,undefined)
	add_compile_definitions(DMARCD_SANITIZED)
elseif(CMAKE_BUILD_TYPE MATCHES "Rel")
	add_compile_definitions(_FORTIFY_SOURCE=2)
	# Small functions of one room are called from the loops of another.
	include(CheckIPOSupported)
	check_ipo_supported(RESULT DMARCD_LTO LANGUAGES C OUTPUT lto_output)
	set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ${DMARCD_LTO})
endif()
if(DMARCD_FUZZ)
	add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(DMARCD_FAULTS)
	add_compile_definitions(DMARCD_FAULTS)
endif()
