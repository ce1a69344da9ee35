// SPDX-License-Identifier: BSD-2-Clause
/* Pod: which addresses it holds, and where it runs. */
#include "decode.h"

#include <string.h>

#define ADDRS_LONGEST 16

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
		if (field_is_map(decode, &item) && ip.value)
			read_ip(decode, &ip, pod);
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
}
