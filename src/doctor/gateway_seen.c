/* The gateway that runs, asked by REST; and what the settings say of it. */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "doctor/ask.h"
#include "doctor/checkup.h"
#include "doctor/holder.h"

void check_settings(struct checkup *c)
{
    const char *line = c->order->notes;

    while (line && *line) {
        size_t n = strcspn(line, "\n");
        bool error = strncmp(line, "error: ", 7) == 0;
        const char *text = strchr(line, ':');

        if (text && (size_t)(text - line) < n)
            found(c, error ? FOUND_FAULT : FOUND_WARNING, "%.*s",
                  (int)(n - (size_t)(text + 2 - line)), text + 2);
        line += n + (line[n] == '\n');
    }
    if (!c->count[FOUND_FAULT] && !c->count[FOUND_WARNING])
        found(c, FOUND_OK, "usable");
}

static json_t *get(const struct checkup *c, const char *path, long *status)
{
    char body[ASK_MAX];
    size_t len;

    *status = 0;
    if (ask_rest(c->cfg->rest_address, c->cfg->rest_port, path, status, body,
                 &len))
        return NULL;
    return json_loadb(body, len, 0, NULL);
}

/* What listens where the gateway should. */
static void tell_stranger(struct checkup *c, long status)
{
    char who[HOLDER_TEXT];

    c->seen.stranger = true;
    holder_name(HOLDER_TCP, c->cfg->rest_address, c->cfg->rest_port, who,
                sizeof(who));
    found(c, FOUND_FAULT,
          "%s answers at %s port %u, with status %ld to GET /stats: it is no "
          "gateway of this kind",
          who, c->cfg->rest_address, c->cfg->rest_port, status);
    advise(c, "Set REST_PORT to a port that is free; jvb of "
              "docker-jitsi-meet has 8080 of the loopback.");
}

static void tell_state(struct checkup *c, json_t *ready, long status)
{
    const char *reason = NULL;

    if (status == 200) {
        found(c, FOUND_OK, "runs and takes calls, %u registration%s",
              c->seen.registrations, c->seen.registrations == 1 ? "" : "s");
        return;
    }
    json_unpack(ready, "{s:s}", "reason", &reason);
    found(c, FOUND_FAULT, "runs but takes no calls: %.200s",
          reason ? reason : "it does not say why");
    advise(c, "Look at its log; the reason stands there.");
}

void check_gateway(struct checkup *c)
{
    const struct config *cfg = c->cfg;
    long stats_status, ready_status;
    json_t *stats = get(c, "/stats", &stats_status);
    json_t *ready = NULL;
    int registrations = 0;

    if (!stats_status) {
        found(c, FOUND_WARNING,
              "none answers at %s port %u, so Jigasi and phones were not "
              "looked at",
              cfg->rest_address, cfg->rest_port);
        advise(c, "Start jigate, then run \"jigate doctor\" again, with the "
                  "same settings.");
    } else if (json_unpack(stats, "{s:i}", "registrations", &registrations) ||
               registrations < 0) {
        tell_stranger(c, stats_status);
    } else {
        ready = get(c, "/ready", &ready_status);
        c->seen.running = true;
        c->seen.registrations = (unsigned)registrations;
        if (cfg->engine == CONFIG_ENGINE_EMBEDDED)
            contacts_catch_up(c);
        tell_state(c, ready, ready_status);
    }
    json_decref(stats);
    json_decref(ready);
}
