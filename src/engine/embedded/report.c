#include "engine/embedded/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXTS_MAX = 6,
    RESERVED = 256, /* bytes for the texts of a leg's last report */
};

struct text {
    const char **p;
    size_t len;
};

static size_t length(const char *p)
{
    return p ? strlen(p) : 0;
}

/* The texts of an event, by its type. */
static size_t texts_of(struct engine_event *ev, struct text texts[TEXTS_MAX])
{
    struct engine_offer *o = &ev->offered;
    struct engine_contact *c = &ev->contact;
    size_t n = 0;

    switch (ev->type) {
    case ENGINE_OFFERED:
        texts[n++] = (struct text){&o->call, length(o->call)};
        texts[n++] = (struct text){&o->to, o->to_len};
        texts[n++] = (struct text){&o->to_host, length(o->to_host)};
        texts[n++] = (struct text){&o->caller_name, length(o->caller_name)};
        texts[n++] =
            (struct text){&o->caller_number, length(o->caller_number)};
        texts[n++] = (struct text){&o->address, length(o->address)};
        break;
    case ENGINE_CONTACT:
        texts[n++] = (struct text){&c->id, length(c->id)};
        texts[n++] = (struct text){&c->user, length(c->user)};
        texts[n++] = (struct text){&c->uri, length(c->uri)};
        break;
    case ENGINE_TRUNK:
        texts[n++] =
            (struct text){&ev->trunk.detail, length(ev->trunk.detail)};
        break;
    case ENGINE_INFO:
        texts[n++] = (struct text){&ev->info.type, length(ev->info.type)};
        texts[n++] = (struct text){&ev->info.body, ev->info.len};
        break;
    case ENGINE_GONE:
        texts[n++] = (struct text){&ev->gone.call, length(ev->gone.call)};
        texts[n++] = (struct text){&ev->gone.reason, length(ev->gone.reason)};
        break;
    default:
        break;
    }
    return n;
}

static void post(struct mailbox *to, struct report *r, size_t room,
                 const struct engine_event *ev)
{
    struct text texts[TEXTS_MAX];
    char *at = (char *)(r + 1);
    size_t n;

    r->type = REPORT_EVENT;
    r->event = *ev;
    n = texts_of(&r->event, texts);
    for (size_t i = 0; i < n; i++) {
        size_t len = texts[i].len;

        if (len > room - (n - i)) /* each text needs its end */
            len = room - (n - i);
        if (len)
            memcpy(at, *texts[i].p, len);
        *texts[i].p = at;
        at += len + 1;
        room -= len + 1;
    }
    mailbox_post(to, &r->mail);
}

int report_event(struct mailbox *to, const struct engine_event *ev)
{
    struct engine_event copy = *ev;
    struct text texts[TEXTS_MAX];
    size_t n = texts_of(&copy, texts), room = 0;
    struct report *r;

    for (size_t i = 0; i < n; i++)
        room += texts[i].len + 1;
    r = calloc(1, sizeof(*r) + room);
    if (!r)
        return ENOMEM;
    post(to, r, room, ev);
    return 0;
}

int report_reserve(struct report **rp)
{
    *rp = calloc(1, sizeof(**rp) + RESERVED);
    return *rp ? 0 : ENOMEM;
}

void report_reserved(struct mailbox *to, struct report *r,
                     const struct engine_event *ev)
{
    post(to, r, RESERVED, ev);
}

int report_media(struct mailbox *to, const struct media_report *m)
{
    struct report *r = calloc(1, sizeof(*r));

    if (!r)
        return ENOMEM;
    r->type = REPORT_MEDIA;
    r->media = *m;
    mailbox_post(to, &r->mail);
    return 0;
}

void report_free(struct report *r)
{
    free(r);
}
