/*
 * groups_order: the numbers of the groups in the order of their keys; a part of
 * groups.h, for groups.c only.
 */
#ifndef CORE_GROUPS_ORDER_H
#define CORE_GROUPS_ORDER_H

#include "core/groups.h"

/* Room for one number more. -1: memory is out. */
int groups_reserve_order(struct groups *groups) MUST_CHECK;

/* Takes out numbers that are not live any more. */
void groups_leave_order(struct groups *groups);

/* The order is made anew when somebody asks for it. */
void groups_drop_order(struct groups *groups);

#endif
