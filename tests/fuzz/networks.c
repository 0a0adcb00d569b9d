/* Lists of networks in settings. */
#include <netinet/in.h>
#include <string.h>

#include "base/netlist.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct slice fault = {NULL, 0};
    struct netlist *nl = NULL;
    char *text = malloc(len + 1);

    if (!text)
        return 0;
    memcpy(text, data, len);
    text[len] = '\0';
    if (netlist_parse(&nl, text, &fault) == 0) {
        memcpy(&v4.sin_addr, data, len < 4 ? len : 4);
        memcpy(&v6.sin6_addr, data, len < 16 ? len : 16);
        netlist_match(nl, (struct sockaddr *)&v4);
        netlist_match(nl, (struct sockaddr *)&v6);
        netlist_free(nl);
    } else if (fault.p) {
        PROMISE(fault.p >= text && fault.p + fault.len <= text + strlen(text));
    }
    free(text);
    return 0;
}
