# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The same Services for everybody: as manifests for headgated, and as a rule set the way
# kube-proxy writes it (1.33, nftables mode). Service number i has the address 10.96.0.0
# + 1 + i and one port 80 per protocol; its endpoint number j of n is 10.128.0.0 + 1 +
# i * n + j, port 8080.
#
# Services are chosen as kube-proxy's are: a verdict map from address, protocol and port to
# a chain per Service, which marks what comes from outside for masquerade and throws a
# dice; a chain per endpoint translates. Base chains have kube-proxy's hooks, priorities
# and order, those included that these Services never need (source ranges, no endpoints):
# packets pass them all the same.

SERVICES_ADDRESS_AWK='
	function dotted(number) {
		return int(number / 16777216) "." int(number / 65536) % 256 "." \
			int(number / 256) % 256 "." number % 256
	}
	function service(i) { return dotted(10 * 16777216 + 96 * 65536 + 1 + i) }
	function endpoint(i, n, j) {
		return dotted(10 * 16777216 + 128 * 65536 + 1 + i * n + j)
	}'

# services_manifest FIRST COUNT ENDPOINTS PROTOCOLS [ANNOTATION…]: YAML of the Services
# numbered FIRST to FIRST + COUNT - 1. An annotation is "headgate.io/check: tcp".
services_manifest() {
	local first=$1 count=$2 endpoints=$3 protocols=$4
	shift 4
	awk -v first="$first" -v count="$count" -v n="$endpoints" -v protocols="$protocols" \
		-v annotations="$(printf '\\n    %s' "$@")" "$SERVICES_ADDRESS_AWK"'
	function ports(number,	k, text) {
		for (k = 1; k <= kinds; k++)
			text = text (k > 1 ? ", " : "") "{name: " tolower(kind[k]) \
				", port: " number ", protocol: " kind[k] "}"
		return "[" text "]"
	}
	BEGIN {
		kinds = split(protocols, kind, " ")
		for (i = first; i < first + count; i++) {
			printf "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: s%d\n", i
			if (annotations ~ /[a-z]/)
				printf "  annotations:%s\n", annotations
			printf "spec:\n  clusterIP: %s\n  ports: %s\n", service(i), ports(80)
			printf "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
			printf "metadata:\n  name: s%d-v4\n", i
			printf "  labels: {kubernetes.io/service-name: s%d}\n", i
			printf "addressType: IPv4\nports: %s\nendpoints:\n", ports(8080)
			for (j = 0; j < n; j++)
				printf "- {addresses: [%s]}\n", endpoint(i, n, j)
		}
	}'
}

# services_folder FOLDER COUNT ENDPOINTS PROTOCOLS [ANNOTATION…]: 100 Services per file.
services_folder() {
	local folder=$1 count=$2 endpoints=$3 protocols=$4 first
	shift 4
	mkdir -p "$folder"
	for ((first = 0; first < count; first += 100)); do
		services_manifest "$first" $((count - first < 100 ? count - first : 100)) \
			"$endpoints" "$protocols" "$@" >"$folder/services-$first.yaml"
	done
}

# services_load COUNT ENDPOINTS PROTOCOLS: put the rule set in force in this namespace. In
# portions, as kube-proxy's own syncs are: the kernel walks all sets of a transaction for
# each new one, so that 10,000 Services at once take minutes.
SERVICES_PORTION=250
services_load() {
	local first
	services_base_chains | nft -f -
	for ((first = 0; first < $1; first += SERVICES_PORTION)); do
		services_rules "$first" $(($1 - first < SERVICES_PORTION ? $1 - first : SERVICES_PORTION)) \
			"$2" "$3" | nft -f -
	done
}

