/**
 * The UDP sockets of RTP.
 */
#ifndef ENGINE_EMBEDDED_MEDIA_UDP_H
#define ENGINE_EMBEDDED_MEDIA_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>

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

/** Have the kernel note when packets come, or no longer. Where it cannot,
 *  they have come when they are received. */
void udp_stamp(int fd, bool on);

/**
 * Receive one packet.
 * @param stamp  When it came, on the wall clock; tv_sec 0: not noted.
 * @return its length, which may be more than size, or -1 and errno.
 */
ssize_t udp_receive(int fd, uint8_t *packet, size_t size,
                    struct sockaddr_storage *from, struct timespec *stamp);

/** Receive from everywhere again. */
void udp_disconnect(int fd);

#endif
