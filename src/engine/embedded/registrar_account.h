/**
 * What registrar.c and registrar_request.c share. Private to them.
 */
#ifndef ENGINE_EMBEDDED_REGISTRAR_ACCOUNT_H
#define ENGINE_EMBEDDED_REGISTRAR_ACCOUNT_H

#include "engine/embedded/registrar.h"

enum { REGISTRAR_USERS_MAX = 16, REGISTRAR_NO_CHANGE = -1 };

/* A user with bindings. A REGISTER is carried out on the scratch copy, which
   takes the place of the bindings when all of it succeeded. */
struct registrar_account {
    char name[REGISTRAR_USER_SIZE];
    enum engine_side side;
    size_t max;
    uint32_t min_s;
    uint32_t max_s;
    size_t n;
    struct registrar_binding *binding;
    size_t n_scratch;
    struct registrar_binding *scratch;
    int *change; /* of each in scratch: enum registrar_change,
                    REGISTRAR_NO_CHANGE */
};

struct registrar {
    struct registrar_account account[REGISTRAR_USERS_MAX];
    size_t n;
    uint64_t order; /* the highest given */
    registrar_change_h *h;
    void *arg;
};

/** The account of a user on a side; NULL when there is none. */
struct registrar_account *registrar_account(struct registrar *r,
                                            const char *user,
                                            enum engine_side side);

/** Call the change handler. */
void registrar_tell(struct registrar *r, enum registrar_change what,
                    const struct registrar_binding *b);

/** Printable ASCII without blanks, and not empty: may go into headers, logs
 *  and the store. */
bool registrar_is_word(struct slice s);

#endif
