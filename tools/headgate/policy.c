/* SPDX-License-Identifier: BSD-2-Clause */
/* policy list, show and pod: from the daemon, or from a folder of manifests. */
#include "policy.h"

#include <stdbool.h>
#include <string.h>

#include "../../control/lib/cleanup.h"
#include "offline.h"
#include "table.h"

/* ---- where answers come from ---- */
struct answer {
	struct offline offline;
	struct body body;
	struct json_object *root; /* of body, or its own */
};

static void clear_answer(struct answer *answer)
{
	if (answer->root != answer->body.root)
		json_object_put(answer->root);
	body_clear(&answer->body);
	offline_close(&answer->offline);
}

/* NAMESPACE/NAME of the one argument into a new string, cut in two. */
static int split_name(const struct line *line, const char *what, char **ret_namespace,
		      char **ret_name)
{
	const char *text = line->arguments[0];
	const char *slash = strchr(text, '/');

	if (line->count != 1 || !slash || slash == text || !slash[1] ||
	    strchr(slash + 1, '/'))
		return usage("%s is named as NAMESPACE/NAME", what);
	*ret_namespace = strndup(text, (size_t)(slash - text));
	*ret_name = strdup(slash + 1);
	if (*ret_namespace && *ret_name)
		return 0;
	return offline_out_of_memory();
}

static int ask_daemon(const struct line *line, const char *folder, const char *namespace,
		      const char *name, struct answer *answer)
{
	_cleanup_free_ char *first = api_escape(namespace), *second = api_escape(name);
	_cleanup_free_ char *path = NULL;

	if (!first || !second || asprintf(&path, "%s/%s/%s", folder, first, second) < 0) {
		path = NULL;
		return offline_out_of_memory();
	}
	answer->root = api_call(line, "GET", path, NULL);
	return answer->root ? 0 : api_exit_code();
}

static int finish_offline(struct answer *answer, int r)
{
	answer->root = answer->body.root;
	return offline_check(&answer->body, r);
}

/* ---- list ---- */
static char *cell_joined(struct json_object *value)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; i < api_count(value); i++)
		fprintf(out, "%s%s", i ? "," : "",
			json_object_get_string(api_item(value, i)));
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static char *cell_selector(struct json_object *value)
{
	const char *text = json_object_get_string(value);

	return strdup(text && *text ? text : "all");
}

static char *cell_count(struct json_object *value)
{
	char *text = NULL;

	if (!api_count(value))
		return strdup("-");
	return asprintf(&text, "%zu", api_count(value)) < 0 ? NULL : text;
}

static const struct column list_columns[] = {
	{ "NAMESPACE", "namespace", cell_text, 0 },
	{ "NAME", "name", cell_text, 0 },
	{ "POD-SELECTOR", "podSelector", cell_selector, 0 },
	{ "TYPES", "types", cell_joined, 0 },
	{ "PODS", "pods", cell_text, COLUMN_RIGHT },
	{ "RULES", "ruleCount", cell_text, COLUMN_RIGHT },
	{ "MODE", "mode", cell_text, COLUMN_STATE },
	{ "PROBLEMS", "problems", cell_count, COLUMN_RIGHT },
	{ "PACKETS", "packets", cell_text, COLUMN_RIGHT }, /* from here on: counters */
	{ "CONNS", "connections", cell_text, COLUMN_RIGHT },
	{ "DENIED", "deniedPackets", cell_text, COLUMN_RIGHT },
	{ "AUDIT", "auditDeniedPackets", cell_text, COLUMN_RIGHT },
	{ NULL, NULL, NULL, 0 },
};
#define COLUMNS	 (sizeof(list_columns) / sizeof(*list_columns))
#define COUNTERS 4

static int get_list(const struct line *line, struct answer *answer)
{
	const struct api_argument arguments[] = { { "namespace", line->namespace },
						  { NULL, NULL } };
	int r;

	if (!line->manifests) {
		answer->root = api_call(line, "GET", "/v1/policies", arguments);
		return answer->root ? 0 : api_exit_code();
	}
	r = offline_open(line, &answer->offline);
	if (r)
		return r;
	body_begin(&answer->body);
	explain_policies(&answer->offline.input, line->namespace, &answer->body);
	return finish_offline(answer, 0);
}

