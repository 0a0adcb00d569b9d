/* Events of FreeSWITCH's channels become events of the engine. */
#include <stdio.h>
#include <string.h>

#include "engine/freeswitch/fs.h"
#include "engine/sdp/sdp.h"

enum { SEQUENCE_GAP = 5000 }; /* more than FreeSWITCH makes in a moment */

static void set_call_id(struct fs_leg *leg, const struct esl_event *ev)
{
    if (!leg->call_id[0])
        esl_event_get(ev, "variable_sip_call_id", leg->call_id,
                      sizeof(leg->call_id));
}

/* What is heard with more than 8 kHz gets the better prompts. */
static void set_rate(struct fs_leg *leg, const struct esl_event *ev)
{
    struct slice rate = esl_event_raw(ev, "Channel-Write-Codec-Rate");
    uint64_t hz;

    leg->wide = rate.p && !slice_to_u64(rate, 8001, 384000, &hz);
}

/* Telephone-events not agreed on: keys are heard as tones. */
static void set_tones(struct fs_leg *leg, const struct esl_event *ev)
{
    struct slice sdp = esl_event_raw(ev, "variable_switch_r_sdp");

    if (!leg->jigasi && sdp.p &&
        !memmem(sdp.p, sdp.len, "telephone-event", 15))
        fs_leg_execute(leg, "spandsp_start_dtmf", "");
}

/* Refused as the embedded engine does, with a Warning (RFC 3261 section
   20.43) that names the reason. */
static bool refuse_sdp(struct fs_leg *leg, const struct esl_event *ev)
{
    const struct sdp_error_info *info = fs_sdp_refused(leg, ev);
    char text[128];

    if (!info)
        return false;
    log_line(leg->fs->log, LOG_WARN, leg->call,
             "refused with %u: %s; callers may speak Opus, G.722, PCMU "
             "and PCMA, encrypted as FREESWITCH_SRTP says",
             info->status, info->text);
    snprintf(text, sizeof(text), "sip_rh_Warning=%u jigate \"%s\"",
             info->warning, info->text);
    fs_leg_execute(leg, "set", text);
    snprintf(text, sizeof(text), "%u", info->status);
    fs_leg_execute(leg, "respond", text);
    leg->killed = true;
    return true;
}

struct count {
    size_t n;
};

static void count_h(struct fs_leg *leg, void *arg)
{
    struct count *c = arg;

    c->n += leg->inbound && !leg->killed;
}

/* A call takes two ports of FreeSWITCH's range at each of its sides, which is
   one range where they share an address. Without this the last would be
   refused when Jigasi has been called. */
static bool refuse_full(struct fs_leg *leg)
{
    enum { RETRY_AFTER_S = 5 };
    const struct config *cfg = leg->fs->cfg;
    size_t most = config_calls_of(cfg->rtp_start_port, cfg->rtp_end_port);
    struct count c = {0};
    char text[64];

    if (!strcmp(cfg->external_ip, cfg->internal_ip))
        most /= 2;
    fs_legs_each(leg->fs, leg->node, count_h, &c);
    if (c.n <= most)
        return false;
    log_line(leg->fs->log, LOG_WARN, leg->call,
             "refused with 503: the RTP ports of node=%u carry %zu calls, and "
             "all are taken; widen FREESWITCH_RTP_END_PORT",
             leg->node->index, most);
    snprintf(text, sizeof(text), "sip_rh_Retry-After=%d", RETRY_AFTER_S);
    fs_leg_execute(leg, "set", text);
    fs_leg_execute(leg, "respond", "503");
    leg->killed = true;
    return true;
}

static void offered(struct fs_node *node, const char *uuid,
                    const struct esl_event *ev)
{
    struct engine_event out = {.type = ENGINE_OFFERED, .node = node->index};
    struct fs_offer o;
    struct fs_leg *leg;

    if (!esl_event_raw(ev, "variable_jigate_source").p)
        return;      /* not a call of ours */
    if (!node->up) { /* the synchronisation under way may miss it */
        node->again = true;
        return;
    }
    leg = fs_leg_alloc(node, uuid, true);
    if (!leg) {
        log_line(node->fs->log, LOG_ERROR, NULL,
                 "out of memory: a call stays in park until the next audit");
        return;
    }
    if (!fs_offer_read(&o, leg, ev)) {
        log_line(node->fs->log, LOG_ERROR, leg->call,
                 "a call with an unknown jigate_source was refused; check "
                 "the dialplan");
        fs_leg_execute(leg, "respond", "403 Forbidden");
        leg->killed = true;
        return;
    }
    leg->jigasi = o.offer.source == ENGINE_FROM_JIGASI;
    if (refuse_full(leg) || refuse_sdp(leg, ev))
        return;
    set_call_id(leg, ev);
    fs_codecs_learn(leg, ev);
    fs_offer_prepare(leg);
    leg->early = esl_event_is(ev, "Answer-State", "answered");
    if (leg->early)
        set_rate(leg, ev);
    out.leg = leg->number;
    out.offered = o.offer;
    fs_tell(node->fs, &out);
}

