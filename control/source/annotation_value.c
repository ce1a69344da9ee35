/* SPDX-License-Identifier: BSD-2-Clause */
#include "annotation_value.h"
#include <stdlib.h>
#include <string.h>
#include "duration.h"

unsigned annotation_choice(const struct annotation *annotation,
			   const char *const *choices, unsigned otherwise)
{
	/* the field is text already: its parent's child of this name */
	return field_choice(annotation->decode, annotation->field->parent,
			    annotation->field->key, choices, otherwise);
}

bool annotation_truth(const struct annotation *annotation, bool otherwise)
{
	static const char *const words[] = { "false", "true", NULL };
	return annotation_choice(annotation, words, otherwise);
}

int64_t annotation_number(const struct annotation *annotation, const struct range *range,
			  int64_t otherwise)
{
	const char *text = annotation->text;
	size_t length = strlen(text);
	char shown[FIELD_SHOW];

	if (length > 0 && length <= 12 && strspn(text, "0123456789") == length) {
		int64_t number = strtoll(text, NULL, 10);
		if (number >= range->first && number <= range->last)
			return number;
	}
	field_complain(annotation->decode, annotation->field,
		       "\"%s\" is not %s: use %lld to %lld", field_show(text, shown),
		       range->what, (long long)range->first, (long long)range->last);
	return otherwise;
}

int64_t annotation_duration(const struct annotation *annotation,
			    const struct range *range, int64_t otherwise)
{
	char first[DURATION_TEXT], last[DURATION_TEXT], shown[FIELD_SHOW];
	int64_t ms;

	if (duration_parse(annotation->text, &ms) == 0 && ms >= range->first &&
	    ms <= range->last)
		return ms;
	field_complain(annotation->decode, annotation->field,
		       "\"%s\" is not %s: use %s to %s, like 500ms, 2s or 1m30s",
		       field_show(annotation->text, shown), range->what,
		       duration_print(range->first, first),
		       duration_print(range->last, last));
	return otherwise;
}

void annotation_copy(const struct annotation *annotation, char **text)
{
	free(*text);
	*text = decode_strdup(annotation->decode, annotation->text);
}
