#include "engine/embedded/media/leg_map.h"

#include <errno.h>
#include <stdlib.h>

enum { SIZE_MIN = 64 };

struct leg_slot {
    engine_leg leg;
    struct stream *stream; /* NULL: the slot is free */
};

static size_t home(const struct leg_map *map, engine_leg leg)
{
    return (size_t)(leg * 0x9e3779b97f4a7c15u >> 20) & (map->size - 1);
}

/* The leg's slot, or the free one where it would go. */
static size_t find(const struct leg_map *map, engine_leg leg)
{
    size_t i = home(map, leg);

    while (map->slots[i].stream && map->slots[i].leg != leg)
        i = (i + 1) & (map->size - 1);
    return i;
}

static int grow(struct leg_map *map)
{
    struct leg_map old = *map;
    size_t size = old.size ? 2 * old.size : SIZE_MIN;
    struct leg_slot *slots = calloc(size, sizeof(*slots));

    if (!slots)
        return ENOMEM;
    map->slots = slots;
    map->size = size;
    for (size_t i = 0; i < old.size; i++)
        if (old.slots[i].stream)
            slots[find(map, old.slots[i].leg)] = old.slots[i];
    free(old.slots);
    return 0;
}

void leg_map_reset(struct leg_map *map)
{
    free(map->slots);
    *map = (struct leg_map){0};
}

int leg_map_put(struct leg_map *map, engine_leg leg, struct stream *s)
{
    size_t i;

    if (map->count >= map->size / 2) {
        int err = grow(map);

        if (err)
            return err;
    }
    i = find(map, leg);
    if (map->slots[i].stream)
        return EEXIST;
    map->slots[i].leg = leg;
    map->slots[i].stream = s;
    map->count++;
    return 0;
}

struct stream *leg_map_get(const struct leg_map *map, engine_leg leg)
{
    return map->size ? map->slots[find(map, leg)].stream : NULL;
}

struct stream *leg_map_take(struct leg_map *map, engine_leg leg)
{
    struct stream *s = leg_map_get(map, leg);
    size_t hole;

    if (!s)
        return NULL;
    hole = find(map, leg);
    map->slots[hole].stream = NULL;
    map->count--;
    /* move up what had found its home taken */
    for (size_t i = (hole + 1) & (map->size - 1); map->slots[i].stream;
         i = (i + 1) & (map->size - 1)) {
        struct leg_slot moved = map->slots[i];

        map->slots[i].stream = NULL;
        map->slots[find(map, moved.leg)] = moved;
    }
    return s;
}
