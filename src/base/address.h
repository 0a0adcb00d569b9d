/**
 * Socket addresses: a host, IPv4 or IPv6, and a port. Nothing here resolves
 * a name.
 */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    ADDRESS_IP_SIZE = INET6_ADDRSTRLEN,       /* "2001:db8::1" and NUL */
    ADDRESS_TEXT_SIZE = INET6_ADDRSTRLEN + 9, /* "[…]:65535" and NUL */
};

/** An address that is read, whichever struct it lies in: a function that
 *  takes this takes a pointer to any of them, as bind() and its like do. */
union address_ref {
    const struct sockaddr *sa;
    const struct sockaddr_storage *storage;
    const struct sockaddr_in *v4;
    const struct sockaddr_in6 *v6;
} __attribute__((transparent_union));

/**
 * Make an address of its two parts.
 *
 * @param out   Filled wholly, so that two can be compared byte by byte; all
 *              zero (AF_UNSPEC) on failure.
 * @param ip    "192.0.2.1" or "2001:db8::1", without brackets or a scope.
 * @param port  0 to 65535, in the order of this machine.
 * @return 0, or EINVAL: ip is no address.
 */
int address_read(struct sockaddr_storage *out, const char *ip, uint16_t port);

/** Whether text is an IPv4 or IPv6 address, and whether it is 0.0.0.0 or ::;
 *  as address_read() takes it. */
bool address_is_ip(const char *text);
bool address_is_any_ip(const char *text);

/** Copy family, host, scope and port, and nothing else: filled as by
 *  address_read(). Returns 0, or EAFNOSUPPORT: neither IPv4 nor IPv6. */
int address_copy(struct sockaddr_storage *out, union address_ref a);

/** Length to give to the socket calls. */
socklen_t address_len(union address_ref a);

/** The port, in the order of this machine. */
uint16_t address_port(union address_ref a);
void address_port_set(struct sockaddr_storage *a, uint16_t port);

/** Whether family, host and port are the same. */
bool address_equal(union address_ref a, union address_ref b);

/** Whether family and host are the same, whatever the port. */
bool address_same_host(union address_ref a, union address_ref b);

/** Whether both are one party's for all that we know: the same IPv4 address,
 *  or addresses out of the same IPv6 /64, of which a host has as many as it
 *  likes (RFC 4291 section 2.5.1). */
bool address_same_network(union address_ref a, union address_ref b);

/** Whether it is 0.0.0.0 or ::. */
bool address_is_any(union address_ref a);

/** Whether it names no single host: multicast, broadcast, or reserved
 *  (240.0.0.0/4, RFC 1112 section 4). */
bool address_is_group(union address_ref a);

/** Whether one can send there: IPv4 or IPv6, a port, a single host. */
bool address_usable(union address_ref a);

/** Write the host alone, "none" where it is neither IPv4 nor IPv6; returns
 *  buf. */
const char *address_ip(union address_ref a, char buf[ADDRESS_IP_SIZE]);

/** Write "192.0.2.1:4000" or "[2001:db8::1]:4000" or "none"; returns buf. */
const char *address_text(union address_ref a, char buf[ADDRESS_TEXT_SIZE]);

/**
 * Whether this process may listen there, told by the kernel: a socket is
 * bound for a moment.
 *
 * @param port  0: any, to ask for the address alone.
 * @param type  SOCK_DGRAM or SOCK_STREAM.
 * @return 0, EINVAL (ip is no address) or what socket() or bind() said.
 */
int address_try(const char *ip, uint16_t port, int type);

#endif
