# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The kernel matrix: Debian's kernels in QEMU, without KVM. A kernel's package is taken from
# apt and unpacked into build/kernels/, once; an initramfs of what is built, the host's tools,
# their libraries and the kernel's modules is packed for each run; the guest's script
# (selftests/kernels/guest.sh) says what it checks and in which form results come back.
# What cannot be had here is a result too: skipped, and why.
# Uses $B, $LOGS of tools/check, tally functions of suites.sh.
# shellcheck disable=SC2154

KERNELS=(6.1 6.12 arm64) # the last one: arm64.sh
KERNEL_MODULES=(veth bridge cls_bpf sch_ingress nf_tables nft_ct nft_objref)
KERNEL_TOOLS=(bash ip nsenter ethtool sysctl nft nginx bpftool xdp-loader ping mountpoint realpath)
KERNEL_SECONDS=1200 # until a guest counts as hung; a good one needs 150 of a whole core
KERNEL_GUESTS=1    # at a time

need_kernels() {
	local series
	for series in "$@"; do
		[[ " ${KERNELS[*]} " == *" $series "* ]] ||
			fail "no kernel '$series': the kernels are ${KERNELS[*]}"
	done
}

kernel_goals() {
	printf '%s\n' "$B/headgated" "$B/headgate" "$B/kernels/smoke" "$B/kernels/witness.bpf.o" \
		"$B/net/pass.bpf.o" "$B/net/echo"
}

# The second compiler, where it can be had: only the objects are its own. Those of another
# day are not taken for them.
build_second_compiler() {
	local log=$LOGS/build-clang-19.log why
	[[ ! -e $B/clang-19/xdp/pod.bpf.o ]] || command -v clang-19 >/dev/null || rm -r "$B/clang-19"
	if ! why=$(install_or_why clang-19) || ! command -v clang-19 >/dev/null; then
		tally skipped "kernels: clang-19: ${why:-it is not installed}"
		return
	fi
	if ! make B="$B/clang-19" CLANG=clang-19 "$B"/clang-19/xdp/{nic,pod}.bpf.o >"$log" 2>&1 </dev/null; then
		rm -rf "$B/clang-19"
		tally failed "kernels: clang-19 builds the programs"
		show_failure "clang-19" "$log"
	fi
}

# kernel_package SERIES: the newest that apt knows, or that is unpacked here, or nothing
kernel_package() {
	{
		apt-cache pkgnames "linux-image-$1." 2>/dev/null
		ls "$B/kernels"
	} | grep -E "^linux-image-${1//./\\.}\.[0-9]+(-[0-9]+|\+deb[0-9]+)-amd64$" |
		sort -V | tail -n 1 || true
}

# kernel_unpack SERIES PACKAGE: in place of an older one, when it is whole
kernel_unpack() (
	set -eo pipefail
	part=$PWD/$B/kernels/part-$1
	rm -rf "$part"
	mkdir -p "$part/deb"
	cd "$part/deb"
	apt-get download -q "$2"
	dpkg-deb --fsys-tarfile ./*.deb | tar -x -C .. --wildcards './boot/vmlinuz*' \
		'./lib/modules/*/modules.*' './lib/modules/*/kernel/net/*' \
		'./lib/modules/*/kernel/lib/*' './lib/modules/*/kernel/arch/x86/crypto/*' \
		'./lib/modules/*/kernel/crypto/*' './lib/modules/*/kernel/drivers/net/veth.*'
	cd ..
	rm -r deb
	depmod -b "$PWD" "$(ls lib/modules)"
	cd ..
	rm -rf "linux-image-$1".*
	mv "$part" "$2"
)

# Whatever ldd names, at the same place.
pack_program() {
	local library
	mkdir -p "$1$(dirname "$3")"
	cp -L "$2" "$1$3"
	for library in $(ldd "$2" 2>/dev/null | grep -oE '/[^ )]+'); do
		[[ -e $1$library ]] || install -D "$library" "$1$library"
	done
}

# In the order in which they load, unpacked: insmod in a guest is simple. What is no module
# of this kernel is part of it, or is missed by the checks.
pack_modules() {
	local root=$1 dir=$2 number=100 path module
	mkdir -p "$root/modules"
	for module in "${KERNEL_MODULES[@]}"; do
		modprobe -d "$dir" -S "$(ls "$dir/lib/modules")" --show-depends "$module" || true
	done | awk '/^insmod/ && !seen[$2]++ { print $2 }' >"$root/modules.list"
	while read -r path; do
		number=$((number + 1))
		case $path in
		*.xz) xz -dc "$path" >"$root/modules/$number-$(basename "$path" .xz)" ;;
		*) cp "$path" "$root/modules/$number-$(basename "$path")" ;;
		esac
	done <"$root/modules.list"
}

