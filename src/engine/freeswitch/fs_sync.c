/*
 * What FreeSWITCH has, against what we know: at each connection, whenever
 * events were lost, and as a slow audit. Channels are listed, and dumped
 * where the list alone does not tell enough; then everything that changed is
 * told at once.
 */
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "engine/freeswitch/fs.h"

static void finish(struct fs_node *node);

/* One of the answers came. */
static void answer_came(struct fs_node *node)
{
    if (--node->waiting == 0)
        finish(node);
}

static void ask(struct fs_node *node, const char *line, esl_done_h *h,
                uint64_t ref)
{
    if (!fs_node_send(node, line, FS_JOB_MS, h, node, ref))
        node->waiting++;
}

/* ---- channels ---- */

static struct fs_found *found_add(struct fs_node *node, const char *uuid)
{
    struct fs_found *f = calloc(1, sizeof(*f));

    if (!f || slice_copy(slice_of(uuid), f->uuid, sizeof(f->uuid))) {
        free(f);
        return NULL;
    }
    f->next = node->found;
    node->found = f;
    return f;
}

static void found_clear(struct fs_node *node)
{
    while (node->found) {
        struct fs_found *f = node->found;

        node->found = f->next;
        free(f->dump);
        free(f);
    }
}

static void dump_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    struct fs_node *node = arg;
    struct fs_found *f = node->found;

    while (f && (uint64_t)(uintptr_t)f != ref)
        f = f->next;
    if (f && ok)
        f->dump = strndup(text.p, text.len);
    if (f)
        f->unknown = !f->dump && (ok || !text.len);
    if (!text.len) /* no answer in time */
        node->again = true;
    answer_came(node);
}

/* What plays at it, of an earlier program: <target>path</target>. */
static void bugs_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    static const char open[] = "<function>displace</function>";
    static const char target[] = "<target>";
    struct fs_node *node = arg;
    struct fs_found *f = node->found;
    const char *p, *end = text.p + text.len;

    while (f && (uint64_t)(uintptr_t)f != ref)
        f = f->next;
    p = f && ok ? memmem(text.p, text.len, open, sizeof(open) - 1) : NULL;
    if (p)
        p = memmem(p, (size_t)(end - p), target, sizeof(target) - 1);
    if (p) {
        const char *path = p + sizeof(target) - 1;
        const char *stop = memchr(path, '<', (size_t)(end - path));

        if (stop)
            slice_copy((struct slice){path, (size_t)(stop - path)}, f->playing,
                       sizeof(f->playing));
    }
    answer_came(node);
}

void fs_sync_played(struct fs_node *node, const char *uuid, const char *path)
{
    for (struct fs_found *f = node->found; f; f = f->next) {
        if (!strcmp(f->uuid, uuid) && !strcmp(f->playing, path))
            f->playing[0] = '\0';
    }
}

static void ask_of(struct fs_node *node, const char *what, esl_done_h *h,
                   const struct fs_found *f)
{
    const char *const words[] = {what, f->uuid};
    char line[128];

    if (!esl_line(line, sizeof(line), words, 2))
        ask(node, line, h, (uint64_t)(uintptr_t)f);
}

static void dump(struct fs_node *node, const char *uuid, bool is_new)
{
    struct fs_found *f = found_add(node, uuid);

    if (!f)
        return;
    f->unknown = true; /* until it is asked */
    ask_of(node, "uuid_dump", dump_h, f);
    if (is_new)
        ask_of(node, "uuid_buglist", bugs_h, f);
}

static void unlist_h(struct fs_leg *leg, void *arg)
{
    leg->listed = false;
}

/* A leg whose originate is under way may not be in the list yet. */
static void dump_known_h(struct fs_leg *leg, void *arg)
{
    struct fs_node *node = arg;

    if (!leg->dialling && (node->fresh || !leg->listed))
        dump(node, leg->uuid, false);
}

