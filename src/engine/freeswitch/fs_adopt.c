/* Channels that FreeSWITCH has and we do not know: calls of before our start,
   or whose events were lost. They become legs, and are told of. */
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "engine/freeswitch/fs.h"

bool fs_is_ringing(const struct esl_event *ev)
{
    static const char *const times[] = {"Caller-Channel-Progress-Time",
                                        "Caller-Channel-Progress-Media-Time"};
    bool is = false;

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct slice s = esl_event_raw(ev, times[i]);

        is = is || (s.p && !slice_is(s, "0"));
    }
    return is;
}

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

/* What the leg was called before, and how its channel is. */
static void channel_read(struct fs_leg *leg, const struct fs_found *f,
                         const struct esl_event *ev)
{
    if (esl_event_raw(ev, "variable_jigate_call").p)
        esl_event_get(ev, "variable_jigate_call", leg->call,
                      sizeof(leg->call));
    esl_event_get(ev, "variable_sip_call_id", leg->call_id,
                  sizeof(leg->call_id));
    leg->answered = fs_is_answered(ev);
    leg->steady = !strcmp(f->playing, FS_SILENCE);
    fs_codecs_learn(leg, ev);
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
    channel_read(leg, f, ev);
    return leg;
}

static const struct fs_found *found_of(const struct fs_node *node,
                                       const struct fs_leg *leg)
{
    const struct fs_found *f = node->found;

    while (f && (!leg || strcmp(f->uuid, leg->uuid)))
        f = f->next;
    return f;
}

static void end_stray(struct fs_leg *leg, const char *why)
{
    log_line(leg->fs->log, LOG_INFO, leg->call, "a call %s is ended", why);
    fs_leg_kill(leg, "NORMAL_CLEARING");
}

/* With the one that it was dialled for. Who goes on without it, for it was
   not in FreeSWITCH's list in time, has another one by now. */
static void adopt_with(struct fs_leg *leg, struct fs_leg *other)
{
    const struct fs_found *f = found_of(leg->node, other);

    leg->jigasi = !other->jigasi;
    if (f && f->adopted) {
        leg->peer = other->number;
        other->peer = leg->number;
    } else {
        end_stray(leg, "dialled by an earlier program");
    }
}

/* Without: it is ended, but for a participant whose note tells how. */
static void adopt_alone(struct fs_leg *leg, const struct esl_event *ev)
{
    leg->alone = leg->answered && esl_event_raw(ev, "variable_jigate_note").p;
    if (!leg->alone)
        end_stray(leg, "dialled for another that is gone");
}

