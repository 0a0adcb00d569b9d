#include "engine/embedded/tls/tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tls_context {
    SSL_CTX *ctx;
    char *path;
    struct timespec changed; /* of the file, when it was last looked at */
    struct log *log;
};

/* OpenSSL says "system lib" of a file that cannot be read. */
static const char *reason(const char *path)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());

    if (access(path, R_OK))
        return strerror(errno);
    return text ? text : "out of memory";
}

static int load(SSL_CTX **ctxp, const char *path, struct log *log)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    ERR_clear_error();
    if (!ctx)
        return ENOMEM;
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) &&
        SSL_CTX_use_certificate_chain_file(ctx, path) == 1 &&
        SSL_CTX_use_PrivateKey_file(ctx, path, SSL_FILETYPE_PEM) == 1 &&
        SSL_CTX_check_private_key(ctx) == 1) {
        *ctxp = ctx;
        return 0;
    }
    log_line(log, LOG_ERROR, NULL,
             "cannot use %s: %s; it must hold a private key, its certificate "
             "and the chain to a root, in PEM, and be readable for jigate",
             path, reason(path));
    SSL_CTX_free(ctx);
    return EINVAL;
}

static void look(const char *path, struct timespec *changed)
{
    struct stat st;

    if (stat(path, &st) == 0)
        *changed = st.st_mtim;
}

int tls_context_alloc(struct tls_context **cp, const char *dir,
                      struct log *log)
{
    struct tls_context *c = calloc(1, sizeof(*c));
    int err = ENOMEM;

    if (!c)
        return ENOMEM;
    c->log = log;
    if (asprintf(&c->path, "%s/%s", dir, TLS_CERTIFICATE_FILE) < 0)
        c->path = NULL;
    if (c->path) {
        look(c->path, &c->changed);
        err = load(&c->ctx, c->path, log);
    }
    if (err)
        tls_context_free(c);
    else
        *cp = c;
    return err;
}

void tls_context_free(struct tls_context *c)
{
    if (!c)
        return;
    SSL_CTX_free(c->ctx);
    free(c->path);
    free(c);
}

static void renew(struct tls_context *c)
{
    struct timespec now = c->changed;
    SSL_CTX *ctx;

    look(c->path, &now);
    if (memcmp(&now, &c->changed, sizeof(now)) == 0)
        return;
    c->changed = now;
    if (load(&ctx, c->path, c->log))
        return;
    SSL_CTX_free(c->ctx);
    c->ctx = ctx;
    log_line(c->log, LOG_INFO, NULL, "certificate read again from %s",
             c->path);
}

SSL *tls_context_session(struct tls_context *c)
{
    renew(c);
    return SSL_new(c->ctx);
}
