/* Answers of a conference mapper, and the template of its URL. */
#include <string.h>

#include "base/utf8.h"
#include "directory/reply.h"
#include "directory/template.h"
#include "fuzz.h"

enum { TEXT_MAX = 8192 };

static void clean(const char *text)
{
    size_t n, len = strlen(text);
    uint32_t cp;

    for (size_t i = 0; i < len; i += n) {
        n = utf8_decode(text + i, len - i, &cp);
        PROMISE(n > 0 && cp >= 0x20 && cp != 0x7f);
    }
}

static void expand(const uint8_t *data, size_t len)
{
    char *url = NULL, *text = malloc(len + 1);

    if (!text)
        return;
    memcpy(text, data, len);
    text[len] = '\0';
    if (template_expand(&url, "https://m.example/{id}?c={caller}", "123456",
                        text) == 0) {
        PROMISE(strspn(url + 23, "0123456789abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ-._~%?=") ==
                strlen(url + 23));
        free(url);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct reply r;

    reply_parse(&r, (const char *)data, len, "123456");
    PROMISE(r.answer.conference && r.answer.room && r.answer.token &&
            r.answer.password);
    if (r.answer.status == DIRECTORY_FOUND) {
        PROMISE(strlen(r.answer.conference) < 512);
        clean(r.answer.conference);
        clean(r.answer.token);
        clean(r.answer.password);
    }
    if (r.answer.status == DIRECTORY_FAILED)
        PROMISE(r.wrong);
    reply_reset(&r);
    if (len < TEXT_MAX)
        expand(data, len);
    return 0;
}
