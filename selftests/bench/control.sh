#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Control: how long until manifests are in the maps (all of them at the start, one endpoint,
# one Service), what the daemon and its maps weigh, what it costs while nothing changes and
# the flow table holds 100,000 flows, what 10,000 health checks per second cost, and how
# long tables take. One balancer of lanes (gate.sh), with 10 endpoints per Service.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source=tools/lib/terminal.sh
source "$here/../../tools/lib/terminal.sh"
# shellcheck source=selftests/bench/gate.sh
source "$here/gate.sh"
# shellcheck source=selftests/bench/services.sh
source "$here/services.sh"
# shellcheck source=selftests/bench/policies.sh
source "$here/policies.sh"

ENDPOINTS=10
IDLE_FLOWS=100000
LOOK_S=10
LISTENER=''

bench_end_more() {
	[[ ! $LISTENER ]] || kill "$LISTENER" 2>/dev/null || true
}

control() {
	"$BENCH_BUILD/bench/control" "$@"
}

# result SCENARIO SERVICES UNIT VALUE…: one line; SERVICES or - when they do not matter
result() {
	local scenario=$1 services=$2 unit=$3 sorted n
	shift 3
	mapfile -t sorted < <(printf '%s\n' "$@" | sort -g)
	n=$#
	printf '{"part":"control","scenario":"%s","variant":"headgate",' "$scenario"
	[[ $services == - ]] || printf '"services":%d,' "$services"
	printf '"unit":"%s","min":%s,"median":%s,"p99":%s,"n":%d}\n' "$unit" "${sorted[0]}" \
		"${sorted[n / 2]}" "${sorted[n - 1]}" "$n"
}

# program SERVICES REPEATS: ms from the daemon's start to the last frontend in its map
program() {
	local services=$1 repeats=$2 took=() since
	for ((; repeats; repeats--)); do
		bench_stop_daemon
		since=$(date +%s%N)
		bench_start_daemon control-gate "$BENCH_DIR/manifests" --interface nic0
		took+=("$(control wait "$BENCH_PINS" $((2 * services)) "$since")")
		wait_until 20 daemon_serves $((2 * services)) ||
			fail "headgated does not answer: $(tail -n 3 "$BENCH_DIR/headgated.log")"
	done
	result first-programming "$services" ms "${took[@]}"
}

# weigh SERVICES: megabytes (10^6) of the daemon and, by the kernel's accounts, of its maps
weigh() {
	local services=$1
	result rss "$services" MB \
		"$(awk '/^VmRSS/ { print $2 * 1024 / 1e6 }' "/proc/$BENCH_DAEMON/status")"
	result rss-peak "$services" MB \
		"$(awk '/^VmHWM/ { print $2 * 1024 / 1e6 }' "/proc/$BENCH_DAEMON/status")"
	result maps "$services" MB "$(weigh_maps "$BENCH_PINS"/hg_*)"
}

# weigh_maps PIN…: megabytes
weigh_maps() {
	local map bytes=0
	for map in "$@"; do
		bytes=$((bytes + $(bpftool -j map show pinned "$map" | jq '.bytes_memlock // 0')))
	done
	awk -v bytes="$bytes" 'BEGIN { print bytes / 1e6 }'
}

# In nanoseconds of run time, and in ticks of user and system time.
daemon_times() {
	awk '{ printf "%s ", $1 }' "/proc/$BENCH_DAEMON/schedstat"
	awk '{ print $14, $15 }' "/proc/$BENCH_DAEMON/stat"
}

# spend SCENARIO SERVICES: % of a core that the daemon takes while we look on
spend() {
	local before after begun took
	read -ra before < <(daemon_times)
	begun=$(date +%s%N)
	sleep "$LOOK_S"
	took=$(($(date +%s%N) - begun))
	read -ra after < <(daemon_times)
	result "$1" "$2" "% of a core" "$(share_of $((after[0] - before[0])) 1e9 "$took")"
	SPENT_USER=$(share_of $((after[1] - before[1])) "$(getconf CLK_TCK)" "$took")
	SPENT_SYSTEM=$(share_of $((after[2] - before[2])) "$(getconf CLK_TCK)" "$took")
}

# share_of TIME PER_SECOND TOOK_NS: a time in its own unit as % of one in nanoseconds
share_of() {
	awk -v time="$1" -v unit="$2" -v took="$3" \
		'BEGIN { printf "%.4g", 100 * time / unit / (took / 1e9) }'
}

