// SPDX-License-Identifier: BSD-2-Clause
#include "scene.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <headgate/endian.h>
#include <headgate/hash.h>

struct hg_addr scene_addr(const struct scene *scene, enum role role)
{
	return topology_addr(role, scene->family);
}

uint16_t scene_target_port(const struct scene *scene)
{
	return scene->protocol == PROTOCOL_SCTP ? SERVICE_PORT : TARGET_PORT;
}

bool scene_is_local(enum role role)
{
	return role == POD_A || role == POD_B;
}

int scene_link(enum role role)
{
	switch (role) {
	case BACKEND_B:
	case BACKEND_C:
	case OURS_NIC1:
		return NIC1;
	case POD_A:
		return POD0;
	case POD_B:
		return POD1;
	default:
		return NIC0;
	}
}

/* Hops and SNAT addresses of both families are always there, as on a dual-stack node. */
static uint32_t hop_index(enum role role, uint8_t family)
{
	return (uint32_t)role + (family == 6 ? 32 : 0);
}

uint32_t scene_hop(const struct scene *scene, enum role role)
{
	return hop_index(role, scene->family);
}

static uint32_t snat_index(enum role ours, uint8_t family)
{
	return (ours == OURS_NIC1 ? 2 : 1) + (family == 6 ? 2 : 0);
}

uint32_t scene_snat(const struct scene *scene, enum role ours)
{
	return snat_index(ours, scene->family);
}

void scene_mark_ours(const struct scene *scene, const struct hg_addr *addr)
{
	uint32_t bit = hg_hash_addr(addr) & 0xffff;
	uint32_t word = bit / 64;
	uint64_t bits = 0;

	bpf_map_lookup_elem(harness_map(scene->harness, "hg_ours"), &word, &bits);
	bits |= 1ULL << (bit % 64);
	harness_put_at(scene->harness, "hg_ours", word, &bits);
}

static void add_hop(const struct scene *scene, enum role role, uint8_t family)
{
	struct hg_hop hop = { .addr = topology_addr(role, family),
			      .ifindex = topology_ifindex(scene_link(role)),
			      .mtu = 1500,
			      .flags = HG_HOP_RESOLVED | HG_HOP_NIC };
	struct hg_hop_key key = { .addr = hop.addr, .ifindex = hop.ifindex };
	uint32_t index = hop_index(role, family);

	if (role == ROUTER)
		hop.flags |= HG_HOP_GATEWAY;
	topology_mac(role, hop.dmac);
	topology_link_mac(scene_link(role), hop.smac);
	harness_put_at(scene->harness, "hg_hops", index, &hop);
	harness_put(scene->harness, "hg_hop_index", &key, &index);
}

static void add_snat(const struct scene *scene, enum role ours, uint8_t family)
{
	struct hg_local local = { .addr = topology_addr(ours, family),
				  .snat = (uint8_t)snat_index(ours, family) };
	int fd = harness_map(scene->harness, "hg_locals");
	uint32_t home = hg_hash_addr(&local.addr) & 0xff;

	harness_put_at(scene->harness, "hg_snat", local.snat, &local.addr);
	for (uint32_t i = 0; i < HG_LOCAL_WINDOW; i++) {
		uint32_t line = (home + i) & (HG_LOCALS - 1);
		struct hg_local there;

		if (bpf_map_lookup_elem(fd, &line, &there) < 0 || there.snat)
			continue;
		harness_put_at(scene->harness, "hg_locals", line, &local);
		break;
	}
	scene_mark_ours(scene, &local.addr);
}

void scene_take_macs(const struct scene *scene, int link, const __u8 (*macs)[6],
		     uint32_t count)
{
	struct hg_macs entry = { .ifindex = count ? topology_ifindex(link) : 0 };

	for (uint32_t i = 0; count && i < HG_MACS_EACH; i++)
		memcpy(&entry.macs[i], macs[i < count ? i : 0], 6);
	harness_put_at(scene->harness, "hg_macs", topology_ifindex(link) & (HG_MACS - 1),
		       &entry);
}

static void add_links(const struct scene *scene)
{
	for (int i = 0; i < LINKS; i++) {
		struct hg_link link = { .mtu = 1500,
					.flags = i < POD0 ? HG_LINK_NIC : HG_LINK_POD };
		uint32_t ifindex = topology_ifindex(i);

		topology_link_mac(i, link.mac);
		harness_put(scene->harness, "hg_links", &ifindex, &link);
		scene_take_macs(scene, i, &link.mac, 1);
	}
}

