/* Texts out of SIP headers: display names, user parts, contacts. */
#include <string.h>

#include "engine/embedded/contact_uri.h"
#include "engine/embedded/header.h"
#include "fuzz.h"

static void names(const char *text)
{
    char name[HEADER_NAME_MAX], quoted[2 * HEADER_NAME_MAX];
    char reason[HEADER_TEXT_MAX + 32];
    size_t n;

    header_display_get(text, name, sizeof(name));
    PROMISE(header_text_ok(name));
    header_quote(name, quoted, sizeof(quoted));
    n = strlen(quoted);
    PROMISE(n >= 2 && quoted[0] == '"' && quoted[n - 1] == '"');
    PROMISE(header_text_ok(quoted));
    for (size_t i = 1; i < n - 1; i++) {
        PROMISE(quoted[i] != '"');
        if (quoted[i] == '\\')
            PROMISE(++i < n - 1);
    }
    header_reason_put(480, text, reason, sizeof(reason));
    PROMISE(header_text_ok(reason));
    if (header_token_ok(text))
        PROMISE(*text && !strpbrk(text, " \t\r\n:;,\"<>@"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char user[HEADER_URI_MAX], *text = malloc(len + 1);
    struct slice uri = {(const char *)data, len};

    if (!text)
        return 0;
    memcpy(text, data, len);
    text[len] = '\0';
    names(text);
    PROMISE(header_user_decode(text, user, sizeof(user)) <= sizeof(user));
    if (contact_uri_check(uri)) {
        PROMISE(!memchr(data, '?', len) && !memchr(data, '\0', len));
        PROMISE(!strpbrk(text, " \r\n\"<>\\"));
        PROMISE(contact_uri_same(uri, uri));
    }
    free(text);
    return 0;
}
