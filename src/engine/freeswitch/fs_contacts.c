/* Who is registered, what runs: read from sofia's status as XML. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/freeswitch/fs.h"

/* ---- as much XML as sofia writes: elements without attributes ---- */

/* The text between the next <tag> and </tag>; rest begins after it. */
static bool element(struct slice *rest, const char *tag, struct slice *out)
{
    char open[32], close[32];
    int n = snprintf(open, sizeof(open), "<%s>", tag);
    int m = snprintf(close, sizeof(close), "</%s>", tag);
    const char *p = memmem(rest->p, rest->len, open, (size_t)n), *end;

    if (!p)
        return false;
    p += n;
    end = memmem(p, rest->len - (size_t)(p - rest->p), close, (size_t)m);
    if (!end)
        return false;
    *out = (struct slice){p, (size_t)(end - p)};
    end += m;
    rest->len -= (size_t)(end - rest->p);
    rest->p = end;
    return true;
}

/* An element of a block, with its entities decoded. */
static bool text_of(struct slice block, const char *tag, char *out,
                    size_t size)
{
    static const struct {
        const char *entity;
        char c;
    } entities[] = {{"&lt;", '<'},
                    {"&gt;", '>'},
                    {"&quot;", '"'},
                    {"&apos;", '\''},
                    {"&amp;", '&'}};
    struct slice s;
    size_t n = 0;

    out[0] = '\0';
    if (!element(&block, tag, &s))
        return false;
    while (s.len) {
        size_t taken = 1;
        char c = *s.p;

        for (size_t i = 0; c == '&' && i < 5; i++) {
            size_t len = strlen(entities[i].entity);

            if (s.len >= len && !memcmp(s.p, entities[i].entity, len)) {
                c = entities[i].c;
                taken = len;
                break;
            }
        }
        if (n + 1 >= size || !c) {
            out[0] = '\0';
            return false;
        }
        out[n++] = c;
        s.p += taken;
        s.len -= taken;
    }
    out[n] = '\0';
    return true;
}

/* ---- registrations ---- */

/* Out of a Contact header's value: the URI in angle brackets. */
static bool uri_of(char *uri, size_t size, const char *contact)
{
    const char *p = strchr(contact, '<'), *end = p ? strchr(p, '>') : NULL;

    if (!end)
        return false;
    return !slice_copy((struct slice){p + 1, (size_t)(end - p - 1)}, uri,
                       size) &&
           esl_is_word(uri);
}

static struct fs_contact *contact_find(struct fs_node *node,
                                       enum engine_side side, const char *uri)
{
    for (size_t i = 0; i < node->n_contacts; i++) {
        struct fs_contact *ct = &node->contacts[i];

        if (ct->side == side && !strcmp(ct->uri, uri))
            return ct;
    }
    return NULL;
}

static void tell_full(struct fs_node *node, const char *uri)
{
    if (!node->full_told)
        log_line(node->fs->log, LOG_WARN, NULL,
                 "node=%u: no room for more than %zu registrations: %s, and "
                 "others perhaps, cannot be called; spread phones over more "
                 "nodes (FREESWITCH_SERVER), or give the program more memory",
                 node->index, node->n_contacts, uri);
    node->full_told = true;
}

static struct fs_contact *contact_add(struct fs_node *node,
                                      enum engine_side side, const char *uri)
{
    struct fs_contact *ct;

    if (node->n_contacts == node->contacts_size) {
        size_t size = node->contacts_size ? 2 * node->contacts_size : 16;
        struct fs_contact *more =
            size > FS_CONTACTS_MAX
                ? NULL
                : realloc(node->contacts, size * sizeof(*more));

        if (!more) {
            tell_full(node, uri);
            return NULL;
        }
        node->contacts = more;
        node->contacts_size = size;
    }
    ct = &node->contacts[node->n_contacts++];
    memset(ct, 0, sizeof(*ct));
    slice_copy(slice_of(uri), ct->uri, sizeof(ct->uri));
    ct->side = side;
    ct->order = ++node->n_orders;
    return ct;
}

/* Jigasi is whoever registers as such at the internal side; there is none at
   the other. */
static bool is_impostor(const struct fs_node *node, enum engine_side side,
                        const char *user)
{
    return side == ENGINE_EXTERNAL &&
           !strcmp(user, node->fs->cfg->jigasi_user);
}

