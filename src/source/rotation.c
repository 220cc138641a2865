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
	rotation->lost += !rotated->found;
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
	if (!rotated) {
		rotation->lost += unseen;
		return;
	}
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
	rotated->tried = false;
}

/* Another file has the name that is followed, or none. */
static void rotation_base(struct rotation *rotation, bool is_there)
{
	rotation->lost += rotation->unseen;
	rotation->unseen = is_there;
}

static void rotation_change_base(struct rotation *rotation,
				 const struct change *change)
{
	struct rotated *rotated;

	switch (change->kind) {
	case CHANGE_CREATED: rotation->unseen = true; break;
	case CHANGE_DELETED: rotation_base(rotation, false); break;
	case CHANGE_CAME:
		rotated = rotation_moving(rotation, change->cookie);
		rotation_base(rotation, true);
		if (rotated) { /* it is back where it is looked for */
			rotated->found = true;
			rotation_drop(rotation, rotated);
		}
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
