// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any text as values of headgate.io/ annotations: each input line "name value" becomes
 * one, of a Service and of an EndpointSlice, written as JSON so that the YAML reader is
 * not what is tested. Accepted values are within their documented bounds.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../control/source/manifests.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SERVICE_HEAD                                                                     \
	"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"spec\":{\"clusterIP\":"           \
	"\"10.96.0.1\",\"ports\":[{\"port\":80}]},"
#define SLICE_HEAD                                                                       \
	"{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\","            \
	"\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":[\"10.0.0.1\"]},"        \
	"{\"addresses\":[\"10.0.0.2\"]}],"
#define METADATA                                                                         \
	"\"metadata\":{\"name\":\"a\",\"labels\":{\"kubernetes.io/service-name\":"       \
	"\"a\"},\"annotations\":{\"x\":\"\""

static void write_text(FILE *out, const uint8_t *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] >= ' ' && text[i] < 0x7f && text[i] != '"' && text[i] != '\\')
			fputc(text[i], out);
		else
			fprintf(out, "\\u%04x", text[i]);
}

static void write_annotations(FILE *out, const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size;

	while (data < end) {
		const uint8_t *stop = memchr(data, '\n', end - data);
		stop = stop ? stop : end;
		const uint8_t *space = memchr(data, ' ', stop - data);
		const uint8_t *value = space ? space + 1 : stop;
		fputs(",\"headgate.io/", out);
		write_text(out, data, (space ? space : stop) - data);
		fputs("\":\"", out);
		write_text(out, value, stop - value);
		fputs("\"", out);
		data = stop + 1;
	}
}

static void check_options(const struct service_options *options)
{
	const struct check_spec *check = &options->check;

	assert(options->algorithm <= ALGORITHM_ROUND_ROBIN);
	assert(!options->table_size ||
	       (options->table_size >= 11 && options->table_size <= 655373));
	assert(options->drain_s >= -1 && options->drain_s <= 7 * 24 * 3600);
	assert(check->type <= CHECK_DNS);
	assert(check->interval_ms >= 100 && check->interval_ms <= 3600 * 1000);
	assert(check->timeout_ms >= 10 && check->timeout_ms <= 60 * 1000);
	assert(check->rise >= 1 && check->rise <= 100);
	assert(check->fall >= 1 && check->fall <= 100);
	assert(check->status_first >= 100 && check->status_last <= 599);
	assert(!check->path || (check->path[0] == '/' && !strpbrk(check->path, " \r\n")));
	assert(!check->host || !strpbrk(check->host, " \r\n:/"));
	assert(!check->send || strlen(check->send) <= 512);
}

static int check_object(void *context, struct object *object)
{
	(void)context;
	if (object->kind == OBJECT_SERVICE)
		check_options(&object->service.options);
	else
		assert(object->slice.endpoint_count == 2 &&
		       object->slice.endpoints[0].weight <= 256 &&
		       object->slice.endpoints[1].weight <= 256);
	object_free(object);
	return 0;
}

static void read_as(const char *head, const uint8_t *data, size_t size)
{
	struct complaints complaints = { 0 };
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		abort();
	fprintf(out, "%s" METADATA, head);
	write_annotations(out, data, size);
	fputs("}}}", out);
	if (fclose(out) != 0)
		abort();
	manifest_read(text, length, "fuzz.json", check_object, NULL, &complaints);
	complaints_clear(&complaints);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_as(SERVICE_HEAD, data, size);
	read_as(SLICE_HEAD, data, size);
	return 0;
}