/* From where somebody registered: of an event, or of sofia's table. */
struct source {
    char ip[64], port[8];
    enum log_level level; /* the table is read again and again */
};

static struct fs_contact *registered(struct fs_node *node,
                                     enum engine_side side,
                                     const char *contact, const char *user,
                                     const struct source *from)
{
    char uri[FS_URI_MAX];
    struct fs_contact *ct;

    if (is_impostor(node, side, user)) {
        log_line(node->fs->log, LOG_WARN, NULL,
                 "node=%u: %s is registered at the external side, where no "
                 "Jigasi is; it gets no calls",
                 node->index, user);
        return NULL;
    }
    if (!uri_of(uri, sizeof(uri), contact)) {
        log_line(node->fs->log, LOG_WARN, NULL,
                 "node=%u: a registration of %s was ignored: its contact %s "
                 "is not fit to be called",
                 node->index, user, contact);
        return NULL;
    }
    ct = contact_find(node, side, uri);
    if (!ct && (ct = contact_add(node, side, uri)))
        log_line(node->fs->log, from->level, NULL,
                 "registered user=%s contact=%s source=%s:%s", user, uri,
                 from->ip, from->port);
    if (!ct || slice_copy(slice_of(user), ct->user, sizeof(ct->user)))
        return NULL;
    ct->seen = true;
    return ct;
}

static void set_reachable(struct fs_contact *ct, bool reachable)
{
    if (ct->reachable != reachable)
        ct->told = false;
    ct->reachable = reachable;
}

static bool is_fresh(const struct fs_node *node, const struct fs_contact *ct)
{
    return timers_now(node->fs->timers) < ct->believe_until;
}

void fs_contacts_read(struct fs_node *node, enum engine_side side,
                      struct slice xml)
{
    char contact[FS_URI_MAX + 128], user[64 + 256], ping[32];
    struct source from = {.level = LOG_DEBUG};
    struct slice block;

    for (size_t i = 0; i < node->n_contacts; i++) {
        struct fs_contact *ct = &node->contacts[i];

        if (ct->side == side && !is_fresh(node, ct))
            ct->seen = false;
    }
    while (element(&xml, "registration", &block)) {
        struct fs_contact *ct;

        text_of(block, "contact", contact, sizeof(contact));
        text_of(block, "user", user, sizeof(user));
        text_of(block, "ping-status", ping, sizeof(ping));
        text_of(block, "network-ip", from.ip, sizeof(from.ip));
        text_of(block, "network-port", from.port, sizeof(from.port));
        user[strcspn(user, "@")] = '\0';
        ct = registered(node, side, contact, user, &from);
        if (ct && !is_fresh(node, ct))
            set_reachable(ct, strcmp(ping, "Unreachable") != 0);
    }
}

/* ---- what changes between two readings ---- */

/* Sofia tells at once, and writes into its tables up to a second later. */
static void believe(const struct fs_node *node, struct fs_contact *ct)
{
    enum { BELIEVE_MS = 3000 };

    ct->believe_until = timers_now(node->fs->timers) + BELIEVE_MS;
}

static void on_register(struct fs_node *node, enum engine_side side,
                        const char *contact, const struct esl_event *ev)
{
    struct source from = {.level = LOG_INFO};
    char user[64];
    struct fs_contact *ct;

    esl_event_get(ev, "to-user", user, sizeof(user));
    if (!user[0])
        esl_event_get(ev, "from-user", user, sizeof(user));
    esl_event_get(ev, "network-ip", from.ip, sizeof(from.ip));
    esl_event_get(ev, "network-port", from.port, sizeof(from.port));
    ct = registered(node, side, contact, user, &from);
    if (!ct)
        return;
    if (!ct->told)
        set_reachable(ct, true);
    believe(node, ct);
}

static void on_unregister(struct fs_node *node, enum engine_side side,
                          const char *contact, const struct esl_event *ev)
{
    char uri[FS_URI_MAX];
    struct fs_contact *ct = NULL;

    if (uri_of(uri, sizeof(uri), contact))
        ct = contact_find(node, side, uri);
    if (!ct)
        return;
    ct->seen = false;
}

