/* The front door: requests that no transaction and no dialog knows. Nothing
   is kept of them before they are admitted and authenticated. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "engine/embedded/trunk.h"
#include "engine/embedded/ua.h"

typedef void method_h(struct ua_side *side, msg_t *msg, sip_t *sip);

/* A stateless server gives a request sent again the same To tag (RFC 3261
   section 8.2.7), so it is made of what the request says. */
static void tag(struct ua_side *side, msg_t *msg, sip_t *sip)
{
    const char *branch = sip->sip_via ? sip->sip_via->v_branch : NULL;
    unsigned char mac[EVP_MAX_MD_SIZE];
    char text[HEADER_URI_MAX], hex[17];

    if (!sip->sip_to || sip->sip_to->a_tag)
        return;
    snprintf(text, sizeof(text), "%.200s %.200s", sip->sip_call_id->i_id,
             branch ? branch : "");
    if (!HMAC(EVP_sha256(), side->ua->tag_key, (int)sizeof(side->ua->tag_key),
              (unsigned char *)text, strlen(text), mac, NULL))
        return;
    for (size_t i = 0; i < 8; i++)
        snprintf(hex + 2 * i, 3, "%02x", mac[i]);
    sip_to_tag(msg_home(msg), sip->sip_to, hex);
}

void ua_reply(struct ua_side *side, msg_t *msg, sip_t *sip, int status,
              const char *phrase, tag_type_t t, tag_value_t value, ...)
{
    tagi_t *tags;
    va_list ap;

    tag(side, msg, sip);
    va_start(ap, value);
    tags = tl_vlist2(t, value, ap);
    va_end(ap);
    nta_msg_treply(side->agent, msg, status, phrase,
                   SIPTAG_SERVER_STR(UA_AGENT), TAG_NEXT(tags));
    tl_vfree(tags);
}

void ua_log_rejected(struct ua_side *side, msg_t *msg, const sip_t *sip,
                     const char *reason, const char *user)
{
    char from[ADDRESS_TEXT_SIZE];

    log_line(side->ua->log, LOG_WARN, NULL,
             "rejected method=%.20s from=%s reason=%s user=%s",
             sip->sip_request->rq_method_name,
             address_text(ua_source(msg), from), reason,
             log_quoted(slice_of(user)).text);
}

static void on_ack(struct ua_side *side, msg_t *msg, sip_t *sip)
{
    nta_msg_discard(side->agent, msg); /* of a stateless refusal */
}

static void on_options(struct ua_side *side, msg_t *msg, sip_t *sip)
{
    ua_reply(side, msg, sip, SIP_200_OK, SIPTAG_ALLOW_STR(UA_ALLOW),
             SIPTAG_ACCEPT_STR("application/sdp"),
             SIPTAG_SUPPORTED_STR(UA_SUPPORTED), TAG_END());
}

static void on_no_dialog(struct ua_side *side, msg_t *msg, sip_t *sip)
{
    ua_reply(side, msg, sip, SIP_481_NO_TRANSACTION, TAG_END());
}

static void on_refer(struct ua_side *side, msg_t *msg, sip_t *sip)
{
    ua_reply(side, msg, sip, SIP_403_FORBIDDEN, TAG_END());
}

static void on_invite(struct ua_side *side, msg_t *msg, sip_t *sip)
{
    bool external = side->which == ENGINE_EXTERNAL;
    enum engine_source source;
    const char *user = NULL;

    if (sip->sip_max_forwards && sip->sip_max_forwards->mf_count == 0) {
        ua_reply(side, msg, sip, SIP_483_TOO_MANY_HOPS, TAG_END());
        return;
    }
    if (trunk_calls(side->ua->trunk, side, ua_source(msg),
                    sip->sip_request->rq_url->url_user)) {
        ua_uas_invite(side, msg, sip, ENGINE_FROM_TRUNK, NULL);
        return;
    }
    switch (ua_authenticate(side, msg, sip, &user)) {
    case UA_AUTH_OK:
        source = external ? ENGINE_FROM_USER : ENGINE_FROM_JIGASI;
        break;
    case UA_AUTH_NONE:
        if (external && netlist_match(side->ua->trusted, ua_source(msg))) {
            source = ENGINE_FROM_TRUSTED;
            break;
        }
        if (external && side->ua->cfg->anonymous_calls) {
            source = ENGINE_FROM_ANYONE;
            break;
        }
        ua_challenge(side, msg, sip);
        return;
    default:
        return;
    }
    ua_uas_invite(side, msg, sip, source, user);
}