/* In JSON a quote within a value is escaped, so this is always a key. */
static void channels_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    static const char key[] = "\"uuid\":\"";
    struct fs_node *node = arg;
    const char *p = text.p, *end = text.p + text.len;

    if (!ok) {
        answer_came(node);
        return;
    }
    fs_legs_each(node->fs, node, unlist_h, NULL);
    while ((p = memmem(p, (size_t)(end - p), key, sizeof(key) - 1))) {
        const char *quote;
        char uuid[ESL_UUID_MAX];
        struct fs_leg *leg;

        p += sizeof(key) - 1;
        quote = memchr(p, '"', (size_t)(end - p));
        if (!quote || slice_copy((struct slice){p, (size_t)(quote - p)}, uuid,
                                 sizeof(uuid)))
            break;
        leg = fs_leg_find_uuid(node->fs, uuid);
        if (leg)
            leg->listed = true;
        else
            dump(node, uuid, true);
    }
    fs_legs_each(node->fs, node, dump_known_h, node);
    answer_came(node);
}

/* ---- the rest ---- */

static void contacts_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    if (!ok) /* no such profile: nobody is registered there */
        text.len = 0;
    fs_contacts_read(arg, (enum engine_side)ref, text);
    answer_came(arg);
}

static void status_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    if (ok)
        fs_status_read(arg, text);
    answer_came(arg);
}

/* The half of the time that the answer took is not seen: some ms. */
static void uptime_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    struct fs_node *node = arg;
    uint64_t ms;

    while (text.len && text.p[text.len - 1] == '\n')
        text.len--;
    if (ok && !slice_to_u64(text, 0, UINT32_MAX, &ms)) {
        node->uptime = (uint32_t)ms;
        node->uptime_at = timers_now(node->fs->timers);
    }
    answer_came(node);
}

static void ask_status(struct fs_node *node)
{
    ask(node, "sofia xmlstatus", status_h, 0);
    ask(node, "sofia xmlstatus profile external reg", contacts_h,
        ENGINE_EXTERNAL);
    ask(node, "sofia xmlstatus profile internal reg", contacts_h,
        ENGINE_INTERNAL);
}

static void refresh_h(void *arg)
{
    struct fs_node *node = arg;

    if (node->waiting || !node->up) {
        node->again = node->again || node->waiting;
        return;
    }
    ask_status(node);
}

void fs_refresh(struct fs_node *node)
{
    enum { REFRESH_MS = 200 }; /* several changes are one question */

    if (!timer_running(&node->refresh_timer))
        timer_start(node->fs->timers, &node->refresh_timer, REFRESH_MS,
                    refresh_h, node);
}

void fs_sync(struct fs_node *node, bool fresh)
{
    if (node->waiting) {
        node->again = true;
        return;
    }
    node->fresh = node->fresh || fresh;
    node->again = false;
    ask(node, "uptime ms", uptime_h, 0);
    ask(node, "show channels as json", channels_h, 0);
    ask_status(node);
}

void fs_sync_forget(struct fs_node *node)
{
    found_clear(node);
    node->waiting = 0;
    node->again = false;
}

/* ---- what it means ---- */

static bool is_answered(const struct esl_event *ev)
{
    return esl_event_is(ev, "Answer-State", "answered");
}

/* FreeSWITCH sets the variable with the bridge and takes it away with it. */
static struct fs_leg *bridged_to(struct freeswitch *fs,
                                 const struct esl_event *ev)
{
    char uuid[ESL_UUID_MAX];

    if (!esl_event_get(ev, "variable_bridge_to", uuid, sizeof(uuid)))
        return NULL;
    return fs_leg_find_uuid(fs, uuid);
}

/* A leg that we knew, after events were lost. */
static void known(struct fs_leg *leg, const struct fs_found *f,
                  const struct esl_event *ev)
{
    struct fs_leg *peer;

    if (f->unknown)
        return;
    if (!f->dump) {
        fs_leg_gone(leg, leg->killed ? ENGINE_END_LOCAL : ENGINE_END_ENGINE, 0,
                    0, "");
        return;
    }
    if (leg->killed) {
        fs_leg_kill(leg, "NORMAL_CLEARING");
        return;
    }
    if (is_answered(ev) && !leg->answered && !leg->dialling)
        fs_leg_answered(leg);
    peer = bridged_to(leg->fs, ev);
    if (peer && leg->inbound)
        fs_leg_bridged(leg, peer);
}

