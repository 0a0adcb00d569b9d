#include "engine/embedded/sip_guard_table.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/rand.h>

/* A list by time, linked by index + 1. */
struct list {
    uint32_t newest, oldest;
    size_t n;
};

enum { PLAIN, HELD, LISTS };

struct sip_guard_table {
    uint64_t key[2];
    size_t max;
    size_t n;
    size_t n_buckets; /* a power of two */
    uint32_t *bucket; /* index + 1 of the first in the chain */
    struct sip_guard_source *source;
    struct list list[LISTS];
};

int sip_guard_table_alloc(struct sip_guard_table **tp, size_t max)
{
    struct sip_guard_table *t;
    int err = ENOMEM;

    if (max < 16 || max > (size_t)1 << 24)
        return EINVAL;
    t = calloc(1, sizeof(*t));
    if (!t)
        return ENOMEM;
    t->max = max;
    t->n_buckets = 16;
    while (t->n_buckets < max)
        t->n_buckets *= 2;
    t->bucket = calloc(t->n_buckets, sizeof(*t->bucket));
    t->source = calloc(max, sizeof(*t->source));
    if (!t->bucket || !t->source)
        goto out;
    err = RAND_bytes((unsigned char *)t->key, sizeof(t->key)) == 1 ? 0 : EIO;
out:
    if (err)
        sip_guard_table_free(t);
    else
        *tp = t;
    return err;
}

void sip_guard_table_free(struct sip_guard_table *t)
{
    if (!t)
        return;
    free(t->bucket);
    free(t->source);
    free(t);
}

size_t sip_guard_table_count(const struct sip_guard_table *t)
{
    return t->n;
}

/* Keyed, so that nobody can choose addresses that fall into one chain. */
static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 32;
}

uint64_t sip_guard_table_hash(const struct sip_guard_table *t,
                              struct slice text)
{
    uint64_t h = t->key[0];

    for (size_t i = 0; i < text.len; i++)
        h = mix(h, (unsigned char)text.p[i]);
    h = mix(h, t->key[1]);
    return h ? h : 1;
}

static uint32_t *bucket_of(struct sip_guard_table *t,
                           const uint64_t address[2])
{
    uint64_t h = mix(mix(mix(t->key[0], address[0]), t->key[1]), address[1]);

    return &t->bucket[h & (t->n_buckets - 1)];
}

/* IPv4 as itself, mapped or not; of IPv6 the half that names the network. */
static bool to_address(uint64_t out[2], const struct sockaddr *sa)
{
    const struct sockaddr_in6 *in6 = (const void *)sa;
    uint32_t v4;

    if (sa->sa_family == AF_INET)
        v4 = ((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr;
    else if (sa->sa_family != AF_INET6)
        return false;
    else if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
        memcpy(&v4, in6->sin6_addr.s6_addr + 12, sizeof(v4));
    else {
        out[0] = 6;
        memcpy(&out[1], in6->sin6_addr.s6_addr, sizeof(out[1]));
        return true;
    }
    out[0] = 4;
    out[1] = v4;
    return true;
}

static uint32_t number(const struct sip_guard_table *t,
                       const struct sip_guard_source *s)
{
    return (uint32_t)(s - t->source) + 1;
}

static void list_remove(struct sip_guard_table *t, struct sip_guard_source *s)
{
    struct list *l = &t->list[s->held ? HELD : PLAIN];

    *(s->newer ? &t->source[s->newer - 1].older : &l->newest) = s->older;
    *(s->older ? &t->source[s->older - 1].newer : &l->oldest) = s->newer;
    l->n--;
}

static void list_add(struct sip_guard_table *t, struct sip_guard_source *s,
                     bool held)
{
    struct list *l = &t->list[held ? HELD : PLAIN];

    s->held = held;
    s->newer = 0;
    s->older = l->newest;
    *(l->newest ? &t->source[l->newest - 1].newer : &l->oldest) = number(t, s);
    l->newest = number(t, s);
    l->n++;
}

/* Banned and authenticated sources are kept longer than others. */
static bool is_held(const struct sip_guard_source *s, uint64_t now)
{
    return s->banned_until > now || s->known_until > now;
}

/* The one to forget. Those held may fill three quarters of the table, so
   that there is always room to count newcomers in. */
static struct sip_guard_source *oldest(struct sip_guard_table *t, uint64_t now)
{
    uint32_t held = t->list[HELD].oldest, plain = t->list[PLAIN].oldest;

    if (!plain || (held && (!is_held(&t->source[held - 1], now) ||
                            t->list[HELD].n > t->max / 4 * 3)))
        return &t->source[held - 1];
    return &t->source[plain - 1];
}

static void forget(struct sip_guard_table *t, struct sip_guard_source *s)
{
    uint32_t *link = bucket_of(t, s->address);

    while (*link != number(t, s))
        link = &t->source[*link - 1].chain;
    *link = s->chain;
    list_remove(t, s);
}

static struct sip_guard_source *make(struct sip_guard_table *t,
                                     const uint64_t address[2], uint64_t now)
{
    uint32_t *bucket = bucket_of(t, address);
    struct sip_guard_source *s;

    if (t->n < t->max) {
        s = &t->source[t->n++];
    } else {
        s = oldest(t, now);
        forget(t, s);
    }
    memset(s, 0, sizeof(*s));
    memcpy(s->address, address, sizeof(s->address));
    s->chain = *bucket;
    *bucket = number(t, s);
    list_add(t, s, false);
    return s;
}

void sip_guard_table_touch(struct sip_guard_table *t,
                           struct sip_guard_source *s, uint64_t now)
{
    list_remove(t, s);
    list_add(t, s, is_held(s, now));
}

struct sip_guard_source *sip_guard_table_get(struct sip_guard_table *t,
                                             const struct sockaddr *sa,
                                             uint64_t now)
{
    uint64_t address[2];
    uint32_t i;

    if (!to_address(address, sa))
        return NULL;
    for (i = *bucket_of(t, address); i; i = t->source[i - 1].chain) {
        struct sip_guard_source *s = &t->source[i - 1];

        if (memcmp(s->address, address, sizeof(address)) != 0)
            continue;
        sip_guard_table_touch(t, s, now);
        return s;
    }
    return make(t, address, now);
}
