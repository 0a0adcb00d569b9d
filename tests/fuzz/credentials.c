/* Authorization headers: one parameter a line; a lone @ as value of nonce
 * stands for a nonce that the gateway just made. */
#include <string.h>

#include "engine/embedded/digest.h"
#include "fuzz.h"

static const struct digest_user users[] = {
    {"user", "5cZk0qVm71", ENGINE_EXTERNAL},
    {"jigasi", "tH3nXr20pw", ENGINE_INTERNAL},
};

static size_t split(char *text, char nonce[256], const char **list, size_t max)
{
    char *save = NULL;
    size_t n = 0;

    for (char *p = strtok_r(text, "\n", &save); p && n < max;
         p = strtok_r(NULL, "\n", &save))
        list[n++] = strcmp(p, "nonce=@") == 0 ? nonce : p;
    list[n] = NULL;
    return n;
}

static void make_nonce(const struct digest *d, char nonce[256])
{
    char challenge[DIGEST_CHALLENGE_MAX], *p;

    PROMISE(digest_challenge(d, 1000, false, challenge) == 0);
    p = strstr(challenge, "nonce=\"");
    PROMISE(p);
    snprintf(nonce, 256, "nonce=\"%.*s\"", (int)strcspn(p + 7, "\""), p + 7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct digest *d;
    struct digest_credentials cr;
    const char *list[DIGEST_PARAMS_MAX + 4], *user = "";
    char nonce[256], *text;

    if (!d)
        PROMISE(digest_alloc(&d, "meet.jitsi", users, 2, 60000) == 0);
    text = malloc(len + 1);
    if (!text)
        return 0;
    memcpy(text, data, len);
    text[len] = '\0';
    make_nonce(d, nonce);
    split(text, nonce, list, DIGEST_PARAMS_MAX + 3);
    if (digest_parse(&cr, list) == 0) {
        struct slice method = {"INVITE", 6};

        digest_is_ours(d, &cr);
        PROMISE(digest_check(d, ENGINE_EXTERNAL, &cr, method, 1001, &user) !=
                DIGEST_OK);
        PROMISE(user == NULL);
    }
    free(text);
    return 0;
}
