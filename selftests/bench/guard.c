// SPDX-License-Identifier: BSD-2-Clause
#include "guard.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../control/compile/policy.h"
#include "../../control/lib/addr.h"
#include "../../control/source/manifests.h"
#include "stage.h"
#include "world.h"

#define SHARED "{}" /* a podSelector that takes all */

struct guard {
	struct policy_tables tables;
	struct policy *policy;
};

#define CLIENTS 1000U

uint32_t guard_clients(const struct guard_options *options)
{
	if (options->clients)
		return options->clients;
	return options->peers < CLIENTS ? options->peers : CLIENTS;
}

/* Peers live in 10.64.0.0/10 and fd00:1:c::/64. */
struct hg_addr guard_peer(uint8_t family, uint32_t number)
{
	struct hg_addr addr = topology_addr(BACKEND_A, family);

	if (family == 4) {
		addr.words[3] = htonl(0x0a400000U + number + 1);
	} else {
		addr.words[1] = htonl(0x000c0000U);
		addr.words[3] = htonl(number + 1);
	}
	return addr;
}

static void write_pod(FILE *text, const char *name, const char *label, uint32_t value,
		      const struct hg_addr *addr)
{
	char written[ADDR_TEXT];

	addr_print(addr, written);
	fprintf(text,
		"---\napiVersion: v1\nkind: Pod\nmetadata: {name: %s%u, namespace: b, "
		"labels: {%s: v%u}}\nspec: {nodeName: %s}\n"
		"status: {phase: Running, podIP: '%s'}\n",
		name, value, label, value, *name == 'e' ? "a" : "elsewhere", written);
}

static void write_pods(FILE *text, const struct world *world)
{
	const struct world_options *options = &world->options;
	char written[ADDR_TEXT];

	for (uint32_t i = 0; i < options->endpoints; i++) {
		struct hg_addr addr = world_endpoint(world, 0, i);

		write_pod(text, "e", "endpoint", i, &addr);
	}
	for (uint32_t i = 0; i < options->guard.peers; i++) {
		struct hg_addr addr = guard_peer(options->family, i);

		fprintf(
		    text,
		    "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p%u, namespace: b, "
		    "labels: {group: g%u}}\nspec: {nodeName: elsewhere}\n"
		    "status: {phase: Running, podIP: '%s'}\n",
		    i, i % options->guard.rules, addr_print(&addr, written));
	}
}

/* Rules differ by a port each, beside the one that is asked for: none is another's. */
static void write_rules(FILE *text, const struct guard_options *options)
{
	for (uint32_t i = 0; options->peers && i < options->rules; i++)
		fprintf(text,
			"  - from: [{podSelector: {matchLabels: {group: g%u}}}]\n"
			"    ports: [{port: %u}, {port: %u}]\n",
			i, WORLD_TARGET_PORT, 20000U + i);
}

/* A block for the clients, and others around that nobody is in. */
static void write_blocks(FILE *text, const struct world *world)
{
	const struct world_options *options = &world->options;
	struct hg_addr client = world_client(world, 0, false);
	char written[ADDR_TEXT];

	if (options->guard.peers)
		return;
	fprintf(text,
		"  - ports: [{port: %u}]\n    from:\n    - ipBlock: {cidr: %s/%u}\n",
		WORLD_TARGET_PORT, addr_print(&client, written),
		options->family == 4 ? 24U : 64U);
	for (uint32_t i = 0; i < options->guard.blocks; i++) {
		if (options->family == 4)
			fprintf(text,
				"    - ipBlock: {cidr: %u.%u.%u.0/24, except: "
				"[%u.%u.%u.16/28]}\n",
				20 + (i >> 16), i >> 8 & 255, i & 255, 20 + (i >> 16),
				i >> 8 & 255, i & 255);
		else
			fprintf(text,
				"    - ipBlock: {cidr: '2001:db8:%x::/48', except: "
				"['2001:db8:%x:1::/64']}\n",
				0x1000 + i, 0x1000 + i);
	}
}

static void write_policies(FILE *text, const struct world *world)
{
	const struct world_options *options = &world->options;
	uint32_t count = options->guard.own_sets ? options->endpoints : 1;

	for (uint32_t i = 0; i < count; i++) {
		char subject[64] = SHARED;

		if (options->guard.own_sets)
			snprintf(subject, sizeof(subject),
				 "{matchLabels: {endpoint: v%u}}", i);
		fprintf(text,
			"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
			"metadata: {name: n%u, namespace: b}\n"
			"spec:\n  podSelector: %s\n  ingress:\n",
			i, subject);
		write_rules(text, &options->guard);
		write_blocks(text, world);
	}
}

static int enter_object(void *context, struct object *object)
{
	return cluster_set(context, object);
}

static void enter_objects(struct world *world, struct cluster *cluster)
{
	char *manifest = NULL;
	size_t size = 0;
	FILE *text = open_memstream(&manifest, &size);

	if (!text)
		give_up("out of memory");
	write_pods(text, world);
	write_policies(text, world);
	fclose(text);
	if (manifest_read(manifest, size, "bench", enter_object, cluster,
			  &world->complaints) < 0)
		give_up("a policy is refused: %s", world->complaints.items[0].sentence);
	free(manifest);
}

struct guard *guard_open(struct world *world, struct cluster *cluster)
{
	const struct policy_options options = { .node_name = "a" };
	struct guard *guard = calloc(1, sizeof(*guard));

	if (!guard)
		give_up("out of memory");
	enter_objects(world, cluster);
	if (datapath_policy_tables(world->datapath, &world->complaints, &guard->tables) <
	    0)
		give_up("%s", world->complaints.items[0].sentence);
	guard->policy = policy_new(&options, &guard->tables);
	if (!guard->policy ||
	    policy_update(guard->policy, cluster, &world->complaints) < 0)
		give_up("policies are not compiled: %s",
			world->complaints.count ? world->complaints.items[0].sentence
						: "out of memory");
	return guard;
}

void guard_close(struct guard *guard)
{
	if (guard)
		policy_free(guard->policy);
	free(guard);
}

void guard_switch(const struct world *world, bool on)
{
	if (on)
		world->state->policy |= HG_POLICY_ON;
	else
		world->state->policy &= ~(__u32)HG_POLICY_ON;
}
