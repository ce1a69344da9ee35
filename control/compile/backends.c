/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From endpoints to backends: state by condition, choice, weight and health.
 *
 *   serves  chosen  weight  health   state
 *   no      -       -       -        down
 *   yes     -       -       down     down (active when all chosen ones are, if panic is on)
 *   yes     yes     > 0     other    active
 *   yes     no      or 0    other    standby: keeps its flows, takes no new ones
 *
 * A health "not known yet" counts as usable, since a balancer that starts must not refuse
 * traffic until its first round of checks is over; but an endpoint that is out of the
 * tables in force (compile_input.is_out) stays out until its check succeeds.
 */
#include "job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/cleanup.h"
#include "table.h"

static bool serves(const struct endpoint *endpoint)
{
	return endpoint->from->ready || endpoint->from->serving;
}

static int ask_health(const struct job *job, const struct endpoint *endpoint)
{
	const struct compile_input *input = job->input;
	const struct check_spec *check = &job->object->service.options.check;

	if (check->type == CHECK_NONE || !input->health || !serves(endpoint))
		return HEALTH_NONE;
	return input->health(input->health_context, &endpoint->from->addr,
			     check->port ? check->port : endpoint->port, check);
}

/* An unknown health changes nothing: who is out stays out, everybody else is used. */
static int effective_health(const struct job *job, const struct endpoint *endpoint,
			    int health)
{
	const struct compile_input *input = job->input;

	if (health != HEALTH_UNKNOWN || !input->is_out)
		return health;
	return input->is_out(input->is_out_context, &endpoint->from->addr, endpoint->port,
			     job->port->protocol)
		   ? HEALTH_DOWN
		   : health;
}

static enum backend_state judge(const struct endpoint *endpoint, bool chosen, int health)
{
	if (!serves(endpoint) || health == HEALTH_DOWN)
		return BACKEND_DOWN;
	return chosen && endpoint->from->weight ? BACKEND_ACTIVE : BACKEND_STANDBY;
}

static uint16_t weight_of(const struct endpoint *endpoint)
{
	uint16_t weight = endpoint->from->weight;

	return weight < TABLE_WEIGHT_MAX ? weight : TABLE_WEIGHT_MAX;
}

static int add_backend(const struct endpoint *endpoint, enum backend_state state,
		       int health, struct wanted_port *port)
{
	const struct slice_endpoint *from = endpoint->from;
	struct wanted_backend *backend = &port->backends[port->backend_count++];

	*backend = (struct wanted_backend){
		.addr = from->addr,
		.port = endpoint->port,
		.weight = weight_of(endpoint),
		.state = state,
		.terminating = from->terminating,
		.node = from->node_name ? strdup(from->node_name) : NULL,
		.pod = from->target ? strdup(from->target) : NULL,
	};
	backend->health = health;
	if ((from->node_name && !backend->node) || (from->target && !backend->pod))
		return -ENOMEM;
	return 0;
}

struct verdict {
	enum backend_state state;
	int health;
};

/* Returns how many are active. */
static size_t judge_all(const struct job *job, const struct endpoint_list *list,
			const bool *chosen, struct verdict *verdicts)
{
	size_t active = 0;

	for (size_t i = 0; i < list->count; i++) {
		verdicts[i].health = ask_health(job, &list->items[i]);
		verdicts[i].state =
		    judge(&list->items[i], chosen[i],
			  effective_health(job, &list->items[i], verdicts[i].health));
		active += verdicts[i].state == BACKEND_ACTIVE;
	}
	if (active || !job->object->service.options.panic)
		return active;
	for (size_t i = 0; i < list->count; i++) {
		if (!chosen[i] || !list->items[i].from->weight)
			continue;
		verdicts[i].state = BACKEND_ACTIVE;
		active++;
	}
	return active;
}