static void on_ping(struct fs_node *node, enum engine_side side,
                    const char *contact, const struct esl_event *ev)
{
    char uri[FS_URI_MAX], pinged[FS_URI_MAX + 128];
    struct fs_contact *ct = NULL;

    esl_event_get(ev, "sip_contact", pinged, sizeof(pinged));
    if (uri_of(uri, sizeof(uri), pinged[0] ? pinged : contact))
        ct = contact_find(node, side, uri);
    if (!ct)
        return;
    set_reachable(ct, esl_event_is(ev, "Ping-Status", "REACHABLE"));
    believe(node, ct);
}

static const struct {
    const char *subclass;
    void (*h)(struct fs_node *node, enum engine_side side, const char *contact,
              const struct esl_event *ev);
} changes[] = {
    {"sofia::register", on_register},
    {"sofia::unregister", on_unregister},
    {"sofia::expire", on_unregister},
    {"sofia::sip_user_state", on_ping},
};

void fs_contacts_event(struct fs_node *node, const struct esl_event *ev)
{
    char subclass[64], contact[FS_URI_MAX + 128];
    enum engine_side side = esl_event_is(ev, "profile-name", "internal")
                                ? ENGINE_INTERNAL
                                : ENGINE_EXTERNAL;

    esl_event_get(ev, "Event-Subclass", subclass, sizeof(subclass));
    esl_event_get(ev, "contact", contact, sizeof(contact));
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        if (!strcmp(subclass, changes[i].subclass))
            changes[i].h(node, side, contact, ev);
    }
    if (node->up)
        fs_status_tell(node);
}

/* ---- profiles and gateways ---- */

void fs_status_read(struct fs_node *node, struct slice xml)
{
    static const char *const profiles[] = {
        [ENGINE_EXTERNAL] = "external", [ENGINE_INTERNAL] = "internal"};
    char name[64], state[64];
    struct slice all = xml, block;

    node->running[0] = node->running[1] = false;
    while (element(&xml, "profile", &block)) {
        text_of(block, "name", name, sizeof(name));
        text_of(block, "state", state, sizeof(state));
        for (int i = 0; i < 2; i++) {
            if (!strcmp(name, profiles[i]))
                node->running[i] = !strncmp(state, "RUNNING", 7);
        }
    }
    state[0] = '\0';
    while (element(&all, "gateway", &block))
        text_of(block, "state", state, sizeof(state));
    fs_trunk_read(node, state);
}

/* ---- telling ---- */

static void contact_tell(struct fs_node *node, const struct fs_contact *ct)
{
    char id[FS_URI_MAX + 16];
    const struct engine_event ev = {
        .type = ENGINE_CONTACT,
        .node = node->index,
        .contact = {.id = id,
                    .user = ct->user,
                    .uri = ct->uri,
                    .gone = !ct->seen,
                    .reachable = ct->reachable,
                    .order = ct->order},
    };

    /* Only those of the internal side can be called by their id. */
    snprintf(id, sizeof(id), "%s%s",
             ct->side == ENGINE_INTERNAL ? "" : "external/", ct->uri);
    fs_tell(node->fs, &ev);
}

static void contacts_tell(struct fs_node *node)
{
    size_t kept = 0;

    for (size_t i = 0; i < node->n_contacts; i++) {
        struct fs_contact *ct = &node->contacts[i];

        if (!ct->seen)
            log_line(node->fs->log, LOG_INFO, NULL,
                     "unregistered user=%s contact=%s", ct->user, ct->uri);
        if (!ct->seen ? ct->told : !ct->told)
            contact_tell(node, ct);
        ct->told = true;
        if (ct->seen)
            node->contacts[kept++] = *ct;
    }
    node->n_contacts = kept;
}

static void profiles_tell(struct fs_node *node)
{
    for (int i = 0; i < 2; i++) {
        const struct engine_event ev = {
            .type = ENGINE_PROFILE,
            .node = node->index,
            .profile = {(enum engine_side)i, node->running[i]},
        };

        if (node->running[i] == node->running_told[i])
            continue;
        node->running_told[i] = node->running[i];
        fs_tell(node->fs, &ev);
    }
}

void fs_status_tell(struct fs_node *node)
{
    profiles_tell(node);
    contacts_tell(node);
    fs_trunk_tell(node);
}
