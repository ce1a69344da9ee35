// SPDX-License-Identifier: BSD-2-Clause
#include "scene_policy.h"

#include <string.h>
#include <headgate/endian.h>
#include <headgate/hash.h>

#define CLASSES	      32U /* of peers: one per role; of ports: one per port */
#define SET_BITS      16U
#define COUNTERS      (SET_BITS + 2)
#define ENFORCED_ROWS 2000U

static const uint16_t ports[] = { 0, SERVICE_PORT, TARGET_PORT, 9090 };

/* The pod's line, which is taken for it when it has none. */
static uint32_t place_of(const struct scene *scene, enum role pod)
{
	struct hg_addr addr = scene_addr(scene, pod);
	const struct hg_config *config = &scene->harness->config;
	uint32_t place = hg_policy_home(&addr, config->pod_mask, config->seed);
	struct hg_policy_pod *lines = scene->harness->policy.pods;

	for (; lines[place].taken; place++) {
		if (memcmp(&lines[place].addr, &addr, sizeof(addr)) == 0)
			return place;
		lines[place].passed = 1;
	}
	lines[place].addr = addr;
	lines[place].taken = 1;
	return place;
}

static uint32_t next_parity(const struct scene *scene)
{
	return (scene->harness->state->policy + 1) & 1;
}

/* One set per pod, direction and parity of the epoch: none is written while in force. */
static uint32_t set_of(enum role pod, enum scene_direction direction, uint32_t parity)
{
	return 1 + (uint32_t)(pod - POD_A) * 4 + (uint32_t)direction * 2 + parity;
}

static void put_role_class(const struct scene *scene, enum role role)
{
	struct hg_addr addr = scene_addr(scene, role);
	struct hg_range_key key = { .prefixlen = 32 + 128, .addr = addr };
	uint32_t class = role, word = host32((__be32)addr.words[3]);
	const struct harness_policy *policy = &scene->harness->policy;
	uint32_t first = 1 + 2 * role, second = 2 + 2 * role;

	if (scene->family == 6) {
		harness_put(scene->harness, "hg_policy_v6", &key, &class);
		return;
	}
	/* Roles share prefixes: blocks that are there are gone into. */
	if (!policy->v4[word >> 16])
		policy->v4[word >> 16] = (uint16_t)(HG_POLICY_BLOCK | first);
	first = policy->v4[word >> 16] & ~HG_POLICY_BLOCK;
	if (!policy->v4_blocks[first * HG_POLICY_BLOCK_SIZE + (word >> 8 & 255)])
		policy->v4_blocks[first * HG_POLICY_BLOCK_SIZE + (word >> 8 & 255)] =
		    (uint16_t)(HG_POLICY_BLOCK | second);
	second = policy->v4_blocks[first * HG_POLICY_BLOCK_SIZE + (word >> 8 & 255)] &
		 ~HG_POLICY_BLOCK;
	policy->v4_blocks[second * HG_POLICY_BLOCK_SIZE + (word & 255)] =
	    (uint16_t) class;
}

static void know_pod(const struct scene *scene, enum role pod)
{
	const struct harness_policy *policy = &scene->harness->policy;
	uint32_t place = place_of(scene, pod), link = scene_link(pod);
	uint32_t ifindex = topology_ifindex((int)link);
	struct hg_policy_link *line = &policy->links[ifindex & (HG_POLICY_LINKS - 1)];
	struct hg_addr addr = scene_addr(scene, pod);

	policy->pods[place].views[0].class = pod;
	policy->pods[place].views[1].class = pod;
	line->addrs[scene->family == 6] = addr;
	line->pods[scene->family == 6] = place;
	line->ifindex = ifindex;
}

void scene_know_pods(const struct scene *scene)
{
	const struct harness_policy *policy = &scene->harness->policy;

	for (enum role role = CLIENT; role < ROLES; role++) {
		if (!scene_is_local(role))
			put_role_class(scene, role);
	}
	know_pod(scene, POD_A);
	know_pod(scene, POD_B);
	for (uint32_t i = 1; i < sizeof(ports) / sizeof(ports[0]); i++) {
		for (uint32_t protocol = 0; protocol < HG_POLICY_PROTOCOLS; protocol++)
			policy->ports[hg_policy_port_place(0, protocol, ports[i])] =
			    (uint16_t)i;
	}
}