static const struct {
    sip_method_t method;
    method_h *h;
} methods[] = {
    {sip_method_invite, on_invite},    {sip_method_register, ua_register},
    {sip_method_options, on_options},  {sip_method_ack, on_ack},
    {sip_method_cancel, on_no_dialog}, {sip_method_bye, on_no_dialog},
    {sip_method_info, on_no_dialog},   {sip_method_update, on_no_dialog},
    {sip_method_prack, on_no_dialog},  {sip_method_refer, on_refer},
};

static void dispatch(struct ua_side *side, msg_t *msg, sip_t *sip)
{
    sip_method_t method = sip->sip_request->rq_method;

    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
        if (methods[i].method == method) {
            methods[i].h(side, msg, sip);
            return;
        }
    }
    ua_reply(side, msg, sip, SIP_405_METHOD_NOT_ALLOWED,
             SIPTAG_ALLOW_STR(UA_ALLOW), TAG_END());
}

/* What RFC 3261 section 8.2.2 wants of any request. Replies and takes msg
   where something is amiss. */
static bool in_order(struct ua_side *side, msg_t *msg, sip_t *sip)
{
    const url_t *url = sip->sip_request->rq_url;
    sip_unsupported_t *us = NULL;

    if (sip->sip_request->rq_method == sip_method_ack)
        return true;
    if (url->url_type != url_sip && url->url_type != url_sips) {
        ua_reply(side, msg, sip, SIP_416_UNSUPPORTED_URI, TAG_END());
        return false;
    }
    if (sip->sip_to->a_tag) {
        on_no_dialog(side, msg, sip);
        return false;
    }
    if (sip->sip_require && sip->sip_request->rq_method != sip_method_cancel)
        us = sip_has_unsupported(msg_home(msg), side->ua->supported,
                                 sip->sip_require);
    if (us) {
        ua_reply(side, msg, sip, SIP_420_BAD_EXTENSION, SIPTAG_UNSUPPORTED(us),
                 TAG_END());
        return false;
    }
    return true;
}

/* Whether the guard lets a request pass; trusted networks and the trunk are
   not shown to it. */
static bool admitted(struct ua_side *side, msg_t *msg, const sip_t *sip)
{
    const char *agent = sip->sip_user_agent && sip->sip_user_agent->g_string
                            ? sip->sip_user_agent->g_string
                            : "";
    const struct sockaddr *from = ua_source(msg);
    enum sip_guard_verdict v;
    const char *why;

    if (netlist_match(side->ua->trusted, from) ||
        trunk_is_at(side->ua->trunk, side, from))
        return true;
    v = sip_guard_admit(side->guard, from, slice_of(agent), msg_size(msg),
                        ua_now(), &why);
    if (v == SIP_GUARD_SILENT || v == SIP_GUARD_BANNED)
        ua_log_rejected(side, msg, sip, why, "");
    return v == SIP_GUARD_PASS;
}

/* A 200 to an INVITE of ours whose ACK was lost for so long that nta forgot
   the transaction. */
static void late_response(struct ua_side *side, const sip_t *sip)
{
    nta_leg_t *dialog;
    struct ua_leg *leg;

    if (!sip->sip_cseq || sip->sip_cseq->cs_method != sip_method_invite ||
        sip->sip_status->st_status / 100 != 2 || !sip->sip_to ||
        !sip->sip_from || !sip->sip_to->a_tag || !sip->sip_from->a_tag)
        return;
    dialog = nta_leg_by_dialog(side->agent, NULL, sip->sip_call_id,
                               sip->sip_to->a_tag, NULL, sip->sip_from->a_tag,
                               NULL);
    leg = nta_leg_magic(dialog, ua_dialog_request_h);
    if (leg && !leg->invite_out)
        ua_uac_ack(leg, sip->sip_cseq->cs_seq);
}

int ua_receive(struct ua_side *side, nta_agent_t *agent, msg_t *msg,
               sip_t *sip)
{
    if (ua_side_is_tls(side) && !ua_tls_is_ours(side, msg)) {
        nta_msg_discard(agent, msg);
        return 0;
    }
    if (!sip || !sip->sip_request) {
        if (sip && sip->sip_status)
            late_response(side, sip);
        nta_msg_discard(agent, msg);
        return 0;
    }
    if (!admitted(side, msg, sip)) {
        nta_msg_discard(agent, msg);
        return 0;
    }
    if (in_order(side, msg, sip))
        dispatch(side, msg, sip);
    return 0;
}
