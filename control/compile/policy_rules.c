/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Order within a rule: the bit of its plain ports, then those of named ones by protocol
 * and number. What a name stands for is the destination's business: on ingress the pod's
 * own, so that its number is looked up for each pod; on egress the peer's, so that there is
 * a bit for each number in use, whose peers are the pods where the name stands for it.
 */
#include "policy_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "policy_namespace.h"
#include "policy_peers.h"
#include "policy_ports.h"
#include "policy_selector.h"
#include "policy_terms.h"
#include "policy_who.h"

/* gcc's analyzer loses sight of what structures own; ASan looks for leaks in the tests. */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

void policy_rules_forget(struct policy *policy, struct policy_record *record)
{
	for (uint32_t i = 0; i < record->bit_count; i++) {
		policy_term_drop(policy, record->bits[i].peers);
		policy_term_drop(policy, record->bits[i].ports);
		free(record->bits[i].port_name);
	}
	free(record->bits);
	record->bits = NULL;
	record->bit_count = record->bit_capacity = 0;
	if (record->has_named)
		policy->named_count--;
	record->is_read = record->has_named = false;
}

/* ---- a policy's rules ---- */
/* The bit, or NULL: out of memory. */
static struct policy_rule_bit *add_bit(struct policy_record *record, uint32_t rule,
				       bool is_egress)
{
	struct policy_rule_bit *bit;

	if (policy_room(&record->bits, &record->bit_capacity, record->bit_count + 1,
			sizeof(*record->bits)) < 0)
		return NULL;
	bit = &record->bits[record->bit_count++];
	*bit = (struct policy_rule_bit){ .rule = rule, .is_egress = is_egress };
	return bit;
}

struct reading {
	struct policy *policy;
	struct policy_record *record;
	const struct policy_spec_rule *rule;
	uint32_t index;
	bool is_egress;
};

static struct policy_term *take_port(struct policy *policy, uint8_t protocol,
				     uint16_t number)
{
	struct policy_range range = { .first = number,
				      .last = number,
				      .protocol = (uint8_t)hg_policy_protocol(protocol) };

	return policy_ports_take(policy, &range, 1);
}

static int take_plain_ports(const struct reading *reading, struct policy_term **ret_term)
{
	const struct policy_spec_rule *rule = reading->rule;
	struct policy_range *ranges = calloc(rule->port_count, sizeof(*ranges));
	struct policy_term *term;
	uint32_t count = 0;

	if (!ranges)
		return -ENOMEM;
	for (size_t i = 0; i < rule->port_count; i++) {
		const struct policy_port *port = &rule->ports[i];

		if (port->name)
			continue;
		ranges[count].protocol = (uint8_t)hg_policy_protocol(port->protocol);
		ranges[count].first = port->first;
		ranges[count++].last = port->last;
	}
	term = policy_ports_take(reading->policy, ranges, count);
	free(ranges);
	if (!term)
		return -ENOMEM;
	*ret_term = term;
	return 0;
}

static int read_plain(const struct reading *reading)
{
	static const struct policy_port_wish any = { 0 };
	const struct policy_spec_rule *rule = reading->rule;
	struct policy_rule_bit *bit;
	size_t plain = 0;

	for (size_t i = 0; i < rule->port_count; i++)
		plain += !rule->ports[i].name;
	if (rule->port_count && !plain)
		return 0;
	bit = add_bit(reading->record, reading->index, reading->is_egress);
	if (!bit)
		return -ENOMEM;
	if (plain && take_plain_ports(reading, &bit->ports) < 0)
		return -ENOMEM;
	return policy_peers_take(reading->policy, reading->record->namespace, rule, &any,
				 &bit->peers);
}

static int read_named_ingress(const struct reading *reading,
			      const struct policy_port *port)
{
	static const struct policy_port_wish any = { 0 };
	struct policy_rule_bit *bit =
	    add_bit(reading->record, reading->index, reading->is_egress);

	if (!bit)
		return -ENOMEM;
	bit->protocol = port->protocol;
	bit->port_name = strdup(port->name);
	if (!bit->port_name)
		return -ENOMEM;
	return policy_peers_take(reading->policy, reading->record->namespace,
				 reading->rule, &any, &bit->peers);
}

