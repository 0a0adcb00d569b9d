/* A call to one contact, or to one number behind the trunk. FreeSWITCH calls
   that alone, under a UUID and with a Call-ID of our choice, and parks it when
   it answers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "base/utf8.h"
#include "engine/freeswitch/fs.h"

enum {
    HEADERS_MAX = 16,
    NAME_MAX_BYTES = 256,
    HANGUP_GRACE_MS = 500, /* for CHANNEL_HANGUP, which tells more */
};

static void failed_h(void *arg)
{
    struct fs_leg *leg = arg;
    enum engine_end end =
        leg->killed ? ENGINE_END_LOCAL : ENGINE_END_TRANSPORT;

    fs_leg_gone(leg, end, end == ENGINE_END_LOCAL ? 0 : 503, 0, "");
}

/* The job ends with the first answer: a failure without a channel has no
   other event. */
static void dialled_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    struct fs_leg *leg = fs_leg_find(arg, ref);

    if (!leg)
        return;
    leg->dialling = false;
    if (ok)
        return;
    log_line(leg->fs->log, LOG_DEBUG, leg->call, "originate: %.*s",
             (int)text.len, text.p);
    timer_start(leg->fs->timers, &leg->kill, HANGUP_GRACE_MS, failed_h, leg);
}

/* A display name stands in quotes, and sofia decodes %XX in it, but cuts it
   at a quote: that one becomes an apostrophe, a backslash is doubled. */
static void display_name(char *out, size_t size, const char *name)
{
    char clean[NAME_MAX_BYTES], quoted[2 * NAME_MAX_BYTES];
    size_t n = 0;

    utf8_clean(name, strlen(name), clean, sizeof(clean));
    for (const char *p = clean; *p; p++) {
        if (*p == '\\')
            quoted[n++] = '\\';
        quoted[n++] = *p == '"' ? '\'' : *p;
    }
    if (esl_encode(quoted, n, out, size))
        out[0] = '\0';
}

/* Jigasi has no other suites, and says 488 to plain RTP. */
#define SRTP_SUITES "mandatory:AES_CM_128_HMAC_SHA1_80:AES_CM_128_HMAC_SHA1_32"

/** Whom to call, as FreeSWITCH wants it. */
struct callee {
    const char *profile; /* NULL: the gateway */
    const char *uri;
    char from[FS_URI_MAX]; /* URI, "" for that of FreeSWITCH */
};

static void callee_of(struct callee *ce, const struct freeswitch *fs,
                      const struct engine_dial *d)
{
    static const char outside[] = "external/"; /* see contact_tell() */

    *ce = (struct callee){.profile = "internal", .uri = d->contact};
    if (d->target == ENGINE_TO_TRUNK) {
        ce->profile = NULL;
        ce->uri = d->number;
        if (d->caller_number && *d->caller_number)
            snprintf(ce->from, sizeof(ce->from), "sip:%s@%s", d->caller_number,
                     fs->cfg->trunk_domain);
    } else if (!strncmp(d->contact, outside, sizeof(outside) - 1)) {
        ce->profile = "external";
        ce->uri = d->contact + sizeof(outside) - 1;
    }
}

static int originate(struct fs_leg *leg, const struct fs_leg *participant,
                     const struct engine_dial *d)
{
    struct freeswitch *fs = leg->fs;
    char name[6 * NAME_MAX_BYTES + 1], contact[3 * FS_URI_MAX];
    char codecs[FS_CODECS_MAX];
    struct callee ce;
    struct esl_variable v[] = {
        {"absolute_codec_string", codecs},
        {"origination_uuid", leg->uuid},
        {"sip_invite_call_id", leg->call_id},
        {"jigate_for", participant ? participant->uuid : "none"},
        {"jigate_call", leg->call},
        {"jigate_contact", contact},
        {"sip_from_display", name},
        {"origination_caller_id_name", name},
        {"origination_caller_id_number", "jigate"},
        {"sip_cid_type", "none"},
        {"originate_timeout", "7200"},
        {"ignore_early_media", "true"},
        {"park_after_bridge", "true"},
        {"hangup_after_bridge", "false"},
        {"uuid_bridge_park_on_cancel", "true"},
        {"bridge_filter_dtmf", "true"},
        {"bridge_generate_comfort_noise", "-1"},
        {"send_silence_when_idle", "-1"},
        {"disable_q850_reason", "true"},
        {"app_disable_expand_variables", "true"},
        {"outbound_redirect_fatal", "true"},
        {"jigate_keys", "0."},
        {NULL, NULL}, /* room for what is not always said */
        {NULL, NULL},
    };
    size_t n = sizeof(v) / sizeof(v[0]) - 2;
    struct esl_originate o = {
        .variables = v,
        .headers = d->headers,
        .n_headers = d->n_headers,
    };
    int err;

    callee_of(&ce, fs, d);
    o.profile = ce.profile;
    o.uri = ce.uri;
    if (*ce.from)
        v[n++] = (struct esl_variable){"sip_invite_from_uri", ce.from};
    if (fs->cfg->jigasi_srtp && ce.profile && !strcmp(ce.profile, "internal"))
        v[n++] = (struct esl_variable){"rtp_secure_media", SRTP_SUITES};
    o.n_variables = n;
    err = esl_encode(ce.uri, strlen(ce.uri), contact, sizeof(contact));

    fs_codecs(codecs, &fs->codecs, participant);
    display_name(name, sizeof(name), d->caller_name);
    if (!name[0]) /* the two of the name are not sent empty */
        v[6] = v[7] = (struct esl_variable){"jigate_nameless", "true"};
    if (!err)
        err = esl_command_originate(&fs->command,
                                    esl_client_job(leg->node->esl), &o);
    if (!err)
        err = esl_client_send_job(leg->node->esl, &fs->command, FS_DIAL_MS,
                                  dialled_h, fs, leg->number);
    return err;
}

engine_leg fs_dial(struct freeswitch *fs, const struct engine_dial *d)
{
    struct fs_leg *participant = fs_leg_find(fs, d->for_leg), *leg;
    struct fs_node *node = participant ? participant->node : fs->nodes[0];
    char uuid[ESL_UUID_MAX];
    int err;

    fs_uuid(uuid, sizeof(uuid));
    leg = fs_leg_alloc(node, uuid, false);
    if (!leg)
        return 0;
    slice_copy(slice_of(d->call), leg->call, sizeof(leg->call));
    slice_copy(slice_of(uuid), leg->call_id, sizeof(leg->call_id));
    leg->jigasi = !participant || !participant->jigasi;
    err = originate(leg, participant, d);
    if (err) {
        log_line(fs->log, err == ENOTCONN ? LOG_WARN : LOG_ERROR, leg->call,
                 "%s cannot be called through FreeSWITCH: %s",
                 d->target == ENGINE_TO_TRUNK ? d->number : d->contact,
                 err == ENOTCONN ? "the connection to it was just lost; calls "
                                   "go on when it is there again"
                 : err == EINVAL ? "a header or the address holds what cannot "
                                   "be written into a command"
                                 : strerror(err));
        timer_start(fs->timers, &leg->kill, 0, failed_h, leg);
        return leg->number;
    }
    leg->dialling = true;
    if (participant)
        leg->peer = participant->number;
    return leg->number;
}
