# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The lab: a small cluster of network namespaces on this machine.
#
#   client ──── router ═══ br0 ═╦═ up0 balancer ─┬─ pod0
#     VIPs are routed to the    ╠═ backend0      └─ pod1
#     balancer, which owns none ╠═ backend1
#     of them                   ╚═ backend2
#
# Everything is named after one prefix (LAB), so that several labs run at once: namespaces
# PREFIX-client …, files in /run/PREFIX, pins in /sys/fs/bpf/PREFIX. Hosts are entered with
# `nsenter --net`, which leaves /sys, and so bpffs, as it is. Each host but the router and
# the balancer runs nginx on port 80, an echo (TCP and UDP) on port 7 and, when it is built, the
# bulk server of the network tests on port 9.
#
# The peer of up0, the one interface with native XDP, carries an XDP_PASS program and no
# transmit offload: without the former, XDP_TX frames vanish; with the latter, a rewritten
# frame's checksum is never completed. Pods keep all offloads. The balancer is as strict
# as hosts get (rp_filter 1, conntrack's invalid dropped), which nothing notices, because
# balanced packets do not enter its IP stack.

LAB_PODS=${LAB_PODS:-2} # pods on the balancer; tools/lab up --pods N
LAB_VIPS_4=(10.96.0.0/16 203.0.113.0/24)
LAB_VIPS_6=(fd00:96::/112 2001:db8:113::/64)
LAB_CLUSTER_CIDRS=10.244.0.0/16,fd00:244::/32

lab_paths() {
	LAB=$1
	[[ $LAB =~ ^[A-Za-z][A-Za-z0-9_-]{0,40}$ ]] ||
		fail "'$LAB' is no name for a lab: letters, digits, dashes (bpffs takes no dots)"
	LAB_DIR=/run/$LAB
	LAB_PINS=/sys/fs/bpf/$LAB
	LAB_SOCKET=$LAB_DIR/headgated.sock
	LAB_MANIFESTS=$LAB_DIR/manifests
	LAB_BUILD=${LAB_BUILD:-$(realpath -m "${BASH_SOURCE[0]%/*}/../../build")}
	lab_hosts
}

# Who lives in the lab; one that is up has as many pods as it was given.
lab_hosts() {
	local n pods=()
	[[ ! -e /run/netns/$LAB-client ]] ||
		LAB_PODS=$(find /run/netns -name "$LAB-pod*" | wc -l)
	for ((n = 0; n < LAB_PODS; n++)); do
		pods+=("pod$n")
	done
	LAB_SERVERS=(client "${pods[@]}" backend0 backend1 backend2)
	LAB_HOSTS=(router balancer "${LAB_SERVERS[@]}")
}

lab_is_up() {
	[[ -e /run/netns/$LAB-client ]]
}

# lab_in HOST COMMAND…
lab_in() {
	nsenter --net="/run/netns/$LAB-$1" "${@:2}"
}

# lab_ip HOST: ip commands from standard input
lab_ip() {
	ip -n "$LAB-$1" -batch -
}

lab_up() {
	local host
	for host in "${LAB_HOSTS[@]}"; do
		ip netns add "$LAB-$host"
	done
	mkdir -p "$LAB_DIR" "$LAB_MANIFESTS"
	cp "${BASH_SOURCE[0]%/*}/shop.yaml" "$LAB_MANIFESTS/"
	mountpoint -q /sys/fs/bpf || mount -t bpf bpf /sys/fs/bpf
	lab_defaults
	lab_wire
	lab_address_router
	lab_address_balancer
	lab_address_servers
	lab_guard
	lab_serve
	wait_until 10 lab_answers ||
		fail "lab $LAB does not come up: a host does not answer its neighbours"
}

# No duplicate-address detection, no router advertisements, no redirects: addresses work
# at once and routes are the ones below. Neighbours learn at once of a NIC that is plugged in
# with another MAC; else they send to the old one for up to half a minute.
lab_defaults() {
	local host settings=(net.core.somaxconn=8192 net.ipv4.tcp_max_syn_backlog=8192
		net.ipv6.conf.{all,default}.{accept_dad,accept_ra,dad_transmits}"=0"
		net.ipv6.conf.{all,default}.{router_solicitations,accept_redirects}"=0"
		net.ipv4.conf.{all,default}.{send_redirects,accept_redirects,rp_filter}"=0")
	for host in "${LAB_HOSTS[@]}"; do
		lab_in "$host" sysctl -qw "${settings[@]}"
		lab_ip "$host" <<<"link set lo up"
	done
	lab_in client sysctl -qw net.ipv4.ip_local_port_range="10000 65000" \
		net.ipv4.tcp_tw_reuse=1
	lab_in router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	lab_in router sysctl -eqw net.bridge.bridge-nf-call-{iptables,ip6tables,arptables}=0
	lab_in balancer sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
		net.ipv4.conf.{all,default}.rp_filter=1 \
		net.ipv4.conf.{all,default}.arp_notify=1 \
		net.ipv6.conf.{all,default}.ndisc_notify=1
}

