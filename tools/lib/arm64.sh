# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The kernel matrix's machine of another architecture: Debian's arm64 kernel in QEMU, four
# processors on threads of their own. Programs with barriers (xdp/order.h), arm64's JIT, and
# all CPUs at once on few keys (selftests/datapath/concurrency_test.c) are what it checks. It
# does not show what the barriers are for: on an x86-64 host the emulated processors
# keep x86-64's order. That is shown in selftests/order.
#
# Headers, libraries and the kernel come from apt, by a configuration of their own (this
# host's sources, its lists and its architecture untouched), into build/kernels/arm64, once.
# Uses $B, $LOGS, $TALLY of tools/check, tally functions of suites.sh, kernels.sh.
# shellcheck disable=SC2154

ARM64_PACKAGES=(busybox-static dash iproute2 libbpf-dev libbpf1 libbsd0 libc6 libc6-dev libcap2
	libcmocka-dev libcmocka0 libdb5.3 libelf-dev libelf1 libgcc-s1 libmd0 libmnl-dev libmnl0
	libpcre2-8-0 libselinux1 libtirpc3 libuv1 libuv1-dev libxdp-dev libxdp1 libxtables12
	linux-libc-dev uthash-dev zlib1g zlib1g-dev libgssapi-krb5-2 libkrb5-3 libk5crypto3
	libcom-err2 libkrb5support0 libkeyutils1 libssl3)
ARM64_KERNEL='^linux-image-6\.1\.[0-9]+-[0-9]+-arm64$'
ARM64_GROUPS='budget clusterip policy'
ARM64_SECONDS=8 # of turmoil, per test of concurrency_test
ARM64_HUNG=1200 # a good one needs 110 of a whole core

# arm64_apt DIR COMMAND…: apt as on an arm64 machine with this host's sources
arm64_apt() {
	local dir=$1 config=$1/apt.conf
	shift
	mkdir -p "$dir"/{lists,cache/archives}/partial
	: >"$dir/status"
	cat >"$config" <<-CONFIG
		Dir::State::lists "$dir/lists";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir/cache";
		APT::Architecture "arm64";
		APT::Architectures { "arm64"; };
		APT::Sandbox::User "root";
	CONFIG
	APT_CONFIG=$config "$@"
}

# arm64_fetch DIR: sysroot and kernel, whole or not at all
arm64_fetch() (
	set -eo pipefail
	part=$1.part
	rm -rf "$part"
	mkdir -p "$part"/{apt,debs,root,kernel}
	arm64_apt "$part/apt" apt-get update -q
	kernel=$(arm64_apt "$part/apt" apt-cache pkgnames linux-image-6.1. |
		grep -E "$ARM64_KERNEL" | sort -V | tail -n 1)
	cd "$part/debs"
	arm64_apt "$part/apt" apt-get download -q "${ARM64_PACKAGES[@]}" "$kernel"
	for deb in *.deb; do
		case $deb in
		linux-image-*) dpkg-deb --fsys-tarfile "$deb" | tar -x -C ../kernel --wildcards \
			'./boot/vmlinuz*' './lib/modules/*/kernel/drivers/net/veth.ko*' ;;
		*) dpkg-deb -x "$deb" ../root ;;
		esac
	done
	cd /
	rm -rf "$part"/{apt,debs,root/etc,root/usr/share,root/var} "$1"
	mv "$part" "$1"
)

arm64_build() {
	local root=$1/root
	PKG_CONFIG_LIBDIR=$root/usr/lib/aarch64-linux-gnu/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root \
		make B="$B/arm64" CC="aarch64-linux-gnu-gcc --sysroot=$root" \
		OBJCOPY=aarch64-linux-gnu-objcopy \
		ARCH_INCLUDE="$root/usr/include/aarch64-linux-gnu" \
		PACKAGES='libbpf libxdp libmnl libuv' \
		parts="$(printf "%s " control/{datapath,netlink}/*.c control/lib/{addr,complaint,log,paragraph}.c control/{cluster/object,compile/wanted}.c)" \
		"$B"/arm64/kernels/smoke "$B"/arm64/datapath/concurrency_test
}

