#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The only process of an emulated machine: /init of the initramfs that tools/lib/kernels.sh
# packs. It runs the row tests with the objects of each compiler, then headgated in the
# lab, beside another XDP program, and powers off.
#
# Second serial port, one line each, read by kernels.sh:
#   COMPILER| LINE      what the row tests print (TAP)
#   COMPILER= CODE      how they ended
#   passed|failed NAME  a check of this script; a failure's output is on the console
#   end                 nothing is missing above
# The kernel's command line says what is expected: headgate.attach=dispatcher or direct.
export PATH=/usr/local/bin:/bin:/sbin HOME=/

busybox mount -t proc proc /proc
busybox --install -s /bin
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
ln -s /proc/self/fd /dev/fd
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mount -t bpf bpf /sys/fs/bpf
exec </dev/null 7>/dev/ttyS1
cd /headgate || exit
# shellcheck source=tools/lib/terminal.sh
source tools/lib/terminal.sh
# shellcheck source=tools/lib/lab.sh
source tools/lib/lab.sh

result() {
	echo "$*" >&7
}

# On the console, what took how long.
note() {
	local seconds _
	read -r seconds _ </proc/uptime
	echo "[$seconds] $*"
}

# check NAME COMMAND…: never in a condition, where bash forgets -e
check() {
	local name=$1
	shift
	(set -eu; "$@") >/tmp/check.log 2>&1
	CODE=$?
	if ((CODE == 0)); then
		result "passed $name"
		note "$name"
	else
		result "failed $name"
		note "failed: $name"
		cat /tmp/check.log
	fi
}

row_tests() {
	local objects compiler
	for objects in build/xdp build/clang-*/xdp; do
		[[ -e $objects/compiler ]] || continue
		compiler=$(cat "$objects/compiler")
		CMOCKA_MESSAGE_OUTPUT=TAP HEADGATE_XDP=$objects build/kernels/smoke 2>&1 |
			while IFS= read -r line; do result "$compiler| $line"; done
		result "$compiler= ${PIPESTATUS[0]}"
		note "row tests, $compiler"
	done
}

# --- the daemon

daemon_start() {
	local command
	mapfile -t command < <(lab_daemon_command)
	nsenter --net="/run/netns/$LAB-balancer" "${command[@]}" --flows 16384 --slots 65536 \
		>>/tmp/daemon.log 2>&1 &
	DAEMON=$!
}

daemon_stop() {
	kill "$DAEMON"
	wait "$DAEMON"
}

status_of_up0() {
	build/headgate status --socket "$LAB_SOCKET"
}

said() {
	! kill -0 "$DAEMON" || status_of_up0 2>&1 | grep -qF "$1"
}

# status_says TEXT: a line of `headgate status` does, or will soon
status_says() {
	wait_until 60 said "$1" || true
	status_of_up0 | grep -F "$1" && return
	status_of_up0
	cat /tmp/daemon.log
	return 1
}

uninstall() {
	lab_in balancer build/headgated --uninstall --pin-root "$LAB_PINS"
	[[ ! -e $LAB_PINS ]]
}

# --- another program on the interface, by libxdp and not by us

xdp_of_up0() {
	lab_in balancer xdp-loader status up0
}

witness_attach() {
	lab_in balancer xdp-loader load -m native -p /sys/fs/bpf/beside up0 \
		build/kernels/witness.bpf.o
}

witness_detach() {
	lab_in balancer xdp-loader unload up0 --all
	rm -r /sys/fs/bpf/beside
	no_program
}

witness_count() {
	bpftool -j map dump pinned /sys/fs/bpf/beside/witnessed | grep -o '"value":[0-9]*' | tail -n 1
}

# It is asked about a packet that is nobody's Service.
witness_sees() {
	local before after
	before=$(witness_count)
	lab_in client ping -c 1 -W 2 10.20.0.2
	after=$(witness_count)
	echo "$before, then $after"
	[[ $before && $before != "$after" ]]
}

# dispatched NAME…: exactly these programs, in any order
dispatched() {
	xdp_of_up0
	[[ $(xdp_of_up0 | sed -n 's/^ => *[0-9]* *\([a-z_]*\) .*/\1/p' | sort | xargs) == "$*" ]]
}

