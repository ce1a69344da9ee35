# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the tools say to a person: progress lines, failures in one sentence, colours only
# on a terminal (and never with NO_COLOR). Sourced; sets the variables below.

if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
	bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m'
	blue=$'\e[34m' plain=$'\e[0m'
else
	bold='' dim='' red='' green='' yellow='' blue='' plain=''
fi
export bold dim red green yellow blue plain

say() {
	printf '%s\n' "$*"
}

# One line for what is about to take more than a second, with the seconds so far.
progress() {
	printf '%s==> %3d s%s  %s\n' "$blue" "$SECONDS" "$plain" "$*"
}

fail() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

need_root() {
	((EUID == 0)) || fail "$1 creates network namespaces and loads BPF: run it as root (sudo $0)"
}

# wait_until SECONDS COMMAND…: poll a condition, 50 ms apart, up to a deadline.
wait_until() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < deadline)) || return 1
		sleep 0.05
	done
}
