/* A call that came in, as its channel's variables tell. */
#include <stdio.h>
#include <string.h>

#include "engine/freeswitch/fs.h"

static const struct {
    const char *name;
    enum engine_source source;
} sources[] = {
    {"user", ENGINE_FROM_USER},       {"trunk", ENGINE_FROM_TRUNK},
    {"trusted", ENGINE_FROM_TRUSTED}, {"anyone", ENGINE_FROM_ANYONE},
    {"jigasi", ENGINE_FROM_JIGASI},
};

enum { SOURCES = sizeof(sources) / sizeof(sources[0]) };

static bool source_read(enum engine_source *s, const struct esl_event *ev)
{
    for (size_t i = 0; i < SOURCES; i++) {
        if (esl_event_is(ev, "variable_jigate_source", sources[i].name)) {
            *s = sources[i].source;
            return true;
        }
    }
    return false;
}

/* Only who authenticated is known by that name; the rest is hearsay. */
static void number_read(struct fs_offer *o, const struct esl_event *ev)
{
    bool known = o->offer.source == ENGINE_FROM_USER ||
                 o->offer.source == ENGINE_FROM_JIGASI;

    if (known && esl_event_get(ev, "variable_sip_auth_username", o->number,
                               sizeof(o->number)))
        return;
    esl_event_get(ev, "variable_sip_from_user", o->number, sizeof(o->number));
}

/* The user part out of To as an event gives it: "%3Csip%3Auser%40host%3E". An
   escape that a caller wrote stands there as he wrote it. p NULL without. */
static struct slice user_of(struct slice to)
{
    const char *end = to.p + to.len;
    const char *p = memmem(to.p, to.len, "%3C", 3);

    p = p ? p : to.p;
    p = memmem(p, (size_t)(end - p), "%3A", 3);
    if (!p)
        return (struct slice){NULL, 0};
    p += 3;
    to = (struct slice){p, (size_t)(end - p)};
    end = memmem(to.p, to.len, "%40", 3);
    return (struct slice){end ? p : NULL, end ? (size_t)(end - p) : 0};
}

/* What FreeSWITCH makes of a user part: the end at a NUL byte, and of quotes
   only what stands between. */
static struct slice shorten(const char *user, size_t n)
{
    const char *end = memchr(user, '\0', n), *p;

    if (!end)
        end = user + n;
    p = memchr(user, '"', (size_t)(end - user));
    if (!p)
        return (struct slice){user, (size_t)(end - user)};
    user = p + 1;
    p = memrchr(user, '"', (size_t)(end - user));
    return (struct slice){user, (size_t)((p ? p : end) - user)};
}

/* FreeSWITCH gives the user part of the request URI decoded and shortened
   ("a%00b" would be the room a), and does not encode "%41" in it again. In To
   stands, as a rule, the same as it came: if that comes down to what
   FreeSWITCH gave, then it is what was dialled. */
static void restore(struct fs_offer *o, const struct esl_event *ev)
{
    struct slice raw = esl_event_raw(ev, "variable_sip_full_to");
    char user[sizeof(o->to)], again[sizeof(o->to)];
    size_t len, n;

    if (raw.p)
        raw = user_of(raw);
    if (!raw.p || !esl_decode(raw, user, sizeof(user), &len) ||
        !esl_decode(shorten(user, len), again, sizeof(again), &n) ||
        n != o->offer.to_len || memcmp(again, o->to, n))
        return;
    memcpy(o->to, user, len + 1);
    o->offer.to_len = len;
}

static void to_read(struct fs_offer *o, const struct esl_event *ev)
{
    struct slice raw = esl_event_raw(ev, "variable_sip_req_user");

    /* The trunk calls the Contact that FreeSWITCH registered; whom its caller
       called stands in To. */
    if (o->offer.source == ENGINE_FROM_TRUNK)
        raw = esl_event_raw(ev, "variable_sip_to_user");
    /* FreeSWITCH keeps no variable with "${" in it: then the user part is
       not empty, but no name either. */
    if (!raw.p && !esl_event_raw(ev, "variable_sip_req_uri").p)
        raw = esl_event_raw(ev, "Caller-Destination-Number");
    o->offer.to = o->to;
    o->offer.to_len = 0;
    o->to[0] = '\0';
    if (!raw.p || !esl_decode(raw, o->to, sizeof(o->to), &o->offer.to_len))
        o->offer.to_len = 0;
    restore(o, ev);
}

static void ended_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
}

bool fs_offer_is_uninvited(struct fs_node *node, const char *uuid,
                           const struct esl_event *ev)
{
    const char *const words[] = {"uuid_kill", uuid, "CALL_REJECTED"};
    char address[64], port[8], line[128];

    if (!esl_event_is(ev, "Call-Direction", "inbound") ||
        !esl_event_is(ev, "Caller-Dialplan", "inline"))
        return false;
    esl_event_get(ev, "variable_sip_network_ip", address, sizeof(address));
    esl_event_get(ev, "variable_sip_network_port", port, sizeof(port));
    log_line(node->fs->log, LOG_WARN, NULL,
             "rejected method=INVITE from=%s:%s reason=replaces", address,
             port);
    if (!esl_line(line, sizeof(line), words, 3))
        fs_node_send(node, line, FS_JOB_MS, ended_h, NULL, 0);
    return true;
}

/* Of a name in quotes FreeSWITCH takes off the quotes, not the backslashes
   within (RFC 3261 section 25.1, quoted-pair). */
static void unescape(char *text)
{
    char *out = text;

    for (; *text; text++) {
        if (*text == '\\' && text[1])
            text++;
        *out++ = *text;
    }
    *out = '\0';
}

bool fs_offer_read(struct fs_offer *o, const struct fs_leg *leg,
                   const struct esl_event *ev)
{
    if (!source_read(&o->offer.source, ev))
        return false;
    to_read(o, ev);
    number_read(o, ev);
    esl_event_get(ev, "variable_sip_req_host", o->to_host, sizeof(o->to_host));
    o->offer.to_host = o->to_host;
    esl_event_get(ev, "variable_sip_from_display", o->name, sizeof(o->name));
    unescape(o->name);
    esl_event_get(ev, "variable_sip_network_ip", o->address,
                  sizeof(o->address));
    o->offer.call = leg->call;
    o->offer.caller_name = o->name;
    o->offer.caller_number = o->number;
    o->offer.address = o->address;
    return true;
}

void fs_offer_prepare(struct fs_leg *leg)
{
    char vars[512];
    /* Keys of participants are ours; whoever dials out of a meeting keys what
       the far end asks for. */
    const char *filter = leg->jigasi ? "false" : "true";

    /* In one go, before anything else happens to the channel. A leg whose
       peer is gone before they are bridged is to go on. From here on
       fs_watch.c sees to it that a phone which vanished is let go. */
    snprintf(vars, sizeof(vars),
             "park_after_bridge=true;hangup_after_bridge=false;"
             "bridge_filter_dtmf=%s;bridge_generate_comfort_noise=-1;"
             "send_silence_when_idle=-1;disable_q850_reason=true;"
             "media_timeout=7200000;uuid_bridge_park_on_cancel=true;"
             "jigate_keys=0.;jigate_call=%s",
             filter, leg->call);
    fs_leg_send(leg, NULL, 0, "uuid_setvar_multi", leg->uuid, vars, NULL);
    if (!leg->jigasi)
        fs_keylog_start(leg);
}
