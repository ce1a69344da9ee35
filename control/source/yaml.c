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
#include "piece.h"
#include "surrogate.h"

struct stream {
	yaml_parser_t parser;
	struct yaml_text piece; /* what the parser reads */
	yaml_mark_t start;	/* where the piece begins in the text */
	struct complaints *complaints;
	struct tree tree;
};

static void refuse(const struct stream *stream, unsigned line, unsigned column,
		   const char *sentence)
{
	struct place place = { (char *)stream->piece.file, line, column };
	complain(stream->complaints, COMPLAINT_ERROR, &place,
		 ABOUT_ITS_FILE(CAUSE_SYNTAX), "%s", sentence);
}

/* libyaml compares each %TAG directive of a document with all others: keep them few. */
static bool has_few_directives(const struct stream *stream)
{
	const char *at = stream->piece.text;
	const char *end = at + stream->piece.length;
	unsigned lines = 1, directives = 0;

	for (; at && at < end; lines++) {
		directives += *at == '%';
		if (end - at >= 3 && memcmp(at, "---", 3) == 0)
			directives = 0;
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
	if (stream->piece.length <= YAML_BYTES)
		return true;
	refuse(stream, 0, 0, "longer than 16 MiB: split it into several files");
	return false;
}

/* Lines and columns of a mark in the piece become those of the text. */
static void shift_mark(const struct stream *stream, yaml_mark_t *mark)
{
	if (mark->line == 0)
		mark->column += stream->start.column;
	mark->line += stream->start.line;
}

/* Move a mark behind so many bytes of the text. */
static void advance_mark(yaml_mark_t *mark, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		mark->column += ((unsigned char)text[i] & 0xc0) != 0x80;
		if (text[i] != '\n')
			continue;
		mark->line++;
		mark->column = 0;
	}
}

static int refuse_encoding(const struct stream *stream)
{
	const yaml_parser_t *parser = &stream->parser;
	yaml_mark_t mark = stream->start;

	/* libyaml gives a reader's error by offset only */
	advance_mark(&mark, stream->piece.text,
		     parser->problem_offset < stream->piece.length
			 ? parser->problem_offset
			 : stream->piece.length);
	struct place place = { (char *)stream->piece.file, mark.line + 1,
			       mark.column + 1 };
	complain(stream->complaints, COMPLAINT_ERROR, &place,
		 ABOUT_ITS_FILE(CAUSE_SYNTAX), "not text in UTF-8 (%s): save it as UTF-8",
		 parser->problem ? parser->problem : "unreadable");
	return -EBADMSG;
}

static int refuse_syntax(const struct stream *stream)
{
	const yaml_parser_t *parser = &stream->parser;
	const char *problem = parser->problem ? parser->problem : "unreadable";
	yaml_mark_t mark = parser->problem_mark, context = parser->context_mark;

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		return refuse_encoding(stream);
	shift_mark(stream, &mark);
	shift_mark(stream, &context);
	struct place place = { (char *)stream->piece.file, mark.line + 1,
			       mark.column + 1 };
	if (strcmp(problem, "did not find expected <document start>") == 0)
		complain(stream->complaints, COMPLAINT_ERROR, &place,
			 ABOUT_ITS_FILE(CAUSE_SYNTAX),
			 "not valid YAML: a document ends in front of this: put --- "
			 "between documents, or correct the syntax here");
	else if (parser->context)
		complain(
		    stream->complaints, COMPLAINT_ERROR, &place,
		    ABOUT_ITS_FILE(CAUSE_SYNTAX),
		    "not valid YAML: %s, %s from line %lu on: correct the syntax here",
		    problem, parser->context, context.line + 1);
	else
		complain(stream->complaints, COMPLAINT_ERROR, &place,
			 ABOUT_ITS_FILE(CAUSE_SYNTAX),
			 "not valid YAML: %s: correct the syntax here", problem);
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
		shift_mark(stream, &event.start_mark);
		int r = tree_add(&stream->tree, &event, stream->complaints);
		if (r < 0)
			return r;
	}
	int r = visit(context, &stream->tree);
	tree_clear(&stream->tree);
	return r;
}

static int read_piece(struct stream *stream,
		      int (*visit)(void *context, const struct tree *tree), void *context)
{
	bool end = false;
	int r = 0;

	if (!yaml_parser_initialize(&stream->parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&stream->parser,
				     (const unsigned char *)stream->piece.text,
				     stream->piece.length);
	while (r == 0 && !end)
		r = read_document(stream, visit, context, &end);
	tree_clear(&stream->tree);
	yaml_parser_delete(&stream->parser);
	return r;
}

/* So many bytes of the rest are done with. */
static void pass(struct stream *stream, struct yaml_text *rest, size_t length)
{
	advance_mark(&stream->start, rest->text, length);
	rest->text += length;
	rest->length -= length;
}

static int read_pieces(struct stream *stream,
		       int (*visit)(void *context, const struct tree *tree),
		       void *context)
{
	struct yaml_text rest = stream->piece;
	int r = 0;

	for (;;) {
		pass(stream, &rest, piece_skip(rest.text, rest.length));
		if (r != 0 || !rest.length)
			return r;
		stream->piece.text = rest.text;
		stream->piece.length = piece_length(rest.text, rest.length);
		r = read_piece(stream, visit, context);
		pass(stream, &rest, stream->piece.length);
	}
}

int yaml_read(const struct yaml_text *text,
	      int (*visit)(void *context, const struct tree *tree), void *context,
	      struct complaints *complaints)
{
	struct stream stream = { .piece = *text,
				 .complaints = complaints,
				 .tree = { .file = text->file } };
	_cleanup_free_ char *copy = NULL;

	if (!has_fit_size(&stream) || !has_few_directives(&stream))
		return -EBADMSG;
	if (surrogate_is_used(text->text, text->length)) {
		copy = surrogate_join(text->text, text->length, &stream.piece.length);
		if (!copy)
			return -ENOMEM;
		stream.piece.text = copy;
	}
	return read_pieces(&stream, visit, context);
}