int policy_list(const struct line *line)
{
	CLEANUP(clear_answer) struct answer answer = { 0 };
	struct column columns[COLUMNS];
	int r = get_list(line, &answer);

	if (r)
		return r;
	if (api_print_json(line, answer.root))
		return EXIT_SUCCESS;
	memcpy(columns, list_columns, sizeof(columns));
	if (line->manifests)
		columns[COLUMNS - 1 - COUNTERS].name = NULL;
	return table_print(line, columns, api_member(answer.root, "policies"));
}

/* ---- show ---- */
/* Online only. */
static void print_counters(struct json_object *item, const char *indent)
{
	if (api_member(item, "packets"))
		printf("%spackets judged and let through: %s, connections: %s\n", indent,
		       api_text(item, "packets"), api_text(item, "connections"));
}

static void print_peers(struct json_object *rule)
{
	struct json_object *peers = api_member(rule, "peers");

	for (size_t i = 0; i < api_count(peers); i++) {
		struct json_object *peer = api_item(peers, i);
		struct json_object *pods = api_member(peer, "pods");

		printf("    %s: ", api_text(peer, "words"));
		if (api_count(pods))
			policy_print_list(pods);
		else
			fputs("no pod", stdout);
		putchar('\n');
	}
}

/* Does a policy have rules for a direction? */
static bool has_rules(struct json_object *rules, const char *direction)
{
	for (size_t i = 0; i < api_count(rules); i++) {
		if (!strcmp(api_text(api_item(rules, i), "direction"), direction))
			return true;
	}
	return false;
}

static void print_types(struct json_object *policy)
{
	static const struct {
		const char *type, *direction;
	} names[] = { { "Ingress", "ingress" }, { "Egress", "egress" } };
	struct json_object *types = api_member(policy, "types");
	bool audits = strcmp(api_text(policy, "mode"), "audit") == 0;
	bool rests = strcmp(api_text(policy, "mode"), "off") == 0;

	for (size_t i = 0; i < api_count(types); i++) {
		const char *type = json_object_get_string(api_item(types, i));
		size_t k = strcmp(type, names[0].type) != 0;

		printf("%-12s%s%s%s\n",
		       audits  ? "Audits"
		       : rests ? "Off"
			       : "Isolates",
		       names[k].direction,
		       has_rules(api_member(policy, "rules"), names[k].direction)
			   ? ""
			   : ": allows nothing",
		       audits || rests ? "; isolates nobody" : "");
	}
}

/* Only when what is in force is not what the manifests have now. */
static void print_version(struct json_object *policy)
{
	static const struct {
		const char *version, *words;
	} versions[] = {
		{ "older", "an older version" },
		{ "perhapsOlder", "perhaps an older version" },
		{ "earlierDaemons", "what the daemon before had in force" },
	};
	struct json_object *because = api_member(policy, "inForceBecause");
	const char *version = api_text(policy, "inForce");

	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		if (strcmp(versions[i].version, version) == 0)
			printf("In force    %s, because of\n", versions[i].words);
	}
	for (size_t i = 0; i < api_count(because); i++)
		printf("            %s\n", json_object_get_string(api_item(because, i)));
}

static void print_policy(struct json_object *policy)
{
	struct json_object *problems = api_member(policy, "problems");
	struct json_object *rules = api_member(policy, "rules");
	const char *selector = api_text(policy, "podSelector");

	printf("Policy      %s/%s\nMode        %s\nSelects     %s: ",
	       api_text(policy, "namespace"), api_text(policy, "name"),
	       api_text(policy, "mode"), *selector ? selector : "all pods");
	policy_print_list(api_member(policy, "podNames"));
	puts(api_number(policy, "pods") ? "" : "no pod");
	print_types(policy);
	print_version(policy);
	for (size_t i = 0; i < api_count(problems); i++)
		printf("Problem     %s\n", json_object_get_string(api_item(problems, i)));
	if (api_member(policy, "deniedPackets"))
		printf("Denied      packets: %s, audit would have denied: %s\n",
		       api_text(policy, "deniedPackets"),
		       api_text(policy, "auditDeniedPackets"));
	for (size_t i = 0; i < api_count(rules); i++) {
		struct json_object *rule = api_item(rules, i);

		printf("\nspec.%s[%s]: %s\n", api_text(rule, "direction"),
		       api_text(rule, "index"), api_text(rule, "words"));
		print_peers(rule);
		policy_print_named(rule, "    port ", "\n");
		print_counters(rule, "    ");
	}
}

