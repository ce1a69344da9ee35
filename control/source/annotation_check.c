// SPDX-License-Identifier: BSD-2-Clause
/*
 * headgate.io/check and headgate.io/check-…: the health check of a Service. Which rows
 * go with which type stands in one table: a row that the check would not look at is an
 * error, since whoever wrote it believes that it does something. With check "none"
 * (written out) the others may stay: that is how a check is switched off for a while.
 */
#include "annotation_check.h"

#include <stdio.h>
#include <string.h>
#include "../lib/cleanup.h"
#include "name.h"

#define TEXT_LONGEST 512 /* payload and expectation: within one datagram */
#define PATH_LONGEST 1024

static const char *const types[] = {
	[CHECK_NONE] = "none",
	[CHECK_TCP] = "tcp",
	[CHECK_HTTP] = "http",
	[CHECK_HTTPS] = "https",
	[CHECK_UDP] = "udp",
	[CHECK_DNS] = "dns",
	NULL,
};

static void read_type(const struct annotation *annotation,
		      struct service_options *options)
{
	options->check.type = annotation_choice(annotation, types, CHECK_NONE);
}

static void read_port(const struct annotation *annotation,
		      struct service_options *options)
{
	options->check.port = annotation_number(annotation, &range_port, 0);
}

/* Visible ASCII: it stands in a request line. */
static bool is_path(const char *text)
{
	if (*text != '/' || strlen(text) > PATH_LONGEST)
		return false;
	for (; *text; text++)
		if (*text <= ' ' || *text > '~')
			return false;
	return true;
}

static void read_path(const struct annotation *annotation,
		      struct service_options *options)
{
	char shown[FIELD_SHOW];

	if (!is_path(annotation->text))
		field_complain(
		    annotation->decode, annotation->field,
		    "\"%s\" is not a path: begin with /, without spaces, at most "
		    "%d characters",
		    field_show(annotation->text, shown), PATH_LONGEST);
	annotation_copy(annotation, &options->check.path);
}

static void read_host(const struct annotation *annotation,
		      struct service_options *options)
{
	char shown[FIELD_SHOW];

	if (!name_is_host(annotation->text) || strcmp(annotation->text, ".") == 0)
		field_complain(annotation->decode, annotation->field,
			       "\"%s\" is not a host name: write one like shop.example, "
			       "without port",
			       field_show(annotation->text, shown));
	annotation_copy(annotation, &options->check.host);
}

/* "200" or "200-399". */
static void read_status(const struct annotation *annotation,
			struct service_options *options)
{
	unsigned first = 0, last = 0;
	int first_end = 0, last_end = 0;
	const char *text = annotation->text;
	char shown[FIELD_SHOW];
	bool digits = strspn(text, "0123456789-") == strlen(text);

	if (digits &&
	    sscanf(text, "%3u%n-%3u%n", &first, &first_end, &last, &last_end) == 1)
		last = first;
	const char *end = text + (last_end ? last_end : first_end);
	if (digits && *end == '\0' && first >= 100 && first <= last && last <= 599) {
		options->check.status_first = first;
		options->check.status_last = last;
		return;
	}
	field_complain(annotation->decode, annotation->field,
		       "\"%s\" is not a range of HTTP status codes: use 100 to 599, like "
		       "200 or 200-399",
		       field_show(text, shown));
}

static void read_interval(const struct annotation *annotation,
			  struct service_options *options)
{
	static const struct range range = { "an interval", 100, 3600 * 1000 };
	options->check.interval_ms =
	    annotation_duration(annotation, &range, options->check.interval_ms);
}

static void read_timeout(const struct annotation *annotation,
			 struct service_options *options)
{
	static const struct range range = { "a time-out", 10, 60 * 1000 };
	options->check.timeout_ms =
	    annotation_duration(annotation, &range, options->check.timeout_ms);
}

static const struct range in_a_row = { "a number of checks in a row", 1, 100 };

static void read_rise(const struct annotation *annotation,
		      struct service_options *options)
{
	options->check.rise =
	    annotation_number(annotation, &in_a_row, options->check.rise);
}

static void read_fall(const struct annotation *annotation,
		      struct service_options *options)
{
	options->check.fall =
	    annotation_number(annotation, &in_a_row, options->check.fall);
}

