#include "doctor/doctor.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "doctor/checkup.h"

/* What a check needs to make sense. */
enum need {
    NEED_EMBEDDED = 1 << 0,
    NEED_FREESWITCH = 1 << 1,
    NEED_RUNNING = 1 << 2, /* a gateway, and that it runs */
    NEED_STOPPED = 1 << 3, /* that none runs: its ports are ours to try */
    NEED_LOG = 1 << 4,
};

/* In the order in which one would mend things. The first tells whether a
 * gateway runs, which the others need to know. */
static const struct {
    const char *name;
    check_h *h;
    unsigned needs;
} checks[] = {
    {"settings", check_settings, 0},
    {"gateway", check_gateway, 0},
    {"sip ports", check_sip_ports, NEED_EMBEDDED | NEED_STOPPED},
    {"rest port", check_rest_port, NEED_STOPPED},
    {"audio ports", check_rtp_ports, NEED_EMBEDDED},
    {"neighbours", check_neighbours, 0},
    {"address", check_address, 0},
    {"freeswitch", check_freeswitch, NEED_FREESWITCH},
    {"jigasi", check_jigasi, NEED_EMBEDDED | NEED_RUNNING},
    {"headers", check_headers, 0},
    {"jitsi", check_jitsi, 0},
    {"mapper", check_mapper, 0},
    {"sounds", check_sounds, NEED_EMBEDDED},
    {"state", check_state, NEED_EMBEDDED},
    {"clock", check_clock, 0},
    {"files", check_files, NEED_EMBEDDED},
    {"buffers", check_buffers, NEED_EMBEDDED},
    {"threads", check_threads, NEED_EMBEDDED},
    {"log", check_log, NEED_LOG},
};

static unsigned having(const struct checkup *c)
{
    unsigned have = c->cfg->engine == CONFIG_ENGINE_EMBEDDED ? NEED_EMBEDDED
                                                             : NEED_FREESWITCH;

    have |= c->seen.running ? NEED_RUNNING : NEED_STOPPED;
    return c->order->log ? have | NEED_LOG : have;
}

static void sum_up(struct checkup *c)
{
    unsigned faults = c->count[FOUND_FAULT];
    unsigned warnings = c->count[FOUND_WARNING];

    fprintf(c->out, "\n%u fault%s, %u warning%s\n", faults,
            faults == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
}

int doctor_run(const struct doctor_order *order)
{
    struct checkup c = {.cfg = order->cfg, .order = order, .out = order->out};
    int err = hints_read(&c);

    c.now = (uint64_t)time(NULL) * 1000;
    if (!err)
        contacts_read(&c);
    for (size_t i = 0; i < sizeof(checks) / sizeof(*checks) && !err; i++) {
        c.check = checks[i].name;
        if ((checks[i].needs & ~having(&c)) == 0)
            checks[i].h(&c);
    }
    if (!err)
        sum_up(&c);
    for (size_t i = 0; i < HINTS; i++)
        free(c.hints[i]);
    free(c.contacts);
    return err ? -1 : (int)c.count[FOUND_FAULT];
}

void doctor_tell_settings(const char *notes, FILE *out)
{
    const struct doctor_order order = {.notes = notes, .out = out};
    struct checkup c = {.order = &order, .out = out, .check = "settings"};

    check_settings(&c);
    sum_up(&c);
}
