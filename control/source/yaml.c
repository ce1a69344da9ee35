// SPDX-License-Identifier: BSD-2-Clause
/*
 * A stream of YAML documents through libyaml's event interface. Its own document loader
 * is not used: it is quadratic on hostile input and keeps aliases. What libyaml does in
 * quadratic time even so (directives) is bounded before it starts.
 */
#include "yaml.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "../lib/cleanup.h"
#include "surrogate.h"

struct stream {
	yaml_parser_t parser;
	const struct yaml_text *text;
	struct complaints *complaints;
	struct tree tree;
};

static void refuse(const struct stream *stream, unsigned line, unsigned column,
		   const char *sentence)
{
	struct place place = { (char *)stream->text->file, line, column };
	complain(stream->complaints, COMPLAINT_ERROR, &place,
		 ABOUT_ITS_FILE(CAUSE_SYNTAX), "%s", sentence);
}

/* libyaml compares each %TAG directive with all others: keep them few. */
static bool has_few_directives(const struct stream *stream)
{
	const char *at = stream->text->text;
	const char *end = at + stream->text->length;
	unsigned lines = 1, directives = 0;

	for (; at && at < end; lines++) {
		directives += *at == '%';
		if (directives > YAML_DIRECTIVES) {
			refuse(stream, lines, 1,
			       "too many lines that begin with %: indent or remove them");
			return false;
		}
		at = memchr(at, '\n', end - at);
		at = at ? at + 1 : NULL;
	}
	return true;
}

static bool has_fit_size(const struct stream *stream)
{
	if (stream->text->length <= YAML_BYTES)
		return true;
	refuse(stream, 0, 0, "longer than 4 MiB: split it into several files");
	return false;
}

/* libyaml gives a reader's error (encoding) by offset only. */
static void find_offset(const struct stream *stream, size_t offset, unsigned *ret_line,
			unsigned *ret_column)
{
	const char *text = stream->text->text;
	unsigned line = 1, column = 1;

	for (size_t i = 0; i < offset && i < stream->text->length; i++, column++) {
		if (text[i] != '\n')
			continue;
		line++;
		column = 0;
	}
	*ret_line = line;
	*ret_column = column;
}

static int refuse_syntax(const struct stream *stream)
{
	const yaml_parser_t *parser = &stream->parser;
	struct place place = { (char *)stream->text->file, parser->problem_mark.line + 1,
			       parser->problem_mark.column + 1 };
	const char *problem = parser->problem ? parser->problem : "unreadable";

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR) {
		find_offset(stream, parser->problem_offset, &place.line, &place.column);
		complain(stream->complaints, COMPLAINT_ERROR, &place,
			 ABOUT_ITS_FILE(CAUSE_SYNTAX),
			 "not text in UTF-8 (%s): save it as UTF-8", problem);
	} else if (parser->context) {
		complain(
		    stream->complaints, COMPLAINT_ERROR, &place,
		    ABOUT_ITS_FILE(CAUSE_SYNTAX),
		    "not valid YAML: %s, %s from line %lu on: correct the syntax here",
		    problem, parser->context, parser->context_mark.line + 1);
	} else {
		complain(stream->complaints, COMPLAINT_ERROR, &place,
			 ABOUT_ITS_FILE(CAUSE_SYNTAX),
			 "not valid YAML: %s: correct the syntax here", problem);
	}
	return -EBADMSG;
}

static int read_document(struct stream *stream,
			 int (*visit)(void *context, const struct tree *tree),
			 void *context, bool *ret_end)
{
	for (;;) {
		yaml_event_t event CLEANUP(yaml_event_delete) = { 0 };
		if (!yaml_parser_parse(&stream->parser, &event))
			return refuse_syntax(stream);
		*ret_end = event.type == YAML_STREAM_END_EVENT;
		if (*ret_end)
			return 0;
		if (event.type == YAML_DOCUMENT_END_EVENT)
			break;
		int r = tree_add(&stream->tree, &event, stream->complaints);
		if (r < 0)
			return r;
	}
	int r = visit(context, &stream->tree);
	tree_clear(&stream->tree);
	return r;
}

static int read_stream(struct stream *stream,
		       int (*visit)(void *context, const struct tree *tree),
		       void *context)
{
	bool end = false;
	int r = 0;

	if (!yaml_parser_initialize(&stream->parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&stream->parser,
				     (const unsigned char *)stream->text->text,
				     stream->text->length);
	while (r == 0 && !end)
		r = read_document(stream, visit, context, &end);
	tree_clear(&stream->tree);
	yaml_parser_delete(&stream->parser);
	return r;
}

int yaml_read(const struct yaml_text *text,
	      int (*visit)(void *context, const struct tree *tree), void *context,
	      struct complaints *complaints)
{
	struct stream stream = { .text = text,
				 .complaints = complaints,
				 .tree = { .file = text->file } };
	struct yaml_text joined = { .file = text->file };
	_cleanup_free_ char *copy = NULL;

	if (!has_fit_size(&stream) || !has_few_directives(&stream))
		return -EBADMSG;
	if (surrogate_is_used(text->text, text->length)) {
		copy = surrogate_join(text->text, text->length, &joined.length);
		if (!copy)
			return -ENOMEM;
		joined.text = copy;
		stream.text = &joined;
	}
	return read_stream(&stream, visit, context);
}
