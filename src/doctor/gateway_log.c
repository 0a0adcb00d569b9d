/* What a log of the gateway tells of calls that went wrong. */
#include <errno.h>
#include <string.h>

#include "doctor/checkup.h"

enum { LINE_MAX_BYTES = 8192, USER_MAX = 300 };

/* What to look for: words of lines that the gateway writes. */
static const struct symptom {
    const char *words;
    bool jigasi; /* and the line is about Jigasi's user */
    enum severity severity;
    const char *what, *advice;
} symptoms[] = {
    {"did not take the call: status=486", false, FOUND_WARNING,
     "Jigasi refused the room with 486",
     "Jigasi says so for every refusal. Had the meeting begun, with a host "
     "in it? Does it want a password, or a token (JWT)? Is XMPP_MUC_DOMAIN "
     "the internal domain of rooms? Does Jigasi look for the header that "
     "JIGATE_HEADER_ROOM names?"},
    {"did not ring within 3 s", false, FOUND_FAULT,
     "Jigasi did not ring: it dropped the call",
     "Jigasi drops what does not come from the address and port that "
     "answered its REGISTER: let no NAT, proxy or port mapping stand between. "
     "If it hangs, restart it."},
    {"accepts none of our codecs", false, FOUND_FAULT,
     "Jigasi accepted none of our codecs",
     "Have JIGASI_ENABLE_SDES_SRTP the same on both sides, and opus, PCMU or "
     "PCMA on, in "
     "Jigasi's settings."},
    {"reason=wrong-password", true, FOUND_FAULT,
     "Jigasi was turned away for a wrong password",
     "Give JIGASI_SIP_PASSWORD the same value on both sides."},
    {"reason=wrong-password", false, FOUND_WARNING,
     "a phone or a guesser was turned away for a wrong password",
     "If it was a phone: give it FREESWITCH_REGISTRATION_USERNAME and its "
     "password."},
    {"trunk not registered: no TLS", false, FOUND_FAULT,
     "there was no TLS with the trunk",
     "The line in the log says why. Its certificate must be in force, for the "
     "name in SIPGW_SIP_SERVER, and of a CA that the system or "
     "SIPGW_SIP_CA_FILE has."},
    {"does not accept SIPGW_SIP_USERNAME", false, FOUND_FAULT,
     "the trunk refused our user or password",
     "Set SIPGW_SIP_USERNAME, SIPGW_SIP_PASSWORD and SIPGW_SIP_DOMAIN as the "
     "provider says."},
    {"trunk not registered: ", false, FOUND_WARNING,
     "the registration at the trunk failed", "The line in the log says why."},
};

enum { SYMPTOMS = sizeof(symptoms) / sizeof(*symptoms) };

/* The first symptom that a line shows, or SYMPTOMS. */
static size_t symptom_of(const char *line, const char *jigasi)
{
    size_t i = 0;

    while (i < SYMPTOMS && (!strstr(line, symptoms[i].words) ||
                            (symptoms[i].jigasi && !strstr(line, jigasi))))
        i++;
    return i;
}

static void tell(struct checkup *c, const unsigned times[SYMPTOMS],
                 unsigned lines)
{
    bool good = true;

    for (size_t i = 0; i < SYMPTOMS; i++) {
        if (!times[i])
            continue;
        good = false;
        found(c, symptoms[i].severity, "%s, %u time%s", symptoms[i].what,
              times[i], times[i] == 1 ? "" : "s");
        advise(c, "%s", symptoms[i].advice);
    }
    if (good)
        found(c, FOUND_OK,
              "%u line%s, and none tells of trouble that is "
              "known",
              lines, lines == 1 ? "" : "s");
}

void check_log(struct checkup *c)
{
    const char *path = c->order->log;
    bool input = strcmp(path, "-") == 0;
    FILE *f = input ? stdin : fopen(path, "re");
    unsigned times[SYMPTOMS + 1] = {0}, lines = 0;
    char line[LINE_MAX_BYTES], jigasi[USER_MAX];

    if (!f) {
        found(c, FOUND_WARNING, "%s cannot be read: %s", path,
              strerror(errno));
        advise(c, "Name a file for --log, or - and hand the log over: "
                  "journalctl -u jigate | jigate doctor --log -");
        return;
    }
    snprintf(jigasi, sizeof(jigasi), "user=\"%s\"", c->cfg->jigasi_user);
    for (; fgets(line, sizeof(line), f); lines++)
        times[symptom_of(line, jigasi)]++;
    if (!input)
        fclose(f);
    tell(c, times, lines);
}
