/**
 * FreeSWITCH's event socket (mod_event_socket), one command at a time,
 * waiting for the answer.
 */
#ifndef DOCTOR_EVENT_SOCKET_H
#define DOCTOR_EVENT_SOCKET_H

#include <stddef.h>

enum event_socket_end {
    EVENT_SOCKET_IN,       /* logged in */
    EVENT_SOCKET_NO_HOST,  /* the name leads nowhere */
    EVENT_SOCKET_REFUSED,  /* nobody listens */
    EVENT_SOCKET_SILENT,   /* no answer in time */
    EVENT_SOCKET_ACL,      /* "text/rude-rejection" */
    EVENT_SOCKET_PASSWORD, /* "-ERR invalid" */
    EVENT_SOCKET_STRANGE,  /* another protocol */
};

/**
 * Connect and log in.
 *
 * @param fd  Set to the socket on EVENT_SOCKET_IN; close() it.
 */
enum event_socket_end event_socket_open(int *fd, const char *host,
                                        unsigned port, const char *password);

/**
 * Send "api COMMAND".
 *
 * @param out  Set to the answer, NUL-terminated; free() it.
 * @return 0, ETIMEDOUT, EPROTO or ENOMEM.
 */
int event_socket_api(int fd, const char *command, char **out);

#endif
