/**
 * jigate doctor: looks at a configured installation and says in plain words
 * what will not work, and what to change. It runs beside a gateway, which it
 * asks by REST, or without one. It changes nothing.
 */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H

#include <stdio.h>

#include "config/config.h"

struct doctor_order {
    const struct config *cfg; /* as loaded; usable */
    char *const *env;         /* for what others' settings say */
    const char *file;         /* of settings, or NULL */
    const char *log;          /* a log of the gateway, "-" or NULL */
    const char *notes;        /* what config_load() told, line by line */
    FILE *out;                /* where the findings go */
};

/** Run all checks that apply. Takes seconds where something is silent.
 *  @return the number of faults found, -1 when out of memory. */
int doctor_run(const struct doctor_order *order);

/** Tell what config_load() found where the settings are not usable. */
void doctor_tell_settings(const char *notes, FILE *out);

#endif
