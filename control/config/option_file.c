/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration file: lines "name = value" with the names of the options, # comments,
 * empty lines. No sections, no quoting, no escapes. A value reaches to the end of its
 * line or to " #". All mistakes of a file are told at once, each with file:line:column.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "../lib/cleanup.h"
#include "option.h"

#define LINE_LONGEST  4096
#define MISTAKES_MOST 20

static void close_stream(FILE **stream)
{
	if (*stream)
		fclose(*stream);
}

/* Cut spaces at both ends of [text, end). Returns the new beginning. */
static char *trim(char *text, char *end)
{
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

static char *comment_of(char *line)
{
	for (char *hash = line; (hash = strchr(hash, '#')); hash++) {
		if (hash == line || isspace((unsigned char)hash[-1]))
			return hash;
	}
	return line + strlen(line);
}

struct reading {
	int (*set)(void *context, const char *name, const struct option_value *value);
	void *context;
	struct complaints *complaints;
	struct place place;
};

static int complain_line(struct reading *reading, const char *sentence)
{
	complain(reading->complaints, COMPLAINT_ERROR, &reading->place, NULL, "%s",
		 sentence);
	return -EINVAL;
}

static int read_line(struct reading *reading, char *line, size_t length)
{
	reading->place.line++;
	reading->place.column = 1;
	if (length > LINE_LONGEST)
		return complain_line(reading,
				     "the line is longer than 4096 bytes: shorten it");
	if (strlen(line) != length)
		return complain_line(reading,
				     "the line holds a NUL byte: write plain text");
	char *text = trim(line, comment_of(line));

	if (!*text)
		return 0;
	char *equals = strchr(text, '=');

	reading->place.column = (unsigned)(text - line) + 1;
	if (!equals)
		return complain_line(reading, "no '=' in the line: write 'name = value'");
	char *value = trim(equals + 1, text + strlen(text));
	char *name = trim(text, equals);

	return reading->set(reading->context, name,
			    &(struct option_value){ .text = value,
						    .place = &reading->place,
						    .complaints = reading->complaints });
}

int option_file_read(const char *path,
		     int (*set)(void *context, const char *name,
				const struct option_value *value),
		     void *context, struct complaints *complaints)
{
	CLEANUP(close_stream) FILE *stream = fopen(path, "re");
	struct reading reading = { set, context, complaints, { (char *)path, 0, 0 } };

	if (!stream) {
		complain(
		    complaints, COMPLAINT_ERROR, NULL, NULL,
		    "--config %s cannot be read (%s): give a file that exists and is "
		    "readable",
		    path, strerror(errno));
		return -EINVAL;
	}
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	int result = 0;
	size_t before = complaints->count;

	for (ssize_t length; (length = getline(&line, &size, stream)) >= 0;) {
		if (length && line[length - 1] == '\n')
			line[--length] = '\0';
		int r = read_line(&reading, line, (size_t)length);

		if (r == -ENOMEM)
			return r;
		result = r < 0 ? r : result;
		if (complaints->count - before >= MISTAKES_MOST) {
			reading.place.column = 0;
			return complain_line(&reading, "too many mistakes: is this a "
						       "file of 'name = value' lines?");
		}
	}
	if (!ferror(stream))
		return result;
	complain(complaints, COMPLAINT_ERROR, NULL, NULL,
		 "--config %s cannot be read (%s): give a regular file", path,
		 strerror(errno));
	return -EINVAL;
}
