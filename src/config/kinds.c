#include <ctype.h>
#include <string.h>

#include "base/address.h"
#include "base/netlist.h"
#include "base/slice.h"
#include "config/setting.h"

static bool only(const char *text, const char *also)
{
    for (const char *p = text; *p; p++)
        if (!isascii((unsigned char)*p) ||
            (!isalnum((unsigned char)*p) && !strchr(also, *p)))
            return false;
    return true;
}

/* RFC 1123 section 2.1, and underscores, which docker uses. */
static bool valid_name(const char *text)
{
    size_t label = 0;

    if (!only(text, "-_."))
        return false;
    for (const char *p = text; *p; p++) {
        bool edge = p[1] == '\0' || p[1] == '.';

        if (*p == '.') {
            if (!label)
                return false;
            label = 0;
        } else if (++label > 63 || (*p == '-' && (label == 1 || edge))) {
            return false;
        }
    }
    return label > 0;
}

static bool valid_host(const char *text)
{
    return address_is_ip(text) || valid_name(text);
}

const struct setting_kind kind_host = {
    "a host name or an IP address",
    valid_host,
};

/* One of a list: HOST, HOST:PORT or [ADDRESS]:PORT. */
static bool valid_node(const char *text, size_t n)
{
    char host[256];
    const char *colon = memrchr(text, ':', n);
    uint64_t port;

    if (colon && memchr(text, ':', (size_t)(colon - text)) && colon[-1] != ']')
        colon = NULL; /* an IPv6 address without brackets is no node */
    if (colon &&
        slice_to_u64((struct slice){colon + 1, n - (size_t)(colon + 1 - text)},
                     1, 65535, &port))
        return false;
    if (colon)
        n = (size_t)(colon - text);
    if (n > 2 && text[0] == '[' && text[n - 1] == ']') {
        text++;
        n -= 2;
    }
    return !slice_copy((struct slice){text, n}, host, sizeof(host)) &&
           valid_host(host);
}

static bool valid_nodes(const char *text)
{
    for (;;) {
        size_t n = strcspn(text, ",");

        if (!n || !valid_node(text, n))
            return false;
        if (!text[n])
            return true;
        text += n + 1;
    }
}

const struct setting_kind kind_nodes = {
    "a host name or an IP address, with :PORT where it is another one; "
    "several separated by commas",
    valid_nodes,
};

static bool valid_address(const char *text)
{
    return (address_is_ip(text) && !address_is_any_ip(text)) ||
           interface_is_spec(text);
}

const struct setting_kind kind_address = {
    "one IP address of this machine, or interface:ipv4/NAME or "
    "interface:ipv6/NAME",
    valid_address,
};

static bool valid_rest_address(const char *text)
{
    return address_is_ip(text) || interface_is_spec(text);
}

const struct setting_kind kind_rest_address = {
    "an IP address, or interface:ipv4/NAME or interface:ipv6/NAME",
    valid_rest_address,
};

static bool valid_networks(const char *text)
{
    struct netlist *nl = NULL;
    int err = netlist_parse(&nl, text, NULL);

    netlist_free(nl);
    return !err;
}

const struct setting_kind kind_networks = {
    "a list of networks such as 192.0.2.10, 10.1.0.0/16, 2001:db8::/32",
    valid_networks,
};

/* FreeSWITCH knows more names than we do; config_cross_check() tells where
 * that matters. */
static bool valid_acl(const char *text)
{
    return only(text, "-_.") || valid_networks(text);
}

const struct setting_kind kind_acl = {
    "none, rfc1918.auto, or a list of networks such as 10.1.0.0/16",
    valid_acl,
};

static bool valid_user(const char *text)
{
    return only(text, "-_.~+!*");
}

const struct setting_kind kind_user = {
    "a user name of letters, digits and -_.~+!*",
    valid_user,
};

const struct setting_kind kind_number_called = {
    "a number or a name of letters, digits and -_.~+!*",
    valid_user,
};

static bool valid_digits(const char *text, const char *also)
{
    return text[strspn(text, also)] == '\0' && strpbrk(text, "0123456789");
}

static bool valid_telephone(const char *text)
{
    return valid_digits(text + (*text == '+'), "0123456789*");
}

const struct setting_kind kind_telephone = {
    "a telephone number of digits, + in front of them or not",
    valid_telephone,
};