static bool takes_peer(const struct scene_rule *rule, uint32_t class)
{
	for (int i = 0; i < 4 && rule->peers[i] != NOBODY; i++) {
		if ((uint32_t)rule->peers[i] == class)
			return true;
	}
	return rule->anybody;
}

static bool takes_port(const struct scene_rule *rule, uint32_t class)
{
	return rule->all_ports || (class && class < 4 && ports[class] == rule->port);
}

static bool is_end(const struct scene_rule *rule)
{
	return !rule->anybody && rule->peers[0] == NOBODY && !rule->all_ports &&
	       !rule->port;
}

static void write_cells(const struct scene *scene, const struct hg_policy_set *set,
			const struct scene_rule *rules)
{
	const struct harness_policy *policy = &scene->harness->policy;

	for (uint32_t class = 0; class < CLASSES; class ++) {
		struct hg_policy_row peer = { 0 }, port = { 0 };

		for (int bit = 0; bit < set->bits; bit++) {
			if (takes_peer(&rules[bit], class))
				peer.bits[bit / 64] |= 1ULL << bit % 64;
			if (takes_port(&rules[bit], class))
				port.bits[bit / 64] |= 1ULL << bit % 64;
		}
		policy->rows[set->peer_base + class] = peer;
		policy->rows[set->port_base + class] = port;
		policy->cells[set->peer_base + class] =
		    (uint16_t)(set->peer_base + class);
		policy->cells[set->port_base + class] =
		    (uint16_t)(set->port_base + class);
	}
}

static struct hg_policy_view *view_of(const struct scene *scene, enum role pod)
{
	return &scene->harness->policy.pods[place_of(scene, pod)]
		    .views[next_parity(scene)];
}

static void point_at(const struct scene *scene, enum role pod,
		     enum scene_direction direction, uint32_t set)
{
	struct hg_policy_view *view = view_of(scene, pod);

	if (direction == INGRESS)
		view->ingress = set;
	else
		view->egress = set;
}

void scene_isolate_by(const struct scene *scene, enum role pod,
		      enum scene_direction direction, const struct scene_rule *rules,
		      bool enforced)
{
	const struct harness_policy *policy = &scene->harness->policy;
	uint32_t number = set_of(pod, direction, next_parity(scene));
	struct hg_policy_set set = { .peer_base = number * 2 * CLASSES,
				     .peer_count = CLASSES,
				     .port_base = number * 2 * CLASSES + CLASSES,
				     .port_count = CLASSES,
				     .counter_base = number * COUNTERS,
				     .enforced = ENFORCED_ROWS + number };
	struct hg_policy_row mask = { 0 };

	if (enforced)
		set.flags |= HG_POLICY_ENFORCED;
	else
		set.flags |= HG_POLICY_AUDITED;
	for (; !is_end(&rules[set.bits]); set.bits++) {
		if (rules[set.bits].audit)
			set.flags |= HG_POLICY_AUDITED;
		else
			mask.bits[0] |= 1ULL << set.bits;
	}
	policy->rows[set.enforced] = mask;
	write_cells(scene, &set, rules);
	policy->sets[number] = set;
	point_at(scene, pod, direction, number);
}

void scene_isolate(const struct scene *scene, enum role pod,
		   enum scene_direction direction, const struct scene_rule *rules)
{
	scene_isolate_by(scene, pod, direction, rules, true);
}

void scene_release(const struct scene *scene, enum role pod,
		   enum scene_direction direction)
{
	point_at(scene, pod, direction, 0);
}

void scene_switch_policy(const struct scene *scene)
{
	uint32_t epoch = (scene->harness->state->policy + 1) & HG_POLICY_EPOCH;

	scene->harness->state->policy = epoch | HG_POLICY_ON;
	for (enum role pod = POD_A; pod <= POD_B; pod++) {
		struct hg_policy_pod *record =
		    &scene->harness->policy.pods[place_of(scene, pod)];

		record->views[(epoch + 1) & 1] = record->views[epoch & 1];
	}
}

struct hg_policy_counter scene_counter(const struct scene *scene, enum role pod,
				       enum scene_direction direction, int rule)
{
	const struct harness_policy *policy = &scene->harness->policy;
	uint32_t parity = scene->harness->state->policy & 1;
	const struct hg_policy_set *set = &policy->sets[set_of(pod, direction, parity)];

	uint32_t place = rule >= 0 ? (uint32_t)rule : set->bits + (uint32_t)(-1 - rule);

	return policy->counters[set->counter_base + place];
}
