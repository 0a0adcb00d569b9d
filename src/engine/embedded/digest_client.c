#include "engine/embedded/digest_client.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/hex.h"
#include "engine/embedded/digest_params.h"

enum {
    HASH_MAX = 32,
    HEX_SIZE = 2 * HASH_MAX + 1,
    CNONCE_BYTES = 16,
    PARTS_MAX = 6,
};

struct challenge {
    struct slice realm;
    struct slice nonce;
    struct slice opaque;
    struct slice algorithm;
    struct slice qop;
    struct slice stale;
};

static const struct digest_param known[] = {
    {"realm", offsetof(struct challenge, realm), DIGEST_CLIENT_VALUE_MAX},
    {"nonce", offsetof(struct challenge, nonce), DIGEST_CLIENT_VALUE_MAX},
    {"opaque", offsetof(struct challenge, opaque), DIGEST_CLIENT_VALUE_MAX},
    {"algorithm", offsetof(struct challenge, algorithm), 64},
    {"qop", offsetof(struct challenge, qop), 128},
    {"stale", offsetof(struct challenge, stale), 64},
};

/* Whether "auth" is in the list of what the server takes. */
static bool offers_auth(struct slice qop)
{
    while (qop.len) {
        struct slice one = slice_split(&qop, ',');

        while (one.len && (*one.p == ' ' || *one.p == '\t')) {
            one.p++;
            one.len--;
        }
        while (one.len &&
               (one.p[one.len - 1] == ' ' || one.p[one.len - 1] == '\t'))
            one.len--;
        if (slice_is_nocase(one, "auth"))
            return true;
    }
    return false;
}

int digest_client_take(struct digest_client *dc, const char *const *params,
                       bool proxy, bool *stale)
{
    struct digest_client next = {.challenged = true, .proxy = proxy};
    struct challenge ch = {.realm = {NULL, 0}};

    *stale = false;
    if (digest_params_read(&ch, known, sizeof(known) / sizeof(*known),
                           params) ||
        !ch.realm.p || !ch.nonce.len)
        return EINVAL;
    next.named = ch.algorithm.len > 0;
    next.sha256 = slice_is_nocase(ch.algorithm, "SHA-256");
    next.qop = ch.qop.len > 0;
    if ((next.named && !next.sha256 &&
         !slice_is_nocase(ch.algorithm, "MD5")) ||
        (next.qop && !offers_auth(ch.qop)))
        return ENOTSUP;
    if (slice_copy(ch.realm, next.realm, sizeof(next.realm)) ||
        slice_copy(ch.nonce, next.nonce, sizeof(next.nonce)) ||
        slice_copy(ch.opaque, next.opaque, sizeof(next.opaque)))
        return EINVAL;
    *stale = slice_is_nocase(ch.stale, "true");
    *dc = next;
    return 0;
}

/* Hex of the hash over the texts with colons between them. */
static bool hash(const struct digest_client *dc, char out[HEX_SIZE],
                 const char *const *part, size_t n)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex(
                         ctx, dc->sha256 ? EVP_sha256() : EVP_md5(), NULL);

    for (size_t i = 0; ok && i < n; i++) {
        if (i)
            ok = EVP_DigestUpdate(ctx, ":", 1);
        ok = ok && EVP_DigestUpdate(ctx, part[i], strlen(part[i]));
    }
    ok = ok && EVP_DigestFinal_ex(ctx, sum, &len) && len <= HASH_MAX;
    EVP_MD_CTX_free(ctx);
    if (!ok)
        return false;
    hex_put(out, sum, len);
    out[2 * len] = '\0';
    return true;
}

static bool respond(const struct digest_client *dc, const char *user,
                    const char *password, const char *method, const char *uri,
                    const char *count, const char *cnonce, char out[HEX_SIZE])
{
    char ha1[HEX_SIZE], ha2[HEX_SIZE];
    const char *const secret[] = {user, dc->realm, password};
    const char *const what[] = {method, uri};
    const char *const all[PARTS_MAX] = {ha1,    dc->nonce, count,
                                        cnonce, "auth",    ha2};
    const char *const without_qop[] = {ha1, dc->nonce, ha2};
    bool ok = hash(dc, ha1, secret, 3) && hash(dc, ha2, what, 2);

    if (ok && dc->qop)
        ok = hash(dc, out, all, PARTS_MAX);
    else if (ok)
        ok = hash(dc, out, without_qop, 3);
    OPENSSL_cleanse(ha1, sizeof(ha1));
    return ok;
}

int digest_client_answer_with(struct digest_client *dc, const char *user,
                              const char *password, const char *method,
                              const char *uri, const char *cnonce,
                              char out[DIGEST_CLIENT_ANSWER_SIZE])
{
    char response[HEX_SIZE], count[16], tail[128] = "";
    const char *name = dc->sha256 ? "SHA-256" : "MD5";
    int n;

    out[0] = '\0';
    snprintf(count, sizeof(count), "%08x", (unsigned)dc->count + 1);
    if (!dc->challenged ||
        !respond(dc, user, password, method, uri, count, cnonce, response))
        return EIO;
    if (dc->qop)
        snprintf(tail, sizeof(tail), ", qop=auth, nc=%s, cnonce=\"%s\"", count,
                 cnonce);
    n = snprintf(out, DIGEST_CLIENT_ANSWER_SIZE,
                 "Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", "
                 "uri=\"%s\", response=\"%s\"%s%s%s%s%s%s",
                 user, dc->realm, dc->nonce, uri, response,
                 dc->named ? ", algorithm=" : "", dc->named ? name : "", tail,
                 *dc->opaque ? ", opaque=\"" : "", dc->opaque,
                 *dc->opaque ? "\"" : "");
    if (n < 0 || n >= DIGEST_CLIENT_ANSWER_SIZE) {
        out[0] = '\0';
        return EIO;
    }
    dc->count++;
    return 0;
}

int digest_client_answer(struct digest_client *dc, const char *user,
                         const char *password, const char *method,
                         const char *uri, char out[DIGEST_CLIENT_ANSWER_SIZE])
{
    unsigned char raw[CNONCE_BYTES];
    char cnonce[2 * CNONCE_BYTES + 1];

    out[0] = '\0';
    if (RAND_bytes(raw, sizeof(raw)) != 1)
        return EIO;
    hex_put(cnonce, raw, sizeof(raw));
    cnonce[2 * CNONCE_BYTES] = '\0';
    return digest_client_answer_with(dc, user, password, method, uri, cnonce,
                                     out);
}