struct kind {
	enum object_kind kind;
	const char *folder; /* of the API */
	int (*explain)(const struct explain_input *input, const char *namespace,
		       const char *name, struct body *body);
};
static const struct kind policies = { OBJECT_NETWORK_POLICY, "/v1/policies",
				      explain_policy };
static const struct kind pods = { OBJECT_POD, "/v1/pods", explain_pod };

static int ask_folder(const struct line *line, const struct kind *kind,
		      const char *namespace, const char *name, struct answer *answer)
{
	struct offline *offline = &answer->offline;
	int r = offline_open(line, offline);

	if (r)
		return r;
	const struct object *object =
	    cluster_find(offline->cluster, kind->kind, namespace, name);

	if (!object) {
		fprintf(stderr, "headgate: there is no %s %s/%s in %s\n",
			object_kind_name(kind->kind), namespace, name, line->manifests);
		return EXIT_FAILURE;
	}
	if (kind->kind == OBJECT_POD) /* it is said when its rules do not fit */
		r = offline_compile(offline, object->pod.ips);
	if (r)
		return r;
	body_begin(&answer->body);
	return finish_offline(
	    answer, kind->explain(&offline->input, namespace, name, &answer->body));
}

/* What is named, from wherever. */
static int get_one(const struct line *line, const struct kind *kind,
		   struct answer *answer)
{
	_cleanup_free_ char *namespace = NULL, *name = NULL;
	int r = split_name(line, object_kind_name(kind->kind), &namespace, &name);

	if (r)
		return r;
	return line->manifests ? ask_folder(line, kind, namespace, name, answer)
			       : ask_daemon(line, kind->folder, namespace, name, answer);
}

int policy_show(const struct line *line)
{
	CLEANUP(clear_answer) struct answer answer = { 0 };
	int r = get_one(line, &policies, &answer);

	if (r)
		return r;
	if (!api_print_json(line, answer.root))
		print_policy(api_member(answer.root, "policy"));
	return EXIT_SUCCESS;
}

/* ---- pod ---- */
static bool has_enforced(struct json_object *rules)
{
	for (size_t i = 0; i < api_count(rules); i++) {
		if (!api_bool(api_item(rules, i), "audit"))
			return true;
	}
	return false;
}

static void print_direction(struct json_object *pod, const char *direction)
{
	struct json_object *item = api_member(pod, direction);
	struct json_object *names = api_member(item, "policies");
	struct json_object *rules = api_member(item, "rules");
	bool isolated = api_bool(item, "isolated");

	printf("\n%s: %s", direction,
	       isolated ? "isolated by " : "not isolated, everything is allowed");
	policy_print_names(names, POLICY_ISOLATES, "");
	if (isolated && !has_enforced(rules))
		fputs("; nothing is allowed", stdout);
	policy_print_names(names, POLICY_AUDITS, "; in audit mode: ");
	policy_print_names(names, POLICY_RESTS, "; off: ");
	putchar('\n');
	for (size_t i = 0; i < api_count(rules); i++) {
		fputs("  ", stdout);
		policy_print_rule(api_item(rules, i));
		putchar('\n');
		policy_print_named(api_item(rules, i), "    port ", "\n");
		print_counters(api_item(rules, i), "    ");
	}
}

static void print_pod(struct json_object *pod)
{
	printf("Pod         %s/%s\nNode        %s\nAddresses   ",
	       api_text(pod, "namespace"), api_text(pod, "name"), api_text(pod, "node"));
	policy_print_list(api_member(pod, "addresses"));
	putchar('\n');
	if (api_bool(pod, "hostNetwork")) {
		puts("\nIn its node's network: no policy selects it, no selector means "
		     "it");
	} else if (api_bool(pod, "terminated")) {
		puts("\nHas ended: it holds no address any more");
	} else {
		print_direction(pod, "ingress");
		print_direction(pod, "egress");
	}
}

int policy_pod(const struct line *line)
{
	CLEANUP(clear_answer) struct answer answer = { 0 };
	int r = get_one(line, &pods, &answer);

	if (r)
		return r;
	if (!api_print_json(line, answer.root))
		print_pod(api_member(answer.root, "pod"));
	return EXIT_SUCCESS;
}
