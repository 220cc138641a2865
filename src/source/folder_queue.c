#include "source/folder_parts.h"

#include <stdlib.h>
#include <string.h>

void queue_init(struct queue *queue)
{
	queue->first = NULL;
	queue->tail = &queue->first;
}

struct queued *queue_add(struct queue *queue, char *path)
{
	struct queued *queued = path ? calloc(1, sizeof(*queued)) : NULL;

	if (!queued) {
		free(path);
		return NULL;
	}
	queued->path = path;
	*queue->tail = queued;
	queue->tail = &queued->next;
	return queued;
}

void queue_drop(struct queue *queue, struct queued **link)
{
	struct queued *queued = *link;

	*link = queued->next;
	if (queue->tail == &queued->next)
		queue->tail = link;
	free(queued->path);
	free(queued);
}

void queue_forget(struct queue *queue, const char *path)
{
	struct queued **link = &queue->first;

	while (*link) {
		if (strcmp((*link)->path, path) == 0)
			queue_drop(queue, link);
		else
			link = &(*link)->next;
	}
}

void folder_queue(struct folder_source *self, char *path)
{
	if (!queue_add(&self->queue, path))
		self->scanning = true; /* there it will be found again */
}
