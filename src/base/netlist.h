/**
 * A list of networks: who is trusted, who is local.
 */
#ifndef BASE_NETLIST_H
#define BASE_NETLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "base/slice.h"

enum { NETLIST_MAX = 256 }; /* networks in one list */

struct netlist;

/**
 * Parse networks separated by commas or blanks: "10.0.0.0/8, 192.168.1.7
 * fd00::/8". An address without a prefix length is that host alone; host bits
 * that are set are ignored. Known names, as FreeSWITCH has them: "none"
 * (nothing), "rfc1918.auto" (the private IPv4 networks), "rfc6598.auto"
 * (carrier NAT), "loopback.auto".
 *
 * @param nlp    Set to the list; free it with netlist_free().
 * @param fault  Set to the entry that could not be read; may be NULL.
 * @return 0, EINVAL, E2BIG (more than NETLIST_MAX) or ENOMEM.
 */
int netlist_parse(struct netlist **nlp, const char *text, struct slice *fault);
void netlist_free(struct netlist *nl);

/** Whether an address lies in one of the networks. An IPv6 address that maps
 *  an IPv4 one (::ffff:a.b.c.d) is the latter. A NULL list holds none. */
bool netlist_match(const struct netlist *nl, union address_ref a);

#endif