/* What the leg was called before. */
static void names_read(struct fs_leg *leg, const struct esl_event *ev)
{
    if (esl_event_raw(ev, "variable_jigate_call").p)
        esl_event_get(ev, "variable_jigate_call", leg->call,
                      sizeof(leg->call));
    esl_event_get(ev, "variable_sip_call_id", leg->call_id,
                  sizeof(leg->call_id));
}

/* A call that we did not know: of before our start, or missed. */
static struct fs_leg *adopt_inbound(struct fs_node *node,
                                    const struct fs_found *f,
                                    const struct esl_event *ev)
{
    struct fs_leg *leg = fs_leg_alloc(node, f->uuid, true);

    if (!leg)
        return NULL;
    leg->jigasi = esl_event_is(ev, "variable_jigate_source", "jigasi");
    names_read(leg, ev);
    return leg;
}

static void adopt_outbound(struct fs_node *node, const struct fs_found *f,
                           const struct esl_event *ev)
{
    struct fs_leg *leg = fs_leg_alloc(node, f->uuid, false);
    struct fs_leg *participant;
    char uuid[ESL_UUID_MAX];

    if (!leg)
        return;
    names_read(leg, ev);
    esl_event_get(ev, "variable_jigate_for", uuid, sizeof(uuid));
    leg->answered = is_answered(ev);
    leg->ringing = true;
    participant = fs_leg_find_uuid(node->fs, uuid);
    if (!participant || !participant->inbound) {
        log_line(node->fs->log, LOG_INFO, leg->call,
                 "a call dialled for another that is gone is ended");
        fs_leg_kill(leg, "NORMAL_CLEARING");
        return;
    }
    leg->jigasi = !participant->jigasi;
    leg->peer = participant->number;
    participant->peer = leg->number;
    if (leg->answered)
        fs_watch_start(leg);
}

struct recovered {
    struct engine_event ev;
    struct fs_offer offer;
    char note[3 * ENGINE_NOTE_MAX], plain[ENGINE_NOTE_MAX + 16];
    char contact[3 * FS_URI_MAX], uri[FS_URI_MAX];
};

/* Ours is encoded once more than an event's value. */
static bool variable(const struct esl_event *ev, const char *name, char *once,
                     size_t once_size, char *out, size_t size)
{
    out[0] = '\0';
    return esl_event_get(ev, name, once, once_size) &&
           esl_decode(slice_of(once), out, size, NULL);
}

static const struct fs_found *found_of(const struct fs_node *node,
                                       const struct fs_leg *leg)
{
    const struct fs_found *f = node->found;

    while (f && (!leg || strcmp(f->uuid, leg->uuid)))
        f = f->next;
    return f;
}

static void recovered_peer(struct recovered *r, struct fs_node *node,
                           struct fs_leg *leg, const struct esl_event *ev)
{
    struct fs_leg *peer = fs_leg_find(node->fs, leg->peer);
    const struct fs_found *f = found_of(node, peer);
    struct esl_event of_peer;

    r->ev.recovered.peer_contact = r->uri;
    if (!peer || !f || !f->dump)
        return;
    esl_event_open(&of_peer, slice_of(f->dump));
    variable(&of_peer, "variable_jigate_contact", r->contact,
             sizeof(r->contact), r->uri, sizeof(r->uri));
    r->ev.recovered.peer = peer->number;
    r->ev.recovered.peer_answered = peer->answered;
    r->ev.recovered.bridged = bridged_to(node->fs, ev) == peer;
    leg->bridged = peer->bridged = r->ev.recovered.bridged;
}

/* The note, and its age by FreeSWITCH's clock: see note() in fs_ops.c. */
static void recovered_note(struct recovered *r, const struct fs_node *node,
                           const struct esl_event *ev)
{
    char *colon;
    uint64_t then;
    uint32_t now, age;

    if (!variable(ev, "variable_jigate_note", r->note, sizeof(r->note),
                  r->plain, sizeof(r->plain)))
        return;
    r->ev.recovered.note = r->plain;
    colon = strchr(r->plain, ':');
    if (!colon)
        return;
    r->ev.recovered.note = colon + 1;
    if (slice_to_u64((struct slice){r->plain, (size_t)(colon - r->plain)}, 0,
                     UINT32_MAX, &then) ||
        !fs_node_clock(node, &now))
        return;
    age = now - (uint32_t)then;
    r->ev.recovered.note_age_ms = age > INT32_MAX ? 0 : age;
}