/* FreeSWITCH takes a phone out of its meeting that sends it NOTIFY "talk". */
static void parted(struct fs_leg *leg)
{
    const struct fs_leg *peer = fs_leg_find(leg->fs, leg->peer);

    if (!peer || !peer->joined || peer->peer != leg->number || peer->killed ||
        leg->killed)
        return;
    log_line(leg->fs->log, LOG_INFO, leg->call,
             "FreeSWITCH parted the call from its meeting; bridged again");
    fs_leg_send(leg, NULL, 0, "uuid_bridge", leg->uuid, peer->uuid, NULL);
}

/* A dialled leg is parked when it was answered and originate let go of it:
   only then may it be bridged. */
static void on_park(struct fs_node *node, struct fs_leg *leg, const char *uuid,
                    const struct esl_event *ev)
{
    if (!leg) {
        offered(node, uuid, ev);
    } else if (!leg->inbound && !leg->answered &&
               esl_event_is(ev, "Answer-State", "answered")) {
        set_call_id(leg, ev);
        set_rate(leg, ev);
        set_tones(leg, ev);
        fs_codecs_learn(leg, ev);
        if (!leg->jigasi)
            fs_keylog_start(leg);
        fs_leg_answered(leg);
    } else if (leg->inbound && leg->joined) {
        parted(leg);
    }
}

static void on_answer(struct fs_node *node, struct fs_leg *leg,
                      const char *uuid, const struct esl_event *ev)
{
    if (!leg)
        fs_offer_is_uninvited(node, uuid, ev);
    if (!leg || !leg->inbound)
        return;
    set_rate(leg, ev);
    set_tones(leg, ev);
    fs_codecs_learn(leg, ev);
    fs_leg_answered(leg);
}

static void on_progress(struct fs_node *node, struct fs_leg *leg,
                        const char *uuid, const struct esl_event *ev)
{
    if (leg)
        fs_leg_ringing(leg);
}

static void on_bridge(struct fs_node *node, struct fs_leg *leg,
                      const char *uuid, const struct esl_event *ev)
{
    char a[ESL_UUID_MAX], b[ESL_UUID_MAX];
    struct fs_leg *one, *other;

    if (!esl_event_get(ev, "Bridge-A-Unique-ID", a, sizeof(a)) ||
        !esl_event_get(ev, "Bridge-B-Unique-ID", b, sizeof(b)))
        return;
    one = fs_leg_find_uuid(node->fs, a);
    other = fs_leg_find_uuid(node->fs, b);
    if (one && other)
        fs_leg_bridged(one->inbound ? one : other, one->inbound ? other : one);
}

static void on_hangup(struct fs_node *node, struct fs_leg *leg,
                      const char *uuid, const struct esl_event *ev)
{
    if (leg)
        fs_hangup(leg, ev);
}

static void on_dtmf(struct fs_node *node, struct fs_leg *leg, const char *uuid,
                    const struct esl_event *ev)
{
    char digit[4];

    if (!leg || leg->jigasi)
        return;
    /* What went into the log comes from there as "APP". Keys of INFO are read
       in on_info(): FreeSWITCH gets some wrong. */
    if (esl_event_is(ev, "DTMF-Source", "APP"))
        fs_keylog_grown(leg);
    else if (!esl_event_is(ev, "DTMF-Source", "ENDPOINT") &&
             esl_event_get(ev, "DTMF-Digit", digit, sizeof(digit)) && digit[0])
        fs_keys_key(leg, digit[0]);
}

static void on_bug_stop(struct fs_node *node, struct fs_leg *leg,
                        const char *uuid, const struct esl_event *ev)
{
    char path[FS_PATH_MAX];

    if (!esl_event_is(ev, "Media-Bug-Function", "displace") ||
        !esl_event_get(ev, "Media-Bug-Target", path, sizeof(path)))
        return;
    if (leg && !strcmp(path, FS_SILENCE))
        leg->steady = false;
    else if (leg)
        fs_play_stopped(leg, path);
    else
        fs_sync_played(node, uuid, path);
}

/* A key by INFO: "Signal=5" of application/dtmf-relay, "5" of
   application/dtmf; 10 and 11 are star and pound (RFC 4733 section 3.2). */
