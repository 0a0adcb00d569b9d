#include "engine/sdp/sdes.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { BASE64_MAX = 64 }; /* characters of the longest key: 46 bytes */

static const struct {
    const char *name;
    size_t key_len; /* master key and salt */
} suites[MEDIA_SUITES] = {
    [MEDIA_PLAIN] = {"none", 0},
    [MEDIA_AES_CM_128_HMAC_SHA1_80] = {"AES_CM_128_HMAC_SHA1_80", 30},
    [MEDIA_AES_CM_128_HMAC_SHA1_32] = {"AES_CM_128_HMAC_SHA1_32", 30},
    [MEDIA_AES_256_CM_HMAC_SHA1_80] = {"AES_256_CM_HMAC_SHA1_80", 46},
};

const char *sdes_suite_name(enum media_suite suite)
{
    return suites[suite].name;
}

static struct slice word(struct slice *text)
{
    while (text->len && *text->p == ' ') {
        text->p++;
        text->len--;
    }
    return slice_split(text, ' ');
}

static enum media_suite find_suite(struct slice name)
{
    for (size_t i = MEDIA_PLAIN + 1; i < MEDIA_SUITES; i++)
        if (slice_is_nocase(name, suites[i].name))
            return (enum media_suite)i;
    return MEDIA_PLAIN;
}

/* EVP_DecodeBlock() takes blanks at either end and counts padding as data,
   so both are looked at first. */
static int decode(uint8_t *key, size_t key_len, struct slice text)
{
    uint8_t out[BASE64_MAX];
    size_t padding = 0;
    int n;

    for (size_t i = 0; i < text.len; i++)
        if (text.p[i] <= ' ' || (text.p[i] == '=' && i + 2 < text.len))
            return EBADMSG;
    while (padding < 2 && padding < text.len &&
           text.p[text.len - 1 - padding] == '=')
        padding++;
    if (text.len % 4 || text.len / 4 * 3 != key_len + padding ||
        text.len > BASE64_MAX)
        return EBADMSG;
    n = EVP_DecodeBlock(out, (const unsigned char *)text.p, (int)text.len);
    if (n < 0 || (size_t)n != key_len + padding)
        return EBADMSG;
    memcpy(key, out, key_len);
    explicit_bzero(out, sizeof(out));
    return 0;
}

/* "inline:KEY|2^20" or "inline:KEY|2^20|1:4"; the last names an MKI. */
static int read_key(struct sdes_line *l, struct slice text)
{
    struct slice method = slice_split(&text, ':');
    struct slice key;

    if (!slice_is_nocase(method, "inline"))
        return EBADMSG;
    if (text.len && memchr(text.p, ';', text.len))
        return ENOTSUP;
    key = slice_split(&text, '|');
    while (text.len) {
        struct slice part = slice_split(&text, '|');

        if (part.len && memchr(part.p, ':', part.len))
            return ENOTSUP;
    }
    return decode(l->key, suites[l->suite].key_len, key);
}

int sdes_read(struct sdes_line *l, struct slice value)
{
    struct slice suite, key, parameter;
    uint64_t tag;
    int err;

    memset(l, 0, sizeof(*l));
    if (slice_to_u64(word(&value), 0, SDES_TAG_MAX, &tag))
        return EBADMSG;
    l->tag = (uint32_t)tag;
    suite = word(&value);
    key = word(&value);
    l->suite = find_suite(suite);
    if (l->suite == MEDIA_PLAIN)
        return suite.len ? ENOTSUP : EBADMSG;
    err = read_key(l, key);
    while (!err && (parameter = word(&value), parameter.len))
        if (!slice_is_nocase(slice_split(&parameter, '='), "WSH"))
            err = ENOTSUP;
    return err;
}

void sdes_write(char out[SDES_LINE_SIZE], const struct sdes_line *l)
{
    unsigned char key[BASE64_MAX + 1];

    EVP_EncodeBlock(key, l->key, (int)suites[l->suite].key_len);
    snprintf(out, SDES_LINE_SIZE, "%u %s inline:%s", (unsigned)l->tag,
             suites[l->suite].name, key);
    explicit_bzero(key, sizeof(key));
}
