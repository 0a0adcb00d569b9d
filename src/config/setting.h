/**
 * Inside of config/: one row of the settings table, what was read for it,
 * and how faults are told.
 */
#ifndef CONFIG_SETTING_H
#define CONFIG_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/slice.h"
#include "config/config.h"

enum setting_type {
    SETTING_TEXT,      /* char *: see kind */
    SETTING_NUMBER,    /* unsigned, in [min, max] */
    SETTING_FLAG,      /* bool */
    SETTING_CHOICE,    /* an enum: see choices */
    SETTING_ELSEWHERE, /* FreeSWITCH's starter reads it: known, not kept */
};

enum setting_section {
    SECTION_PHONES,
    SECTION_JIGASI,
    SECTION_NETWORK,
    SECTION_MEETINGS,
    SECTION_CALLS,
    SECTION_TRUNK,
    SECTION_HEADERS,
    SECTION_PROGRAM,
    SECTION_FREESWITCH,
    SECTION_COUNT,
};

enum setting_flags {
    SETTING_SECRET = 1 << 0,        /* never printed; NAME_FILE works */
    SETTING_OUR_PASSWORD = 1 << 1,  /* chosen by the operator: be strong */
    SETTING_NEED_EMBEDDED = 1 << 2, /* mandatory on that engine */
    SETTING_NEED_FREESWITCH = 1 << 3,
    SETTING_ONLY_EMBEDDED = 1 << 4, /* on FreeSWITCH nobody takes notice */
    SETTING_ONLY_FREESWITCH = 1 << 5,
};

/** What a text must look like. */
struct setting_kind {
    const char *expected; /* goes on after "expected " */
    bool (*valid)(const char *text);
};

struct setting_choice {
    const char *name;
    unsigned value;
};

/** A row of the settings table. */
struct setting {
    const char *name;
    const char *alias; /* other name, accepted with a warning, or NULL */
    enum setting_section section;
    enum setting_type type;
    unsigned flags;
    size_t offset;        /* of the member of struct config */
    const char *def;      /* as one would write it; "" for none */
    const char *def_told; /* how to tell it when def says nothing, or NULL */
    unsigned min, max;    /* number: its range; text: bytes at most (max) */
    const char *unit;     /* of a number, or NULL */
    const struct setting_kind *kind;      /* of a text, NULL: any */
    const struct setting_choice *choices; /* ends with a NULL name */
    const char *help;                     /* sentences */
};

/** The table; ends with a NULL name. */
extern const struct setting settings[];
size_t settings_count(void);

/** Heading of a section. */
const char *setting_section_name(enum setting_section s);

/** The row whose member is at this offset of struct config. */
const struct setting *setting_at(size_t offset);

/** How a variable was named. */
enum setting_form { FORM_NAME, FORM_FILE, FORM_ALIAS, FORM_COUNT };

/** Find a row by NAME, NAME_FILE (secrets) or alias; NULL when unknown. */
const struct setting *setting_find(struct slice name, enum setting_form *form);

/** The known name that a mistyped one most likely means, else NULL. */
const char *setting_nearest(struct slice name);

/** Write what a row takes: "a number of seconds from 1 to 3600". */
void setting_expected(const struct setting *s, char *out, size_t size);

extern const struct setting_kind kind_host, kind_nodes, kind_address,
    kind_rest_address, kind_networks, kind_acl, kind_sip_uri, kind_user,
    kind_path, kind_lookup, kind_keys, kind_header, kind_bearer, kind_language,
    kind_number_called, kind_codecs, kind_telephone, kind_prefixes;

/** Whether SIP itself gives a header of this name a meaning, or may do so
 *  (one letter: a compact form); compared without regard to case. */
bool header_name_is_reserved(const char *name);

/* ---- faults ---- */

struct faults {
    FILE *out;
    unsigned errors;
    unsigned warnings;
};

/** Tell a fault; outside bytes in it are escaped. */
void fault(struct faults *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void fault_warn(struct faults *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- what was read ---- */

/** The text found for one form of one setting. */
struct value {
    char *text;    /* NULL: not set; never "" */
    unsigned line; /* of the environment file, 0: the environment */
};

struct values {
    struct value (*v)[FORM_COUNT]; /* one row each setting */
    const char *file;              /* path of the environment file */
    char *credentials;             /* $CREDENTIALS_DIRECTORY, or NULL */
    char *state;                   /* $STATE_DIRECTORY, or NULL */
};

/** Read file (may be NULL) and environment. Returns 0 or ENOMEM; faults in
 *  what was read are told. */
int values_read(struct values *vs, const char *file, char *const *env,
                struct faults *f);
void values_reset(struct values *vs);

/** "(jigate.env line 3)" or "(environment)", for fault texts. */
const char *value_origin(const struct values *vs, const struct value *v,
                         char *buf, size_t size);

/** Called for each assignment of an environment file. */
typedef void envfile_h(struct slice name, const char *value, unsigned line,
                       void *arg);

/**
 * Read an environment file: NAME=value lines; blank lines and # comments;
 * "export " before a name; 'text' taken as it is; in "text" a backslash
 * keeps \, ", $ and ` as they are; nothing is ever expanded. This is what
 * docker compose and systemd agree on.
 * Faults are told with their line; the rest is still read.
 */
void envfile_read(const char *path, struct faults *f, envfile_h *h, void *arg);

/* ---- secrets ---- */

enum { SECRET_MAX = 4096 };

/**
 * Put the secret of a row where NAME is looked for: from NAME_FILE or the
 * credentials directory. More than one source is a fault.
 * Returns 0 or ENOMEM.
 */
int secret_resolve(struct values *vs, const struct setting *s,
                   struct faults *f);

/** What is wrong with a password, NULL when nothing. user may be "". */
const char *secret_weakness(const char *password, const char *user);

/* ---- interfaces ---- */

/** Text is interface:ipv4/NAME or interface:ipv6/NAME. */
bool interface_is_spec(const char *text);

/**
 * The address of an interface.
 *
 * @param ip    Set to the address; free() it.
 * @param have  On ENODEV or EADDRNOTAVAIL: filled with the interfaces that
 *              exist, with their addresses.
 * @return 0, ENODEV (no such interface), EADDRNOTAVAIL (it has no such
 * address), ENOMEM or what getifaddrs() said.
 */
int interface_address(char **ip, const char *spec, char *have, size_t size);

/** The address that packets to the world leave from; no packet is sent.
 *  Returns 0, ENETUNREACH (no default route) or ENOMEM. */
int interface_default_address(char **ip);

/* ---- after the single rows ---- */

/** What follows from several settings at once: the engine, addresses,
 *  ports. Fills members of cfg. Returns 0 or ENOMEM. */
int config_derive(struct config *cfg, const struct values *vs,
                  struct faults *f);

/** Faults and warnings that concern several settings. */
void config_cross_check(const struct config *cfg, struct faults *f);

/** Replace the text of a member; returns 0 or ENOMEM. */
int config_set(char **member, const char *text);

#endif
