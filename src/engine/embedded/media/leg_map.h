/**
 * Which stream a leg has: a hash table by leg number. Not locked.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_LEG_MAP_H
#define ENGINE_EMBEDDED_MEDIA_LEG_MAP_H

#include <stddef.h>

#include "engine/engine.h"

struct stream;

/** All zero bytes are an empty map. Members are private. */
struct leg_map {
    struct leg_slot *slots;
    size_t size; /* a power of 2, or 0 */
    size_t count;
};

void leg_map_reset(struct leg_map *map);

/** Returns 0, EEXIST or ENOMEM. */
int leg_map_put(struct leg_map *map, engine_leg leg, struct stream *s);

/** NULL when the leg has none. */
struct stream *leg_map_get(const struct leg_map *map, engine_leg leg);

/** Take a leg out; returns its stream, NULL when it has none. */
struct stream *leg_map_take(struct leg_map *map, engine_leg leg);

#endif
