/* Who is registered, and whether Jigasi answers. */
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <jansson.h>

#include "doctor/checkup.h"

enum {
    STORE_MAX = 1024 * 1024,
    LOOKS_AGAIN = 8,
    LOOK_MS = 250,
};

static int add(struct checkup *c, json_t *entry)
{
    const char *user, *uri, *address;
    json_int_t expires, refreshed;
    int reachable = 1;
    struct contact *more;

    if (json_unpack(entry, "{s:s, s:s, s:s, s:I, s:I, s?b}", "user", &user,
                    "uri", &uri, "address", &address, "expires_at", &expires,
                    "refreshed_at", &refreshed, "reachable", &reachable))
        return EBADMSG;
    more = realloc(c->contacts, (c->n_contacts + 1) * sizeof(*more));
    if (!more)
        return ENOMEM;
    c->contacts = more;
    more += c->n_contacts++;
    *more = (struct contact){
        .jigasi = strcmp(user, c->cfg->jigasi_user) == 0,
        .reachable = reachable,
        .expires_at = expires > 0 ? (uint64_t)expires : 0,
        .refreshed_at = refreshed > 0 ? (uint64_t)refreshed : 0,
    };
    snprintf(more->uri, sizeof(more->uri), "%s", uri);
    snprintf(more->address, sizeof(more->address), "%s", address);
    return 0;
}

int contacts_parse(struct checkup *c, const char *text, size_t len)
{
    json_t *root = json_loadb(text, len, 0, NULL);
    json_t *list = json_object_get(root, "registrations"), *entry;
    int err = json_is_array(list) ? 0 : EBADMSG;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        if (!err)
            err = add(c, entry);
    }
    json_decref(root);
    return err;
}

void contacts_read(struct checkup *c)
{
    char path[PATH_MAX];
    char *text = malloc(STORE_MAX);
    FILE *f = NULL;
    size_t len;

    snprintf(path, sizeof(path), "%s/registrations.json", c->cfg->state_dir);
    errno = ENOMEM;
    if (text)
        f = fopen(path, "re");
    if (f) {
        len = fread(text, 1, STORE_MAX, f);
        c->contacts_err =
            len < STORE_MAX ? contacts_parse(c, text, len) : EFBIG;
        fclose(f);
    } else {
        c->contacts_err = errno;
    }
    free(text);
}

static bool is_jigasi(const struct checkup *c, const struct contact *k)
{
    return k->jigasi && k->expires_at > c->now;
}

static bool is_behind(const struct checkup *c)
{
    unsigned live = 0, jigasis = 0;

    for (size_t i = 0; i < c->n_contacts; i++) {
        live += c->contacts[i].expires_at > c->now;
        jigasis += is_jigasi(c, &c->contacts[i]);
    }
    return c->seen.registrations && c->contacts_err != EACCES &&
           (live < c->seen.registrations || !jigasis);
}

void contacts_catch_up(struct checkup *c)
{
    static const struct timespec pause = {0, LOOK_MS * 1000000L};

    for (int i = 0; i < LOOKS_AGAIN && is_behind(c); i++) {
        nanosleep(&pause, NULL);
        free(c->contacts);
        c->contacts = NULL;
        c->n_contacts = 0;
        contacts_read(c);
    }
}

/* Where the name that Jigasi registers at leads, told when it is wrong. */
static void look_at_server(struct checkup *c)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *list, *ai;
    const struct config *cfg = c->cfg;
    char ip[NI_MAXHOST] = "";
    int code = getaddrinfo(cfg->jigasi_server, NULL, &hints, &list);

    if (code) {
        advise(c,
               "JIGASI_SIP_SERVER, %s, leads nowhere from here (%s); from "
               "where Jigasi runs it must lead to %s.",
               cfg->jigasi_server, gai_strerror(code), cfg->internal_ip);
        return;
    }
    for (ai = list; ai; ai = ai->ai_next) {
        getnameinfo(ai->ai_addr, ai->ai_addrlen, ip, sizeof(ip), NULL, 0,
                    NI_NUMERICHOST);
        if (strcmp(ip, cfg->internal_ip) == 0)
            break;
    }
    if (!ai)
        advise(c,
               "JIGASI_SIP_SERVER, %s, leads to %s, but the internal side "
               "is at %s (FREESWITCH_INTERNAL_IP).",
               cfg->jigasi_server, ip, cfg->internal_ip);
    freeaddrinfo(list);
}

static void tell_none(struct checkup *c)
{
    const struct config *cfg = c->cfg;

    found(c, FOUND_FAULT, "no Jigasi is registered: callers cannot join");
    advise(c,
           "Jigasi's settings should be JIGASI_SIP_URI=%s "
           "JIGASI_SIP_SERVER=%s JIGASI_SIP_PORT=%u and the same "
           "JIGASI_SIP_PASSWORD.",
           cfg->jigasi_uri, cfg->jigasi_server, cfg->internal_sip_port);
    look_at_server(c);
    if (strncmp(cfg->internal_ip, "127.", 4) == 0)
        advise(c,
               "The internal side is at %s, which a Jigasi in a container "
               "or on another machine cannot reach: then set "
               "FREESWITCH_INTERNAL_IP.",
               cfg->internal_ip);
    advise(c, "Restart Jigasi: one whose first registration failed does not "
              "try again by itself.");
}

static void tell_unknown(struct checkup *c)
{
    if (c->contacts_err == EACCES)
        found(c, FOUND_WARNING,
              "%s may not be read by this user, so it is not known whether "
              "Jigasi is registered",
              c->cfg->state_dir);
    else
        found(c, FOUND_WARNING,
              "the gateway counts %u registrations, but %s does not tell of "
              "them: %s",
              c->seen.registrations, c->cfg->state_dir,
              strerror(c->contacts_err));
    advise(c, "Run doctor as the gateway's user and with its settings, "
              "JIGATE_STATE_DIR above all.");
}

/* Of several, one that went and has not expired does no harm. */
static void tell_silent(struct checkup *c, const struct contact *k,
                        bool others)
{
    found(c, others ? FOUND_WARNING : FOUND_FAULT,
          "Jigasi at %s is registered, but has not answered OPTIONS: it drops "
          "calls as well%s",
          k->uri, others ? ", which others take" : "");
    advise(c,
           "Jigasi drops what does not come from the address and port that "
           "answered its REGISTER: let no NAT, proxy or port mapping stand "
           "between it and %s port %u. If it hangs, restart it.",
           c->cfg->internal_ip, c->cfg->internal_sip_port);
}

void check_jigasi(struct checkup *c)
{
    size_t jigasis = 0, answering = 0;

    for (size_t i = 0; i < c->n_contacts; i++) {
        jigasis += is_jigasi(c, &c->contacts[i]);
        answering += is_jigasi(c, &c->contacts[i]) && c->contacts[i].reachable;
    }
    if (!c->seen.registrations) {
        tell_none(c);
        return;
    }
    if (c->contacts_err)
        tell_unknown(c);
    else if (!jigasis)
        tell_none(c);
    else if (answering)
        found(c, FOUND_OK, "%zu registered and answering", answering);
    for (size_t i = 0; i < c->n_contacts; i++)
        if (is_jigasi(c, &c->contacts[i]) && !c->contacts[i].reachable)
            tell_silent(c, &c->contacts[i], answering > 0);
}