static int add_all(const struct endpoint_list *list, const struct verdict *verdicts,
		   bool active, struct wanted_port *port)
{
	for (size_t i = 0; i < list->count; i++) {
		int r;

		if ((verdicts[i].state == BACKEND_ACTIVE) != active ||
		    port->backend_count >= TABLE_BACKENDS_MAX)
			continue;
		r = add_backend(&list->items[i], verdicts[i].state, verdicts[i].health,
				port);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Empty because of the policy, though another node has endpoints: drop, do not refuse. */
static void flag_no_local(const struct endpoint_list *list, struct wanted_port *port)
{
	bool any_usable = false;

	for (size_t i = 0; i < list->count; i++)
		any_usable = any_usable || endpoint_is_usable(&list->items[i]);
	for (size_t i = 0; any_usable && i < port->frontend_count; i++)
		port->frontends[i].flags |= HG_SERVICE_NO_LOCAL;
}

static void complain_of_limits(const struct job *job, const struct endpoint_list *list,
			       size_t chosen)
{
	const struct about about = object_about(job->object, CAUSE_NO_ROOM);
	uint32_t asked = job->object->service.options.table_size;

	if (list->count > TABLE_BACKENDS_MAX)
		complain(job->complaints, COMPLAINT_WARNING, &job->object->place, &about,
			 "port %u/%s has %zu endpoints, the first %u are used: split the "
			 "Service",
			 job->port->port, protocol_print(job->port->protocol),
			 list->count, TABLE_BACKENDS_MAX);
	if (asked && (asked < chosen || asked > TABLE_SLOTS_MAX))
		complain(job->complaints, COMPLAINT_WARNING, &job->object->place, &about,
			 "a table of %u slots cannot serve %zu endpoints, the nearest "
			 "possible size is used: ask for %zu to %u, or leave it out",
			 asked, chosen, chosen, TABLE_SLOTS_MAX);
}

/*
 * The size follows all that were chosen, the content the active ones: a failing check moves
 * the slots of one backend and leaves the others where they are.
 */
static int fill_table(const struct job *job, const struct table_load *load,
		      struct wanted_port *port)
{
	const struct service_options *options = &job->object->service.options;
	struct table_shape shape = {
		.algorithm = options->algorithm,
		.size = table_size(options->algorithm, options->table_size, load),
		.seed = job->input->seed,
	};

	if (!port->active_count)
		return 0;
	port->slots = calloc(shape.size, sizeof(*port->slots));
	if (!port->slots)
		return -ENOMEM;
	port->slot_count = shape.size;
	table_hash(&shape, port->backends, port->active_count, port->table_hash);
	return table_fill(&shape, port->backends, port->active_count, port->slots);
}

/* What the table must have room for, whatever health says at the moment. */
static struct table_load load_of(const struct endpoint_list *list, const bool *chosen)
{
	struct table_load load = { 0 };

	for (size_t i = 0; i < list->count; i++) {
		if (chosen[i])
			table_load_add(&load, weight_of(&list->items[i]));
	}
	return load;
}

int backends_fill(const struct job *job, const struct endpoint_list *list,
		  struct wanted_port *port)
{
	_cleanup_free_ bool *chosen = calloc(list->count + 1, sizeof(*chosen));
	_cleanup_free_ struct verdict *verdicts =
	    calloc(list->count + 1, sizeof(*verdicts));
	struct table_load load;
	int r;

	port->backends = calloc(list->count ?: 1, sizeof(*port->backends));
	if (!chosen || !verdicts || !port->backends)
		return -ENOMEM;
	endpoints_choose(list, job->local, &job->viewpoint, chosen);
	load = load_of(list, chosen);
	complain_of_limits(job, list, load.backends);
	if (job->local && !load.backends)
		flag_no_local(list, port);
	judge_all(job, list, chosen, verdicts);
	r = add_all(list, verdicts, true, port);
	if (r < 0)
		return r;
	port->active_count = port->backend_count;
	r = add_all(list, verdicts, false, port);
	if (r < 0)
		return r;
	return fill_table(job, &load, port);
}
