/**
 * Asking a gateway that runs how it is, for jigate --health.
 */
#ifndef HTTP_HEALTH_H
#define HTTP_HEALTH_H

#include <stdio.h>

enum { HEALTH_URL_SIZE = 200 };

/** The URL of a path of the gateway's own REST server, 0.0.0.0 and :: being
 *  this machine. */
void health_url(char out[HEALTH_URL_SIZE], const char *address, unsigned port,
                const char *path);

/**
 * GET /health at address:port, 0.0.0.0 and :: being this machine; waits 3 s
 * at most.
 *
 * @param told  Where the reason of a failure is told.
 * @return 0 when the answer is 200, else EHOSTUNREACH.
 */
int health_ask(const char *address, unsigned port, FILE *told);

#endif
