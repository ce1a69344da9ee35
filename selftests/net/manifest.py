# SPDX-License-Identifier: BSD-2-Clause
"""Kubernetes objects for the tests, as Python dictionaries; a manifest is a JSON List."""
from topology import ADDRESS, CLUSTER_IP, FAMILIES, PODS, VIP


def port(number, protocol="TCP", target=None, name=None):
    name = name or f"{protocol.lower()}-{number}"
    return {"name": name, "port": number, "targetPort": target or number, "protocol": protocol}


def service(name, ports, *, vip=VIP, cluster_ip=CLUSTER_IP, annotations=None, **spec):
    addresses = list((cluster_ip or {}).values())
    body = {"type": "LoadBalancer", "ports": ports, "ipFamilies": list(FAMILIES), **spec}
    if addresses:
        body |= {"clusterIP": addresses[0], "clusterIPs": addresses}
    ingress = [{"ip": address} for address in (vip or {}).values()]
    return {
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": name, "namespace": "shop",
                     "annotations": {f"headgate.io/{k}": v for k, v in (annotations or {}).items()}},
        "spec": body, "status": {"loadBalancer": {"ingress": ingress}},
    }


def endpoint(host, family, **conditions):
    return {"addresses": [ADDRESS[host][family]],
            "nodeName": "balancer" if host in PODS else host,
            "conditions": {"ready": True, **conditions}}


def endpoint_slice(name, family, ports, hosts, conditions=None):
    """One slice; conditions: host → conditions other than ready."""
    conditions = conditions or {}
    return {
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": f"{name}-{family.lower()}", "namespace": "shop",
                     "labels": {"kubernetes.io/service-name": name}},
        "addressType": family,
        "ports": [{"name": p["name"], "port": p["targetPort"], "protocol": p["protocol"]}
                  for p in ports],
        "endpoints": [endpoint(host, family, **conditions.get(host, {})) for host in hosts],
    }


def shop(hosts, ports=None, conditions=None, name="web", **options):
    """A Service and its slices of both families: what most tests need."""
    ports = ports or [port(80), port(7), port(7, "UDP"), port(9)]
    return [service(name, ports, **options)] + [
        endpoint_slice(name, family, ports, hosts, conditions) for family in FAMILIES]


def as_list(objects):
    return {"apiVersion": "v1", "kind": "List", "items": objects}


