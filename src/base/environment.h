/*
 * environment: its variables; an empty one says as little as none.
 */
#ifndef BASE_ENVIRONMENT_H
#define BASE_ENVIRONMENT_H

#include <stdlib.h>

/* Its text, or NULL: it is not set, or empty. */
static inline const char *environment_text(const char *name)
{
	const char *text = getenv(name);

	return text && *text != '\0' ? text : NULL;
}

#endif
