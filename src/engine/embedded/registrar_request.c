#include "engine/embedded/registrar.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <openssl/evp.h>

#include "base/address.h"
#include "engine/embedded/contact_uri.h"
#include "engine/embedded/registrar_account.h"

/* Hash of what makes the contact this one, so that it has the same id after
   a restart without a store, too; salted where ids collide. */
static int make_id(const struct registrar *r,
                   const struct registrar_account *a,
                   struct registrar_binding *b)
{
    char text[REGISTRAR_USER_SIZE + REGISTRAR_URI_SIZE + 32];
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned salt = 0;

    do {
        int n = snprintf(text, sizeof(text), "%s %d %u %s", b->user, b->side,
                         salt++, b->instance[0] ? b->instance : b->uri);

        if (n < 0 ||
            !EVP_Digest(text, (size_t)n, sum, NULL, EVP_sha256(), NULL))
            return EIO;
        for (size_t i = 0; i < (REGISTRAR_ID_SIZE - 1) / 2; i++)
            snprintf(b->id + 2 * i, 3, "%02x", sum[i]);
        for (size_t i = 0; i < a->n_scratch; i++)
            if (strcmp(a->scratch[i].id, b->id) == 0)
                n = 0;
        if (n && !registrar_find(r, b->id))
            return 0;
    } while (salt < 2 * REGISTRAR_CONTACTS_MAX * REGISTRAR_USERS_MAX);
    return EIO;
}

static bool find_contact(const struct registrar_account *a, struct slice uri,
                         struct slice instance, size_t *at)
{
    for (size_t i = 0; i < a->n_scratch; i++) {
        const struct registrar_binding *b = &a->scratch[i];

        if ((instance.len && slice_is(instance, b->instance)) ||
            contact_uri_same(uri, slice_of(b->uri))) {
            *at = i;
            return true;
        }
    }
    return false;
}

static void remove_scratch(struct registrar_account *a, size_t at)
{
    size_t after = a->n_scratch - at - 1;

    memmove(&a->scratch[at], &a->scratch[at + 1], after * sizeof(*a->scratch));
    memmove(&a->change[at], &a->change[at + 1], after * sizeof(*a->change));
    a->n_scratch--;
}

/* Whom to give up for a new contact: among those that this request does not
   name unreachable before reachable, then refreshed least recently. */
static bool make_room(struct registrar_account *a)
{
    const struct registrar_binding *worst = NULL;

    if (a->n_scratch < a->max)
        return true;
    for (size_t i = 0; i < a->n_scratch; i++) {
        const struct registrar_binding *b = &a->scratch[i];

        if (a->change[i] != REGISTRAR_NO_CHANGE)
            continue;
        if (!worst || (worst->reachable != b->reachable
                           ? worst->reachable
                           : b->refreshed_at < worst->refreshed_at))
            worst = b;
    }
    if (!worst)
        return false;
    remove_scratch(a, (size_t)(worst - a->scratch));
    return true;
}

static bool same_source(const struct registrar_binding *b,
                        const struct sockaddr_storage *source,
                        enum registrar_transport transport)
{
    return b->transport == transport &&
           memcmp(&b->source, source, sizeof(*source)) == 0;
}

/* Fill in what each REGISTER says anew; tells what kind of change it is. */
static enum registrar_change refresh(struct registrar *r,
                                     struct registrar_binding *b,
                                     const struct registrar_request *rq,
                                     const struct sockaddr_storage *source,
                                     struct slice uri, uint64_t now)
{
    bool anew = !slice_is(rq->call_id, b->call_id) ||
                !same_source(b, source, rq->transport);
    bool moved = !slice_is(uri, b->uri);

    if (!slice_is(rq->call_id, b->call_id))
        b->order = ++r->order;
    slice_copy(rq->call_id, b->call_id, sizeof(b->call_id));
    slice_copy(uri, b->uri, sizeof(b->uri));
    b->cseq = rq->cseq;
    b->source = *source;
    b->transport = rq->transport;
    b->refreshed_at = now;
    if (anew || moved) {
        b->reachable = true;
        b->ping_at = now + REGISTRAR_PING_MS;
        return REGISTRAR_CHANGED;
    }
    if (!b->reachable)
        b->ping_at = now;
    return REGISTRAR_REFRESHED;
}

static unsigned add_contact(struct registrar *r, struct registrar_account *a,
                            const struct registrar_request *rq,
                            const struct sockaddr_storage *source,
                            const struct registrar_contact *c, uint64_t now,
                            size_t *at)
{
    struct registrar_binding *b;

    if (!make_room(a))
        return 503;
    b = &a->scratch[a->n_scratch];
    memset(b, 0, sizeof(*b));
    memcpy(b->user, a->name, sizeof(b->user));
    b->side = a->side;
    slice_copy(c->instance, b->instance, sizeof(b->instance));
    refresh(r, b, rq, source, c->uri, now);
    if (make_id(r, a, b))
        return 503;
    *at = a->n_scratch++;
    a->change[*at] = REGISTRAR_ADDED;
    return 200;
}

