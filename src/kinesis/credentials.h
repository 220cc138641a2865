/*
 * credentials: the keys by which we are known, and where they come from.
 *
 * The first of these that has any: the environment, the shared files, the
 * container's endpoint, the instance's metadata. The last two are asked over
 * HTTP, which is left to the caller: what is to be asked is handed out, and
 * what was answered is handed in. They are renewed before they expire. Source:
 * AWS SDKs and Tools Reference Guide, "Standardized credential providers".
 *
 * No key is ever part of a message; their memory is overwritten.
 */
#ifndef KINESIS_CREDENTIALS_H
#define KINESIS_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/span.h"
#include "kinesis/profile.h"
#include "net/backoff.h"

/* They are near, or not there at all. */
#define CREDENTIALS_TIMEOUT_NS (2 * NS_PER_S)

enum provider {
	PROVIDER_ENVIRONMENT,
	PROVIDER_PROFILE,
	PROVIDER_CONTAINER,
	PROVIDER_INSTANCE,
};

/* What is to be asked: of the instance one after the other. */
enum credentials_ask { ASK_TOKEN, ASK_ROLE, ASK_KEYS };

struct credentials {
	/* Valid once READY; the token may be NULL. */
	char *access_key;
	char *secret_key;
	char *session_token;
	/* Ours: */
	enum provider provider;
	struct profile profile;
	int64_t expires_ns; /* wall clock, or TIME_NEVER; 0: there are none */
	enum credentials_ask ask;
	bool asking;	  /* an answer is awaited */
	int64_t retry_ns; /* wall: not before */
	unsigned failures;
	struct backoff backoff;
	struct error why; /* of the last failure */
	char *url;
	char *header;
	char *service; /* of the instance's metadata; or the container's URL */
	char *token;
	char *role;
	char *origin;
};

/* A request to be made; its texts live until credentials_answer(). */
struct credentials_request {
	const char *url;
	const char *method;
	const char *headers[1];
	size_t header_count;
};

enum credentials_status {
	CREDENTIALS_READY,
	CREDENTIALS_ASK,    /* *request is to be made; then ask once more */
	CREDENTIALS_WAIT,   /* for an answer, or credentials_due_in_ns() */
	CREDENTIALS_FAILED, /* there never were any: *error says why */
};

/* Looks where keys may be. -1: nowhere, or it cannot be read; release it all
 * the same. */
int credentials_init(struct credentials *self, struct error *error) MUST_CHECK;
void credentials_release(struct credentials *self);

/* now_ns is the wall clock. */
enum credentials_status credentials_step(struct credentials *self,
					 int64_t now_ns,
					 struct credentials_request *request,
					 struct error *error);

/* What came of the request: the status of HTTP, and the body; status 0: no
 * answer, and the body says why. */
void credentials_answer(struct credentials *self, int64_t now_ns, int status,
			struct span body);

/* Why those that have expired are not renewed so far, or NULL. */
const struct error *credentials_trouble(const struct credentials *self);

/* How long till a step can help that waits without a request; TIME_NEVER: only
 * an answer can. */
int64_t credentials_due_in_ns(const struct credentials *self, int64_t now_ns);

/*
 * The service refuses the keys. True: there are others, or new ones are asked
 * for; false: there are none.
 */
bool credentials_renew(struct credentials *self);

/* For messages: "the profile 'shop' in /home/me/.aws/credentials". */
const char *credentials_origin(const struct credentials *self);

/* The region, and the URL of services, that the profile has, or NULL. */
const char *credentials_region(const struct credentials *self);
const char *credentials_endpoint(const struct credentials *self);

#endif