# kernel_pack DIR INITRD: everything a guest sees
kernel_pack() (
	set -eo pipefail
	root=$(mktemp -d)
	trap 'rm -rf "$root"' EXIT
	mkdir -p "$root"/{bin,sbin,usr/local/bin,proc,sys,dev,run,tmp,etc,headgate/tools}
	ln -s ../bin ../sbin "$root/usr"
	ln -s lib "$root/lib64"
	mkdir -p "$root/lib"
	echo root:x:0:0::/:/bin/bash >"$root/etc/passwd"
	echo root:x:0: >"$root/etc/group"
	cp "$(command -v busybox)" "$root/bin/"
	for tool in "${KERNEL_TOOLS[@]}"; do
		pack_program "$root" "$(command -v "$tool")" "/usr/local/bin/$tool"
	done
	cp --parents /usr/lib/*/bpf/xdp-dispatcher.o "$root" # libxdp's, which it does not embed
	ln -s ../usr/local/bin/bash "$root/bin/bash"
	ln -s bash "$root/bin/sh" # busybox's own would prefer its own ip
	for program in headgated headgate kernels/smoke net/echo; do
		pack_program "$root" "$B/$program" "/headgate/build/$program"
	done
	cp --parents "$B"/kernels/witness.bpf.o "$B"/net/pass.bpf.o "$B"/xdp/{compiler,*.o} \
		selftests/datapath/budget.txt selftests/kernels/services.yaml \
		tools/lib/*.sh tools/lib/shop.yaml "$root/headgate"
	[[ ! -e $B/clang-19/xdp/compiler ]] ||
		cp --parents "$B"/clang-19/xdp/{compiler,*.o} "$root/headgate"
	pack_modules "$root" "$1"
	install selftests/kernels/guest.sh "$root/init"
	cd "$root"
	find . | busybox cpio -o -H newc >"$2"
)

# kernel_boot SERIES DIR: console and results in $LOGS. On 6.12 and later a dispatcher takes
# our program from libxdp 1.5.5 on.
kernel_boot() {
	local initrd=$TALLY/initrd-$1 log=$LOGS/kernels-$1 attach=dispatcher guest
	[[ $1 == 6.1 ]] || pkg-config --atleast-version=1.5.5 libxdp || attach=direct
	timeout -k 5 "$KERNEL_SECONDS" qemu-system-x86_64 -M q35 -cpu Nehalem -m 1536 \
		-nodefaults -no-reboot -display none -serial "file:$log.console" \
		-serial "file:$log.results" -kernel "$2"/boot/vmlinuz-* -initrd "$initrd" \
		-append "console=ttyS0 quiet panic=-1 mitigations=off init_on_alloc=0
			rcupdate.rcu_expedited=1 headgate.attach=$attach" >"$log.qemu" 2>&1 </dev/null &
	guest=$!
	trap 'kill "$guest"; exit 130' TERM
	wait "$guest"
}

# kernel_compiler SERIES COMPILER: its row tests, and the verifier's work on a line each
kernel_compiler() {
	local name=kernels/$1:\ $2 results=$LOGS/kernels-$1.results log=$LOGS/kernels-$1-$2.log
	sed -n "s/^$2| //p" "$results" >"$log"
	sed -n "s#^verified #$name, #p" "$log"
	tally_tap "$name" "$log" "$(sed -n "s/^$2= //p" "$results")"
}

kernel_results() {
	local results=$LOGS/kernels-$1.results console=$LOGS/kernels-$1.console compiler line
	while read -r compiler; do
		kernel_compiler "$1" "$compiler"
	done < <(sed -n 's/| .*//p' "$results" | sort -u)
	while read -r line; do
		tally "${line%% *}" "kernels/$1: ${line#* }"
	done < <(grep -E '^(passed|failed) ' "$results")
	grep -qx end "$results" ||
		tally failed "kernels/$1: the guest ended, or was ended after $KERNEL_SECONDS s, before its last check"
	if ! grep -qx end "$results" || grep -q '^failed ' "$results"; then
		show_failure "kernels/$1" "$console"
	fi
}

# kernel_check SERIES: one guest from package to results. Steps run apart and are waited for:
# in a condition bash would forget their -e.
kernel_check() {
	local log=$LOGS/kernels-$1 package dir
	package=$(kernel_package "$1")
	if [[ ! $package ]]; then
		tally skipped "kernels/$1: apt knows no linux-image-$1.*-amd64"
		return
	fi
	dir=$PWD/$B/kernels/$package
	if [[ ! -e $dir ]]; then
		kernel_unpack "$1" "$package" >"$log.unpack" 2>&1 </dev/null &
		if ! wait $!; then
			tally skipped "kernels/$1: $package cannot be had: $(tail -n 1 "$log.unpack")"
			return
		fi
	fi
	rm -f "$log".{console,results}
	kernel_pack "$dir" "$TALLY/initrd-$1" >"$log.pack" 2>&1 &
	if ! wait $!; then
		tally failed "kernels/$1: a guest is packed"
		show_failure "kernels/$1" "$log.pack"
		return
	fi
	kernel_boot "$1" "$dir" || true
	if [[ ! -e $log.results ]]; then
		tally failed "kernels/$1: a guest is started"
		show_failure "kernels/$1" "$log.qemu"
		return
	fi
	# A serial line ends in a carriage return.
	sed -i 's/\r$//' "$log".{results,console}
	kernel_results "$1"
}

# What is missing for any guest at all, or nothing
kernel_obstacle() {
	local command why
	if ! why=$(install_or_why lab kernels); then
		echo "$why"
		return
	fi
	for command in qemu-system-x86_64 modprobe apt-get dpkg-deb "${KERNEL_TOOLS[@]}"; do
		command -v "$command" >/dev/null || echo "$command is not installed here"
	done | head -n 1
}

# suite_kernels [SERIES…]: KERNEL_GUESTS side by side, each is one core's work. For a shell of
# its own (suite_kernels &): that one's end by a signal ends its guests.
suite_kernels() {
	local series obstacle running=0
	# shellcheck disable=SC2046 # a list of pids
	trap 'kill $(jobs -p) 2>/dev/null; wait; exit 130' TERM
	obstacle=$(kernel_obstacle)
	if [[ $obstacle ]]; then
		tally skipped "kernels: $obstacle"
		return
	fi
	[[ "$*" == arm64 ]] || build_second_compiler
	for series in "${KERNELS[@]}"; do
		wanted "$series" "$@" || continue
		if ((running == KERNEL_GUESTS)); then
			wait -n || true
			running=$((running - 1))
		fi
		if [[ $series == arm64 ]]; then
			arm64_check &
		else
			kernel_check "$series" &
		fi
		running=$((running + 1))
	done
	wait
}
