/**
 * Inside of doctor/: what the checks share, and how they tell findings.
 */
#ifndef DOCTOR_CHECKUP_H
#define DOCTOR_CHECKUP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "doctor/doctor.h"

enum severity { FOUND_OK, FOUND_WARNING, FOUND_FAULT, SEVERITIES };

/** Variables that are not Jigate's own, but of the docker-jitsi-meet that it
 *  may share an environment or a file with. */
enum hint {
    HINT_PORT_MIN, /* JIGASI_PORT_MIN … */
    HINT_PORT_MAX,
    HINT_JVB_PORT,
    HINT_TRANSLATOR,
    HINT_STARTMUTED,
    HINT_TRANSPORT,
    HINT_PUBLIC_URL,
    HINTS,
};

/** A registration, as the gateway stored it. */
struct contact {
    bool jigasi;
    bool reachable; /* answered its last OPTIONS, or is new */
    char uri[256];
    char address[INET6_ADDRSTRLEN]; /* where the REGISTER came from */
    uint64_t expires_at;            /* wall clock, ms */
    uint64_t refreshed_at;
};

/** What GET /stats and /ready said. */
struct seen {
    bool running;  /* a gateway answered */
    bool stranger; /* something else did */
    unsigned registrations;
};

struct checkup {
    const struct config *cfg;
    const struct doctor_order *order;
    FILE *out;
    const char *check; /* name of the one that runs */
    unsigned count[SEVERITIES];
    char *hints[HINTS]; /* NULL: not known */
    struct seen seen;
    struct contact *contacts; /* expired ones, too */
    size_t n_contacts;
    int contacts_err; /* why the stored ones could not be read, or 0 */
    uint64_t now;     /* wall clock, ms */
};

/** Tell a finding. Outside bytes in it are escaped. */
void found(struct checkup *c, enum severity s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** Tell what to do about the finding before. */
void advise(struct checkup *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/** Read the hints; the environment wins over the file. 0 or ENOMEM. */
int hints_read(struct checkup *c);
const char *hint_name(enum hint h);
/** The number that a hint says, else def. */
unsigned hint_number(const struct checkup *c, enum hint h, unsigned def);
/** Whether a hint switches something on. */
bool hint_on(const struct checkup *c, enum hint h);

/** Read the registrations that the gateway stored. */
void contacts_read(struct checkup *c);
/** Read them again, for 2 s at most, while they do not tell of as many as the
 *  gateway counts, or of no Jigasi: it stores them up to 1 s late. */
void contacts_catch_up(struct checkup *c);
/** The same from a text, for tests: 0, EBADMSG or ENOMEM. */
int contacts_parse(struct checkup *c, const char *text, size_t len);

/** Calls at a time that the settings allow. */
unsigned calls_allowed(const struct config *cfg);

/** What is wrong with the wall clock (s since 1970), NULL when nothing.
 *  newest: last time that is known to be past, or 0. */
const char *clock_fault(uint64_t now_s, uint64_t newest_s);

/** Calls that so many open files carry. */
unsigned calls_of_files(uint64_t files);

typedef void check_h(struct checkup *c);

check_h check_gateway, check_settings, check_sip_ports, check_rest_port,
    check_rtp_ports, check_neighbours, check_address, check_jigasi,
    check_headers, check_jitsi, check_freeswitch, check_mapper, check_sounds,
    check_state, check_clock, check_files, check_buffers, check_threads,
    check_log;

#endif
