#include "engine/embedded/digest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/hex.h"

#include "engine/embedded/digest_params.h"
#include "engine/embedded/nonce.h"

enum {
    HASH_BYTES = 16,
    HASH_CHARS = 2 * HASH_BYTES,
    NC_CHARS = 8,
    PARTS_MAX = 6,          /* texts hashed together */
    NONCES_MAX = 64 * 1024, /* used within one lifetime: 500 calls a second */
    REALM_MAX = 128,
};

/* A user name as it may be sent, with its hash of name, realm, password. */
struct identity {
    char *name;
    const char *user; /* as configured */
    enum engine_side side;
    char ha1[HASH_CHARS];
};

struct digest {
    char *realm;
    struct identity *identities; /* two a user: "name", "name@realm" */
    size_t n_identities;
    char nobody[HASH_CHARS]; /* in place of an unknown user's hash */
    struct nonces *nonces;
};

/* Hex of the MD5 over the parts with colons between them. */
static bool hash_parts(char out[HASH_CHARS], const struct slice *part,
                       size_t n)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_md5(), NULL);

    for (size_t i = 0; ok && i < n; i++) {
        if (i)
            ok = EVP_DigestUpdate(ctx, ":", 1);
        if (ok && part[i].len)
            ok = EVP_DigestUpdate(ctx, part[i].p, part[i].len);
    }
    ok = ok && EVP_DigestFinal_ex(ctx, sum, &len) && len == HASH_BYTES;
    EVP_MD_CTX_free(ctx);
    if (ok)
        hex_put(out, sum, HASH_BYTES);
    return ok;
}

/* What may stand inside quotes without an escape. */
static bool is_plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f || *text == '"' ||
            *text == '\\')
            return false;
    return true;
}

static int add_identity(struct digest *d, const struct digest_user *u,
                        const char *domain)
{
    struct identity *id = &d->identities[d->n_identities];
    struct slice part[3];

    if (asprintf(&id->name, "%s%s%s", u->name, domain ? "@" : "",
                 domain ? domain : "") < 0) {
        id->name = NULL;
        return ENOMEM;
    }
    id->side = u->side;
    id->user = domain ? d->identities[d->n_identities - 1].name : id->name;
    d->n_identities++;
    part[0] = slice_of(id->name);
    part[1] = slice_of(d->realm);
    part[2] = slice_of(u->password);
    return hash_parts(id->ha1, part, 3) ? 0 : EIO;
}

static int add_user(struct digest *d, const struct digest_user *u)
{
    int err;

    if (!u->name[0] || !u->password[0] || !is_plain(u->name))
        return EINVAL;
    err = add_identity(d, u, NULL);
    return err ? err : add_identity(d, u, d->realm);
}

static int draw_nobody(struct digest *d)
{
    unsigned char raw[HASH_BYTES];

    if (RAND_bytes(raw, sizeof(raw)) != 1)
        return EIO;
    hex_put(d->nobody, raw, sizeof(raw));
    return 0;
}

int digest_alloc(struct digest **dp, const char *realm,
                 const struct digest_user *users, size_t n_users,
                 uint32_t lifetime_ms)
{
    struct digest *d;
    int err = ENOMEM;

    if (!realm[0] || strlen(realm) > REALM_MAX || !is_plain(realm) ||
        n_users > DIGEST_USERS_MAX)
        return EINVAL;
    d = calloc(1, sizeof(*d));
    if (!d)
        return ENOMEM;
    d->realm = strdup(realm);
    d->identities = calloc(2 * n_users + 1, sizeof(*d->identities));
    if (!d->realm || !d->identities)
        goto out;
    err = draw_nobody(d);
    for (size_t i = 0; !err && i < n_users; i++)
        err = add_user(d, &users[i]);
    if (!err)
        err = nonces_alloc(&d->nonces, realm, lifetime_ms, NONCES_MAX);
out:
    if (err)
        digest_free(d);
    else
        *dp = d;
    return err;
}

void digest_free(struct digest *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->n_identities; i++) {
        OPENSSL_cleanse(d->identities[i].ha1, HASH_CHARS);
        free(d->identities[i].name);
    }
    free(d->identities);
    nonces_free(d->nonces);
    free(d->realm);
    free(d);
}

