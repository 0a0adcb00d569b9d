/* REGISTER, and the care for registrations: expiry, pings, storing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine/embedded/registrar_store.h"
#include "engine/embedded/ua.h"

enum {
    PHONE_MIN_S = 30,
    PHONE_MAX_S = 3600,
    PHONE_CONTACTS = 32,
    /* Jigasi learns that its registrar restarted only by its next
       REGISTER, so it is given a brief time. */
    JIGASI_MIN_S = 10,
    JIGASI_MAX_S = 60,
    STORE_MS = 1000,
    REFRESH_STORE_MS = 10000,
    CARE_MIN_MS = 20,
    CARE_MAX_MS = 2000, /* wall clocks are set */
    CONTACTS_TEXT_MAX = 8192,
};

static void tell(struct ua *ua, const struct registrar_binding *b, bool gone)
{
    const struct engine_event ev = {
        .type = ENGINE_CONTACT,
        .contact =
            {
                .id = b->id,
                .user = b->user,
                .uri = b->uri,
                .gone = gone,
                .reachable = b->reachable,
                .order = b->order,
            },
    };

    ua_tell(ua, &ev);
}

static void store_h(void *arg)
{
    struct ua *ua = arg;

    ua->stored_at = ua_now();
    if (*ua->cfg->state_dir)
        registrar_store_save(ua->registrar, ua->cfg->state_dir, ua->log);
}

/* A change at once, but not more often than once a second; for a mere refresh
   the disk may wait. */
static void store_soon(struct ua *ua, bool changed)
{
    uint64_t now = ua_now(), next = ua->stored_at + STORE_MS;
    uint64_t wait = next > now ? next - now : 0;

    if (changed)
        ua_timer(ua, &ua->store_timer, wait, store_h, ua);
    else if (!timer_running(&ua->store_timer))
        ua_timer(ua, &ua->store_timer, REFRESH_STORE_MS, store_h, ua);
}

static void change_h(enum registrar_change what,
                     const struct registrar_binding *b, void *arg)
{
    static const char *const names[] = {
        [REGISTRAR_ADDED] = "registered",
        [REGISTRAR_CHANGED] = "registration changed",
        [REGISTRAR_REFRESHED] = "registration refreshed",
        [REGISTRAR_REMOVED] = "unregistered",
    };
    struct ua *ua = arg;
    char source[ADDRESS_TEXT_SIZE];

    log_line(ua->log, what == REGISTRAR_REFRESHED ? LOG_DEBUG : LOG_INFO, NULL,
             "%s user=%s contact=%s uri=%s source=%s reachable=%s",
             names[what], b->user, b->id, b->uri,
             address_text(&b->source, source), b->reachable ? "yes" : "no");
    if (what != REGISTRAR_REFRESHED)
        tell(ua, b, what == REGISTRAR_REMOVED);
    store_soon(ua, what != REGISTRAR_REFRESHED);
}

static void care_h(void *arg);

static void schedule(struct ua *ua)
{
    uint64_t due = registrar_due(ua->registrar), now = ua_wall();
    uint64_t wait = due > now ? due - now : 0;

    if (wait < CARE_MIN_MS)
        wait = CARE_MIN_MS;
    ua_timer(ua, &ua->registrar_timer, wait < CARE_MAX_MS ? wait : CARE_MAX_MS,
             care_h, ua);
}

static void care_h(void *arg)
{
    struct ua *ua = arg;
    const struct registrar_binding *b;

    registrar_sweep(ua->registrar, ua_wall());
    while ((b = registrar_ping(ua->registrar, ua_wall())))
        ua_ping(ua, b);
    schedule(ua);
}

int ua_register_start(struct ua *ua)
{
    const struct config *cfg = ua->cfg;
    const struct registrar_user users[] = {
        {cfg->registration_user, ENGINE_EXTERNAL, PHONE_CONTACTS, PHONE_MIN_S,
         PHONE_MAX_S},
        {cfg->jigasi_user, ENGINE_INTERNAL, REGISTRAR_CONTACTS_MAX,
         JIGASI_MIN_S, JIGASI_MAX_S},
    };
    int err = registrar_alloc(&ua->registrar, users, 2, change_h, ua);

    if (err)
        return err;
    if (*cfg->state_dir)
        registrar_store_load(ua->registrar, cfg->state_dir, ua_wall(),
                             ua->log);
    return 0;
}

void ua_register_tell_all(struct ua *ua)
{
    const struct registrar_binding *b = NULL;

    while ((b = registrar_next(ua->registrar, NULL, b)))
        tell(ua, b, false);
    schedule(ua);
}

void ua_register_stop(struct ua *ua)
{
    timer_stop(&ua->registrar_timer);
    timer_stop(&ua->store_timer);
    ua_ping_stop(ua);
    if (ua->registrar)
        store_h(ua);
}

