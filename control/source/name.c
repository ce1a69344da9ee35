// SPDX-License-Identifier: BSD-2-Clause
#include "name.h"

#include <stddef.h>
#include <string.h>

#define LABEL_LONGEST  63
#define DOMAIN_LONGEST 253
#define PORT_LONGEST   15

static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char inner[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
static const char alphanumerics[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
static const char qualified[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
static const char host_letters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
static const char host_inner[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

bool name_is_label(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length <= LABEL_LONGEST && strspn(text, inner) == length &&
	       strchr(letters, text[0]) && strchr(letters, text[length - 1]);
}

/* Parts between dots: each not empty, its ends of one set, its inside of another. */
static bool has_parts(const char *text, const char *ends, const char *inside,
		      size_t longest)
{
	for (;;) {
		size_t length = strspn(text, inside);
		if (length == 0 || length > longest || !strchr(ends, text[0]) ||
		    !strchr(ends, text[length - 1]))
			return false;
		if (text[length] == '\0')
			return true;
		if (text[length] != '.')
			return false;
		text += length + 1;
	}
}

bool name_is_subdomain(const char *text)
{
	return strlen(text) <= DOMAIN_LONGEST &&
	       has_parts(text, letters, inner, DOMAIN_LONGEST);
}

bool name_is_port(const char *text)
{
	return strlen(text) <= PORT_LONGEST && name_is_label(text) &&
	       !strstr(text, "--") && strspn(text, "0123456789-") != strlen(text);
}

bool name_is_label_value(const char *text)
{
	size_t length = strlen(text);

	return length == 0 ||
	       (length <= LABEL_LONGEST && strspn(text, qualified) == length &&
		strchr(alphanumerics, text[0]) &&
		strchr(alphanumerics, text[length - 1]));
}

bool name_is_label_key(const char *text)
{
	const char *slash = strchr(text, '/');
	char domain[DOMAIN_LONGEST + 1];

	if (!slash)
		return *text && name_is_label_value(text);
	size_t length = slash - text;
	if (length > DOMAIN_LONGEST)
		return false;
	memcpy(domain, text, length);
	domain[length] = '\0';
	return name_is_subdomain(domain) && slash[1] && name_is_label_value(slash + 1);
}

bool name_is_host(const char *text)
{
	char copy[DOMAIN_LONGEST + 2];
	size_t length = strlen(text);

	if (strcmp(text, ".") == 0)
		return true;
	if (length == 0 || length > DOMAIN_LONGEST + 1)
		return false;
	memcpy(copy, text, length + 1);
	if (copy[length - 1] == '.')
		copy[--length] = '\0';
	return length <= DOMAIN_LONGEST &&
	       has_parts(copy, host_letters, host_inner, LABEL_LONGEST);
}
