// SPDX-License-Identifier: BSD-2-Clause
/*
 * NetworkPolicy: whom it selects, which directions it isolates, what it allows. The API
 * server's defaults are filled in: without policyTypes a policy is of type Ingress, and of
 * type Egress too when it has a rule for it; a port without protocol is TCP. A section
 * whose direction is not among the types has no effect and is left out, with a warning.
 *
 * Fields that are not known are warned of, other than in other kinds: with "form" for
 * "from" a rule allows everybody.
 */
#include "decode.h"

#include <string.h>
#include "../lib/cleanup.h"
#include "annotation.h"
#include "name.h"

#define RULES_LONGEST 16384
#define PEERS_LONGEST 65536
#define PORTS_LONGEST 4096

/* What differs between the directions. */
struct direction {
	const char *section, *type, *peers;
};
static const struct direction ingress = { "ingress", "Ingress", "from" };
static const struct direction egress = { "egress", "Egress", "to" };

static void read_end_port(struct decode *decode, const struct field *item,
			  struct policy_port *port)
{
	struct field field = field_get(item, "endPort");
	struct field start = field_get(item, "port");
	int64_t number;

	if (!field_number(decode, item, "endPort", &range_port, &number))
		return;
	if (!field_is_number(&start))
		field_complain(decode, &field, "needs a number as port: %s",
			       start.value ? "use one there, or remove endPort"
					   : "write port, the first of the range");
	else if (number < port->first)
		field_complain(decode, &field,
			       "%lld is less than port %u: write the last of the range",
			       (long long)number, port->first);
	else
		port->last = number;
}

static void read_named_port(struct decode *decode, const struct field *field,
			    struct policy_port *port)
{
	const char *name = json_object_get_string(field->value);
	char shown[FIELD_SHOW];

	if (*name && strspn(name, "0123456789") == strlen(name))
		field_complain(decode, field,
			       "\"%s\" is a number in quotes: remove the quotes",
			       field_show(name, shown));
	else if (!name_is_port(name))
		field_complain(decode, field, "\"%s\" is not a port's name: %s",
			       field_show(name, shown), NAME_PORT_RULE);
	else
		port->name = decode_strdup(decode, name);
}

static void read_port(struct decode *decode, const struct field *item,
		      struct policy_port *port)
{
	static const char *const fields[] = { "protocol", "port", "endPort", NULL };
	struct field field = field_get(item, "port");
	int64_t number;

	*port = (struct policy_port){ .last = 65535 };
	if (!field_is_map_or_null(decode, item))
		return;
	field_warn_unknown(decode, item, fields);
	port->protocol = field_protocol(decode, item);
	if (json_object_is_type(field.value, json_type_string))
		read_named_port(decode, &field, port);
	else if (field_number(decode, item, "port", &range_port, &number))
		port->first = port->last = number;
	read_end_port(decode, item, port);
}

static void read_rule(struct decode *decode, const struct field *item,
		      const struct direction *direction, struct policy_spec_rule *rule)
{
	const char *const fields[] = { direction->peers, "ports", NULL };

	if (!field_is_map_or_null(decode, item))
		return;
	struct field peers = field_list(decode, item, direction->peers, PEERS_LONGEST);
	struct field ports = field_list(decode, item, "ports", PORTS_LONGEST);
	field_warn_unknown(decode, item, fields);
	rule->peers = decode_array(decode, field_count(&peers), sizeof(*rule->peers));
	rule->ports = decode_array(decode, field_count(&ports), sizeof(*rule->ports));
	if (decode->out_of_memory)
		return;
	for (; rule->peer_count < field_count(&peers); rule->peer_count++) {
		struct field peer = field_item(&peers, rule->peer_count);
		decode_peer(decode, &peer, &rule->peers[rule->peer_count]);
	}
	for (; rule->port_count < field_count(&ports); rule->port_count++) {
		struct field port = field_item(&ports, rule->port_count);
		read_port(decode, &port, &rule->ports[rule->port_count]);
	}
}