# arm64_add ROOT GUEST PROGRAM PATH: with what it is linked to
arm64_add() {
	local library found
	install -D "$3" "$2$4"
	for library in $(readelf -d "$3" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
		[[ ! -e $2/lib/$library ]] || continue
		found=$(find "$1"/{,usr/}lib -name "$library" -print -quit)
		[[ $found ]] || fail "$library, which $4 needs, is in none of the packages"
		arm64_add "$1" "$2" "$found" "/lib/$library"
	done
}

arm64_pack() (
	set -eo pipefail
	root=$1/root
	guest=$(mktemp -d)
	trap 'rm -rf "$guest"' EXIT
	mkdir -p "$guest"/{proc,sys,dev,run,headgate}
	arm64_add "$root" "$guest" "$root/bin/busybox" /bin/busybox
	arm64_add "$root" "$guest" "$root/bin/dash" /bin/sh
	arm64_add "$root" "$guest" "$root/bin/ip" /usr/sbin/ip
	for program in kernels/smoke datapath/concurrency_test; do
		arm64_add "$root" "$guest" "$B/arm64/$program" "/headgate/build/$program"
	done
	mkdir -p "$guest/headgate/build/xdp" "$guest/headgate/selftests/datapath"
	cp "$B"/arm64/xdp/{compiler,*.o} "$guest/headgate/build/xdp"
	cp selftests/datapath/budget.txt "$guest/headgate/selftests/datapath"
	cp "$1"/kernel/lib/modules/*/kernel/drivers/net/veth.ko* "$guest"
	[[ ! -e $guest/veth.ko.xz ]] || xz -d "$guest/veth.ko.xz"
	install selftests/kernels/guest_arm64.sh "$guest/init"
	cd "$guest"
	find . | busybox cpio -o -H newc >"$2"
)

arm64_boot() {
	local guest
	timeout -k 5 "$ARM64_HUNG" qemu-system-aarch64 -M virt -cpu neoverse-n1 -smp 4 \
		-accel tcg,thread=multi -m 1536 -nodefaults -no-reboot -display none \
		-serial "file:$2.console" -kernel "$1"/kernel/boot/vmlinuz-* -initrd "$3" \
		-append "console=ttyAMA0 quiet panic=-1 mitigations=off init_on_alloc=0
			rcupdate.rcu_expedited=1 headgate.seconds=$ARM64_SECONDS
			headgate.groups=${ARM64_GROUPS// /,}" >"$2.qemu" 2>&1 </dev/null &
	guest=$!
	trap 'kill "$guest"; exit 130' TERM
	wait "$guest"
}

# Lines "PROGRAM| …" of the console are results; "PROGRAM= CODE" is how it ended.
arm64_results() {
	local program console=$1.console
	sed -i 's/\r$//' "$console"
	for program in smoke concurrency; do
		sed -n "s/^$program| //p" "$console" >"$1-$program.log"
		sed -n "s#^verified #kernels/arm64, #p" "$1-$program.log"
		tally_tap "kernels/arm64: $program" "$1-$program.log" \
			"$(sed -n "s/^$program= //p" "$console")"
	done
	grep -qx end "$console" || show_failure kernels/arm64 "$console"
}

arm64_guest() {
	local log=$LOGS/kernels-arm64 initrd=$TALLY/initrd-arm64
	rm -f "$log.console"
	arm64_pack "$1" "$initrd" >"$log.pack" 2>&1 </dev/null &
	if ! wait $!; then
		tally failed "kernels/arm64: a guest is packed"
		show_failure kernels/arm64 "$log.pack"
		return
	fi
	arm64_boot "$1" "$log" "$initrd" || true
	[[ -e $log.console ]] || cp "$log.qemu" "$log.console"
	arm64_results "$log"
}

# Steps run apart and are waited for: in a condition bash would forget their -e.
arm64_check() {
	local dir=$PWD/$B/kernels/arm64 log=$LOGS/kernels-arm64 why
	if ! why=$(install_or_why arm64); then
		tally skipped "kernels/arm64: $why"
		return
	fi
	if [[ ! -e $dir ]]; then
		arm64_fetch "$dir" >"$log.fetch" 2>&1 </dev/null &
		if ! wait $!; then
			tally skipped "kernels/arm64: packages cannot be had: $(tail -n 1 "$log.fetch")"
			return
		fi
	fi
	arm64_build "$dir" >"$log.build" 2>&1 </dev/null &
	if ! wait $!; then
		tally failed "kernels/arm64: everything builds for arm64"
		show_failure kernels/arm64 "$log.build"
		return
	fi
	arm64_guest "$dir"
}
