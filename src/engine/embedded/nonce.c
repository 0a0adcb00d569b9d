#include "engine/embedded/nonce.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "base/hex.h"

enum {
    TIME_BYTES = 8,
    RANDOM_BYTES = 8,
    STAMP_BYTES = TIME_BYTES + RANDOM_BYTES, /* names the nonce */
    MAC_BYTES = 16,                          /* of the HMAC's 32 */
    KEY_BYTES = 32,
    REALM_MAX = 256,
    WAYS = 8, /* entries in a bucket */
    WINDOW = 64,
};

_Static_assert(2 * (STAMP_BYTES + MAC_BYTES) + 1 == NONCE_SIZE, "nonce size");

/* A nonce that was used. */
struct used {
    uint8_t stamp[STAMP_BYTES];
    uint64_t made; /* ms + 1, so that 0 is a free entry */
    uint64_t seen; /* bit i: count highest - i was used */
    uint32_t highest;
};

/* floor is the youngest nonce that was pushed out: what is not younger and
   not in the bucket may have been used, so it counts as expired. */
struct bucket {
    struct used used[WAYS];
    uint64_t floor;
};

struct nonces {
    uint8_t key[KEY_BYTES];
    char *realm;
    uint32_t lifetime_ms;
    size_t n_buckets; /* a power of two */
    struct bucket *buckets;
};

int nonces_alloc(struct nonces **np, const char *realm, uint32_t lifetime_ms,
                 size_t max)
{
    struct nonces *n;
    int err = ENOMEM;

    if (!lifetime_ms || max < WAYS || max > (size_t)1 << 24 ||
        strlen(realm) > REALM_MAX)
        return EINVAL;
    n = calloc(1, sizeof(*n));
    if (!n)
        return ENOMEM;
    n->lifetime_ms = lifetime_ms;
    n->n_buckets = 1;
    while (n->n_buckets * WAYS < max)
        n->n_buckets *= 2;
    n->realm = strdup(realm);
    n->buckets = calloc(n->n_buckets, sizeof(*n->buckets));
    if (!n->realm || !n->buckets)
        goto out;
    err = RAND_bytes(n->key, sizeof(n->key)) == 1 ? 0 : EIO;
out:
    if (err)
        nonces_free(n);
    else
        *np = n;
    return err;
}

void nonces_free(struct nonces *n)
{
    if (!n)
        return;
    OPENSSL_cleanse(n->key, sizeof(n->key));
    free(n->realm);
    free(n->buckets);
    free(n);
}