/* The rules of a section; NULL when there are none. */
static struct policy_spec_rule *read_rules(struct decode *decode,
					   const struct field *spec,
					   const struct direction *direction,
					   size_t *ret_count)
{
	struct field list = field_list(decode, spec, direction->section, RULES_LONGEST);
	size_t count = field_count(&list);
	struct policy_spec_rule *rules = decode_array(decode, count, sizeof(*rules));

	for (size_t i = 0; rules && i < count; i++) {
		struct field item = field_item(&list, i);
		read_rule(decode, &item, direction, &rules[i]);
	}
	*ret_count = rules ? count : 0;
	return rules;
}

/* Anything but an absent or empty list: rules that cannot be read are meant too. */
static bool has_rules(const struct field *spec, const struct direction *direction)
{
	struct field section = field_get(spec, direction->section);

	return section.value && (!json_object_is_type(section.value, json_type_array) ||
				 field_count(&section));
}

static void read_types(struct decode *decode, const struct field *spec,
		       struct network_policy *policy)
{
	static const char *const types[] = { "Ingress", "Egress", NULL };
	unsigned errors = decode->errors;
	struct field list = field_list(decode, spec, "policyTypes", 2);

	for (size_t i = 0; i < field_count(&list); i++) {
		struct field item = field_item(&list, i);
		unsigned type = field_as_choice(decode, &item, types, 0);
		policy->has_ingress |= type == 0;
		policy->has_egress |= type == 1;
	}
	if (!field_count(&list)) {
		policy->has_ingress = true;
		policy->has_egress = has_rules(spec, &egress);
	}
	if (decode->errors != errors)
		policy->has_ingress = policy->has_egress = true;
}

/* The rules of a section, where its direction is one of the types. */
static struct policy_spec_rule *read_section(struct decode *decode,
					     const struct field *spec,
					     const struct direction *direction,
					     bool is_in_force, size_t *ret_count)
{
	struct field section = field_get(spec, direction->section);
	size_t count = 0;
	struct policy_spec_rule *rules = read_rules(decode, spec, direction, &count);

	if (is_in_force || !rules) {
		*ret_count = count;
		return rules;
	}
	field_warn(decode, &section,
		   "has no effect, because spec.policyTypes does not name %s: add it "
		   "there, or remove the rules",
		   direction->type);
	policy_rules_free(rules, count);
	*ret_count = 0;
	return NULL;
}

static void read_subjects(struct decode *decode, const struct field *spec,
			  struct label_selector *subjects)
{
	unsigned errors = decode->errors;
	struct field field = field_map(decode, spec, "podSelector");

	decode_selector(decode, &field, subjects);
	if (decode->errors != errors)
		label_selector_clear(subjects); /* all: for decode_policy_stand_in() */
}

void decode_policy(struct decode *decode, const struct field *root, struct object *object)
{
	static const char *const fields[] = { "podSelector", "policyTypes", "ingress",
					      "egress", NULL };
	struct network_policy *policy = &object->policy;
	struct field metadata = field_get(root, "metadata");
	struct field annotations = field_map(decode, &metadata, "annotations");
	struct field spec = field_get(root, "spec");

	annotation_read_policy(decode, &annotations, policy);
	if (!spec.value)
		field_warn(decode, &spec,
			   "is missing, so that all pods of the namespace are isolated "
			   "for ingress: write one");
	else
		spec = field_map(decode, root, "spec");
	field_warn_unknown(decode, &spec, fields);
	read_subjects(decode, &spec, &policy->subjects);
	read_types(decode, &spec, policy);
	policy->ingress = read_section(decode, &spec, &ingress, policy->has_ingress,
				       &policy->ingress_count);
	policy->egress = read_section(decode, &spec, &egress, policy->has_egress,
				      &policy->egress_count);
}

void decode_policy_stand_in(struct object *object, bool is_faulty)
{
	struct network_policy *policy = &object->policy;

	policy_rules_free(TAKE_PTR(policy->ingress), policy->ingress_count);
	policy_rules_free(TAKE_PTR(policy->egress), policy->egress_count);
	policy->ingress_count = policy->egress_count = 0;
	policy->refused = true;
	if (!is_faulty)
		return;
	/* a key that is left out may have been any of these */
	label_selector_clear(&policy->subjects);
	policy->has_ingress = policy->has_egress = true;
	policy->audit = false;
}