/* Seconds granted; 0 unregisters. */
static unsigned grant(const struct registrar_account *a,
                      const struct registrar_request *rq,
                      const struct registrar_contact *c, uint32_t *seconds)
{
    *seconds = c->has_expires    ? c->expires_s
               : rq->has_expires ? rq->expires_s
                                 : a->max_s;
    if (*seconds && *seconds < a->min_s)
        return 423;
    if (*seconds > a->max_s)
        *seconds = a->max_s;
    return 200;
}

static unsigned register_contact(struct registrar *r,
                                 struct registrar_account *a,
                                 const struct registrar_request *rq,
                                 const struct sockaddr_storage *source,
                                 struct registrar_contact c, uint64_t now)
{
    uint32_t seconds;
    unsigned status = grant(a, rq, &c, &seconds);
    struct registrar_binding *b;
    size_t at;

    if (c.uri.len >= REGISTRAR_URI_SIZE || !contact_uri_check(c.uri))
        return 400;
    if (!registrar_is_word(c.instance) ||
        c.instance.len >= REGISTRAR_INSTANCE_SIZE)
        c.instance.len = 0;
    if (status != 200)
        return status;
    if (!find_contact(a, c.uri, c.instance, &at)) {
        if (!seconds)
            return 200;
        status = add_contact(r, a, rq, source, &c, now, &at);
        if (status != 200)
            return status;
    } else {
        b = &a->scratch[at];
        if (slice_is(rq->call_id, b->call_id) && rq->cseq <= b->cseq)
            return 400; /* an older request, or the contact twice in one */
        if (!seconds) {
            remove_scratch(a, at);
            return 200;
        }
        a->change[at] = (int)refresh(r, b, rq, source, c.uri, now);
    }
    a->scratch[at].expires_at = now + (uint64_t)seconds * 1000;
    return 200;
}

static unsigned unregister_all(struct registrar_account *a,
                               const struct registrar_request *rq)
{
    if (rq->n_contacts || !rq->has_expires || rq->expires_s)
        return 400;
    for (size_t i = 0; i < a->n_scratch; i++)
        if (slice_is(rq->call_id, a->scratch[i].call_id) &&
            rq->cseq <= a->scratch[i].cseq)
            return 400;
    a->n_scratch = 0;
    return 200;
}

/* Put scratch in place, then tell: first what went, then what came. */
static void commit(struct registrar *r, struct registrar_account *a)
{
    struct registrar_binding *before = a->binding;
    size_t n_before = a->n;

    a->binding = a->scratch;
    a->n = a->n_scratch;
    a->scratch = before;
    for (size_t i = 0; i < n_before; i++) {
        const struct registrar_binding *now = registrar_find(r, before[i].id);

        if (!now)
            registrar_tell(r, REGISTRAR_REMOVED, &before[i]);
    }
    for (size_t i = 0; i < a->n; i++)
        if (a->change[i] != REGISTRAR_NO_CHANGE)
            registrar_tell(r, (enum registrar_change)a->change[i],
                           &a->binding[i]);
}

unsigned registrar_register(struct registrar *r,
                            const struct registrar_request *rq, uint64_t now,
                            uint32_t *min_expires)
{
    struct registrar_account *a = registrar_account(r, rq->user, rq->side);
    struct sockaddr_storage source;
    uint64_t order = r->order;
    unsigned status = 200;

    if (min_expires)
        *min_expires = 0;
    if (!a)
        return 403;
    if (!registrar_is_word(rq->call_id) ||
        rq->call_id.len >= REGISTRAR_CALL_ID_SIZE ||
        rq->n_contacts > REGISTRAR_CONTACTS_MAX ||
        address_copy(&source, rq->source) || !address_port(&source))
        return 400;
    registrar_sweep(r, now);
    a->n_scratch = a->n;
    memcpy(a->scratch, a->binding, a->n * sizeof(*a->binding));
    for (size_t i = 0; i < a->max; i++)
        a->change[i] = REGISTRAR_NO_CHANGE;
    if (rq->star)
        status = unregister_all(a, rq);
    for (size_t i = 0; status == 200 && i < rq->n_contacts; i++)
        status = register_contact(r, a, rq, &source, rq->contacts[i], now);
    if (status == 200)
        commit(r, a);
    else
        r->order = order;
    if (status == 423 && min_expires)
        *min_expires = a->min_s;
    return status;
}
