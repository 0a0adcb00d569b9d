/*
 * A look at the offer of a call before anybody is called for it: FreeSWITCH
 * itself looks at it when it answers (inbound-late-negotiation), and Jigasi
 * would have been called by then. Refused is what FreeSWITCH would refuse, or
 * would answer with audio that reaches nobody.
 */
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "engine/freeswitch/fs.h"
#include "engine/sdp/sdp_read.h"

/* Of phones it is what FreeSWITCH was told; Jigasi has the one or the other
   (JIGASI_ENABLE_SDES_SRTP). */
static enum sdp_srtp srtp_of(const struct fs_leg *leg,
                             const struct esl_event *ev)
{
    static const char name[] = "variable_rtp_secure_media_inbound";

    if (leg->jigasi)
        return leg->fs->cfg->jigasi_srtp ? SDP_SRTP_MANDATORY : SDP_SRTP_OFF;
    if (esl_event_is(ev, name, "forbidden"))
        return SDP_SRTP_OFF;
    return esl_event_is(ev, name, "mandatory") ? SDP_SRTP_MANDATORY
                                               : SDP_SRTP_OPTIONAL;
}

/* A side of FreeSWITCH has one family: that by which the INVITE came. */
static sa_family_t family_of(const struct esl_event *ev)
{
    struct sockaddr_storage from;
    char ip[ADDRESS_IP_SIZE];

    esl_event_get(ev, "variable_sip_network_ip", ip, sizeof(ip));
    return address_read(&from, ip, 0) ? AF_INET : from.ss_family;
}

/* Suites and descriptions that we do not understand may be FreeSWITCH's to
   understand. */
static bool is_refused(enum sdp_error e, enum sdp_srtp srtp)
{
    return e == SDP_NO_AUDIO || e == SDP_INSECURE || e == SDP_NO_CODEC ||
           e == SDP_FAMILY || e == SDP_ADDRESS ||
           (e == SDP_SECURE && srtp == SDP_SRTP_OFF);
}

/* Keys beside RTP/AVP (RFC 8643) FreeSWITCH would answer with RTP/SAVP, which
   the phone need not take: the dialplan lets them be where it may. */
static bool is_plain(const struct sdp_session *s)
{
    return !strcasestr(s->lines[s->active].proto, "SAVP");
}

static enum sdp_error judge(const struct sdp_local *l, const char *body)
{
    struct sdp_session *s = malloc(sizeof(*s));
    enum sdp_error e = SDP_OK;

    if (s) {
        sdp_session_init(s, 0);
        e = sdp_answer(s, l, body, strlen(body));
        if (!e && l->srtp == SDP_SRTP_MANDATORY && is_plain(s))
            e = SDP_INSECURE;
    }
    free(s);
    return e;
}

const struct sdp_error_info *fs_sdp_refused(const struct fs_leg *leg,
                                            const struct esl_event *ev)
{
    struct sdp_local l = {
        .address.ss_family = family_of(ev),
        .codecs = {MEDIA_OPUS, MEDIA_G722, MEDIA_PCMU, MEDIA_PCMA},
        .n_codecs = 4,
        .n_preferred = 4,
        .srtp = srtp_of(leg, ev),
    };
    char body[SDP_BODY_MAX];
    enum sdp_error e;

    if (!esl_event_get(ev, "variable_switch_r_sdp", body, sizeof(body)))
        return NULL; /* FreeSWITCH has made the offer, or will tell */
    e = judge(&l, body);
    return is_refused(e, l.srtp) ? sdp_error_info(e) : NULL;
}

/* Other media, video above all, may be inactive while the audio is not. */
bool fs_sdp_holds(struct slice sdp)
{
    struct sdp_description d;
    struct sockaddr_storage to;

    if (sdp_read(&d, sdp.p, sdp.len))
        return false;
    for (size_t i = 0; i < d.n; i++) {
        const struct sdp_section *s = &d.section[i];

        if (slice_is_nocase(s->media, "audio") && s->port)
            return !(s->direction & SDP_RECVONLY) ||
                   (!sdp_read_address(&to, s) && address_is_any(&to));
    }
    return false;
}
