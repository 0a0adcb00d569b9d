#!/bin/sh
# Put random passwords for Jigate into an environment file.
#
#   ./gen-jigate-passwords.sh [FILE]       FILE: .env
#
# A password that is set stays as it is, so that this can run again at any
# time. Empty ones are filled in where they stand, missing ones appended.
set -eu
file=${1:-.env}

if ! [ -f "$file" ]; then
    echo "gen-jigate-passwords.sh: no file $file here. Run it where" \
        "docker-jitsi-meet's .env lies, or name the file." >&2
    exit 1
fi

secret() {
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n'
}

umask 077
new=$(mktemp "$file.XXXXXX")
trap 'rm -f "$new"' EXIT
for name in FREESWITCH_REGISTRATION_PASSWORD JIGASI_SIP_PASSWORD \
    FREESWITCH_ESL_PASSWORD; do
    # The last of several lines is the one that counts.
    value=$(sed -n "s/^[[:space:]]*$name=//p" "$file" | tail -n 1 |
        tr -d '"'\''[:space:]')
    [ -z "$value" ] || continue
    value=$(secret)
    awk -v name="$name" -v value="$value" '
        $0 ~ "^[[:space:]]*" name "=" { if (!done++) print name "=" value
                                        next }
        { print }
        END { if (!done) print name "=" value }' "$file" >"$new"
    # Not moved there: owner, mode and links of the file stay.
    cat "$new" >"$file"
    echo "$name: made"
done
