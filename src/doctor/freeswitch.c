/* FreeSWITCH: whether it is there, and whether Jigasi is registered at it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
                              "right, does event_socket.conf.xml have "
                              "listen-ip 0.0.0.0 or ::?"},
    [EVENT_SOCKET_SILENT] = {"does not answer",
                             "Does a firewall stand between? Is "
                             "FREESWITCH_SERVER right?"},
    [EVENT_SOCKET_ACL] = {"turns us away by its access list",
                          "Let apply-inbound-acl in event_socket.conf.xml "
                          "hold this machine's network."},
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

static void look_at_jigasi(struct checkup *c, int fd)
{
    const struct config *cfg = c->cfg;
    unsigned n, silent;
    char *xml = NULL;

    if (event_socket_api(fd, "sofia xmlstatus profile internal reg", &xml)) {
        found(c, FOUND_WARNING, "FreeSWITCH does not say who is registered");
        return;
    }
    count(xml, cfg->jigasi_user, &n, &silent);
    free(xml);
    if (!n) {
        found(c, FOUND_FAULT,
              "no Jigasi is registered at FreeSWITCH: callers cannot join");
        advise(c,
               "Jigasi's settings should be JIGASI_SIP_URI=%s "
               "JIGASI_SIP_SERVER=%s JIGASI_SIP_PORT=%u and the same "
               "JIGASI_SIP_PASSWORD. Restart Jigasi: one whose first "
               "registration failed does not try again by itself.",
               cfg->jigasi_uri, cfg->jigasi_server, cfg->internal_sip_port);
    } else if (silent == n) {
        found(c, FOUND_FAULT,
              "Jigasi is registered at FreeSWITCH, but does not answer "
              "OPTIONS: it drops calls as well");
        advise(c, "Jigasi drops what does not come from the address and port "
                  "that answered its REGISTER: let no NAT, proxy or second "
                  "FreeSWITCH stand between. If it hangs, restart it.");
    } else {
        found(c, FOUND_OK, "logged in; %u Jigasi registered and answering",
              n - silent);
    }
}

void check_freeswitch(struct checkup *c)
{
    const struct config *cfg = c->cfg;
    enum event_socket_end end;
    int fd;

    end = event_socket_open(&fd, cfg->freeswitch_server, cfg->esl_port,
                            cfg->esl_password);
    if (end == EVENT_SOCKET_IN) {
        look_at_jigasi(c, fd);
        close(fd);
        return;
    }
    found(c, FOUND_FAULT, "%s port %u %s", cfg->freeswitch_server,
          cfg->esl_port, ends[end].what);
    advise(c, "%s", ends[end].advice);
}
