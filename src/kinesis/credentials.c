#include "kinesis/credentials.h"

#include <stdlib.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/environment.h"
#include "kinesis/credentials_parts.h"

/* So long before they expire new ones are asked for. */
#define RENEW_NS (300 * NS_PER_S)

/* Those that are to be renewed are asked for this often. */
#define PAUSE_MAX_NS (60 * NS_PER_S)

/* Where there never were keys, so often; else on and on. */
#define TRIES_MAX 2

static int no_memory(struct error *error)
{
	return error_set(error, "out of memory");
}

static void forget_keys(struct credentials *self)
{
	secret_free(self->access_key);
	secret_free(self->secret_key);
	secret_free(self->session_token);
	self->access_key = self->secret_key = self->session_token = NULL;
	self->expires_ns = 0;
}

bool credentials_is_clean(struct span text)
{
	for (size_t i = 0; i < text.size; i++)
		if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
			return false;
	return true;
}

int credentials_take(struct credentials *self, const struct key_texts *texts,
		     struct error *error)
{
	char *access_key, *secret_key, *token;

	if (!credentials_is_clean(span_of(texts->access_key)) ||
	    !credentials_is_clean(span_of(texts->secret_key)) ||
	    (texts->token && !credentials_is_clean(span_of(texts->token))))
		return error_set(error,
				 "a key has a line break or another control "
				 "character");
	access_key = strdup(texts->access_key);
	secret_key = strdup(texts->secret_key);
	token = texts->token ? strdup(texts->token) : NULL;
	forget_keys(self);
	self->access_key = access_key;
	self->secret_key = secret_key;
	self->session_token = token;
	if (!access_key || !secret_key || (texts->token && !token)) {
		forget_keys(self);
		return no_memory(error);
	}
	self->expires_ns = texts->expires_ns;
	return 0;
}

void credentials_release(struct credentials *self)
{
	forget_keys(self);
	profile_release(&self->profile);
	secret_free(self->token);
	secret_free(self->header);
	free(self->url);
	free(self->service);
	free(self->role);
	free(self->origin);
	*self = (struct credentials){0};
}

/* --- who has them --------------------------------------------------------- */

/* Returns 1, or -1. */
static int take(struct credentials *self, const struct key_texts *texts,
		const char *origin, struct error *error)
{
	struct error why;

	if (credentials_take(self, texts, &why) == 0)
		return 1;
	return error_set(error, "%s: %s", origin, why.message);
}

/* 1: it has; 0: it has not; -1: what it has is of no use, or memory is out. */
static int from_environment(struct credentials *self, struct error *error)
{
	const struct key_texts texts = {
		.access_key = environment_text("AWS_ACCESS_KEY_ID"),
		.secret_key = environment_text("AWS_SECRET_ACCESS_KEY"),
		.token = environment_text("AWS_SESSION_TOKEN"),
		.expires_ns = TIME_NEVER,
	};

	if (!texts.access_key && !texts.secret_key)
		return 0;
	if (!texts.access_key || !texts.secret_key)
		return error_set(error, "the environment has %s without %s",
				 texts.access_key ? "AWS_ACCESS_KEY_ID"
						  : "AWS_SECRET_ACCESS_KEY",
				 texts.access_key ? "AWS_SECRET_ACCESS_KEY"
						  : "AWS_ACCESS_KEY_ID");
	self->provider = PROVIDER_ENVIRONMENT;
	return take(self, &texts, "the environment", error);
}

static int say_not_understood(const struct profile *profile,
			      struct error *error)
{
	return error_set(error,
			 "the profile '%s' has %s, which is not "
			 "understood: put its keys into the environment "
			 "(aws configure export-credentials "
			 "--profile %s --format env)",
			 profile->name, profile->needs, profile->name);
}

static int from_profile(struct credentials *self, struct error *error)
{
	const struct profile *profile = &self->profile;
	const struct key_texts texts = {
		.access_key = profile->access_key,
		.secret_key = profile->secret_key,
		.token = profile->session_token,
		.expires_ns = TIME_NEVER,
	};

	self->provider = PROVIDER_PROFILE;
	/* Keys beside a role are those with which it is assumed. */
	if (profile->needs && strcmp(profile->needs, "role_arn") == 0)
		return say_not_understood(profile, error);
	if (texts.access_key && texts.secret_key)
		return take(self, &texts, profile->file, error);
	if (texts.access_key || texts.secret_key)
		return error_set(error,
				 "the profile '%s' in %s has half a key: "
				 "aws_access_key_id and aws_secret_access_key "
				 "go together",
				 profile->name, profile->file);
	return profile->needs ? say_not_understood(profile, error) : 0;
}

static int from_service(struct credentials *self, struct error *error)
{
	const char *disabled = environment_text("AWS_EC2_METADATA_DISABLED");

	backoff_init(&self->backoff);
	self->provider = PROVIDER_CONTAINER;
	if (credentials_is_container())
		return credentials_find_container(self, error);
	/* Those of the instance under it would be somebody else's. */
	if (environment_text("AWS_WEB_IDENTITY_TOKEN_FILE") &&
	    environment_text("AWS_ROLE_ARN"))
		return error_set(error,
				 "no credentials: a web identity "
				 "(AWS_WEB_IDENTITY_TOKEN_FILE) is not "
				 "understood: put its keys into the "
				 "environment (aws configure "
				 "export-credentials --format env), or use "
				 "EKS Pod Identity");
	self->provider = PROVIDER_INSTANCE;
	if (disabled && strcasecmp(disabled, "true") == 0)
		return error_set(error, "no credentials: " NO_KEYS
					" (those of the instance: "
					"AWS_EC2_METADATA_DISABLED)");
	return credentials_find_instance(self, error);
}

