#include "call/contacts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct contacts {
    struct contact *first;
    size_t n;
    uint32_t serial;
};

int contacts_alloc(struct contacts **csp)
{
    *csp = calloc(1, sizeof(**csp));
    return *csp ? 0 : ENOMEM;
}

static void contact_free(struct contact *ct)
{
    free(ct->id);
    free(ct->uri);
    free(ct);
}

void contacts_free(struct contacts *cs)
{
    if (!cs)
        return;
    while (cs->first) {
        struct contact *ct = cs->first;

        cs->first = ct->next;
        contact_free(ct);
    }
    free(cs);
}

/* Forget a contact that is gone and that no call holds. */
static void drop_unused(struct contacts *cs, struct contact *ct)
{
    struct contact **p = &cs->first;

    if (!ct->gone || ct->calls)
        return;
    while (*p != ct)
        p = &(*p)->next;
    *p = ct->next;
    cs->n--;
    contact_free(ct);
}

static struct contact *look(const struct contacts *cs, unsigned node,
                            const char *id)
{
    for (struct contact *ct = cs->first; ct; ct = ct->next) {
        if (ct->node == node && !strcmp(ct->id, id))
            return ct;
    }
    return NULL;
}

static int make(struct contact **ctp, struct contacts *cs, unsigned node,
                const char *id)
{
    struct contact *ct;

    if (cs->n == CONTACTS_MAX)
        return ENOSPC;
    ct = calloc(1, sizeof(*ct));
    if (!ct)
        return ENOMEM;
    ct->id = strdup(id);
    if (!ct->id) {
        free(ct);
        return ENOMEM;
    }
    ct->node = node;
    ct->gone = true;
    ct->next = cs->first;
    cs->first = ct;
    cs->n++;
    *ctp = ct;
    return 0;
}

int contacts_update(struct contacts *cs, unsigned node,
                    const struct engine_contact *ec)
{
    struct contact *ct = look(cs, node, ec->id);
    int err = 0;
    char *uri;

    if (ec->gone) {
        if (ct) {
            ct->gone = true;
            drop_unused(cs, ct);
        }
        return 0;
    }
    uri = strdup(ec->uri);
    if (!uri)
        return ENOMEM;
    if (!ct)
        err = make(&ct, cs, node, ec->id);
    if (err) {
        free(uri);
        return err;
    }
    if (ct->gone || ct->order != ec->order) {
        ct->serial = ++cs->serial ? cs->serial : ++cs->serial;
        ct->failed_until = 0;
    }
    free(ct->uri);
    ct->uri = uri;
    ct->order = ec->order;
    ct->reachable = ec->reachable;
    ct->gone = false;
    return 0;
}

void contacts_void(struct contacts *cs, unsigned node)
{
    struct contact *next;

    for (struct contact *ct = cs->first; ct; ct = next) {
        next = ct->next;
        if (ct->node == node) {
            ct->gone = true;
            drop_unused(cs, ct);
        }
    }
}

static bool is_tried(const struct contact *ct, const uint32_t *tried, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (tried[i] == ct->serial)
            return true;
    }
    return false;
}

static bool better(const struct contact *a, const struct contact *b,
                   uint64_t now)
{
    bool a_failed = a->failed_until > now, b_failed = b->failed_until > now;

    if (a_failed != b_failed)
        return b_failed;
    if (a->calls != b->calls)
        return a->calls < b->calls;
    return a->order > b->order;
}

struct contact *contacts_choose(struct contacts *cs, unsigned node,
                                const uint32_t *tried, size_t n_tried,
                                uint64_t now)
{
    struct contact *best = NULL;

    for (struct contact *ct = cs->first; ct; ct = ct->next) {
        if (ct->node != node || ct->gone || !ct->reachable ||
            is_tried(ct, tried, n_tried))
            continue;
        if (!best || better(ct, best, now))
            best = ct;
    }
    return best;
}

struct contact *contacts_newest(const struct contacts *cs, unsigned node)
{
    struct contact *best = NULL;

    for (struct contact *ct = cs->first; ct; ct = ct->next) {
        if (ct->node != node || ct->gone)
            continue;
        if (!best ||
            (ct->reachable == best->reachable ? ct->order > best->order
                                              : ct->reachable))
            best = ct;
    }
    return best;
}

struct contact *contacts_find(struct contacts *cs, unsigned node,
                              const char *id)
{
    struct contact *ct = look(cs, node, id);

    if (!ct && make(&ct, cs, node, id))
        return NULL;
    return ct;
}

void contact_hold(struct contact *ct)
{
    ct->calls++;
}

void contact_release(struct contacts *cs, struct contact *ct)
{
    ct->calls--;
    drop_unused(cs, ct);
}
