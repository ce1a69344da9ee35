/* SPDX-License-Identifier: BSD-2-Clause */
/* policy test: one connection, judged and explained, for a person or as JSON. */
#include <string.h>

#include "../../control/explain/paths.h"
#include "../../control/lib/cleanup.h"
#include "offline.h"
#include "policy.h"

/* What each outcome says of one direction; what is denied goes on with more. */
static const struct {
	const char *outcome, *words;
} sentences[] = {
	{ "notAPod", "not judged: no policy selects it" },
	{ "notIsolated", "allowed: no policy isolates it" },
	{ "allowed", "allowed by " },
	{ "denied", "denied: isolated by " },
	{ "self", "allowed: a pod always reaches itself" },
	{ "node", "allowed: what its own node sends is never judged" },
	{ "elsewhere", "judged on the pod's own node, not here" },
};

static const char *sentence_of(const char *outcome)
{
	for (size_t i = 0; i < sizeof(sentences) / sizeof(*sentences); i++) {
		if (strcmp(sentences[i].outcome, outcome) == 0)
			return sentences[i].words;
	}
	return outcome;
}

static void print_nearest(struct json_object *side)
{
	static const struct {
		const char *misses, *words;
	} misses[] = { { "port", "means this peer, but not this port" },
		       { "peer", "means this port, but not this peer" },
		       { "mode", "would allow it, but is in audit mode" },
		       { "room", "would allow it, but the pod's rules do not fit" } };
	struct json_object *nearest = api_member(side, "nearest");

	for (size_t i = 0; i < api_count(nearest); i++) {
		struct json_object *rule = api_item(nearest, i);
		const char *missed = api_text(rule, "misses");

		fputs("    ", stdout);
		policy_print_rule(rule);
		for (size_t k = 0; k < sizeof(misses) / sizeof(*misses); k++) {
			if (strcmp(misses[k].misses, missed) == 0)
				printf("\n      %s", misses[k].words);
		}
		if (api_member(rule, "hint"))
			printf(": %s", api_text(rule, "hint"));
		putchar('\n');
	}
}

/* Whose policies: the pod, or the address of none. */
static void print_subject(struct json_object *side, struct json_object *end)
{
	if (api_member(side, "pod"))
		fputs(api_text(side, "pod"), stdout);
	else if (api_member(end, "pod"))
		printf("%s, which is in its node's network", api_text(end, "pod"));
	else
		fputs(api_text(end, "address"), stdout);
}

static void print_side(struct json_object *path, const char *direction, const char *end)
{
	struct json_object *side = api_member(path, direction);
	const char *outcome = api_text(side, "outcome");

	printf("  %s of ", direction);
	print_subject(side, api_member(path, end));
	printf(": %s", sentence_of(outcome));
	if (strcmp(outcome, "allowed") == 0) {
		policy_print_rule(api_member(side, "rule"));
		policy_print_named(api_member(side, "rule"), " (", ")");
	}
	if (strcmp(outcome, "denied") == 0) {
		policy_print_names(api_member(side, "isolatedBy"), POLICY_ISOLATES, "");
		fputs(api_count(api_member(side, "isolatedBy"))
			  ? "; no rule allows it"
			  : "want of room: its rules do not fit the tables",
		      stdout);
	}
	putchar('\n');
	if (api_bool(side, "auditDenied")) {
		policy_print_names(api_member(side, "isolatedBy"), POLICY_AUDITS,
				   "    audit: would be denied by ");
		putchar('\n');
	}
	print_nearest(side);
	if (api_member(side, "note"))
		printf("    %s\n", api_text(side, "note"));
}

static void print_end(struct json_object *end)
{
	_cleanup_free_ char *text =
	    api_member(end, "port") ? api_end(end) : strdup(api_text(end, "address"));

	fputs(text ? text : "-", stdout);
	if (api_member(end, "pod"))
		printf(" (%s)", api_text(end, "pod"));
}

/* Is one of the ends judged by another node? */
static bool is_partial(struct json_object *path)
{
	static const char *const sides[] = { "egress", "ingress" };

	for (size_t i = 0; i < 2; i++) {
		if (!strcmp(api_text(api_member(path, sides[i]), "outcome"), "elsewhere"))
			return true;
	}
	return false;
}

