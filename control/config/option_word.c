/* SPDX-License-Identifier: BSD-2-Clause */
/* Options whose value is one of a few words. */
#include <errno.h>
#include <string.h>

#include "option.h"

struct word {
	const char *text;
	unsigned number;
};

static int set_word(unsigned *field, const struct word *words, const char *text)
{
	for (; words->text; words++) {
		if (strcmp(words->text, text) != 0)
			continue;
		*field = words->number;
		return 0;
	}
	return -EINVAL;
}

int option_set_xdp_mode(void *field, const struct option_row *row,
			const struct option_value *value)
{
	static const struct word words[] = { { "native", XDP_MODE_NATIVE },
					     { "generic", XDP_MODE_GENERIC },
					     { NULL, 0 } };
	int r = set_word(field, words, value->text);

	if (r < 0)
		return option_refuse(row, value, "is not a mode",
				     "use native or generic");
	return 0;
}

int option_set_policy_mode(void *field, const struct option_row *row,
			   const struct option_value *value)
{
	static const struct word words[] = { { "enforce", POLICY_ENFORCE },
					     { "audit", POLICY_AUDIT },
					     { "off", POLICY_OFF },
					     { NULL, 0 } };
	int r = set_word(field, words, value->text);

	if (r < 0)
		return option_refuse(row, value, "is not a mode",
				     "use enforce, audit or off");
	return 0;
}

int option_set_policy_established(void *field, const struct option_row *row,
				  const struct option_value *value)
{
	static const struct word words[] = { { "cut", 0 }, { "keep", 1 }, { NULL, 0 } };
	unsigned keep;
	int r = set_word(&keep, words, value->text);

	if (r < 0)
		return option_refuse(row, value, "is neither cut nor keep",
				     "use cut or keep");
	*(bool *)field = keep;
	return 0;
}

int option_set_log_level(void *field, const struct option_row *row,
			 const struct option_value *value)
{
	static const struct word words[] = { { "error", LOG_LEVEL_ERROR },
					     { "warning", LOG_LEVEL_WARNING },
					     { "info", LOG_LEVEL_INFO },
					     { "debug", LOG_LEVEL_DEBUG },
					     { NULL, 0 } };
	int r = set_word(field, words, value->text);

	if (r < 0)
		return option_refuse(row, value, "is not a level",
				     "use error, warning, info or debug");
	return 0;
}

int option_set_switch(void *field, const struct option_row *row,
		      const struct option_value *value)
{
	static const struct word words[] = { { "", 1 },	   { "true", 1 },  { "yes", 1 },
					     { "on", 1 },  { "false", 0 }, { "no", 0 },
					     { "off", 0 }, { NULL, 0 } };
	unsigned on;
	int r = set_word(&on, words, value->text);

	if (r < 0)
		return option_refuse(row, value, "is neither on nor off",
				     "use on or off, true or false");
	*(bool *)field = on;
	return 0;
}
