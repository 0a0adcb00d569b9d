/**
 * The UDP sockets of RTP.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_UDP_H
#define ENGINE_EMBEDDED_MEDIA_UDP_H

#include <stdint.h>
#include <sys/socket.h>

#include "engine/embedded/media/ports.h"

/**
 * Bind a socket to a free port: non-blocking, marked for expedited
 * forwarding (RFC 3246).
 *
 * @param fdp      Set to the socket.
 * @param port     Set to the port, taken from ports; give it back when the
 *                 socket is closed.
 * @param address  Where to bind; its port is ignored.
 * @return 0, EAGAIN (no port can be bound) or another errno value.
 */
int udp_open(int *fdp, uint16_t *port, struct ports *ports,
             const struct sockaddr_storage *address);

/** Receive from one address only, and send to it without a route look-up.
 *  Returns 0 or an errno value. */
int udp_connect(int fd, const struct sockaddr_storage *to);

/** Receive from everywhere again. */
void udp_disconnect(int fd);

#endif