# --- packets

# fetch ADDRESS PATH: the body of what a real connection of the client brings
fetch() {
	lab_in client timeout 5 bash -c "exec 3<>/dev/tcp/$1/80 &&
		printf 'GET $2 HTTP/1.0\r\n\r\n' >&3 && cat <&3" | tail -n 1
}

# answers ADDRESS HOST SOURCE: HOST does, and sees the connection come from SOURCE
answers() {
	local who from
	who=$(fetch "$1" /)
	from=$(fetch "$1" /client)
	echo "$1 answers as '$who', and saw '$from'"
	[[ $who == "$2" && ${from% *} == "$3" ]]
}

# The dispatcher apart, these kernels have all that is asked for.
misses_nothing() {
	{
		status_of_up0 | grep -v 'this kernel takes no program that moves a packet'
		cat /tmp/daemon.log
	} >/tmp/said
	! grep -E 'this kernel (has|does|takes) no' /tmp/said
}

packets() {
	check "nothing is said to be missing" misses_nothing
	check "a machine answers a connection to a Service (DNAT, SNAT)" \
		answers 203.0.113.10 backend0 10.20.0.2
	check "a machine answers over IPv6" answers 2001:db8:113::10 backend0 fd00:20::2
	check "a pod answers a connection to a Service (DNAT, redirect_peer)" \
		answers 203.0.113.11 pod0 198.51.100.2
}

# --- what is expected

attach_by_dispatcher() {
	check "another program is attached by libxdp" witness_attach
	daemon_start
	check "attaches by libxdp's dispatcher" \
		status_says "up0: native by libxdp's dispatcher"
	check "beside the other program" dispatched nic witness
	check "which still sees packets" witness_sees
	packets
	daemon_stop
	daemon_start
	check "a new daemon takes over in the dispatcher" \
		status_says "up0: native by libxdp's dispatcher"
	check "and takes the old one's program out" dispatched nic witness
	check "a machine answers the new daemon's client" \
		answers 203.0.113.10 backend0 10.20.0.2
	daemon_stop
	check "uninstalls" uninstall
	check "uninstall leaves the other program" dispatched witness
	check "which sees packets after that" witness_sees
	check "the other program leaves" witness_detach
	alone_in_dispatcher
}

alone_in_dispatcher() {
	daemon_start
	check "attaches by the dispatcher when alone" \
		status_says "up0: native by libxdp's dispatcher"
	check "nobody else is in it" dispatched nic
	daemon_stop
	check "uninstalls when alone" uninstall
	check "uninstall leaves no program" no_program
}

no_program() {
	xdp_of_up0
	lab_in balancer ip -d link show up0 >/tmp/link
	! grep 'prog/xdp' /tmp/link
}

attach_directly() {
	daemon_start
	check "attaches directly, and says why" status_says \
		"up0: native (attached directly: this kernel takes no program that moves a packet's start into the dispatcher of a libxdp before 1.5.5"
	packets
	daemon_stop
	check "uninstalls" uninstall
	check "uninstall leaves no program" no_program
	check "another program is attached by libxdp" witness_attach
	daemon_start
	check "refuses to attach beside another program, and says why" status_says \
		"interface up0 is shared by libxdp's dispatcher, which does not take Headgate's program: this kernel takes no program that moves a packet's start into the dispatcher of a libxdp before 1.5.5"
	check "the other program is left as it was" dispatched witness
	check "and still sees packets" witness_sees
	daemon_stop
	check "uninstalls beside another program" uninstall
	check "uninstall leaves the other program" dispatched witness
}

lab_is_built() {
	lab_up
	cp selftests/kernels/services.yaml "$LAB_MANIFESTS/shop.yaml"
}

modules() {
	local module
	for module in /modules/*; do
		insmod "$module"
	done
}

check "modules load" modules
row_tests
lab_paths hg
check "the lab is up" lab_is_built
if ((CODE == 0)); then
	case $(cat /proc/cmdline) in
	*headgate.attach=dispatcher*) attach_by_dispatcher ;;
	*) attach_directly ;;
	esac
fi
echo "--- headgated"
cat /tmp/daemon.log
result end
poweroff -f