static const char *verdict_of(struct json_object *path)
{
	if (!api_bool(path, "allowed"))
		return "denied";
	if (api_bool(path, "audited"))
		return "allowed (audit: would be denied)";
	return is_partial(path) ? "allowed here" : "allowed";
}

static void print_path(struct json_object *path)
{
	putchar('\n');
	print_end(api_member(path, "client"));
	fputs(" to ", stdout);
	if (api_member(path, "vip")) {
		print_end(api_member(path, "vip"));
		printf(" (Service %s), backend ", api_text(path, "service"));
	}
	print_end(api_member(path, "backend"));
	printf(": %s\n", verdict_of(path));
	print_side(path, "egress", "client");
	print_side(path, "ingress", "backend");
}

static void print_test(struct json_object *root)
{
	struct json_object *paths = api_member(root, "paths");
	size_t denied = 0, partial = 0;

	for (size_t i = 0; i < api_count(paths); i++) {
		denied += !api_bool(api_item(paths, i), "allowed");
		partial += is_partial(api_item(paths, i));
	}
	printf("%s: %s to %s, %s",
	       denied	 ? "denied"
	       : partial ? "allowed here"
			 : "allowed",
	       api_text(root, "from"), api_text(root, "to"), api_text(root, "port"));
	if (denied && denied < api_count(paths))
		printf(" (%zu of %zu ways)", denied, api_count(paths));
	putchar('\n');
	for (size_t i = 0; i < api_count(paths); i++)
		print_path(api_item(paths, i));
}

static int check(const struct line *line)
{
	if (!line->port)
		return usage("'policy test' needs --port, such as 80/tcp");
	if (line->matrix && !line->manifests)
		return usage("--matrix needs --manifests DIR");
	if (line->matrix && (line->from || line->to))
		return usage("--matrix is of all pods: leave out --from and --to");
	if (!line->matrix && (!line->from || !line->to))
		return usage("'policy test' needs --from and --to, or --matrix");
	if (!line->matrix && line->namespace)
		return usage("--namespace goes with --matrix only");
	return 0;
}

static int finish(const struct line *line, struct json_object *root)
{
	if (!api_print_json(line, root))
		print_test(root);
	return api_bool(root, "allowed") ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int ask_daemon(const struct line *line)
{
	const struct api_argument arguments[] = { { "from", line->from },
						  { "to", line->to },
						  { "port", line->port },
						  { NULL, NULL } };
	CLEANUP(api_put)
	struct json_object *answer = api_call(line, "GET", "/v1/verdict", arguments);

	return answer ? finish(line, answer) : EXIT_USAGE;
}

static int compile(struct offline *offline, const struct paths *paths)
{
	_cleanup_free_ struct hg_addr *addrs = calloc(paths->count * 2, sizeof(*addrs));

	if (!addrs)
		return offline_out_of_memory();
	for (size_t i = 0; i < paths->count; i++) {
		addrs[2 * i] = paths->items[i].client;
		addrs[2 * i + 1] = paths->items[i].backend;
	}
	return offline_compile(offline, (struct addr_list){ addrs, paths->count * 2 });
}

static int ask_folder(const struct line *line)
{
	const struct explain_question question = { line->from, line->to, line->port };
	CLEANUP(offline_close) struct offline offline = { 0 };
	CLEANUP(body_clear) struct body body = { 0 };
	CLEANUP(paths_clear) struct paths paths = { 0 };
	int r = offline_open(line, &offline);

	if (r)
		return r;
	body_begin(&body);
	body_bool(&body, body.root, "allowed", false); /* until the end */
	r = offline_check(&body,
			  paths_collect(offline.cluster, &question, &body, &paths));
	if (r == 0)
		r = compile(&offline, &paths);
	if (r == 0)
		r = offline_check(&body, paths_explain(&offline.input, &paths, &body));
	return r ? r : finish(line, body.root);
}

int policy_test(const struct line *line)
{
	int r = check(line);

	if (r)
		return r;
	if (line->matrix)
		return policy_matrix(line);
	return line->manifests ? ask_folder(line) : ask_daemon(line);
}
