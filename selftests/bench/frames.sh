#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Live frames: packets per second of headgated, NIC to NIC, beside kube-proxy's rule set in
# nftables, on lanes of their own (lane.h), at 1, 1,000 and 10,000 Services. Two more lanes
# say what the figures contain: the generator alone, and a redirect that looks at nothing.
#
# netfilter is given what it has with a real NIC: no checksum to verify (the NIC has), GRO
# off on paths of unrelated small packets, which it only slows down, a conntrack table wide
# enough for the flows, and NAPI by an XDP_PASS program, as the bare path in all comparisons.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source=tools/lib/terminal.sh
source "$here/../../tools/lib/terminal.sh"
# shellcheck source=selftests/bench/gate.sh
source "$here/gate.sh"
# shellcheck source=selftests/bench/services.sh
source "$here/services.sh"

FLOWS=16384
LANES=(generator bare headgate nftables)

# Endpoints of each Service, and its protocols: what is left out is what takes nft half a
# minute to load and says nothing about packets that fewer Services have not said.
endpoints_of() {
	if (($1 < 10000)); then echo 10; else echo 2; fi
}

protocols_of() {
	if (($1 < 1000)); then echo "TCP UDP"; else echo TCP; fi
}

wire() {
	local lane
	for lane in "${LANES[@]}"; do
		lane_wire "$lane"
	done
	pass_at nftables-gate nic0
	pass_at nftables-gate nic1
	in_space nftables-gate sysctl -qw net.netfilter.nf_conntrack_checksum=0 \
		net.netfilter.nf_conntrack_tcp_timeout_syn_sent=30
}

pass_at() {
	local pin=$BENCH_PINS-pass
	bpftool prog load "$BENCH_BUILD/net/pass.bpf.o" "$pin" type xdp ||
		fail "the kernel refuses an XDP_PASS program (above)"
	in_space "$1" bpftool net attach xdpdrv pinned "$pin" dev "$2"
	rm -f "$pin"
	in_space "$1" ethtool -K "$2" gro off
}

start_headgate() {
	local services=$1 protocols
	protocols=$(protocols_of "$services")
	rm -rf "$BENCH_DIR/manifests"
	services_folder "$BENCH_DIR/manifests" "$services" "$(endpoints_of "$services")" \
		"$protocols"
	bench_start_daemon headgate-gate "$BENCH_DIR/manifests" --interface nic0,nic1
	wait_until 60 daemon_serves $((services * (1 + $(wc -w <<<"$protocols")))) ||
		fail "headgated does not serve $services Services within a minute"
}

start_nftables() {
	in_space nftables-gate nft flush ruleset
	in_space nftables-gate bash -euo pipefail -c "source '$here/services.sh'
		services_load $1 $(endpoints_of "$1") '$(protocols_of "$1")'" ||
		fail "nft refuses the rule set for $1 Services (above)"
	in_space nftables-gate conntrack -F 2>/dev/null
}

measure() {
	local services=$1 rounds=$2 packets=$3
	tell "$services Services: headgated and nftables are programmed"
	start_headgate "$services"
	start_nftables "$services"
	tell "$services Services: frames"
	"$BENCH_BUILD/bench/frames" "$BENCH_BUILD/bench/frames.bpf.o" "$BENCH" \
		"$(protocols_of "$services")" "$services" "$FLOWS" "$rounds" "$packets" \
		"${LANES[@]}"
	bench_stop_daemon
}

bench_begin frames "$@"
need_built headgated headgate net/pass.bpf.o bench/frames bench/frames.bpf.o
wire
if [[ $BENCH_QUICK ]]; then
	measure 1 2 50000
else
	measure 1 7 200000
	measure 1000 7 200000
	measure 10000 7 200000
fi
