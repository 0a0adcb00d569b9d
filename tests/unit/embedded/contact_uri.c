#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/embedded/contact_uri.h"

static void only_plain_uris_pass(void **state)
{
    static const struct {
        const char *uri;
        bool ok;
    } row[] = {
        {"sip:jigasi@10.0.0.7:5060;transport=udp", true},
        {"SIPS:a@host.example", true},
        {"sip:10.0.0.7", true},
        {"sip:a;x=y@10.0.0.7;ob", true},
        {"sip:a:pw@[2001:db8::1]:5070;transport=tcp", true},
        {"sip:a%20b@h", true},
        {"", false},
        {"sip:", false},
        {"sip", false},
        {"sip:@", false},
        {"sip:a@", false},
        {"tel:+1555", false},
        {"http://h/", false},
        {"*", false},
        {"sip:a@h:0", false},
        {"sip:a@h:65536", false},
        {"sip:a@h:", false},
        {"sip:a@h:50 60", false},
        {"sip:a@h:5060:1", false},
        {"sip:a@h?Route=%3Csip:evil%3E", false},
        {"sip:a@h>;x=<sip:b@h", false},
        {"sip:a b@h", false},
        {"sip:a@h\r\nX: y", false},
        {"sip:\"a\"@h", false},
        {"sip:${x}@h", false},
        {"sip:a@b@h", false},
        {"sip:a@h;x=a@b", false},
        {"sip:a@h\xc3\xa4st", false},
        {"sip:a@[2001:db8::1", false},
        {"sip:a@[2001:db8::1]5060", false},
        {"sip:a@[]", false},
        {"sip:a@h,sip:b@h", false},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        size_t len = strlen(row[i].uri);
        char *exact = malloc(len + !len); /* ASan sees what lies beyond */

        assert_non_null(exact);
        memcpy(exact, row[i].uri, len);
        if (contact_uri_check((struct slice){exact, len}) != row[i].ok)
            fail_msg("%s", row[i].uri);
        free(exact);
    }
    assert_false(contact_uri_check((struct slice){"sip:a\0@h", 8}));
}

static void uris_compare_as_the_rfc_says(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        bool same;
    } row[] = {
        /* RFC 3261 section 19.1.4 */
        {"sip:alice@atlanta.com;transport=TCP",
         "SIP:alice@AtLanTa.CoM;Transport=tcp", true},
        {"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true},
        {"sip:carol@chicago.com;security=on",
         "sip:carol@chicago.com;newparam=5", true},
        {"sip:carol@chicago.com;security=on",
         "sip:carol@chicago.com;security=off", false},
        {"sip:alice@atlanta.com", "sip:ALICE@atlanta.com", false},
        {"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false},
        {"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false},
        {"sip:bob@biloxi.com;transport=tcp", "sip:bob@biloxi.com", false},
        {"sip:bob@biloxi.com", "sips:bob@biloxi.com", false},
        {"sip:bob@biloxi.com", "sip:biloxi.com", false},
        {"sip:bob@biloxi.com:5061", "sip:bob@biloxi.com:5062", false},
        {"sip:a@h;maddr=1.1.1.1", "sip:a@h;maddr=1.1.1.2", false},
        {"sip:a@h;ob;transport=tcp", "sip:a@h;transport=tcp;ob", true},
    };

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
        struct slice a = slice_of(row[i].a), b = slice_of(row[i].b);

        if (contact_uri_same(a, b) != row[i].same ||
            contact_uri_same(b, a) != row[i].same)
            fail_msg("%s %s", row[i].a, row[i].b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_plain_uris_pass),
        cmocka_unit_test(uris_compare_as_the_rfc_says),
    };

    return cmocka_run_group_tests_name("contact_uri", tests, NULL, NULL);
}
