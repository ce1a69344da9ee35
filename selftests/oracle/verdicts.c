// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the compiled policy says, for the twin to compare with: manifests by the project's
 * own reader, compiled into plain memory, questions from standard input.
 *
 *	begin NODE MODE		a new cluster and a new compiler; MODE: enforce, audit, off;
 *				NODE *: every pod's rules are compiled
 *	objects BYTES		BYTES bytes of manifests follow: all that there is from now on
 *	restart			another compiler takes over the tables; it is told anew what
 *				is wanted
 *	want ADDR, unwant ADDR	backends of Services
 *	watch FROM TO PROTOCOL PORT	ask this at every moment of the next update
 *	update			compile; answers "updated"; or "failed" and why; or "torn" and
 *				what was allowed, or denied, before and after but not always;
 *				or "restless" when a second update does not leave all as it is
 *	FROM TO PROTOCOL PORT	a question; answers "egress VERDICT" and "ingress VERDICT"
 *
 * With arguments the folder's manifests are what there is when the questions begin:
 *
 *	verdicts NODE FOLDER <questions
 *
 * Several `objects` within one `begin` are changes of a folder: what differs is compiled
 * as a change, and a refused object's last good version stays.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../control/lib/cleanup.h"
#include "state.h"
#include "tables.h"

static const char *const modes[] = { "enforce", "audit", "off" };

static int die(const char *what, int r)
{
	fprintf(stderr, "verdicts: %s (%s)\n", what, strerror(-r));
	exit(1);
}

static void begin(struct state *state, const char *node, const char *mode)
{
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(mode, modes[i]) != 0)
			continue;
		int r = state_begin(state, strcmp(node, "*") == 0 ? NULL : node, i);
		if (r < 0)
			die("a new cluster cannot be made", r);
		return;
	}
	die("the mode is none of enforce, audit, off", -EINVAL);
}

static void restart(struct state *state)
{
	int r = state_restart(state);

	if (r < 0)
		die("a new compiler cannot be made", r);
}

static void read_objects(struct state *state, size_t length, FILE *in)
{
	_cleanup_free_ char *text = malloc(length + 1);

	if (!text || fread(text, 1, length, in) != length)
		die("the objects cannot be read", -EIO);
	text[length] = '\0';
	int r = state_set_text(state, text, length);
	if (r < 0)
		die("the objects cannot be read", r);
}

static void print_torn(const struct policy_question *question)
{
	char from[ADDR_TEXT], to[ADDR_TEXT];

	printf("torn: %s %s %s %u\n", addr_print(&question->from, from),
	       addr_print(&question->to, to), protocol_print(question->protocol),
	       question->port);
}

static void print_failure(const struct state *state, int error)
{
	printf("failed: %s:", strerror(-error));
	for (size_t i = 0; i < state->complaints.count; i++)
		printf(" %s", state->complaints.items[i].sentence);
	putchar('\n');
}

static void update(struct state *state)
{
	fflush(stdout); /* should it die now, all else was answered */
	moments_begin(state->moments);
	int r = state_update(state);
	const struct policy_question *torn = moments_end(state->moments);
	unsigned switches = moments_switches(state->moments);

	if (r == 0)
		r = state_update(state);
	if (r < 0)
		print_failure(state, r);
	else if (torn)
		print_torn(torn);
	else
		puts(switches == moments_switches(state->moments) ? "updated"
								  : "restless");
}

static uint8_t read_protocol(const char *text)
{
	static const struct {
		const char *name;
		uint8_t number;
	} names[] = {
		{ "icmp", 1 },	  { "tcp", 6 },	   { "udp", 17 },
		{ "icmpv6", 58 }, { "sctp", 132 },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(text, names[i].name) == 0)
			return names[i].number;
	return (uint8_t)strtoul(text, NULL, 10);
}

struct listing {
	bool audit;
	const char *separator;
};

static int print_isolating(void *context, const struct policy_rule *rule)
{
	struct listing *listing = context;

	if (rule->audit == listing->audit)
		printf(" %s/%s", rule->namespace, rule->name);
	return 0;
}

