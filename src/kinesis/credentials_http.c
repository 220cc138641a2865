/*
 * What the container's endpoint is asked, and the instance's metadata service
 * (version 2: a token first, so that a careless proxy cannot ask for others).
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/timestamp.h"
#include "kinesis/credentials_parts.h"

#define CONTAINER_HOST "http://169.254.170.2"
#define INSTANCE_HOST  "http://169.254.169.254"
#define ROLES	       "/latest/meta-data/iam/security-credentials/"
#define TOKEN_MAX      8192

static int no_memory(struct error *error)
{
	return error_set(error, "out of memory");
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value != '\0' ? value : NULL;
}

/* --- whom to ask ---------------------------------------------------------- */

bool credentials_is_container(void)
{
	return variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
	       variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

/* The host of a URL, without brackets, name or port. */
static struct span host_of(const char *url)
{
	const char *host = strstr(url, "://");
	const char *end;

	host = host ? host + 3 : url;
	end = host + strcspn(host, "/?#");
	if (*host == '[') {
		const char *close = memchr(host, ']', (size_t)(end - host));

		return close ? span_make(host + 1, (size_t)(close - host) - 1)
			     : span_make(host, 0);
	}
	return span_make(host, strcspn(host, ":/?#@"));
}

/* In the clear, keys come from this machine or from where Amazon has them. */
static bool is_near(const char *url)
{
	static const char *const hosts[] = {"localhost", "::1", "169.254.170.2",
					    "169.254.170.23", "fd00:ec2::23"};
	struct span host = host_of(url);

	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++)
		if (host.size == strlen(hosts[i]) &&
		    strncasecmp(host.data, hosts[i], host.size) == 0)
			return true;
	return host.size > 4 && memcmp(host.data, "127.", 4) == 0 &&
	       strspn(host.data, "0123456789.") >= host.size;
}

int credentials_find_container(struct credentials *self, struct error *error)
{
	const char *relative =
		variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	struct buffer url = {0};

	if (!relative && strncasecmp(full, "https://", 8) != 0 &&
	    (strncasecmp(full, "http://", 7) != 0 || !is_near(full)))
		return error_set(error,
				 "AWS_CONTAINER_CREDENTIALS_FULL_URI is "
				 "neither https nor on this machine: '%s'",
				 full);
	if (relative)
		buffer_printf(&url, CONTAINER_HOST "%s%s",
			      *relative == '/' ? "" : "/", relative);
	else
		buffer_append_text(&url, full);
	buffer_append_char(&url, '\0');
	self->service = url.data;
	self->ask = ASK_KEYS;
	return self->service ? 0 : no_memory(error);
}

int credentials_find_instance(struct credentials *self, struct error *error)
{
	const char *host = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	size_t size;

	if (!host)
		host = INSTANCE_HOST;
	size = strlen(host);
	while (size > 0 && host[size - 1] == '/')
		size--;
	self->service = strndup(host, size);
	self->ask = ASK_TOKEN;
	return self->service ? 0 : no_memory(error);
}

/* --- requests ------------------------------------------------------------- */

static int set_text(char **place, struct buffer *text, struct error *error)
{
	buffer_append_char(text, '\0');
	secret_free(*place);
	*place = text->data;
	return *place ? 0 : no_memory(error);
}

/* The file may have another one each time. -1: it cannot be read. */
static int read_token(struct buffer *header, const char *path,
		      struct error *error)
{
	FILE *file = fopen(path, "re");
	char token[TOKEN_MAX];
	size_t size;

	if (!file)
		return error_system(error, errno,
				    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE "
				    "'%s'",
				    path);
	size = fread(token, 1, sizeof(token), file);
	fclose(file);
	while (size > 0 && strchr("\r\n", token[size - 1]))
		size--;
	buffer_append(header, token, size);
	explicit_bzero(token, sizeof(token));
	return 0;
}

static int authorize(struct credentials *self,
		     struct credentials_request *request, struct error *error)
{
	const char *path = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	struct buffer header = {0};

	if (!path && !token)
		return 0;
	buffer_append_text(&header, "Authorization: ");
	if (path && read_token(&header, path, error) != 0) {
		buffer_release(&header);
		return -1;
	}
	if (!path)
		buffer_append_text(&header, token);
	if (set_text(&self->header, &header, error) != 0)
		return -1;
	if (strpbrk(self->header, "\r\n"))
		return error_set(error,
				 "the token for the container's credentials is "
				 "more than one line "
				 "(AWS_CONTAINER_AUTHORIZATION_TOKEN%s)",
				 path ? "_FILE" : "");
	request->headers[0] = self->header;
	request->header_count = 1;
	return 0;
}

