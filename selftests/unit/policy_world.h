/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cluster of pods and policies, and the compiler over tables in plain memory. Policies
 * are written in few words: see add_rule().
 */
#ifndef UNIT_POLICY_WORLD_H
#define UNIT_POLICY_WORLD_H

#include "objects.h"
#include "../../control/compile/policy_memory.h"

#define NODE "here"

struct policy_world {
	struct cluster *cluster;
	struct policy_memory *memory;
	struct policy *policy;
	struct complaints complaints;
};

static inline void open_policy(struct policy_world *world, enum policy_mode mode)
{
	struct policy_options options = { .node_name = NODE, .mode = mode };

	world->memory->tables.state = world->memory->state;
	world->policy = policy_new(&options, &world->memory->tables);
	assert_non_null(world->policy);
}

static inline struct policy_world *new_policy_world(void)
{
	struct policy_world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	world->cluster = new_cluster();
	world->memory = policy_memory_new();
	assert_non_null(world->memory);
	open_policy(world, POLICY_ENFORCE);
	return world;
}

static inline void free_policy_world(struct policy_world *world)
{
	policy_free(world->policy);
	policy_memory_free(world->memory);
	cluster_free(world->cluster);
	complaints_clear(&world->complaints);
	free(world);
}

static inline int update(struct policy_world *world)
{
	return policy_update(world->policy, world->cluster, &world->complaints);
}

static inline void put(struct policy_world *world, struct object *object)
{
	assert_int_equal(
	    policy_changed(world->policy, object->kind, object->namespace, object->name),
	    0);
	assert_int_equal(cluster_set(world->cluster, object), 0);
}

static inline void take(struct policy_world *world, enum object_kind kind,
			const char *namespace, const char *name)
{
	assert_int_equal(policy_changed(world->policy, kind, namespace, name), 0);
	assert_int_equal(cluster_remove(world->cluster, kind, namespace, name), 0);
}

static inline void add_label(struct object *object, const char *key, const char *value)
{
	object->labels =
	    grow(object->labels, object->label_count + 1, sizeof(*object->labels));
	object->labels[object->label_count++] =
	    (struct label){ text_copy(key), text_copy(value) };
}

static inline void add_requirement(struct label_selector *selector, const char *key,
				   enum label_operator op, const char *values)
{
	selector->requirements = grow(selector->requirements, selector->count + 1,
				      sizeof(*selector->requirements));
	selector->requirements[selector->count++] = (struct label_requirement){
		.key = text_copy(key), .op = op, .values = name_list(values)
	};
}

/* A pod of this node; "app" is its label. */
static inline struct object *policy_pod(const char *namespace, const char *name,
					const char *address, const char *app)
{
	struct object *object = new_object(OBJECT_POD, namespace, name);

	if (address)
		add_addr(&object->pod.ips, address);
	object->pod.node_name = text_copy(NODE);
	if (app)
		add_label(object, "app", app);
	return object;
}

static inline void add_named_port(struct object *object, const char *name,
				  uint8_t protocol, uint16_t port)
{
	struct pod *pod = &object->pod;

	pod->ports = grow(pod->ports, pod->port_count + 1, sizeof(*pod->ports));
	pod->ports[pod->port_count++] =
	    (struct container_port){ text_copy(name), protocol, port };
}

/* Selects all pods of the namespace. */
static inline struct object *new_policy(const char *namespace, const char *name,
					bool ingress, bool egress)
{
	struct object *object = new_object(OBJECT_NETWORK_POLICY, namespace, name);

	object->policy.has_ingress = ingress;
	object->policy.has_egress = egress;
	return object;
}

static inline struct policy_spec_rule *add_rule(struct object *object, bool is_egress)
{
	struct network_policy *policy = &object->policy;
	struct policy_spec_rule **rules = is_egress ? &policy->egress : &policy->ingress;
	size_t *count = is_egress ? &policy->egress_count : &policy->ingress_count;

	*rules = grow(*rules, *count + 1, sizeof(**rules));
	(*rules)[*count] = (struct policy_spec_rule){ 0 };
	return &(*rules)[(*count)++];
}

static inline struct policy_peer *add_peer(struct policy_spec_rule *rule)
{
	rule->peers = grow(rule->peers, rule->peer_count + 1, sizeof(*rule->peers));
	rule->peers[rule->peer_count] = (struct policy_peer){ 0 };
	return &rule->peers[rule->peer_count++];
}

/* Pods of the policy's namespace with this app; NULL: all. */
static inline struct policy_peer *add_pod_peer(struct policy_spec_rule *rule,
					       const char *app)
{
	struct policy_peer *peer = add_peer(rule);

	peer->has_pods = true;
	if (app)
		add_requirement(&peer->pods, "app", LABEL_IN, app);
	return peer;
}

/* All pods of namespaces with this label "team"; NULL: of all. */
static inline struct policy_peer *add_namespace_peer(struct policy_spec_rule *rule,
						     const char *team)
{
	struct policy_peer *peer = add_peer(rule);

	peer->has_namespaces = true;
	if (team)
		add_requirement(&peer->namespaces, "team", LABEL_IN, team);
	return peer;
}

/* excepts: separated by commas; NULL: none. */
static inline void add_block_peer(struct policy_spec_rule *rule, const char *block,
				  const char *excepts)
{
	struct policy_peer *peer = add_peer(rule);
	char **texts = name_list(excepts);

	assert_int_equal(cidr_parse(block, &peer->block.block), 0);
	for (size_t i = 0; texts && texts[i]; i++) {
		add_range(&peer->block.except, texts[i]);
		free(texts[i]);
	}
	free(texts);
}

static inline void add_port_range(struct policy_spec_rule *rule, uint8_t protocol,
				  uint16_t first, uint16_t last)
{
	rule->ports = grow(rule->ports, rule->port_count + 1, sizeof(*rule->ports));
	rule->ports[rule->port_count++] =
	    (struct policy_port){ .protocol = protocol, .first = first, .last = last };
}

static inline void add_port_name(struct policy_spec_rule *rule, uint8_t protocol,
				 const char *name)
{
	rule->ports = grow(rule->ports, rule->port_count + 1, sizeof(*rule->ports));
	rule->ports[rule->port_count++] =
	    (struct policy_port){ .protocol = protocol, .name = text_copy(name) };
}

static inline struct policy_verdict ask(const struct policy_world *world, bool is_egress,
					const struct policy_question *question)
{
	struct policy_verdict verdict;

	if (is_egress)
		policy_judge_egress(world->policy, question, &verdict);
	else
		policy_judge_ingress(world->policy, question, &verdict);
	return verdict;
}

static inline bool passes(const struct policy_world *world, const char *from,
			  const char *to, uint8_t protocol, uint16_t port)
{
	struct policy_question question = {
		.from = addr(from), .to = addr(to), .protocol = protocol, .port = port
	};

	return ask(world, true, &question).outcome != POLICY_DENIED &&
	       ask(world, false, &question).outcome != POLICY_DENIED;
}

#endif
