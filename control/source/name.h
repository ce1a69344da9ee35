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

#define NAME_PORT_RULE                                                                   \
	"use at most 15 lower-case letters, digits and single -, at least one letter, "  \
	"no - at its ends"
#define NAME_LABEL_VALUE_RULE                                                            \
	"use at most 63 letters, digits, -, _ and ., a letter or digit at both ends"
#define NAME_LABEL_KEY_RULE                                                              \
	NAME_LABEL_VALUE_RULE ", with a domain and / in front of it if need be"

bool name_is_label(const char *text);
bool name_is_subdomain(const char *text);
/* Of a port of a Pod (RFC 6335): what a NetworkPolicy may name. */
bool name_is_port(const char *text);
/* Labels of objects and selectors, not those of DNS. */
bool name_is_label_key(const char *text);
bool name_is_label_value(const char *text); /* may be empty */
/* Of a host in DNS: either case, underscores, a dot at the end, "." the root. */
bool name_is_host(const char *text);

#endif