# services_rules FIRST COUNT ENDPOINTS PROTOCOLS: chains and map elements of some Services
services_rules() {
	awk -v first="$1" -v count="$2" -v n="$3" -v protocols="$4" "$SERVICES_ADDRESS_AWK"'
	function name(i, protocol) { return sprintf("%08X-default/s%d/%s/p80", i, i, protocol) }
	function leaf(i, j, protocol) {
		return "endpoint-" name(i, protocol) "__" endpoint(i, n, j) "/8080"
	}
	function write_service(i, protocol,	j, choices) {
		for (j = 0; j < n; j++) {
			printf "\tchain %s {\n", leaf(i, j, protocol)
			printf "\t\tip saddr %s jump mark-for-masquerade\n", endpoint(i, n, j)
			printf "\t\tmeta l4proto %s dnat to %s:8080\n\t}\n", protocol,
				endpoint(i, n, j)
			choices = choices (j ? ", " : "") j " : goto " leaf(i, j, protocol)
		}
		printf "\tchain service-%s {\n", name(i, protocol)
		printf "\t\tip daddr %s %s dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade\n",
			service(i), protocol
		printf "\t\tnumgen random mod %d vmap { %s }\n\t}\n", n, choices
	}
	BEGIN {
		kinds = split(tolower(protocols), kind, " ")
		print "table ip kube-proxy {"
		for (i = first; i < first + count; i++)
			for (k = 1; k <= kinds; k++)
				write_service(i, kind[k])
		printf "}\nadd element ip kube-proxy service-ips {\n"
		for (i = first; i < first + count; i++)
			for (k = 1; k <= kinds; k++)
				printf "%s . %s . 80 : goto service-%s,\n", service(i), kind[k],
					name(i, kind[k])
		printf "}\nadd element ip kube-proxy cluster-ips {\n"
		for (i = first; i < first + count; i++)
			print service(i) ","
		print "}"
	}'
}

services_base_chains() {
	cat <<-'EOT'
		table ip kube-proxy {
			set cluster-ips { type ipv4_addr; }
			set nodeport-ips { type ipv4_addr; }
			map no-endpoint-services { type ipv4_addr . inet_proto . inet_service : verdict; }
			map no-endpoint-nodeports { type inet_proto . inet_service : verdict; }
			map firewall-ips { type ipv4_addr . inet_proto . inet_service : verdict; }
			map service-ips { type ipv4_addr . inet_proto . inet_service : verdict; }
			map service-nodeports { type inet_proto . inet_service : verdict; }

			chain mark-for-masquerade { meta mark set meta mark or 0x4000; }
			chain masquerading {
				meta mark and 0x4000 == 0 return
				meta mark set meta mark xor 0x4000
				masquerade fully-random
			}
			chain services {
				ip daddr . meta l4proto . th dport vmap @service-ips
				ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
			}
			chain cluster-ips-check {
				ip daddr @cluster-ips reject
				ip daddr 10.96.0.0/12 drop
			}
			chain firewall-check { ip daddr . meta l4proto . th dport vmap @firewall-ips; }
			chain service-endpoints-check {
				ip daddr . meta l4proto . th dport vmap @no-endpoint-services
			}
			chain nodeport-endpoints-check {
				ip daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports
			}
			chain filter-prerouting {
				type filter hook prerouting priority -110;
				ct state new jump firewall-check
			}
			chain filter-input {
				type filter hook input priority -110;
				ct state new jump nodeport-endpoints-check
				ct state new jump service-endpoints-check
			}
			chain filter-forward {
				type filter hook forward priority -110;
				ct state new jump service-endpoints-check
				ct state new jump cluster-ips-check
			}
			chain filter-output {
				type filter hook output priority -110;
				ct state new jump service-endpoints-check
				ct state new jump firewall-check
			}
			chain filter-output-post-dnat {
				type filter hook output priority -90;
				ct state new jump cluster-ips-check
			}
			chain nat-prerouting {
				type nat hook prerouting priority dstnat;
				jump services
			}
			chain nat-output {
				type nat hook output priority -100;
				jump services
			}
			chain nat-postrouting {
				type nat hook postrouting priority srcnat;
				jump masquerading
			}
		}
	EOT
}
