#include "engine/embedded/leg_table.h"

#include <errno.h>
#include <stdlib.h>

enum { BUCKETS_MIN = 64 };

struct node {
    struct node *next;
    engine_leg leg;
    void *record;
};

struct leg_table {
    struct node **buckets;
    size_t n_buckets; /* a power of two */
    size_t count;
};

int leg_table_alloc(struct leg_table **mp)
{
    struct leg_table *m = calloc(1, sizeof(*m));

    if (!m)
        return ENOMEM;
    m->buckets = calloc(BUCKETS_MIN, sizeof(*m->buckets));
    if (!m->buckets) {
        free(m);
        return ENOMEM;
    }
    m->n_buckets = BUCKETS_MIN;
    *mp = m;
    return 0;
}

void leg_table_free(struct leg_table *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n_buckets; i++) {
        struct node *n = m->buckets[i];

        while (n) {
            struct node *next = n->next;

            free(n);
            n = next;
        }
    }
    free(m->buckets);
    free(m);
}

static struct node **slot_of(const struct leg_table *m, engine_leg leg)
{
    uint64_t mixed = leg * 0x9e3779b97f4a7c15u;
    struct node **slot = &m->buckets[(mixed >> 32) & (m->n_buckets - 1)];

    while (*slot && (*slot)->leg != leg)
        slot = &(*slot)->next;
    return slot;
}

/* A map that cannot grow still works, only slower. */
static void grow(struct leg_table *m)
{
    struct leg_table wide = {.n_buckets = m->n_buckets * 2};

    wide.buckets = calloc(wide.n_buckets, sizeof(*wide.buckets));
    if (!wide.buckets)
        return;
    for (size_t i = 0; i < m->n_buckets; i++) {
        while (m->buckets[i]) {
            struct node *n = m->buckets[i];
            struct node **slot;

            m->buckets[i] = n->next;
            n->next = NULL;
            slot = slot_of(&wide, n->leg);
            *slot = n;
        }
    }
    free(m->buckets);
    m->buckets = wide.buckets;
    m->n_buckets = wide.n_buckets;
}

int leg_table_add(struct leg_table *m, engine_leg leg, void *record)
{
    struct node *n = malloc(sizeof(*n));
    struct node **slot;

    if (!n)
        return ENOMEM;
    if (m->count >= m->n_buckets)
        grow(m);
    slot = slot_of(m, leg);
    *n = (struct node){.leg = leg, .record = record};
    *slot = n;
    m->count++;
    return 0;
}

void *leg_table_find(const struct leg_table *m, engine_leg leg)
{
    struct node *n = *slot_of(m, leg);

    return n ? n->record : NULL;
}

void *leg_table_remove(struct leg_table *m, engine_leg leg)
{
    struct node **slot = slot_of(m, leg);
    struct node *n = *slot;
    void *record;

    if (!n)
        return NULL;
    record = n->record;
    *slot = n->next;
    free(n);
    m->count--;
    return record;
}

size_t leg_table_count(const struct leg_table *m)
{
    return m->count;
}

void leg_table_each(struct leg_table *m, leg_table_h *h, void *arg)
{
    engine_leg *legs = NULL;
    size_t n_legs = 0;

    if (!m->count)
        return;
    legs = malloc(m->count * sizeof(*legs));
    if (!legs)
        return;
    for (size_t i = 0; i < m->n_buckets; i++) {
        for (struct node *n = m->buckets[i]; n; n = n->next)
            legs[n_legs++] = n->leg;
    }
    for (size_t i = 0; i < n_legs; i++) {
        void *record = leg_table_find(m, legs[i]);

        if (record)
            h(record, arg);
    }
    free(legs);
}
