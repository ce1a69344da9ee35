// SPDX-License-Identifier: BSD-2-Clause
/*
 * Records read and changed in place, and time.
 */
#include "scene.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>

static void read_element(const struct scene *scene, const char *map, uint32_t index,
			 void *value)
{
	if (bpf_map_lookup_elem(harness_map(scene->harness, map), &index, value) < 0) {
		fprintf(stderr, "scene: %s has no element %u\n", map, index);
		exit(1);
	}
}

struct hg_backend scene_read_backend(const struct scene *scene, uint32_t backend)
{
	struct hg_backend value;

	read_element(scene, "hg_backends", backend, &value);
	return value;
}

void scene_write_backend(const struct scene *scene, uint32_t index,
			 const struct hg_backend *backend)
{
	harness_put_at(scene->harness, "hg_backends", index, backend);
}

struct hg_service scene_read_service(const struct scene *scene, uint32_t index)
{
	struct hg_service value;

	read_element(scene, "hg_services", index, &value);
	return value;
}

void scene_write_service(const struct scene *scene, uint32_t index,
			 const struct hg_service *service)
{
	harness_put_at(scene->harness, "hg_services", index, service);
}

struct hg_slot scene_read_slot(const struct scene *scene,
			       const struct hg_service *service, uint32_t slot)
{
	return hg_slot_get(&scene->harness->slots[service->slot_base], slot,
			   hg_slot_bits(service->flags));
}

void scene_write_slot(const struct scene *scene, const struct hg_service *service,
		      uint32_t slot, struct hg_slot value)
{
	hg_slot_set(&scene->harness->slots[service->slot_base], slot,
		    hg_slot_bits(service->flags), value);
}

struct hg_hop scene_read_hop(const struct scene *scene, uint32_t index)
{
	struct hg_hop value;

	read_element(scene, "hg_hops", index, &value);
	return value;
}

void scene_write_hop(const struct scene *scene, uint32_t index, const struct hg_hop *hop)
{
	harness_put_at(scene->harness, "hg_hops", index, hop);
}

unsigned scene_count_live(const struct hg_flow *table)
{
	unsigned live = 0;

	for (uint32_t i = 0; i < HARNESS_LINES; i++)
		live += (table[i].ctl & HG_FLOW_STATE) == HG_FLOW_LIVE;
	return live;
}

static void age_table(struct hg_flow *table, uint32_t ticks)
{
	for (uint32_t i = 0; i < HARNESS_LINES; i++) {
		if ((table[i].ctl & HG_FLOW_STATE) == HG_FLOW_FREE)
			continue;
		table[i].seen -= ticks;
		if (table[i].key.protocol == PROTOCOL_UDP)
			hg_flow_set_proof(&table[i], hg_flow_proof(&table[i]) - ticks);
	}
}

static void age_affinity(const struct scene *scene, uint32_t ticks)
{
	int fd = harness_map(scene->harness, "hg_affinity");
	struct hg_affinity_key key, *before = NULL;
	struct hg_affinity value;

	while (bpf_map_get_next_key(fd, before, &key) == 0) {
		if (bpf_map_lookup_elem(fd, &key, &value) == 0) {
			value.seen -= ticks;
			bpf_map_update_elem(fd, &key, &value, BPF_EXIST);
		}
		before = &key;
	}
}

static void age_fragments(const struct scene *scene, uint32_t ticks)
{
	int fd = harness_map(scene->harness, "hg_fragments");
	struct hg_fragment_key key, *before = NULL;
	struct hg_fragment value;

	while (bpf_map_get_next_key(fd, before, &key) == 0) {
		if (bpf_map_lookup_elem(fd, &key, &value) == 0) {
			value.seen -= ticks;
			bpf_map_update_elem(fd, &key, &value, BPF_EXIST);
		}
		before = &key;
	}
}

void scene_age(const struct scene *scene, uint32_t seconds)
{
	age_table(scene->harness->flows, HG_TICKS(seconds));
	age_table(scene->harness->embryos, HG_TICKS(seconds));
	age_affinity(scene, HG_TICKS(seconds));
	age_fragments(scene, HG_TICKS(seconds));
}

void scene_lead(const struct scene *scene, uint32_t ticks)
{
	age_affinity(scene, -ticks);
	age_fragments(scene, -ticks);
}
