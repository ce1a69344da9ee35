/* SPDX-License-Identifier: BSD-2-Clause */
#include "paragraph.h"

#include <stdbool.h>
#include <string.h>

/* Characters, not bytes, of UTF-8. */
static unsigned width_of(const char *text, size_t length)
{
	unsigned width = 0;

	for (size_t i = 0; i < length; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80;
	return width;
}

void paragraph_print(FILE *out, const char *label, const char *text, unsigned indent,
		     unsigned width)
{
	unsigned at = width_of(label, strlen(label));
	bool begins = true;

	fputs(label, out);
	if (at >= indent && *label) {
		fputc('\n', out);
		at = 0;
	}
	fprintf(out, "%*s", (int)(indent - at), "");
	at = indent;
	for (size_t length; *text; text += length, begins = false) {
		text += strspn(text, " ");
		length = strcspn(text, " ");
		unsigned word = width_of(text, length);

		if (!begins && width && at + 1 + word > width) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!begins && length) {
			fputc(' ', out);
			at++;
		}
		fwrite(text, 1, length, out);
		at += word;
	}
	fputc('\n', out);
}
