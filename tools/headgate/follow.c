/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that policies refuse, as they come. */
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "../../control/lib/cleanup.h"
#include "api.h"

#define INTERVAL_NS 200000000L

static void print_refusal(const struct line *line, struct json_object *refusal)
{
	time_t now = time(NULL) - (time_t)api_number(refusal, "ageSeconds");
	const char *policies = api_text(refusal, "policies");
	char clock[16] = "", port[24] = "";
	struct tm broken;

	if (line->format == FORMAT_JSON) {
		puts(json_object_to_json_string_ext(refusal, JSON_C_TO_STRING_PLAIN));
		return;
	}
	if (localtime_r(&now, &broken))
		strftime(clock, sizeof(clock), "%T", &broken);
	if (api_member(refusal, "port"))
		snprintf(port, sizeof(port), "port %s/", api_text(refusal, "port"));
	printf("%s %s %s -> %s %s%s: ", clock,
	       api_bool(refusal, "audit") ? "audit" : "refused",
	       api_text(refusal, "from"), api_text(refusal, "to"), port,
	       api_text(refusal, "protocol"));
	if (*policies && *policies != '-')
		printf("%s isolated by %s, no rule allows\n",
		       api_text(refusal, "direction"), policies);
	else
		puts("isolated by policies that are not in force any more");
}

/* Those after number *last, oldest first; they are newest first. */
static void print_fresh(const struct line *line, struct json_object *refusals,
			uint32_t *last)
{
	size_t count = api_count(refusals), fresh = 0;
	uint32_t newest = *last;

	while (fresh < count) {
		uint32_t number =
		    (uint32_t)api_number(api_item(refusals, fresh), "number");

		if ((int32_t)(number - *last) <= 0)
			break;
		if (!fresh++)
			newest = number;
	}
	if (newest - *last > fresh)
		fprintf(stderr, "headgate: %u more were refused than can be shown\n",
			(unsigned)(newest - *last - fresh));
	for (size_t i = fresh; i-- > 0;)
		print_refusal(line, api_item(refusals, i));
	*last = newest;
}

int drops_follow(const struct line *line)
{
	const struct timespec interval = { .tv_nsec = INTERVAL_NS };
	bool is_first = true;
	uint32_t last = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		CLEANUP(api_put)
		struct json_object *answer = api_call(line, "GET", "/v1/drops", NULL);
		struct json_object *refusals = api_member(answer, "policy");

		if (!answer)
			return api_exit_code();
		if (is_first && api_count(refusals))
			last = (uint32_t)api_number(api_item(refusals, 0), "number");
		else if (!is_first)
			print_fresh(line, refusals, &last);
		is_first = false;
		if (ferror(stdout))
			return EXIT_FAILURE;
		nanosleep(&interval, NULL);
	}
}
