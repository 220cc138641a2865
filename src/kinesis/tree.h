/*
 * tree: what cJSON read.
 */
#ifndef KINESIS_TREE_H
#define KINESIS_TREE_H

#include <cjson/cJSON.h>

/* The text under the name, the tree's; NULL: it is not there, or empty. */
static inline const char *tree_text(const cJSON *tree, const char *name)
{
	const char *text = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(tree, name));

	return text && *text != '\0' ? text : NULL;
}

#endif