# veths with as many queues as CPUs: XDP on a veth works on its receive queues.
lab_wire() {
	local n queues cpus
	cpus=$(nproc)
	queues="numrxqueues $cpus numtxqueues $cpus"
	lab_ip router <<-EOF
		link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
		link add cl0 $queues type veth peer name eth0 netns $LAB-client $queues
	EOF
	lab_wire_uplink
	for n in 0 1 2; do
		lab_ip router <<-EOF
			link add backend$n $queues type veth peer name eth0 netns $LAB-backend$n $queues
			link set backend$n master br0
			link set backend$n up
		EOF
	done
	for ((n = 0; n < LAB_PODS; n++)); do
		lab_ip balancer <<<"link add pod$n $queues type veth peer name eth0 netns $LAB-pod$n $queues"
	done
}

lab_wire_uplink() {
	local queues
	queues="numrxqueues $(nproc) numtxqueues $(nproc)"
	lab_ip router <<-EOF
		link add balancer $queues type veth peer name up0 netns $LAB-balancer $queues
		link set balancer master br0
		link set balancer up
	EOF
	lab_in router ethtool -K balancer tx off >/dev/null
	lab_pass_at_peer
}

# The NIC of the balancer goes and another one of the same name comes.
lab_replug() {
	lab_ip balancer <<<"link delete up0"
	lab_wire_uplink
	lab_address_uplink
}

# By bpftool, because `ip link set … xdp obj` leaves folders of its own in bpffs.
lab_pass_at_peer() {
	local object=$LAB_BUILD/net/pass.bpf.o pin=/sys/fs/bpf/$LAB-pass
	[[ -e $object ]] || fail "$object is not built: run make build/net/pass.bpf.o"
	rm -f "$pin"
	bpftool prog load "$object" "$pin" type xdp ||
		fail "the kernel refuses the XDP_PASS program for the peer of up0 (above): the lab needs Linux 5.18"
	lab_in router bpftool net attach xdpdrv pinned "$pin" dev balancer
	rm -f "$pin"
}

lab_address_router() {
	local vip
	{
		cat <<-EOF
			address add 10.20.0.1/24 dev br0
			address add fd00:20::1/64 dev br0
			address add 198.51.100.1/24 dev cl0
			address add 2001:db8:100::1/64 dev cl0
			link set br0 up
			link set cl0 up
			route add 10.244.1.0/24 via 10.20.0.2
			route add fd00:244:1::/64 via fd00:20::2
			route add blackhole 198.18.0.0/15
			route add blackhole 2001:2::/48
		EOF
		for vip in "${LAB_VIPS_4[@]}"; do
			echo "route add $vip via 10.20.0.2"
		done
		for vip in "${LAB_VIPS_6[@]}"; do
			echo "route add $vip via fd00:20::2"
		done
	} | lab_ip router
}

lab_address_uplink() {
	lab_ip balancer <<-EOF
		address add 10.20.0.2/24 dev up0
		address add fd00:20::2/64 dev up0
		link set up0 up
		route add default via 10.20.0.1
		route add default via fd00:20::1
	EOF
}

# Pods as Calico wires them: a host route to each, proxy ARP and a link-local gateway.
lab_address_balancer() {
	local n
	lab_address_uplink
	for ((n = 0; n < LAB_PODS; n++)); do
		lab_ip balancer <<-EOF
			address add fe80::1/64 dev pod$n nodad
			link set pod$n up
			route add 10.244.1.$((n + 2))/32 dev pod$n
			route add fd00:244:1::$(printf %x $((n + 2)))/128 dev pod$n
		EOF
		lab_in balancer sysctl -qw "net.ipv4.conf.pod$n.proxy_arp=1" \
			"net.ipv4.conf.pod$n.rp_filter=1" "net.ipv4.neigh.pod$n.proxy_delay=0"
		lab_ip "pod$n" <<-EOF
			link set eth0 up
			address add 10.244.1.$((n + 2))/32 dev eth0
			address add fd00:244:1::$(printf %x $((n + 2)))/128 dev eth0
			route add 169.254.1.1 dev eth0 scope link
			route add default via 169.254.1.1
			route add default via fe80::1 dev eth0
		EOF
	done
}

lab_address_servers() {
	local n
	lab_ip client <<-EOF
		address add 198.51.100.2/24 dev eth0
		address add 2001:db8:100::2/64 dev eth0
		link set eth0 up
		route add default via 198.51.100.1
		route add default via 2001:db8:100::1
	EOF
	for n in 0 1 2; do
		lab_ip "backend$n" <<-EOF
			address add 10.20.0.1$n/24 dev eth0
			address add fd00:20::1$n/64 dev eth0
			link set eth0 up
			route add default via 10.20.0.1
			route add default via fd00:20::1
			route add 10.244.1.0/24 via 10.20.0.2
			route add fd00:244:1::/64 via fd00:20::2
		EOF
	done
}

