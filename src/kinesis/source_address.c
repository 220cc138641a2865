/*
 * Whom to ask: the region, and its address, or another one. What is in the
 * operand was looked at when it was read; what others say is looked at here, as
 * it would send requests of ours somewhere else.
 */
#include <string.h>
#include <strings.h>

#include "base/environment.h"
#include "kinesis/source_parts.h"

struct given {
	const char *text; /* NULL: nobody says it */
	const char *by;	  /* a variable; or NULL: the operand or the profile */
};

static bool is_of_china(const char *region)
{
	return strncmp(region, "cn-", 3) == 0;
}

static struct given of_environment(const char *const names[2])
{
	for (size_t i = 0; i < 2; i++) {
		const char *text = environment_text(names[i]);

		if (text)
			return (struct given){text, names[i]};
	}
	return (struct given){0};
}

static struct given given_endpoint(const struct kinesis_source *self)
{
	static const char *const names[] = {"AWS_ENDPOINT_URL_KINESIS",
					    "AWS_ENDPOINT_URL"};
	struct given given = {.text = self->options.endpoint};

	if (!given.text)
		given = of_environment(names);
	if (!given.text)
		given.text = credentials_endpoint(&self->credentials);
	return given;
}

static struct given given_region(const struct kinesis_source *self)
{
	static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};
	struct given given = {.text = self->options.region};

	if (!given.text)
		given = of_environment(names);
	if (!given.text)
		given.text = credentials_region(&self->credentials);
	return given;
}

/* It becomes part of the name of a host. */
static bool is_region(const char *text)
{
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] ==
	       '\0';
}

static bool is_endpoint(const char *text)
{
	return (strncasecmp(text, "http://", 7) == 0 ||
		strncasecmp(text, "https://", 8) == 0) &&
	       !strchr(text, '@');
}

int kinesis_address(struct kinesis_source *self, struct error *error)
{
	struct given region = given_region(self);
	struct given endpoint = given_endpoint(self);
	struct buffer url = {0};

	if (!region.text)
		return error_set(
			error,
			"%s: no region: write kinesis://%s?region=..., "
			"or set AWS_REGION, or region in the profile",
			self->source.name, self->options.stream);
	if (!is_region(region.text))
		return error_set(error, "%s: '%s' is no region (%s)",
				 self->source.name, region.text,
				 region.by ? region.by : "of the profile");
	/* Not shown: there may be a password in it. */
	if (endpoint.text && !is_endpoint(endpoint.text))
		return error_set(error,
				 "%s: %s is not http://HOST:PORT or "
				 "https://HOST",
				 self->source.name,
				 endpoint.by ? endpoint.by
					     : "endpoint_url of the profile");
	self->region = strdup(region.text);
	if (endpoint.text)
		buffer_append_text(&url, endpoint.text);
	else
		buffer_printf(&url, "https://kinesis.%s.amazonaws.com%s/",
			      region.text,
			      is_of_china(region.text) ? ".cn" : "");
	buffer_append_char(&url, '\0');
	self->url = url.data; /* NULL when memory ran out */
	if (!self->region || !self->url)
		return error_set(error, "out of memory");
	return 0;
}
