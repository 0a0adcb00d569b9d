/* How a channel ended. */
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "engine/freeswitch/fs.h"

/* Where no SIP status came: what the cause stands for. */
static const struct {
    const char *cause;
    enum engine_end end;
    unsigned status;
} causes[] = {
    {"USER_BUSY", ENGINE_END_REFUSED, 486},
    {"INCOMPATIBLE_DESTINATION", ENGINE_END_REFUSED, 488},
    {"CALL_REJECTED", ENGINE_END_REFUSED, 603},
    {"UNALLOCATED_NUMBER", ENGINE_END_REFUSED, 404},
    {"NO_ROUTE_DESTINATION", ENGINE_END_REFUSED, 404},
    {"NORMAL_TEMPORARY_FAILURE", ENGINE_END_REFUSED, 503},
    {"NO_ANSWER", ENGINE_END_REFUSED, 480},
    {"NO_USER_RESPONSE", ENGINE_END_TIMEOUT, 408},
    {"RECOVERY_ON_TIMER_EXPIRE", ENGINE_END_TIMEOUT, 408},
    {"MEDIA_TIMEOUT", ENGINE_END_SILENT, 0},
};

static unsigned number(struct slice s)
{
    uint64_t n;

    return s.p && !slice_to_u64(s, 0, 999, &n) ? (unsigned)n : 0;
}

/* The status that the far side refused with: "sip:486" or "486". */
static unsigned status_of(const struct esl_event *ev)
{
    struct slice s = esl_event_raw(ev, "variable_sip_invite_failure_status");
    char text[16];

    if (number(s) >= 300)
        return number(s);
    if (esl_event_get(ev, "variable_proto_specific_hangup_cause", text,
                      sizeof(text)) &&
        !strncmp(text, "sip:", 4) && number(slice_of(text + 4)) >= 300)
        return number(slice_of(text + 4));
    s = esl_event_raw(ev, "variable_sip_term_status");
    return number(s) >= 300 ? number(s) : 0;
}

static size_t cause_row(const struct esl_event *ev)
{
    size_t n = sizeof(causes) / sizeof(causes[0]);

    for (size_t i = 0; i < n; i++) {
        if (esl_event_is(ev, "Hangup-Cause", causes[i].cause))
            return i;
    }
    return n;
}

/* Reason header (RFC 3326): protocol ;cause=N ;text="…". */
static unsigned reason_read(const struct esl_event *ev, char *text,
                            size_t size)
{
    char value[512], *p, *end;
    unsigned cause = 0;

    text[0] = '\0';
    if (!esl_event_get(ev, "variable_sip_reason", value, sizeof(value)))
        return 0;
    p = strcasestr(value, "cause=");
    if (p)
        cause = number((struct slice){p + 6, strspn(p + 6, "0123456789")});
    p = strcasestr(value, "text=");
    if (!p)
        return cause;
    p += 5;
    if (*p == '"')
        p++;
    end = p + strcspn(p, "\"");
    slice_copy((struct slice){p, (size_t)(end - p)}, text, size);
    return cause;
}

static void refused(struct fs_leg *leg, const struct esl_event *ev)
{
    size_t row = cause_row(ev), rows = sizeof(causes) / sizeof(causes[0]);
    unsigned status = status_of(ev);
    enum engine_end end = ENGINE_END_REFUSED;
    char phrase[FS_PHRASE_MAX];

    if (!status && row < rows) {
        end = causes[row].end;
        status = causes[row].status;
    } else if (!status) {
        end = ENGINE_END_TRANSPORT;
        status = 503;
    }
    if (status == 408)
        end = ENGINE_END_TIMEOUT;
    esl_event_get(ev, "variable_sip_invite_failure_phrase", phrase,
                  sizeof(phrase));
    fs_leg_gone(leg, end, status, 0, phrase);
}

static void lost_h(void *arg)
{
    fs_leg_gone(arg, ENGINE_END_ENGINE, 0, 0, "");
}

/* FreeSWITCH ends, or someone there ended the call: participants are told
   first, for nobody is dialled again for one who is gone. */
static void lost(struct fs_leg *leg)
{
    enum { PARTICIPANT_MS = 500 };

    if (leg->inbound ||
        timer_start(leg->fs->timers, &leg->kill, PARTICIPANT_MS, lost_h, leg))
        lost_h(leg);
}

/* A call that was answered and ended before it was parked. */
static bool was_answered(const struct esl_event *ev)
{
    struct slice when = esl_event_raw(ev, "Caller-Channel-Answered-Time");

    return when.p && !slice_is(when, "0");
}

void fs_hangup(struct fs_leg *leg, const struct esl_event *ev)
{
    char reason[256];
    unsigned cause;

    if (!leg->inbound && !leg->answered && !leg->killed && was_answered(ev))
        fs_leg_answered(leg);
    if (leg->killed) {
        fs_leg_gone(leg, ENGINE_END_LOCAL, 0, 0, "");
    } else if (esl_event_is(ev, "Hangup-Cause", "SYSTEM_SHUTDOWN") ||
               esl_event_is(ev, "Hangup-Cause", "MANAGER_REQUEST")) {
        lost(leg);
    } else if (!leg->inbound && !leg->answered &&
               !esl_event_is(ev, "Hangup-Cause", "NORMAL_CLEARING")) {
        refused(leg, ev);
    } else if (esl_event_is(ev, "Hangup-Cause", "MEDIA_TIMEOUT") ||
               (fs_watch_lost(leg) &&
                !esl_event_is(ev, "variable_sip_hangup_disposition",
                              "recv_bye"))) {
        fs_leg_gone(leg, ENGINE_END_SILENT, 0, 0, "");
    } else {
        cause = reason_read(ev, reason, sizeof(reason));
        fs_leg_gone(leg, ENGINE_END_HANGUP, 0, cause, reason);
    }
}
