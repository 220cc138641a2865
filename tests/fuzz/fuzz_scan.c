/*
 * One line: json_scan() against the strict reader of the unit tests, which has
 * no code in common with it, and against cJSON wherever that is as strict.
 */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "json_lookup.h"
#include "json_reference.h"

static const char *const asked[] = {"status", "a.b", "a.status", "items.0"};
#define ASKED (sizeof(asked) / sizeof(asked[0]))

/* cJSON refuses longer numbers, in some builds, and deeper nesting. */
#define CJSON_NUMBER 63
#define CJSON_DEPTH  900

static struct fields fields;

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static void prepare(void)
{
	struct error error;

	if (fields.node_count > 0)
		return;
	for (size_t i = 0; i < ASKED; i++)
		demand(fields_add(&fields, asked[i], &error) == (int)i);
}

/* --- cJSON ---------------------------------------------------------------- */

/* Of two equal names the last counts, which cJSON does not know. */
static const cJSON *last_status(const cJSON *object)
{
	const cJSON *found = NULL;

	for (const cJSON *item = object->child; item; item = item->next)
		if (strcmp(item->string, "status") == 0)
			found = item;
	return found;
}

static void compare_status(const cJSON *item, const struct json_value *value)
{
	demand(cJSON_IsString(item) == (value->type == JSON_STRING));
	demand(cJSON_IsNumber(item) == (value->type == JSON_NUMBER));
	demand(cJSON_IsNull(item) == (value->type == JSON_NULL));
	demand(cJSON_IsTrue(item) == (value->type == JSON_TRUE));
	demand(cJSON_IsFalse(item) == (value->type == JSON_FALSE));
	demand(cJSON_IsObject(item) == (value->type == JSON_OBJECT));
	demand(cJSON_IsArray(item) == (value->type == JSON_ARRAY));
	if (cJSON_IsString(item))
		demand(json_text_equals(value->text,
					span_of(item->valuestring)));
}

static void ask_cjson(struct span line, const struct reference *reference,
		      const struct json_value *values)
{
	cJSON *object;
	const cJSON *item;

	if (reference->lone_surrogate || reference->nul_escape ||
	    reference->longest_number > CJSON_NUMBER || line.size > CJSON_DEPTH)
		return;
	object = cJSON_ParseWithLength(line.data, line.size);
	demand(object != NULL);
	item = last_status(object);
	demand((item != NULL) == (values[0].type != JSON_ABSENT));
	if (item)
		compare_status(item, &values[0]);
	cJSON_Delete(object);
}

/* --- the strict reader ---------------------------------------------------- */

static void check_line(struct span line)
{
	static const enum json_verdict verdicts[] = {
		[REFERENCE_OBJECT] = JSON_VALID,
		[REFERENCE_OTHER] = JSON_NOT_OBJECT,
		[REFERENCE_INVALID] = JSON_INVALID,
		[REFERENCE_TOO_DEEP] = JSON_TOO_DEEP,
	};
	struct json_value values[ASKED];
	struct reference reference;
	size_t offset, expected_offset;
	enum reference_verdict expected =
		reference_read(&reference, line, &expected_offset);

	demand(json_scan(&fields, line, values, &offset) == verdicts[expected]);
	demand(offset == expected_offset);
	if (expected != REFERENCE_OBJECT)
		return;
	for (size_t i = 0; i < ASKED; i++) {
		const char *found = lookup_find(line.data, asked[i]);
		bool is_text = values[i].type == JSON_STRING;

		demand((found != NULL) == (values[i].type != JSON_ABSENT));
		demand(!found || values[i].text.data == found + is_text);
	}
	ask_cjson(line, &reference, values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* To the byte, so that what is read behind it is seen. */
	char *line = malloc(size + 1);
	const char *lf;

	if (!line || size > LOOKUP_TEXT) {
		free(line);
		return 0;
	}
	prepare();
	if (size > 0)
		memcpy(line, data, size);
	line[size] = '\n';
	lf = memchr(line, '\n', size + 1);
	check_line(span_make(line, (size_t)(lf - line)));
	free(line);
	return 0;
}
