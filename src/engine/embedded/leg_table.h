/**
 * Finds a leg's record by its number.
 */
#ifndef ENGINE_EMBEDDED_LEG_TABLE_H
#define ENGINE_EMBEDDED_LEG_TABLE_H

#include <stddef.h>

#include "engine/engine.h"

struct leg_table;

/** Make an empty map. Returns 0 or ENOMEM. */
int leg_table_alloc(struct leg_table **mp);

/** Free the map; the records stay the caller's. */
void leg_table_free(struct leg_table *m);

/** Add a record under a number that is not in the map. Returns 0 or
 *  ENOMEM. */
int leg_table_add(struct leg_table *m, engine_leg leg, void *record);

/** The record of a leg, NULL when there is none. */
void *leg_table_find(const struct leg_table *m, engine_leg leg);

/** Take a leg out; returns its record or NULL. */
void *leg_table_remove(struct leg_table *m, engine_leg leg);

/** Number of records. */
size_t leg_table_count(const struct leg_table *m);

typedef void leg_table_h(void *record, void *arg);

/** Call the handler for every record; it may remove any record, but add
 *  none. */
void leg_table_each(struct leg_table *m, leg_table_h *h, void *arg);

#endif
