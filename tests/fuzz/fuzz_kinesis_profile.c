/*
 * One of the files that Amazon's tools share. Whatever is in it, what it says
 * is one line without white space around, and a section behind it has the last
 * word.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "kinesis/profile.h"

static struct buffer text;

static void demand(bool holds)
{
	if (!holds)
		abort();
}

static struct profile parse(struct span bytes, bool config)
{
	/* Its own memory, to the byte: reading past its end is seen. */
	char *copy = malloc(bytes.size > 0 ? bytes.size : 1);
	struct profile profile = {.name = strdup("shop")};
	struct error error;

	demand(copy);
	if (bytes.size > 0)
		memcpy(copy, bytes.data, bytes.size);
	demand(profile_parse(&profile, span_make(copy, bytes.size), config,
			     &error) == 0);
	free(copy);
	return profile;
}

static bool is_blank(char c)
{
	return strchr(" \t\r", c) != NULL;
}

static void check_value(const char *value)
{
	size_t size = value ? strlen(value) : 1;

	demand(size > 0);
	if (!value)
		return;
	demand(!strchr(value, '\n'));
	demand(!is_blank(value[0]));
	demand(!is_blank(value[size - 1]));
}

static void check(struct profile profile)
{
	check_value(profile.access_key);
	check_value(profile.secret_key);
	check_value(profile.session_token);
	check_value(profile.region);
	demand(profile.found ||
	       (!profile.access_key && !profile.secret_key &&
		!profile.session_token && !profile.region && !profile.needs));
	profile_release(&profile);
}

static void check_last_word(struct span bytes, bool config)
{
	struct profile profile;

	buffer_clear(&text);
	buffer_append_span(&text, bytes);
	buffer_append_text(&text, config ? "\n[profile shop]\nregion = r # x\n"
					 : "\n[shop]\nregion = r # x\n");
	profile = parse(buffer_span(&text), config);
	demand(profile.found && profile.region);
	demand(strcmp(profile.region, "r") == 0);
	check(profile);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_make((const char *)data, size);

	for (int config = 0; config < 2; config++) {
		check(parse(bytes, config));
		check_last_word(bytes, config);
	}
	return 0;
}