static void print_verdict(const struct state *state, const char *direction,
			  const struct policy_verdict *verdict)
{
	static const char *const outcomes[] = {
		[POLICY_NOT_ISOLATED] = "not isolated",
		[POLICY_ALLOWED] = "allowed",
		[POLICY_DENIED] = "denied",
		[POLICY_SELF] = "self",
	};
	const struct policy_rule *rule = &verdict->rule;

	printf("%s %s", direction, outcomes[verdict->outcome]);
	if (verdict->outcome == POLICY_ALLOWED)
		printf(" by %s/%s %s rule %u", rule->namespace, rule->name,
		       rule->is_egress ? "egress" : "ingress", rule->index);
	if (verdict->outcome == POLICY_DENIED) {
		fputs(", isolated by", stdout);
		policy_each_isolating(state->policy, verdict->set, print_isolating,
				      &(struct listing){ .audit = false });
	}
	if (verdict->audit_denied) {
		fputs("; audit: isolated by", stdout);
		policy_each_isolating(state->policy, verdict->set, print_isolating,
				      &(struct listing){ .audit = true });
	}
	putchar('\n');
}

static struct policy_question read_question(char *const words[4])
{
	struct policy_question question = {
		.protocol = read_protocol(words[2]),
		.port = (uint16_t)strtoul(words[3], NULL, 10),
	};

	if (addr_parse(words[0], &question.from) < 0 ||
	    addr_parse(words[1], &question.to) < 0)
		die("a question is about something that is no address", -EINVAL);
	return question;
}

static void answer(const struct state *state, char *const words[4])
{
	struct policy_question question = read_question(words);
	struct policy_verdict egress, ingress;

	policy_judge_egress(state->policy, &question, &egress);
	policy_judge_ingress(state->policy, &question, &ingress);
	bool permitted =
	    egress.outcome != POLICY_DENIED && ingress.outcome != POLICY_DENIED;
	if (permitted != tables_permit(state->moments, &question))
		fputs("THE TABLES SAY OTHERWISE: ", stdout);
	print_verdict(state, "egress", &egress);
	print_verdict(state, "ingress", &ingress);
}

static void watch(struct state *state, char *const words[4])
{
	struct policy_question question = read_question(words);

	if (moments_watch(state->moments, &question) < 0)
		die("a question cannot be watched", -ENOMEM);
}

static void want(struct state *state, const char *text, bool wanted)
{
	struct hg_addr addr;

	if (addr_parse(text, &addr) < 0)
		die("what is wanted is no address", -EINVAL);
	if (!wanted)
		policy_unwant(state->policy, &addr);
	else if (policy_want(state->policy, &addr) < 0)
		die("an address cannot be wanted", -ENOMEM);
}

/* Cut a line into words; returns how many there are, of five. */
static size_t split(char *line, char *ret_words[5])
{
	char *rest = NULL;
	size_t count = 0;

	for (char *word = strtok_r(line, " \n", &rest); word && count < 5;
	     word = strtok_r(NULL, " \n", &rest))
		ret_words[count++] = word;
	return count;
}

static void obey(struct state *state, char *words[5], size_t count, FILE *in)
{
	if (count == 3 && strcmp(words[0], "begin") == 0)
		begin(state, words[1], words[2]);
	else if (!state->policy)
		die("the first command is begin", -EINVAL);
	else if (count == 2 && strcmp(words[0], "objects") == 0)
		read_objects(state, strtoul(words[1], NULL, 10), in);
	else if (count == 2 && strcmp(words[0], "want") == 0)
		want(state, words[1], true);
	else if (count == 2 && strcmp(words[0], "unwant") == 0)
		want(state, words[1], false);
	else if (count == 1 && strcmp(words[0], "restart") == 0)
		restart(state);
	else if (count == 1 && strcmp(words[0], "update") == 0)
		update(state);
	else if (count == 5 && strcmp(words[0], "watch") == 0)
		watch(state, words + 1);
	else if (count == 4)
		answer(state, words);
	else
		die("a line is neither a command nor a question", -EINVAL);
}

static void obey_all(struct state *state, FILE *in)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	char *words[5];

	while (getline(&line, &size, in) > 0) {
		size_t count = split(line, words);
		if (count)
			obey(state, words, count, in);
	}
}

int main(int argc, char *argv[])
{
	CLEANUP(state_end) struct state state = { 0 };

	if (argc == 3) {
		begin(&state, argv[1], modes[POLICY_ENFORCE]);
		int r = state_open_folder(&state, argv[2]);
		if (r < 0)
			die("the manifests cannot be read", r);
		update(&state);
	} else if (argc != 1) {
		fputs("usage: verdicts [NODE FOLDER] <questions\n", stderr);
		return 2;
	}
	obey_all(&state, stdin);
	return 0;
}