/* May pods of this namespace be peers of the rule? */
static bool may_reach(const struct reading *reading,
		      const struct policy_namespace *namespace)
{
	const struct policy_spec_rule *rule = reading->rule;

	for (size_t i = 0; i < rule->peer_count; i++) {
		const struct policy_peer *peer = &rule->peers[i];

		if (peer->has_namespaces
			? policy_selector_matches_namespace(
			      &peer->namespaces, namespace->name, namespace->object)
			: !peer->has_pods || namespace == reading->record->namespace)
			return true;
	}
	return !rule->peer_count;
}

static int order_wishes(const void *a, const void *b)
{
	const struct policy_port_wish *x = a, *y = b;

	if (x->protocol != y->protocol)
		return x->protocol - y->protocol;
	if (x->number != y->number)
		return x->number - y->number;
	return strcmp(x->name, y->name);
}

struct wishes {
	struct policy_port_wish *items;
	uint32_t count, capacity;
};

static bool is_named(const struct policy_spec_rule *rule,
		     const struct policy_named_number *number)
{
	for (size_t i = 0; i < rule->port_count; i++) {
		const struct policy_port *port = &rule->ports[i];

		if (port->name && port->protocol == number->protocol &&
		    strcmp(port->name, number->name) == 0)
			return true;
	}
	return false;
}

/* The numbers that the rule's names stand for, in pods that may be its peers. */
static int list_wishes(const struct reading *reading, struct wishes *wishes)
{
	struct policy_namespace *namespace;
	uint32_t cursor = 0;

	while ((namespace = policy_hash_next(&reading->policy->namespaces, &cursor))) {
		if (policy_namespace_read_numbers(namespace) < 0)
			return -ENOMEM;
		if (!namespace->number_count || !may_reach(reading, namespace))
			continue;
		for (uint32_t i = 0; i < namespace->number_count; i++) {
			const struct policy_named_number *number = &namespace->numbers[i];

			if (!is_named(reading->rule, number))
				continue;
			if (policy_room(&wishes->items, &wishes->capacity,
					wishes->count + 1, sizeof(*wishes->items)) < 0)
				return -ENOMEM;
			wishes->items[wishes->count++] =
			    (struct policy_port_wish){ number->name, number->protocol,
						       number->number };
		}
	}
	if (wishes->count)
		qsort(wishes->items, wishes->count, sizeof(*wishes->items), order_wishes);
	return 0;
}

static int read_wish(const struct reading *reading, const struct policy_port_wish *wish)
{
	struct policy_rule_bit *bit =
	    add_bit(reading->record, reading->index, reading->is_egress);

	if (!bit)
		return -ENOMEM;
	bit->ports = take_port(reading->policy, wish->protocol, wish->number);
	if (!bit->ports)
		return -ENOMEM;
	return policy_peers_take(reading->policy, reading->record->namespace,
				 reading->rule, wish, &bit->peers);
}

static int read_named_egress(const struct reading *reading)
{
	struct wishes wishes = { 0 };
	int r = list_wishes(reading, &wishes);

	if (!reading->record->has_named)
		reading->policy->named_count++;
	reading->record->has_named = true;
	for (uint32_t i = 0; r == 0 && i < wishes.count; i++) {
		if (i && order_wishes(&wishes.items[i - 1], &wishes.items[i]) == 0)
			continue;
		r = read_wish(reading, &wishes.items[i]);
	}
	free(wishes.items);
	return r;
}

static int read_rule(const struct reading *reading)
{
	const struct policy_spec_rule *rule = reading->rule;
	bool has_named = false;
	int r = read_plain(reading);

	for (size_t i = 0; r == 0 && i < rule->port_count; i++) {
		if (!rule->ports[i].name)
			continue;
		has_named = true;
		if (!reading->is_egress)
			r = read_named_ingress(reading, &rule->ports[i]);
	}
	if (r == 0 && has_named && reading->is_egress)
		r = read_named_egress(reading);
	return r;
}

