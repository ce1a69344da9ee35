# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A cluster with NetworkPolicies as manifests: 200 namespaces of 50 pods and 10 policies
# each; of the 10,000 pods 110 are on the node "bench". Namespace number i has the label
# team (of 20); pod number j of it the label app (of 10) and the address 10.128.0.0 + 1 +
# 50 i + j. Policy number k of a namespace isolates the pods of app k in both directions:
# in come the pods of the next app, those of one app in the namespaces of one team, and a
# block with an exception; out go the next app, the DNS of a team, and a block.

policies_manifest() {
	awk -v i="$1" -v pods="$2" -v policies="$3" "$SERVICES_ADDRESS_AWK"'
	BEGIN {
		printf "apiVersion: v1\nkind: Namespace\nmetadata: {name: n%d, labels: ", i
		printf "{team: t%d}}\n", i % 20
		for (j = 0; j < pods; j++) {
			node = (i * pods + j) % 91 == 0 ? "bench" : "elsewhere"
			printf "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p%d, ", j
			printf "namespace: n%d, labels: {app: a%d}}\n", i, j % 10
			printf "spec: {nodeName: %s}\n", node
			printf "status: {phase: Running, podIP: %s}\n", endpoint(i, pods, j)
		}
		for (k = 0; k < policies; k++) {
			printf "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
			printf "metadata: {name: np%d, namespace: n%d}\nspec:\n", k, i
			printf "  podSelector: {matchLabels: {app: a%d}}\n", k
			printf "  policyTypes: [Ingress, Egress]\n  ingress:\n"
			printf "  - from: [podSelector: {matchLabels: {app: a%d}}]\n", \
				(k + 1) % policies
			printf "    ports: [{port: %d}, {port: 443}]\n", 8000 + k
			printf "  - from: [{namespaceSelector: {matchLabels: {team: t%d}}, ", \
				(i + k) % 20
			printf "podSelector: {matchLabels: {app: a%d}}}]\n", (k + 3) % 10
			printf "  - from: [ipBlock: {cidr: 172.16.%d.0/24, ", i
			printf "except: [172.16.%d.%d/32]}]\n  egress:\n", i, k
			printf "  - to: [podSelector: {matchLabels: {app: a%d}}]\n", \
				(k + policies - 1) % policies
			printf "  - to: [namespaceSelector: {matchLabels: {team: t%d}}]\n", k
			printf "    ports: [{port: 53, protocol: UDP}, {port: 53}]\n"
			printf "  - to: [ipBlock: {cidr: 192.168.%d.0/24}]\n", k
			printf "    ports: [{port: 5432, endPort: 5440}]\n"
		}
	}'
}

# policies_folder FOLDER NAMESPACES PODS POLICIES: the last two per namespace
policies_folder() {
	local folder=$1 namespaces=$2 pods=$3 policies=$4 i
	mkdir -p "$folder"
	for ((i = 0; i < namespaces; i++)); do
		policies_manifest "$i" "$pods" "$policies" >"$folder/n$i.yaml"
	done
}

# blocks_folder FOLDER COUNT: one policy of so many IPv4 blocks, each with an exception
blocks_folder() {
	mkdir -p "$1"
	awk -v count="$2" "$SERVICES_ADDRESS_AWK"'
	BEGIN {
		printf "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
		printf "spec: {nodeName: bench}\n"
		printf "status: {phase: Running, podIP: %s}\n---\n", endpoint(0, 1, 0)
		printf "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
		printf "metadata: {name: blocks}\nspec:\n  podSelector: {}\n  ingress:\n"
		for (i = 0; i < count; i++) {
			block = 11 * 16777216 + i * 1024
			printf "%s {cidr: %s/24, except: [%s/29]}\n", \
				i ? "    - ipBlock:" : "  - from:\n    - ipBlock:", \
				dotted(block), dotted(block + 8 * (i % 32))
		}
	}' >"$1/blocks.yaml"
}
