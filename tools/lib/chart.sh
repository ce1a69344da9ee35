# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2154
# The demo's live table: what `headgate backend list -o json` says, one line per machine
# (its IPv4 and IPv6 backends added up), with a bar for its share of the connections. On a
# terminal it is drawn over itself; elsewhere chart_draw prints it once per call.

declare -A CHART_HOST=(
	[10.20.0.10]=backend0 [fd00:20::10]=backend0
	[10.20.0.11]=backend1 [fd00:20::11]=backend1
	[10.20.0.12]=backend2 [fd00:20::12]=backend2
	[10.244.1.2]=pod0 [fd00:244:1::2]=pod0
	[10.244.1.3]=pod1 [fd00:244:1::3]=pod1
)
CHART_ORDER=(backend0 backend1 backend2 pod0 pod1)
CHART_BAR=28
chart_lines=0
declare -A chart_weight chart_state chart_health chart_connections

# Read the backends' state; connections count from where chart_reset left them.
chart_read() {
	local address weight state health connections host
	local rows
	rows=$("${HEADGATE[@]}" backend list -o json | jq -r '.backends[] |
		[.address, .weight, .state, .health, .counters.connections] | @tsv') || return 1
	[[ -n $rows ]] || return 1
	chart_weight=() chart_state=() chart_health=() chart_connections=()
	while IFS=$'\t' read -r address weight state health connections; do
		host=${CHART_HOST[$address]}
		chart_weight[$host]=$weight
		chart_connections[$host]=$((${chart_connections[$host]:-0} + connections))
		chart_worse "$host" "$state" "$health"
	done <<<"$rows"
}

# A machine is as well as the worse of its two families.
chart_worse() {
	if [[ -z ${chart_state[$1]:-} || $2 != active ]]; then chart_state[$1]=$2; fi
	if [[ -z ${chart_health[$1]:-} || $3 != up ]]; then chart_health[$1]=$3; fi
}

declare -A chart_zero
chart_reset() {
	local host
	chart_read
	for host in "${CHART_ORDER[@]}"; do
		chart_zero[$host]=${chart_connections[$host]:-0}
	done
}

chart_taken() {
	echo $((${chart_connections[$1]:-0} - ${chart_zero[$1]:-0}))
}

chart_total() {
	local host total=0
	for host in "${CHART_ORDER[@]}"; do
		total=$((total + $(chart_taken "$host")))
	done
	echo "$total"
}

chart_weights() {
	local host total=0
	for host in "${CHART_ORDER[@]}"; do
		total=$((total + ${chart_weight[$host]:-0}))
	done
	echo "$total"
}

# Shares are in tenths of a percent.
chart_share() {
	local total
	total=$(chart_total)
	echo $((total ? 1000 * $(chart_taken "$1") / total : 0))
}

chart_fair_share() {
	echo $((1000 * ${chart_weight[$1]:-0} / $(chart_weights)))
}

chart_again() {
	if [[ -n $plain ]] && ((chart_lines)); then
		printf '\e[%dA' "$chart_lines"
	fi
}

# chart_draw TITLE
chart_draw() {
	local host share fair state colour bar
	chart_again
	printf '%s%s%s%s\n' "$bold" "$1" "$plain" "${plain:+$'\e[K'}"
	printf '  %-9s %6s  %-9s %-7s %11s %7s %7s\n' BACKEND WEIGHT STATE CHECK \
		CONNECTIONS SHARE WEIGHTED
	for host in "${CHART_ORDER[@]}"; do
		share=$(chart_share "$host") fair=$(chart_fair_share "$host")
		state=${chart_state[$host]:-?} colour=$green
		[[ $state == active ]] || colour=$red
		bar=$(printf "%$((share * CHART_BAR / 400))s" '')
		printf '  %-9s %6s  %s%-9s %-7s%s %11d %5d.%d%% %5d.%d%%  %s%s%s%s\n' "$host" \
			"${chart_weight[$host]:-?}" "$colour" "$state" "${chart_health[$host]:-?}" \
			"$plain" "$(chart_taken "$host")" $((share / 10)) $((share % 10)) \
			$((fair / 10)) $((fair % 10)) "$blue" "${bar// /█}" "$plain" \
			"${plain:+$'\e[K'}"
	done
	chart_lines=$((${#CHART_ORDER[@]} + 2))
}

# The next drawing starts below this one.
chart_keep() {
	chart_lines=0
}

# Every share within 10 % of its weight? Names those that are not.
chart_is_fair() {
	local host share fair off fair_all=0
	for host in "${CHART_ORDER[@]}"; do
		share=$(chart_share "$host") fair=$(chart_fair_share "$host")
		off=$((share > fair ? share - fair : fair - share))
		if ((off * 10 > fair)); then
			say "  $host took $((share / 10)).$((share % 10)) % where its weight says $((fair / 10)).$((fair % 10)) %"
			fair_all=1
		fi
	done
	return "$fair_all"
}
