#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Sockets: new connections per second (wrk, one request each) and bulk throughput (iperf3)
# of real clients in the lab (tools/lib/lab.sh), to remote machines and to local pods: by
# headgated, by kube-proxy's rule set for the same Services in the same balancer, and
# straight to a backend's own address (which leads past the balancer to machines, and
# through its IP stack to pods). The three take turns, so that a busy machine hits all.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
# shellcheck source=tools/lib/terminal.sh
source "$here/../../tools/lib/terminal.sh"
# shellcheck source=tools/lib/lab.sh
source "$here/../../tools/lib/lab.sh"
# shellcheck source=selftests/bench/gate.sh
source "$here/gate.sh"
# shellcheck source=selftests/bench/services.sh
source "$here/services.sh"

# name | virtual address | port | endpoints
SERVED=(
	"web-remote 203.0.113.20 80 10.20.0.10 10.20.0.11 10.20.0.12"
	"web-local 203.0.113.21 80 10.244.1.2 10.244.1.3"
	"bulk-remote 203.0.113.22 5201 10.20.0.10"
	"bulk-local 203.0.113.23 5201 10.244.1.2"
)
VARIANTS=(headgate nftables bare)

bench_end_more() {
	lab_down
}

write_manifests() {
	local row name vip port
	rm -f "$LAB_MANIFESTS"/*
	for row in "${SERVED[@]}"; do
		read -r name vip port row <<<"$row"
		# shellcheck disable=SC2086 # a list of addresses
		cat <<-EOT
			---
			apiVersion: v1
			kind: Service
			metadata: {name: $name}
			spec:
			  type: LoadBalancer
			  ports: [{name: tcp, port: $port, protocol: TCP}]
			status: {loadBalancer: {ingress: [{ip: $vip}]}}
			---
			apiVersion: discovery.k8s.io/v1
			kind: EndpointSlice
			metadata:
			  name: $name
			  labels: {kubernetes.io/service-name: $name}
			addressType: IPv4
			ports: [{name: tcp, port: $port, protocol: TCP}]
			endpoints:
			$(printf -- '- {addresses: [%s]}\n' $row)
		EOT
	done >"$LAB_MANIFESTS/bench.yaml"
}

# As kube-proxy writes a load balancer's address: marked for masquerade, then as any.
write_rules() {
	local row name vip port address n choices
	services_base_chains
	echo "table ip kube-proxy {"
	for row in "${SERVED[@]}"; do
		read -r name vip port row <<<"$row"
		n=0 choices=''
		for address in $row; do
			printf 'chain endpoint-%s__%s { ip saddr %s jump mark-for-masquerade; ' \
				"$name" "$address" "$address"
			printf 'meta l4proto tcp dnat to %s:%s; }\n' "$address" "$port"
			choices+="${choices:+, }$((n++)) : goto endpoint-${name}__$address"
		done
		echo "chain service-$name { numgen random mod $n vmap { $choices }; }"
		echo "chain external-$name { jump mark-for-masquerade; goto service-$name; }"
	done
	echo "}"
	for row in "${SERVED[@]}"; do
		read -r name vip port row <<<"$row"
		echo "add element ip kube-proxy service-ips { $vip . tcp . $port : goto external-$name }"
	done
}

start_headgate() {
	local daemon
	mapfile -t daemon < <(lab_daemon_command)
	nsenter --net="/run/netns/$LAB-balancer" "${daemon[@]}" \
		>>"$BENCH_DIR/headgated.log" 2>&1 </dev/null &
	BENCH_DAEMON=$! BENCH_DAEMON_SPACE=lab-balancer
	wait_until 20 lab_reaches 203.0.113.20 203.0.113.21 ||
		fail "headgated does not serve within 20 s: $(tail -n 3 "$BENCH_DIR/headgated.log")"
}

start_nftables() {
	write_rules | lab_in balancer nft -f - || fail "nft refuses the rule set (above)"
	wait_until 5 lab_reaches 203.0.113.20 203.0.113.21 ||
		fail "the nftables rule set serves nobody"
}

start_bare() {
	lab_reaches 10.20.0.10 10.244.1.2 || fail "the backends do not answer"
}

lab_reaches() {
	local address
	for address in "$@"; do
		lab_in client timeout 1 bash -c "exec 3<>/dev/tcp/$address/80" 2>/dev/null ||
			return 1
	done
}

stop_headgate() {
	bench_stop_daemon
}

stop_nftables() {
	lab_in balancer nft delete table ip kube-proxy
}

stop_bare() { :; }

# target VARIANT SERVICE: where a client goes
target() {
	local row name vip address
	for row in "${SERVED[@]}"; do
		read -r name vip _ address _ <<<"$row"
		[[ $name == "$2" ]] || continue
		if [[ $1 == bare ]]; then echo "$address"; else echo "$vip"; fi
	done
}

# keep VARIANT SCENARIO UNIT VALUE: a sample for the result lines at the end
keep() {
	[[ $4 =~ ^[0-9.]+$ && $4 != 0 ]] || fail "$1: $2 brought no figure ('$4')"
	printf '%s %s %s %s\n' "$@" >>"$BENCH_DIR/samples"
}

connect() {
	local variant=$1 where=$2 seconds=$3 out
	out=$(lab_in client wrk -t 1 -c 32 -d "${seconds}s" -H 'Connection: close' \
		"http://$(target "$variant" "web-$where")/")
	! grep -q 'Socket errors\|Non-2xx' <<<"$out" ||
		tell "$variant, $where: wrk says $(grep 'Socket errors\|Non-2xx' <<<"$out" | xargs)"
	keep "$variant" "connect-$where" connections/s "$(awk '/^Requests\/sec/ { print $2 }' <<<"$out")"
}

# push: client → server; pull: back
transfer() {
	local variant=$1 where=$2 direction=$3 option=()
	[[ $direction == push ]] || option=(-R)
	keep "$variant" "bulk-$where-$direction" Gbit/s "$(lab_in client iperf3 -J -t 1 \
		"${option[@]}" -c "$(target "$variant" "bulk-$where")" |
		jq '.end.sum_received.bits_per_second // 0 | . / 1e9 * 1000 | round / 1000')"
}

measure() {
	local variant=$1 seconds=$2 where
	"start_$variant"
	for where in remote local; do
		connect "$variant" "$where" "$seconds"
		transfer "$variant" "$where" push
		transfer "$variant" "$where" pull
	done
	"stop_$variant"
}

print_samples() {
	sort -s -k 2,2 -k 1,1 -k 4,4g "$BENCH_DIR/samples" | awk '
	{ key = $1 " " $2 " " $3 }
	key != last { print_last(); n = 0; last = key }
	{ value[++n] = $4 }
	END { print_last() }
	function at(q,	place) { place = int(q * n) + 1; return value[place > n ? n : place] }
	function print_last(	word) {
		if (!n) return
		split(last, word, " ")
		printf "{\"part\":\"sockets\",\"scenario\":\"%s\",\"variant\":\"%s\",\"unit\":\"%s\",\"min\":%s,\"median\":%s,\"p99\":%s,\"n\":%d}\n",
			word[2], word[1], word[3], value[1], at(0.5), at(0.99), n
	}'
}

bench_begin sockets "$@"
need_built headgated headgate net/pass.bpf.o net/echo net/stream
lab_paths "$BENCH-lab"
BENCH_PINS=$LAB_PINS
tell "the lab"
lab_up
# As a real NIC has it, and as a veth has it once it carries XDP: for all three.
lab_in balancer ethtool -K up0 gro on
write_manifests
for host in backend0 pod0; do
	lab_in "$host" iperf3 -s -D >/dev/null
done
# Servers that close first keep connections in TIME_WAIT for a minute. A balancer with
# one source address comes back to the same port earlier, and the server then refuses the
# SYN if another client's time stamps are younger: a second lost. That is a matter of
# ports, not of speed, and hits whoever comes second: servers here keep none.
for host in backend{0,1,2} pod{0,1}; do
	lab_in "$host" sysctl -qw net.ipv4.tcp_max_tw_buckets=0
done
rounds=3 seconds=2
if [[ $BENCH_QUICK ]]; then rounds=1 seconds=1; fi
for ((round = 1; round <= rounds; round++)); do
	for variant in "${VARIANTS[@]}"; do
		tell "round $round of $rounds: $variant"
		measure "$variant" "$seconds"
	done
done
print_samples
