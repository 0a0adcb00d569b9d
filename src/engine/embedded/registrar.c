#include "engine/embedded/registrar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "engine/embedded/contact_uri.h"
#include "engine/embedded/registrar_account.h"

/* ---- making ---- */

static int add_account(struct registrar *r, const struct registrar_user *u)
{
    struct registrar_account *a = &r->account[r->n++];

    if (!u->name[0] || slice_copy(slice_of(u->name), a->name, sizeof(a->name)))
        return EINVAL;
    if (!u->max_contacts || u->max_contacts > REGISTRAR_CONTACTS_MAX ||
        !u->max_s || u->min_s > u->max_s)
        return EINVAL;
    a->side = u->side;
    a->max = u->max_contacts;
    a->min_s = u->min_s;
    a->max_s = u->max_s;
    a->binding = calloc(a->max, sizeof(*a->binding));
    a->scratch = calloc(a->max, sizeof(*a->scratch));
    a->change = calloc(a->max, sizeof(*a->change));
    return a->binding && a->scratch && a->change ? 0 : ENOMEM;
}

int registrar_alloc(struct registrar **rp, const struct registrar_user *users,
                    size_t n_users, registrar_change_h *h, void *arg)
{
    struct registrar *r;
    int err = 0;

    if (!n_users || n_users > REGISTRAR_USERS_MAX)
        return EINVAL;
    r = calloc(1, sizeof(*r));
    if (!r)
        return ENOMEM;
    r->h = h;
    r->arg = arg;
    for (size_t i = 0; !err && i < n_users; i++)
        err = add_account(r, &users[i]);
    if (err)
        registrar_free(r);
    else
        *rp = r;
    return err;
}

void registrar_free(struct registrar *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n; i++) {
        free(r->account[i].binding);
        free(r->account[i].scratch);
        free(r->account[i].change);
    }
    free(r);
}

struct registrar_account *registrar_account(struct registrar *r,
                                            const char *user,
                                            enum engine_side side)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->account[i].side == side &&
            strcmp(r->account[i].name, user) == 0)
            return &r->account[i];
    return NULL;
}

void registrar_tell(struct registrar *r, enum registrar_change what,
                    const struct registrar_binding *b)
{
    if (r->h)
        r->h(what, b, r->arg);
}

/* ---- looking ---- */

const struct registrar_binding *registrar_next(
    const struct registrar *r, const char *user,
    const struct registrar_binding *prev)
{
    bool found = !prev;

    for (size_t i = 0; i < r->n; i++) {
        const struct registrar_account *a = &r->account[i];

        if (user && strcmp(a->name, user) != 0)
            continue;
        for (size_t j = 0; j < a->n; j++) {
            if (found)
                return &a->binding[j];
            found = prev == &a->binding[j];
        }
    }
    return NULL;
}

const struct registrar_binding *registrar_find(const struct registrar *r,
                                               const char *id)
{
    const struct registrar_binding *b = NULL;

    while ((b = registrar_next(r, NULL, b)))
        if (strcmp(b->id, id) == 0)
            return b;
    return NULL;
}

const struct registrar_binding *registrar_newest(const struct registrar *r,
                                                 const char *user,
                                                 uint64_t now)
{
    const struct registrar_binding *newest = NULL;
    const struct registrar_binding *b = NULL;

    while ((b = registrar_next(r, user, b)))
        if (b->reachable && b->expires_at > now &&
            (!newest || b->order > newest->order))
            newest = b;
    return newest;
}

size_t registrar_count(const struct registrar *r, uint64_t now)
{
    const struct registrar_binding *b = NULL;
    size_t n = 0;

    while ((b = registrar_next(r, NULL, b)))
        n += b->expires_at > now;
    return n;
}

uint32_t registrar_left_s(const struct registrar_binding *b, uint64_t now)
{
    return b->expires_at > now ? (uint32_t)((b->expires_at - now + 999) / 1000)
                               : 0;
}

/* ---- time ---- */

static void remove_binding(struct registrar *r, struct registrar_account *a,
                           size_t at)
{
    struct registrar_binding gone = a->binding[at];

    a->n--;
    memmove(&a->binding[at], &a->binding[at + 1],
            (a->n - at) * sizeof(*a->binding));
    registrar_tell(r, REGISTRAR_REMOVED, &gone);
}