static bool check_length(const struct annotation *annotation)
{
	size_t length = strlen(annotation->text);

	if (length > 0 && length <= TEXT_LONGEST)
		return true;
	field_complain(annotation->decode, annotation->field,
		       "has %zu bytes: use 1 to %d", length, TEXT_LONGEST);
	return false;
}

static void read_send(const struct annotation *annotation,
		      struct service_options *options)
{
	if (check_length(annotation))
		annotation_copy(annotation, &options->check.send);
}

static void read_expect(const struct annotation *annotation,
			struct service_options *options)
{
	if (check_length(annotation))
		annotation_copy(annotation, &options->check.expect);
}

const struct annotation_row annotation_checks[] = {
	{ "check", read_type },
	{ "check-port", read_port },
	{ "check-path", read_path },
	{ "check-host", read_host },
	{ "check-status", read_status },
	{ "check-interval", read_interval },
	{ "check-timeout", read_timeout },
	{ "check-rise", read_rise },
	{ "check-fall", read_fall },
	{ "check-send", read_send },
	{ "check-expect", read_expect },
	{ NULL, NULL },
};

void annotation_default_check(struct check_spec *check)
{
	*check = (struct check_spec){
		.type = CHECK_NONE,
		.status_first = 200,
		.status_last = 399,
		.interval_ms = 2000,
		.timeout_ms = 1000,
		.rise = 2,
		.fall = 3,
	};
}

/* Rows that only some types look at. */
static const struct {
	const char *key;
	unsigned types; /* set of 1 << type */
	const char *which;
} uses[] = {
	{ ANNOTATION_PREFIX "check-path", 1 << CHECK_HTTP | 1 << CHECK_HTTPS,
	  "http and https" },
	{ ANNOTATION_PREFIX "check-host", 1 << CHECK_HTTP | 1 << CHECK_HTTPS,
	  "http and https" },
	{ ANNOTATION_PREFIX "check-status", 1 << CHECK_HTTP | 1 << CHECK_HTTPS,
	  "http and https" },
	{ ANNOTATION_PREFIX "check-send", 1 << CHECK_UDP | 1 << CHECK_DNS,
	  "udp and dns" },
	{ ANNOTATION_PREFIX "check-expect", 1 << CHECK_UDP, "udp" },
	{ ANNOTATION_PREFIX "check-port", ~0U, "" },
	{ ANNOTATION_PREFIX "check-interval", ~0U, "" },
	{ ANNOTATION_PREFIX "check-timeout", ~0U, "" },
	{ ANNOTATION_PREFIX "check-rise", ~0U, "" },
	{ ANNOTATION_PREFIX "check-fall", ~0U, "" },
};

static void check_uses(struct decode *decode, const struct field *annotations,
		       const struct check_spec *check)
{
	struct field type = field_get(annotations, ANNOTATION_PREFIX "check");

	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		struct field field = field_get(annotations, uses[i].key);
		if (!field.value)
			continue;
		if (!type.value)
			field_complain(decode, &field,
				       "has no effect without a check: add %scheck: http "
				       "(or another type)",
				       ANNOTATION_PREFIX);
		else if (check->type != CHECK_NONE &&
			 !(uses[i].types & 1U << check->type))
			field_complain(decode, &field,
				       "has no effect with %scheck: %s, only with %s: "
				       "remove it",
				       ANNOTATION_PREFIX, types[check->type],
				       uses[i].which);
	}
}

static void default_text(struct decode *decode, char **text, const char *otherwise)
{
	if (!*text)
		*text = decode_strdup(decode, otherwise);
}

void annotation_finish_check(struct decode *decode, const struct field *annotations,
			     struct check_spec *check)
{
	struct field type = field_get(annotations, ANNOTATION_PREFIX "check");
	struct field send = field_get(annotations, ANNOTATION_PREFIX "check-send");
	char shown[FIELD_SHOW];

	check_uses(decode, annotations, check);
	if (check->type == CHECK_HTTP || check->type == CHECK_HTTPS)
		default_text(decode, &check->path, "/");
	if (check->type == CHECK_DNS)
		default_text(decode, &check->send, ".");
	if (check->type == CHECK_DNS && check->send && !name_is_host(check->send))
		field_complain(decode, &send,
			       "\"%s\" is not a name to ask for: write one like "
			       "example.org, or \".\"",
			       field_show(check->send, shown));
	if (check->type == CHECK_UDP && !send.value)
		field_complain(decode, &type,
			       "udp needs a payload that backends answer: add "
			       "%scheck-send",
			       ANNOTATION_PREFIX);
}
