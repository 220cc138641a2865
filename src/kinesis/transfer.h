/*
 * transfer: HTTP in our loop, by curl's multi interface.
 *
 * curl says which descriptors it waits for and when it wants to be called; we
 * register these with the loop, and call it. Whoever sends a request looks
 * whether it is done: nothing is called back beyond this module.
 */
#ifndef KINESIS_TRANSFER_H
#define KINESIS_TRANSFER_H

#include "base/loop.h"
#include "base/span.h"

struct transfers;
struct transfer;

/* What goes out; all of it is copied. */
struct http_request {
	const char *url;
	const char *method; /* GET, PUT, POST */
	/* "Name: value" each, and how many. */
	const char *const *headers;
	size_t header_count;
	struct span body;
	/* Signed for this region by these keys; NULL: it is not. */
	const char *region;
	const char *access_key;
	const char *secret_key;
	bool direct;	    /* never by a proxy */
	int64_t timeout_ns; /* to connect, and to wait for the next byte */
};

/* What came. Lives as long as the transfer. */
struct http_answer {
	int status;	  /* of HTTP; 0: no answer came, and `trouble` says */
	struct span body; /* why */
	int64_t date_ns;  /* the service's clock, or TIME_NONE */
	struct error trouble;
	bool is_final;	/* trying again does not help: a certificate */
	bool too_large; /* more came than is taken */
};

/* `ca` is a file, or NULL: curl's own. NULL: memory is out. */
struct transfers *transfers_open(struct loop *loop, const char *ca,
				 struct error *error) MUST_CHECK;
/* After the transfers. Takes NULL. */
void transfers_close(struct transfers *self);

/* As whose the loop waits for the descriptors from now on. */
void transfers_set_part(struct transfers *self, enum loop_part part);

/* They were not stepped for a while, in which their silence was ours. */
void transfers_resume(struct transfers *self, int64_t now_ns);

/* Does what the descriptors that are ready and the clock ask for. */
void transfers_step(struct transfers *self, int64_t now_ns);

/* Begins one. NULL: memory is out. */
struct transfer *transfer_start(struct transfers *transfers,
				const struct http_request *request,
				struct error *error) MUST_CHECK;

/* What came, or NULL while it is not done. */
const struct http_answer *transfer_answer(const struct transfer *transfer);

/* Lets go, done or not. Takes NULL. */
void transfer_free(struct transfer *self);

#endif