static bool valid_prefix(const char *text, size_t n)
{
    size_t plus = *text == '+';

    return strspn(text + plus, "0123456789*") == n - plus;
}

static bool valid_prefixes(const char *text)
{
    for (;;) {
        size_t n = strcspn(text, ", ");

        if (!n || !valid_prefix(text, n))
            return false;
        text += n;
        text += strspn(text, ", ");
        if (!*text)
            return true;
    }
}

const struct setting_kind kind_prefixes = {
    "a list of what permitted numbers begin with, such as +49, 030",
    valid_prefixes,
};

static bool valid_sip_uri(const char *text)
{
    const char *at = strchr(text, '@');
    char user[65];

    return at && at > text &&
           !slice_copy((struct slice){text, (size_t)(at - text)}, user,
                       sizeof(user)) &&
           valid_user(user) && valid_name(at + 1);
}

const struct setting_kind kind_sip_uri = {
    "user@domain, without sip: in front and a port behind",
    valid_sip_uri,
};

static bool valid_path(const char *text)
{
    return *text == '/' || *text == '.' || only(text, "-_./");
}

const struct setting_kind kind_path = {
    "the path of a folder",
    valid_path,
};

/* RFC 3261 section 25.1: token. */
static bool valid_header(const char *text)
{
    return only(text, "-.!%*_+`'~") && !header_name_is_reserved(text);
}

const struct setting_kind kind_header = {
    "the name of a header that SIP has no use of its own for, such as "
    "X-Room-Name",
    valid_header,
};

/* RFC 6750 section 2.1: b64token. */
static bool valid_bearer(const char *text)
{
    return only(text, "-._~+/=");
}

const struct setting_kind kind_bearer = {
    "a token of letters, digits and -._~+/=",
    valid_bearer,
};

static bool valid_language(const char *text)
{
    return only(text, "-_");
}

const struct setting_kind kind_language = {
    "a language such as en or pt-br",
    valid_language,
};

static bool valid_codec(struct slice name, bool *codec)
{
    static const char *const codecs[] = {"opus", "pcmu", "pcma", "g722"};

    *codec = false;
    for (size_t i = 0; i < sizeof(codecs) / sizeof(*codecs); i++)
        *codec |= slice_is_nocase(name, codecs[i]);
    return *codec || slice_is_nocase(name, "caller");
}

static bool valid_codecs(const char *text)
{
    struct slice rest = slice_of(text);
    bool any = false;

    do {
        bool codec;

        if (!valid_codec(slice_split(&rest, ','), &codec))
            return false;
        any |= codec;
    } while (rest.len);
    return any;
}

const struct setting_kind kind_codecs = {
    "codecs separated by commas, of opus, pcmu, pcma and g722; caller may "
    "stand before them",
    valid_codecs,
};

static bool valid_keys(const char *text)
{
    return only(text, "*#=,- ");
}

const struct setting_kind kind_keys = {
    "a list such as *6=mute,*9=hand",
    valid_keys,
};

/* RFC 3986 section 2: what may stand in a URI, braces apart. */
static bool valid_url_text(const char *text)
{
    return only(text, "-._~:/?#[]@!$&'()*+,;=%{}");
}

/* Only {id} and {caller}, and neither in the host, lest a caller choose
 * which server is asked. */
static bool valid_places(const char *authority)
{
    size_t host = strcspn(authority, "/?#");
    bool id = false;

    for (const char *p = authority; *p; p++) {
        const char *end = strchr(p, '}');
        size_t len;

        if (*p == '}')
            return false;
        if (*p != '{')
            continue;
        if (!end || (size_t)(p - authority) < host)
            return false;
        len = (size_t)(end - p) + 1;
        if (slice_is((struct slice){p, len}, "{id}"))
            id = true;
        else if (!slice_is((struct slice){p, len}, "{caller}"))
            return false;
        p = end;
    }
    return id && host > 0;
}

static bool valid_lookup(const char *text)
{
    static const char *const schemes[] = {"https://", "http://"};

    if (strcmp(text, "direct") == 0)
        return true;
    if (!valid_url_text(text))
        return false;
    for (size_t i = 0; i < 2; i++)
        if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
            return valid_places(text + strlen(schemes[i]));
    return false;
}

const struct setting_kind kind_lookup = {
    "direct, or an http:// or https:// URL with {id} and perhaps {caller} "
    "after the host (builtin is not available in this version)",
    valid_lookup,
};