static int ask_container(struct credentials *self,
			 struct credentials_request *request,
			 struct error *error)
{
	request->url = self->service;
	return authorize(self, request, error);
}

static int ask_instance(struct credentials *self,
			struct credentials_request *request,
			struct error *error)
{
	struct buffer url = {0}, header = {0};

	buffer_append_text(&url, self->service);
	if (self->ask == ASK_TOKEN) {
		request->method = "PUT";
		buffer_append_text(&url, "/latest/api/token");
		buffer_append_text(
			&header, "X-aws-ec2-metadata-token-ttl-seconds: 21600");
	} else {
		buffer_append_text(&url, ROLES);
		if (self->ask == ASK_KEYS)
			buffer_append_text(&url, self->role);
		buffer_printf(&header, "X-aws-ec2-metadata-token: %s",
			      self->token);
	}
	if (set_text(&self->url, &url, error) != 0 ||
	    set_text(&self->header, &header, error) != 0)
		return -1;
	request->url = self->url;
	request->headers[0] = self->header;
	request->header_count = 1;
	return 0;
}

int credentials_request(struct credentials *self,
			struct credentials_request *request,
			struct error *error)
{
	*request = (struct credentials_request){.method = "GET"};
	return self->provider == PROVIDER_CONTAINER
		       ? ask_container(self, request, error)
		       : ask_instance(self, request, error);
}

/* --- answers -------------------------------------------------------------- */

static const char *text_of(const cJSON *tree, const char *name)
{
	const char *text = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(tree, name));

	return text && *text != '\0' ? text : NULL;
}

static const char *shown(const struct credentials *self)
{
	return self->provider == PROVIDER_CONTAINER ? "the container"
						    : "the instance";
}

static int take_keys(struct credentials *self, struct span body)
{
	cJSON *tree = cJSON_ParseWithLength(body.data, body.size);
	struct key_texts texts = {
		.access_key = text_of(tree, "AccessKeyId"),
		.secret_key = text_of(tree, "SecretAccessKey"),
		.token = text_of(tree, "Token"),
		.expires_ns = TIME_NEVER,
	};
	const char *expires = text_of(tree, "Expiration");
	int result = 0;

	if (!texts.access_key || !texts.secret_key ||
	    (expires && !timestamp_read(span_of(expires), &texts.expires_ns)))
		result = error_set(&self->why,
				   "no credentials: what %s answers has no "
				   "keys in it",
				   shown(self));
	else if (!credentials_take(self, &texts))
		result = no_memory(&self->why);
	/* The tree has copies of them. */
	if (texts.secret_key)
		explicit_bzero((char *)texts.secret_key,
			       strlen(texts.secret_key));
	if (texts.token)
		explicit_bzero((char *)texts.token, strlen(texts.token));
	cJSON_Delete(tree);
	return result;
}

/* The first line of the body. */
static int take_text(struct credentials *self, char **place, struct span body)
{
	size_t size = 0;

	while (size < body.size && body.size < TOKEN_MAX &&
	       (unsigned char)body.data[size] > ' ')
		size++;
	if (size == 0)
		return error_set(&self->why,
				 "no credentials: the instance has no role");
	secret_free(*place);
	*place = strndup(body.data, size);
	return *place ? 0 : no_memory(&self->why);
}

static int say_refused(struct credentials *self, int status, struct span body)
{
	bool instance = self->provider == PROVIDER_INSTANCE;

	if (status == 0 && instance)
		return error_set(&self->why,
				 "no credentials: " NO_KEYS
				 "; and no instance answers: %.*s",
				 (int)body.size, body.data);
	if (status == 0)
		return error_set(&self->why,
				 "no credentials: the container does not "
				 "answer: %.*s",
				 (int)body.size, body.data);
	if (status == 404 && instance && self->ask == ASK_ROLE)
		return error_set(&self->why,
				 "no credentials: the instance has no role");
	return error_set(&self->why,
			 "no credentials: %s answers with HTTP status %d",
			 shown(self), status);
}

int credentials_hear(struct credentials *self, int status, struct span body)
{
	if (status != 200)
		return say_refused(self, status, body);
	switch (self->ask) {
	case ASK_TOKEN: return take_text(self, &self->token, body);
	case ASK_ROLE: return take_text(self, &self->role, body);
	case ASK_KEYS: break;
	}
	return take_keys(self, body);
}
