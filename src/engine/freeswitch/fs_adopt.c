/* Channels that FreeSWITCH has and we do not know: calls of before our start,
   or whose events were lost. They become legs, and are told of. */
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "engine/freeswitch/fs.h"

bool fs_is_answered(const struct esl_event *ev)
{
    return esl_event_is(ev, "Answer-State", "answered");
}

/* FreeSWITCH sets the variable with the bridge and takes it away with it. */
struct fs_leg *fs_bridged_to(struct freeswitch *fs, const struct esl_event *ev)
{
    char uuid[ESL_UUID_MAX];

    if (!esl_event_get(ev, "variable_bridge_to", uuid, sizeof(uuid)))
        return NULL;
    return fs_leg_find_uuid(fs, uuid);
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
    leg->answered = fs_is_answered(ev);
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
    r->ev.recovered.bridged = fs_bridged_to(node->fs, ev) == peer;
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
    r->ev.recovered.answered = fs_is_answered(ev);
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

/* The same order: a dialled leg is told of with its participant. */
void fs_adopt(struct fs_node *node)
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
