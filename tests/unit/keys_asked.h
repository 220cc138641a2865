/*
 * Keys that are asked for, without anybody who answers: a test says what is
 * answered, and what time it is.
 */
#ifndef KEYS_ASKED_H
#define KEYS_ASKED_H

#include "aws_files.h"
#include "kinesis/credentials.h"

#define SECRET "s3cret/+key"
#define NOON   "2026-11-28T12:00:00Z"
#define MINUTE (60 * NS_PER_S)

static const int64_t noon_ns = 1795867200 * NS_PER_S;

static struct credentials credentials;
static struct credentials_request request;
static struct error error;
static int64_t now_ns;

static inline void keys_begin(void)
{
	aws_begin();
	now_ns = noon_ns - 60 * MINUTE;
}

static inline void keys_end(void)
{
	credentials_release(&credentials);
	aws_end();
}

static inline void look(void)
{
	credentials_release(&credentials);
	if (credentials_init(&credentials, &error) != 0)
		ck_abort_msg("%s", error.message);
}

static inline void has(const struct error *why, const char *words)
{
	if (!strstr(why->message, words))
		ck_abort_msg("'%s' has no '%s'", why->message, words);
	ck_assert_ptr_null(strstr(why->message, SECRET));
	ck_assert_ptr_null(strchr(why->message, '\n'));
}

static inline void refuse(const char *words)
{
	credentials_release(&credentials);
	ck_assert_int_eq(credentials_init(&credentials, &error), -1);
	has(&error, words);
}

static inline void step(enum credentials_status expected)
{
	enum credentials_status status =
		credentials_step(&credentials, now_ns, &request, &error);

	if (status != expected)
		ck_abort_msg("status %d, not %d: %s", status, expected,
			     credentials.why.message);
}

/* A request is to be made of that URL, with that header or none. */
static inline void asks(const char *method, const char *url, const char *header)
{
	step(CREDENTIALS_ASK);
	ck_assert_str_eq(request.method, method);
	ck_assert_str_eq(request.url, url);
	ck_assert_uint_eq(request.header_count, header != NULL);
	if (header)
		ck_assert_str_eq(request.headers[0], header);
}

static inline void answer(int status, const char *body)
{
	credentials_answer(&credentials, now_ns, status, span_of(body));
}

static inline void ready(const char *access_key, const char *token)
{
	step(CREDENTIALS_READY);
	ck_assert_str_eq(credentials.access_key, access_key);
	ck_assert_str_eq(credentials.secret_key, SECRET);
	ck_assert_pstr_eq(credentials.session_token, token);
}

/* Time goes on to when a step can help. */
static inline void pass(int64_t from_ns, int64_t to_ns)
{
	int64_t due_ns = credentials_due_in_ns(&credentials, now_ns);

	ck_assert_int_ge(due_ns, from_ns);
	ck_assert_int_le(due_ns, to_ns);
	now_ns += due_ns;
}

#define PAIR "\"AccessKeyId\":\"AKC\",\"SecretAccessKey\":\"" SECRET "\""
#define KEYS(expires) \
	"{" PAIR ",\"Token\":\"T\",\"Expiration\":\"" expires "\"}"
#define OTHERS(expires)                                          \
	"{\"AccessKeyId\":\"AKD\",\"SecretAccessKey\":\"" SECRET \
	"\",\"Token\":\"U\",\"Expiration\":\"" expires "\"}"

static inline void look_at_container(void)
{
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x?id=1", 1);
	look();
}

#endif
