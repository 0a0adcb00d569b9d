/**
 * The UDP sockets of RTP.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_UDP_H
#define ENGINE_EMBEDDED_MEDIA_UDP_H

#include <stdint.h>
#include <sys/socket.h>

#include "engine/embedded/media/ports.h"

/**
 * Bind two sockets, to a free even port and the one above it (RFC 3550
 * section 11): non-blocking, marked for expedited forwarding (RFC 3246).
 *
 * @param fd       Set to the sockets of RTP and of RTCP.
 * @param port     Set to the even port, taken from ports; give it back when
 *                 the sockets are closed.
 * @param address  Where to bind; its port is ignored.
 * @return 0, EAGAIN (no port can be bound) or another errno value.
 */
int udp_open(int fd[2], uint16_t *port, struct ports *ports,
             const struct sockaddr_storage *address);

/** Receive from one address only, and send to it without a route look-up.
 *  Returns 0 or an errno value. */
int udp_connect(int fd, const struct sockaddr_storage *to);

/** Receive from everywhere again. */
void udp_disconnect(int fd);

#endif
