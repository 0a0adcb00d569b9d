/**
 * HTTP GET for doctor/, waiting for the answer.
 */
#ifndef DOCTOR_ASK_H
#define DOCTOR_ASK_H

#include <stddef.h>

enum { ASK_MAX = 65536 };

/**
 * GET path from the gateway's REST port, 0.0.0.0 and :: being this machine.
 *
 * @param status  Set to the HTTP status, left alone when nobody answers.
 * @param body    ASK_MAX bytes; a longer answer is a failure.
 * @return 0 or EHOSTUNREACH.
 */
int ask_rest(const char *address, unsigned port, const char *path,
             long *status, char *body, size_t *len);

/**
 * GET a URL as the gateway would: JSON, no redirects, certificate checked.
 *
 * @param bearer  Token, "" for none.
 * @param error   Set to a static text of what went wrong.
 * @return 0 or EHOSTUNREACH.
 */
int ask_url(const char *url, const char *bearer, long *status, char *body,
            size_t *len, const char **error);

#endif
