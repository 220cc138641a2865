/*
 * What the two parts of credentials share; nobody else includes this.
 *
 *     credentials.c       who has keys, and how long
 *     credentials_http.c  what the container and the instance are asked
 */
#ifndef KINESIS_CREDENTIALS_PARTS_H
#define KINESIS_CREDENTIALS_PARTS_H

#include "kinesis/credentials.h"

#define NO_KEYS                                                      \
	"none in the environment (AWS_ACCESS_KEY_ID), in a profile " \
	"(~/.aws/credentials), or of a container"

struct key_texts {
	const char *access_key;
	const char *secret_key;
	const char *token;  /* or NULL */
	int64_t expires_ns; /* or TIME_NEVER */
};

/* Takes a copy in place of those that there are. -1: they can be none, and
 * those that there are stay, or memory is out. */
int credentials_take(struct credentials *self, const struct key_texts *texts,
		     struct error *error) MUST_CHECK;

/* Has it no control characters? They would break the header that it is in. */
bool credentials_is_clean(struct span text);

/* --- credentials_http.c --------------------------------------------------- */

/* Does the environment name a container's endpoint? */
bool credentials_is_container(void);

/* Whom to ask. -1: it must not be asked, or memory is out. */
int credentials_find_container(struct credentials *self,
			       struct error *error) MUST_CHECK;
int credentials_find_instance(struct credentials *self,
			      struct error *error) MUST_CHECK;

/* The next request. -1: memory is out, or a file cannot be read. */
int credentials_request(struct credentials *self,
			struct credentials_request *request,
			struct error *error) MUST_CHECK;

/* Takes an answer. -1: it is none of use, `why` says. */
int credentials_hear(struct credentials *self, int64_t now_ns, int status,
		     struct span body) MUST_CHECK;

#endif