static int read_rules(struct policy *policy, struct policy_record *record)
{
	const struct network_policy *object = &record->object->policy;
	struct reading reading = { policy, record, NULL, 0, false };
	int r = 0;

	if (record->is_read || object->refused)
		return 0;
	for (; r == 0 && reading.index < object->ingress_count; reading.index++) {
		reading.rule = &object->ingress[reading.index];
		r = read_rule(&reading);
	}
	reading.is_egress = true;
	reading.index = 0;
	for (; r == 0 && reading.index < object->egress_count; reading.index++) {
		reading.rule = &object->egress[reading.index];
		r = read_rule(&reading);
	}
	if (r < 0)
		policy_rules_forget(policy, record);
	else
		record->is_read = true;
	return r;
}

/* ---- what applies to a pod ---- */
static bool isolates(const struct policy_record *record, const struct object *pod,
		     bool is_egress)
{
	const struct network_policy *object = &record->object->policy;

	return (is_egress ? object->has_egress : object->has_ingress) &&
	       policy_selector_matches(&object->subjects, pod);
}

/* The numbers that names of this rule stand for in the pod: bits from *at on, which is
 * moved past them. */
static int draft_named(struct policy *policy, const struct policy_record *record,
		       const struct pod *pod, uint32_t *at, struct policy_draft *draft)
{
	const struct policy_rule_bit *first = &record->bits[*at];
	struct wishes wishes = { 0 };
	int r = 0;

	for (; *at < record->bit_count && record->bits[*at].port_name &&
	       record->bits[*at].rule == first->rule;
	     ++*at) {
		const struct policy_rule_bit *bit = &record->bits[*at];

		for (size_t i = 0; r == 0 && i < pod->port_count; i++) {
			if (pod->ports[i].protocol != bit->protocol ||
			    strcmp(pod->ports[i].name, bit->port_name) != 0)
				continue;
			r = policy_room(&wishes.items, &wishes.capacity, wishes.count + 1,
					sizeof(*wishes.items));
			if (r == 0)
				wishes.items[wishes.count++] =
				    (struct policy_port_wish){ "", bit->protocol,
							       pod->ports[i].port };
		}
	}
	if (wishes.count)
		qsort(wishes.items, wishes.count, sizeof(*wishes.items), order_wishes);
	for (uint32_t i = 0; r == 0 && i < wishes.count; i++) {
		struct policy_term *port =
		    take_port(policy, wishes.items[i].protocol, wishes.items[i].number);

		r = port ? policy_draft_add(draft, record, first, port) : -ENOMEM;
		policy_term_drop(policy, port);
	}
	free(wishes.items);
	return r;
}

static int draft_record(struct policy *policy, const struct policy_record *record,
			const struct pod *pod, struct policy_draft *draft)
{
	int r = policy_draft_isolate(draft, record);
	uint32_t at = 0;

	while (r == 0 && at < record->bit_count) {
		const struct policy_rule_bit *bit = &record->bits[at];

		if (bit->is_egress != draft->is_egress) {
			at++;
		} else if (bit->port_name) {
			r = draft_named(policy, record, pod, &at, draft);
		} else {
			r = policy_draft_add(draft, record, bit, bit->ports);
			at++;
		}
	}
	return r;
}

int policy_rules_draft(struct policy *policy, const struct policy_addr *addr,
		       struct policy_draft *draft)
{
	const struct policy_namespace *namespace = addr->pod->namespace;
	const struct object *object = addr->pod->object;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < namespace->policy_count; i++) {
		struct policy_record *record = namespace->policies[i];

		if (!isolates(record, object, draft->is_egress))
			continue;
		r = read_rules(policy, record);
		if (r == 0)
			r = draft_record(policy, record, &object->pod, draft);
	}
	return r;
}
