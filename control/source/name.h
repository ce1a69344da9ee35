/* SPDX-License-Identifier: BSD-2-Clause */
/* Names as Kubernetes allows them (RFC 1123 with its own limits). */
#ifndef SOURCE_NAME_H
#define SOURCE_NAME_H

#include <stdbool.h>

#define NAME_LABEL_RULE                                                                  \
	"use at most 63 lower-case letters, digits and -, a letter or digit at both "    \
	"ends"
#define NAME_SUBDOMAIN_RULE                                                              \
	"use at most 253 lower-case letters, digits, - and ., a letter or digit at "     \
	"both "                                                                          \
	"ends of each part"

bool name_is_label(const char *text);
bool name_is_subdomain(const char *text);
/* Of a host in DNS: either case, underscores, a dot at the end, "." the root. */
bool name_is_host(const char *text);

#endif
