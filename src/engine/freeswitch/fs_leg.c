/* The table of legs, and what happens to one in its life. */
#include <errno.h>
#include <event2/util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "engine/freeswitch/fs.h"

enum { SLOTS_MIN = 64 };

static size_t number_slot(const struct fs_legs *ls, engine_leg number)
{
    return (size_t)((number * 0x9e3779b97f4a7c15u) >> 32) & (ls->slots - 1);
}

static size_t uuid_slot(const struct fs_legs *ls, const char *uuid)
{
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */

    for (; *uuid; uuid++)
        h = (h ^ (unsigned char)*uuid) * 0x100000001b3u;
    return (size_t)(h >> 32) & (ls->slots - 1);
}

int fs_legs_init(struct fs_legs *ls)
{
    ls->slots = SLOTS_MIN;
    ls->by_number = calloc(ls->slots, sizeof(struct fs_leg *));
    ls->by_uuid = calloc(ls->slots, sizeof(struct fs_leg *));
    return ls->by_number && ls->by_uuid ? 0 : ENOMEM;
}

void fs_legs_reset(struct fs_legs *ls)
{
    free(ls->by_number);
    free(ls->by_uuid);
    memset(ls, 0, sizeof(*ls));
}

static void link_leg(struct fs_legs *ls, struct fs_leg *leg)
{
    size_t n = number_slot(ls, leg->number), u = uuid_slot(ls, leg->uuid);

    leg->next_by_number = ls->by_number[n];
    ls->by_number[n] = leg;
    leg->next_by_uuid = ls->by_uuid[u];
    ls->by_uuid[u] = leg;
}

static int grow(struct fs_legs *ls)
{
    struct fs_legs bigger = {.slots = 2 * ls->slots, .n = ls->n};

    bigger.by_number = calloc(bigger.slots, sizeof(struct fs_leg *));
    bigger.by_uuid = calloc(bigger.slots, sizeof(struct fs_leg *));
    if (!bigger.by_number || !bigger.by_uuid) {
        fs_legs_reset(&bigger);
        return ENOMEM;
    }
    for (size_t i = 0; i < ls->slots; i++) {
        struct fs_leg *leg = ls->by_number[i];

        while (leg) {
            struct fs_leg *next = leg->next_by_number;

            link_leg(&bigger, leg);
            leg = next;
        }
    }
    fs_legs_reset(ls);
    *ls = bigger;
    return 0;
}

struct fs_leg *fs_leg_find(const struct freeswitch *fs, engine_leg number)
{
    const struct fs_legs *ls = &fs->legs;
    struct fs_leg *leg = ls->by_number[number_slot(ls, number)];

    while (leg && leg->number != number)
        leg = leg->next_by_number;
    return leg;
}

struct fs_leg *fs_leg_find_uuid(const struct freeswitch *fs, const char *uuid)
{
    const struct fs_legs *ls = &fs->legs;
    struct fs_leg *leg = ls->by_uuid[uuid_slot(ls, uuid)];

    while (leg && strcmp(leg->uuid, uuid))
        leg = leg->next_by_uuid;
    return leg;
}

struct fs_leg *fs_leg_alloc(struct fs_node *node, const char *uuid,
                            bool inbound)
{
    struct freeswitch *fs = node->fs;
    struct fs_leg *leg = calloc(1, sizeof(*leg));
    uint32_t call;

    if (!leg || slice_copy(slice_of(uuid), leg->uuid, sizeof(leg->uuid)) ||
        (fs->legs.n >= fs->legs.slots && grow(&fs->legs))) {
        free(leg);
        return NULL;
    }
    leg->fs = fs;
    leg->node = node;
    leg->number = ++fs->last_leg;
    leg->inbound = inbound;
    evutil_secure_rng_get_bytes(&call, sizeof(call));
    snprintf(leg->call, sizeof(leg->call), "%08x", (unsigned)call);
    if (fs_keys_alloc(leg)) {
        free(leg);
        return NULL;
    }
    link_leg(&fs->legs, leg);
    fs->legs.n++;
    return leg;
}