/* What an earlier program left: keys, and what plays while the meeting is
   not heard. */
static void leftovers(struct fs_leg *leg, const struct fs_found *f,
                      const struct esl_event *ev)
{
    esl_event_get(ev, "variable_jigate_keyed", leg->resumed,
                  sizeof(leg->resumed));
    if (leg->resumed[strspn(leg->resumed, "0123456789")])
        leg->resumed[0] = '\0';
    if (f->playing[0])
        fs_play_adopt(leg, f->playing);
    else if (leg->answered)
        fs_play_release(leg);
}

static void recover(struct fs_node *node, struct fs_leg *leg,
                    const struct fs_found *f, const struct esl_event *ev)
{
    struct recovered *r = calloc(1, sizeof(*r));

    if (!r || !fs_offer_read(&r->offer, leg, ev)) {
        free(r);
        fs_leg_kill(leg, "CALL_REJECTED");
        return;
    }
    fs_codecs_learn(leg, ev);
    r->ev.type = ENGINE_RECOVERED;
    r->ev.node = node->index;
    r->ev.leg = leg->number;
    r->ev.recovered.offer = r->offer.offer;
    r->ev.recovered.answered = is_answered(ev);
    recovered_note(r, node, ev);
    recovered_peer(r, node, leg, ev);
    leg->answered = r->ev.recovered.answered;
    if (!esl_event_raw(ev, "variable_jigate_call").p)
        fs_offer_prepare(leg);
    if (leg->answered)
        fs_watch_start(leg);
    leftovers(leg, f, ev);
    fs_tell(node->fs, &r->ev);
    free(r);
}

static void resend_h(struct fs_leg *leg, void *arg)
{
    fs_leg_resend(leg);
    fs_play_resume(leg);
}

/* Participants before the legs that were dialled for them: for one who is
   gone nobody is dialled again. */
static void compare_known(struct fs_node *node)
{
    struct fs_leg *leg;
    struct esl_event ev;

    for (int round = 0; round < 2; round++) {
        for (struct fs_found *f = node->found; f; f = f->next) {
            leg = fs_leg_find_uuid(node->fs, f->uuid);
            esl_event_open(&ev, slice_of(f->dump ? f->dump : ""));
            if (leg && leg->inbound == !round)
                known(leg, f, &ev);
            else if (round == 0 && !leg && f->dump)
                fs_offer_is_uninvited(node, f->uuid, &ev);
        }
    }
}

/* The same order: a dialled leg is told of with its participant. */
static void adopt_new(struct fs_node *node)
{
    struct fs_leg *leg;
    struct esl_event ev;

    for (int round = 0; round < 3; round++) {
        for (struct fs_found *f = node->found; f; f = f->next) {
            leg = fs_leg_find_uuid(node->fs, f->uuid);
            esl_event_open(&ev, slice_of(f->dump ? f->dump : ""));
            if (round == 0 && !leg && f->dump &&
                esl_event_raw(&ev, "variable_jigate_source").p)
                f->adopted = adopt_inbound(node, f, &ev) != NULL;
            else if (round == 1 && !leg && f->dump &&
                     esl_event_raw(&ev, "variable_jigate_for").p)
                adopt_outbound(node, f, &ev);
            else if (round == 2 && leg && f->adopted)
                recover(node, leg, f, &ev);
        }
    }
}

static void finish(struct fs_node *node)
{
    const struct engine_event up = {.type = ENGINE_UP, .node = node->index};
    bool fresh = node->fresh, was_up = node->up;

    node->fresh = false;
    node->up = true;
    if (!was_up)
        fs_tell(node->fs, &up);
    fs_status_tell(node);
    compare_known(node);
    if (fresh)
        fs_legs_each(node->fs, node, resend_h, NULL);
    adopt_new(node);
    found_clear(node);
    if (node->again)
        fs_sync(node, false);
}
