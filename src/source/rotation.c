#include "source/rotation.h"

#include <stdlib.h>
#include <string.h>

void rotation_init(struct rotation *rotation, const char *base)
{
	*rotation = (struct rotation){.base = base};
}

void rotation_drop(struct rotation *rotation, struct rotated *rotated)
{
	struct rotated **link = &rotation->list;

	while (*link && *link != rotated)
		link = &(*link)->next;
	if (!*link)
		return;
	*link = rotated->next;
	free(rotated->name);
	free(rotated);
}

void rotation_release(struct rotation *rotation)
{
	while (rotation->list)
		rotation_drop(rotation, rotation->list);
}

/* Who has the name, or NULL. */
static struct rotated *rotation_named(const struct rotation *rotation,
				      const char *name)
{
	struct rotated *rotated = rotation->list;

	while (rotated && (!rotated->name || strcmp(rotated->name, name) != 0))
		rotated = rotated->next;
	return rotated;
}

static struct rotated *rotation_moving(const struct rotation *rotation,
				       uint32_t cookie)
{
	struct rotated *rotated = rotation->list;

	while (rotated && (rotated->name || rotated->cookie != cookie))
		rotated = rotated->next;
	return rotated;
}

/* The name is another file's, or nobody's. */
static void rotation_vacate(struct rotation *rotation, const char *name)
{
	struct rotated *rotated = rotation_named(rotation, name);

	if (rotated)
		rotation_drop(rotation, rotated);
}

/*
 * A file leaves the name that is followed. Also one that seems to be open is to
 * be looked at: whoever opened the name may have got its successor.
 */
static void rotation_add(struct rotation *rotation, uint32_t cookie)
{
	struct rotated **link = &rotation->list;
	struct rotated *rotated = calloc(1, sizeof(*rotated));
	bool unseen = rotation->unseen;

	rotation->unseen = false;
	if (!rotated)
		return;
	rotated->cookie = cookie;
	rotated->found = !unseen;
	while (*link)
		link = &(*link)->next;
	*link = rotated;
}

static void rotation_left(struct rotation *rotation, const char *name,
			  uint32_t cookie)
{
	struct rotated *rotated = rotation_named(rotation, name);

	if (!rotated)
		return;
	free(rotated->name);
	rotated->name = NULL;
	rotated->cookie = cookie;
}

static void rotation_came(struct rotation *rotation, const char *name,
			  uint32_t cookie)
{
	struct rotated *rotated = rotation_moving(rotation, cookie);

	rotation_vacate(rotation, name);
	if (!rotated)
		return;
	rotated->name = strdup(name);
	rotated->moved = true;
	rotated->here = rotated->tried = false;
}

/* A file comes to the name that is followed: another, or one that had it. */
static void rotation_come(struct rotation *rotation, struct rotated *rotated)
{
	if (rotated) {
		rotation->unseen = !rotated->found;
		rotation_drop(rotation, rotated);
	} else {
		rotation->unseen = true;
		rotation->missing++;
	}
}

static void rotation_change_base(struct rotation *rotation,
				 const struct change *change)
{
	switch (change->kind) {
	case CHANGE_CREATED: rotation_come(rotation, NULL); break;
	case CHANGE_DELETED: rotation->unseen = false; break;
	case CHANGE_CAME:
		rotation_come(rotation,
			      rotation_moving(rotation, change->cookie));
		break;
	case CHANGE_LEFT: rotation_add(rotation, change->cookie); break;
	default: break;
	}
}

bool rotation_change(struct rotation *rotation, const struct change *change)
{
	if (strcmp(change->name, rotation->base) == 0) {
		rotation_change_base(rotation, change);
		return true;
	}
	switch (change->kind) {
	case CHANGE_LEFT:
		rotation_left(rotation, change->name, change->cookie);
		break;
	case CHANGE_CAME:
		rotation_came(rotation, change->name, change->cookie);
		break;
	case CHANGE_DELETED: rotation_vacate(rotation, change->name); break;
	default: break;
	}
	return false;
}

bool rotation_has_moved(const struct rotation *rotation)
{
	const struct rotated *rotated = rotation->list;

	while (rotated && !rotated->moved)
		rotated = rotated->next;
	return rotated != NULL;
}

void rotation_settle(struct rotation *rotation)
{
	struct rotated *rotated = rotation->list, *next;

	for (; rotated; rotated = next) {
		next = rotated->next;
		if (rotated->here && !rotated->moved)
			rotation_drop(rotation, rotated);
	}
}

/* Those that may still be opened. */
static int rotation_pending(const struct rotation *rotation)
{
	const struct rotated *rotated = rotation->list;
	int pending = rotation->unseen;

	for (; rotated; rotated = rotated->next)
		pending += !rotated->found;
	return pending;
}

unsigned rotation_take_lost(struct rotation *rotation)
{
	int lost = rotation->missing - rotation_pending(rotation);

	if (lost <= 0)
		return 0;
	rotation->missing -= lost;
	return (unsigned)lost;
}

void rotation_even_out(struct rotation *rotation)
{
	int pending = rotation_pending(rotation);

	if (rotation->missing < pending)
		rotation->missing = pending;
}

void rotation_lose_count(struct rotation *rotation)
{
	rotation->missing = rotation_pending(rotation);
}
