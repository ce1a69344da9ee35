# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the live parts of the bench share: a name, a folder and a trap that leaves nothing;
# lanes (lane.h) and a headgated in one. Sourced after terminal.sh; standard output is for
# results only.

BENCH_ROOT=$(realpath "${BASH_SOURCE[0]%/*}/../..")
BENCH_BUILD=${BENCH_BUILD:-$BENCH_ROOT/build}

tell() {
	progress "$*" >&2
}

# bench_begin PART [OPTION…]: who we are, what is asked; from here on all is cleaned up
bench_begin() {
	local part=$1
	shift
	export BENCH_QUICK=''
	case ${1:-} in
	--quick) BENCH_QUICK=yes ;;
	'') ;;
	*) fail "usage: selftests/bench/$part.sh [--quick]" ;;
	esac
	need_root "selftests/bench/$part.sh"
	BENCH=hgb$part$$
	BENCH_DIR=/run/$BENCH
	BENCH_PINS=/sys/fs/bpf/$BENCH
	BENCH_SOCKET=$BENCH_DIR/headgated.sock
	BENCH_DAEMON='' BENCH_DAEMON_SPACE=''
	mkdir -p "$BENCH_DIR"
	mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
	trap bench_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

bench_end() {
	local space
	trap - EXIT
	trap '' INT TERM HUP
	set +e
	bench_stop_daemon
	[[ ! $(type -t bench_end_more) ]] || bench_end_more
	for space in $(bench_spaces); do
		ip netns pids "$space" | xargs -r kill -KILL 2>/dev/null || true
		ip netns delete "$space"
	done
	rm -rf "${BENCH_DIR:?}" "${BENCH_PINS:?}"
}

bench_spaces() {
	ip netns list | awk -v prefix="$BENCH-" 'index($1, prefix) == 1 { print $1 }'
}

# in_space SPACE COMMAND…
in_space() {
	nsenter --net="/run/netns/$BENCH-$1" "${@:2}"
}

need_built() {
	local goal
	for goal in "$@"; do
		[[ -e $BENCH_BUILD/$goal ]] || fail "build/$goal is not built: run make build/$goal"
	done
}

# ---- headgated ----
# bench_start_daemon SPACE FOLDER [OPTION…]: in the background, on a folder of manifests
bench_start_daemon() {
	local space=$1 folder=$2
	shift 2
	nsenter --net="/run/netns/$BENCH-$space" "$BENCH_BUILD/headgated" \
		--manifests "$folder" --pin-root "$BENCH_PINS" --socket "$BENCH_SOCKET" \
		--node-name bench "$@" >>"$BENCH_DIR/headgated.log" 2>&1 </dev/null &
	BENCH_DAEMON=$!
	BENCH_DAEMON_SPACE=$space
}

bench_stop_daemon() {
	[[ $BENCH_DAEMON ]] || return 0
	kill "$BENCH_DAEMON" 2>/dev/null || true
	wait "$BENCH_DAEMON" 2>/dev/null || true
	BENCH_DAEMON=''
	in_space "$BENCH_DAEMON_SPACE" "$BENCH_BUILD/headgated" --uninstall \
		--pin-root "$BENCH_PINS" >/dev/null 2>&1 || true
}

daemon_status() {
	"$BENCH_BUILD/headgate" --socket "$BENCH_SOCKET" status -o json 2>/dev/null
}

# daemon_serves FRONTENDS: are so many entries in hg_frontends? The daemon must live.
daemon_serves() {
	local used
	kill -0 "$BENCH_DAEMON" 2>/dev/null ||
		fail "headgated ended: $(tail -n 3 "$BENCH_DIR/headgated.log")"
	used=$(daemon_status | jq '.maps[] | select(.name == "hg_frontends") | .used') || true
	((${used:-0} >= $1))
}

# ---- lanes ----
# lane_wire NAME: client, gate and server; every address that matters is beyond c0 or s0
lane_wire() {
	local lane=$BENCH-$1 end queues
	queues="numrxqueues $(nproc) numtxqueues $(nproc)"
	for end in client gate server; do
		ip netns add "$lane-$end"
		in_space "$1-$end" sysctl -qw net.ipv6.conf.{all,default}.disable_ipv6=1
		ip -n "$lane-$end" link set lo up
	done
	ip -n "$lane-gate" -batch - <<-EOF
		link add nic0 address 02:00:00:00:01:01 $queues type veth peer name c0 address 02:00:00:00:01:02 netns $lane-client $queues
		link add nic1 address 02:00:00:00:02:01 $queues type veth peer name s0 address 02:00:00:00:02:02 netns $lane-server $queues
		address add 10.1.0.1/24 dev nic0
		address add 10.2.0.1/24 dev nic1
		link set nic0 up
		link set nic1 up
		neighbour add 10.1.0.2 lladdr 02:00:00:00:01:02 nud permanent dev nic0
		neighbour add 10.2.0.2 lladdr 02:00:00:00:02:02 nud permanent dev nic1
		route add 198.18.0.0/15 via 10.1.0.2
		route add 10.128.0.0/9 via 10.2.0.2
	EOF
	ip -n "$lane-client" link set c0 up
	ip -n "$lane-server" link set s0 up
	in_space "$1-gate" sysctl -qw net.ipv4.ip_forward=1 \
		net.ipv4.conf.{all,default}.rp_filter=0
}
