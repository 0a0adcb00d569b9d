/* INFO inside a dialog (RFC 6086, legacy usage: no Info-Package). Keys of
   phones are collected; any other body is handed on as it is. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/embedded/report.h"
#include "engine/embedded/ua.h"

enum { TYPE_MAX = 96 };

/* A key as phones write it: a character, or a number as in RFC 4733. */
static char key_of(struct slice s)
{
    static const char *const keys = "0123456789*#ABCD";
    uint64_t n;

    if (s.len == 1 && strchr(keys, toupper((unsigned char)*s.p)) && *s.p)
        return (char)toupper((unsigned char)*s.p);
    if (!slice_to_u64(s, 10, 15, &n))
        return keys[n];
    return '\0';
}

static struct slice trimmed(const char *p, size_t len)
{
    while (len && isspace((unsigned char)*p)) {
        p++;
        len--;
    }
    while (len && isspace((unsigned char)p[len - 1]))
        len--;
    return (struct slice){p, len};
}

/* "Signal=5" in a line of its own, other lines ignored. */
static char key_of_relay(const char *body, size_t len)
{
    static const char name[] = "signal";
    const size_t n = sizeof(name) - 1;

    while (len) {
        const char *end = memchr(body, '\n', len);
        size_t line = end ? (size_t)(end - body) : len;
        struct slice s = trimmed(body, line);

        if (s.len > n && strncasecmp(s.p, name, n) == 0) {
            s = trimmed(s.p + n, s.len - n);
            if (s.len && *s.p == '=') {
                s = trimmed(s.p + 1, s.len - 1);
                return key_of(s);
            }
        }
        line += end != NULL;
        body += line;
        len -= line;
    }
    return '\0';
}

static char key_of_dtmf(const char *body, size_t len)
{
    return key_of(trimmed(body, len));
}

static const struct {
    const char *type;
    char (*key)(const char *body, size_t len);
} key_types[] = {
    {"application/dtmf-relay", key_of_relay},
    {"application/dtmf", key_of_dtmf},
};

static void tell_key(struct ua_leg *leg, char key)
{
    const struct media_report r = {
        .type = MEDIA_KEY,
        .leg = leg->number,
        .key = key,
    };

    if (!key) {
        log_line(leg->ua->log, LOG_DEBUG, leg->call,
                 "INFO with a key that does not exist ignored");
        return;
    }
    if (report_media(leg->ua->out, &r))
        log_line(leg->ua->log, LOG_ERROR, leg->call,
                 "out of memory: a key was lost");
}

static void tell_info(struct ua_leg *leg, const char *type,
                      const sip_payload_t *pl)
{
    struct engine_event ev = {.type = ENGINE_INFO, .leg = leg->number};
    char lower[TYPE_MAX];
    size_t i;

    for (i = 0; type[i] && i + 1 < sizeof(lower); i++)
        lower[i] = (char)tolower((unsigned char)type[i]);
    lower[i] = '\0';
    ev.info.type = lower;
    ev.info.body = pl ? pl->pl_data : "";
    ev.info.len = pl ? pl->pl_len : 0;
    ua_tell(leg->ua, &ev);
}

int ua_info_received(struct ua_leg *leg, nta_incoming_t *irq, const sip_t *sip)
{
    const sip_payload_t *pl = sip->sip_payload;
    const char *type =
        sip->sip_content_type ? sip->sip_content_type->c_type : NULL;
    size_t len = pl ? pl->pl_len : 0;

    if (len > ENGINE_INFO_MAX) {
        nta_incoming_treply(irq, SIP_413_REQUEST_TOO_LARGE, TAG_END());
        return 413;
    }
    if (len && (!type || strlen(type) >= TYPE_MAX)) {
        nta_incoming_treply(
            irq, SIP_415_UNSUPPORTED_MEDIA,
            SIPTAG_ACCEPT_STR("application/json, application/dtmf-relay, "
                              "application/dtmf"),
            TAG_END());
        return 415;
    }
    nta_incoming_treply(irq, SIP_200_OK, SIPTAG_SERVER_STR(UA_AGENT),
                        TAG_END());
    if (!type)
        return 200; /* a keep-alive */
    for (size_t i = 0; i < sizeof(key_types) / sizeof(*key_types); i++) {
        if (strcasecmp(key_types[i].type, type) == 0) {
            tell_key(leg, len ? key_types[i].key(pl->pl_data, len) : '\0');
            return 200;
        }
    }
    tell_info(leg, type, pl);
    return 200;
}

static void info_h(struct ua_leg *leg, nta_outgoing_t *orq, int status,
                   const sip_t *sip)
{
    if (status < 300 || leg->state == UA_ENDING)
        return;
    log_line(leg->ua->log, LOG_WARN, leg->call,
             "INFO refused by the far side: %d", status);
    /* The dialog is gone over there (RFC 3261 section 12.2.1.2). */
    if (status == 408 || status == 481) {
        ua_leg_gone(leg,
                    status == 408 ? ENGINE_END_TIMEOUT : ENGINE_END_HANGUP,
                    (unsigned)status, 0, "");
        ua_leg_bye(leg);
    }
}

void ua_info_send(struct ua_leg *leg, const char *type, const char *body,
                  size_t len)
{
    sip_payload_t *pl;

    if (leg->state != UA_UP || !header_text_ok(type)) {
        log_line(leg->ua->log, LOG_WARN, leg->call,
                 "INFO not sent: the leg is not up");
        return;
    }
    pl = sip_payload_create(NULL, body, (issize_t)len);
    if (!pl || ua_leg_request(leg, info_h, SIP_METHOD_INFO,
                              SIPTAG_CONTENT_TYPE_STR(type),
                              SIPTAG_PAYLOAD(pl), TAG_END()))
        log_line(leg->ua->log, LOG_ERROR, leg->call,
                 "INFO not sent: out of memory");
    su_free(NULL, pl);
}
