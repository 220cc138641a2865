/*
 * profile: what the files say that all of Amazon's tools share.
 *
 * ~/.aws/credentials and ~/.aws/config, or what AWS_SHARED_CREDENTIALS_FILE and
 * AWS_CONFIG_FILE name; the profile is AWS_PROFILE, else AWS_DEFAULT_PROFILE,
 * else "default". Of what stands in both, the first file's counts. Source: AWS
 * SDKs and Tools Reference Guide, "Shared config and credentials files".
 */
#ifndef KINESIS_PROFILE_H
#define KINESIS_PROFILE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/span.h"

/* All texts are the profile's, NULL where it does not say. */
struct profile {
	bool found;
	char *access_key;
	char *secret_key;
	char *session_token;
	char *region;
	char *endpoint; /* endpoint_url */
	char *needs;	/* the name of a setting that is not understood here */
	char *name;
	char *file; /* the one that has its keys */
};

/*
 * Reads the files; one that is not there says nothing. -1: one cannot be read,
 * or a profile that was named is in none; release it all the same.
 */
int profile_read(struct profile *profile, struct error *error) MUST_CHECK;
void profile_release(struct profile *profile); /* wipes the keys */

/*
 * Takes what one file says of the profile of that name, but for what is known
 * already. `config`: sections are called "profile NAME". -1: memory is out.
 */
int profile_parse(struct profile *profile, struct span text, bool config,
		  struct error *error) MUST_CHECK;

/* Overwrites a secret, and frees it. Takes NULL. */
void secret_free(char *secret);

#endif
