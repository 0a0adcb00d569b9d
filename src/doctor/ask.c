#include "doctor/ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#include "http/health.h"

enum { TIMEOUT_MS = 3000, BEARER_MAX = 5000 };

struct body {
    char *bytes;
    size_t len;
};

static size_t more_h(char *data, size_t size, size_t n, void *arg)
{
    struct body *b = arg;
    size_t len = size * n;

    if (len > ASK_MAX - b->len)
        return 0;
    memcpy(b->bytes + b->len, data, len);
    b->len += len;
    return len;
}

static CURLcode perform(CURL *easy, const char *url, struct body *b,
                        long *status)
{
    CURLcode code;

    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, more_h);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, b);
    code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, status);
    return code;
}

int ask_rest(const char *address, unsigned port, const char *path,
             long *status, char *body, size_t *len)
{
    CURL *easy = curl_easy_init();
    CURLcode code = CURLE_OUT_OF_MEMORY;
    struct body b = {body, 0};
    char url[HEALTH_URL_SIZE];

    health_url(url, address, port, path);
    if (easy) {
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
        code = perform(easy, url, &b, status);
    }
    curl_easy_cleanup(easy);
    *len = b.len;
    return code == CURLE_OK ? 0 : EHOSTUNREACH;
}

int ask_url(const char *url, const char *bearer, long *status, char *body,
            size_t *len, const char **error)
{
    CURL *easy = curl_easy_init();
    CURLcode code = CURLE_OUT_OF_MEMORY;
    struct body b = {body, 0};
    struct curl_slist *headers =
        curl_slist_append(NULL, "Accept: application/json");
    char line[BEARER_MAX];

    *status = 0;
    if (*bearer) {
        snprintf(line, sizeof(line), "Authorization: Bearer %s", bearer);
        headers = curl_slist_append(headers, line);
        explicit_bzero(line, sizeof(line));
    }
    if (easy && headers) {
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
        code = perform(easy, url, &b, status);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    *len = b.len;
    *error = curl_easy_strerror(code);
    return code == CURLE_OK ? 0 : EHOSTUNREACH;
}
