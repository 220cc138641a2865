/*
 * An operand of kinesis://: stream, region, endpoint.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/span.h"
#include "operands.h"

#define SCHEME	   "kinesis://"
#define STREAM_MAX 128 /* of Kinesis itself */
#define REGION_MAX 64

static const char stream_letters[] = "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789_.-";
static const char region_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

static int set_region(struct operand *operand, const char *whole,
		      const char *region, struct error *error)
{
	size_t size = strspn(region, region_letters);

	if (size == 0 || size > REGION_MAX || region[size] != '\0')
		return error_set(error,
				 "'%s': '%s' is no region "
				 "(?region=eu-north-1)",
				 whole, region);
	operand->region = strdup(region);
	return operand->region ? 0 : error_set(error, "out of memory");
}

/* Who we are is never part of it: it would stand in lists of processes. */
static int set_endpoint(struct operand *operand, const char *whole,
			const char *url, struct error *error)
{
	const char *host = strstr(url, "://");

	if ((strncasecmp(url, "http://", 7) != 0 &&
	     strncasecmp(url, "https://", 8) != 0) ||
	    host[3] == '\0' || host[3] == '/')
		return error_set(error,
				 "'%s': '%s' is no endpoint (http://HOST:PORT "
				 "or https://HOST)",
				 whole, url);
	if (strchr(url, '@'))
		return error_set(error,
				 "'%s': no name and password in an endpoint "
				 "(the manual has where keys come from)",
				 whole);
	for (const char *at = url; *at != '\0'; at++)
		if ((unsigned char)*at <= ' ' || strchr("\"<>\\#\177", *at))
			return error_set(error,
					 "'%s': '%s' is no endpoint "
					 "(http://HOST:PORT or https://HOST)",
					 whole, url);
	operand->endpoint = strdup(url);
	return operand->endpoint ? 0 : error_set(error, "out of memory");
}

static int hex_value(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = digit != '\0' ? strchr(digits, digit | 0x20) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Undoes %3A and the like, in place. False: there is no character behind it. */
static bool decode(char *text)
{
	char *out = text;

	for (; *text != '\0'; text++) {
		if (*text == '%') {
			int high = hex_value(text[1]);
			int low = high < 0 ? -1 : hex_value(text[2]);

			if (low < 0 || high * 16 + low == 0)
				return false;
			*out++ = (char)(high * 16 + low);
			text += 2;
		} else {
			*out++ = *text;
		}
	}
	*out = '\0';
	return true;
}

/* NAME=VALUE */
static int read_setting(struct operand *operand, const char *whole, char *text,
			struct error *error)
{
	char *equals = strchr(text, '=');
	char *value = equals ? equals + 1 : NULL;

	if (equals)
		*equals = '\0';
	if (!value ||
	    (strcmp(text, "region") != 0 && strcmp(text, "endpoint") != 0))
		return error_set(error,
				 "'%s': after the '?' only region= and "
				 "endpoint= are known",
				 whole);
	if (!decode(value))
		return error_set(error,
				 "'%s': a '%%' without two hexadecimal digits "
				 "behind it",
				 whole);
	if (strcmp(text, "region") == 0 ? operand->region != NULL
					: operand->endpoint != NULL)
		return error_set(error, "'%s': %s= is given twice", whole,
				 text);
	return strcmp(text, "region") == 0
		       ? set_region(operand, whole, value, error)
		       : set_endpoint(operand, whole, value, error);
}

static int read_settings(struct operand *operand, const char *whole,
			 const char *query, struct error *error)
{
	char *copy = strdup(query);
	char *rest = copy;
	int result = copy ? 0 : error_set(error, "out of memory");

	while (rest && result == 0) {
		char *text = strsep(&rest, "&");

		result = read_setting(operand, whole, text, error);
	}
	free(copy);
	return result;
}

int operand_read_kinesis(struct operand *operand, const char *text,
			 struct error *error)
{
	const char *stream = text + sizeof(SCHEME) - 1;
	const char *query = strchr(stream, '?');
	size_t size = query ? (size_t)(query - stream) : strlen(stream);

	*operand = (struct operand){.kind = OPERAND_KINESIS};
	if (size == 0)
		return error_set(error,
				 "'%s': the STREAM is empty "
				 "(kinesis://STREAM?region=REGION)",
				 text);
	if (strspn(stream, stream_letters) < size || size > STREAM_MAX)
		return error_set(error,
				 "'%s': '%.*s' is no STREAM (letters, digits "
				 "and ._-)",
				 text, (int)size, stream);
	operand->name = strdup(text);
	operand->stream = strndup(stream, size);
	if (!operand->name || !operand->stream)
		return error_set(error, "out of memory");
	return query ? read_settings(operand, text, query + 1, error) : 0;
}
