/*
 * What the container's endpoint is asked, and the instance's metadata service
 * (version 2: a token first, so that a careless proxy cannot ask for others).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/environment.h"
#include "base/timestamp.h"
#include "kinesis/credentials_parts.h"
#include "kinesis/tree.h"

#define CONTAINER_HOST "http://169.254.170.2"
#define INSTANCE_HOST  "http://169.254.169.254"
#define ROLES	       "/latest/meta-data/iam/security-credentials/"
#define TOKEN_FILE     "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
#define TOKEN_MAX      8192
#define LETTERS                      \
	"abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ROOM 64 /* for the name of a header */

static int no_memory(struct error *error)
{
	return error_set(error, "out of memory");
}

/* --- whom to ask ---------------------------------------------------------- */

bool credentials_is_container(void)
{
	return environment_text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") ||
	       environment_text("AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

/* The host of a URL, without brackets or port; empty where a name of a user is
 * before it, behind which it could hide. */
static struct span host_of(const char *url)
{
	const char *host = strstr(url, "://") + 3;
	struct span all = span_make(host, strcspn(host, "/?#"));
	const char *close = memchr(host, ']', all.size);

	if (memchr(host, '@', all.size))
		return span_make(host, 0);
	if (*host == '[' && close)
		return span_make(host + 1, (size_t)(close - host) - 1);
	return span_make(host, strcspn(host, ":/?#"));
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
		environment_text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full =
		environment_text("AWS_CONTAINER_CREDENTIALS_FULL_URI");
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
	const char *host =
		environment_text("AWS_EC2_METADATA_SERVICE_ENDPOINT");
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

/* Makes room at once: as it grew, it would leave copies of a token behind. */
static struct buffer room_for(size_t size)
{
	struct buffer buffer = {0};

	(void)!buffer_reserve(&buffer, size + ROOM);
	return buffer;
}

/* The file may have another one each time. -1: it cannot be read. */
static int read_token(struct buffer *header, const char *path,
		      struct error *error)
{
	FILE *file = fopen(path, "re");
	char token[TOKEN_MAX];
	size_t size;
	int result = 0;

	if (!file)
		return error_system(error, errno, TOKEN_FILE " '%s'", path);
	setvbuf(file, NULL, _IONBF, 0); /* no copy is left of it */
	size = fread(token, 1, sizeof(token), file);
	if (ferror(file))
		result = error_system(error, errno, TOKEN_FILE " '%s'", path);
	else if (size == sizeof(token))
		result = error_set(error,
				   TOKEN_FILE " '%s': this is no token: it "
					      "has more than 8 KiB",
				   path);
	fclose(file);
	while (size > 0 && strchr("\r\n", token[size - 1]))
		size--;
	if (result == 0 && size == 0)
		result = error_set(error, TOKEN_FILE " '%s' is empty", path);
	buffer_append(header, token, size);
	explicit_bzero(token, sizeof(token));
	return result;
}

/* Of the token: one that is two lines would be a header more. */
static int check_token(const struct buffer *header, bool of_file,
		       struct error *error)
{
	if (header->failed || credentials_is_clean(buffer_span(header)))
		return 0;
	return error_set(
		error, "%s has a line break or another control character",
		of_file ? TOKEN_FILE : "AWS_CONTAINER_AUTHORIZATION_TOKEN");
}

static int authorize(struct credentials *self,
		     struct credentials_request *request, struct error *error)
{
	const char *path = environment_text(TOKEN_FILE);
	const char *token =
		environment_text("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	struct buffer header;
	int result = 0;

	if (!path && !token)
		return 0;
	header = room_for(path ? TOKEN_MAX : strlen(token));
	buffer_append_text(&header, "Authorization: ");
	if (path)
		result = read_token(&header, path, error);
	else
		buffer_append_text(&header, token);
	if (result == 0)
		result = check_token(&header, path != NULL, error);
	if (result != 0) {
		buffer_append_char(&header, '\0');
		secret_free(header.data);
		return -1;
	}
	if (set_text(&self->header, &header, error) != 0)
		return -1;
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
	struct buffer url = {0}, header = room_for(TOKEN_MAX);

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

static const char *shown(const struct credentials *self)
{
	return self->provider == PROVIDER_CONTAINER ? "the container"
						    : "the instance";
}

static void wipe(const char *secret)
{
	if (secret)
		explicit_bzero((char *)secret, strlen(secret));
}

/* There are no keys in it: the instance says why, by a word. */
static int say_keyless(struct credentials *self, const cJSON *tree)
{
	const char *code = tree_text(tree, "Code");

	if (!code || strcmp(code, "Success") == 0 || strlen(code) > ROOM ||
	    code[strspn(code, LETTERS)] != '\0')
		return error_set(&self->why,
				 "no credentials: what %s answers has no keys "
				 "in it",
				 shown(self));
	return error_set(&self->why, "no credentials: %s answers '%s'",
			 shown(self), code);
}

static int take_found(struct credentials *self, const struct key_texts *texts,
		      int64_t now_ns)
{
	struct error why;

	if (texts->expires_ns <= now_ns)
		return error_set(&self->why,
				 "no credentials: those that %s has are "
				 "expired, or the clock here is wrong",
				 shown(self));
	if (credentials_take(self, texts, &why) != 0)
		return error_set(&self->why, "no credentials: those of %s: %s",
				 shown(self), why.message);
	return 0;
}

static int take_keys(struct credentials *self, int64_t now_ns, struct span body)
{
	cJSON *tree = cJSON_ParseWithLength(body.data, body.size);
	struct key_texts texts = {
		.access_key = tree_text(tree, "AccessKeyId"),
		.secret_key = tree_text(tree, "SecretAccessKey"),
		.token = tree_text(tree, "Token"),
		.expires_ns = TIME_NEVER,
	};
	const char *expires = tree_text(tree, "Expiration");
	int result;

	if (!texts.access_key || !texts.secret_key ||
	    (expires && !timestamp_read(span_of(expires), &texts.expires_ns)))
		result = say_keyless(self, tree);
	else
		result = take_found(self, &texts, now_ns);
	/* The tree has copies of them. */
	wipe(texts.secret_key);
	wipe(texts.token);
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

int credentials_hear(struct credentials *self, int64_t now_ns, int status,
		     struct span body)
{
	if (status != 200)
		return say_refused(self, status, body);
	switch (self->ask) {
	case ASK_TOKEN: return take_text(self, &self->token, body);
	case ASK_ROLE: return take_text(self, &self->role, body);
	case ASK_KEYS: break;
	}
	return take_keys(self, now_ns, body);
}
