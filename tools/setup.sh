# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What ./demo and ./check share: which packages are missing, how to get them, and how to build.
# shellcheck disable=SC2034,SC2154,SC2015
# Sourced, never run. Every failure ends with a sentence that says what to do, and a sysexits code.
# The caller sets $program (its name) and $root (the source tree).

readonly EX_UNAVAILABLE=69 EX_IOERR=74 EX_NOPERM=77

# Children speak one language; a locale that is not generated would only make noise.
export LC_ALL=C.UTF-8
unset LANGUAGE CDPATH

BUILD_PACKAGES=(build-essential cmake ninja-build pkg-config libxml2-dev libarchive-dev
	libgmime-3.0-dev libjansson-dev libssl-dev libpq-dev libmicrohttpd-dev libcyaml-dev libyaml-dev zlib1g-dev
	libidn2-dev libpsl-dev libunbound-dev brotli)
RUN_PACKAGES=(postgresql)

say() {
	printf '%s\n' "$*"
}

# die STATUS LINE… : the lines on stderr, the first with the program's name.
die() {
	local status=$1
	shift
	printf '%s: %s\n' "$program" "$1" >&2
	shift
	[ $# -eq 0 ] || printf '  %s\n' "$@" >&2
	exit "$status"
}

# True when what a package is for is there, by whatever way it came.
package_present() {
	case $1 in
	postgresql)
		compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && return 0 ;;
	nodejs)
		command -v node >/dev/null && return 0 ;;
	npm | chromium)
		command -v "$1" >/dev/null && return 0 ;;
	esac
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# missing_packages PACKAGE… : those that are not there, one a line.
missing_packages() {
	local package
	for package; do
		package_present "$package" || printf '%s\n' "$package"
	done
}

# The words that put apt-get into the right hands: nothing for root, else sudo. False when there
# is no way.
become_root() {
	[ "$(id -u)" -ne 0 ] || return 0
	command -v sudo >/dev/null || return 1
	# Without a password, or with somebody there to type it.
	sudo -n true 2>/dev/null || { [ -t 0 ] && [ -t 2 ]; } || return 1
	printf 'sudo\n'
}

run_apt() {
	local log=$1
	shift
	# umask: dpkg's scripts make files that all users must be able to read.
	(umask 022 && $sudo env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
		apt-get -q -o DPkg::Lock::Timeout=300 "$@") >>"$log" 2>&1
}

# install_packages REASON PACKAGE… : installs what is missing, or says how.
install_packages() {
	local reason=$1 missing log sudo
	shift
	command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || {
		say "No apt on this system: going on, hoping that $reason is there:"
		say "  $*"
		return 0
	}
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	local line="apt-get install -y --no-install-recommends ${missing[*]}"
	sudo=$(become_root) || die $EX_UNAVAILABLE \
		"${#missing[@]} packages are missing and this user may not install them." \
		"Run this as root, then start $program again:" "$line"
	say "Installing ${#missing[@]} packages for $reason${sudo:+ (with sudo)}:"
	say "  ${missing[*]}"
	log=$(mktemp "${TMPDIR:-/tmp}/dmarcd-apt.XXXXXX") || die $EX_IOERR "cannot write to ${TMPDIR:-/tmp}"
	# A failing update may still leave lists that are good enough.
	run_apt "$log" update || true
	if ! run_apt "$log" install -y --no-install-recommends "${missing[@]}"; then
		tail -n 5 "$log" >&2
		grep -Eqi 'temporary failure|could not resolve|could not connect|failed to fetch|network is unreachable|unable to locate|no installation candidate' "$log" &&
			die $EX_UNAVAILABLE "no network: need these ${#missing[@]} packages: ${missing[*]}" \
				"Connect to a Debian mirror, or install them from a local one:" "$line" "Log: $log"
		die $EX_UNAVAILABLE "apt-get could not install these ${#missing[@]} packages: ${missing[*]}" \
			"Look at $log, put right what it says, and start $program again."
	fi
	rm -f "$log"
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -eq 0 ] || die $EX_UNAVAILABLE "still missing after the installation: ${missing[*]}"
}

