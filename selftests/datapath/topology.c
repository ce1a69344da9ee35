// SPDX-License-Identifier: BSD-2-Clause
#include "topology.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const links[LINKS] = { "nic0", "nic1", "pod0", "pod1" };

static const struct {
	const char *v4, *v6;
} addresses[ROLES] = {
	[CLIENT] = { "198.51.100.7", "2001:db8:c::7" },
	[OTHER_CLIENT] = { "198.51.100.200", "2001:db8:c::200" },
	[LOST_CLIENT] = { "240.66.6.6", "3fff:dead::6" },
	[ROUTER] = { "10.1.0.254", "fd00:1::fe" },
	[BACKEND_A] = { "10.1.0.11", "fd00:1::11" },
	[BACKEND_B] = { "10.2.0.12", "fd00:2::12" },
	[BACKEND_C] = { "10.2.0.13", "fd00:2::13" },
	[POD_A] = { "10.244.1.5", "fd00:244:1::5" },
	[POD_B] = { "10.244.1.6", "fd00:244:1::6" },
	[OURS] = { "10.1.0.1", "fd00:1::1" },
	[OURS_NIC1] = { "10.2.0.1", "fd00:2::1" },
	[SERVICE] = { "203.0.113.10", "2001:db8:5::10" },
	[OTHER_SERVICE] = { "203.0.113.11", "2001:db8:5::11" },
	[STRANGER] = { "192.0.2.99", "2001:db8:9::99" },
};

struct hg_addr topology_addr(enum role role, uint8_t family)
{
	struct hg_addr addr = { 0 };

	if (family == 6) {
		inet_pton(AF_INET6, addresses[role].v6, addr.bytes);
		return addr;
	}
	addr.bytes[10] = addr.bytes[11] = 0xff;
	inet_pton(AF_INET, addresses[role].v4, addr.bytes + 12);
	return addr;
}

void topology_mac(enum role role, uint8_t mac[6])
{
	const uint8_t bytes[6] = { 2, 0, 0, 0, 0xff, (uint8_t)role };

	memcpy(mac, bytes, 6);
}

void topology_link_mac(int link, uint8_t mac[6])
{
	const uint8_t bytes[6] = { 2, 0, 0, 0, 0xee, (uint8_t)link };

	memcpy(mac, bytes, 6);
}

static uint32_t ifindexes[LINKS];

uint32_t topology_ifindex(int link)
{
	return ifindexes[link];
}

static void write_links(FILE *ip)
{
	uint8_t mac[6];

	for (int i = 0; i < LINKS; i++) {
		topology_link_mac(i, mac);
		fprintf(
		    ip,
		    "link add %s address 02:00:00:00:%02x:%02x type veth peer wire%d\n",
		    links[i], mac[4], mac[5], i);
		fprintf(ip, "link set wire%d up\nlink set %s up\n", i, links[i]);
	}
	fprintf(ip, "link set lo up\n");
	fprintf(ip,
		"addr add 10.1.0.1/24 dev nic0\naddr add fd00:1::1/64 dev nic0 nodad\n");
	fprintf(ip,
		"addr add 10.2.0.1/24 dev nic1\naddr add fd00:2::1/64 dev nic1 nodad\n");
}

static void write_neighbours(FILE *ip)
{
	static const struct {
		enum role role;
		int link;
	} table[] = {
		{ ROUTER, NIC0 },    { BACKEND_A, NIC0 }, { BACKEND_B, NIC1 },
		{ BACKEND_C, NIC1 }, { POD_A, POD0 },	  { POD_B, POD1 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		enum role role = table[i].role;
		const char *both[] = { addresses[role].v4, addresses[role].v6 };

		for (int j = 0; j < 2; j++) {
			if (table[i].link >= POD0)
				fprintf(ip, "route add %s dev %s\n", both[j],
					links[table[i].link]);
			fprintf(ip,
				"neigh add %s lladdr 02:00:00:00:ff:%02x nud permanent "
				"dev %s\n",
				both[j], (unsigned)role, links[table[i].link]);
		}
	}
	fprintf(ip, "route add 198.51.100.0/24 via 10.1.0.254\n");
	fprintf(ip, "route add 2001:db8:c::/64 via fd00:1::fe\n");
	/* Pods of other nodes: clients of the bench. */
	fprintf(ip, "route add 10.64.0.0/10 via 10.1.0.254\n");
	fprintf(ip, "route add fd00:1:c::/64 via fd00:1::fe\n");
}

static void write_setting(const char *path, const char *value)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(value, file) < 0 || fclose(file) != 0) {
		fprintf(stderr, "topology: cannot write %s: %s\n", path, strerror(errno));
		exit(1);
	}
}

void topology_enter(void)
{
	FILE *ip;

	if (unshare(CLONE_NEWNET) < 0) {
		fprintf(stderr, "topology: no network namespace: %s; run as root\n",
			strerror(errno));
		exit(1);
	}
	ip = popen("ip -batch -", "w");
	if (!ip) {
		perror("topology: ip");
		exit(1);
	}
	write_links(ip);
	write_neighbours(ip);
	if (pclose(ip) != 0) {
		fprintf(stderr, "topology: ip refused a command\n");
		exit(1);
	}
	for (int i = 0; i < LINKS; i++)
		ifindexes[i] = if_nametoindex(links[i]);
	write_setting("/proc/sys/net/ipv4/ip_forward", "1");
	write_setting("/proc/sys/net/ipv6/conf/all/forwarding", "1");
}
