/* SPDX-License-Identifier: BSD-2-Clause */
/* Names, rules and ports as every `headgate policy` prints them. */
#include "policy.h"

#include <string.h>

#define LISTED_MOST 12U

void policy_print_list(struct json_object *names)
{
	for (size_t i = 0; i < api_count(names); i++) {
		if (i == LISTED_MOST) {
			printf(" and %zu more", api_count(names) - i);
			return;
		}
		printf("%s%s", i ? ", " : "", json_object_get_string(api_item(names, i)));
	}
}

void policy_print_names(struct json_object *policies, enum policy_effect effect,
			const char *before)
{
	static const struct {
		const char *mode;
		enum policy_effect effect;
	} effects[] = { { "enforce", POLICY_ISOLATES },
			{ "refused", POLICY_ISOLATES },
			{ "audit", POLICY_AUDITS },
			{ "off", POLICY_RESTS } };

	for (size_t i = 0; i < api_count(policies); i++) {
		struct json_object *policy = api_item(policies, i);
		const char *mode = api_text(policy, "mode");
		size_t k = 0;

		while (k < 3 && strcmp(effects[k].mode, mode) != 0)
			k++;
		if (effects[k].effect != effect)
			continue;
		printf("%s%s", before, api_text(policy, "policy"));
		if (strcmp(mode, "refused") == 0)
			printf(" (%s)", mode);
		before = ", ";
	}
}

/* "http/tcp is 8080 in shop/a, shop/b; 8081 in shop/c" */
static void print_named_port(struct json_object *port)
{
	struct json_object *numbers = api_member(port, "numbers");

	printf("%s is %s", api_text(port, "port"), api_count(numbers) ? "" : "in no pod");
	for (size_t i = 0; i < api_count(numbers); i++) {
		struct json_object *number = api_item(numbers, i);

		printf("%s%s in ", i ? "; " : "", api_text(number, "number"));
		policy_print_list(api_member(number, "pods"));
	}
}

void policy_print_named(struct json_object *rule, const char *before, const char *after)
{
	struct json_object *ports = api_member(rule, "namedPorts");

	for (size_t i = 0; i < api_count(ports); i++) {
		fputs(before, stdout);
		print_named_port(api_item(ports, i));
		fputs(after, stdout);
	}
}

void policy_print_rule(struct json_object *rule)
{
	printf("%s, spec.%s[%s]%s: %s", api_text(rule, "policy"),
	       api_text(rule, "direction"), api_text(rule, "index"),
	       api_bool(rule, "audit") ? " (audit)" : "", api_text(rule, "words"));
}