# Says when this is not what is tested. Never stops.
check_platform() {
	local id='' version='' machine
	machine=$(uname -m)
	[ "$(uname -s)" = Linux ] || die $EX_UNAVAILABLE "dmarcd runs on Linux only (seccomp, Landlock, inotify)."
	if [ -r /etc/os-release ]; then
		id=$(. /etc/os-release && printf '%s' "${ID-}")
		version=$(. /etc/os-release && printf '%s' "${VERSION_ID-}")
	fi
	[ "$id $version" = 'debian 12' ] && [ "$machine" = x86_64 ] ||
		say "Warning: tested on Debian 12, x86_64; this is ${id:-unknown} ${version:-} on $machine. Going on."
}

# check_build_dir DIR : can be written, can run programs, has room.
check_build_dir() {
	local dir=$1 free probe
	mkdir -p "$dir" 2>/dev/null && [ -w "$dir" ] || die $EX_NOPERM "cannot write to $dir" \
		"Run $program as the owner of $root, or copy the source tree to a place of your own."
	free=$(df -Pk "$dir" | awk 'NR == 2 { print int($4 / 1024) }')
	[ "${free:-1024}" -ge 500 ] || die $EX_IOERR "only $free MB free in $dir; 500 MB are needed." \
		"Free some space or copy the source tree to a larger disk."
	probe=$dir/.probe
	printf '#!/bin/sh\nexit 0\n' >"$probe" && chmod 700 "$probe" ||
		die $EX_IOERR "cannot write to $dir" "The file system may be full or read-only."
	"$probe" 2>/dev/null || {
		rm -f "$probe"
		die $EX_NOPERM "programs cannot run in $dir: it is mounted noexec." \
			"Copy the source tree to a file system without noexec."
	}
	rm -f "$probe"
}

# Shows ninja's "[12/80] …" lines as one moving line on a terminal; otherwise nothing.
show_progress() {
	local line
	if [ ! -t 1 ]; then
		cat >/dev/null
		return
	fi
	while IFS= read -r line; do
		case $line in
		\[*/*\]*) printf '\r\033[K  %s' "${line%%]*}]" ;;
		esac
	done
	printf '\r\033[K'
}

# build PRESET [CMAKE ARGUMENTS…] : configures when needed and builds, quietly.
build() {
	local preset=$1 dir log started=$SECONDS
	shift
	dir=$root/build/$preset
	log=$dir/$program.log
	# A tree that was moved or mounted elsewhere must be configured anew.
	if [ -f "$dir/CMakeCache.txt" ] &&
		! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$dir/CMakeCache.txt"; then
		rm -rf "$dir"
	fi
	[ -d "$dir" ] || check_build_dir "$dir"
	[ -w "$dir" ] || die $EX_NOPERM "cannot write to $dir" \
		"It belongs to another user or is read-only. Remove it, run $program as its owner," \
		"or copy the source tree to a place of your own."
	if [ ! -f "$dir/build.ninja" ] || [ $# -gt 0 ]; then
		(umask 022 && cd "$root" && cmake --preset "$preset" "$@") >"$log" 2>&1 || {
			tail -n 15 "$log" >&2
			die $EX_UNAVAILABLE "could not configure the build ($preset)." \
				"Packages it needs: ${BUILD_PACKAGES[*]}" "Log: $log"
		}
	fi
	if ! (umask 022 && cd "$root" && cmake --build --preset "$preset") 2>&1 | tee "$log" | show_progress; then
		grep -E -A 12 'error:|FAILED:|undefined reference|No space left' "$log" | tail -n 40 >&2 || tail -n 20 "$log" >&2
		die 70 "the build failed ($preset)." \
			"If the disk is full, free some space; otherwise this is a bug: please report it with $log"
	fi
	grep -q 'no work to do' "$log" || say "Built $preset in $((SECONDS - started)) s."
}
