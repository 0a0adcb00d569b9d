/**
 * What a call has to remember over a restart of the program, as one text
 * that the engine keeps with the participant's leg.
 *
 * The text holds no wall clock, and the clock of a later program may be
 * another: times are written as what was left of them, and the engine tells
 * how old the note is. What a
 * mapper returned (conference, token, password) is not written: it may be
 * long or secret; the meeting id is, and is looked up again before a redial.
 */
#ifndef CALL_NOTE_H
#define CALL_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call/room.h"
#include "engine/engine.h"

enum { NOTE_STATE_SIZE = 16, NOTE_NAME_SIZE = 24 };

struct note {
    char state[NOTE_STATE_SIZE]; /* name of the state, e.g. "meeting" */
    char meeting_id[ENGINE_KEYS_MAX + 1]; /* "" where a room was dialled */
    struct room room;                     /* name "" where none yet */
    char password[ENGINE_KEYS_MAX + 1];   /* as keyed */
    uint32_t flags;                       /* bits that the call defines */
    uint32_t counters;                    /* the same */
    char end[NOTE_NAME_SIZE];             /* how it ends, "" while it lasts */
    char prompts[2][NOTE_NAME_SIZE]; /* what is said last, or while waiting */
    uint32_t age_s;                  /* since the call came in */
    uint32_t bridged_s;              /* since it was in the meeting */
    uint32_t step_ms;   /* left of the state's timer, 0 = none runs */
    uint32_t access_ms; /* the same of the lobby password's */
    uint32_t wait_s;    /* left of JIGATE_MAX_WAIT, 0 = over */
    uint32_t limit_s;   /* left of the call's duration, 0 = none runs */
};

/**
 * Write a note: printable ASCII without blanks.
 * @return 0, or EOVERFLOW when ENGINE_NOTE_MAX bytes are too few (buf is "").
 */
int note_write(const struct note *n, char *buf, size_t size);

/**
 * Read a note back. The text comes from a channel variable that others may
 * have written: everything is checked.
 * @return 0, or EINVAL (n is zeroed).
 */
int note_read(struct note *n, const char *text);

#endif