void scene_begin(struct scene *scene, struct harness *harness, uint8_t family,
		 uint8_t protocol)
{
	static const enum role hops[] = { ROUTER, BACKEND_A, BACKEND_B, BACKEND_C };

	memset(scene, 0, sizeof(*scene));
	scene->harness = harness;
	scene->family = family;
	scene->protocol = protocol;
	harness_clear(harness);
	add_links(scene);
	for (uint8_t f = 4; f <= 6; f += 2) {
		for (size_t i = 0; i < sizeof(hops) / sizeof(hops[0]); i++)
			add_hop(scene, hops[i], f);
		add_snat(scene, OURS, f);
		add_snat(scene, OURS_NIC1, f);
	}
	scene_allow_range(scene, 0, POD_A, family == 4 ? 16 : 32);
	scene_allow_range(scene, 0, OURS, family == 4 ? 32 : 128);
	scene_allow_range(scene, 0, OURS_NIC1, family == 4 ? 32 : 128);
}

static void add_backend(struct scene *scene, const struct scene_service *service,
			enum role role, const struct hg_service *record)
{
	struct hg_backend backend = { .addr = scene_addr(scene, role),
				      .vip = record->addr,
				      .port = be16(scene_target_port(scene)),
				      .vport = record->port,
				      .protocol = scene->protocol,
				      .flags = HG_BACKEND_LIVE | service->backend_flags,
				      .generation = service->generation,
				      .service = record->id,
				      .endpoint = 100 + role };
	struct hg_member member = { ++scene->backends, backend.endpoint };

	if (scene->protocol == PROTOCOL_SCTP)
		backend.port = record->port;
	if (scene_is_local(role))
		backend.ifindex = topology_ifindex(scene_link(role));
	else
		backend.hop = scene_hop(scene, role);
	backend.snat =
	    (uint8_t)scene_snat(scene, scene_link(role) == NIC1 ? OURS_NIC1 : OURS);
	harness_put_at(scene->harness, "hg_backends", member.backend, &backend);
	scene->harness->members[scene->members++] = member;
	if (scene_is_local(role) || service->backend_flags & HG_BACKEND_NAT ||
	    service->flags & HG_SERVICE_NAT)
		scene_mark_ours(scene, &backend.addr);
}

static void add_frontend(const struct scene *scene, const struct hg_addr *addr,
			 uint16_t port, uint8_t protocol, uint32_t index)
{
	struct hg_frontend_key key = { .addr = *addr,
				       .port = be16(port),
				       .protocol = protocol };

	harness_put(scene->harness, "hg_frontends", &key, &index);
}

static void add_address(struct scene *scene, const struct hg_addr *addr)
{
	struct hg_service record = { .addr = *addr, .flags = HG_SERVICE_ADDRESS };
	uint32_t index = ++scene->services;

	harness_put_at(scene->harness, "hg_services", index, &record);
	add_frontend(scene, addr, 0, 0, index);
	scene_mark_ours(scene, addr);
}

#define TABLE_SLOTS    101U /* odd on purpose: a table need not fill its last element */
#define TABLE_ELEMENTS 52U  /* even, and enough should it be wide */

static void fill_table(struct scene *scene, struct hg_service *record)
{
	record->slot_base = scene->slots;
	record->slot_count = record->active_count ? TABLE_SLOTS : 0;
	for (uint32_t i = 0; i < record->slot_count; i++) {
		uint16_t member = (uint16_t)(i % record->active_count);

		scene_write_slot(scene, record, i, (struct hg_slot){ member, member });
	}
	scene->slots += TABLE_ELEMENTS;
}

uint32_t scene_add_service(struct scene *scene, const struct scene_service *service)
{
	enum role role = service->address ? service->address : SERVICE;
	uint16_t port = service->port ? service->port : SERVICE_PORT;
	uint32_t first = scene->backends + 1;
	struct hg_service record = { .addr = scene_addr(scene, role),
				     .port = be16(port),
				     .protocol = scene->protocol,
				     .flags = service->flags,
				     .member_base = scene->members,
				     .affinity_ticks = HG_TICKS(service->affinity_s) };
	uint32_t index;

	add_address(scene, &record.addr);
	index = ++scene->services;
	record.id = index;
	for (int i = 0; i < 8 && service->endpoint[i]; i++) {
		add_backend(scene, service, service->endpoint[i], &record);
		record.member_count++;
	}
	record.active_count = record.member_count;
	fill_table(scene, &record);
	harness_put_at(scene->harness, "hg_services", index, &record);
	add_frontend(scene, &record.addr, port, scene->protocol, index);
	return first;
}

void scene_allow_range(const struct scene *scene, uint32_t set, enum role role,
		       uint32_t bits)
{
	struct hg_range_key key = { .prefixlen =
					32 + bits + (scene->family == 4 ? 96 : 0),
				    .set = be32(set),
				    .addr = scene_addr(scene, role) };
	uint32_t yes = 1;

	harness_put(scene->harness, "hg_ranges", &key, &yes);
}
