#include "core/groups_slots.h"

#include "base/column.h"

/* The first table is on the heap. */
#define SLOTS_MIN 64u

static int new_table(struct groups_table *table, size_t slot_count)
{
	unsigned bits = (unsigned)__builtin_ctzll(slot_count);

	table->slots = column_grow(NULL, 0, slot_count * sizeof(*table->slots));
	if (!table->slots)
		return -1;
	table->slot_count = slot_count;
	table->shift = 32 - bits;
	table->moved = 0;
	return 0;
}

static void free_table(struct groups_table *table)
{
	column_free(table->slots, table->slot_count * sizeof(*table->slots));
	*table = (struct groups_table){0};
}

int groups_init_slots(struct groups *groups)
{
	return new_table(&groups->table, SLOTS_MIN);
}

void groups_release_slots(struct groups *groups)
{
	free_table(&groups->table);
	free_table(&groups->old_table);
}

/* At most three quarters of the slots are taken. */
int groups_reserve_slot(struct groups *groups)
{
	struct groups_table *table = &groups->table;
	struct groups_table grown;

	if (groups->live < table->slot_count / 4 * 3)
		return 0;
	/* The hash has no more bits. */
	if (table->shift == 0 || new_table(&grown, table->slot_count * 2) != 0)
		return -1;
	/* The table before it has moved long ago: since then more groups came
	 * than it took. */
	groups->old_table = *table;
	groups->table = grown;
	return 0;
}

static void take(struct groups_table *table, struct group_slot taken)
{
	size_t mask = table->slot_count - 1;
	size_t i = groups_home(table, taken.hash);

	while (table->slots[i].number != GROUP_OTHER)
		i = (i + 1) & mask;
	table->slots[i] = taken;
}

void groups_move_slots(struct groups *groups)
{
	struct groups_table *old = &groups->old_table;
	size_t end = old->moved + GROUPS_MOVED_AT_ONCE;

	if (!old->slots)
		return;
	for (; old->moved < end; old->moved++) {
		struct group_slot slot = old->slots[old->moved];

		if (slot.number != GROUP_OTHER && slot.number != SLOT_REMOVED)
			take(&groups->table, slot);
	}
	if (old->moved == old->slot_count)
		free_table(old);
}

void groups_take_slot(struct groups *groups, struct group_slot taken)
{
	take(&groups->table, taken);
	groups_move_slots(groups);
}

/* The slot of that group, or a free one: it is not in this table. */
static size_t find(const struct groups_table *table, struct group_slot sought)
{
	size_t mask = table->slot_count - 1;
	size_t i = groups_home(table, sought.hash);

	while (table->slots[i].number != GROUP_OTHER &&
	       table->slots[i].number != sought.number)
		i = (i + 1) & mask;
	return i;
}

/* Those behind it move up, so that none is cut off from its home. */
static void close_hole(struct groups_table *table, size_t hole)
{
	struct group_slot *slots = table->slots;
	size_t mask = table->slot_count - 1;

	for (size_t i = (hole + 1) & mask; slots[i].number != GROUP_OTHER;
	     i = (i + 1) & mask) {
		size_t home = groups_home(table, slots[i].hash);

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		slots[hole] = slots[i];
		hole = i;
	}
	slots[hole].number = GROUP_OTHER;
}

void groups_leave_slot(struct groups *groups, struct group_slot left)
{
	size_t i = find(&groups->table, left);

	if (groups->table.slots[i].number != GROUP_OTHER) {
		close_hole(&groups->table, i);
		return;
	}
	i = find(&groups->old_table, left);
	groups->old_table.slots[i].number = SLOT_REMOVED;
}
