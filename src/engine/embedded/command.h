/**
 * What the main thread and the media threads ask of the SIP thread.
 */
#ifndef ENGINE_EMBEDDED_COMMAND_H
#define ENGINE_EMBEDDED_COMMAND_H

#include <stddef.h>

#include "base/mailbox.h"
#include "engine/engine.h"

enum command_type {
    COMMAND_RING,
    COMMAND_PROGRESS,
    COMMAND_ANSWER,
    COMMAND_REJECT, /* status, text, retry_after_s */
    COMMAND_DIAL,   /* peer, target, contact or number, caller_number, name,
                       call, headers */
    COMMAND_INFO,   /* content_type, body, len */
    COMMAND_HANGUP, /* cause, text */
    COMMAND_SILENT, /* media hears nothing from the far side any more */
    COMMAND_ALIVE,  /* … or hears it again */
    COMMAND_TRUNK_LINK, /* the TLS connection to the trunk came or went */
    COMMAND_STOP,       /* end every leg, then the thread */
};

/** One command; texts are its own and never NULL. */
struct command {
    struct mail mail;
    enum command_type type;
    engine_leg leg;
    engine_leg peer; /* COMMAND_DIAL: whom the new leg is for */
    enum engine_target target;
    unsigned status;
    unsigned retry_after_s;
    unsigned cause;
    char *text;
    char *contact;
    char *number;
    char *caller_number;
    char *name;
    char *call;
    char *content_type;
    char *body;
    size_t len;
    struct engine_header *headers;
    size_t n_headers;
};

/** Make a command with copies of what is given; NULL texts become "".
 *  @return 0 or ENOMEM. */
int command_alloc(struct command **cp, const struct command *from);
void command_free(struct command *c);

#endif