int digest_parse(struct digest_credentials *cr, const char *const *params)
{
    static const struct digest_param known[] = {
        {"username", offsetof(struct digest_credentials, username),
         DIGEST_VALUE_MAX},
        {"realm", offsetof(struct digest_credentials, realm),
         DIGEST_VALUE_MAX},
        {"nonce", offsetof(struct digest_credentials, nonce),
         DIGEST_VALUE_MAX},
        {"uri", offsetof(struct digest_credentials, uri), DIGEST_URI_MAX},
        {"response", offsetof(struct digest_credentials, response),
         DIGEST_VALUE_MAX},
        {"algorithm", offsetof(struct digest_credentials, algorithm),
         DIGEST_VALUE_MAX},
        {"cnonce", offsetof(struct digest_credentials, cnonce),
         DIGEST_VALUE_MAX},
        {"qop", offsetof(struct digest_credentials, qop), DIGEST_VALUE_MAX},
        {"nc", offsetof(struct digest_credentials, nc), DIGEST_VALUE_MAX},
    };

    memset(cr, 0, sizeof(*cr));
    return digest_params_read(cr, known, sizeof(known) / sizeof(*known),
                              params);
}

int digest_challenge(const struct digest *d, uint64_t now, bool stale,
                     char out[DIGEST_CHALLENGE_MAX])
{
    char nonce[NONCE_SIZE];
    int err = nonce_make(d->nonces, now, nonce);

    out[0] = '\0';
    if (err)
        return err;
    snprintf(out, DIGEST_CHALLENGE_MAX,
             "Digest realm=\"%s\", nonce=\"%s\", algorithm=MD5, "
             "qop=\"auth\"%s",
             d->realm, nonce, stale ? ", stale=true" : "");
    return 0;
}

bool digest_is_ours(const struct digest *d,
                    const struct digest_credentials *cr)
{
    return slice_is(cr->realm, d->realm);
}

/* The count is eight hex digits (RFC 7616 section 3.4); 0 when it is not. */
static uint32_t nonce_count(struct slice nc)
{
    uint32_t v = 0;

    if (nc.len != NC_CHARS)
        return 0;
    for (size_t i = 0; i < NC_CHARS; i++) {
        char c = nc.p[i];

        if (c >= '0' && c <= '9')
            v = v << 4 | (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return 0;
    }
    return v;
}

/* Every identity is looked at, found or not. */
static const struct identity *find_identity(const struct digest *d,
                                            enum engine_side side,
                                            struct slice name)
{
    const struct identity *found = NULL;

    for (size_t i = 0; i < d->n_identities; i++) {
        const struct identity *id = &d->identities[i];

        if (id->side == side && slice_is(name, id->name) && !found)
            found = id;
    }
    return found;
}

/* RFC 7616 section 3.4.1 with qop=auth; false also when libcrypto fails. */
static bool response_is_right(const char ha1[HASH_CHARS],
                              const struct digest_credentials *cr,
                              struct slice method)
{
    char ha2[HASH_CHARS];
    char right[HASH_CHARS];
    struct slice a2[2] = {method, cr->uri};
    struct slice all[PARTS_MAX] = {
        {ha1, HASH_CHARS}, cr->nonce, cr->nc,
        cr->cnonce,        cr->qop,   {ha2, HASH_CHARS},
    };

    return hash_parts(ha2, a2, 2) && hash_parts(right, all, PARTS_MAX) &&
           CRYPTO_memcmp(right, cr->response.p, HASH_CHARS) == 0;
}

static bool is_complete(const struct digest *d,
                        const struct digest_credentials *cr)
{
    return digest_is_ours(d, cr) && cr->username.len && cr->nonce.len &&
           cr->uri.len && cr->cnonce.len && cr->response.len == HASH_CHARS &&
           slice_is_nocase(cr->qop, "auth") && nonce_count(cr->nc) &&
           (!cr->algorithm.len || slice_is_nocase(cr->algorithm, "MD5"));
}

enum digest_verdict digest_check(struct digest *d, enum engine_side side,
                                 const struct digest_credentials *cr,
                                 struct slice method, uint64_t now,
                                 const char **user)
{
    const struct identity *id;
    enum nonce_state state;
    bool right;

    *user = NULL;
    if (!is_complete(d, cr))
        return DIGEST_BROKEN;
    id = find_identity(d, side, cr->username);
    state = nonce_check(d->nonces, cr->nonce, now);
    right = response_is_right(id ? id->ha1 : d->nobody, cr, method);
    if (!id || !right)
        return DIGEST_WRONG;
    /* A nonce from before our restart is forged by the look of it, but its
       owner knows the password. */
    if (state != NONCE_FRESH ||
        !nonce_use(d->nonces, cr->nonce, nonce_count(cr->nc), now))
        return DIGEST_STALE;
    *user = id->user;
    return DIGEST_OK;
}
