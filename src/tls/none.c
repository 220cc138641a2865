/*
 * Stands in for TLS where it is not built in: no operand gets past
 * tls_check_built().
 */
#include "tls/tls.h"

static int refuse(struct error *error)
{
	return error_set(error, "tls://: built without TLS");
}

int tls_check_built(struct error *error)
{
	return refuse(error);
}

const char *tls_version(void)
{
	return NULL;
}

void tls_prepare(void)
{
}

struct tls_context *tls_context_new(const struct tls_options *options,
				    struct error *error)
{
	(void)options;
	refuse(error);
	return NULL;
}

void tls_context_free(struct tls_context *context)
{
	(void)context;
}

struct tls *tls_new(struct tls_context *context, const char *host)
{
	(void)context;
	(void)host;
	return NULL;
}

void tls_free(struct tls *tls)
{
	(void)tls;
}

int tls_begin(struct tls *tls, int fd, struct error *error)
{
	(void)tls;
	(void)fd;
	return refuse(error);
}

enum tls_status tls_shake_hands(struct tls *tls, struct error *why)
{
	(void)tls;
	refuse(why);
	return TLS_FAILED;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): as tls.h has it. */
enum tls_status tls_read(struct tls *tls, char *data, size_t size, size_t *got,
			 bool *more, struct error *why)
{
	(void)data;
	(void)size;
	*got = 0;
	*more = false;
	return tls_shake_hands(tls, why);
}

uint64_t tls_received(const struct tls *tls)
{
	(void)tls;
	return 0;
}

void tls_end(struct tls *tls)
{
	(void)tls;
}