/* Contacts of a REGISTER; returns their number, or more than fit. */
static size_t read_contacts(msg_t *msg, sip_t *sip,
                            struct registrar_contact *out, bool *star)
{
    size_t n = 0;

    for (sip_contact_t *m = sip->sip_contact; m; m = m->m_next) {
        const char *instance = NULL;
        uint64_t expires;

        if (m->m_url->url_type == url_any) {
            *star = true;
            continue;
        }
        if (n == REGISTRAR_CONTACTS_MAX)
            return n + 1;
        out[n] = (struct registrar_contact){0};
        out[n].uri = slice_of(url_as_string(msg_home(msg), m->m_url));
        if (m->m_params)
            instance = msg_params_find(m->m_params, "+sip.instance=");
        out[n].instance = slice_of(instance);
        if (m->m_expires &&
            !slice_to_u64(slice_of(m->m_expires), 0, UINT32_MAX, &expires)) {
            out[n].has_expires = true;
            out[n].expires_s = (uint32_t)expires;
        }
        n++;
    }
    return n;
}

/* All bindings of the user, as Contact values. */
static void write_contacts(struct ua *ua, const char *user, char *out,
                           size_t size)
{
    const struct registrar_binding *b = NULL;
    uint64_t now = ua_wall();
    size_t n = 0;

    *out = '\0';
    while ((b = registrar_next(ua->registrar, user, b))) {
        char one[REGISTRAR_URI_SIZE + 32];
        int len =
            snprintf(one, sizeof(one), "%s<%s>;expires=%u", n ? ", " : "",
                     b->uri, (unsigned)registrar_left_s(b, now));

        if (len < 0 || n + (size_t)len >= size)
            break;
        memcpy(out + n, one, (size_t)len + 1);
        n += (size_t)len;
    }
}

static unsigned carry_out(struct ua_side *side, msg_t *msg, sip_t *sip,
                          const char *user, uint32_t *min_expires)
{
    struct registrar_contact contacts[REGISTRAR_CONTACTS_MAX];
    bool star = false;
    size_t n = read_contacts(msg, sip, contacts, &star);
    const struct registrar_request rq = {
        .user = user,
        .side = side->which,
        .source = ua_source(msg),
        .transport = ua_side_is_tls(side) ? REGISTRAR_TLS
                     : ua_is_tcp(sip)     ? REGISTRAR_TCP
                                          : REGISTRAR_UDP,
        .call_id = slice_of(sip->sip_call_id->i_id),
        .cseq = sip->sip_cseq->cs_seq,
        .contacts = contacts,
        .n_contacts = n,
        .star = star,
        .has_expires = sip->sip_expires != NULL,
        .expires_s =
            sip->sip_expires ? (uint32_t)sip->sip_expires->ex_delta : 0,
    };

    *min_expires = 0;
    if (n > REGISTRAR_CONTACTS_MAX)
        return 503;
    return registrar_register(side->ua->registrar, &rq, ua_wall(),
                              min_expires);
}

void ua_register(struct ua_side *side, msg_t *msg, sip_t *sip)
{
    char contacts[CONTACTS_TEXT_MAX], min_text[16];
    uint32_t min_expires;
    nta_incoming_t *irq;
    const char *user;
    unsigned status;

    if (ua_side_is_trunk(side)) { /* no phone is behind our own connection */
        ua_reply(side, msg, sip, SIP_403_FORBIDDEN, TAG_END());
        return;
    }
    switch (ua_authenticate(side, msg, sip, &user)) {
    case UA_AUTH_OK:
        break;
    case UA_AUTH_NONE:
        ua_challenge(side, msg, sip);
        return;
    default:
        return;
    }
    /* A REGISTER sent again finds its transaction, and so gets the same
       answer instead of a stale nonce. */
    irq = nta_incoming_create(side->agent, NULL, msg, sip, TAG_END());
    if (!irq)
        return;
    status = carry_out(side, msg, sip, user, &min_expires);
    write_contacts(side->ua, user, contacts, sizeof(contacts));
    if (status == 200 && *contacts)
        ua_tls_keep(side, msg);
    snprintf(min_text, sizeof(min_text), "%u", (unsigned)min_expires);
    nta_incoming_treply(
        irq, (int)status, sip_status_phrase((int)status),
        SIPTAG_SERVER_STR(UA_AGENT),
        TAG_IF(min_expires, SIPTAG_MIN_EXPIRES_STR(min_text)),
        TAG_IF(status == 200 && *contacts, SIPTAG_CONTACT_STR(contacts)),
        TAG_END());
    nta_incoming_destroy(irq);
    schedule(side->ua);
}
