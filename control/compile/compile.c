/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One Service → wanted state. For each service port and family up to two groups are made:
 * the frontends that follow the Cluster list, and those that follow the Local list. A
 * group without frontends is left out; one without backends stays: its frontends refuse.
 */
#include "compile.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/cleanup.h"
#include "chains.h"
#include "job.h"
#include "slices.h"

static void cleanup_service(struct wanted_service **service)
{
	wanted_service_free(*service);
}

static int copy_text(const char *text, char **ret_copy)
{
	if (!text)
		return 0;
	*ret_copy = strdup(text);
	return *ret_copy ? 0 : -ENOMEM;
}

static int copy_check(const struct check_spec *from, struct check_spec *ret_to)
{
	*ret_to = *from;
	ret_to->path = ret_to->host = ret_to->send = ret_to->expect = NULL;
	if (copy_text(from->path, &ret_to->path) < 0 ||
	    copy_text(from->host, &ret_to->host) < 0 ||
	    copy_text(from->send, &ret_to->send) < 0 ||
	    copy_text(from->expect, &ret_to->expect) < 0)
		return -ENOMEM;
	return 0;
}

/* ---- ports that cannot be served ---- */
struct sctp_question {
	const struct service_port *port;
	uint16_t other; /* a backend port that differs, 0: none */
};

static int compare_sctp(void *context, const struct object *object)
{
	struct sctp_question *question = context;
	const struct endpoint_slice *slice = &object->slice;

	for (size_t i = 0; !slice->skip && i < slice->port_count; i++) {
		const struct slice_port *port = &slice->ports[i];

		if (port->protocol == IPPROTO_SCTP &&
		    port->port != question->port->port &&
		    strcmp(port->name, question->port->name) == 0)
			question->other = port->port;
	}
	return 0;
}

/* The CRC of SCTP covers its ports and no helper can mend it: they are never changed. */
static bool sctp_is_refused(const struct job *job)
{
	const struct about about = object_about(job->object, CAUSE_IGNORED);
	struct sctp_question question = { .port = job->port };

	if (job->port->protocol != IPPROTO_SCTP)
		return false;
	cluster_each_slice(job->input->cluster, job->object->namespace, job->object->name,
			   compare_sctp, &question);
	if (job->port->target_port && job->port->target_port != job->port->port)
		question.other = job->port->target_port;
	if (!question.other)
		return false;
	complain(job->complaints, COMPLAINT_WARNING, &job->object->place, &about,
		 "port %u/SCTP is not served because its backends listen on port %u and "
		 "SCTP ports cannot be translated: use the same number for both",
		 job->port->port, question.other);
	return true;
}

static bool is_repeated(const struct job *job)
{
	const struct about about = object_about(job->object, CAUSE_IGNORED);
	const struct service_port *ports = job->object->service.ports;

	for (const struct service_port *port = ports; port < job->port; port++) {
		if (port->protocol != job->port->protocol ||
		    (port->port != job->port->port &&
		     strcmp(port->name, job->port->name) != 0))
			continue;
		complain(
		    job->complaints, COMPLAINT_WARNING, &job->object->place, &about,
		    "port %u/%s is not served because an earlier port has its name or "
		    "number: give each port its own",
		    job->port->port, protocol_print(job->port->protocol));
		return true;
	}
	return false;
}

/* ---- groups ---- */
/* A port without name is told apart by its number; a name never is a mere number. */
static char *make_key(const struct job *job)
{
	const struct service_port *port = job->port;
	char number[8];
	char *key;
	int length;

	snprintf(number, sizeof(number), "%u", port->port);
	length =
	    asprintf(&key, "%s/%s:%s/%s/%s%s", job->object->namespace, job->object->name,
		     *port->name ? port->name : number, protocol_print(port->protocol),
		     job->is_v6 ? "IPv6" : "IPv4", job->local ? "/local" : "");
	return length < 0 ? NULL : key;
}

static int describe(const struct job *job, struct wanted_port *port)
{
	const struct service *service = &job->object->service;

	port->protocol = job->port->protocol;
	port->port = job->port->port;
	port->is_v6 = job->is_v6;
	port->algorithm = service->options.algorithm;
	port->forwarding = service->options.forwarding;
	port->affinity_s = service->affinity ? service->affinity_timeout_s : 0;
	port->drain_s = service->options.drain_s;
	port->key = make_key(job);
	port->name = strdup(job->port->name);
	return port->key && port->name ? 0 : -ENOMEM;
}

static int fill_group(const struct job *job, struct wanted_port *port)
{
	struct endpoint_query query = {
		.cluster = job->input->cluster,
		.namespace = job->object->namespace,
		.service = job->object->name,
		.port = job->port,
		.is_v6 = job->is_v6,
	};
	struct endpoint_list list;
	int r;

	r = frontends_fill(job, port);
	if (r < 0 || !port->frontend_count)
		return r;
	r = describe(job, port);
	if (r < 0)
		return r;
	r = endpoints_collect(&query, &list);
	if (r < 0)
		return r;
	chains_leave_out(job, &list);
	r = backends_fill(job, &list, port);
	endpoints_clear(&list);
	return r;
}