void registrar_sweep(struct registrar *r, uint64_t now)
{
    for (size_t i = 0; i < r->n; i++) {
        struct registrar_account *a = &r->account[i];
        uint64_t latest = now + (uint64_t)a->max_s * 1000;

        for (size_t j = a->n; j-- > 0;) {
            struct registrar_binding *b = &a->binding[j];

            if (b->expires_at > latest) /* the clock was put back */
                b->expires_at = latest;
            if (b->expires_at <= now)
                remove_binding(r, a, j);
        }
    }
}

static bool ping_is_due(const struct registrar_binding *b, uint64_t now)
{
    return b->ping_at <= now || b->ping_at > now + REGISTRAR_PING_MS;
}

const struct registrar_binding *registrar_ping(struct registrar *r,
                                               uint64_t now)
{
    for (size_t i = 0; i < r->n; i++)
        for (size_t j = 0; j < r->account[i].n; j++) {
            struct registrar_binding *b = &r->account[i].binding[j];

            if (!ping_is_due(b, now))
                continue;
            b->ping_at = now + REGISTRAR_PING_MS;
            return b;
        }
    return NULL;
}

uint64_t registrar_due(const struct registrar *r)
{
    const struct registrar_binding *b = NULL;
    uint64_t due = UINT64_MAX;

    while ((b = registrar_next(r, NULL, b))) {
        if (b->expires_at < due)
            due = b->expires_at;
        if (b->ping_at < due)
            due = b->ping_at;
    }
    return due;
}

void registrar_reachable(struct registrar *r, const char *id, bool reachable)
{
    for (size_t i = 0; i < r->n; i++)
        for (size_t j = 0; j < r->account[i].n; j++) {
            struct registrar_binding *b = &r->account[i].binding[j];

            if (strcmp(b->id, id) != 0 || b->reachable == reachable)
                continue;
            b->reachable = reachable;
            registrar_tell(r, REGISTRAR_CHANGED, b);
        }
}

/* ---- restoring ---- */

bool registrar_is_word(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
            return false;
    return s.len > 0;
}

static bool is_text(const char *text, size_t size, bool may_be_empty)
{
    size_t len = strnlen(text, size);

    return len < size &&
           (len ? registrar_is_word((struct slice){text, len}) : may_be_empty);
}

static bool is_id(const char *id)
{
    return strnlen(id, REGISTRAR_ID_SIZE) == REGISTRAR_ID_SIZE - 1 &&
           strspn(id, "0123456789abcdef") == REGISTRAR_ID_SIZE - 1;
}

static bool is_whole(const struct registrar_binding *b)
{
    return is_id(b->id) && is_text(b->user, sizeof(b->user), false) &&
           is_text(b->uri, sizeof(b->uri), false) &&
           is_text(b->instance, sizeof(b->instance), true) &&
           is_text(b->call_id, sizeof(b->call_id), false) &&
           contact_uri_check(slice_of(b->uri)) &&
           (unsigned)b->transport < REGISTRAR_TRANSPORTS;
}

int registrar_restore(struct registrar *r, const struct registrar_binding *b,
                      uint64_t now)
{
    struct registrar_account *a;
    struct registrar_binding *to;

    if (!is_whole(b))
        return EINVAL;
    a = registrar_account(r, b->user, b->side);
    if (!a)
        return EINVAL;
    if (b->expires_at <= now ||
        b->expires_at > now + (uint64_t)a->max_s * 1000)
        return ETIMEDOUT;
    for (size_t i = 0; i < a->n; i++)
        if (contact_uri_same(slice_of(b->uri), slice_of(a->binding[i].uri)))
            return EEXIST;
    if (registrar_find(r, b->id))
        return EEXIST;
    if (a->n == a->max)
        return ENOSPC;
    to = &a->binding[a->n];
    *to = *b;
    if (address_copy(&to->source, &b->source) || !address_port(&to->source))
        return EINVAL;
    to->reachable = true;
    to->ping_at = now;
    if (to->refreshed_at > now)
        to->refreshed_at = now;
    if (b->order > r->order && b->order < UINT64_MAX / 2)
        r->order = b->order;
    a->n++;
    return 0;
}
