/**
 * Socket addresses, IPv4 and IPv6 alike.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_ADDRESS_H
#define ENGINE_EMBEDDED_MEDIA_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { ADDRESS_TEXT_MAX = INET6_ADDRSTRLEN + 9 }; /* "[…]:65535" and NUL */

/** Whether family, address and port are the same. */
bool address_equal(const struct sockaddr_storage *a,
                   const struct sockaddr_storage *b);

/** Whether one can send RTP there: IPv4 or IPv6, a port, a single host. */
bool address_usable(const struct sockaddr_storage *a);

/** Length to give to the socket calls. */
socklen_t address_len(const struct sockaddr_storage *a);

/** Whether family and address are the same, whatever the port. */
bool address_same_host(const struct sockaddr_storage *a,
                       const struct sockaddr_storage *b);

uint16_t address_port(const struct sockaddr_storage *a);
void address_port_set(struct sockaddr_storage *a, uint16_t port);

/** Write "192.0.2.1:4000" or "[2001:db8::1]:4000"; returns buf. */
const char *address_text(const struct sockaddr_storage *a,
                         char buf[ADDRESS_TEXT_MAX]);

#endif