static struct fs_leg *adopt_outbound(struct fs_node *node,
                                     const struct fs_found *f,
                                     const struct esl_event *ev)
{
    struct fs_leg *leg = fs_leg_alloc(node, f->uuid, false);
    struct fs_leg *other;
    char uuid[ESL_UUID_MAX];

    if (!leg)
        return NULL;
    channel_read(leg, f, ev);
    esl_event_get(ev, "variable_jigate_for", uuid, sizeof(uuid));
    leg->ringing = fs_is_ringing(ev);
    other = fs_leg_find_uuid(node->fs, uuid);
    if (other && other->inbound)
        adopt_with(leg, other);
    else
        adopt_alone(leg, ev);
    if (leg->answered)
        fs_watch_start(leg);
    return leg;
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
    r->ev.recovered.peer_ringing = peer->ringing;
    r->ev.recovered.peer_answered = peer->answered;
    r->ev.recovered.bridged = leg->bridged;
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

/* What its offer was; of one that was not offered nothing is known. */
static bool recovered_offer(struct recovered *r, const struct fs_leg *leg,
                            const struct esl_event *ev)
{
    if (leg->inbound)
        return fs_offer_read(&r->offer, leg, ev);
    r->ev.recovered.alone = true;
    r->offer.offer = (struct engine_offer){
        .source = ENGINE_FROM_JIGASI,
        .call = leg->call,
        .to = "",
        .to_host = "",
        .caller_name = "",
        .caller_number = "",
        .address = "",
    };
    return true;
}

static void recover(struct fs_node *node, struct fs_leg *leg,
                    const struct fs_found *f, const struct esl_event *ev)
{
    struct recovered *r = calloc(1, sizeof(*r));

    if (!r || !recovered_offer(r, leg, ev)) {
        free(r);
        fs_leg_kill(leg, "CALL_REJECTED");
        return;
    }
    r->ev.type = ENGINE_RECOVERED;
    r->ev.node = node->index;
    r->ev.leg = leg->number;
    r->ev.recovered.offer = r->offer.offer;
    r->ev.recovered.answered = leg->answered;
    recovered_note(r, node, ev);
    recovered_peer(r, node, leg, ev);
    if (leg->inbound) {
        if (!esl_event_raw(ev, "variable_jigate_call").p)
            fs_offer_prepare(leg);
        if (leg->answered)
            fs_watch_start(leg);
    }
    fs_tell(node->fs, &r->ev);
    free(r);
}

/* The steps of taking over a channel that is no leg yet; each is done for all
   before the next, for one channel's needs what is known of another. */

static void adopt(struct fs_node *node, struct fs_found *f, struct fs_leg *leg,
                  const struct esl_event *ev)
{
    if (!leg && esl_event_raw(ev, "variable_jigate_source").p)
        f->adopted = adopt_inbound(node, f, ev) != NULL;
}

static void adopt_dialled(struct fs_node *node, struct fs_found *f,
                          struct fs_leg *leg, const struct esl_event *ev)
{
    if (!leg && esl_event_raw(ev, "variable_jigate_for").p)
        f->adopted = adopt_outbound(node, f, ev) != NULL;
}

static void join_legs(struct fs_node *node, struct fs_found *f,
                      struct fs_leg *leg, const struct esl_event *ev)
{
    struct fs_leg *peer = f->adopted ? fs_bridged_to(node->fs, ev) : NULL;

    if (!peer || !leg->inbound || peer->number != leg->peer)
        return;
    leg->bridged = leg->joined = peer->bridged = peer->joined = true;
    fs_codecs_steady(leg, peer);
}

/* What an earlier program left to the participant: keys, and what plays while
   the meeting is not heard. */
static void take_over(struct fs_node *node, struct fs_found *f,
                      struct fs_leg *leg, const struct esl_event *ev)
{
    if (!f->adopted || (leg->jigasi && !leg->inbound) || leg->killed)
        return;
    fs_keylog_adopt(leg, ev);
    if (f->playing[0] && strcmp(f->playing, FS_SILENCE))
        fs_play_adopt(leg, f->playing);
    else if (leg->answered)
        fs_play_release(leg);
}

static void tell_of(struct fs_node *node, struct fs_found *f,
                    struct fs_leg *leg, const struct esl_event *ev)
{
    if (f->adopted && (leg->inbound || leg->alone))
        recover(node, leg, f, ev);
}

/* What was keyed since the dump has had its event. */
static void look_for_keys(struct fs_node *node, struct fs_found *f,
                          struct fs_leg *leg, const struct esl_event *ev)
{
    if (leg && f->adopted && !leg->jigasi && !leg->killed)
        fs_keylog_grown(leg);
}

static void (*const steps[])(struct fs_node *node, struct fs_found *f,
                             struct fs_leg *leg,
                             const struct esl_event *ev) = {
    adopt, adopt_dialled, join_legs, take_over, tell_of, look_for_keys};

void fs_adopt(struct fs_node *node)
{
    struct esl_event ev;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        for (struct fs_found *f = node->found; f; f = f->next) {
            if (!f->dump)
                continue;
            esl_event_open(&ev, slice_of(f->dump));
            steps[i](node, f, fs_leg_find_uuid(node->fs, f->uuid), &ev);
        }
    }
}
