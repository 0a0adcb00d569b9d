/* The value of WWW-Authenticate as a trunk sends it, and our answer: read
 * again it says what the challenge said, and nothing else. */
#include <stddef.h>
#include <string.h>

#include <sofia-sip/sip_header.h>
#include <sofia-sip/su_alloc.h>

#include "engine/embedded/digest_client.h"
#include "engine/embedded/digest_params.h"
#include "fuzz.h"

#define USER "acct"
#define URI  "sip:+49301234@provider.example"

struct said {
    struct slice user, realm, nonce, uri, response, opaque, algorithm, qop;
};

static const struct digest_param params[] = {
    {"username", offsetof(struct said, user), DIGEST_CLIENT_VALUE_MAX},
    {"realm", offsetof(struct said, realm), DIGEST_CLIENT_VALUE_MAX},
    {"nonce", offsetof(struct said, nonce), DIGEST_CLIENT_VALUE_MAX},
    {"uri", offsetof(struct said, uri), DIGEST_CLIENT_VALUE_MAX},
    {"response", offsetof(struct said, response), DIGEST_CLIENT_VALUE_MAX},
    {"opaque", offsetof(struct said, opaque), DIGEST_CLIENT_VALUE_MAX},
    {"algorithm", offsetof(struct said, algorithm), DIGEST_CLIENT_VALUE_MAX},
    {"qop", offsetof(struct said, qop), DIGEST_CLIENT_VALUE_MAX},
};

static void read_back(su_home_t *home, const struct digest_client *dc,
                      const char *answer)
{
    sip_authorization_t *au = sip_authorization_make(home, answer);
    struct said is = {.user = {NULL, 0}};

    PROMISE(au && strcmp(au->au_scheme, "Digest") == 0 && !au->au_next);
    PROMISE(digest_params_read(&is, params, sizeof(params) / sizeof(*params),
                               (const char *const *)au->au_params) == 0);
    PROMISE(slice_is(is.user, USER) && slice_is(is.uri, URI));
    PROMISE(slice_is(is.realm, dc->realm) && slice_is(is.nonce, dc->nonce));
    PROMISE(slice_is(is.opaque, dc->opaque));
    PROMISE(is.response.len == (dc->sha256 ? 64u : 32u));
    PROMISE(dc->qop == slice_is(is.qop, "auth"));
    PROMISE(dc->named == (is.algorithm.len > 0));
}

static void answer(su_home_t *home, struct digest_client *dc)
{
    char out[DIGEST_CLIENT_ANSWER_SIZE];
    uint32_t count = dc->count;

    if (digest_client_answer_with(dc, USER, "secret", "INVITE", URI, "c0",
                                  out)) {
        PROMISE(!*out);
        return;
    }
    PROMISE(dc->count == count + 1);
    for (const char *p = out; *p; p++)
        PROMISE((unsigned char)*p >= 0x20 && *p != 0x7f);
    read_back(home, dc, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    su_home_t home[1] = {SU_HOME_INIT(home)};
    sip_www_authenticate_t *au;
    char *text = malloc(len + 1);

    if (!text)
        return 0;
    memcpy(text, data, len);
    text[len] = '\0';
    su_home_init(home);
    au = sip_www_authenticate_make(home, text);
    for (; au; au = au->au_next) {
        struct digest_client dc = {.challenged = false};
        const struct digest_client none = {.challenged = false};
        bool stale;
        int err = digest_client_take(&dc, (const char *const *)au->au_params,
                                     true, &stale);

        if (err) {
            PROMISE(memcmp(&dc, &none, sizeof(dc)) == 0);
            continue;
        }
        PROMISE(dc.challenged && dc.proxy && *dc.nonce);
        answer(home, &dc);
        answer(home, &dc);
    }
    su_home_deinit(home);
    free(text);
    return 0;
}
