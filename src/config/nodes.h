/**
 * The list in FREESWITCH_SERVER.
 */
#ifndef CONFIG_NODES_H
#define CONFIG_NODES_H

#include <stddef.h>

enum { CONFIG_NODE_HOST_MAX = 256 };

/**
 * Take the first entry off a list of "host", "host:port" or
 * "[address]:port", separated by commas or blanks.
 *
 * @param list  Moved behind the entry.
 * @param host  CONFIG_NODE_HOST_MAX bytes, set to the name or address.
 * @param port  Set when the entry has one, else left as it is.
 * @return 0, ENOENT (the list is at its end), EINVAL or EOVERFLOW.
 */
int config_node_next(const char **list, char *host, unsigned *port);

#endif
