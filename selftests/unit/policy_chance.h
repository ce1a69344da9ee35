/* SPDX-License-Identifier: BSD-2-Clause */
/* Random objects of a small world, in which chance meets often enough. */
#ifndef UNIT_POLICY_CHANCE_H
#define UNIT_POLICY_CHANCE_H

#include "policy_world.h"

/* From bytes that a fuzzer chose, as long as there are any, and from a seed, not zero. */
struct chance {
	uint64_t state;
	const uint8_t *bytes;
	size_t left;
};

static inline unsigned draw(struct chance *chance, unsigned below)
{
	if (chance->left) {
		chance->left--;
		return *chance->bytes++ % below;
	}
	chance->state ^= chance->state << 13;
	chance->state ^= chance->state >> 7;
	chance->state ^= chance->state << 17;
	return (unsigned)((chance->state >> 20) % below);
}

static inline const char *pick(struct chance *chance, const char *const *texts,
			       size_t count)
{
	return texts[draw(chance, (unsigned)count)];
}
#define PICK(chance, texts) pick(chance, texts, sizeof(texts) / sizeof(*(texts)))

static const char *const NAMESPACES[] = { "red", "green", "blue" };
static const char *const APPS[] = { "web", "db", "cache", "" };
static const char *const KEYS[] = { "app", "tier" };
static const char *const TEAMS[] = { "a", "b" };
static const char *const PORT_NAMES[] = { "http", "dns" };
static const char *const BLOCKS[] = { "10.0.0.0/16", "10.0.0.0/24",  "0.0.0.0/0",
				      "10.0.0.0/28", "192.0.2.0/25", "fd00::/64",
				      "::/0",	     "10.0.0.4/30",  "fd00::/16" };
static const char *const EXCEPTS[] = { "10.0.0.2/31",	"10.0.0.5/32", "10.0.0.0/30",
				       "192.0.2.64/26", "fd00::4/127", "10.0.0.4/30",
				       "10.0.0.128/25", "fd00::/126" };
static const uint8_t PROTOCOLS[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };

static inline struct hg_addr chance_addr(struct chance *chance)
{
	char text[ADDR_TEXT];

	switch (draw(chance, 8)) {
	case 0:
		snprintf(text, sizeof(text), "192.0.2.%u", draw(chance, 128));
		break;
	case 1:
		snprintf(text, sizeof(text), "10.0.%u.1", draw(chance, 3));
		break;
	case 2:
	case 3:
		snprintf(text, sizeof(text), "fd00::%x", draw(chance, 8));
		break;
	case 4:
		snprintf(text, sizeof(text), "2001:db8::%x", draw(chance, 3));
		break;
	default:
		snprintf(text, sizeof(text), "10.0.0.%u", draw(chance, 8));
		break;
	}
	return addr(text);
}

static inline struct policy_question chance_question(struct chance *chance)
{
	struct policy_question question = {
		.from = chance_addr(chance),
		.to = chance_addr(chance),
		.protocol = PROTOCOLS[draw(chance, 3)],
		.port = (uint16_t)(79 + draw(chance, 5)),
	};

	if (draw(chance, 10) == 0) {
		question.protocol = IPPROTO_ICMP;
		question.port = 0;
	}
	return question;
}

static inline void chance_selector(struct chance *chance, struct label_selector *selector,
				   const char *key, const char *const *values,
				   size_t value_count)
{
	for (unsigned i = draw(chance, 3); i > 0; i--) {
		enum label_operator op = (enum label_operator)draw(chance, 4);
		char text[64];

		if (draw(chance, 2))
			op = LABEL_IN;
		snprintf(text, sizeof(text), "%s,%s", pick(chance, values, value_count),
			 pick(chance, values, value_count));
		add_requirement(selector, draw(chance, 4) ? key : PICK(chance, KEYS), op,
				op <= LABEL_NOT_IN ? text : NULL);
	}
}

static inline struct object *chance_namespace(struct chance *chance)
{
	struct object *object =
	    new_object(OBJECT_NAMESPACE, "", PICK(chance, NAMESPACES));

	if (draw(chance, 3))
		add_label(object, "team", PICK(chance, TEAMS));
	return object;
}

