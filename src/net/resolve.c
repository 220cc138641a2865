#include "net/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/worker.h"

#define PORT_TEXT_SIZE sizeof("4294967295")

struct lookup_task {
	char *host;
	char port[PORT_TEXT_SIZE];
	struct addrinfo *found;
	int status; /* getaddrinfo's */
	int number; /* errno with EAI_SYSTEM */
};

struct lookup {
	struct worker *worker;
};

static const struct addrinfo resolve_hints = {
	.ai_family = AF_UNSPEC,
	.ai_socktype = SOCK_STREAM,
};

void addresses_release(struct addresses *addresses)
{
	free(addresses->items);
	*addresses = (struct addresses){0};
}

/* Moves the first address of the wanted family (or of any other) at or behind
 * `from` to that place, keeping the order of those it passes. */
static void addresses_bring(struct addresses *addresses, size_t from,
			    int family, bool wanted)
{
	struct address *items = addresses->items;
	struct address found;
	size_t i = from;

	while (i < addresses->count &&
	       (items[i].name.ss_family == family) != wanted)
		i++;
	if (i == addresses->count)
		return;
	found = items[i];
	memmove(&items[from + 1], &items[from], (i - from) * sizeof(*items));
	items[from] = found;
}

void addresses_interleave(struct addresses *addresses)
{
	size_t i;

	for (i = 1; i < addresses->count; i++)
		addresses_bring(addresses, i,
				addresses->items[0].name.ss_family, i % 2 == 0);
}

static int addresses_add(struct addresses *addresses,
			 const struct addrinfo *found)
{
	size_t extra = 0;
	const struct addrinfo *info;
	struct address *items;

	for (info = found; info; info = info->ai_next)
		extra++;
	items = realloc(addresses->items,
			(addresses->count + extra) * sizeof(*items));
	if (!items)
		return -1;
	addresses->items = items;
	for (info = found; info; info = info->ai_next) {
		struct address *item = &items[addresses->count];

		if (info->ai_addrlen > sizeof(item->name))
			continue;
		*item = (struct address){.size = info->ai_addrlen};
		memcpy(&item->name, info->ai_addr, info->ai_addrlen);
		addresses->count++;
	}
	return 0;
}

static enum resolve_status resolve_fail(const char *host, int status,
					int number, struct error *error)
{
	if (status == EAI_SYSTEM)
		error_system(error, number, "cannot resolve '%s'", host);
	else
		error_set(error, "cannot resolve '%s': %s", host,
			  gai_strerror(status));
	return RESOLVE_FAILED;
}

/* Adds a numeric address. */
static enum resolve_status resolve_numeric(const char *host, unsigned port,
					   struct addresses *addresses,
					   struct error *error)
{
	struct addrinfo hints = resolve_hints;
	struct addrinfo *found;
	char port_text[PORT_TEXT_SIZE];
	int status;

	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
	snprintf(port_text, sizeof(port_text), "%u", port);
	status = getaddrinfo(host, port_text, &hints, &found);
	if (status == EAI_NONAME)
		return RESOLVE_AGAIN;
	if (status != 0)
		return resolve_fail(host, status, errno, error);
	status = addresses_add(addresses, found);
	freeaddrinfo(found);
	if (status < 0) {
		error_set(error, "out of memory");
		return RESOLVE_FAILED;
	}
	return RESOLVE_DONE;
}

enum resolve_status resolve_at_once(const char *host, unsigned port,
				    struct addresses *addresses,
				    struct error *error)
{
	enum resolve_status status;

	bool is_local = strcasecmp(host, "localhost") == 0 ||
			strcasecmp(host, "localhost.") == 0;

	*addresses = (struct addresses){0};
	status = resolve_numeric(is_local ? "::1" : host, port, addresses,
				 error);
	if (status == RESOLVE_DONE && is_local)
		status = resolve_numeric("127.0.0.1", port, addresses, error);
	if (status != RESOLVE_DONE)
		addresses_release(addresses);
	return status;
}

static void lookup_run(void *argument)
{
	struct lookup_task *task = argument;
	struct addrinfo hints = resolve_hints;

	hints.ai_flags = AI_NUMERICSERV;
	task->status =
		getaddrinfo(task->host, task->port, &hints, &task->found);
	task->number = errno;
	if (task->status != 0)
		task->found = NULL;
}

static void lookup_task_free(void *argument)
{
	struct lookup_task *task = argument;

	if (task->found)
		freeaddrinfo(task->found);
	free(task->host);
	free(task);
}

static struct lookup_task *lookup_task_new(const char *host, unsigned port)
{
	struct lookup_task *task = calloc(1, sizeof(*task));

	if (!task)
		return NULL;
	snprintf(task->port, sizeof(task->port), "%u", port);
	task->host = strdup(host);
	if (!task->host) {
		free(task);
		return NULL;
	}
	return task;
}

struct lookup *lookup_start(const char *host, unsigned port,
			    struct error *error)
{
	struct lookup *lookup = malloc(sizeof(*lookup));
	struct lookup_task *task = lookup_task_new(host, port);
	struct error why;

	if (!lookup || !task) {
		error_set(&why, "out of memory");
		goto fail;
	}
	lookup->worker = worker_start(lookup_run, lookup_task_free, task, &why);
	if (lookup->worker)
		return lookup;
fail:
	error_set(error, "cannot resolve '%s': %.200s", host, why.message);
	if (task)
		lookup_task_free(task);
	free(lookup);
	return NULL;
}

int lookup_fd(const struct lookup *lookup)
{
	return worker_fd(lookup->worker);
}

enum resolve_status lookup_result(struct lookup *lookup,
				  struct addresses *addresses,
				  struct error *error)
{
	const struct lookup_task *task = worker_result(lookup->worker);

	if (!task)
		return RESOLVE_AGAIN;
	if (task->status != 0)
		return resolve_fail(task->host, task->status, task->number,
				    error);
	*addresses = (struct addresses){0};
	if (addresses_add(addresses, task->found) < 0) {
		error_set(error, "out of memory");
		return RESOLVE_FAILED;
	}
	addresses_interleave(addresses);
	return RESOLVE_DONE;
}

void lookup_close(struct lookup *lookup)
{
	worker_release(lookup->worker);
	free(lookup);
}