static void unlink_leg(struct fs_legs *ls, struct fs_leg *leg)
{
    struct fs_leg **n = &ls->by_number[number_slot(ls, leg->number)];
    struct fs_leg **u = &ls->by_uuid[uuid_slot(ls, leg->uuid)];

    while (*n != leg)
        n = &(*n)->next_by_number;
    *n = leg->next_by_number;
    while (*u != leg)
        u = &(*u)->next_by_uuid;
    *u = leg->next_by_uuid;
    ls->n--;
}

void fs_leg_free(struct fs_leg *leg)
{
    unlink_leg(&leg->fs->legs, leg);
    timer_stop(&leg->kill);
    timer_stop(&leg->answer);
    timer_stop(&leg->watch.timer);
    timer_stop(&leg->keylog.settle);
    while (leg->queue) {
        struct fs_queued *q = leg->queue;

        leg->queue = q->next;
        free(q->line);
        free(q);
    }
    fs_play_free(leg);
    fs_keys_free(leg);
    free(leg);
}

void fs_legs_each(struct freeswitch *fs, const struct fs_node *node,
                  fs_leg_h *h, void *arg)
{
    for (size_t i = 0; i < fs->legs.slots; i++) {
        struct fs_leg *leg = fs->legs.by_number[i];

        while (leg) {
            struct fs_leg *next = leg->next_by_number;

            if (!node || leg->node == node)
                h(leg, arg);
            leg = next;
        }
    }
}

void fs_uuid(char *buf, size_t size)
{
    unsigned char b[16];

    evutil_secure_rng_get_bytes(b, sizeof(b));
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(buf, size,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
             "%02x%02x%02x%02x%02x%02x",
             b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
             b[11], b[12], b[13], b[14], b[15]);
}

/* ---- in its life ---- */

static void unbridge(struct fs_leg *leg)
{
    struct fs_leg *peer = fs_leg_find(leg->fs, leg->peer);

    leg->bridged = leg->joined = false;
    if (peer && peer->peer == leg->number) {
        peer->bridged = peer->joined = false;
        fs_play_ready(peer);
    }
}

void fs_leg_gone(struct fs_leg *leg, enum engine_end end, unsigned status,
                 unsigned cause, const char *reason)
{
    struct freeswitch *fs = leg->fs;
    char call[ENGINE_CALL_ID_MAX];
    const struct engine_event ev = {
        .type = ENGINE_GONE,
        .node = leg->node->index,
        .leg = leg->number,
        .gone = {.end = end,
                 .status = status,
                 .cause = cause,
                 .reason = reason,
                 .call = call,
                 .side = leg->inbound ? ENGINE_EXTERNAL : ENGINE_INTERNAL},
    };

    memcpy(call, leg->call, sizeof(call));
    unbridge(leg);
    fs_leg_free(leg);
    fs_tell(fs, &ev);
}

void fs_leg_ringing(struct fs_leg *leg)
{
    const struct engine_event ev = {
        .type = ENGINE_RINGING,
        .node = leg->node->index,
        .leg = leg->number,
    };

    if (leg->inbound || leg->ringing || leg->answered)
        return;
    leg->ringing = true;
    fs_tell(leg->fs, &ev);
}

void fs_leg_answered(struct fs_leg *leg)
{
    const struct engine_event ev = {
        .type = ENGINE_ANSWERED,
        .node = leg->node->index,
        .leg = leg->number,
    };

    if (leg->answered)
        return;
    leg->answered = true;
    fs_watch_start(leg);
    fs_keys_answered(leg);
    fs_play_ready(leg);
    fs_tell(leg->fs, &ev);
}

void fs_leg_bridged(struct fs_leg *leg, struct fs_leg *peer)
{
    const struct engine_event ev = {
        .type = ENGINE_BRIDGED,
        .node = leg->node->index,
        .leg = leg->number,
        .peer = peer->number,
    };

    fs_codecs_steady(leg, peer);
    if (leg->bridged && leg->peer == peer->number)
        return;
    leg->bridged = peer->bridged = true;
    leg->joined = peer->joined = true;
    leg->peer = peer->number;
    peer->peer = leg->number;
    fs_play_ready(leg);
    fs_tell(leg->fs, &ev);
}
