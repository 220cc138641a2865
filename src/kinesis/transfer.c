#include <stdlib.h>
#include <string.h>

#include "kinesis/kinesis.h"
#include "kinesis/transfer_parts.h"

/* The service itself sends less than 10 MB of data, as base64. */
#define ANSWER_MAX ((size_t)32 << 20)

int kinesis_check_built(struct error *error)
{
	(void)error;
	return 0;
}

const char *kinesis_version(void)
{
	return curl_version_info(CURLVERSION_NOW)->version;
}

/* --- what came ------------------------------------------------------------ */

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
	struct transfer *self = context;

	(void)size; /* 1 */
	self->heard_ns = self->transfers->now_ns;
	self->answer.too_large = count > ANSWER_MAX - self->body.size;
	if (self->answer.too_large)
		return 0;
	buffer_append(&self->body, data, count);
	return self->body.failed ? 0 : count;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
	static const char name[] = "Date:";
	struct transfer *self = context;
	char text[64];
	time_t date;

	(void)size; /* 1 */
	self->heard_ns = self->transfers->now_ns;
	if (count < sizeof(name) || count - sizeof(name) >= sizeof(text) ||
	    strncasecmp(data, name, sizeof(name) - 1) != 0)
		return count;
	count -= sizeof(name) - 1;
	memcpy(text, data + sizeof(name) - 1, count);
	text[count] = '\0';
	date = curl_getdate(text, NULL);
	if (date > 0)
		self->answer.date_ns = (int64_t)date * NS_PER_S;
	return count + sizeof(name) - 1;
}

static bool is_of_certificate(CURLcode code)
{
	return code == CURLE_PEER_FAILED_VERIFICATION ||
	       code == CURLE_SSL_CACERT_BADFILE ||
	       code == CURLE_SSL_ISSUER_ERROR || code == CURLE_SSL_CIPHER ||
	       code == CURLE_UNSUPPORTED_PROTOCOL;
}

void transfer_finish(struct transfer *self, CURLcode code)
{
	struct http_answer *answer = &self->answer;
	long status = 0;

	self->done = true;
	answer->body = buffer_span(&self->body);
	curl_easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK) {
		answer->status = (int)status;
		return;
	}
	answer->is_final = is_of_certificate(code);
	if (answer->too_large)
		error_set(&answer->trouble, "the answer is longer than %zu MiB",
			  ANSWER_MAX >> 20);
	else
		error_set(&answer->trouble, "%s",
			  self->detail[0] != '\0' ? self->detail
						  : curl_easy_strerror(code));
}

/* --- one of them ---------------------------------------------------------- */

static bool add_headers(struct transfer *self,
			const struct http_request *request)
{
	for (size_t i = 0; i < request->header_count; i++) {
		struct curl_slist *longer =
			curl_slist_append(self->headers, request->headers[i]);

		if (!longer)
			return false;
		self->headers = longer;
	}
	return true;
}

static bool sign(struct transfer *self, const struct http_request *request)
{
	struct buffer scheme = {0};
	bool set;

	buffer_printf(&scheme, "aws:amz:%s:kinesis", request->region);
	buffer_append_char(&scheme, '\0');
	set = !scheme.failed &&
	      curl_easy_setopt(self->easy, CURLOPT_AWS_SIGV4, scheme.data) ==
		      CURLE_OK &&
	      curl_easy_setopt(self->easy, CURLOPT_USERNAME,
			       request->access_key) == CURLE_OK &&
	      curl_easy_setopt(self->easy, CURLOPT_PASSWORD,
			       request->secret_key) == CURLE_OK;
	buffer_release(&scheme);
	return set;
}

/* Only this file: the system's folder would be asked, too. */
static bool trust(CURL *easy, const char *ca)
{
	return curl_easy_setopt(easy, CURLOPT_CAINFO, ca) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK;
}

static bool set_up(struct transfer *self, const struct http_request *request)
{
	CURL *easy = self->easy;
	bool has_body = request->body.size > 0;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, self);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, self->detail);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, self);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, self);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	/* Who looks a name up is not waited for at the end. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION,
			 (long)CURL_SSLVERSION_TLSv1_2);
	/* Of several addresses each gets its part of it. */
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)(request->timeout_ns / NS_PER_MS) + 1);
	if (request->direct)
		curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	if (has_body) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE,
				 (long)self->sent.size);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, self->sent.data);
	}
	return curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method) ==
		       CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_HTTPHEADER, self->headers) ==
		       CURLE_OK &&
	       (!self->transfers->ca || trust(easy, self->transfers->ca)) &&
	       (!request->region || sign(self, request));
}

struct transfer *transfer_start(struct transfers *transfers,
				const struct http_request *request,
				struct error *error)
{
	struct transfer *self = calloc(1, sizeof(*self));

	if (!self)
		goto no_memory;
	self->transfers = transfers;
	self->heard_ns = transfers->now_ns;
	self->timeout_ns = request->timeout_ns;
	self->next = transfers->all;
	transfers->all = self;
	self->is_signed = request->region != NULL;
	self->answer.date_ns = TIME_NONE;
	buffer_append_span(&self->sent, request->body);
	self->easy = curl_easy_init();
	if (!self->easy || self->sent.failed || !add_headers(self, request) ||
	    !set_up(self, request) ||
	    curl_multi_add_handle(transfers->multi, self->easy) != CURLM_OK)
		goto no_memory;
	transfers_set_timer(transfers);
	return self;
no_memory:
	transfer_free(self);
	error_set(error, "out of memory");
	return NULL;
}

const struct http_answer *transfer_answer(const struct transfer *transfer)
{
	return transfer->done ? &transfer->answer : NULL;
}

/* What is asked of others than the service, and tokens, are secrets. */
static void wipe(struct transfer *self)
{
	for (struct curl_slist *at = self->headers; at; at = at->next)
		explicit_bzero(at->data, strlen(at->data));
	if (!self->is_signed && self->body.data)
		explicit_bzero(self->body.data, self->body.size);
}

static void unlink_transfer(struct transfer *self)
{
	struct transfer **at = &self->transfers->all;

	while (*at != self)
		at = &(*at)->next;
	*at = self->next;
}

void transfer_free(struct transfer *self)
{
	if (!self)
		return;
	unlink_transfer(self);
	wipe(self);
	if (self->easy) {
		curl_multi_remove_handle(self->transfers->multi, self->easy);
		curl_easy_cleanup(self->easy);
	}
	curl_slist_free_all(self->headers);
	buffer_release(&self->sent);
	buffer_release(&self->body);
	free(self);
}
