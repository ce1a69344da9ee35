// SPDX-License-Identifier: BSD-2-Clause
/* One manifest text into objects, for those who have no folder. */
#include "manifests.h"

#include "decode.h"

struct visitor {
	int (*visit)(void *context, struct object *object);
	void *context;
};

static int visit_object(void *context, struct object *object)
{
	struct visitor *visitor = context;
	return visitor->visit(visitor->context, object);
}

int manifest_read(const char *text, size_t length, const char *file,
		  int (*visit)(void *context, struct object *object), void *context,
		  struct complaints *complaints)
{
	struct visitor visitor = { visit, context };
	struct decode_sink sink = { &visitor, visit_object, NULL, NULL };
	struct yaml_text yaml = { text, length, file };

	return decode_stream(&yaml, &sink, complaints);
}
