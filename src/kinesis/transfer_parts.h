/*
 * What transfers.c (curl in our loop) and transfer.c (a request, its answer)
 * share; nobody else includes this.
 */
#ifndef KINESIS_TRANSFER_PARTS_H
#define KINESIS_TRANSFER_PARTS_H

#include <curl/curl.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "core/watermark.h"
#include "kinesis/transfer.h"

struct socket_watch;

struct transfers {
	CURLM *multi;
	struct loop *loop;
	struct loop_timer timer;
	int64_t curl_due_ns; /* mono: when curl wants to be called */
	struct transfer *all;
	struct socket_watch *sockets;
	enum loop_part part;
	int64_t now_ns; /* mono: of the last step */
	char *ca;
};

struct transfer {
	struct transfers *transfers;
	struct transfer *next;
	int64_t heard_ns; /* mono: something came, or it began */
	int64_t timeout_ns;
	CURL *easy;
	struct curl_slist *headers;
	struct buffer sent;
	struct buffer body;
	char detail[CURL_ERROR_SIZE];
	bool is_signed;
	bool done;
	struct http_answer answer;
};

/* Something may be due earlier, or later. */
void transfers_set_timer(struct transfers *self);

/* It is over, well or not. */
void transfer_finish(struct transfer *self, CURLcode code);

#endif
