/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>

#include "answer.h"

unsigned answer_refuse(struct body *body, unsigned code, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	body_error(body, format, list);
	va_end(list);
	return code;
}

void answer_error(struct body *ret_body, const char *sentence)
{
	body_begin(ret_body);
	body_text(ret_body, ret_body->root, "error", sentence);
}