/* HMAC over stamp and realm; false when libcrypto fails. */
static bool sign(const struct nonces *n, const uint8_t stamp[STAMP_BYTES],
                 uint8_t mac[MAC_BYTES])
{
    uint8_t text[STAMP_BYTES + REALM_MAX];
    uint8_t full[EVP_MAX_MD_SIZE];
    size_t len = strlen(n->realm);
    unsigned n_full = 0;

    memcpy(text, stamp, STAMP_BYTES);
    memcpy(text + STAMP_BYTES, n->realm, len);
    if (!HMAC(EVP_sha256(), n->key, sizeof(n->key), text, STAMP_BYTES + len,
              full, &n_full) ||
        n_full < MAC_BYTES)
        return false;
    memcpy(mac, full, MAC_BYTES);
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* All or nothing; lower case only, as we write it. */
static bool get_hex(uint8_t *out, size_t len, struct slice s)
{
    if (s.len != 2 * len)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(s.p[2 * i]);
        int low = hex_digit(s.p[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static uint64_t made_at(const uint8_t stamp[STAMP_BYTES])
{
    uint64_t t = 0;

    for (size_t i = 0; i < TIME_BYTES; i++)
        t = t << 8 | stamp[i];
    return t;
}

int nonce_make(const struct nonces *n, uint64_t now, char out[NONCE_SIZE])
{
    uint8_t raw[STAMP_BYTES + MAC_BYTES];

    out[0] = '\0';
    for (size_t i = 0; i < TIME_BYTES; i++)
        raw[i] = (uint8_t)(now >> (8 * (TIME_BYTES - 1 - i)));
    if (RAND_bytes(raw + TIME_BYTES, RANDOM_BYTES) != 1 ||
        !sign(n, raw, raw + STAMP_BYTES))
        return EIO;
    hex_put(out, raw, sizeof(raw));
    out[NONCE_SIZE - 1] = '\0';
    return 0;
}

/* Take a nonce apart; false when it is not one of ours. */
static bool open_nonce(const struct nonces *n, struct slice nonce,
                       uint8_t stamp[STAMP_BYTES])
{
    uint8_t raw[STAMP_BYTES + MAC_BYTES];
    uint8_t mac[MAC_BYTES];

    if (!get_hex(raw, sizeof(raw), nonce) || !sign(n, raw, mac))
        return false;
    memcpy(stamp, raw, STAMP_BYTES);
    return CRYPTO_memcmp(mac, raw + STAMP_BYTES, MAC_BYTES) == 0;
}

static enum nonce_state judge(const struct nonces *n, struct slice nonce,
                              uint64_t now, uint8_t stamp[STAMP_BYTES])
{
    uint64_t made;

    if (!open_nonce(n, nonce, stamp))
        return NONCE_FORGED;
    made = made_at(stamp);
    return made <= now && now - made < n->lifetime_ms ? NONCE_FRESH
                                                      : NONCE_EXPIRED;
}

enum nonce_state nonce_check(const struct nonces *n, struct slice nonce,
                             uint64_t now)
{
    uint8_t stamp[STAMP_BYTES];

    return judge(n, nonce, now, stamp);
}

/* The stamp's random bytes are ours, so they spread by themselves. */
static struct bucket *bucket_of(const struct nonces *n,
                                const uint8_t stamp[STAMP_BYTES])
{
    size_t h = 0;

    for (size_t i = TIME_BYTES; i < STAMP_BYTES; i++)
        h = h << 8 | stamp[i];
    return &n->buckets[h & (n->n_buckets - 1)];
}

static struct used *find_used(struct bucket *b,
                              const uint8_t stamp[STAMP_BYTES])
{
    for (size_t i = 0; i < WAYS; i++)
        if (b->used[i].made &&
            memcmp(b->used[i].stamp, stamp, STAMP_BYTES) == 0)
            return &b->used[i];
    return NULL;
}

/* A free entry, or that of the oldest nonce, raising the floor. NULL: the
   new nonce is not above the floor. */
static struct used *claim(struct bucket *b, uint64_t made)
{
    struct used *u = &b->used[0];

    if (made <= b->floor)
        return NULL;
    for (size_t i = 1; i < WAYS; i++)
        if (b->used[i].made < u->made)
            u = &b->used[i];
    if (u->made >= made)
        return NULL;
    if (u->made > b->floor)
        b->floor = u->made;
    return u;
}

/* Mark a count in the window below the highest; false: seen, or too old. */
static bool mark(struct used *u, uint32_t nc)
{
    if (nc > u->highest) {
        uint32_t step = nc - u->highest;

        u->seen = step < WINDOW ? u->seen << step : 0;
        u->seen |= 1;
        u->highest = nc;
        return true;
    }
    if (u->highest - nc >= WINDOW || u->seen >> (u->highest - nc) & 1)
        return false;
    u->seen |= UINT64_C(1) << (u->highest - nc);
    return true;
}

bool nonce_use(struct nonces *n, struct slice nonce, uint32_t nc, uint64_t now)
{
    uint8_t stamp[STAMP_BYTES];
    struct bucket *b;
    struct used *u;

    if (!nc || judge(n, nonce, now, stamp) != NONCE_FRESH)
        return false;
    b = bucket_of(n, stamp);
    u = find_used(b, stamp);
    if (!u) {
        u = claim(b, made_at(stamp) + 1);
        if (!u)
            return false;
        memcpy(u->stamp, stamp, STAMP_BYTES);
        u->made = made_at(stamp) + 1;
        u->seen = 0;
        u->highest = 0;
    }
    return mark(u, nc);
}
