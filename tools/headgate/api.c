/* SPDX-License-Identifier: BSD-2-Clause */
#include <curl/curl.h>
#include <errno.h>
#include <sys/stat.h>
#include <string.h>

#include "../../control/lib/cleanup.h"
#include "api.h"

#define ANSWER_MOST (512U << 20)
#define WAIT_S	    30L
#define JSON_DEPTH  32

struct answer {
	char *text;
	size_t length, capacity;
};

static void clear_answer(struct answer *answer)
{
	free(answer->text);
}

static void close_curl(CURL **curl)
{
	curl_easy_cleanup(*curl);
}

static size_t take_piece(char *piece, size_t size, size_t count, void *context)
{
	struct answer *answer = context;
	size_t length = size * count;

	if (length > ANSWER_MOST - answer->length)
		return 0;
	if (answer->length + length > answer->capacity) {
		size_t capacity = (answer->length + length) * 2;
		char *text = realloc(answer->text, capacity);

		if (!text)
			return 0;
		answer->text = text;
		answer->capacity = capacity;
	}
	memcpy(answer->text + answer->length, piece, length);
	answer->length += length;
	return length;
}

static char *make_url(const char *path, const struct api_argument *arguments)
{
	char *url = NULL;
	size_t size;
	FILE *out = open_memstream(&url, &size);

	if (!out)
		return NULL;
	fprintf(out, "http://headgated%s", path);
	char separator = '?';

	for (; arguments && arguments->name; arguments++) {
		if (!arguments->value)
			continue;
		_cleanup_free_ char *value = api_escape(arguments->value);

		fprintf(out, "%c%s=%s", separator, arguments->name, value ? value : "");
		separator = '&';
	}
	if (fclose(out) == 0)
		return url;
	free(url);
	return NULL;
}

static void explain_transport(const struct line *line, CURL *curl, CURLcode code)
{
	struct stat stat_of;
	long error = 0;

	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
	if (code == CURLE_COULDNT_CONNECT && (error == EACCES || error == EPERM))
		fprintf(stderr, "headgate: no permission to open %s: use sudo\n",
			line->socket);
	else if (stat(line->socket, &stat_of) == 0 && !S_ISSOCK(stat_of.st_mode))
		fprintf(stderr,
			"headgate: --socket %s is not a socket: name the one that "
			"headgated serves\n",
			line->socket);
	else if (code == CURLE_COULDNT_CONNECT)
		fprintf(stderr,
			"headgate: headgated does not run at %s: start it, or name its "
			"socket with --socket\n",
			line->socket);
	else
		fprintf(stderr,
			"headgate: headgated at %s does not answer (%s): see its log\n",
			line->socket, curl_easy_strerror(code));
}

static struct json_object *parse(const struct answer *answer)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH);
	struct json_object *object = NULL;

	if (tokener && answer->length)
		object =
		    json_tokener_parse_ex(tokener, answer->text, (int)answer->length);
	if (tokener)
		json_tokener_free(tokener);
	return object;
}

static int exit_code = EXIT_FAILURE; /* of the last call that failed */

int api_exit_code(void)
{
	return exit_code;
}

static struct json_object *judge(const struct line *line, CURL *curl,
				 const struct answer *answer)
{
	struct json_object *object = parse(answer);
	long status = 0;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (!json_object_is_type(object, json_type_object)) {
		fprintf(stderr, "headgate: what answers at %s is not headgated\n",
			line->socket);
	} else if (status != 200) {
		exit_code = status == 400 ? EXIT_USAGE : EXIT_FAILURE;
		fprintf(stderr, "headgate: %s\n", api_text(object, "error"));
	} else {
		return object;
	}
	json_object_put(object);
	return NULL;
}

struct json_object *api_call(const struct line *line, const char *method,
			     const char *path, const struct api_argument *arguments)
{
	CLEANUP(clear_answer) struct answer answer = { 0 };
	CLEANUP(close_curl) CURL *curl = curl_easy_init();
	_cleanup_free_ char *url = make_url(path, arguments);

	if (!curl || !url) {
		fprintf(stderr, "headgate: out of memory\n");
		return NULL;
	}
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, line->socket);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, WAIT_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	CURLcode code = curl_easy_perform(curl);

	if (code == CURLE_OK)
		return judge(line, curl, &answer);
	explain_transport(line, curl, code);
	return NULL;
}

void api_put(struct json_object **answer)
{
	json_object_put(*answer);
}

char *api_escape(const char *segment)
{
	char *escaped = curl_easy_escape(NULL, segment, 0);
	char *copy = escaped ? strdup(escaped) : NULL;

	curl_free(escaped);
	return copy;
}

struct json_object *api_member(struct json_object *object, const char *name)
{
	struct json_object *member = NULL;

	json_object_object_get_ex(object, name, &member);
	return member;
}

const char *api_text(struct json_object *object, const char *name)
{
	struct json_object *member = api_member(object, name);

	return member ? json_object_get_string(member) : "-";
}

uint64_t api_number(struct json_object *object, const char *name)
{
	return json_object_get_uint64(api_member(object, name));
}

int api_bool(struct json_object *object, const char *name)
{
	return json_object_get_boolean(api_member(object, name));
}

size_t api_count(struct json_object *array)
{
	return json_object_is_type(array, json_type_array)
		   ? json_object_array_length(array)
		   : 0;
}

struct json_object *api_item(struct json_object *array, size_t i)
{
	return json_object_array_get_idx(array, i);
}

char *api_end(struct json_object *end)
{
	const char *addr = api_text(end, "address");
	char *text;

	if (!end)
		return strdup("-");
	if (asprintf(&text, strchr(addr, ':') ? "[%s]:%u" : "%s:%u", addr,
		     (unsigned)api_number(end, "port")) < 0)
		return NULL;
	return text;
}

int api_print_json(const struct line *line, struct json_object *answer)
{
	if (line->format != FORMAT_JSON)
		return 0;
	puts(json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PRETTY |
							JSON_C_TO_STRING_SPACED |
							JSON_C_TO_STRING_NOSLASHESCAPE));
	return 1;
}
