#include "engine/embedded/tls/tls_table.h"

#include <string.h>

/* FNV-1a. Whoever makes many addresses meet in one bucket is no worse off
   than with a list of all. */
static unsigned bucket(union address_ref a)
{
    bool v6 = a.sa->sa_family == AF_INET6;
    const uint8_t *host =
        v6 ? (const void *)&a.v6->sin6_addr : (const void *)&a.v4->sin_addr;
    size_t len = v6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
    uint32_t h = 2166136261U ^ address_port(a);

    for (size_t i = 0; i < len; i++)
        h = (h ^ host[i]) * 16777619U;
    return (h ^ h >> 16) % TLS_TABLE_BUCKETS;
}

static void list_insert(struct tls_table *t, struct tls_link *l)
{
    l->prev = NULL;
    l->next = t->first;
    if (t->first)
        t->first->prev = l;
    else
        t->last = l;
    t->first = l;
}

static void list_remove(struct tls_table *t, struct tls_link *l)
{
    if (l->prev)
        l->prev->next = l->next;
    else
        t->first = l->next;
    if (l->next)
        l->next->prev = l->prev;
    else
        t->last = l->prev;
}

void tls_table_add(struct tls_table *t, struct tls_link *l)
{
    struct tls_link **at = &t->by_outer[bucket(&l->outer)];

    list_insert(t, l);
    l->next_outer = *at;
    *at = l;
}

void tls_table_ready(struct tls_table *t, struct tls_link *l)
{
    struct tls_link **at = &t->by_inner[bucket(&l->inner)];

    l->ready = true;
    l->next_inner = *at;
    *at = l;
}

void tls_table_heard(struct tls_table *t, struct tls_link *l)
{
    list_remove(t, l);
    list_insert(t, l);
}

void tls_table_remove(struct tls_table *t, struct tls_link *l)
{
    struct tls_link **at = &t->by_outer[bucket(&l->outer)];

    list_remove(t, l);
    while (*at != l)
        at = &(*at)->next_outer;
    *at = l->next_outer;
    if (!l->ready)
        return;
    at = &t->by_inner[bucket(&l->inner)];
    while (*at != l)
        at = &(*at)->next_inner;
    *at = l->next_inner;
}

struct tls_link *tls_table_outer(const struct tls_table *t,
                                 union address_ref outer)
{
    struct tls_link *l = t->by_outer[bucket(outer)];

    while (l && !address_equal(&l->outer, outer))
        l = l->next_outer;
    return l;
}

struct tls_link *tls_table_inner(const struct tls_table *t,
                                 union address_ref inner)
{
    struct tls_link *l = t->by_inner[bucket(inner)];

    while (l && !address_equal(&l->inner, inner))
        l = l->next_inner;
    return l;
}

void tls_table_count(const struct tls_table *t, union address_ref source,
                     struct tls_count *n)
{
    memset(n, 0, sizeof(*n));
    for (const struct tls_link *l = t->first; l; l = l->next) {
        bool same = address_same_network(&l->outer, source);

        n->all++;
        n->unproven += !l->secured;
        n->source += same;
        n->source_unproven += same && !l->secured;
    }
}

struct tls_link *tls_table_idle(const struct tls_table *t,
                                const struct sockaddr *source)
{
    struct tls_link *l = t->last;

    while (l &&
           (l->kept || (source && !address_same_network(&l->outer, source))))
        l = l->prev;
    return l;
}
