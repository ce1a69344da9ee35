/* SPDX-License-Identifier: BSD-2-Clause */
/* What a plain (unquoted) YAML scalar means. */
#ifndef SOURCE_SCALAR_H
#define SOURCE_SCALAR_H

#include <stdbool.h>
#include <stdint.h>

enum scalar_type { SCALAR_TEXT, SCALAR_NULL, SCALAR_BOOL, SCALAR_INT, SCALAR_FLOAT };

struct scalar {
	enum scalar_type type;
	union {
		bool truth;
		int64_t number;
		double real;
	};
};

struct scalar scalar_resolve(const char *text);

#endif
