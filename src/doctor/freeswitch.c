/* FreeSWITCH: whether it is there and listens for SIP, and whether Jigasi is
 * registered at it; at each node of several. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/nodes.h"
#include "doctor/checkup.h"
#include "doctor/event_socket.h"

/* Why there is no login, and what to do. */
static const struct {
    const char *what, *advice;
} ends[] = {
    [EVENT_SOCKET_NO_HOST] = {"has no address: the name leads nowhere",
                              "Correct FREESWITCH_SERVER; in docker compose "
                              "it is a service's name or alias on a network "
                              "that both are on."},
    [EVENT_SOCKET_REFUSED] = {"refuses connections: nobody listens there",
                              "Is FreeSWITCH up, is FREESWITCH_ESL_PORT "
                              "right on both sides, does "
                              "FREESWITCH_ESL_ADDRESS (with another "
                              "configuration: listen-ip in "
                              "event_socket.conf.xml) make it listen there?"},
    [EVENT_SOCKET_SILENT] = {"does not answer",
                             "Does a firewall stand between? Is "
                             "FREESWITCH_SERVER right?"},
    [EVENT_SOCKET_ACL] = {"turns us away by its access list",
                          "Let FREESWITCH_ESL_ALLOWED, on FreeSWITCH's side, "
                          "name this machine's network (with another "
                          "configuration: the list of apply-inbound-acl in "
                          "event_socket.conf.xml)."},
    [EVENT_SOCKET_PASSWORD] = {"does not take the password",
                               "Set FREESWITCH_ESL_PASSWORD to the same text "
                               "on both sides, then restart FreeSWITCH."},
    [EVENT_SOCKET_STRANGE] = {"does not speak as FreeSWITCH's event socket "
                              "does",
                              "Correct FREESWITCH_SERVER or "
                              "FREESWITCH_ESL_PORT."},
};

/* Count Jigasi's registrations and those that do not answer, in the XML of
 * "sofia xmlstatus". */
static void count(const char *xml, const char *user, unsigned *n,
                  unsigned *silent)
{
    static const char begin[] = "<registration>", end[] = "</registration>";
    size_t len = strlen(user);

    *n = *silent = 0;
    while ((xml = strstr(xml, begin))) {
        const char *stop = strstr(xml, end);
        const char *who = strstr(xml, "<user>");
        const char *ping = strstr(xml, "<ping-status>Unreachable");

        if (!stop)
            return;
        if (who && who < stop && strncmp(who + 6, user, len) == 0 &&
            (who[6 + len] == '@' || who[6 + len] == '<')) {
            ++*n;
            *silent += ping && ping < stop;
        }
        xml = stop;
    }
}

/* Whether a profile is told as running, in the XML of "sofia xmlstatus". */
static bool runs(const char *xml, const char *profile)
{
    char begin[64];
    const char *at, *end, *state;
    int n = snprintf(begin, sizeof(begin), "<name>%s</name>", profile);

    at = strstr(xml, begin);
    end = at ? strstr(at, "</profile>") : NULL;
    state = at ? strstr(at + n, "<state>RUNNING") : NULL;
    return end && state && state < end;
}

/* True when both sides listen. */
static bool look_at_profiles(struct checkup *c, int fd, const char *name)
{
    static const struct {
        const char *profile, *settings;
    } sides[] = {
        {"external",
         "FREESWITCH_EXTERNAL_IP and FREESWITCH_EXTERNAL_SIP_PORT"},
        {"internal", "FREESWITCH_INTERNAL_IP and JIGASI_SIP_PORT"},
    };
    bool good = true;
    char *xml = NULL;

    if (event_socket_api(fd, "sofia xmlstatus", &xml)) {
        found(c, FOUND_WARNING, "%s does not say which profiles run", name);
        advise(c, "Is mod_sofia loaded there? Its log tells why not.");
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        if (runs(xml, sides[i].profile))
            continue;
        good = false;
        found(c, FOUND_FAULT, "the SIP profile %s of %s does not run",
              sides[i].profile, name);
        advise(c,
               "FreeSWITCH's log tells why it did not start: mostly an "
               "address that the machine does not have or a port that is "
               "taken. Look at %s there.",
               sides[i].settings);
    }
    free(xml);
    return good;
}

static void look_at_jigasi(struct checkup *c, int fd, const char *name)
{
    const struct config *cfg = c->cfg;
    unsigned n, silent;
    char *xml = NULL;

    if (event_socket_api(fd, "sofia xmlstatus profile internal reg", &xml)) {
        found(c, FOUND_WARNING, "%s does not say who is registered", name);
        advise(c, "Look at FreeSWITCH's log, and run doctor again.");
        return;
    }
    count(xml, cfg->jigasi_user, &n, &silent);
    free(xml);
    if (!n) {
        found(c, FOUND_FAULT,
              "no Jigasi is registered at %s: callers cannot join", name);
        advise(c,
               "Jigasi's settings should be JIGASI_SIP_URI=%s "
               "JIGASI_SIP_SERVER=%s JIGASI_SIP_PORT=%u and the same "
               "JIGASI_SIP_PASSWORD. Restart Jigasi: one whose first "
               "registration failed does not try again by itself.",
               cfg->jigasi_uri, cfg->jigasi_server, cfg->internal_sip_port);
    } else if (silent == n) {
        found(c, FOUND_FAULT,
              "Jigasi is registered at %s, but does not answer OPTIONS: it "
              "drops calls as well",
              name);
        advise(c, "Jigasi drops what does not come from the address and port "
                  "that answered its REGISTER: let no NAT, proxy or second "
                  "FreeSWITCH stand between. If it hangs, restart it.");
    } else {
        found(c, FOUND_OK,
              "logged in at %s; %u Jigasi registered and answering", name,
              n - silent);
    }
}

static void look_at_node(struct checkup *c, const char *host, unsigned port)
{
    char name[CONFIG_NODE_HOST_MAX + 16];
    enum event_socket_end end;
    int fd;

    snprintf(name, sizeof(name), "%s port %u", host, port);
    end = event_socket_open(&fd, host, port, c->cfg->esl_password);
    if (end != EVENT_SOCKET_IN) {
        found(c, FOUND_FAULT, "%s %s", name, ends[end].what);
        advise(c, "%s", ends[end].advice);
        return;
    }
    if (look_at_profiles(c, fd, name))
        look_at_jigasi(c, fd, name);
    close(fd);
}

void check_freeswitch(struct checkup *c)
{
    const char *list = c->cfg->freeswitch_server;
    char host[CONFIG_NODE_HOST_MAX];
    unsigned port = c->cfg->esl_port;

    while (!config_node_next(&list, host, &port)) {
        look_at_node(c, host, port);
        port = c->cfg->esl_port;
    }
}
