/* SPDX-License-Identifier: BSD-2-Clause */
#include "ends.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "words.h"

int ends_refuse(struct body *body, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	body_error(body, format, list);
	va_end(list);
	return -EINVAL;
}

bool ends_is_service(const struct end *end)
{
	return end->object && end->object->kind == OBJECT_SERVICE;
}

/* ---- addresses ---- */
static bool holds(const struct addr_list *list, const struct hg_addr *addr)
{
	for (size_t i = 0; i < list->count; i++) {
		if (addr_compare(&list->items[i], addr) == 0)
			return true;
	}
	return false;
}

static int note_service(void *context, const struct object *object)
{
	struct end *end = context;
	const struct service *service = &object->service;

	if (service->skip || !(holds(&service->cluster_ips, &end->addr) ||
			       holds(&service->external_ips, &end->addr) ||
			       holds(&service->load_balancer_ips, &end->addr)))
		return 0;
	end->object = object;
	end->is_vip = true;
	return 1;
}

static void place_addr(const struct cluster *cluster, struct end *end)
{
	end->addrs = &end->addr;
	end->count = 1;
	end->object = cluster_find_pod_by_addr(cluster, &end->addr);
	if (!end->object)
		cluster_each(cluster, OBJECT_SERVICE, note_service, end);
}

/* ---- names ---- */
static int place_pod(const struct object *pod, struct body *body, struct end *end)
{
	end->object = pod;
	end->addrs = pod->pod.ips.items;
	end->count = pod->pod.ips.count;
	if (pod->pod.terminated)
		return ends_refuse(body,
				   "Pod %s/%s has ended, its address may be another's: "
				   "name one that runs",
				   pod->namespace, pod->name);
	if (!end->count)
		return ends_refuse(body,
				   "Pod %s/%s has no address yet: no packet can be its",
				   pod->namespace, pod->name);
	return 0;
}

static int place_service(const struct object *service, struct body *body, struct end *end)
{
	end->object = service;
	if (service->service.skip)
		return ends_refuse(body,
				   "Service %s/%s has no virtual address that Headgate "
				   "serves: name one of its pods",
				   service->namespace, service->name);
	return 0;
}

/* NAMESPACE/NAME, or with a kind before: pod/NAMESPACE/NAME, service/NAMESPACE/NAME. */
struct name {
	char *kind, *namespace, *name; /* kind NULL: either */
};

static bool split(char *text, struct name *ret_name)
{
	char *first = strsep(&text, "/"), *second = strsep(&text, "/");
	char *third = strsep(&text, "/");

	if (!second || text || !*first || !*second || (third && !*third))
		return false;
	*ret_name = third ? (struct name){ first, second, third }
			  : (struct name){ NULL, first, second };
	return !third || !strcmp(first, "pod") || !strcmp(first, "service");
}

static bool is_of(const struct name *name, const char *kind)
{
	return !name->kind || strcmp(name->kind, kind) == 0;
}

static int place_name(const struct cluster *cluster, const struct name *name,
		      struct body *body, struct end *end)
{
	const struct object *pod = NULL, *service = NULL;

	if (is_of(name, "pod"))
		pod = cluster_find(cluster, OBJECT_POD, name->namespace, name->name);
	if (is_of(name, "service"))
		service =
		    cluster_find(cluster, OBJECT_SERVICE, name->namespace, name->name);
	if (pod && service)
		return ends_refuse(body,
				   "%s/%s is a Pod and a Service: write pod/%s/%s or "
				   "service/%s/%s",
				   name->namespace, name->name, name->namespace,
				   name->name, name->namespace, name->name);
	if (pod)
		return place_pod(pod, body, end);
	if (service)
		return place_service(service, body, end);
	return ends_refuse(body,
			   "there is no %s %s/%s: give one that the manifests hold, or "
			   "an address",
			   !name->kind			    ? "Pod or Service"
			   : strcmp(name->kind, "pod") == 0 ? "Pod"
							    : "Service",
			   name->namespace, name->name);
}

int ends_read(const struct cluster *cluster, const char *text, struct body *body,
	      struct end *end)
{
	_cleanup_free_ char *copy = strdup(text);
	struct name name;

	*end = (struct end){ 0 };
	if (!copy)
		return -ENOMEM;
	if (addr_parse(text, &end->addr) == 0) {
		place_addr(cluster, end);
		return 0;
	}
	if (split(copy, &name))
		return place_name(cluster, &name, body, end);
	return ends_refuse(body,
			   "'%s' is neither a name nor an address: write "
			   "NAMESPACE/NAME, pod/NAMESPACE/NAME, service/NAMESPACE/NAME, "
			   "or an IPv4 or IPv6 address",
			   text);
}

/* ---- ports ---- */
int ends_read_port(const char *text, struct body *body, struct ends_port *ret_port)
{
	static const struct {
		const char *name;
		uint8_t protocol;
	} protocols[] = { { "", IPPROTO_TCP },
			  { "/tcp", IPPROTO_TCP },
			  { "/udp", IPPROTO_UDP },
			  { "/sctp", IPPROTO_SCTP } };
	size_t digits = strspn(text, "0123456789");
	unsigned long number = digits && digits < 6 ? strtoul(text, NULL, 10) : 0;

	if (strcmp(text, "icmp") == 0) {
		*ret_port = (struct ends_port){ true, IPPROTO_ICMP, 0 };
		return 0;
	}
	for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++) {
		if (number < 1 || number > UINT16_MAX ||
		    strcmp(text + digits, protocols[i].name) != 0)
			continue;
		*ret_port =
		    (struct ends_port){ false, protocols[i].protocol, (uint16_t)number };
		return 0;
	}
	return ends_refuse(body,
			   "'%s' is not a port: write 80/tcp, 53/udp, 9/sctp with a "
			   "number from 1 to 65535, or icmp",
			   text);
}

void ends_put_port(const struct ends_port *port, struct body *body)
{
	char text[16] = "icmp";

	if (!port->is_icmp)
		snprintf(text, sizeof(text), "%u/%s", port->number,
			 words_protocol(port->protocol));
	body_text(body, body->root, "port", text);
}
