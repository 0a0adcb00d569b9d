#include "http/health.h"

#include <errno.h>
#include <string.h>

#include <curl/curl.h>

static size_t ignore_h(char *data, size_t size, size_t n, void *arg)
{
    return size * n;
}

static const char *reachable(const char *address)
{
    static const char *const any[][2] = {
        {"0.0.0.0", "127.0.0.1"},
        {"::", "::1"},
    };

    for (size_t i = 0; i < 2; i++)
        if (strcmp(address, any[i][0]) == 0)
            return any[i][1];
    return address;
}

void health_url(char out[HEALTH_URL_SIZE], const char *address, unsigned port,
                const char *path)
{
    address = reachable(address);
    snprintf(out, HEALTH_URL_SIZE,
             strchr(address, ':') ? "http://[%s]:%u%s" : "http://%s:%u%s",
             address, port, path);
}

int health_ask(const char *address, unsigned port, FILE *told)
{
    CURL *easy = curl_easy_init();
    CURLcode code = CURLE_OUT_OF_MEMORY;
    long status = 0;
    char url[HEALTH_URL_SIZE];

    health_url(url, address, port, "/health");
    if (easy) {
        curl_easy_setopt(easy, CURLOPT_URL, url);
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
        curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 3000L);
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore_h);
        code = curl_easy_perform(easy);
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    }
    curl_easy_cleanup(easy);
    if (code == CURLE_OK && status == 200)
        return 0;
    if (code != CURLE_OK)
        fprintf(told, "%s: %s\n", url, curl_easy_strerror(code));
    else
        fprintf(told, "%s: expected status 200, got %ld\n", url, status);
    return EHOSTUNREACH;
}
