#include "engine/embedded/tls/tls_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* Of Debian's ca-certificates, and Alpine's. */
#define SYSTEM_ROOTS "/etc/ssl/certs/ca-certificates.crt"

enum { NAME_SIZE = 64 };

static const struct {
    int error;
    const char *text;
} faults[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED,
     "its certificate, or one of the chain, has expired; the other side has "
     "to renew it (or the clock of this machine is wrong)"},
    {X509_V_ERR_CERT_NOT_YET_VALID,
     "its certificate is not valid yet; is the clock of this machine right?"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
     "it does not send the whole chain of its certificate, or the CA is not "
     "trusted here; put the CA's certificate into SIPGW_SIP_CA_FILE"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
     "its certificate is of a CA that is not trusted here, or it does not "
     "send the whole chain; put the CA's certificate into "
     "SIPGW_SIP_CA_FILE"},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
     "its certificate is of a CA that is not trusted here, or it does not "
     "send the whole chain; put the CA's certificate into "
     "SIPGW_SIP_CA_FILE"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
     "its certificate is signed by itself; put it into SIPGW_SIP_CA_FILE if "
     "that is meant"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
     "its certificate is of a CA that is not trusted here; put the CA's "
     "certificate into SIPGW_SIP_CA_FILE"},
};

/* What follows the reason that OpenSSL has. */
static const struct {
    int reason;
    const char *text;
} hints[] = {
    {SSL_R_WRONG_VERSION_NUMBER, "; is TLS spoken at SIPGW_SIP_PORT?"},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "; it must speak TLS 1.2 or 1.3"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "; it must speak TLS 1.2 or 1.3"},
};

/* From outside, so only what is printable. False: not a host's name. */
static bool name_of(const GENERAL_NAME *n, char out[NAME_SIZE])
{
    struct in6_addr v6;
    struct in_addr v4;
    const ASN1_STRING *s = n->d.ia5;
    const unsigned char *data;
    size_t len;

    if (n->type != GEN_DNS && n->type != GEN_IPADD)
        return false;
    data = ASN1_STRING_get0_data(s);
    len = (size_t)ASN1_STRING_length(s);
    if (n->type == GEN_DNS) {
        utf8_clean((const char *)data, len, out, NAME_SIZE);
        return true;
    }
    if (len == sizeof(v4)) {
        memcpy(&v4, data, len);
        return inet_ntop(AF_INET, &v4, out, NAME_SIZE);
    }
    if (len != sizeof(v6))
        return false;
    memcpy(&v6, data, len);
    return inet_ntop(AF_INET6, &v6, out, NAME_SIZE);
}

/* Names and addresses in the certificate, as far as they fit. */
static void names_of(X509 *cert, char *out, size_t size)
{
    GENERAL_NAMES *all =
        X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    size_t used = 0;

    *out = '\0';
    for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
        char name[NAME_SIZE];
        int len;

        if (!name_of(sk_GENERAL_NAME_value(all, i), name))
            continue;
        len =
            snprintf(out + used, size - used, "%s%s", used ? ", " : "", name);
        if (len < 0 || (size_t)len >= size - used) {
            out[used] = '\0';
            break;
        }
        used += (size_t)len;
    }
    GENERAL_NAMES_free(all);
}

static int verify_h(int ok, X509_STORE_CTX *ctx)
{
    SSL *ssl =
        X509_STORE_CTX_get_ex_data(ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_peer_fault *fault = SSL_get_app_data(ssl);
    X509 *cert = X509_STORE_CTX_get_current_cert(ctx);

    if (ok || fault->error)
        return ok;
    fault->error = X509_STORE_CTX_get_error(ctx);
    if (cert)
        names_of(cert, fault->names, sizeof(fault->names));
    return ok;
}

static int expect(SSL *ssl, const char *name)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1)
        return 0;
    ERR_clear_error();
    X509_VERIFY_PARAM_set_hostflags(param,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_host(param, name, 0) == 1 &&
        SSL_set_tlsext_host_name(ssl, name) == 1)
        return 0;
    return ENOMEM;
}

/* Where OpenSSL looks by itself is often empty: only a tool's package fills
   it, and our image has nothing but this file. */
static void systems_roots(SSL_CTX *ctx)
{
    SSL_CTX_set_default_verify_paths(ctx);
    SSL_CTX_load_verify_file(ctx, SYSTEM_ROOTS);
    ERR_clear_error();
}

static int roots(SSL_CTX *ctx, const char *ca_file,
                 char why[TLS_PEER_WHY_SIZE])
{
    const char *text;

    if (!*ca_file)
        systems_roots(ctx);
    if (!*ca_file || SSL_CTX_load_verify_file(ctx, ca_file) == 1)
        return 0;
    text = ERR_reason_error_string(ERR_peek_error());
    snprintf(why, TLS_PEER_WHY_SIZE,
             "SIPGW_SIP_CA_FILE=%.200s cannot be used: %.80s", ca_file,
             text ? text : "not readable");
    return ENOENT;
}

int tls_peer_session(SSL **sp, const char *name, const char *ca_file,
                     struct tls_peer_fault *fault, char why[TLS_PEER_WHY_SIZE])
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = NULL;
    int err = ENOMEM;

    *fault = (struct tls_peer_fault){0};
    snprintf(why, TLS_PEER_WHY_SIZE, "out of memory");
    ERR_clear_error();
    if (!ctx)
        return ENOMEM;
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1)
        err = roots(ctx, ca_file, why);
    if (!err) {
        ssl = SSL_new(ctx);
        err = ssl ? expect(ssl, name) : ENOMEM;
    }
    SSL_CTX_free(ctx); /* the session holds it */
    if (err) {
        SSL_free(ssl);
        return err;
    }
    SSL_set_app_data(ssl, fault);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, verify_h);
    *sp = ssl;
    return 0;
}

void tls_peer_why(const struct tls_peer_fault *fault, unsigned long error,
                  char why[TLS_PEER_WHY_SIZE])
{
    const char *text = error ? ERR_reason_error_string(error) : NULL;
    const char *hint = "";

    if (fault->error == X509_V_ERR_HOSTNAME_MISMATCH ||
        fault->error == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        snprintf(why, TLS_PEER_WHY_SIZE,
                 "its certificate is for another name (%s); set "
                 "SIPGW_SIP_SERVER to a name that it is for",
                 *fault->names ? fault->names : "none");
        return;
    }
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        if (fault->error == faults[i].error) {
            snprintf(why, TLS_PEER_WHY_SIZE, "%s", faults[i].text);
            return;
        }
    }
    if (fault->error) {
        snprintf(why, TLS_PEER_WHY_SIZE, "its certificate was refused: %s",
                 X509_verify_cert_error_string(fault->error));
        return;
    }
    for (size_t i = 0; text && i < sizeof(hints) / sizeof(*hints); i++) {
        if (ERR_GET_REASON(error) == hints[i].reason)
            hint = hints[i].text;
    }
    snprintf(why, TLS_PEER_WHY_SIZE, "no TLS handshake: %s%s",
             text ? text : "the other side closed the connection", hint);
}
