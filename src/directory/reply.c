#include "directory/reply.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "directory/query.h"

enum { CONFERENCE_MAX = 512, PASSWORD_MAX = 256, TOKEN_MAX = 4096 };

static void fail(struct reply *r, const char *why)
{
    r->answer = directory_answer_of(DIRECTORY_FAILED);
    r->wrong = why;
}

/* A text that may stand in a SIP header: UTF-8 without control characters,
 * shorter than max. */
static bool is_header_text(const char *text, size_t max)
{
    char clean[TOKEN_MAX];
    size_t len = strlen(text);

    return len < max && utf8_clean(text, len, clean, sizeof(clean)) == len;
}

static const char *text_of(json_t *object, const char *key)
{
    json_t *j = json_object_get(object, key);

    return json_is_string(j) ? json_string_value(j) : "";
}

/* Numbers as ids lose leading zeros; so those do not count. */
static bool same_id(json_t *j, const char *id)
{
    char number[24];
    const char *got = number;

    if (json_is_string(j))
        got = json_string_value(j);
    else if (json_is_integer(j))
        snprintf(number, sizeof(number), "%lld",
                 (long long)json_integer_value(j));
    else
        return true;
    got += strspn(got, "0");
    id += strspn(id, "0");
    return strcmp(got, id) == 0;
}

static bool take_conference(struct reply *r)
{
    json_t *j = json_object_get(r->json, "conference");

    if (json_is_false(j) || json_is_null(j) ||
        (json_is_string(j) && !*json_string_value(j))) {
        r->answer.status = DIRECTORY_UNKNOWN;
        return false;
    }
    if (!json_is_string(j)) {
        fail(r, "expected \"conference\" with a text or false");
        return false;
    }
    if (!is_header_text(json_string_value(j), CONFERENCE_MAX)) {
        fail(r, "\"conference\" is too long or has control characters");
        return false;
    }
    r->answer.conference = json_string_value(j);
    return true;
}

static bool take_password(struct reply *r, const char *key)
{
    json_t *j = json_object_get(r->json, key);

    if (json_is_true(j)) {
        r->answer.passcode = true;
    } else if (json_is_integer(j)) {
        snprintf(r->digits, sizeof(r->digits), "%lld",
                 (long long)json_integer_value(j));
        r->answer.password = r->digits;
    } else if (json_is_string(j)) {
        r->answer.password = json_string_value(j);
    } else if (j && !json_is_null(j) && !json_is_false(j)) {
        fail(r, "the password is neither a text nor a number");
        return false;
    }
    if (is_header_text(r->answer.password, PASSWORD_MAX))
        return true;
    fail(r, "the password is too long or has control characters");
    return false;
}

/* RFC 7515 section 7.1: base64url and dots. */
static bool take_token(struct reply *r, const char *key)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz"
                                  "0123456789-_.=";
    const char *token = text_of(r->json, key);

    if (strlen(token) >= TOKEN_MAX || token[strspn(token, allowed)]) {
        fail(r, "the token is too long or no JWT");
        return false;
    }
    if (*token)
        r->answer.token = token;
    return true;
}

void reply_parse(struct reply *r, const char *body, size_t len, const char *id)
{
    *r = (struct reply){.state = "", .message = "", .wrong = ""};
    r->answer = directory_answer_of(DIRECTORY_FOUND);
    r->json = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(r->json)) {
        fail(r, "expected a JSON object");
        return;
    }
    r->state = text_of(r->json, "state");
    r->message = text_of(r->json, "message");
    if (!take_conference(r))
        return;
    if (!same_id(json_object_get(r->json, "id"), id)) {
        fail(r, "the answer is about another id");
        return;
    }
    if (json_is_true(json_object_get(r->json, "passcodeProtected")))
        r->answer.passcode = true;
    if (!take_token(r, "token") || !take_token(r, "jwt") ||
        !take_password(r, "passcode") || !take_password(r, "password"))
        return;
}

void reply_reset(struct reply *r)
{
    json_decref(r->json);
    r->json = NULL;
}
