/**
 * Who holds a port of this machine, from /proc/net and, where they may be
 * read, the open files of each process in /proc.
 */
#ifndef DOCTOR_HOLDER_H
#define DOCTOR_HOLDER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { HOLDER_TEXT = 96 }; /* bytes for holder_name() */

enum holder_protocol { HOLDER_UDP, HOLDER_TCP };

/** A socket that is bound (UDP) or listens (TCP). */
struct holder {
    unsigned port;
    char ip[INET6_ADDRSTRLEN]; /* an IPv4 address inside IPv6 as IPv4 */
    unsigned long inode;
    pid_t pid;        /* 0: not known */
    char program[32]; /* "" then */
};

/**
 * Parse a line of /proc/net/{udp,udp6,tcp,tcp6}.
 * @return false: a heading, no such line, or a TCP socket that does not
 * listen.
 */
bool holder_parse(struct holder *h, enum holder_protocol protocol,
                  const char *line);

/** Whether a socket is in the way of one bound to ip. */
bool holder_in_the_way(const struct holder *h, const char *ip);

/**
 * List the sockets with ports from first to last that are in the way of ip.
 * @param list  Set to n of them; free() it.
 * @return 0, ENOMEM, or why /proc/net cannot be read.
 */
int holders_list(struct holder **list, size_t *n,
                 enum holder_protocol protocol, const char *ip, unsigned first,
                 unsigned last);

/** "asterisk (process 123)", or words for one that is not known. */
void holder_text(const struct holder *h, char *out, size_t size);

/** The same of whoever holds one port. */
void holder_name(enum holder_protocol protocol, const char *ip, unsigned port,
                 char *out, size_t size);

#endif
