/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transcripts: each NAME.transcript in this folder holds command lines after "$ headgate",
 * and below each what it must print (both streams) and, after "exit", its exit code.
 * Commands run in this folder, each in a process of its own, under the sanitizers.
 * GOLDEN_UPDATE=1 writes the answers instead of comparing; read the difference before you
 * commit it. Lines from "#" to the first command are a comment.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "../../control/lib/cleanup.h"
#include "../../tools/headgate/command.h"

#define PROMPT	     "$ headgate "
#define WORDS_MOST   32
#define PATH_LONGEST 512

static const char *folder(void)
{
	static char path[PATH_LONGEST];

	snprintf(path, sizeof(path), "%s", __FILE__);
	*strrchr(path, '/') = '\0';
	return path;
}

static char *read_stream(FILE *file)
{
	char *text = NULL;
	size_t size = 0;

	rewind(file);
	if (getdelim(&text, &size, '\0', file) >= 0)
		return text;
	free(text);
	return strdup("");
}

/* The words of a command line; there is no quoting. */
static int split(char *line, char **words)
{
	int count = 0;

	words[count++] = (char *)"headgate";
	for (char *word; (word = strsep(&line, " "));) {
		assert_in_range(count, 1, WORDS_MOST - 2);
		if (*word)
			words[count++] = word;
	}
	words[count] = NULL;
	return count;
}

static int run_command(char *line)
{
	char *words[WORDS_MOST];
	int count = split(line, words);
	const struct command *command;
	struct line read;
	int r = line_read(count, words, &command, &read);

	if (r)
		return r < 0 ? EXIT_SUCCESS : r;
	return command->run(&read);
}

/* Exits through exit(), so that leaks are looked for. */
static void be_command(char *line, FILE *out)
{
	setbuf(stdout, NULL);
	if (chdir(folder()) < 0 || dup2(fileno(out), STDOUT_FILENO) < 0 ||
	    dup2(fileno(out), STDERR_FILENO) < 0)
		_exit(99);
	exit(run_command(line));
}

/* What the command prints and how it ends. */
static void answer(char *line, FILE *out)
{
	FILE *output = tmpfile();
	_cleanup_free_ char *text = NULL;
	int status;

	assert_non_null(output);
	fflush(NULL);
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		be_command(line, output);
	assert_int_equal(waitpid(child, &status, 0), child);
	text = read_stream(output);
	fclose(output);
	if (!WIFEXITED(status))
		fail_msg("the command was killed by signal %d:\n%s", WTERMSIG(status),
			 text);
	fprintf(out, "%sexit %d\n", text, WEXITSTATUS(status));
}

/* The transcript with the answers as they are now. */
static char *play(const char *transcript)
{
	_cleanup_free_ char *copy = strdup(transcript);
	char *played = NULL, *rest = copy;
	size_t size;
	FILE *out = open_memstream(&played, &size);
	int count = 0;

	assert_non_null(out);
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (*line == '#' && !count)
			fprintf(out, "%s\n", line);
		if (strncmp(line, PROMPT, sizeof(PROMPT) - 1) != 0)
			continue;
		fprintf(out, "\n%s\n", line);
		answer(line + sizeof(PROMPT) - 1, out);
		count++;
	}
	assert_int_equal(fclose(out), 0);
	assert_int_not_equal(count, 0);
	return played;
}

/* Shows the first line that differs. */
static void expect_same(const char *path, const char *expected, const char *got)
{
	unsigned line = 1;
	const char *expected_line = expected, *got_line = got;

	if (strcmp(expected, got) == 0)
		return;
	for (; *expected && *expected == *got; expected++, got++) {
		if (*expected != '\n')
			continue;
		line++;
		expected_line = expected + 1;
		got_line = got + 1;
	}
	fail_msg("%s:%u:\n  expected: %.*s\n  printed:  %.*s\n"
		 "if that is right: GOLDEN_UPDATE=1",
		 path, line, (int)strcspn(expected_line, "\n"), expected_line,
		 (int)strcspn(got_line, "\n"), got_line);
}

static void transcript_is_golden(void **state)
{
	char path[PATH_LONGEST * 2];
	_cleanup_free_ char *expected = NULL, *played = NULL;

	snprintf(path, sizeof(path), "%s/%s", folder(), (const char *)*state);
	FILE *file = fopen(path, "r+e");

	assert_non_null(file);
	expected = read_stream(file);
	played = play(expected);
	if (getenv("GOLDEN_UPDATE")) {
		rewind(file);
		assert_int_equal(ftruncate(fileno(file), 0), 0);
		assert_true(fputs(played, file) >= 0);
	}
	assert_int_equal(fclose(file), 0);
	if (!getenv("GOLDEN_UPDATE"))
		expect_same(path, expected, played);
}

static int is_transcript(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".transcript") == 0;
}

int main(void)
{
	struct dirent **entries;
	int count = scandir(folder(), &entries, is_transcript, alphasort);
	struct CMUnitTest *tests;
	int r;

	if (count <= 0) {
		fprintf(stderr, "no transcripts in %s: run from the top of the tree\n",
			folder());
		return 1;
	}
	tests = calloc((size_t)count, sizeof(*tests));
	if (!tests)
		return 1;
	for (int i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){ .name = entries[i]->d_name,
						.test_func = transcript_is_golden,
						.initial_state = entries[i]->d_name };
	r = _cmocka_run_group_tests("transcripts", tests, (size_t)count, NULL, NULL);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	free(tests);
	return r;
}
