/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A version that is refused leaves the last good one in force, and so does a file or folder
 * that cannot be read and a change that could not be applied. What complaints say of that
 * is told from their causes.
 */
#include "version.h"

#include <string.h>

#include "../lib/cleanup.h"

enum version { VERSION_THIS, VERSION_PERHAPS_OLDER, VERSION_OLDER, VERSION_EARLIER };

/* Did the version in force come from this file, or from a file in this folder? */
static bool is_from(const struct object *policy, const char *path)
{
	const char *file = policy->place.file;
	size_t length = path ? strlen(path) : 0;

	return file && length && strncmp(file, path, length) == 0 &&
	       (!file[length] || file[length] == '/' || path[length - 1] == '/');
}

static enum version by_file(const struct object *policy,
			    const struct complaint *complaint)
{
	enum cause cause = complaint->about.cause;

	if (!is_from(policy, complaint->place.file))
		return VERSION_THIS;
	if (cause == CAUSE_SYNTAX || cause == CAUSE_UNREADABLE)
		return VERSION_OLDER;
	/* Something in it cannot be told by name, so that nothing of it is taken out. */
	return VERSION_PERHAPS_OLDER;
}

/* What one complaint says of the policy. */
static enum version version_by(const struct object *policy,
			       const struct complaint *complaint)
{
	const struct about about = object_about(policy, CAUSE_OTHER);
	enum cause cause = complaint->about.cause;

	if (complaint->level != COMPLAINT_ERROR)
		return VERSION_THIS;
	if (cause == CAUSE_HELD)
		return VERSION_EARLIER;
	if (cause == CAUSE_NOT_APPLIED)
		return VERSION_PERHAPS_OLDER;
	if (about_same(&complaint->about, &about))
		return cause == CAUSE_INVALID && !policy->policy.refused &&
			       is_from(policy, complaint->place.file)
			   ? VERSION_OLDER
			   : VERSION_THIS;
	if (complaint->about.kind == ABOUT_FILE ||
	    (object_about_is(&complaint->about, OBJECT_NETWORK_POLICY) &&
	     !complaint->about.name))
		return by_file(policy, complaint);
	return VERSION_THIS;
}

void version_put(const struct explain_input *input, const struct object *policy,
		 struct body *body, struct json_object *item)
{
	static const char *const names[] = { [VERSION_THIS] = "current",
					     [VERSION_PERHAPS_OLDER] = "perhapsOlder",
					     [VERSION_OLDER] = "older",
					     [VERSION_EARLIER] = "earlierDaemons" };
	struct json_object *because = body_array(body, item, "inForceBecause");
	enum version worst = VERSION_THIS;

	for (size_t l = 0; l < 3 && input->lists[l] && !input->read_once; l++) {
		for (size_t i = 0; i < input->lists[l]->count; i++) {
			const struct complaint *complaint = &input->lists[l]->items[i];
			enum version version = version_by(policy, complaint);
			_cleanup_free_ char *text = NULL;

			if (version == VERSION_THIS)
				continue;
			worst = version > worst ? version : worst;
			text = complaint_print(complaint);
			body_text(body, because, NULL, text);
		}
	}
	body_text(body, item, "inForce", names[worst]);
}
