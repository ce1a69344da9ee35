# SPDX-License-Identifier: BSD-2-Clause
"""
Who is who in the lab (tools/lib/lab.sh builds it):

    client ──── router ═══ br0 ═╦═ up0 balancer ─┬─ pod0
    198.51.100.2                ╠═ backend0      └─ pod1
                                ╠═ backend1
                                ╚═ backend2

Roles, not numbers: tests name hosts and virtual addresses by what they are.
"""
V4, V6 = "IPv4", "IPv6"
FAMILIES = (V4, V6)

ADDRESS = {
    "client": {V4: "198.51.100.2", V6: "2001:db8:100::2"},
    "balancer": {V4: "10.20.0.2", V6: "fd00:20::2"},
    "router": {V4: "10.20.0.1", V6: "fd00:20::1"},
    "pod0": {V4: "10.244.1.2", V6: "fd00:244:1::2"},
    "pod1": {V4: "10.244.1.3", V6: "fd00:244:1::3"},
    "backend0": {V4: "10.20.0.10", V6: "fd00:20::10"},
    "backend1": {V4: "10.20.0.11", V6: "fd00:20::11"},
    "backend2": {V4: "10.20.0.12", V6: "fd00:20::12"},
}
BACKENDS = ("backend0", "backend1", "backend2")
PODS = ("pod0", "pod1")

# A load-balancer address answers everyone, a clusterIP only the inside.
VIP = {V4: "203.0.113.10", V6: "2001:db8:113::10"}
CLUSTER_IP = {V4: "10.96.0.10", V6: "fd00:96::10"}
# Of a second Service, where a test needs one: its backend is a pod here.
NEAR_VIP = {V4: "203.0.113.11", V6: "2001:db8:113::11"}
NEAR_CLUSTER_IP = {V4: "10.96.0.11", V6: "fd00:96::11"}

HTTP, ECHO, BULK = 80, 7, 9


def bracket(address):
    return f"[{address}]" if ":" in address else address


def url(address, path="/", port=HTTP):
    return f"http://{bracket(address)}:{port}{path}"


def host_of(address):
    for host, addresses in ADDRESS.items():
        if address in addresses.values():
            return host
    raise KeyError(f"{address} is nobody's in the lab")