measure() {
	local services=$1 repeats=$2 changes=$3
	rm -rf "$BENCH_DIR/manifests"
	services_folder "$BENCH_DIR/manifests" "$services" "$ENDPOINTS" TCP
	tell "$services Services × $ENDPOINTS: first programming"
	program "$services" "$repeats"
	tell "$services Services: changes"
	# The reader has one core to itself; on the other, nobody shall make the daemon wait.
	renice -n -20 -p "$BENCH_DAEMON" >/dev/null
	control change "$BENCH_PINS" "$BENCH_DIR/manifests" "$services" "$changes" \
		$(($(nproc) - 1))
	renice -n 0 -p "$BENCH_DAEMON" >/dev/null
	weigh "$services"
	tell "$services Services: $LOOK_S s with $IDLE_FLOWS flows"
	control fill "$BENCH_PINS" "$IDLE_FLOWS"
	spend "idle, $IDLE_FLOWS flows" "$services"
}

# measure_policies NAMESPACES CHANGES BLOCKS: 50 pods and 10 policies in each namespace
measure_policies() {
	local namespaces=$1 changes=$2 blocks=$3 folder=$BENCH_DIR/policies before after
	policies_folder "$folder" "$namespaces" 50 10
	tell "$((namespaces * 10)) NetworkPolicies, $((namespaces * 50)) pods"
	control compile "$folder" 5 "policies from nothing"
	blocks_folder "$BENCH_DIR/blocks" "$blocks"
	control compile "$BENCH_DIR/blocks" 5 "$blocks blocks from nothing"
	bench_stop_daemon
	mkdir -p "$BENCH_DIR/none"
	bench_start_daemon control-gate "$BENCH_DIR/none" --interface nic0
	wait_until 20 daemon_serves 0
	before=$(resident_kb)
	bench_stop_daemon
	bench_start_daemon control-gate "$folder" --interface nic0
	wait_until 20 policies_are_in_force $((namespaces * 50))
	after=$(resident_kb)
	result "rss, more for policies" - MB "$(awk -v kb=$((after - before)) 'BEGIN { print kb * 1024 / 1e6 }')"
	renice -n -20 -p "$BENCH_DAEMON" >/dev/null
	control relabel "$BENCH_PINS" "$folder" "$changes" $(($(nproc) - 1))
	result "maps of policies" - MB "$(weigh_maps "$BENCH_PINS"/hg_policy_*)"
}

resident_kb() {
	awk '/^VmRSS/ { print $2 }' "/proc/$BENCH_DAEMON/status"
}

policies_are_in_force() {
	[[ $(daemon_status | jq '.maps[] | select(.name == "hg_policy_pods") | .used') == "$1" ]]
}

# Every endpoint is an address of this very namespace; one listener takes all.
measure_checks() {
	local services=$1 checks
	bench_stop_daemon
	rm -rf "$BENCH_DIR/manifests"
	services_folder "$BENCH_DIR/manifests" "$services" "$ENDPOINTS" TCP \
		"headgate.io/check: tcp" "headgate.io/check-interval: 1s"
	ip -n "$BENCH-control-gate" route del 10.128.0.0/9
	ip -n "$BENCH-control-gate" route add local 10.128.0.0/9 dev lo
	nsenter --net="/run/netns/$BENCH-control-gate" "$BENCH_BUILD/bench/control" listen 8080 &
	LISTENER=$!
	checks=$((services * ENDPOINTS))
	tell "$checks health checks per second"
	bench_start_daemon control-gate "$BENCH_DIR/manifests" --interface nic0
	wait_until 30 checks_are_up "$checks" ||
		fail "not all of $checks checks succeed: $(daemon_status | jq -c .health)"
	spend "$checks checks at 1/s" "$services"
	result "$checks checks at 1/s, user" "$services" "% of a core" "$SPENT_USER"
	result "$checks checks at 1/s, system" "$services" "% of a core" "$SPENT_SYSTEM"
	checks_are_up "$checks" ||
		fail "checks fail under load: $(daemon_status | jq -c .health)"
}

checks_are_up() {
	[[ $(daemon_status | jq .health.up) == "$1" ]]
}

bench_begin control "$@"
need_built headgated headgate bench/control
lane_wire control
tell "tables"
control tables
if [[ $BENCH_QUICK ]]; then
	LOOK_S=2
	measure 100 1 3
	measure_policies 4 3 100
	measure_checks 10
else
	measure 1 3 20
	measure 1000 3 20
	measure 10000 3 20
	measure_policies 200 20 10000
	measure_checks 1000
fi
