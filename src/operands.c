#include "operands.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/span.h"

#define PORT_MAX 65535

void operand_release(struct operand *operand)
{
	for (size_t i = 0; i < operand->topic_count; i++)
		free(operand->topics[i]);
	free(operand->topics);
	free(operand->partitions);
	free(operand->stream);
	free(operand->region);
	free(operand->endpoint);
	free(operand->name);
	free(operand->host);
	*operand = (struct operand){0};
}

void operands_free(struct operand *operands, size_t count)
{
	for (size_t i = 0; i < count; i++)
		operand_release(&operands[i]);
	free(operands);
}

static bool is_digits(const char *text)
{
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* 0 when it is no port. */
static unsigned parse_port(const char *text)
{
	unsigned port = 0;

	if (!is_digits(text))
		return 0;
	for (; *text != '\0' && port <= PORT_MAX; text++)
		port = port * 10 + (unsigned)(*text - '0');
	return port <= PORT_MAX ? port : 0;
}

/* An IPv6 address, with a zone (fe80::1%eth0) or without. */
static bool is_ipv6(struct span host)
{
	struct in6_addr address;
	char text[INET6_ADDRSTRLEN];
	const char *zone = memchr(host.data, '%', host.size);
	size_t size = zone ? (size_t)(zone - host.data) : host.size;

	if (size >= sizeof(text) || (zone && size + 1 == host.size))
		return false;
	memcpy(text, host.data, size);
	text[size] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1;
}

/* Takes the brackets off an address; false when the HOST is none. */
static bool read_host(struct span *host)
{
	if (host->size >= 2 && host->data[0] == '[' &&
	    host->data[host->size - 1] == ']') {
		*host = span_make(host->data + 1, host->size - 2);
		return is_ipv6(*host);
	}
	if (memchr(host->data, ':', host->size))
		return is_ipv6(*host);
	for (size_t i = 0; i < host->size; i++) {
		if ((unsigned char)host->data[i] <= ' ' ||
		    strchr("[]/?#@*\\\177", host->data[i]))
			return false;
	}
	return host->size > 0;
}

static int set_tcp(struct operand *operand, struct span host, unsigned port,
		   bool by_tls, struct error *error)
{
	bool brackets = memchr(host.data, ':', host.size) != NULL;
	struct buffer name = {0};

	buffer_append_text(&name, by_tls ? "tls://" : "tcp://");
	buffer_append_text(&name, brackets ? "[" : "");
	buffer_append_span(&name, host);
	buffer_append_text(&name, brackets ? "]:" : ":");
	buffer_append_number(&name, port);
	buffer_append_char(&name, '\0');
	*operand = (struct operand){
		.kind = OPERAND_TCP,
		.by_tls = by_tls,
		.name = name.data, /* NULL when memory ran out */
		.host = strndup(host.data, host.size),
		.port = port,
	};
	if (name.failed || !operand->host)
		return error_set(error, "out of memory");
	return 0;
}

/* Just two operands, the second all digits. */
static int read_host_port(const char *text, const char *digits,
			  struct operand *operand, struct error *error)
{
	struct span host = span_of(text);
	unsigned port = parse_port(digits);

	if (*text == '\0')
		return error_set(error, "the HOST before '%s' is empty",
				 digits);
	if (strchr(text, '/') || strcmp(text, "-") == 0)
		return error_set(error,
				 "'%s' is no HOST for the port '%s' (write "
				 "./%s for a file of that name)",
				 text, digits, digits);
	if (!read_host(&host))
		return error_set(error,
				 "'%s' is no HOST: neither a name nor an "
				 "address",
				 text);
	if (port == 0)
		return error_set(error, "'%s' is no port (1 to %d)", digits,
				 PORT_MAX);
	return set_tcp(operand, host, port, false, error);
}

int operands_read_listen(const char *text, char **address, unsigned *port,
			 struct error *error)
{
	const char *colon = strrchr(text, ':');
	const char *digits = colon ? colon + 1 : text;
	struct span host = span_make(text, colon ? (size_t)(colon - text) : 0);

	free(*address);
	*address = NULL;
	*port = parse_port(digits);
	if (*port == 0 && strcmp(digits, "0") != 0)
		return error_set(error,
				 "'%s' is no port (0 to %d; [ADDRESS:]PORT)",
				 digits, PORT_MAX);
	if (!colon)
		return 0;
	if (is_ipv6(host))
		return error_set(error, "an IPv6 address stands in brackets: "
					"[::1]:8080");
	if (!read_host(&host))
		return error_set(error, "the ADDRESS is neither a name nor an "
					"address");
	*address = strndup(host.data, host.size);
	return *address ? 0 : error_set(error, "out of memory");
}

/* Of tcp://HOST:PORT or tls://HOST:PORT rest is what follows the "//". */
static int read_tcp(const char *whole, const char *rest,
		    struct operand *operand, bool by_tls, struct error *error)
{
	const char *path = strpbrk(rest, "/?#");
	const char *colon = strrchr(rest, ':');
	const char *bracket = strrchr(rest, ']');
	const char *scheme = by_tls ? "tls" : "tcp";
	struct span host;
	unsigned port;

	if (path)
		return error_set(error,
				 "'%s': nothing may follow the port, and "
				 "there is '%s' (%s://HOST:PORT)",
				 whole, path, scheme);
	if (!colon || (bracket && bracket > colon))
		return error_set(error,
				 "'%s': the port is missing (%s://HOST:PORT)",
				 whole, scheme);
	host = span_make(rest, (size_t)(colon - rest));
	if (host.size == 0)
		return error_set(error,
				 "'%s': the HOST is empty (%s://HOST:PORT)",
				 whole, scheme);
	if (*rest != '[' && memchr(host.data, ':', host.size))
		return error_set(error,
				 "'%s': an IPv6 address needs brackets "
				 "(%s://[::1]:9998)",
				 whole, scheme);
	if (!read_host(&host))
		return error_set(error,
				 "'%s': the HOST is neither a name nor an "
				 "address",
				 whole);
	port = parse_port(colon + 1);
	if (port == 0)
		return error_set(error, "'%s': '%s' is no port (1 to %d)",
				 whole, colon + 1, PORT_MAX);
	return set_tcp(operand, host, port, by_tls, error);
}

/* Where "://" begins when a scheme stands before it (RFC 3986), else NULL. */
static const char *end_of_scheme(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *end = text + strspn(text, letters);

	if (end == text)
		return NULL;
	while (*end != '\0' &&
	       (strchr(letters, *end) || strchr("0123456789+-.", *end)))
		end++;
	return strncmp(end, "://", 3) == 0 ? end : NULL;
}

static bool is_bare_word(const char *text)
{
	struct stat status;

	return strcmp(text, "-") != 0 && !strchr(text, '/') &&
	       stat(text, &status) != 0;
}

/* A lone operand that is no file: what may have been meant. */
static int lone_word_error(const char *word, struct error *error)
{
	const char *colon = strrchr(word, ':');

	if (colon && parse_port(colon + 1) != 0) {
		struct span host = span_make(word, (size_t)(colon - word));

		if (read_host(&host))
			return error_set(error,
					 "'%s' is no existing file; did you "
					 "mean: ordercount %.*s %s",
					 word, (int)host.size, host.data,
					 colon + 1);
	}
	if (is_digits(word))
		return error_set(error,
				 "'%s' is no existing file, and as a port it "
				 "lacks a HOST before it",
				 word);
	return error_set(error,
			 "'%s' is no existing file, and as a HOST it lacks a "
			 "PORT behind it",
			 word);
}

static int word_error(char **arguments, size_t count, size_t i,
		      struct error *error)
{
	if (count == 1)
		return lone_word_error(arguments[0], error);
	if (count == 2 && (i == 1 || is_bare_word(arguments[1])))
		return error_set(error, "'%s' is neither a port nor a file",
				 arguments[1]);
	return error_set(error,
			 "'%s' is no existing file (a server is written "
			 "HOST PORT, or tcp://HOST:PORT among others)",
			 arguments[i]);
}

static int read_source(char **arguments, size_t count, size_t i, bool follow,
		       struct operand *operand, struct error *error)
{
	char *text = arguments[i];
	const char *scheme_end = end_of_scheme(text);

	if (scheme_end) {
		int size = (int)(scheme_end - text);

		if (size == 3 && strncasecmp(text, "tcp", 3) == 0)
			return read_tcp(text, scheme_end + 3, operand, false,
					error);
		if (size == 3 && strncasecmp(text, "tls", 3) == 0)
			return read_tcp(text, scheme_end + 3, operand, true,
					error);
		if (size == 5 && strncasecmp(text, "kafka", 5) == 0)
			return operand_read_kafka(operand, text, true, error);
		if (size == 7 && strncasecmp(text, "kinesis", 7) == 0)
			return operand_read_kinesis(operand, text, error);
		return error_set(error,
				 "'%s': there is no scheme '%.*s' here, only "
				 "tcp://, tls://, kafka:// and kinesis:// are",
				 text, size, text);
	}
	if (!follow && is_bare_word(text))
		return word_error(arguments, count, i, error);
	operand->kind = strcmp(text, "-") == 0 ? OPERAND_STDIN : OPERAND_PATH;
	operand->name = strdup(text);
	if (!operand->name)
		return error_set(error, "out of memory");
	return 0;
}

static int read_sources(char **arguments, size_t count, bool follow,
			struct operand *operands, struct error *error)
{
	bool stdin_seen = false;

	for (size_t i = 0; i < count; i++) {
		if (arguments[i][0] == '\0')
			return error_set(error, "an operand is empty (a "
						"variable that is not set?)");
	}
	for (size_t i = 0; i < count; i++) {
		if (read_source(arguments, count, i, follow, &operands[i],
				error) < 0)
			return -1;
		if (operands[i].kind != OPERAND_STDIN)
			continue;
		if (stdin_seen)
			return error_set(error, "'-' is given twice, but there "
						"is one standard input");
		stdin_seen = true;
	}
	return 0;
}

int operands_parse(char **arguments, size_t count, bool follow,
		   struct operand **operands, size_t *operand_count,
		   struct error *error)
{
	struct operand *list;
	int result;

	if (count == 0)
		return error_set(error, "a source is missing: HOST PORT, a "
					"FILE, a DIRECTORY, or - for standard "
					"input");
	list = calloc(count, sizeof(*list));
	if (!list)
		return error_set(error, "out of memory");
	if (count == 2 && is_digits(arguments[1])) {
		result =
			read_host_port(arguments[0], arguments[1], list, error);
		count = 1;
	} else {
		result = read_sources(arguments, count, follow, list, error);
	}
	if (result < 0) {
		operands_free(list, count);
		return -1;
	}
	*operands = list;
	*operand_count = count;
	return 0;
}