static int add_group(const struct job *job, struct wanted_service *service)
{
	struct wanted_port *port = &service->ports[service->port_count];
	int r;

	r = fill_group(job, port);
	if (r < 0 || !port->frontend_count)
		wanted_port_clear(port);
	else
		service->port_count++;
	return r;
}

static int by_key(const void *x, const void *y)
{
	const struct wanted_port *a = x, *b = y;

	return strcmp(a->key, b->key);
}

#define GROUPS_PER_PORT 4U /* two families, two lists */

static int add_groups(struct job *job, struct wanted_service *service)
{
	const struct service *from = &job->object->service;

	service->ports =
	    calloc(from->port_count * GROUPS_PER_PORT + 1, sizeof(*service->ports));
	if (!service->ports)
		return -ENOMEM;
	for (size_t i = 0; i < from->port_count * GROUPS_PER_PORT; i++) {
		int r;

		job->port = &from->ports[i / GROUPS_PER_PORT];
		job->is_v6 = i & 2;
		job->local = i & 1;
		if (i % GROUPS_PER_PORT == 0 &&
		    (is_repeated(job) || sctp_is_refused(job))) {
			i += GROUPS_PER_PORT - 1;
			continue;
		}
		r = add_group(job, service);
		if (r < 0)
			return r;
	}
	if (!service->port_count)
		return 0;
	qsort(service->ports, service->port_count, sizeof(*service->ports), by_key);
	/* Most have one group of the four that a port may have. */
	struct wanted_port *fitting =
	    reallocarray(service->ports, service->port_count, sizeof(*service->ports));
	service->ports = fitting ?: service->ports;
	return 0;
}

/* ---- checks ---- */
static int by_target(const void *x, const void *y)
{
	const struct wanted_check *a = x, *b = y;
	int order = addr_compare(&a->addr, &b->addr);

	return order ? order : (int)a->port - (int)b->port;
}

static void keep_distinct(struct wanted_service *service)
{
	struct wanted_check *checks = service->checks;
	size_t kept = 0;

	if (service->check_count)
		qsort(checks, service->check_count, sizeof(*checks), by_target);
	for (size_t i = 0; i < service->check_count; i++) {
		if (kept && by_target(&checks[kept - 1], &checks[i]) == 0)
			continue;
		checks[kept++] = checks[i];
	}
	service->check_count = kept;
}

/* One that does not serve has no health to ask for; one that is out has, whatever is known. */
static bool wants_check(const struct wanted_backend *backend)
{
	return backend->state != BACKEND_DOWN || backend->health != HEALTH_NONE;
}

static void add_checks(const struct wanted_port *port, struct wanted_service *service)
{
	for (size_t i = 0; i < port->backend_count; i++) {
		const struct wanted_backend *backend = &port->backends[i];
		uint16_t asked = service->check.port;

		if (!wants_check(backend))
			continue;
		service->checks[service->check_count++] = (struct wanted_check){
			.addr = backend->addr,
			.port = asked ? asked : backend->port,
		};
	}
}

static int collect_checks(struct wanted_service *service)
{
	size_t most = 0;

	if (service->check.type == CHECK_NONE)
		return 0;
	for (size_t i = 0; i < service->port_count; i++)
		most += service->ports[i].backend_count;
	service->checks = calloc(most + 1, sizeof(*service->checks));
	if (!service->checks)
		return -ENOMEM;
	for (size_t i = 0; i < service->port_count; i++)
		add_checks(&service->ports[i], service);
	keep_distinct(service);
	return 0;
}

static struct viewpoint find_viewpoint(const struct compile_input *input)
{
	struct viewpoint viewpoint = {
		.node_name = input->node_name ? input->node_name : "",
	};
	const struct object *node =
	    cluster_find(input->cluster, OBJECT_NODE, "", viewpoint.node_name);

	if (node)
		viewpoint.zone = node->node.zone;
	return viewpoint;
}

int compile_service(const struct compile_input *input, const char *namespace,
		    const char *name, struct complaints *complaints,
		    struct wanted_service **ret_service)
{
	const struct object *object =
	    cluster_find(input->cluster, OBJECT_SERVICE, namespace, name);
	CLEANUP(cleanup_service) struct wanted_service *service = NULL;
	struct job job = { .input = input, .object = object, .complaints = complaints };
	int r;

	if (!object || object->service.skip) {
		*ret_service = NULL;
		return 0;
	}
	service = calloc(1, sizeof(*service));
	if (!service)
		return -ENOMEM;
	job.viewpoint = find_viewpoint(input);
	service->namespace = strdup(namespace);
	service->name = strdup(name);
	if (!service->namespace || !service->name)
		return -ENOMEM;
	r = copy_check(&object->service.options.check, &service->check);
	if (r < 0)
		return r;
	r = add_groups(&job, service);
	if (r < 0)
		return r;
	r = collect_checks(service);
	if (r < 0)
		return r;
	frontends_warn_of_open(&job);
	slices_complain_of_ports(input->cluster, object, complaints);
	*ret_service = TAKE_PTR(service);
	return 0;
}
