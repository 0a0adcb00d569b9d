/**
 * What a conference mapper answers: JSON, in the variants that are in use.
 *
 *   {"conference": "room@muc.example", "id": 123456}   jitsi's own API
 *   {"conference": false}                              no such id
 *   and beside them: "jwt" or "token", "password" or "passcode" (a text or
 *   a number; true: there is one), "passcodeProtected", "state", "message".
 */
#ifndef DIRECTORY_REPLY_H
#define DIRECTORY_REPLY_H

#include <jansson.h>

#include "directory/directory.h"

/** A parsed answer; its texts live in json and in digits. */
struct reply {
    struct directory_answer answer;
    json_t *json;
    char digits[24];     /* a password that came as a number */
    const char *state;   /* "" when absent; for the log */
    const char *message; /* likewise */
    const char *wrong;   /* why the status is DIRECTORY_FAILED */
};

/**
 * Read a mapper's answer.
 *
 * @param r    Filled in; reply_reset() it afterwards.
 * @param id   The id that was asked for: an answer about another one fails.
 */
void reply_parse(struct reply *r, const char *body, size_t len,
                 const char *id);
void reply_reset(struct reply *r);

#endif
