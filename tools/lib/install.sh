# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What a bare Debian 12 needs, by purpose. Only what is missing is installed, so that a
# second run costs one dpkg-query. Other systems: install the same by your own means and
# set HEADGATE_INSTALL=no.

declare -A packages=(
	[build]="gcc make pkg-config clang-14 llvm-14 libclang-rt-14-dev libc6-dev
		linux-libc-dev libbpf-dev libxdp-dev libelf-dev zlib1g-dev
		libcurl4-openssl-dev libjson-c-dev libyaml-dev libmicrohttpd-dev
		libmnl-dev libuv1-dev uthash-dev libcap-ng-dev libsmartcols-dev scdoc"
	[lab]="iproute2 ethtool nftables util-linux procps nginx-light bpftool"
	[demo]="wrk apache2-utils curl jq"
	[test]="libcmocka-dev conntrack curl iputils-ping iperf3 socat tcpdump apache2-utils
		wrk jq python3 python3-pytest python3-scapy"
	[bench]="python3-matplotlib"
	[kernels]="qemu-system-x86 busybox-static kmod xdp-tools iputils-ping xz-utils"
	[arm64]="qemu-system-arm gcc-aarch64-linux-gnu busybox-static xz-utils"
	[clang-19]="clang-19"
	[lint]="clang-format-14 clang-tidy-14 cppcheck sparse shellcheck"
)

# install_for PURPOSE…: the packages of these purposes.
install_for() {
	[[ ${HEADGATE_INSTALL:-yes} == no ]] && return 0
	if ! command -v apt-get >/dev/null; then
		say "no apt-get here: taking the needed packages for installed"
		return 0
	fi
	local purpose package missing=()
	local -A installed=()
	while read -r package; do
		installed[$package]=1
	done < <(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^ii  *//p')
	for purpose in "$@"; do
		for package in ${packages[$purpose]}; do
			provided "$package" || missing+=("$package")
		done
	done
	((${#missing[@]})) || return 0
	((EUID == 0)) || fail "packages are missing, install them as root: ${missing[*]}"
	progress "installing ${#missing[@]} packages: ${missing[*]}"
	fetch_packages "${missing[@]}"
}

# install_or_why PURPOSE…: where these may be missing; prints why and returns 1 when they are.
install_or_why() {
	local said
	said=$(install_for "$@" 2>&1) && return 0
	{ grep '^E: ' <<<"$said" || echo "$said"; } | tail -n 1
	return 1
}

# Any flavour of nginx will do; a machine that has one keeps it.
provided() {
	[[ -n ${installed[$1]:-} ]] && return 0
	[[ $1 == nginx-light ]] && command -v nginx >/dev/null
}

# In a subshell, so that its trap removes what it placed. The services that packages would
# start on this host (nginx on port 80) are not wanted: policy-rc.d forbids it meanwhile.
fetch_packages() (
	policy=/usr/sbin/policy-rc.d
	log=$(mktemp)
	if [[ -e $policy ]]; then policy=''; fi
	trap 'rm -f "$log" $policy' EXIT
	if [[ $policy ]]; then
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q >"$log" 2>&1 </dev/null ||
		say "apt-get update failed, trying with the package lists that are here"
	if ! apt-get install -q -y --no-install-recommends "$@" >>"$log" 2>&1 </dev/null; then
		tail -n 20 "$log" >&2
		fail "apt-get could not install the packages (above): see to the package sources, then run this again"
	fi
)
