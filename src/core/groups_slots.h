/*
 * groups_slots: the hash table of the groups; a part of groups.h, for groups.c
 * only.
 *
 * Open addressing, linear, in the order of the hashes. It grows without a
 * pause: a table twice as large stands beside the old one, and each group that
 * comes, or is found in the old one, moves some slots on. Those that have moved
 * stay in the old one, unseen, so that no search in it breaks off.
 */
#ifndef CORE_GROUPS_SLOTS_H
#define CORE_GROUPS_SLOTS_H

#include "core/groups.h"

/* So many slots of the old table move at a time. */
#define GROUPS_MOVED_AT_ONCE 16u

/* In place of a number, in the old table: the group was removed. */
#define SLOT_REMOVED UINT32_MAX

int groups_init_slots(struct groups *groups) MUST_CHECK;
void groups_release_slots(struct groups *groups);

/* Room for one group more. -1: memory is out. */
int groups_reserve_slot(struct groups *groups) MUST_CHECK;

/* Enters a group that is not there, for which there is room. */
void groups_take_slot(struct groups *groups, struct group_slot taken);

/* Takes out a group that is there. */
void groups_leave_slot(struct groups *groups, struct group_slot left);

/* Moves some slots on, if there is an old table. */
void groups_move_slots(struct groups *groups);

#endif