static bool key_read(char *key, const char *type, const char *body)
{
    const char *p = body;

    if (!strcmp(type, "application/dtmf-relay"))
        p = strcasestr(body, "Signal=");
    else if (strcmp(type, "application/dtmf"))
        return false;
    *key = '\0';
    if (p && !strncasecmp(p, "Signal=", 7))
        p += 7;
    while (p && *p == ' ')
        p++;
    if (p && p[0] == '1' && (p[1] == '0' || p[1] == '1'))
        *key = p[1] == '0' ? '*' : '#';
    else if (p)
        *key = *p;
    return true;
}

/* Whoever it is from: it counts for the leg whose dialog it came in. */
static void on_info(struct fs_node *node, struct fs_leg *leg, const char *uuid,
                    const struct esl_event *ev)
{
    struct slice body = esl_event_body(ev);
    char text[ENGINE_INFO_MAX + 1], type[128];
    struct engine_event out = {.type = ENGINE_INFO, .node = node->index};
    char key;

    if (!leg)
        return;
    if (body.len > ENGINE_INFO_MAX) {
        log_line(node->fs->log, LOG_WARN, leg->call,
                 "INFO ignored: its body is longer than %d bytes",
                 ENGINE_INFO_MAX);
        return;
    }
    memcpy(text, body.p, body.len);
    text[body.len] = '\0';
    esl_event_get(ev, "SIP-Content-Type", type, sizeof(type));
    for (char *p = type; *p; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p | 0x20 : *p);
    if (!leg->jigasi && key_read(&key, type, text)) {
        fs_keys_info(leg, key);
        return;
    }
    out.leg = leg->number;
    out.info.type = type;
    out.info.body = text;
    out.info.len = body.len;
    fs_tell(node->fs, &out);
}

static void on_custom(struct fs_node *node, struct fs_leg *leg,
                      const char *uuid, const struct esl_event *ev)
{
    if (esl_event_is(ev, "Gateway", "trunk"))
        fs_trunk_event(node, ev);
    fs_contacts_event(node, ev);
    if (!esl_event_raw(ev, "contact").p) /* a profile's or a gateway's */
        fs_refresh(node);
}

static void on_unpublish(struct fs_node *node, struct fs_leg *leg,
                         const char *uuid, const struct esl_event *ev)
{
    fs_refresh(node);
}

typedef void handler(struct fs_node *node, struct fs_leg *leg,
                     const char *uuid, const struct esl_event *ev);

static handler *const handlers[ESL_EVENT_NAMES] = {
    [ESL_CHANNEL_ANSWER] = on_answer,
    [ESL_CHANNEL_BRIDGE] = on_bridge,
    [ESL_CHANNEL_HANGUP] = on_hangup,
    [ESL_CHANNEL_PARK] = on_park,
    [ESL_CHANNEL_PROGRESS] = on_progress,
    [ESL_CHANNEL_PROGRESS_MEDIA] = on_progress,
    [ESL_CUSTOM] = on_custom,
    [ESL_DTMF] = on_dtmf,
    [ESL_MEDIA_BUG_STOP] = on_bug_stop,
    [ESL_RECV_INFO] = on_info,
    [ESL_UNPUBLISH] = on_unpublish,
};

/* FreeSWITCH numbers all events, also those that we do not get, and delivers
   by several threads: small gaps and swaps are the rule. A wide gap means
   that it lost some that were for us. */
static void check_sequence(struct fs_node *node, const struct esl_event *ev)
{
    struct slice raw = esl_event_raw(ev, "Event-Sequence");
    uint64_t n, last = node->sequence;

    if (!raw.p || slice_to_u64(raw, 1, UINT64_MAX, &n))
        return;
    node->sequence = n;
    if (!last || (n > last ? n - last : last - n) < SEQUENCE_GAP)
        return;
    log_line(node->fs->log, LOG_WARN, NULL,
             "node=%u: events from %llu to %llu are missing; reading its "
             "calls anew",
             node->index, (unsigned long long)last, (unsigned long long)n);
    fs_sync(node, true);
}

void fs_event_h(const struct esl_event *ev, void *arg)
{
    struct fs_node *node = arg;
    struct fs_leg *leg = NULL;
    char uuid[ESL_UUID_MAX];

    check_sequence(node, ev);
    if (!handlers[ev->name])
        return;
    if (esl_event_get(ev, "Unique-ID", uuid, sizeof(uuid)))
        leg = fs_leg_find_uuid(node->fs, uuid);
    if (leg && leg->node != node)
        return;
    handlers[ev->name](node, leg, uuid, ev);
}
