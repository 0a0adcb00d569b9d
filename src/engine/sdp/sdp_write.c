#include "engine/sdp/sdp_write.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/address.h"

const struct sdp_codec sdp_codecs[MEDIA_CODECS] = {
    [MEDIA_PCMU] = {"PCMU", 8000, "PCMU/8000", NULL, 0},
    [MEDIA_PCMA] = {"PCMA", 8000, "PCMA/8000", NULL, 8},
    [MEDIA_OPUS] = {"opus", 48000, "opus/48000/2", "useinbandfec=1; stereo=0",
                    0},
    [MEDIA_G722] = {"G722", 8000, "G722/8000", NULL, 9},
};

struct text {
    char *p;
    size_t size;
    size_t len; /* size and more: did not fit */
};

static void put(struct text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *fmt, ...)
{
    va_list ap;
    int n;

    if (t->len >= t->size)
        return;
    va_start(ap, fmt);
    n = vsnprintf(t->p + t->len, t->size - t->len, fmt, ap);
    va_end(ap);
    t->len = n < 0 ? t->size : t->len + (size_t)n;
}

void sdp_audio_add(struct sdp_audio *a, uint8_t pt, const char *rtpmap,
                   const char *fmtp)
{
    if (a->n < SDP_ENTRIES_MAX)
        a->entry[a->n++] = (struct sdp_entry){pt, rtpmap, fmtp};
}

static const char *direction_name(enum sdp_direction d)
{
    static const char *const name[] = {
        [SDP_INACTIVE] = "inactive",
        [SDP_SENDONLY] = "sendonly",
        [SDP_RECVONLY] = "recvonly",
        [SDP_SENDRECV] = "sendrecv",
    };

    return name[d];
}

static void put_audio(struct text *t, const struct sdp_audio *a,
                      const char *proto, uint16_t port)
{
    put(t, "m=audio %u %s", port, proto);
    for (size_t i = 0; i < a->n; i++)
        put(t, " %u", a->entry[i].pt);
    put(t, "\r\n");
    for (size_t i = 0; i < a->n; i++) {
        const struct sdp_entry *e = &a->entry[i];

        put(t, "a=rtpmap:%u %s\r\n", e->pt, e->rtpmap);
        if (e->fmtp)
            put(t, "a=fmtp:%u %s\r\n", e->pt, e->fmtp);
    }
    for (size_t i = 0; i < a->n_crypto; i++) {
        char crypto[SDES_LINE_SIZE];

        sdes_write(crypto, &a->crypto[i]);
        put(t, "a=crypto:%s\r\n", crypto);
    }
    if (a->rtcp_mux)
        put(t, "a=rtcp-mux\r\n");
    put(t, "a=ptime:%u\r\na=%s\r\n", a->ptime_ms,
        direction_name(a->direction));
}

enum sdp_error sdp_write(struct sdp_session *s, const struct sdp_local *l,
                         const struct sdp_audio *a)
{
    const char *type = l->address.ss_family == AF_INET6 ? "IP6" : "IP4";
    char ip[ADDRESS_IP_SIZE], body[SDP_TEXT_SIZE];
    uint16_t port = address_port(&l->address);
    struct text t = {body, sizeof(body), 0};

    put(&t, "s=-\r\nc=IN %s %s\r\nt=0 0\r\n", type,
        address_ip(&l->address, ip));
    for (size_t i = 0; i < s->n_lines; i++)
        if (i == s->active)
            put_audio(&t, a, s->lines[i].proto, port);
        else
            put(&t, "m=%s 0 %s %s\r\n", s->lines[i].media, s->lines[i].proto,
                s->lines[i].format);
    if (t.len >= t.size)
        return SDP_ROOM;
    if (s->text_len && strcmp(s->text + s->changes, body) == 0)
        return SDP_OK;
    t = (struct text){s->text, sizeof(s->text), 0};
    s->version++;
    put(&t, "v=0\r\no=- %llu %llu IN %s %s\r\n", (unsigned long long)s->id,
        (unsigned long long)s->version, type, ip);
    s->changes = t.len;
    put(&t, "%s", body);
    s->text_len = t.len;
    return t.len < t.size ? SDP_OK : SDP_ROOM;
}
