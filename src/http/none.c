/*
 * Stands in for all of HTTP where it is not built in: no option gets past
 * http_check_built().
 */
#include "http/http.h"

int http_check_built(struct error *error)
{
	return error_set(error, "--http: built without HTTP");
}

const char *http_version(void)
{
	return NULL;
}

struct http *http_open(const struct http_options *options, struct error *error)
{
	(void)options;
	error_set(error, "--http: built without HTTP");
	return NULL;
}

const char *http_address(const struct http *http)
{
	(void)http;
	return "";
}

void http_window(struct http *http, const struct snapshot *shown,
		 const struct snapshot *whole, const char *const *key_names,
		 size_t key_count)
{
	(void)http;
	(void)shown;
	(void)whole;
	(void)key_names;
	(void)key_count;
}

void http_tell(struct http *http, const struct http_live *live,
	       const struct http_source *sources)
{
	(void)http;
	(void)live;
	(void)sources;
}

void http_close(struct http *http)
{
	(void)http;
}
