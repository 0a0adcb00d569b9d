#include "engine/embedded/srv.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <limits.h>
#include <resolv.h>
#include <string.h>

enum { FIXED = 6 }; /* bytes of a record before its target */

static uint16_t number(const unsigned char *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static int is_host(const char *name)
{
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789-_.")] == '\0';
}

/* 0, or EBADMSG. */
static int read_one(struct srv *out, const ns_msg *m, const ns_rr *rr)
{
    const unsigned char *data = ns_rr_rdata(*rr);

    if (ns_rr_rdlen(*rr) <= FIXED ||
        dn_expand(ns_msg_base(*m), ns_msg_end(*m), data + FIXED, out->target,
                  sizeof(out->target)) < 0)
        return EBADMSG;
    out->priority = number(data);
    out->weight = number(data + 2);
    out->port = number(data + 4);
    return is_host(out->target) && (out->port || !*out->target) ? 0 : EBADMSG;
}

int srv_read(struct srv out[SRV_MAX], size_t *n, const unsigned char *msg,
             size_t len)
{
    ns_msg m;
    ns_rr rr;

    *n = 0;
    if (len > INT_MAX || ns_initparse(msg, (int)len, &m))
        return EBADMSG;
    for (int i = 0; i < ns_msg_count(m, ns_s_an) && *n < SRV_MAX; i++) {
        if (ns_parserr(&m, ns_s_an, i, &rr))
            return EBADMSG;
        if (ns_rr_type(rr) == ns_t_srv && !read_one(&out[*n], &m, &rr))
            ++*n;
    }
    return *n ? 0 : ENODATA;
}

/* Take one out and put it in before, the others moving on. */
static void advance(struct srv *list, size_t from, size_t to)
{
    struct srv one = list[from];

    memmove(&list[to + 1], &list[to], (from - to) * sizeof(*list));
    list[to] = one;
}

/* Of those that have the least priority, one by its weight. */
static size_t choose(const struct srv *list, size_t n, srv_random_h *random)
{
    uint16_t least = UINT16_MAX;
    uint32_t sum = 0, at;

    for (size_t i = 0; i < n; i++)
        least = list[i].priority < least ? list[i].priority : least;
    for (size_t i = 0; i < n; i++)
        sum += list[i].priority == least ? list[i].weight : 0u;
    at = random(sum);
    for (size_t i = 0; i < n; i++) {
        if (list[i].priority != least)
            continue;
        /* One without weight is chosen only by a 0. */
        if (at <= list[i].weight)
            return i;
        at -= list[i].weight;
    }
    return 0;
}

void srv_order(struct srv *list, size_t n, srv_random_h *random)
{
    /* Those without weight first, so that a 0 finds them. */
    for (size_t i = 0, zeros = 0; i < n; i++) {
        if (!list[i].weight)
            advance(list, i, zeros++);
    }
    for (size_t i = 0; i < n; i++)
        advance(list, i + choose(list + i, n - i, random), i);
}
