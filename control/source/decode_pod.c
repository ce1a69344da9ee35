// SPDX-License-Identifier: BSD-2-Clause
/* Pod: which addresses it holds, where it runs, and what its ports are called. */
#include "decode.h"

#include <string.h>
#include "name.h"

#define ADDRS_LONGEST	   16
#define CONTAINERS_LONGEST 1024
#define PORTS_LONGEST	   4096

static void read_ip(struct decode *decode, const struct field *field, struct pod *pod)
{
	struct hg_addr addr;

	if (json_object_is_type(field->value, json_type_string) &&
	    json_object_get_string_len(field->value) == 0)
		return; /* not assigned yet */
	if (decode_addr(decode, field, ADDR_HOST, &addr))
		addr_list_add(decode, &pod->ips, &addr);
}

static void read_ips(struct decode *decode, const struct field *status, struct pod *pod)
{
	struct field list = field_list(decode, status, "podIPs", ADDRS_LONGEST);
	struct field single = field_get(status, "podIP");

	if (single.value)
		read_ip(decode, &single, pod);
	for (size_t i = 0; i < field_count(&list); i++) {
		struct field item = field_item(&list, i);
		struct field ip = field_get(&item, "ip");
		if (field_is_map_or_null(decode, &item) && ip.value)
			read_ip(decode, &ip, pod);
	}
}

static void add_port(struct decode *decode, struct pod *pod, const char *name,
		     struct container_port port)
{
	struct container_port *ports =
	    reallocarray(pod->ports, pod->port_count + 1, sizeof(*ports));

	if (!ports) {
		decode->out_of_memory = true;
		return;
	}
	port.name = decode_strdup(decode, name);
	pod->ports = ports;
	ports[pod->port_count++] = port;
}

/* Within one container, whatever the protocols; containers may share names. */
static void check_name_is_new(struct decode *decode, const struct field *item,
			      const struct pod *pod, size_t first, const char *name)
{
	for (size_t i = first; i < pod->port_count; i++) {
		if (!pod->ports[i].name || strcmp(pod->ports[i].name, name) != 0)
			continue;
		field_complain(decode, item,
			       "has the name \"%s\" of an earlier port of the container: "
			       "give it another",
			       name);
		return;
	}
}

/* Without a name nothing refers to it: a policy's number needs no such port. `first` is
 * the first port of this container. */
static void read_port(struct decode *decode, const struct field *item, size_t first,
		      struct pod *pod)
{
	struct field name_field = field_get(item, "name");
	struct field number_field = field_get(item, "containerPort");
	char shown[FIELD_SHOW];
	int64_t number;

	if (!field_is_map_or_null(decode, item))
		return;
	const char *name = field_text(decode, item, "name");
	if (!name || !*name)
		return;
	struct container_port port = { .protocol = field_protocol(decode, item) };
	if (!name_is_port(name))
		field_complain(decode, &name_field, "\"%s\" is not a port's name: %s",
			       field_show(name, shown), NAME_PORT_RULE);
	if (!number_field.value)
		field_complain(decode, &number_field,
			       "is missing: write containerPort: 80");
	if (!field_number(decode, item, "containerPort", &range_port, &number))
		return;
	port.port = number;
	check_name_is_new(decode, item, pod, first, name);
	add_port(decode, pod, name, port);
}

static void read_ports(struct decode *decode, const struct field *container,
		       struct pod *pod)
{
	struct field ports = field_list(decode, container, "ports", PORTS_LONGEST);
	size_t first = pod->port_count;

	for (size_t i = 0; i < field_count(&ports); i++) {
		struct field item = field_item(&ports, i);
		read_port(decode, &item, first, pod);
	}
}

static bool is_restarted(struct decode *decode, const struct field *container)
{
	const char *policy = field_text(decode, container, "restartPolicy");

	return policy && strcmp(policy, "Always") == 0;
}

/*
 * Of the init containers, those that are restarted serve beside the others as long as the
 * pod lives (sidecars, KEP-753), and Services and policies find their ports. The others
 * have ended by then. Ephemeral containers have no ports.
 */
static void read_containers(struct decode *decode, const struct field *spec,
			    const char *key, bool of_init, struct pod *pod)
{
	struct field list = field_list(decode, spec, key, CONTAINERS_LONGEST);

	for (size_t i = 0; i < field_count(&list); i++) {
		struct field container = field_item(&list, i);
		if (field_is_map_or_null(decode, &container) &&
		    (!of_init || is_restarted(decode, &container)))
			read_ports(decode, &container, pod);
	}
}

void decode_pod(struct decode *decode, const struct field *root, struct object *object)
{
	struct pod *pod = &object->pod;
	struct field spec = field_map(decode, root, "spec");
	struct field status = field_map(decode, root, "status");
	const char *phase = field_text(decode, &status, "phase");

	pod->node_name = field_copy(decode, &spec, "nodeName");
	pod->host_network = field_truth(decode, &spec, "hostNetwork", false);
	pod->terminated =
	    phase && (strcmp(phase, "Succeeded") == 0 || strcmp(phase, "Failed") == 0);
	read_ips(decode, &status, pod);
	read_containers(decode, &spec, "containers", false, pod);
	read_containers(decode, &spec, "initContainers", true, pod);
}
