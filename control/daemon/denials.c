/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who isolated, of each packet that the datapath wrote down as refused. It names a counter,
 * which is another rule set's some changes later: names are looked up before sets go. What an
 * earlier daemon's sets refused stays without a name rather than get a wrong one.
 */
#include <stdlib.h>
#include <string.h>
#include <headgate/reasons.h>

#include "../lib/cleanup.h"
#include "controller_state.h"

/* Names in one line: of policies that drop, or of those that would. */
struct names {
	FILE *text;
	bool any, audit, is_egress;
};

static int put_name(void *context, const struct policy_rule *rule)
{
	struct names *names = context;

	if (rule->audit != names->audit)
		return 0;
	fprintf(names->text, "%s%s/%s", names->any ? ", " : "", rule->namespace,
		rule->name);
	names->any = true;
	names->is_egress = rule->is_egress;
	return 0;
}

/* Of audited packets and odd protocols only the policies tell. */
static const char *direction_of(uint32_t reason, const struct names *names)
{
	if (reason == HG_REASON_policy_egress)
		return "egress";
	if (reason == HG_REASON_policy_ingress)
		return "ingress";
	if (!names->any)
		return "";
	return names->is_egress ? "egress" : "ingress";
}

/* compiler NULL: nobody's. */
static void note(struct noted_denial *noted, const struct policy *compiler,
		 const struct datapath_refusal *packet)
{
	struct names names = { .audit = packet->reason == 0 };
	size_t size = 0;

	free(noted->policies);
	*noted = (struct noted_denial){ .number = packet->number };
	names.text = compiler ? open_memstream(&noted->policies, &size) : NULL;
	if (names.text) {
		policy_each_isolating(compiler,
				      policy_set_of_counter(compiler, packet->counter),
				      put_name, &names);
		if (fclose(names.text) != 0)
			noted->policies = NULL;
	}
	noted->direction = direction_of(packet->reason, &names);
}

static struct noted_denial *noted_of(struct denials *refusals, uint32_t number)
{
	return &refusals->noted[number % HG_POLICY_EVENTS];
}

static void note_all(struct controller *controller, const struct policy *compiler)
{
	const struct policy_tables *tables = &controller->policies.tables;
	struct datapath_refusal packets[HG_POLICY_EVENTS];
	uint64_t count = __atomic_load_n(&tables->counters[0].packets, __ATOMIC_ACQUIRE);
	size_t found;

	if (count == controller->denials.count)
		return;
	found = datapath_refusals(controller->datapath, packets, HG_POLICY_EVENTS);
	for (size_t i = 0; i < found; i++) {
		struct noted_denial *noted =
		    noted_of(&controller->denials, packets[i].number);

		if (noted->number != packets[i].number)
			note(noted, compiler, &packets[i]);
	}
	/* One that is being written has its number later: it is looked for again. */
	controller->denials.count =
	    found == count || found == HG_POLICY_EVENTS ? count : 0;
}

void denials_begin(struct controller *controller)
{
	note_all(controller, NULL);
}

void denials_note(struct controller *controller)
{
	note_all(controller, controller->policies.compiler);
}

size_t denials_list(struct controller *controller, struct api_denial *ret, size_t size)
{
	struct datapath_refusal packets[HG_POLICY_EVENTS];
	size_t count = 0, found;

	if (!controller->policies.compiler)
		return 0;
	denials_note(controller);
	found = datapath_refusals(controller->datapath, packets, HG_POLICY_EVENTS);
	for (size_t i = 0; i < found && count < size; i++) {
		const struct noted_denial *noted =
		    noted_of(&controller->denials, packets[i].number);

		if (noted->number == packets[i].number)
			ret[count++] = (struct api_denial){ packets[i], noted->direction,
							    noted->policies ?: "" };
	}
	return count;
}

void denials_clear(struct controller *controller)
{
	for (uint32_t i = 0; i < HG_POLICY_EVENTS; i++)
		free(controller->denials.noted[i].policies);
	controller->denials = (struct denials){ 0 };
}
