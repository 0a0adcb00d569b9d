/* Which header names an operator may give to what Jigasi is told. */
#include <string.h>
#include <strings.h>

#include "config/setting.h"

/* Headers that SIP gives a meaning: RFC 3261 section 20, and those of its
 * extensions that a stack or a proxy acts on (IANA's "SIP Parameters"). */
static const char *const reserved[] = {
    "Alert-Info",
    "Authentication-Info",
    "Authorization",
    "Call-ID",
    "Call-Info",
    "Contact",
    "CSeq",
    "Date",
    "Diversion",
    "Error-Info",
    "Event",
    "Expires",
    "From",
    "Geolocation",
    "History-Info",
    "Identity",
    "In-Reply-To",
    "Info-Package",
    "Join",
    "Max-Breadth",
    "Max-Forwards",
    "MIME-Version",
    "Organization",
    "Path",
    "Priority",
    "Privacy",
    "RAck",
    "Reason",
    "Record-Route",
    "Recv-Info",
    "Refer-Sub",
    "Refer-To",
    "Referred-By",
    "Reject-Contact",
    "Remote-Party-ID",
    "Replaces",
    "Reply-To",
    "Request-Disposition",
    "Require",
    "Resource-Priority",
    "Retry-After",
    "Route",
    "RSeq",
    "Server",
    "Service-Route",
    "Session-Expires",
    "Session-ID",
    "SIP-ETag",
    "SIP-If-Match",
    "Subject",
    "Subscription-State",
    "Supported",
    "Target-Dialog",
    "Timestamp",
    "To",
    "Unsupported",
    "User-Agent",
    "User-to-User",
    "Via",
    "Warning",
    "WWW-Authenticate",
};

/* Families of them. */
static const char *const families[] = {
    "Accept", "Allow", "Content-", "Min-", "P-", "Proxy-", "Security-",
};

bool header_name_is_reserved(const char *name)
{
    if (strlen(name) == 1) /* compact forms, RFC 3261 section 7.3.3 */
        return true;
    for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
        if (strcasecmp(name, reserved[i]) == 0)
            return true;
    for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
        if (strncasecmp(name, families[i], strlen(families[i])) == 0)
            return true;
    return false;
}