# A host as strict as they get, and counters that show whether a VIP's packet entered it.
lab_guard() {
	local vips_4 vips_6
	vips_4=$(IFS=,; echo "${LAB_VIPS_4[*]}")
	vips_6=$(IFS=,; echo "${LAB_VIPS_6[*]}")
	lab_in balancer nft -f - <<-EOF
		table inet guard {
			counter vip_in_stack { }
			counter invalid { }
			chain arriving {
				type filter hook prerouting priority raw; policy accept;
				ip daddr { $vips_4 } counter name vip_in_stack
				ip6 daddr { $vips_6 } counter name vip_in_stack
			}
			chain forward {
				type filter hook forward priority filter; policy accept;
				ct state invalid counter name invalid drop
			}
		}
	EOF
}

lab_serve() {
	local host
	mkdir -p "$LAB_DIR/www"
	head -c 2097152 /dev/urandom >"$LAB_DIR/www/big"
	chmod 755 "$LAB_DIR" "$LAB_DIR/www"
	for host in "${LAB_SERVERS[@]}"; do
		lab_nginx_start "$host"
		lab_in "$host" "$LAB_BUILD/net/echo" "$host" 7 >/dev/null \
			2>"$LAB_DIR/$host/echo.log" </dev/null &
		[[ ! -x $LAB_BUILD/net/stream ]] || lab_in "$host" "$LAB_BUILD/net/stream" serve 9 \
			>/dev/null 2>"$LAB_DIR/$host/stream.log" </dev/null &
	done
}

lab_nginx_conf() {
	local dir=$LAB_DIR/$1 temp
	echo "user root; worker_processes 1; pid $dir/nginx.pid; error_log $dir/error.log;"
	echo "worker_rlimit_nofile 16384; events { worker_connections 8192; }"
	echo "http { access_log off; keepalive_requests 1000000; sendfile on;"
	for temp in client_body proxy fastcgi uwsgi scgi; do
		echo "  ${temp}_temp_path $dir/$temp;"
	done
	cat <<-EOF
		  server { listen 80 backlog=8192; listen [::]:80 backlog=8192; root $LAB_DIR/www;
		    default_type text/plain;
		    location = / { return 200 "$1\n"; }
		    location = /client { return 200 "\$remote_addr \$remote_port\n"; }
		  }
		}
	EOF
}

lab_nginx_start() {
	local dir=$LAB_DIR/$1
	mkdir -p "$dir"
	lab_nginx_conf "$1" >"$dir/nginx.conf"
	lab_in "$1" nginx -p "$dir" -e "$dir/error.log" -c "$dir/nginx.conf" </dev/null
}

# Stop it as a crash would: no farewell to open connections. With its master gone first,
# no worker is started again.
lab_nginx_stop() {
	local pidfile=$LAB_DIR/$1/nginx.pid master workers
	master=$(cat "$pidfile" 2>/dev/null) || fail "nginx does not run in $1"
	workers=$(pgrep -P "$master" || true)
	# shellcheck disable=SC2086 # a list of pids
	kill -KILL "$master" $workers
	rm -f "$pidfile"
}

# Neighbours are warm and every host answers: nothing waits for a first ARP later.
lab_answers() {
	local host n pods
	mapfile -t pods < <(for ((n = 2; n < LAB_PODS + 2; n++)); do
		printf '10.244.1.%d\nfd00:244:1::%x\n' "$n" "$n"
	done)
	for host in 10.20.0.1{0,1,2} 'fd00:20::1'{0,1,2} "${pods[@]}"; do
		[[ $host == *:* ]] && host="[$host]"
		lab_in client timeout 1 bash -c "exec 3<>/dev/tcp/${host//[\[\]]/}/80" \
			2>/dev/null || return 1
	done
}

# What `headgated` is told in the lab; more options follow from the caller.
lab_daemon_command() {
	echo "$LAB_BUILD/headgated"
	printf -- '%s\n' --manifests "$LAB_MANIFESTS" --interface up0 --pod-interfaces 'pod*' \
		--cluster-cidr "$LAB_CLUSTER_CIDRS" --node-name balancer \
		--pin-root "$LAB_PINS" --socket "$LAB_SOCKET"
}

lab_pids() {
	local host
	for host in "${LAB_HOSTS[@]}"; do
		ip netns pids "$LAB-$host" 2>/dev/null || true
	done
}

lab_is_quiet() {
	[[ -z $(lab_pids) ]]
}

# Ends exactly the processes that live in this lab's namespaces, then what they left.
lab_down() {
	local host pids
	pids=$(lab_pids)
	# shellcheck disable=SC2086 # a list of pids
	[[ -z $pids ]] || kill $pids 2>/dev/null || true
	if ! wait_until 2 lab_is_quiet; then
		pids=$(lab_pids)
		# shellcheck disable=SC2086
		kill -KILL $pids 2>/dev/null || true
		wait_until 2 lab_is_quiet || true
	fi
	for host in "${LAB_HOSTS[@]}"; do
		[[ ! -e /run/netns/$LAB-$host ]] || ip netns delete "$LAB-$host"
	done
	rm -rf "${LAB_PINS:?}" "${LAB_PINS:?}-pass" "${LAB_DIR:?}"
}