static int name_origin(struct credentials *self, struct error *error)
{
	struct buffer text = {0};

	switch (self->provider) {
	case PROVIDER_ENVIRONMENT:
		buffer_append_text(&text, "the environment");
		break;
	case PROVIDER_PROFILE:
		buffer_printf(&text, "the profile '%s' in %s",
			      self->profile.name, self->profile.file);
		break;
	case PROVIDER_CONTAINER:
		buffer_append_text(&text, "the container");
		break;
	case PROVIDER_INSTANCE:
		buffer_append_text(&text, "the instance");
		break;
	}
	buffer_append_char(&text, '\0');
	free(self->origin);
	self->origin = text.data;
	return self->origin ? 0 : no_memory(error);
}

int credentials_init(struct credentials *self, struct error *error)
{
	struct error ignored;
	int result;

	*self = (struct credentials){0};
	result = from_environment(self, error);
	if (result < 0)
		return -1;
	/* With keys in the environment it has but a region to say. */
	if (result > 0)
		(void)!profile_read(&self->profile, &ignored);
	else if (profile_read(&self->profile, error) != 0)
		return -1;
	if (result == 0)
		result = from_profile(self, error);
	if (result == 0)
		result = from_service(self, error);
	return result < 0 ? -1 : name_origin(self, error);
}

/* --- as time goes on ------------------------------------------------------ */

static bool is_asked_for(const struct credentials *self)
{
	return self->provider == PROVIDER_CONTAINER ||
	       self->provider == PROVIDER_INSTANCE;
}

static bool has_keys(const struct credentials *self, int64_t now_ns)
{
	return self->access_key && now_ns < self->expires_ns;
}

static bool is_renewed(const struct credentials *self, int64_t now_ns)
{
	return is_asked_for(self) && self->expires_ns != TIME_NEVER &&
	       now_ns >= self->expires_ns - RENEW_NS;
}

static enum credentials_status fail(const struct credentials *self,
				    struct error *error)
{
	*error = self->why;
	return CREDENTIALS_FAILED;
}

static enum credentials_ask first_ask(const struct credentials *self)
{
	return self->provider == PROVIDER_INSTANCE ? ASK_TOKEN : ASK_KEYS;
}

/* What has failed is tried again from the first request on. */
static void note_failure(struct credentials *self, int64_t now_ns)
{
	self->failures++;
	self->retry_ns =
		now_ns + backoff_pause(&self->backoff, (uint64_t)now_ns);
	self->ask = first_ask(self);
}

/* Those that were given out may have little time left: others come later. */
static int64_t pause_after(const struct credentials *self, int64_t now_ns)
{
	int64_t pause_ns = (self->expires_ns - now_ns) / 2;

	if (pause_ns < NS_PER_S)
		return NS_PER_S;
	return pause_ns < PAUSE_MAX_NS ? pause_ns : PAUSE_MAX_NS;
}

enum credentials_status credentials_step(struct credentials *self,
					 int64_t now_ns,
					 struct credentials_request *request,
					 struct error *error)
{
	bool ready = has_keys(self, now_ns);
	enum credentials_status meanwhile =
		ready ? CREDENTIALS_READY : CREDENTIALS_WAIT;

	if (ready && !is_renewed(self, now_ns))
		return CREDENTIALS_READY;
	if (!is_asked_for(self) ||
	    (!self->access_key && !self->asking && self->failures >= TRIES_MAX))
		return fail(self, error);
	if (self->asking || now_ns < self->retry_ns)
		return meanwhile;
	if (credentials_request(self, request, &self->why) != 0) {
		note_failure(self, now_ns);
		return meanwhile;
	}
	self->asking = true;
	return CREDENTIALS_ASK;
}

void credentials_answer(struct credentials *self, int64_t now_ns, int status,
			struct span body)
{
	self->asking = false;
	if (credentials_hear(self, now_ns, status, body) != 0) {
		note_failure(self, now_ns);
	} else if (self->ask != ASK_KEYS) {
		self->ask++;
	} else {
		self->failures = 0;
		self->retry_ns = now_ns + pause_after(self, now_ns);
		backoff_init(&self->backoff);
		self->ask = first_ask(self);
	}
}

const struct error *credentials_trouble(const struct credentials *self)
{
	return self->access_key && self->failures > 0 ? &self->why : NULL;
}

int64_t credentials_due_in_ns(const struct credentials *self, int64_t now_ns)
{
	if (self->asking)
		return TIME_NEVER;
	return self->retry_ns > now_ns ? self->retry_ns - now_ns : 0;
}

/* The files may have others by now. */
static bool read_again(struct credentials *self)
{
	struct profile profile;
	struct error ignored;
	bool others =
		profile_read(&profile, &ignored) == 0 && profile.access_key &&
		profile.secret_key &&
		(strcmp(profile.secret_key, self->secret_key) != 0 ||
		 !profile.session_token != !self->session_token ||
		 (profile.session_token &&
		  strcmp(profile.session_token, self->session_token) != 0));

	if (!others) {
		profile_release(&profile);
		return false;
	}
	profile_release(&self->profile);
	self->profile = profile;
	return from_profile(self, &self->why) == 1 &&
	       name_origin(self, &self->why) == 0;
}

bool credentials_renew(struct credentials *self)
{
	if (self->provider == PROVIDER_PROFILE)
		return read_again(self);
	if (!is_asked_for(self))
		return false;
	self->expires_ns = 0;
	self->failures = 0;
	self->retry_ns = 0;
	return true;
}

const char *credentials_origin(const struct credentials *self)
{
	return self->origin;
}

const char *credentials_region(const struct credentials *self)
{
	return self->profile.region;
}

const char *credentials_endpoint(const struct credentials *self)
{
	return self->profile.endpoint;
}