static inline struct object *chance_pod(struct chance *chance)
{
	char name[16], address[ADDR_TEXT];
	struct object *object;

	snprintf(name, sizeof(name), "pod%u", draw(chance, 5));
	snprintf(address, sizeof(address), "10.0.0.%u", draw(chance, 8));
	object =
	    policy_pod(PICK(chance, NAMESPACES), name, draw(chance, 8) ? address : NULL,
		       draw(chance, 5) ? PICK(chance, APPS) : NULL);
	if (draw(chance, 3) == 0) {
		snprintf(address, sizeof(address), "fd00::%x", draw(chance, 8));
		add_addr(&object->pod.ips, address);
	}
	if (draw(chance, 3) == 0)
		add_label(object, "tier", PICK(chance, APPS));
	if (draw(chance, 3) == 0) {
		free(object->pod.node_name);
		object->pod.node_name = text_copy("there");
	}
	for (unsigned i = draw(chance, 3); i > 0; i--)
		add_named_port(object, PICK(chance, PORT_NAMES),
			       PROTOCOLS[draw(chance, 2)],
			       (uint16_t)(80 + draw(chance, 3)));
	object->pod.terminated = draw(chance, 10) == 0;
	object->pod.host_network = draw(chance, 10) == 0;
	return object;
}

static inline void chance_block(struct chance *chance, struct policy_peer *peer)
{
	assert_int_equal(cidr_parse(PICK(chance, BLOCKS), &peer->block.block), 0);
	for (unsigned i = draw(chance, 3); i > 0; i--) {
		struct cidr except;

		assert_int_equal(cidr_parse(PICK(chance, EXCEPTS), &except), 0);
		if (except.bits <= peer->block.block.bits ||
		    !cidr_contains(&peer->block.block, &except.addr) ||
		    addr_is_v4(&except.addr) != addr_is_v4(&peer->block.block.addr))
			continue;
		peer->block.except.items =
		    grow(peer->block.except.items, peer->block.except.count + 1,
			 sizeof(except));
		peer->block.except.items[peer->block.except.count++] = except;
	}
}

static inline void chance_peer(struct chance *chance, struct policy_peer *peer)
{
	unsigned kind = draw(chance, 4);

	peer->has_pods = kind == 0 || kind == 2;
	peer->has_namespaces = kind == 1 || kind == 2;
	if (peer->has_pods)
		chance_selector(chance, &peer->pods, "app", APPS, 3);
	if (peer->has_namespaces)
		chance_selector(chance, &peer->namespaces, "team", TEAMS, 2);
	if (kind == 3)
		chance_block(chance, peer);
}

static inline void chance_ports(struct chance *chance, struct policy_spec_rule *rule)
{
	for (unsigned i = draw(chance, 3); i > 0; i--) {
		uint8_t protocol = PROTOCOLS[draw(chance, 3)];
		uint16_t first = (uint16_t)(79 + draw(chance, 4));

		if (draw(chance, 3) == 0)
			add_port_name(rule, protocol, PICK(chance, PORT_NAMES));
		else if (draw(chance, 6) == 0)
			add_port_range(rule, protocol, 0, 65535);
		else
			add_port_range(rule, protocol, first,
				       (uint16_t)(first + draw(chance, 3)));
	}
}

static inline struct object *chance_policy(struct chance *chance)
{
	unsigned types = 1 + draw(chance, 3);
	struct object *object;
	char name[16];

	snprintf(name, sizeof(name), "policy%u", draw(chance, 5));
	object = new_policy(PICK(chance, NAMESPACES), name, types & 1, types & 2);
	if (draw(chance, 2))
		chance_selector(chance, &object->policy.subjects, "app", APPS, 3);
	object->policy.audit = draw(chance, 6) == 0;
	object->policy.refused = draw(chance, 12) == 0;
	for (unsigned i = draw(chance, 6); i > 0; i--) {
		struct policy_spec_rule *rule = add_rule(object, draw(chance, 2));

		for (unsigned j = draw(chance, 4); j > 0; j--)
			chance_peer(chance, add_peer(rule));
		chance_ports(chance, rule);
	}
	return object;
}

/* One object comes, changes or goes. */
static inline void chance_change(struct chance *chance, struct policy_world *world)
{
	unsigned kind = draw(chance, 8);
	struct object *object;

	if (kind < 4)
		object = chance_pod(chance);
	else if (kind < 7)
		object = chance_policy(chance);
	else
		object = chance_namespace(chance);
	if (draw(chance, 5)) {
		put(world, object);
		return;
	}
	if (cluster_find(world->cluster, object->kind, object->namespace, object->name))
		take(world, object->kind, object->namespace, object->name);
	object_free(object);
}

#endif
