// SPDX-License-Identifier: BSD-2-Clause
/*
 * headgate.io/weights on an EndpointSlice: "10.0.0.1=3, 10.0.0.2=0". Endpoints that it
 * does not name weigh 1; all endpoints of an address get the weight. An address that the
 * slice does not have is a warning only: endpoints come and go, and an error would keep
 * the one that went in force.
 */
#include "annotation.h"

#include <errno.h>
#include <string.h>
#include "../lib/cleanup.h"

#define WEIGHTS	       ANNOTATION_PREFIX "weights"
#define WEIGHT_LARGEST 256
#define PAIRS_LONGEST  1000 /* as many as endpoints */

/* 0 to 256 as decimal digits, or -EINVAL. */
static int parse_weight(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > 3 || strspn(text, "0123456789") != length)
		return -EINVAL;
	long weight = strtol(text, NULL, 10);
	return weight <= WEIGHT_LARGEST ? weight : -EINVAL;
}

static char *trim(char *text)
{
	text += strspn(text, " \t\n");
	for (size_t length = strlen(text); length && strchr(" \t\n", text[length - 1]);
	     length--)
		text[length - 1] = '\0';
	return text;
}

static bool set_weight(struct endpoint_slice *slice, const struct hg_addr *addr,
		       unsigned weight)
{
	bool found = false;

	for (size_t i = 0; i < slice->endpoint_count; i++) {
		if (addr_compare(&slice->endpoints[i].addr, addr) != 0)
			continue;
		slice->endpoints[i].weight = weight;
		found = true;
	}
	return found;
}

static void read_pair(struct decode *decode, const struct field *field, char *pair,
		      struct endpoint_slice *slice)
{
	char shown[FIELD_SHOW];
	struct hg_addr addr;
	char *equals = strchr(pair, '=');

	if (!equals) {
		field_complain(decode, field,
			       "\"%s\" is not a weight: write address=weight",
			       field_show(pair, shown));
		return;
	}
	*equals = '\0';
	char *weight_text = trim(equals + 1);
	int weight = parse_weight(weight_text);
	if (addr_parse(trim(pair), &addr) < 0)
		field_complain(decode, field,
			       "\"%s\" is not an address: write address=weight",
			       field_show(trim(pair), shown));
	else if (weight < 0)
		field_complain(decode, field, "\"%s\" is not a weight: use 0 to %d",
			       field_show(weight_text, shown), WEIGHT_LARGEST);
	else if (!set_weight(slice, &addr, weight))
		field_warn(decode, field,
			   "names %s, which is no endpoint here: correct or remove it",
			   field_show(trim(pair), shown));
}

static void read_weights(struct decode *decode, const struct field *field,
			 struct endpoint_slice *slice)
{
	const char *text = field_as_text(decode, field);
	_cleanup_free_ char *copy = text ? decode_strdup(decode, text) : NULL;
	char *rest = copy;
	size_t pairs = 0;

	if (!copy || !*trim(copy))
		return;
	while (rest) {
		char *pair = strsep(&rest, ",");
		if (++pairs > PAIRS_LONGEST) {
			field_complain(decode, field,
				       "has more than %d pairs: shorten it",
				       PAIRS_LONGEST);
			return;
		}
		read_pair(decode, field, trim(pair), slice);
	}
}

void annotation_read_slice(struct decode *decode, const struct field *annotations,
			   struct endpoint_slice *slice)
{
	if (!annotations->value)
		return;
	json_object_object_foreach(annotations->value, key, value)
	{
		struct field field = { .value = value,
				       .parent = annotations,
				       .key = key };
		if (strncmp(key, ANNOTATION_PREFIX, strlen(ANNOTATION_PREFIX)) != 0)
			continue;
		if (strcmp(key, WEIGHTS) == 0)
			read_weights(decode, &field, slice);
		else
			field_complain(decode, &field,
				       "is not an annotation of an EndpointSlice that is "
				       "known: only %s is",
				       WEIGHTS);
	}
}
